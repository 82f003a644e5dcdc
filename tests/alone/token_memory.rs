//! How much heap a flow needs without an operating system: at most two copies of the token, the received one and the
//! header value; and one copy once it is returned.
//!
//! ```sh
//! cargo test --test token_memory -- --nocapture   # prints the figures
//! ```

use allocation_counter::{AllocationInfo, measure};
use base64ct::{Base64UrlUnpadded, Encoding};
use minbearer::{Request, Token, jsa};

/// What a flow needs besides the token: URL, query, the heads of request and answer.
const OTHER_BYTES: u64 = 1024;

/// The allocations of JSA's flow for an answer in pieces of 64 bytes: from the request on, and by the returned token.
fn flow(body: &str) -> (AllocationInfo, AllocationInfo) {
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let config = jsa::Config::new("id", "secret").unwrap().with_qoauth_url("http://h:1").unwrap();
    let mut token = None;
    let whole = measure(|| token = Some(get_token(&config, &answer)));
    let dropped = measure(|| drop(token));
    (whole, dropped)
}

fn get_token(config: &jsa::Config, answer: &str) -> Token {
    let request: Request = config.request(1).unwrap();
    drop(request.to_bytes());
    let mut incoming = request.incoming();
    for piece in answer.as_bytes().chunks(64) {
        incoming.push(piece).unwrap();
    }
    config.read_answer(&request, incoming.finish().unwrap()).unwrap()
}

#[test]
fn a_token_is_in_memory_twice_at_most_and_then_once() {
    let claims = |len: usize| {
        let claims = format!("{{\"iat\":1,\"exp\":2,\"x\":\"{}\"}}", "y".repeat(len));
        format!("e30.{}.c2ln", Base64UrlUnpadded::encode_string(claims.as_bytes()))
    };
    for len in [100, 1000, 4000] {
        let (opaque, jwt) = ("t".repeat(len), claims(len * 3 / 4));
        for (what, token) in [
            ("an opaque token", opaque.clone()),
            ("a JWT", jwt.clone()),
            ("one with escapes", opaque.replacen('t', "\\u0074", 10)),
            ("a JWT with escapes", jwt.replacen('e', "\\u0065", 2)),
        ] {
            let (whole, kept) = flow(&format!("{{\"access_token\":\"{token}\"}}"));
            let (peak, kept) = (whole.bytes_max, kept.bytes_current.unsigned_abs());
            let len = token.len() as u64;
            println!(
                "{what} of {len} bytes: {peak} at the peak, {kept} kept, {} allocations",
                whole.count_total
            );
            assert!(peak <= 2 * len + OTHER_BYTES, "{what} of {len} bytes: {peak} at the peak");
            assert_eq!(kept, len + "Bearer ".len() as u64, "{what} of {len} bytes");
        }
    }
}

#[test]
fn a_name_or_a_text_without_an_escape_is_read_where_it_stands() {
    let allocations = |members: &str| {
        let (whole, _) = flow(&format!("{{{members}\"access_token\":\"t0k3n\"}}"));
        whole.count_total
    };
    // The buffer of the answer grows with its length.
    let plain = |count| "\"a-name\":\"a text\",".repeat(count);
    let escaped = |count| "\"\\u0061-name\":\"a tex\",".repeat(count);
    for count in [1, 10, 100] {
        let (plain, escaped) = (allocations(&plain(count)), allocations(&escaped(count)));
        // A name with an escape is decoded, to be compared.
        assert_eq!(escaped, plain + count as u64, "{count} members");
        assert!(plain <= allocations("") + 4, "{count} members: {plain} allocations");
    }
}
