"""Injects a failure into every system call of a token request, one at a time. Called by .ci/faults."""

import collections
import concurrent.futures
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile

# The likeliest errors of each call, from its manual page. A call that is not listed gets DEFAULT.
ERRORS = {
    "openat": ["EACCES", "EMFILE", "ENOENT", "EINTR"],
    "open": ["EACCES", "EMFILE", "ENOENT", "EINTR"],
    "read": ["EIO", "EINTR"],
    "write": ["EIO", "ENOSPC", "EPIPE", "EINTR"],
    "writev": ["EIO", "ENOSPC", "EPIPE", "EINTR"],
    "close": ["EIO", "EINTR"],
    "socket": ["EMFILE", "ENOBUFS", "EACCES"],
    "socketpair": ["EMFILE", "ENOBUFS"],
    "connect": ["ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT", "EINTR"],
    "sendto": ["EPIPE", "ECONNRESET", "EINTR", "ENOBUFS"],
    "recvfrom": ["ECONNRESET", "EINTR", "ENOMEM"],
    "setsockopt": ["EINVAL", "ENOMEM"],
    "getsockopt": ["EINVAL"],
    "fcntl": ["EINVAL"],
    "ioctl": ["EINVAL"],
    "poll": ["EINTR", "ENOMEM"],
    "ppoll": ["EINTR", "ENOMEM"],
    "mmap": ["ENOMEM", "EAGAIN"],
    "brk": ["ENOMEM"],
    "mprotect": ["ENOMEM"],
    "clone": ["EAGAIN", "ENOMEM"],
    "clone3": ["EAGAIN", "ENOMEM", "ENOSYS"],
    "fork": ["EAGAIN", "ENOMEM"],
    "vfork": ["EAGAIN", "ENOMEM"],
    "pipe2": ["EMFILE"],
    "wait4": ["ECHILD", "EINTR"],
    "waitid": ["ECHILD", "EINTR"],
    "getrandom": ["EINTR", "ENOSYS"],
    "futex": ["EINTR"],
    "prctl": ["EINVAL"],
    "prlimit64": ["EPERM"],
    "setrlimit": ["EPERM"],
    "clock_gettime": ["EINVAL"],
    "clock_nanosleep": ["EINTR"],
    "nanosleep": ["EINTR"],
}
DEFAULT = ["EINVAL", "ENOSYS"]
# Calls of the loader and of process exit, which the program cannot handle.
LEFT_OUT = {"execve", "exit", "exit_group", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "rt_sigreturn"}
# The program's own exit statuses.
STATUSES = {0, 2, 3, 4, 5, 6, 7, 8}
SECONDS = 2

program, appliance = sys.argv[1:]
with open(program, "rb") as file:
    STATIC = b"/ld-linux" not in file.read(4096)
folder = tempfile.TemporaryDirectory()


def start_appliance():
    process = subprocess.Popen([appliance], stdout=subprocess.PIPE, text=True)
    variables = {}
    for line in process.stdout:
        found = re.match(r"export (\w+)=(.*)", line.strip())
        if found:
            variables[found[1]] = shlex.split(found[2])[0] if found[2] else ""
        if "SERVICE_PORT_LOCATOR" in line:
            break
    return process, variables


def run(arguments, variables, inject=None, trace=None):
    # Detached at execve, a child is left alone from when it is the locator.
    command = ["strace", "-f", "-b", "execve", "-qq", "-o", trace or os.devnull]
    command += ["-e", f"inject={inject}"] if inject else []
    environment = {"PATH": os.environ["PATH"], **variables}
    # In a process group of its own, to end all of it: strace that is killed leaves the program running.
    process = subprocess.Popen(
        command + [program, "--timeout", str(SECONDS), *arguments], env=environment, process_group=0,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    try:
        out, err = process.communicate(timeout=SECONDS + 8)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def calls(arguments, variables):
    """For each call, the occurrences to inject failures into. strace counts them for each thread, and for the child that
    becomes the locator. Those before the program's first action, which is to disable core dumps, are left out: they belong
    to the loader and std.
    One close is left out: musl's posix_spawn reads a pipe to its end after closing the other end. With an injected
    error strace would leave that end open, which Linux never does, whatever close returns."""
    trace = os.path.join(folder.name, "trace")
    outcome = run(arguments, variables, trace=trace)
    assert outcome.returncode == 0 and re.fullmatch(r"\S+\n", outcome.stdout), outcome
    counted, before, main = collections.defaultdict(collections.Counter), None, None
    spawning, left_open = False, set()
    for line in open(trace, errors="replace"):
        pid, _, rest = line.partition(" ")
        main = main or pid
        found = re.match(r"\s*(\w+)\(", rest)
        if not found:
            continue
        if before is None and "RLIMIT_CORE" in rest:
            before = counted[main].copy()
        counted[pid][found[1]] += 1
        if STATIC and pid == main:
            spawning |= found[1] == "pipe2"
            if spawning and found[1] == "close":
                spawning, left_open = False, {counted[main]["close"]}
    assert before is not None, "the program did not disable core dumps"
    own = collections.defaultdict(set)
    for counts in counted.values():
        for call, count in counts.items():
            own[call] |= set(range(before[call] + 1, count + 1))
    own["close"] -= left_open
    return {call: sorted(occurrences) for call, occurrences in own.items() if call not in LEFT_OUT}


def judge(outcome, secrets):
    if outcome.returncode not in STATUSES:
        return f"ended with {outcome.returncode}: {outcome.stderr.strip()[:200]}"
    if len(outcome.stderr.splitlines()) > 1:
        return f"more than one line: {outcome.stderr!r}"
    if any(secret in outcome.stderr for secret in secrets):
        return f"shows a secret: {outcome.stderr!r}"
    if outcome.returncode == 0 and not re.fullmatch(r"[\x21-\x7e]{16,}\n", outcome.stdout):
        return f"status 0 with {outcome.stdout!r}"
    return None


def main():
    server, variables = start_appliance()
    secrets = [variables["CLIENT_SECRET"], variables["NC_PASSWORD"]]
    located = {name: variables[name] for name in ("CLIENT_ID", "CLIENT_SECRET", "SERVICE_PORT_LOCATOR")}
    located["QOAUTH_HOST"] = "127.0.0.1"
    known = {name: variables[name] for name in ("CLIENT_ID", "CLIENT_SECRET", "QOAUTH_URL")}
    password = os.path.join(folder.name, "password")
    with open(password, "w") as file:
        file.write(variables["NC_PASSWORD"])
    named = variables["NC_URL"].replace("127.0.0.1", "localhost")
    cases = {
        "jsa, port located": (["jsa"], located),
        "jsa, port known": (["jsa"], known),
        "accelerator": (["accelerator", named, variables["NC_USER"]], {"NC_PASSWORD_FILE": password}),
    }
    failed = total = 0
    try:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for name, (arguments, case) in cases.items():
                faults = [
                    f"{call}:error={error}:when={occurrence}"
                    for call, occurrences in calls(arguments, case).items()
                    for error in ERRORS.get(call, DEFAULT)
                    for occurrence in occurrences
                ]

                def attempt(fault):
                    try:
                        return fault, judge(run(arguments, case, inject=fault), secrets)
                    except subprocess.TimeoutExpired:
                        return fault, "did not end in time"

                wrong = [(fault, what) for fault, what in pool.map(attempt, faults) if what]
                for fault, what in wrong:
                    print(f"{name}: {fault}: {what}")
                print(f"{name}: {len(faults)} faults, {len(wrong)} not survived")
                total, failed = total + len(faults), failed + len(wrong)
    finally:
        server.terminate()
        server.wait()
    print(f"{total - failed} passed, {failed} failed")
    return 1 if failed or total < 100 else 0


sys.exit(main())
