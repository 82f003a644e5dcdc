//! Servers with an unusual or wrong status line, interim answer, header or trailer.

use super::*;

/// The limit of status line and headers, including interim answers; and of the trailers of a chunked body.
const LIMIT: usize = 16 * 1024;
const PAUSE: Duration = Duration::from_millis(1);

pub fn rows() -> Vec<Row> {
    [status_lines(), interim_answers(), headers(), around_the_limit(), trailers()]
        .into_iter()
        .flatten()
        .collect()
}

/// A good answer, but for its status line.
fn good_after(status_line: impl AsRef<[u8]>) -> Vec<u8> {
    let rest = answer("", &[], good_json()).split_off("HTTP/1.1 ".len());
    [status_line.as_ref(), &rest].concat()
}

fn endless(bytes: &str) -> Step {
    Step::Endless(bytes.as_bytes().repeat(64), PAUSE)
}

fn status_lines() -> Vec<Row> {
    let mut rows = vec![
        Row::sends("random bytes", b"\x00\xff\x16\x03\x01 \x80\r\n\x1b[2J\r\n\r\n", NOT_HTTP),
        Row::sends("a TLS alert", b"\x15\x03\x01\x00\x02\x02\x46", NOT_HTTP),
        Row::sends("the banner of SSH", "SSH-2.0-OpenSSH_9.6\r\n", NOT_HTTP),
        Row::sends("the banner of a mail server", "220 mail ESMTP ready\r\n", NOT_HTTP),
        Row::sends("the settings of HTTP/2", b"\0\0\x06\x04\0\0\0\0\0\0\x05\0\0\x40\0", NOT_HTTP),
        Row::sends("the body alone", good_json(), NOT_HTTP),
        Row::sends("one line feed", "\n", NOT_HTTP),
        Row::sends("an empty line before the status", good_after("\r\nHTTP/1.1 200 OK"), NOT_HTTP),
        Row::sends("a version alone", "HTTP/1.1", CUT),
        Row::sends("half a version", "HTT", CUT),
        Row::sends("a version and a space", "HTTP/1.1 \r\n\r\n", NOT_HTTP),
        Row::sends("two spaces before the status", good_after("HTTP/1.1  200 OK"), NOT_HTTP),
        Row::sends("a tab before the status", good_after("HTTP/1.1\t200 OK"), NOT_HTTP),
        Row::sends("a carriage return in a reason", good_after("HTTP/1.1 200 O\rK"), NOT_HTTP),
        Row::sends(
            "two carriage returns after a reason",
            good_after("HTTP/1.1 200 OK\r"),
            NOT_HTTP,
        ),
        Row::sends("a line ended by a carriage return", "HTTP/1.1 200 OK\rX: y\r\r{}", CUT),
        Row::sends("a NUL in a reason", good_after("HTTP/1.1 200 O\0K"), NOT_HTTP),
        Row::sends(
            "a reason with escapes for terminals",
            good_after("HTTP/1.1 401 \x1b[31m\x07"),
            NOT_HTTP,
        ),
        Row::new(
            "a reason with invisible characters",
            vec![Step::send(good_after("HTTP/1.1 401 \u{9b}31m\u{202e}\u{200b}"))],
            REFUSED,
            Outcome::Status(401),
        ),
        Row::new(
            "a reason that is not UTF-8",
            vec![Step::send(good_after(b"HTTP/1.1 401 \xff\xfe"))],
            REFUSED,
            Outcome::Status(401),
        ),
        Row::new(
            "the reason that minreq gives where there is no status line",
            vec![Step::send(good_after("HTTP/1.1 503 Server did not provide a status line"))],
            UNAVAILABLE,
            Outcome::Status(503),
        ),
        Row::good("a reason in Latin-1", good_after(b"HTTP/1.1 200 Tr\xe8s bien")),
        Row::good("a reason in UTF-8", good_after("HTTP/1.1 200 Très bien")),
        Row::good("no reason", good_after("HTTP/1.1 200")),
        Row::good("no reason, and a space", good_after("HTTP/1.1 200 ")),
        Row::good("a tab in a reason", good_after("HTTP/1.1 200 all\tright")),
        Row::good("HTTP/1.0", good_after("HTTP/1.0 200 OK")),
        Row::new("an endless status line", vec![endless("HTTP/1.1 200 ")], NOT_HTTP, NOT_HTTP),
        Row::new(
            "an endless reason",
            vec![Step::send("HTTP/1.1 200 "), endless("OK")],
            NOT_HTTP,
            NOT_HTTP,
        ),
    ];
    for status in [
        "0", "99", "199", "000", "099", "101", "65536", "-200", "2OO", "20 0", "200.0", "0x200",
        "0200",
    ] {
        let bytes = good_after(format!("HTTP/1.1 {status} OK"));
        rows.push(Row::sends(format!("the status {status}"), bytes, NOT_HTTP));
    }
    for name in ["ICY", "http/1.1", "HTTP/0.9", "HTTP/1.2", "HTTP/2", "HTTP/2.0", "HTTP/11", "HTTP"]
    {
        let bytes = good_after(format!("{name} 200 OK"));
        rows.push(Row::sends(format!("the protocol {name}"), bytes, NOT_HTTP));
    }
    rows
}

/// Interim answers are read and dropped, except 101, after which the connection is not HTTP.
fn interim_answers() -> Vec<Row> {
    let before = |interim: &str| good_after(format!("{interim}HTTP/1.1 200 OK"));
    let early = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    let mut rows = vec![
        Row::good("100 Continue before the answer", before("HTTP/1.1 100 Continue\r\n\r\n")),
        Row::good("103 Early Hints before the answer", before(early)),
        Row::good("an unknown interim answer before the answer", before("HTTP/1.1 199\n\n")),
        Row::good("five interim answers before the answer", before(&early.repeat(5))),
        Row::good(
            "a body's length in an interim answer, which has no body",
            before("HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\n"),
        ),
        Row::good(
            "chunks announced by an interim answer",
            before("HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ),
        Row::new(
            "an interim answer before a refusal",
            vec![Step::send([early.as_bytes(), &answer("401 No", &[], "")].concat())],
            REFUSED,
            Outcome::Status(401),
        ),
        Row::new(
            "an interim answer, a pause, and the answer",
            vec![
                Step::Trickle(early.into(), PAUSE),
                Step::send(answer("200 OK", &[], good_json())),
            ],
            GOOD,
            OK,
        ),
        Row::sends(
            "101 Switching Protocols before the answer",
            before("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
            NOT_HTTP,
        ),
        Row::sends("an interim answer alone", early, CUT),
        Row::sends("half an interim answer", &early[..early.len() - 2], CUT),
        Row::sends("an interim answer before a page", format!("{early}<html>"), NOT_HTTP),
        Row::new(
            "an interim answer, and then nothing",
            vec![Step::send(early), Step::Hold],
            LATE,
            LATE,
        ),
        Row::new("interim answers without end", vec![endless(early)], NOT_HTTP, NOT_HTTP),
        Row::new(
            "interim answers without end, slowly",
            vec![Step::Endless(b"HTTP/1.1 102\n\n".to_vec(), Duration::from_millis(50))],
            LATE,
            LATE,
        ),
    ];
    let wrong = "HTTP/1.1 103 Early Hints\r\nno colon\r\n\r\n";
    rows.push(Row::sends("an interim answer with a malformed line", before(wrong), NOT_HTTP));
    rows
}

fn headers() -> Vec<Row> {
    let good = |headers: &[&str]| answer("200 OK", headers, good_json());
    let start = || Step::send("HTTP/1.1 200 OK\r\n");
    let a_second = Duration::from_secs(1);
    let mut rows = vec![
        Row::good(
            "bare line feeds",
            String::from_utf8(good(&["X: y"])).unwrap().replace("\r\n", "\n"),
        ),
        Row::good("four hundred headers", good(&["X: some more"; 400])),
        Row::good("a header without a value", good(&["X:", "Y: \t "])),
        Row::good("a header in UTF-8", good(&["X: café"])),
        Row::good(
            "a header in Latin-1",
            [b"HTTP/1.1 200 OK\r\nX: caf\xe9\r\n\r\n", good_json().as_bytes()].concat(),
        ),
        Row::new(
            "a good answer a byte at a time",
            vec![Step::Trickle(good(&["X: y"]), Duration::ZERO)],
            GOOD,
            OK,
        ),
        Row::sends("a head cut short after the status line", "HTTP/1.1 200 OK\r\n", CUT),
        Row::sends("a head cut short within a header", "HTTP/1.1 200 OK\r\nX: y", CUT),
        Row::sends(
            "a head cut short after the body's length",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n",
            CUT,
        ),
        Row::sends(
            "a head cut short within its last line",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r",
            CUT,
        ),
        Row::new("a head at a byte a second", vec![Step::Trickle(good(&[]), a_second)], LATE, LATE),
        Row::new(
            "a head that goes on slowly",
            vec![start(), Step::Endless(b"X: y\r\n".to_vec(), Duration::from_millis(50))],
            LATE,
            LATE,
        ),
        Row::new("headers without end", vec![start(), endless("X: y\r\n")], NOT_HTTP, NOT_HTTP),
        Row::new("one header without end", vec![start(), endless("x")], NOT_HTTP, NOT_HTTP),
        Row::new(
            "one value without end",
            vec![start(), Step::send("X: "), endless("y")],
            NOT_HTTP,
            NOT_HTTP,
        ),
        Row::new(
            "lines without a colon without end",
            vec![start(), endless("x\r\n")],
            NOT_HTTP,
            NOT_HTTP,
        ),
    ];
    // RFC 9112 section 5.2
    rows.push(Row::good("a header that is folded", good(&["X: a\r\n\tb"])));
    // HTTP implementations read these differently, so they are rejected.
    for (name, line) in [
        ("a header without a colon", "no colon"),
        ("a header without a name", ": x"),
        ("a first header that is folded", " b"),
        ("a space before a header's colon", "X : y"),
        ("a space in a header's name", "X y: z"),
        ("a header's name that is not ASCII", "Ünix: y"),
        ("a header's name in quotes", "\"X\": y"),
        ("a NUL in a header", "X: \0"),
        ("a NUL in a header's name", "\0: x"),
        ("an escape for terminals in a header", "X: \x1b[2J"),
        ("a vertical tab in a header", "X: a\x0bb"),
        ("a DEL in a header", "X: \x7f"),
        ("a carriage return within a line", "X: a\rY: b"),
        ("two carriage returns at a line's end", "X: a\r"),
        ("a carriage return alone", "\rX: a"),
    ] {
        rows.push(Row::sends(name, good(&[line]), NOT_HTTP));
    }
    rows
}

/// What a head consists of, and a function that makes one of `len` bytes, including the empty line at its end.
type Head = fn(usize) -> String;

const START: &str = "HTTP/1.1 200 OK\r\n";

/// Pads a head to `len` bytes by the value of its last header.
fn padded(start: &str, end: &str, len: usize) -> String {
    let value = "x".repeat(len - start.len() - "X: ".len() - 2 * end.len());
    format!("{start}X: {value}{end}{end}")
}

const HEADS: &[(&str, Head)] = &[
    ("one header", |len| padded(START, "\r\n", len)),
    ("one header, ended by bare line feeds", |len| padded("HTTP/1.1 200 OK\n", "\n", len)),
    ("a status line", |len| {
        let reason = "x".repeat(len - "HTTP/1.1 200 \r\n\r\n".len());
        format!("HTTP/1.1 200 {reason}\r\n\r\n")
    }),
    ("short headers", |len| padded(&(START.to_owned() + &"X: y\r\n".repeat(1300)), "\r\n", len)),
    ("headers of one name and no value", |len| {
        padded(&(START.to_owned() + &"X:\n".repeat(2700)), "\n", len)
    }),
    ("an interim answer and a short head", |len| {
        let last = "HTTP/1.1 200 OK\r\n\r\n";
        padded("HTTP/1.1 103 Early\r\n", "\r\n", len - last.len()) + last
    }),
    ("a short interim answer and a long head", |len| {
        padded(&("HTTP/1.1 100 Continue\r\n\r\n".to_owned() + START), "\r\n", len)
    }),
    ("many interim answers", |len| padded(&("HTTP/1.1 100\n\n".repeat(500) + START), "\r\n", len)),
];

fn around_the_limit() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, head) in HEADS {
        for (size, len) in [("a byte less than 16 KiB", LIMIT - 1), ("16 KiB", LIMIT)] {
            let sent = head(len);
            assert_eq!(sent.len(), len, "{name}");
            rows.push(Row::good(format!("{size} of head: {name}"), sent + &good_json()));
        }
        let sent = head(LIMIT + 1) + &good_json();
        rows.push(Row::sends(format!("16 KiB and a byte of head: {name}"), sent, NOT_HTTP));
    }
    // 16 KiB without the empty line may still be the start of a valid head; one byte more cannot.
    for (len, expected) in [(LIMIT - 1, CUT), (LIMIT, CUT), (LIMIT + 1, NOT_HTTP)] {
        let sent = &padded(START, "\r\n", LIMIT + 5)[..len];
        rows.push(Row::sends(format!("{len} bytes of a head, and no more"), sent, expected));
    }
    let a_hundred_kilobytes = START.to_owned() + &"X: y\r\n".repeat(17_000) + "\r\n" + &good_json();
    rows.push(Row::sends("100 KB of headers and a good answer", a_hundred_kilobytes, NOT_HTTP));
    // The body that follows in the same read does not count.
    let body = good_json() + &" ".repeat(60_000);
    rows.push(Row::good("16 KiB of head and 60 KB of body", padded(START, "\r\n", LIMIT) + &body));
    rows
}

/// The trailers of a chunked body: up to 16 KiB, in lines of up to 256 bytes.
fn trailers() -> Vec<Row> {
    let chunked = |trailers: &str| {
        let body = good_json();
        let len = body.len();
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        format!("{head}{len:x}\r\n{body}\r\n0\r\n{trailers}")
    };
    let line = |len: usize| format!("X: {}\r\n", "x".repeat(len - "X: \r\n".len()));
    // Trailers of `len` bytes, including the empty line at the end.
    let of =
        |len: usize| "X: y\r\n".repeat(2700) + &line(len - 2 - 16_200 - 100) + &line(100) + "\r\n";
    let mut rows = vec![
        Row::good("trailers", chunked("X: y\r\nZ: 1\r\n\r\n")),
        Row::good("trailers and bare line feeds", chunked("X: y\nZ: 1\n\n")),
        Row::good("a trailer that gives a length", chunked("Content-Length: 3\r\n\r\n")),
        Row::good("something after the trailers", chunked("X: y\r\n\r\nHTTP/1.1 401 No\r\n\r\n")),
        Row::good("a trailer of 256 bytes", chunked(&(line(256) + "\r\n"))),
        Row::good("16 KiB of trailers", chunked(&of(LIMIT))),
        Row::good("a tab in a trailer", chunked("X:\ty\r\n\r\n")),
        Row::sends("a NUL in a trailer", chunked("X: \0\r\n\r\n"), NOT_HTTP),
        Row::sends("escapes for terminals in a trailer", chunked("X: \x1b[2J\r\n\r\n"), NOT_HTTP),
        Row::sends("a trailer of 257 bytes", chunked(&(line(257) + "\r\n")), NOT_HTTP),
        Row::sends("16 KiB and a byte of trailers", chunked(&of(LIMIT + 1)), NOT_HTTP),
        Row::sends("no end of the trailers", chunked("X: y\r\n"), CUT),
        Row::sends("trailers cut short within a line", chunked("X: y\r\nZ"), CUT),
        Row::sends("trailers cut short within their last line", chunked("X: y\r\n\r"), CUT),
    ];
    for (name, script, expected) in [
        ("trailers that never end", vec![Step::send(chunked("X: y\r\n")), Step::Hold], LATE),
        ("trailers without end", vec![Step::send(chunked("")), endless("X: y\r\n")], NOT_HTTP),
        ("one trailer without end", vec![Step::send(chunked("")), endless("x")], NOT_HTTP),
        (
            "trailers without end, slowly",
            vec![
                Step::send(chunked("")),
                Step::Endless(b"X: y\r\n".to_vec(), Duration::from_millis(50)),
            ],
            LATE,
        ),
    ] {
        rows.push(Row::new(name, script, expected, expected));
    }
    rows
}
