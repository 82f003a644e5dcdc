//! Every system call of a token request fails once, one run for each occurrence and error. The program must end in time,
//! with one of its own statuses, with at most one line and no secret on standard error, and never with status 0 and half a
//! token.
//!
//! ```sh
//! cargo test -p minbearer-cli --test tools faults:: -- --nocapture   # needs strace
//! MINBEARER=target/static/x86_64/minbearer cargo test -p minbearer-cli --test tools faults::
//! ```
#![cfg(target_os = "linux")]

use crate::support::appliance::{Appliance, Credentials};
use crate::support::processes::{Outcome, executable};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The likeliest errors of each call, from its manual page. A call that is not listed gets `OTHERS`.
const ERRORS: [(&str, &str); 25] = [
    ("open openat", "EACCES EMFILE ENOENT EINTR"),
    ("read", "EIO EINTR"),
    ("write writev", "EIO ENOSPC EPIPE EINTR"),
    ("close", "EIO EINTR"),
    ("socket", "EMFILE ENOBUFS EACCES"),
    ("socketpair", "EMFILE ENOBUFS"),
    ("connect", "ECONNREFUSED ENETUNREACH ETIMEDOUT EINTR"),
    ("sendto", "EPIPE ECONNRESET EINTR ENOBUFS"),
    ("recvfrom", "ECONNRESET EINTR ENOMEM"),
    ("setsockopt", "EINVAL ENOMEM"),
    ("getsockopt fcntl ioctl prctl clock_gettime", "EINVAL"),
    ("poll ppoll", "EINTR ENOMEM"),
    ("mmap", "ENOMEM EAGAIN"),
    ("brk mprotect", "ENOMEM"),
    ("clone fork vfork", "EAGAIN ENOMEM"),
    ("clone3", "EAGAIN ENOMEM ENOSYS"),
    ("pipe2", "EMFILE"),
    ("wait4 waitid", "ECHILD EINTR"),
    ("getrandom", "EINTR ENOSYS"),
    ("futex clock_nanosleep nanosleep", "EINTR"),
    ("prlimit64 setrlimit", "EPERM"),
    // Calls of the loader and of process exit, which the program cannot handle.
    ("execve arch_prctl set_tid_address set_robust_list", ""),
    ("exit exit_group", ""),
    ("rseq", ""),
    ("rt_sigreturn", ""),
];
const OTHERS: &str = "EINVAL ENOSYS";
const TIMEOUT: &str = "2";
const IN_TIME: Duration = Duration::from_secs(10);

struct Case {
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
}

impl Case {
    /// Runs the program under strace; `None` if it does not end in time.
    fn run(&self, options: &[&str]) -> Option<Outcome> {
        // Detached at execve, a child is left alone from when it is the locator.
        let mut command = Command::new("strace");
        command.args(["-f", "-b", "execve", "-qq"]).args(options).arg(executable("minbearer"));
        command.args(["--timeout", TIMEOUT]).args(&self.arguments).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        // In a process group of its own, to end all of it: strace that is killed leaves the program running.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().expect("strace is installed");
        let deadline = Instant::now() + IN_TIME;
        let status = loop {
            match child.try_wait().unwrap() {
                Some(status) => break Some(status),
                None if Instant::now() > deadline => break None,
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        let group = rustix::process::Pid::from_child(&child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = child.wait();
        let (mut out, mut err) = (String::new(), String::new());
        child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        status.map(|status| Outcome { status: status.code(), out, err })
    }

    /// For each call, the occurrences to let fail. strace counts them for each thread. Those before the program's first
    /// action, which is to disable core dumps, belong to the loader and std, and are left out.
    ///
    /// So is one close: musl's posix_spawn reads a pipe to its end after it has closed the other end. With an injected error
    /// strace would leave that end open, which Linux never does, whatever close returns.
    fn calls(&self, trace: &Path) -> BTreeMap<String, BTreeSet<usize>> {
        let outcome = self.run(&["-o", trace.to_str().unwrap()]).expect("it ends in time");
        assert_eq!(outcome.status, Some(0), "{outcome:?}");
        let start = std::fs::read(executable("minbearer")).unwrap();
        let is_static = !start[..4096].windows(9).any(|part| part == b"/ld-linux");
        let mut counted = BTreeMap::<String, BTreeMap<String, usize>>::new();
        let (mut main, mut before, mut is_spawning, mut left_open) = (None, None, false, None);
        for line in String::from_utf8_lossy(&std::fs::read(trace).unwrap()).lines() {
            let Some((pid, rest)) = line.split_once(' ') else { continue };
            let main = main.get_or_insert_with(|| pid.to_owned());
            let Some((call, rest)) = rest.trim_start().split_once('(') else { continue };
            if !call.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                continue;
            }
            let counts = counted.entry(pid.to_owned()).or_default();
            if before.is_none() && rest.contains("RLIMIT_CORE") {
                before = Some(counts.clone());
            }
            *counts.entry(call.to_owned()).or_default() += 1;
            if is_static && pid == main {
                is_spawning |= call == "pipe2";
                if is_spawning && call == "close" {
                    (is_spawning, left_open) = (false, Some(counts[call]));
                }
            }
        }
        let before = before.expect("the program disables core dumps");
        let mut own = BTreeMap::<String, BTreeSet<usize>>::new();
        for (call, count) in counted.values().flatten() {
            let first = before.get(call).copied().unwrap_or_default() + 1;
            own.entry(call.clone()).or_default().extend(first..=*count);
        }
        if let (Some(closes), Some(left_open)) = (own.get_mut("close"), left_open) {
            closes.remove(&left_open);
        }
        own
    }
}

fn judge(outcome: Option<Outcome>, secrets: &[&str]) -> Result<(), String> {
    let outcome = outcome.ok_or("it did not end in time")?;
    let is_token = |text: &str| {
        let token = text.strip_suffix('\n').unwrap_or_default();
        token.len() >= 16 && token.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let wrong = match outcome.status {
        Some(0) if !is_token(&outcome.out) => "status 0 with half a token",
        Some(0 | 2..=8) if outcome.err.lines().count() > 1 => "more than one line",
        Some(0 | 2..=8) if secrets.iter().any(|secret| outcome.err.contains(secret)) => {
            "a secret is shown"
        }
        Some(0 | 2..=8) => return Ok(()),
        _ => "not a status of its own",
    };
    Err(format!("{wrong}: {outcome:?}"))
}

#[test]
fn whatever_system_call_fails_the_program_ends_in_one_of_its_own_ways() {
    let appliance = Appliance::start(Credentials::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let known = appliance.credentials();
    let password = folder.path().join("password");
    std::fs::write(&password, &known.password).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let client = || {
        vec![("CLIENT_ID", known.client_id.clone()), ("CLIENT_SECRET", known.client_secret.clone())]
    };
    let with = |more: &[(&'static str, String)]| [client(), more.to_vec()].concat();
    let (host, locator) = ("127.0.0.1".to_owned(), text(appliance.locator()));
    let cases = [
        Case {
            arguments: vec!["jsa".to_owned()],
            variables: with(&[("QOAUTH_HOST", host), ("SERVICE_PORT_LOCATOR", locator)]),
        },
        Case {
            arguments: vec!["jsa".to_owned()],
            variables: with(&[("QOAUTH_URL", appliance.qoauth_url())]),
        },
        Case {
            arguments: [
                "accelerator",
                &appliance.nc_url().replace("127.0.0.1", "localhost"),
                &known.username,
            ]
            .map(String::from)
            .to_vec(),
            variables: vec![("NC_PASSWORD_FILE", text(&password))],
        },
    ];
    let mut faults = Vec::new();
    for case in &cases {
        for (call, occurrences) in case.calls(&folder.path().join("trace")) {
            let listed = ERRORS.iter().find(|(calls, _)| calls.split(' ').any(|name| name == call));
            for error in listed.map_or(OTHERS, |(_, errors)| errors).split_whitespace() {
                faults.extend(
                    occurrences.iter().map(|at| (case, format!("{call}:error={error}:when={at}"))),
                );
            }
        }
    }
    assert!(faults.len() > 200, "{} faults", faults.len());
    println!("{} faults", faults.len());
    let (rest, wrong) = (Mutex::new(faults), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((case, fault)) = { rest.lock().unwrap().pop() } {
                    let outcome = case.run(&["-o", "/dev/null", "-e", &format!("inject={fault}")]);
                    if let Err(what) = judge(outcome, &[&known.client_secret, &known.password]) {
                        wrong
                            .lock()
                            .unwrap()
                            .push(format!("{:?}, {fault}: {what}", case.arguments));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} faults were not survived:\n{}", wrong.len(), wrong.join("\n"));
}
