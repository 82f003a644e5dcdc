"""Makes the tables, and the chart, of what benches/peers measured.

report.py FOLDER BYTES KIND [README CHART]
"""

import collections
import html
import os
import re
import statistics
import sys
from math import log10

folder, size, kind, *written = sys.argv[1:]
NAMES = [
    "C, the system calls alone, static",
    "`minbearer jsa`",
    "Go, `oauth2/clientcredentials`",
    "`curl` from a shell",
    "Python, `requests`",
]


def processes(file):
    """For each command: medians of wall and processor time and of their ratios to the first command's, peak memory."""
    runs = collections.defaultdict(list)
    for line in open(f"{folder}/{file}"):
        number, *values = map(int, line.split())
        runs[number].append(values)

    def figures(values):
        def ratio(column):
            return statistics.median(own[column] / bare[column] for own, bare in zip(values, runs[0]))

        wall, processor = (statistics.median(run[column] for run in values) / 1e6 for column in (0, 1))
        return wall, ratio(0), processor, ratio(1), max(run[2] for run in values)

    return [figures(runs[number]) for number in range(len(NAMES))]


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
    return f"{kibibytes} KiB" if kibibytes < 1024 else f"{kibibytes / 1024:.1f} MiB"


def tables(located, known, benches):
    yield "| one token | cold start | port known | processor time | peak memory |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, (wall, ratio, _, load, memory), (wall_known, ratio_known, *_) in zip(NAMES, located, known):
        name += f", {kind + ', ' if kind else ''}{int(size) // 1024} KiB" if "jsa`" in name else ""
        yield (
            f"| {name} | {times(ratio)} ({wall:.1f} ms) | {times(ratio_known)} ({wall_known:.1f} ms)"
            f" | {times(load)} | {mebibytes(memory)} |"
        )
    yield ""
    yield "| in process | ratio | median |"
    yield "| --- | ---: | ---: |"
    for title, name, base in [
        ("a bare `TcpStream` exchange", "bare_tcp_stream", "bare_tcp_stream"),
        ("`jsa::get_token`", "get_token", "bare_tcp_stream"),
        ("`ureq` 3, agent kept, JSON not read", "ureq", "bare_tcp_stream"),
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


def panel(left, width, title, values, label, ticks):
    """Dots on a logarithmic axis."""
    low, high = log10(ticks[0][0]), log10(ticks[-1][0])

    def x(value):
        return left + (log10(value) - low) / (high - low) * width

    yield f'<text class="title" x="{left}" y="24">{title}</text>'
    for value, text in ticks[1:-1]:
        yield f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="40" y2="200"/>'
        yield f'<text class="small" text-anchor="middle" x="{x(value):.1f}" y="216">{text}</text>'
    for row, value in enumerate(values):
        own = ' class="own"' if row == 1 else ""
        yield f'<circle{own} cx="{x(value):.1f}" cy="{56 + 32 * row}" r="6"/>'
        yield f'<text{own} x="{x(value) + 12:.1f}" y="{60 + 32 * row}">{label(value)}</text>'


def chart(located):
    yield '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 840 232" role="img">'
    yield "<title>Cold start and peak memory of one token, logarithmic</title>"
    yield f"<style>{STYLE}</style>"
    for row, name in enumerate(NAMES):
        name = html.escape(name.replace("`", "").replace(", the system calls alone, static", ", system calls alone"))
        own = ' class="own"' if row == 1 else ""
        yield f'<text{own} x="16" y="{60 + 32 * row}">{name}</text>'
    walls = [figures[1] for figures in located]
    ticks = [(0.5, ""), (1, "1"), (10, "10"), (100, "100"), (300, "")]
    yield from panel(220, 260, "Cold start, C = 1, logarithmic", walls, times, ticks)
    memory = [figures[4] for figures in located]
    ticks = [(32, ""), (100, "100 KiB"), (1024, "1 MiB"), (10240, "10 MiB"), (131072, "")]
    yield from panel(510, 290, "Peak memory, logarithmic", memory, mebibytes, ticks)
    yield "</svg>"


located, known, benches = processes("located"), processes("known"), in_process()
text = "\n".join(tables(located, known, benches))
print(text)
if written:
    readme, image = written
    old = open(readme).read()
    marked = re.compile(r"(<!-- peers -->\n).*?(<!-- /peers -->)", re.DOTALL)
    if not marked.search(old):
        sys.exit(f"{readme} has no <!-- peers --> and <!-- /peers -->")
    os.makedirs(os.path.dirname(image), exist_ok=True)
    open(image, "w").write("\n".join(chart(located)) + "\n")
    open(readme, "w").write(marked.sub(lambda found: f"{found[1]}{text}\n{found[2]}", old))
