//! Servers whose status line or headers are not as they should be.
//!
//! minreq's budget for the headers is 8192 bytes. Each line takes its length and two more off it, and
//! the empty line at the end needs two, or one as a bare line feed. A line that takes more than is left
//! underflows minreq 3.0.0 (see `minreq_head_budget.rs`): with overflow checks in minreq that is `Network`,
//! without them the rest of the head has no limit. Those rows have two outcomes.

use super::*;

const BUDGET: usize = 8192;
const PAUSE: Duration = Duration::from_millis(1);

/// A header line of that length, without its end.
fn line(len: usize) -> String {
    format!("X: {}", "x".repeat(len - 3))
}

/// A good answer with a header line of that length and that end, which closes with the connection.
fn with_line(len: usize, end: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK{end}{}{end}{end}{}", line(len), good_json()).into_bytes()
}

pub fn rows() -> Vec<Row> {
    [status_lines(), headers(), around_the_budget(), trailers()].into_iter().flatten().collect()
}

fn status_lines() -> Vec<Row> {
    let body = good_json();
    let good_after = |status_line: &str| {
        let rest = answer("", &[], &body).split_off("HTTP/1.1 ".len());
        [status_line.as_bytes(), &rest].concat()
    };
    let endless = |bytes: &str| vec![Step::Endless(bytes.as_bytes().repeat(64), PAUSE)];
    let mut rows = vec![
        Row::sends("random bytes", b"\x00\xff\x16\x03\x01 \x80\r\n\x1b[2J\r\n\r\n", CUT),
        Row::sends("a TLS alert", b"\x15\x03\x01\x00\x02\x02\x46", CUT),
        Row::sends("the banner of SSH", "SSH-2.0-OpenSSH_9.6\r\n", CUT),
        Row::sends("the banner of a mail server", "220 mail ESMTP ready\r\n", CUT),
        Row::sends("the body alone", &body, CUT),
        Row::sends("one line feed", "\n", CUT),
        Row::sends("an empty line before the status", good_after("\r\nHTTP/1.1 200 OK"), CUT),
        Row::sends("a version alone", "HTTP/1.1", CUT),
        Row::sends("a version and a space", "HTTP/1.1 \r\n\r\n", CUT),
        Row::sends("two spaces before the status", good_after("HTTP/1.1  200 OK"), CUT),
        Row::sends("a tab before the status", good_after("HTTP/1.1\t200 OK"), CUT),
        Row::sends(
            "minreq's own word for no status",
            good_after("HTTP/1.1 503 Server did not provide a status line"),
            CUT,
        ),
        Row::sends("a status line that is not UTF-8", b"HTTP/1.1 401 \xff\xfe\r\n\r\n", CUT),
        // minreq does not say which version it read, or whether it was one.
        Row::new("another protocol's name", vec![Step::send(good_after("ICY 200 OK"))], GOOD, OK),
        Row::new("no reason", vec![Step::send(good_after("HTTP/1.1 200"))], GOOD, OK),
        Row::new(
            "a reason with terminal escapes",
            vec![Step::send(good_after("HTTP/1.1 401 \x1b[31m\x07\u{9b}\u{202e}"))],
            REFUSED,
            &[Outcome::Status(401)],
        ),
        Row::new(
            "a status line as long as allowed",
            vec![Step::send(good_after(&format!("HTTP/1.1 200 {}", "x".repeat(BUDGET - 2 - 13))))],
            GOOD,
            OK,
        ),
        Row::sends(
            "a status line one byte too long",
            good_after(&format!("HTTP/1.1 200 {}", "x".repeat(BUDGET - 1 - 13))),
            CUT,
        ),
        Row::new("an endless status line", endless("HTTP/1.1 200 "), CUT, CUT),
        Row::new(
            "an endless reason",
            [vec![Step::send("HTTP/1.1 200 ")], endless("OK")].concat(),
            CUT,
            CUT,
        ),
    ];
    for status in ["0", "99", "199", "600", "999", "65536", "-200", "2OO", "20 0", "200.0", "0x200"]
    {
        let bytes = good_after(&format!("HTTP/1.1 {status} OK"));
        rows.push(Row::sends(format!("the status {status}"), bytes, CUT));
    }
    for informational in ["100 Continue", "103 Early Hints", "101 Switching Protocols"] {
        let before = format!("HTTP/1.1 {informational}\r\n\r\nHTTP/1.1 200 OK");
        rows.push(Row::sends(
            format!("{informational} before the answer"),
            good_after(&before),
            CUT,
        ));
    }
    rows
}

fn headers() -> Vec<Row> {
    let good = |headers: &[&str]| answer("200 OK", headers, good_json());
    let send = |bytes: Vec<u8>| vec![Step::send(bytes)];
    let start = || Step::send("HTTP/1.1 200 OK\r\n");
    let a_second = Duration::from_secs(1);
    vec![
        Row::new(
            "bare line feeds",
            send(String::from_utf8(good(&["X: y"])).unwrap().replace("\r\n", "\n").into_bytes()),
            GOOD,
            OK,
        ),
        Row::new("a header without a colon", send(good(&["no colon"])), GOOD, OK),
        Row::new("a header without a name", send(good(&[": x"])), GOOD, OK),
        Row::new("a header that is folded", send(good(&["X: a", "\tb"])), GOOD, OK),
        Row::new(
            "control characters in a header",
            send(good(&["X: \0\u{1}\x1b[2J\x7f", "\0: x"])),
            GOOD,
            OK,
        ),
        Row::new("a carriage return within a line", send(good(&["X: a\rY: b"])), GOOD, OK),
        Row::new("four hundred headers", send(good(&["X: some more"; 400])), GOOD, OK),
        Row::new(
            "a header that is not UTF-8",
            vec![start(), Step::send(b"X: caf\xe9\r\n\r\n"), Step::send(good_json())],
            CUT,
            CUT,
        ),
        Row::sends("a head that breaks off after the status line", "HTTP/1.1 200 OK\r\n", CUT),
        Row::sends("a head that breaks off within a header", "HTTP/1.1 200 OK\r\nX: y", CUT),
        Row::sends(
            "a head that breaks off after the body's length",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n",
            CUT,
        ),
        Row::new("a head at a byte a second", vec![Step::Trickle(good(&[]), a_second)], LATE, LATE),
        Row::new(
            "a head that goes on slowly",
            vec![start(), Step::Endless(b"X: y\r\n".to_vec(), Duration::from_millis(50))],
            LATE,
            LATE,
        ),
        Row::new(
            "headers without end",
            vec![start(), Step::Endless(b"X: y\r\n".repeat(100), PAUSE)],
            CUT,
            CUT,
        ),
        Row::new(
            "lines without a colon without end",
            vec![start(), Step::Endless(b"x\r\n".repeat(100), PAUSE)],
            CUT,
            CUT,
        ),
        Row::new(
            "one header without end",
            vec![start(), Step::Endless(b"x".repeat(1000), PAUSE)],
            CUT,
            CUT,
        ),
    ]
}

fn around_the_budget() -> Vec<Row> {
    let either = |one: &[Outcome], other: &[Outcome]| [one, other].concat();
    let crafted = |rest: Vec<Step>| {
        [vec![Step::send(format!("HTTP/1.1 200 OK\r\n{}\n", line(BUDGET - 1)))], rest].concat()
    };
    let flood = |bytes: &[u8]| vec![Step::Endless(bytes.to_vec(), PAUSE)];
    let mut rows = vec![
        Row::new(
            "crafted to lift the limit, then endless headers",
            crafted(flood(&b"X: y\r\n".repeat(100))),
            &either(CUT, LATE),
            &either(CUT, LATE),
        ),
        Row::new(
            "crafted to lift the limit, then one header without end",
            crafted(flood(&b"x".repeat(1000))),
            &either(CUT, LATE),
            &either(CUT, LATE),
        ),
        Row::new(
            "crafted to lift the limit, then 100 KB of headers and a good answer",
            crafted(vec![
                Step::send(b"X: y\r\n".repeat(17_000)),
                Step::send("\r\n"),
                Step::send(good_json()),
            ]),
            CUT,
            CUT,
        ),
        // What has no colon is dropped by minreq, so that nothing of it is left to be counted.
        Row::new(
            "crafted to lift the limit by a line without a colon",
            vec![Step::send(format!(
                "HTTP/1.1 200 OK\r\n{}\n\n{}",
                "x".repeat(BUDGET - 1),
                good_json()
            ))],
            &either(CUT, GOOD),
            &either(CUT, OK),
        ),
        Row::new(
            "crafted to lift the limit in the second header",
            vec![Step::send(format!(
                "HTTP/1.1 200 OK\r\n{}\r\n{}\n\r\n{}",
                line(98),
                line(BUDGET - 100 - 1),
                good_json()
            ))],
            CUT,
            CUT,
        ),
    ];
    for (below, end, fits) in [
        (4, "\r\n", true),
        (3, "\r\n", false),
        (2, "\r\n", false),
        (1, "\r\n", false),
        (0, "\r\n", false),
        (4, "\n", true),
        (3, "\n", true),
        (2, "\n", false),
        (1, "\n", false), // underflows
        (0, "\n", false),
    ] {
        let (token, api) = if fits { (GOOD, OK) } else { (CUT, CUT) };
        rows.push(Row::new(
            format!("a header {below} bytes below the budget, ended by {end:?}"),
            vec![Step::send(with_line(BUDGET - below, end))],
            token,
            api,
        ));
    }
    for below in [4, 3, 2, 1, 0] {
        // The last two underflow.
        rows.push(Row::sends(
            format!("a header {below} bytes below the budget, where the connection ends"),
            format!("HTTP/1.1 200 OK\r\n{}", line(BUDGET - below)),
            CUT,
        ));
    }
    rows.push(Row::sends(
        "a header one byte above the budget, where the connection ends",
        format!("HTTP/1.1 200 OK\r\n{}", line(BUDGET + 1)),
        CUT,
    ));
    rows
}

/// What follows a chunked body has what the head left of the budget.
fn trailers() -> Vec<Row> {
    // `end` ends the head.
    let chunked_after = |head: &str, end: &str, trailers: &str| {
        let body = good_json();
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{head}{end}{:x}\r\n{body}\r\n0\r\n{trailers}",
            body.len()
        )
    };
    let chunked = |head: &str, trailers: &str| chunked_after(head, "\r\n", trailers);
    let send = |text: String| vec![Step::send(text)];
    let left = BUDGET - "Transfer-Encoding: chunked\r\n".len();
    // A head that leaves that much.
    let leaving = |rest: usize| format!("{}\r\n", line(left - 2 - rest));
    let either = [CUT, GOOD].concat();
    let either_api = [CUT, OK].concat();
    vec![
        Row::new("trailers", send(chunked("", "X: y\r\nZ: 1\r\n\r\n")), GOOD, OK),
        Row::new(
            "a trailer that gives a length",
            send(chunked("", "Content-Length: 3\r\n\r\n")),
            GOOD,
            OK,
        ),
        Row::new(
            "trailers without end",
            vec![Step::send(chunked("", "")), Step::Endless(b"X: y\r\n".repeat(100), PAUSE)],
            CUT,
            CUT,
        ),
        Row::new(
            "no end of the trailers",
            vec![Step::send(chunked("", "X: y\r\n")), Step::Hold],
            LATE,
            LATE,
        ),
        Row::new(
            "a trailer above the budget",
            send(chunked("", &format!("{}\r\n\r\n", line(left)))),
            CUT,
            CUT,
        ),
        Row::new(
            "a trailer that underflows by a bare line feed",
            send(chunked("", &format!("{}\n\r\n", line(left - 1)))),
            CUT,
            CUT,
        ),
        Row::new(
            "a trailer that underflows where the connection ends",
            send(chunked("", &line(left))),
            CUT,
            CUT,
        ),
        Row::new(
            "an empty trailer line that underflows by a bare line feed",
            send(chunked_after(&leaving(1), "\n", "\n")),
            &either,
            &either_api,
        ),
        Row::new(
            "no trailers after a head that left one byte",
            send(chunked_after(&leaving(1), "\n", "")),
            &either,
            &either_api,
        ),
        Row::new(
            "no trailers after a head that left two bytes",
            send(chunked(&leaving(2), "")),
            GOOD,
            OK,
        ),
        Row::new(
            "a trailer line without a colon that underflows",
            send(chunked("", &format!("{}\n", "x".repeat(left - 1)))),
            &either,
            &either_api,
        ),
        Row::new(
            "trailers crafted to lift the limit, then without end",
            vec![
                Step::send(chunked("", &format!("{}\n", line(left - 1)))),
                Step::Endless(b"X: y\r\n".repeat(100), PAUSE),
            ],
            &[CUT, LATE].concat(),
            &[CUT, LATE].concat(),
        ),
    ]
}
