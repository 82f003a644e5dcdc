"""Makes the tables, and the chart, of what benches/peers measured.

report.py FOLDER [--write]
"""

import collections
import os
import re
import statistics
import sys
from math import log10

folder = sys.argv[1]
NAMES = {
    "baseline": "C, the system calls alone, static",
    "minbearer": "`minbearer jsa`, static",
    "ureq": "Rust, 40 lines over `ureq` and `serde_json`, static",
    "mbedtls": "minbearer's C library over mbedTLS, static",
    "huskarl": "Rust, `huskarl` over `reqwest`, async, dynamic",
    "libcurl": "C over `libcurl`, dynamic",
    "libcurl-mbedtls": "C over `libcurl`, HTTP and mbedTLS alone, static",
    "go": "Go, `oauth2/clientcredentials`, static",
    "curl": "`curl` from a shell",
    "python": "Python, `requests`",
}
# The same, short, for the chart.
LABELS = {
    "baseline": "C, system calls alone",
    "minbearer": "minbearer jsa",
    "ureq": "Rust, ureq and serde_json",
    "huskarl": "Rust, huskarl over reqwest",
    "libcurl": "C, libcurl",
    "libcurl-mbedtls": "C, libcurl with mbedTLS",
    "go": "Go, oauth2/clientcredentials",
    "curl": "curl from a shell",
    "python": "Python, requests",
}
# A command of more than one executable: its size says nothing.
OF_SEVERAL = ("curl", "python")

Figures = collections.namedtuple("Figures", "size libraries wall ratio processor load memory")


def processes(file):
    """For each command, by name: its size and its shared libraries' in bytes, medians of wall and processor time in ms
    and of their ratios to the first command's, and peak memory in KiB."""
    runs = collections.defaultdict(list)
    for line in open(f"{folder}/{file}"):
        number, *values = map(int, line.split())
        runs[number].append(values)

    def figures(values):
        def ratio(column):
            return statistics.median(own[column] / bare[column] for own, bare in zip(values, runs[0]))

        wall, processor = (statistics.median(run[column] for run in values) / 1e6 for column in (0, 1))
        return wall, ratio(0), processor, ratio(1), max(run[2] for run in values)

    commands = [line.split() for line in open(f"{folder}/{file}.names")]
    return {
        name: Figures(int(size), int(libraries), *figures(runs[number]))
        for number, (name, size, libraries) in enumerate(commands)
    }


def in_process():
    """For each benchmark of divan's output: its medians in ns, one a run."""
    medians = collections.defaultdict(list)
    units = {"ns": 1, "µs": 1e3, "ms": 1e6}
    for line in open(f"{folder}/in_process"):
        found = re.search(r"[├╰]─ (\w+) +[\d.]+ \S+ +│ [\d.]+ \S+ +│ ([\d.]+) (ns|µs|ms) ", line)
        if found:
            medians[found[1]].append(float(found[2]) * units[found[3]])
    together = medians.pop("session_token_80_000_times_on_8_threads")
    medians["session_token_8_threads"] = [median / 80_000 for median in together]
    return medians


def times(ratio):
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def mebibytes(kibibytes):
    return f"{kibibytes:.0f} KiB" if kibibytes < 1024 else f"{kibibytes / 1024:.1f} MiB"


def size(name, figures):
    if name in OF_SEVERAL:
        return ""
    libraries = f", libraries {mebibytes(figures.libraries / 1024)}" if figures.libraries else ""
    return mebibytes(figures.size / 1024) + libraries


def tables(located, known, tls, benches):
    yield "Over HTTP, ratios to the first row's:"
    yield ""
    yield "| one token | cold start | port known | processor time | peak memory | executable |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for name, own in located.items():
        yield (
            f"| {NAMES[name]} | {times(own.ratio)} ({own.wall:.1f} ms)"
            f" | {times(known[name].ratio)} ({known[name].wall:.1f} ms)"
            f" | {times(own.load)} | {mebibytes(own.memory)} | {size(name, own)} |"
        )
    if tls:
        yield ""
        yield "Over HTTPS (TLS 1.3, P-256, a private CA), the port known, ratios to minbearer's:"
        yield ""
        yield "| one token | cold start | processor time | peak memory | executable |"
        yield "| --- | ---: | ---: | ---: | ---: |"
        for name, own in tls.items():
            yield (
                f"| {NAMES[name]} | {times(own.ratio)} ({own.wall:.1f} ms) | {times(own.load)} ({own.processor:.1f} ms)"
                f" | {mebibytes(own.memory)} | {size(name, own)} |"
            )
    yield ""
    yield "| in process | ratio | median |"
    yield "| --- | ---: | ---: |"
    for title, name, base in [
        ("a bare `TcpStream` exchange", "bare_tcp_stream", "bare_tcp_stream"),
        ("`jsa::get_token`", "get_token", "bare_tcp_stream"),
        ("`ureq` 3, agent kept, JSON not read", "ureq", "bare_tcp_stream"),
        ("over TLS 1.3, `get_token`, full handshake", "full_handshake", "full_handshake"),
        ("`get_token`, session resumed", "resumed", "full_handshake"),
        ("`ureq` 3, full handshake, JSON not read", "ureq_full_handshake", "full_handshake"),
        ("`ureq` 3, session resumed, JSON not read", "ureq_resumed", "full_handshake"),
        ("`Instant::now()`", "the_clock_alone", "the_clock_alone"),
        ("`Session::token`, cached", "session_token", "the_clock_alone"),
        ("the same on 8 threads at once, time over calls", "session_token_8_threads", "the_clock_alone"),
        ("`serde_json`, an answer to a `Value`", "serde_json", "serde_json"),
        ("`Config::read_answer`, the same to a token, checked and rendered", "jsa_read", "serde_json"),
    ]:
        ratio = statistics.median(own / bare for own, bare in zip(benches[name], benches[base]))
        median = statistics.median(benches[name])
        shown = f"{median / 1000:.1f} µs" if median >= 1000 else f"{median:.0f} ns"
        yield f"| {title} | {times(ratio)} | {shown} |"
    yield ""
    yield "What each does with an answer that should not be believed (`peers.d/behaviour.py`):"
    yield ""
    for line in open(f"{folder}/behaviour"):
        name = line.split("|")[1].strip()
        yield line.rstrip("\n").replace(f"| {name} |", f"| {NAMES.get(name, name)} |", 1)
    yield from sizes()


def sizes():
    """What .ci/static printed, an executable a row."""
    rows, architectures = collections.defaultdict(dict), []
    for line in open(f"{folder}/sizes"):
        example, architecture, features, size, *_ = line.split()
        title = f"`{example}`" + (", with TLS" if features == "tls" else "")
        rows[title][architecture] = f"{int(size):,}"
        if architecture not in architectures:
            architectures.append(architecture)
    if not rows:
        return
    yield ""
    yield "| static, stripped, in bytes | " + " | ".join(architectures) + " |"
    yield "| --- |" + " ---: |" * len(architectures)
    for title, bytes_of in rows.items():
        yield f"| {title} | " + " | ".join(bytes_of.get(name, "") for name in architectures) + " |"


STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 } .small { font-size: 11px; fill: #59636e }
line { stroke: #d1d9e0 } circle { fill: #818b98 } .own { fill: #0969da; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .small { fill: #9198a1 } line { stroke: #3d444d } circle { fill: #9198a1 } .own { fill: #4493f8 }
}
"""


def panel(left, width, title, figures, label, ticks):
    """Dots on a logarithmic axis."""
    bottom = 40 + 32 * len(figures)
    low, high = log10(ticks[0][0]), log10(ticks[-1][0])

    def x(value):
        return left + (log10(value) - low) / (high - low) * width

    yield f'<text class="title" x="{left}" y="24">{title}</text>'
    for value, text in ticks[1:-1]:
        yield f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="40" y2="{bottom}"/>'
        yield f'<text class="small" text-anchor="middle" x="{x(value):.1f}" y="{bottom + 16}">{text}</text>'
    for row, (name, value) in enumerate(figures.items()):
        own = ' class="own"' if name == "minbearer" else ""
        yield f'<circle{own} cx="{x(value):.1f}" cy="{56 + 32 * row}" r="6"/>'
        yield f'<text{own} x="{x(value) + 12:.1f}" y="{60 + 32 * row}">{label(value)}</text>'


def chart(located):
    height = 72 + 32 * len(located)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 840 {height}" role="img">'
    yield "<title>Cold start and peak memory of one token over HTTP, logarithmic</title>"
    yield f"<style>{STYLE}</style>"
    for row, name in enumerate(located):
        own = ' class="own"' if name == "minbearer" else ""
        yield f'<text{own} x="16" y="{60 + 32 * row}">{LABELS[name]}</text>'
    walls = {name: figures.ratio for name, figures in located.items()}
    ticks = [(0.5, ""), (1, "1"), (10, "10"), (100, "100"), (300, "")]
    yield from panel(260, 240, "Cold start, C = 1, logarithmic", walls, times, ticks)
    memory = {name: figures.memory for name, figures in located.items()}
    ticks = [(32, ""), (100, "100 KiB"), (1024, "1 MiB"), (10240, "10 MiB"), (131072, "")]
    yield from panel(530, 270, "Peak memory, logarithmic", memory, mebibytes, ticks)
    yield "</svg>"


def replace_between(file, text):
    old = open(file).read()
    marked = re.compile(r"(<!-- peers -->\n).*?(<!-- /peers -->)", re.DOTALL)
    if not marked.search(old):
        sys.exit(f"{file} has no <!-- peers --> and <!-- /peers -->")
    open(file, "w").write(marked.sub(lambda found: f"{found[1]}{text}\n{found[2]}", old))


located, known, benches = processes("located"), processes("known"), in_process()
tls = processes("tls") if os.path.exists(f"{folder}/tls") else {}
text = "\n".join(tables(located, known, tls, benches))
print(text)
if "--write" in sys.argv:
    replace_between("benches/README.md", text)
    os.makedirs("docs", exist_ok=True)
    open("docs/peers.svg", "w").write("\n".join(chart(located)) + "\n")
