use super::*;
use crate::error::Kind;
use alloc::string::ToString;

/// Passes an answer to the parser in pieces of that many bytes.
fn read_in_pieces(answer: &[u8], size: usize) -> Result<Response, Error> {
    let mut incoming = Incoming::new(String::new(), 100_000, Expected::Body);
    for piece in answer.chunks(size) {
        if incoming.push(piece)? {
            break;
        }
    }
    incoming.finish()
}

#[test]
fn an_answer_ends_where_its_headers_say() {
    for (answer, status, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length:  2 \r\n\r\n{}", 200, "{}"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{}", 200, "{}"),
        ("HTTP/1.0 200\n\n{}", 200, "{}"),
        (
            "HTTP/1.1 200 \r\nTransfer-Encoding: Chunked\r\n\r\n1\r\n{\r\n01;a=b\r\n}\r\n0\r\nX: y\r\n\r\n",
            200,
            "{}",
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 ; x\n{\n1\n}\n0\n\n", 200, "{}"),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}",
            200,
            "{}",
        ),
        ("HTTP/1.1 401 No\r\n\r\n", 401, ""),
        ("HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n", 204, ""),
        ("HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n", 304, ""),
        ("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", 500, ""),
        ("HTTP/1.1 600 No\r\nContent-Length: 2\r\n\r\nno", 600, "no"),
        ("HTTP/1.1 999 Request denied\r\n\r\n", 999, ""),
        ("HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 401, ""),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, ""),
    ] {
        for size in [1, 2, 3, 7, 20, answer.len()] {
            let response = read_in_pieces(answer.as_bytes(), size)
                .unwrap_or_else(|error| panic!("{answer:?} in pieces of {size}: {error}"));
            assert_eq!((response.status(), response.text().unwrap()), (status, body), "{answer:?}");
        }
    }
}

#[test]
fn an_answer_that_cannot_be_trusted_is_a_network_error() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n{{}}", "x".repeat(MAX_HEAD_BYTES));
    let header =
        |header: &str| format!("HTTP/1.1 200 OK\r\n{header}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n");
    for (answer, part) in [
        (String::new(), "closed without an answer"),
        ("HTTP/1.1 100 Continue\r\n\r\n".into(), "the answer was cut short; if that lasts"),
        ("HTTP/1.1 101 Switching\r\n\r\n".into(), "status is 101: have"),
        ("HTTP/1.1 200 O\rK\r\n\r\n{}".into(), "status line has a control"),
        ("HTTP/1.1 400 Bad\u{1b}[31mRed\r\n\r\n".into(), "status line has a control"),
        ("HTTP/1.1 200 OK\u{1}\r\n\r\n{}".into(), "status line has a control"),
        ("HTTP/1.1 200 OK\u{7f}\r\n\r\n{}".into(), "status line has a control"),
        ("HTTP/1.1 200 OK\r\r\n\r\n{}".into(), "status line has a control"),
        ("HTTP/1.1 200\u{1}\r\n\r\n{}".into(), "status line has a control"),
        ("HTTP/1.1 200OK\r\n\r\n{}".into(), "not start with a status line"),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n{}".into(), "status line"),
        ("HTTP/1.1 099 OK\r\n\r\n{}".into(), "status is 99: have"),
        ("HTTP/1.1 007 OK\r\n\r\n{}".into(), "status is 7: have"),
        ("HTTP/1.1 000 OK\r\n\r\n{}".into(), "status is 0: have"),
        ("HTTP/1.1 200 OK\r\n\r\n".into(), "the answer has no body or was cut short"),
        ("SSH-2.0-x\r\n\r\n".into(), "status line"),
        ("HTTP/2 200\r\n\r\n{}".into(), "status line"),
        ("HTTP/1.1 +20 OK\r\n\r\n{}".into(), "status line"),
        ("HTTP/1.1 0200 OK\r\n\r\n{}".into(), "status line"),
        (long, "16 KiB"),
        (header("Content-Length: 1\r\nContent-Length: 2"), "two lengths"),
        (header("Content-Length: 2\r\nTransfer-Encoding: chunked"), "two lengths"),
        (header("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), "two lengths"),
        (header("Content-Length: +2"), "not a number"),
        (header("Content-Length:\u{205f}2"), "not a number"),
        (header("Content-Length: "), "not a number"),
        (header("Content-Length: 48, 48"), "Content-Length is there twice"),
        (header("Content-Length: 48,49"), "Content-Length is there twice"),
        (header("Transfer-Encoding: gzip, chunked"), "not `chunked`"),
        (header("Transfer-Encoding : chunked"), "no header"),
        ("HTTP/1.1 200 OK\r\n folded\r\nA: b\r\n\r\n{}".into(), "no header field"),
        (header("Content-Length: 2\r\n 3"), "not a number"),
        (header("Transfer-Encoding: gzip,\r\n chunked"), "not `chunked`"),
        (header("Transfer-Encoding: identity"), "not `chunked`"),
        (header("A: b\u{0}"), "no header"),
        (header("A: b\rC: d"), "no header"),
        (header("no colon"), "no header"),
    ] {
        for size in [1, 2, 3, 7, 20, 100_000] {
            let error = read_in_pieces(answer.as_bytes(), size).unwrap_err();
            assert_eq!(error.kind(), Kind::Network, "{answer:?}");
            assert!(error.to_string().contains(part), "{answer:?} by {size}: {error}");
        }
    }
    for (chunks, part) in [
        ("x\r\n", "without a length"),
        ("\r\n", "without a length"),
        ("-1\r\n", "without a length"),
        ("+2\r\n{}\r\n0\r\n\r\n", "without a length"),
        ("fffffffffffffffff\r\n", "without a length"),
        ("ffffffffffffffff\r\n{}", "cut short"),
        ("1\r\n{}\r\n0\r\n\r\n", "longer than it says"),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
        let error = Response::from_bytes(answer.as_bytes()).unwrap_err();
        assert!(
            error.kind() == Kind::Network && error.to_string().contains(part),
            "{chunks:?}: {error}"
        );
    }
}

#[test]
fn over_http_it_is_asked_whether_tls_is_missing_where_no_http_came() {
    let question = " or does it want https?";
    for (url, may_be_tls) in [("http://h/", true), ("https://h/", false)] {
        for (answer, is_asked) in [
            ("", true),
            ("\u{15}\u{3}\u{1}\0\u{2}\u{2}F", true),
            ("HTTP/1.1 2\r\n", true),
            ("HTTP/1.1 200 OK\r\n", false),
            ("HTTP/1.1 200 OK\r\nno colon\r\n", false),
            ("HTTP/1.1 200 OK\r\r\n", false),
            ("HTTP/1.1 099 No\r\n\r\n", false),
            ("HTTP/1.1 100 Continue\r\n\r\n", false),
        ] {
            let mut incoming = Request::get(url).unwrap().incoming();
            let error = match incoming.push(answer.as_bytes()) {
                Ok(_) => incoming.finish().unwrap_err(),
                Err(error) => error,
            };
            let error = error.to_string();
            assert_eq!(
                error.ends_with(question),
                is_asked && may_be_tls,
                "{url} {answer:?}: {error}"
            );
        }
    }
}

#[test]
fn an_error_does_not_depend_on_how_the_bytes_were_cut() {
    let start = "HTTP/1.1 200 OK\r\n";
    let chunked = |chunks: &str| format!("{start}Transfer-Encoding: chunked\r\n\r\n{chunks}");
    let long = "x".repeat(MAX_HEAD_BYTES);
    for (answer, part) in [
        (format!("{start}no colon\r\n{long}"), "no header"),
        (format!("{start}A: b\u{0}{long}"), "16 KiB"),
        (format!("{start}A: b\u{0}"), "cut short"),
        (format!("{start}A: b\r"), "cut short"),
        (chunked(&format!("1\r\n{{{long}")), "longer than it says"),
        (chunked(&format!("1\r\n{{\r{long}")), "longer than it says"),
        (chunked(&format!("0\r\n{long}")), "256 bytes"),
        (chunked(&("0\r\n".to_string() + &"A: b\r\n".repeat(2730) + "AAAAA")), "16 KiB"),
        (chunked(&("0\r\n".to_string() + &"A: b\r\n".repeat(2700) + &long)), "16 KiB"),
    ] {
        for size in [1, 2, 3, 7, 20, 300, 100_000] {
            let error = read_in_pieces(answer.as_bytes(), size).unwrap_err().to_string();
            assert!(error.contains(part), "{} bytes by {size}: {error}", answer.len());
        }
    }
}

#[test]
fn trailers_of_16_kib_are_taken() {
    let trailers = |last: &str| {
        let start = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n";
        let trailers = "A: b\r\n".repeat(MAX_HEAD_BYTES / 6 - 1) + last + "\r\n";
        (trailers.len(), Response::from_bytes((start.to_string() + &trailers).as_bytes()))
    };
    let (len, response) = trailers("A: bcd\r\n");
    assert_eq!((len, response.unwrap().body()), (MAX_HEAD_BYTES, &b"{}"[..]));
    let (len, response) = trailers("A: bcde\r\n");
    assert_eq!(len, MAX_HEAD_BYTES + 1);
    assert!(response.unwrap_err().to_string().contains("16 KiB"));
}

#[test]
fn a_folded_field_is_one_with_spaces() {
    for (fields, name, expected) in [
        ("A: b\r\n c\r\n", "a", "b   c"),
        ("A: b\n\tc\r\n  d\r\n", "a", "b \tc    d"),
        ("A:\r\n b\r\n", "a", "b"),
        ("A: b\r\n \r\nC: d\r\n", "c", "d"),
        ("A: b\r\n \r\nC: d\r\n", "a", "b"),
        ("A: b\r\n C: d\r\n", "a", "b   C: d"),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 2\r\n\r\n{{}}");
        for size in [1, 2, 3, 7, 20, 100_000] {
            let response = read_in_pieces(answer.as_bytes(), size).unwrap();
            assert_eq!(response.header(name), Some(expected), "{fields:?} in pieces of {size}");
            assert_eq!(response.body(), b"{}", "{fields:?}");
        }
    }
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    assert_eq!(Response::from_bytes(answer.as_bytes()).unwrap().body(), b"{}");
}

#[test]
fn a_framing_field_counts_wherever_it_stands() {
    for count in 0..40 {
        let before = "X: y\r\n".repeat(count);
        for (field, body) in
            [("Content-Length: 2", "{}{}"), ("Transfer-Encoding: chunked", "2\r\n{}\r\n0\r\n\r\n")]
        {
            for after in ["", "Z: y\r\n"] {
                let answer = format!("HTTP/1.1 200 OK\r\n{before}{field}\r\n{after}\r\n{body}");
                let response = Response::from_bytes(answer.as_bytes()).unwrap();
                assert_eq!(response.body(), b"{}", "{field} after {count} fields");
                assert_eq!(
                    response.headers().count(),
                    count + 1 + after.len() / 6,
                    "{count} fields"
                );
            }
        }
        let answer = format!(
            "HTTP/1.1 200 OK\r\n{before}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{{}}"
        );
        let error = Response::from_bytes(answer.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("two lengths"), "after {count} fields: {error}");
    }
}

#[test]
fn bytes_above_ascii_are_data() {
    let answer = b"HTTP/1.1 200 Tr\xe8s bien\r\nLatin: \xe9\r\nUtf: \xc3\xa9\r\n\r\n{}";
    let response = Response::from_bytes(answer).unwrap();
    assert_eq!((response.header("latin"), response.header("utf")), (Some("é"), Some("é")));
}

#[test]
fn a_reason_is_kept_in_one_buffer_of_its_size() {
    for (reason, expected) in [(&b"OK"[..], "OK"), (b"Tr\xe8s bien", "Tr\u{e8}s bien"), (b"", "")] {
        let line = [b"HTTP/1.1 200 ", reason, b"\r\n\r\n"].concat();
        let Ok(Some(head)) = parse_head(&line, true) else { panic!("{expected}") };
        let (reason, room) = (head.reason.as_str(), head.reason.capacity());
        assert_eq!((reason, room), (expected, expected.len()), "it was moved");
    }
}

#[test]
fn a_line_before_a_chunk_has_256_bytes_at_most() {
    for end in ["\n", "\r\n"] {
        for (len, is_taken) in [(256, true), (257, false)] {
            let line = "2;".to_string() + &"x".repeat(len - 2 - end.len()) + end;
            let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_string()
                + &line
                + "{}\r\n0\r\n\r\n";
            let response = Response::from_bytes(answer.as_bytes());
            assert_eq!(response.is_ok(), is_taken, "{len} bytes with {end:?}: {response:?}");
        }
    }
}

#[test]
fn a_head_ends_at_16_kib_whatever_it_is_made_of() {
    let start = "HTTP/1.1 200 OK\r\n";
    let interim = "HTTP/1.1 103 Early\r\n\r\n";
    for (piece, is_whole) in [("A: b\r\n", true), ("A:b\n", true), ("X", false), (interim, true)] {
        let start = if piece == interim { "" } else { start };
        let endless: String = start.chars().chain(piece.chars().cycle().take(40_000)).collect();
        let mut incoming = Incoming::new(String::new(), 100_000, Expected::Body);
        let taken = endless.bytes().take_while(|byte| incoming.push(&[*byte]).is_ok()).count();
        assert!(taken <= MAX_HEAD_BYTES, "{taken} bytes of {piece:?}");
        // One byte less is enough for any number of lines.
        let lines = (MAX_HEAD_BYTES - start.len() - 24) / piece.len();
        let head = start.to_string() + &piece.repeat(lines);
        let end = if piece == interim { "HTTP/1.1 200 OK\r\n\r\n" } else { "\r\n" };
        let response = Response::from_bytes((head + end + "{}").as_bytes());
        assert_eq!(response.is_ok(), is_whole, "{piece:?}: {response:?}");
    }
}

#[test]
fn a_body_beyond_the_limit_is_malformed_and_in_a_refusal_dropped() {
    for framing in [
        "Content-Length: 101\r\n\r\n",
        "Content-Length: 4294967297\r\n\r\n",
        "Content-Length: 99999999999999999999999\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n65\r\n",
        "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        "\r\n",
    ] {
        for (status, refused) in [(200, false), (401, true)] {
            let mut incoming = Incoming::new(String::new(), 100, Expected::Body);
            let answer = format!("HTTP/1.1 {status} X\r\n{framing}{}", "x".repeat(101));
            let outcome = incoming.push(answer.as_bytes());
            match outcome {
                Ok(is_whole) => {
                    assert!(refused && is_whole, "{answer}");
                    let response = incoming.finish().unwrap();
                    assert_eq!((response.status(), response.body()), (401, &b""[..]), "{answer}");
                }
                Err(error) => {
                    assert!(!refused && error.kind() == Kind::Malformed, "{answer}: {error}");
                    assert!(error.to_string().ends_with("larger than 100 bytes"), "{error}");
                }
            }
        }
    }
}

#[test]
fn a_body_of_the_limit_is_taken() {
    let body = "x".repeat(100);
    for rest in [
        format!("Content-Length: 100\r\n\r\n{body}"),
        format!("Transfer-Encoding: chunked\r\n\r\n64\r\n{body}\r\n0\r\n\r\n"),
        format!("\r\n{body}"),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{rest}");
        for size in [1, 7, answer.len()] {
            let mut incoming = Incoming::new(String::new(), 100, Expected::Body);
            for piece in answer.as_bytes().chunks(size) {
                incoming.push(piece).unwrap();
            }
            assert_eq!(incoming.finish().unwrap().text().unwrap(), body, "{answer:?} by {size}");
        }
    }
}

#[test]
fn a_body_for_which_there_is_no_memory_is_malformed_and_in_a_refusal_dropped() {
    let most = isize::MAX as usize;
    for (status, expected) in [(200, Err(Kind::Malformed)), (401, Ok(true))] {
        let mut incoming = Incoming::new(String::new(), most, Expected::Body);
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {most}\r\n\r\n");
        assert_eq!(incoming.push(head.as_bytes()).map_err(|error| error.kind()), expected);
    }
}

#[test]
fn a_refusal_needs_no_body_and_a_success_without_one_is_cut_short() {
    for (answer, is_whole) in [
        ("HTTP/1.1 401 No\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\n\r\n{}", true),
        ("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", true),
        ("HTTP/1.1 401 No\r\nContent-Length: 3\r\n\r\n{}", false),
        ("HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", false),
    ] {
        assert_eq!(Response::from_bytes(answer.as_bytes()).is_ok(), is_whole, "{answer:?}");
    }
}

#[test]
fn an_invalid_answer_is_refused_at_the_first_byte_that_shows_it() {
    for (answer, wrong_at) in [
        ("HTTP/1.1 200 OK\r\nA b\r\nC: d\r\n\r\n", 22),
        ("HTTP/1.1 200 OK\r\nA\nC: d\r\n\r\n", 19),
        ("HTTP/2", 6),
        ("X", 1),
        ("HTTX/1.1 200 OK\r\n", 4),
        ("SSH-2.0-OpenSSH_9.2\r\n", 1),
        ("\x15\x03\x03\0\x02\x02F", 1),
        ("\r\nHTTP/1.1 200 OK\r\n", 1),
        ("HTTP/0.9 200 OK\r\n", 6),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab", 52),
    ] {
        let mut incoming = Incoming::new(String::new(), 100, Expected::Body);
        let good = answer.bytes().take_while(|byte| incoming.push(&[*byte]).is_ok()).count();
        assert_eq!(good + 1, wrong_at, "{answer:?}");
    }
}

#[test]
fn a_refused_answer_stays_refused() {
    let start = b"HTTP/1.1 200 OK\r\n\r\n{\"access_token\": ";
    for wrong in [&b"\"a token that is too large\"}"[..], &[b' '; 20_000]] {
        let mut incoming = Incoming::new(String::new(), 20, Expected::Body);
        assert!(!incoming.push(start).unwrap());
        assert_eq!(format!("{incoming:?}"), "Incoming { .. }", "nothing of the answer is shown");
        assert!(incoming.push(wrong).is_err(), "{wrong:?}");
        assert!(incoming.push(b"{}").is_err(), "after {wrong:?}");
        assert!(incoming.finish().is_err(), "after {wrong:?}");
    }
}

#[test]
fn the_answer_to_head_has_no_body_whatever_it_says() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2000000000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    ] {
        for size in [1, 7, answer.len()] {
            let mut incoming = Request::new(Method::Head, "http://h/").unwrap().incoming();
            let mut pieces = answer.as_bytes().chunks(size);
            let is_whole = pieces.any(|piece| incoming.push(piece).unwrap());
            assert!(is_whole, "{answer:?} in pieces of {size}");
            assert_eq!(incoming.finish().unwrap().body(), b"", "{answer:?}");
        }
    }
}
