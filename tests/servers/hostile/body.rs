//! Servers whose body differs from what the head announces or from what the client expects.

use super::*;

const PAUSE: Duration = Duration::from_millis(1);
const TOKEN_LIMIT: usize = 64 * 1024;
const API_LIMIT: usize = 1024 * 1024;

pub fn rows() -> Vec<Row> {
    [lengths(), chunks(), sizes(), encodings()].into_iter().flatten().collect()
}

/// An answer with these header lines, even if they contradict the body.
fn framed(headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let head: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    [format!("HTTP/1.1 200 OK\r\n{head}\r\n").as_bytes(), body.as_ref()].concat()
}

fn lengths() -> Vec<Row> {
    let body = good_json();
    let len = body.len();
    let length = |value: String| format!("Content-Length: {value}");
    let announced = |value: &str| framed(&[&length(value.into())], &body);
    let exact = length(len.to_string());
    let send = |bytes: Vec<u8>| vec![Step::send(bytes)];
    let mut rows = vec![
        Row::sends("a body one byte short of its length", announced(&(len + 1).to_string()), CUT),
        Row::sends("half a body", framed(&[&exact], &body[..len / 2]), CUT),
        Row::sends("no body, and a length", framed(&[&exact], ""), CUT),
        // The rest belongs to no request.
        Row::new(
            "a body past its length",
            send([announced(&len.to_string()), b"garbage".to_vec()].concat()),
            GOOD,
            OK,
        ),
        Row::new(
            "a whole second answer after the first",
            send([answer("200 OK", &[], &body), answer("401 Unauthorized", &[], "{}")].concat()),
            GOOD,
            OK,
        ),
        Row::new(
            "a length that ends within the JSON",
            send(announced(&(len - 1).to_string())),
            MALFORMED,
            OK,
        ),
        Row::new("one length twice", send(framed(&[&exact, &exact], &body)), GOOD, OK),
        Row::sends(
            "two lengths",
            framed(&[&exact, &length((len - 1).to_string())], &body),
            NOT_HTTP,
        ),
        Row::sends(
            "two lengths, the true one last",
            framed(&[&length((len - 1).to_string()), &exact], &body),
            NOT_HTTP,
        ),
        Row::sends(
            "a list of lengths",
            framed(&[&length(format!("{len}, {len}"))], &body),
            NOT_HTTP,
        ),
        Row::sends(
            "a length and chunks",
            framed(
                &[&exact, "Transfer-Encoding: chunked"],
                format!("{len:x}\r\n{body}\r\n0\r\n\r\n"),
            ),
            NOT_HTTP,
        ),
        Row::sends(
            "chunks and a length",
            framed(&["transfer-encoding: chunked", &exact], &body),
            NOT_HTTP,
        ),
        Row::sends(
            "two lengths, and a status that has no body",
            "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n",
            NOT_HTTP,
        ),
        Row::new(
            "an empty body of length 0",
            send(framed(&["Content-Length: 0"], "")),
            MALFORMED,
            OK,
        ),
        Row::new("no length", send(framed(&[], &body)), GOOD, OK),
        Row::sends("no length and no body", framed(&[], ""), CUT),
        Row::new(
            "no length, and the JSON is cut short",
            send(framed(&[], &body[..len - 1])),
            MALFORMED,
            OK,
        ),
        Row::new(
            "no length and no end",
            vec![Step::send(framed(&[], &body)), Step::Hold],
            LATE,
            LATE,
        ),
        Row::new(
            "a length in odd case and spacing",
            send(framed(&[&format!("CONTENT-length:\t {len} \t")], &body)),
            GOOD,
            OK,
        ),
        Row::new("zeros before a length", send(announced(&format!("000{len}"))), GOOD, OK),
        Row::sends(
            "a space before the colon of a length",
            framed(&[&format!("Content-Length : {len}")], &body),
            NOT_HTTP,
        ),
        Row::sends(
            "a space of Latin-1 after a length",
            [b"HTTP/1.1 200 OK\r\nContent-Length: 2\xa0\r\n\r\n", body.as_bytes()].concat(),
            NOT_HTTP,
        ),
    ];
    for value in ["", "-1", "+5", "5.0", "0x5", "5 5", "five", "٥"] {
        rows.push(Row::sends(format!("the length `{value}`"), announced(value), NOT_HTTP));
    }
    // A length that 32 bits do not hold, nor 64, nor 65.
    for value in ["4294967361", "18446744073709551681", "99999999999999999999"] {
        rows.push(Row::sends(format!("the length `{value}`"), announced(value), MALFORMED));
    }
    rows
}

fn chunks() -> Vec<Row> {
    let body = good_json();
    let (one, two) = body.split_at(20);
    let chunked = |chunks: &str| framed(&["Transfer-Encoding: chunked"], chunks);
    let send = |bytes: Vec<u8>| vec![Step::send(bytes)];
    let whole = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let mut rows = vec![
        Row::new("one chunk", send(chunked(&whole)), GOOD, OK),
        Row::new(
            "two chunks with extensions, upper case, leading zeros and bare line feeds",
            send(chunked(&format!(
                "0014;a=b\n{one}\n{:04X} ; x\r\n{two}\r\n00\r\n\r\n",
                two.len()
            ))),
            GOOD,
            OK,
        ),
        Row::new(
            "one chunk per byte",
            send(chunked(
                &(body.chars().map(|c| format!("1\r\n{c}\r\n")).collect::<String>() + "0\r\n\r\n"),
            )),
            GOOD,
            OK,
        ),
        Row::new(
            "a chunked answer a byte at a time",
            vec![Step::Trickle(chunked(&whole), Duration::ZERO)],
            GOOD,
            OK,
        ),
        Row::sends(
            "chunks announced twice",
            framed(&["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], &whole),
            NOT_HTTP,
        ),
        Row::sends("chunks cut short within a chunk", chunked(&whole[..30]), CUT),
        Row::sends("chunks cut short after a chunk", chunked(&format!("14\r\n{one}\r\n")), CUT),
        Row::sends(
            "chunks cut short after the last byte of the JSON",
            chunked(&format!("{:x}\r\n{body}", body.len())),
            CUT,
        ),
        Row::sends(
            "chunks without the last one",
            chunked(&format!("{:x}\r\n{body}\r\n", body.len())),
            CUT,
        ),
        Row::sends(
            "chunks without the last line",
            chunked(&format!("{:x}\r\n{body}\r\n0\r\n", body.len())),
            CUT,
        ),
        Row::sends(
            "chunks without half of the last line",
            chunked(&format!("{:x}\r\n{body}\r\n0\r\n\r", body.len())),
            CUT,
        ),
        Row::sends(
            "an empty line for the last chunk",
            chunked(&format!("{:x}\r\n{body}\r\n\r\n\r\n", body.len())),
            NOT_HTTP,
        ),
        Row::sends("no chunk at all", chunked(""), CUT),
        // The body is complete, and empty.
        Row::new("the last chunk alone", send(chunked("0\r\n\r\n")), MALFORMED, OK),
        Row::sends(
            "a chunk longer than it says",
            chunked(&format!("{:x}\r\n{body}xyz\r\n0\r\n\r\n", body.len())),
            NOT_HTTP,
        ),
        Row::sends(
            "a chunk shorter than it says",
            chunked(&format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len() - 1)),
            NOT_HTTP,
        ),
        Row::sends(
            "a carriage return alone after a chunk",
            chunked(&format!("{:x}\r\n{body}\r0\r\n\r\n", body.len())),
            NOT_HTTP,
        ),
        Row::sends(
            "a carriage return in a chunk's extension",
            chunked(&format!("{:x};a\rb\r\n{body}\r\n0\r\n\r\n", body.len())),
            NOT_HTTP,
        ),
        Row::sends(
            "a NUL in a chunk's extension",
            chunked(&format!("{:x};a=\0\r\n{body}\r\n0\r\n\r\n", body.len())),
            NOT_HTTP,
        ),
        Row::sends(
            "chunks of HTTP/1.0",
            String::from_utf8(chunked(&whole)).unwrap().replacen("HTTP/1.1", "HTTP/1.0", 1),
            NOT_HTTP,
        ),
        Row::sends("an endless line for a chunk's length", chunked(&"0".repeat(2000)), NOT_HTTP),
        Row::new(
            "a chunk that never comes",
            vec![Step::send(chunked("5\r\n")), Step::Hold],
            LATE,
            LATE,
        ),
        Row::new(
            "a last chunk that never comes",
            vec![Step::send(chunked(&format!("{:x}\r\n{body}\r\n", body.len()))), Step::Hold],
            LATE,
            LATE,
        ),
        Row::new(
            "empty chunk extensions without end",
            vec![Step::send(chunked("5;")), Step::Endless(b";".repeat(100), PAUSE)],
            NOT_HTTP,
            NOT_HTTP,
        ),
    ];
    for (len, is_good) in [(255, true), (256, true), (257, false)] {
        let size = format!("{:x};", body.len());
        let extension = "x".repeat(len - size.len() - 2);
        let bytes = chunked(&format!("{size}{extension}\r\n{body}\r\n0\r\n\r\n"));
        let name = format!("a line of {len} bytes before a chunk");
        rows.push(if is_good { Row::good(name, bytes) } else { Row::sends(name, bytes, NOT_HTTP) });
    }
    for length in ["x", "-1", "+5", " 5", "5,5", "0x5", "10000000000000000", "é", "5 5", ";"] {
        let bytes = chunked(&format!("{length}\r\n{body}\r\n0\r\n\r\n"));
        rows.push(Row::sends(format!("the chunk length `{length}`"), bytes, NOT_HTTP));
    }
    for coding in ["gzip", "identity", "gzip, chunked", "chunked, chunked", "chunked;q=1", ""] {
        let bytes = framed(&[&format!("Transfer-Encoding: {coding}")], &whole);
        rows.push(Row::sends(format!("the transfer coding `{coding}`"), bytes, NOT_HTTP));
    }
    // Wherever the answer is cut, it is rejected.
    for cut in (1..whole.len()).step_by(7) {
        rows.push(Row::sends(
            format!("chunks cut {cut} bytes before their end"),
            chunked(&whole[..whole.len() - cut]),
            CUT,
        ));
    }
    rows
}

fn sizes() -> Vec<Row> {
    let padded = |len: usize| good_json() + &" ".repeat(len - good_json().len());
    let send = |bytes: Vec<u8>| vec![Step::send(bytes)];
    let chunk = || format!("1000\r\n{}\r\n", " ".repeat(0x1000)).into_bytes();
    let flood = |head: &str, bytes: Vec<u8>| {
        vec![Step::send(format!("HTTP/1.1 {head}\r\n\r\n")), Step::Endless(bytes, Duration::ZERO)]
    };
    let ten_gb = "Content-Length: 10000000000";
    vec![
        Row::new("64 KiB", send(answer("200 OK", &[], padded(TOKEN_LIMIT))), GOOD, OK),
        Row::new(
            "64 KiB and a byte",
            send(answer("200 OK", &[], padded(TOKEN_LIMIT + 1))),
            MALFORMED,
            OK,
        ),
        Row::new(
            "64 KiB until the connection ends",
            send(framed(&[], padded(TOKEN_LIMIT))),
            GOOD,
            OK,
        ),
        Row::new(
            "64 KiB and a byte until the connection ends",
            send(framed(&[], padded(TOKEN_LIMIT + 1))),
            MALFORMED,
            OK,
        ),
        Row::new("1 MiB", send(answer("200 OK", &[], padded(API_LIMIT))), MALFORMED, OK),
        Row::new(
            "1 MiB until the connection ends",
            send(framed(&[], padded(API_LIMIT))),
            MALFORMED,
            OK,
        ),
        Row::new(
            "1 MiB and a byte",
            send(answer("200 OK", &[], padded(API_LIMIT + 1))),
            MALFORMED,
            MALFORMED,
        ),
        Row::new(
            "10 GB announced",
            send(format!("HTTP/1.1 200 OK\r\n{ten_gb}\r\n\r\n").into()),
            MALFORMED,
            MALFORMED,
        ),
        Row::new(
            "10 GB announced and sent",
            flood(&format!("200 OK\r\n{ten_gb}"), b" ".repeat(4096)),
            MALFORMED,
            MALFORMED,
        ),
        Row::new(
            "10 GB announced with a refusal",
            flood(&format!("500 No\r\n{ten_gb}"), b" ".repeat(4096)),
            UNAVAILABLE,
            Outcome::Status(500),
        ),
        Row::new(
            "the largest possible length announced",
            send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", usize::MAX).into()),
            MALFORMED,
            MALFORMED,
        ),
        Row::new("a body without end", flood("200 OK", b" ".repeat(4096)), MALFORMED, MALFORMED),
        Row::new(
            "a body without end after a refusal",
            flood("403 No", b" ".repeat(4096)),
            REFUSED,
            Outcome::Status(403),
        ),
        Row::new(
            "chunks without end after a refusal",
            flood("403 No\r\nTransfer-Encoding: chunked", chunk()),
            REFUSED,
            Outcome::Status(403),
        ),
        Row::new(
            "chunks without end",
            flood("200 OK\r\nTransfer-Encoding: chunked", chunk()),
            MALFORMED,
            MALFORMED,
        ),
        Row::new(
            "one chunk without end",
            vec![
                Step::send(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
                ),
                Step::Endless(b" ".repeat(4096), Duration::ZERO),
            ],
            MALFORMED,
            MALFORMED,
        ),
        Row::new(
            "a body at a byte a second",
            vec![
                Step::send(format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                    good_json().len()
                )),
                Step::Trickle(good_json().into(), Duration::from_secs(1)),
            ],
            LATE,
            LATE,
        ),
        Row::new(
            "a body that goes on slowly",
            vec![
                Step::send("HTTP/1.1 200 OK\r\n\r\n"),
                Step::Endless(b" ".to_vec(), Duration::from_millis(50)),
            ],
            LATE,
            LATE,
        ),
        Row::new(
            "chunks at twenty a second",
            vec![
                Step::send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                Step::Endless(b"1\r\n \r\n".to_vec(), Duration::from_millis(50)),
            ],
            LATE,
            LATE,
        ),
    ]
}

fn encodings() -> Vec<Row> {
    let body = good_json();
    let send = |bytes: Vec<u8>| vec![Step::send(bytes)];
    // `{}` by gzip.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
    let utf_16: Vec<u8> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        Row::new(
            "compressed",
            send(answer("200 OK", &["Content-Encoding: gzip"], gzip)),
            MALFORMED,
            OK,
        ),
        Row::new(
            "compressed, and does not say so",
            send(answer("200 OK", &[], gzip)),
            MALFORMED,
            OK,
        ),
        // The JSON is readable in spite of the header.
        Row::new(
            "not compressed, and says it is",
            send(answer("200 OK", &["Content-Encoding: br"], &body)),
            GOOD,
            OK,
        ),
        Row::new("UTF-16", send(answer("200 OK", &[], utf_16)), MALFORMED, OK),
        Row::new(
            "a byte order mark",
            send(answer("200 OK", &[], format!("\u{feff}{body}"))),
            GOOD,
            OK,
        ),
        Row::new(
            "not UTF-8 within a string",
            send(answer("200 OK", &[], b"{\"access_token\":\"t\xff\"}")),
            MALFORMED,
            OK,
        ),
        Row::new(
            "not UTF-8 in a member that is not read",
            send(answer("200 OK", &[], b"{\"access_token\":\"t\",\"x\":\"\xff\"}")),
            MALFORMED,
            OK,
        ),
        Row::new(
            "HTML",
            send(answer("200 OK", &["Content-Type: text/html"], "<html>Log in</html>")),
            MALFORMED,
            OK,
        ),
        Row::new(
            "JSON that says it is HTML",
            send(answer("200 OK", &["Content-Type: text/html"], &body)),
            GOOD,
            OK,
        ),
        Row::new(
            "a form",
            send(answer("200 OK", &[], "access_token=t&token_type=bearer")),
            MALFORMED,
            OK,
        ),
        Row::new(
            "a NUL after the JSON",
            send(answer("200 OK", &[], format!("{body}\0"))),
            MALFORMED,
            OK,
        ),
        Row::new("only white space", send(answer("200 OK", &[], " \r\n\t ")), MALFORMED, OK),
    ]
}
