//! An HTTP answer is read the same however it is cut into pieces; and if httparse accepts it too, both agree on it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minbearer::{Kind, NetworkCause, Request, Response, Token};

/// Lengths of pieces, derived from the answer so that a failure is reproducible. Most are short, some 0.
struct Cuts(u64);

impl Cuts {
    fn of(data: &[u8]) -> Cuts {
        let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        Cuts(data.iter().fold(0xcbf2_9ce4_8422_2325, hash) | 1)
    }

    fn next(&mut self) -> usize {
        for shift in [13, -7, 17] {
            self.0 ^= if shift > 0 { self.0 << shift } else { self.0 >> -shift };
        }
        let bits = self.0 as usize;
        if bits & 7 == 0 { bits >> 8 & 0x3ff } else { bits >> 8 & 0xf }
    }
}

/// Everything that a caller can see of an answer.
#[derive(Debug, PartialEq)]
enum Outcome {
    Good { status: u16, headers: Vec<(String, String)>, body: Vec<u8>, refusal: Option<String> },
    Failed { kind: Kind, cause: Option<NetworkCause>, text: String },
}

/// Reads an answer in pieces of these lengths. Also returns after how many bytes it was whole.
fn read(
    data: &[u8],
    limit: usize,
    mut piece: impl FnMut() -> usize,
) -> (Outcome, Option<usize>) {
    let request = Request::get("http://h/").expect("a URL").with_max_answer_bytes(limit);
    let mut incoming = request.incoming();
    let (mut rest, mut whole_at) = (data, None);
    let outcome = loop {
        let (now, later) = rest.split_at(piece().min(rest.len()));
        rest = later;
        match incoming.push(now) {
            Err(error) => break Err(error),
            Ok(true) => {
                whole_at = Some(data.len() - rest.len());
                break incoming.finish();
            }
            Ok(false) if rest.is_empty() => break incoming.finish(),
            Ok(false) => {}
        }
    };
    assert!(whole_at.is_none() || outcome.is_ok(), "whole, and {outcome:?}");
    let outcome = match outcome {
        Ok(response) => {
            let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            let headers = response.headers().map(own).collect();
            let (status, body) = (response.status(), response.body().to_vec());
            let is_refusal = !response.is_success();
            // The error shows the reason.
            let refusal = || Token::from_answer(&request, response).unwrap_err().to_string();
            Outcome::Good { status, headers, body, refusal: is_refusal.then(refusal) }
        }
        Err(error) => {
            let (kind, cause) = (error.kind(), error.network_cause());
            Outcome::Failed { kind, cause, text: error.to_string() }
        }
    };
    (outcome, whole_at)
}

fuzz_target!(|data: &[u8]| {
    let mut cuts = Cuts::of(data);
    let small = cuts.next();
    for limit in [1024 * 1024, small] {
        let (whole, _) = read(data, limit, || usize::MAX);
        let (by_byte, whole_at) = read(data, limit, || 1);
        assert_eq!(by_byte, whole, "a byte at a time");
        assert_eq!(read(data, limit, || cuts.next()).0, whole, "cut at random");
        match &whole {
            Outcome::Failed { kind, cause, .. } => {
                let is_too_large = *kind == Kind::Malformed && cause.is_none();
                assert!(is_too_large || *kind == Kind::Network, "{whole:?}");
            }
            Outcome::Good { status, headers, body, .. } => {
                assert!((200..1000).contains(status) && body.len() <= limit.min(data.len()));
                let is_framed = headers.iter().any(|(name, _)| {
                    ["content-length", "transfer-encoding"]
                        .contains(&name.to_ascii_lowercase().as_str())
                });
                if let (true, Some(len)) = (is_framed, whole_at) {
                    let (short, _) = read(&data[..len - 1], limit, || usize::MAX);
                    let Outcome::Failed { cause: Some(NetworkCause::CutShort), .. } = short else {
                        panic!("a byte short, and {short:?}")
                    };
                }
            }
        }
    }
    beside_httparse(data);
});

fn beside_httparse(data: &[u8]) {
    let Ok(response) = Response::from_bytes(data) else { return };
    let (status, body) = (response.status(), response.body());

    let mut rest = data;
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let parsed = loop {
        headers.fill(httparse::EMPTY_HEADER);
        let mut parsed = httparse::Response::new(&mut headers);
        let Ok(httparse::Status::Complete(head_len)) = parsed.parse(rest) else { return };
        rest = &rest[head_len..];
        if !parsed.code.is_some_and(|code| code < 200) {
            break (parsed.code, parsed.headers.to_vec());
        }
    };
    assert_eq!(parsed.0, Some(status));
    let mut is_chunked = false;
    for header in &parsed.1 {
        is_chunked |= header.name.eq_ignore_ascii_case("transfer-encoding");
        let is_same = |other: &&httparse::Header| other.name.eq_ignore_ascii_case(header.name);
        if parsed.1.iter().filter(is_same).count() == 1 {
            let latin_1 = || header.value.iter().map(|byte| char::from(*byte)).collect();
            let value = String::from_utf8(header.value.to_vec()).unwrap_or_else(|_| latin_1());
            assert_eq!(response.header(header.name), Some(value.as_str()), "{}", header.name);
        }
    }
    if is_chunked {
        let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for chunk in body.chunks(7) {
            bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        assert_eq!(Response::from_bytes(&bytes).expect("chunks").body(), body);
    } else {
        assert!(rest.starts_with(body));
    }
}
