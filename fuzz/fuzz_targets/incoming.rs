//! An HTTP answer as bytes, beside httparse: what both take, both read alike.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minbearer::{Kind, Response};

fuzz_target!(|data: &[u8]| {
    let response = match Response::from_bytes(data) {
        Ok(response) => response,
        Err(error) => return assert_eq!(error.kind(), Kind::Network, "{error}"),
    };
    let (status, body) = (response.status(), response.body());
    assert!((200..600).contains(&status) && body.len() <= data.len());

    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(head_len)) = parsed.parse(data) else { return };
    assert_eq!(parsed.code, Some(status));
    let mut is_chunked = false;
    for header in parsed.headers.iter() {
        let value = std::str::from_utf8(header.value).expect("what was taken is UTF-8");
        is_chunked |= header.name.eq_ignore_ascii_case("transfer-encoding");
        let same = parsed.headers.iter().filter(|other| other.name.eq_ignore_ascii_case(header.name));
        if same.count() == 1 {
            assert_eq!(response.header(header.name), Some(value), "{}", header.name);
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
        assert!(data[head_len..].starts_with(body));
    }
});
