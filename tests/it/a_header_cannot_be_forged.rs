//! Neither a token from a server nor a value from the program can add a line to a request, or end it early.

use crate::support::flows::flows;
use crate::support::hostile::{Server, Step};
use minbearer::{Error, Flow, Http, Kind, Method, Request, Response, Token, Transport, get_token};
use std::time::Instant;

/// Answers every request with this body.
struct Answering(Vec<u8>);

impl Transport for Answering {
    fn send(&self, _: &Request, _: Instant) -> Result<Response, Error> {
        Ok(Response::new(200, self.0.clone()))
    }
}

fn good_flows() -> [Box<dyn Flow>; 3] {
    flows("http://localhost", "id", "secret").map(Result::unwrap)
}

/// RFC 6750 section 2.1 and RFC 9110 section 5.5: what a token can have that a header can have too.
#[test]
fn each_of_the_256_bytes_in_a_token_is_visible_ascii_or_makes_the_answer_malformed() {
    let flows = good_flows();
    for byte in 0..=255_u8 {
        let character = char::from(byte);
        // As JSON writes it: escaped, and as it is.
        let escaped = format!("\\u{:04x}", u32::from(byte)).into_bytes();
        let raw = match byte {
            b'"' | b'\\' => vec![b'\\', byte],
            _ => vec![byte],
        };
        for (spelt, bytes) in [("escaped", escaped), ("raw", raw)] {
            for (start, end) in [("", ""), ("", "tail"), ("head", "tail"), ("head", "")] {
                let body =
                    [b"{\"access_token\":\"", start.as_bytes(), &bytes, end.as_bytes(), b"\"}"]
                        .concat();
                for flow in &flows {
                    let outcome = get_token(flow, &Answering(body.clone()));
                    let case = format!("byte {byte:#04x}, {spelt}, between `{start}` and `{end}`");
                    match outcome {
                        Ok(token) => {
                            assert!(
                                matches!(byte, 0x21..=0x7E),
                                "{case}: {}",
                                token.authorization()
                            );
                            assert_eq!(
                                token.access_token(),
                                format!("{start}{character}{end}"),
                                "{case}"
                            );
                        }
                        Err(error) => {
                            assert!(!matches!(byte, 0x21..=0x7E), "{case}: {error}");
                            assert_eq!(error.kind(), Kind::Malformed, "{case}: {error}");
                        }
                    }
                }
            }
            let given = format!("head{character}tail");
            assert_eq!(Token::new(&given, None).is_ok(), matches!(byte, 0x21..=0x7E), "{given:?}");
        }
    }
}

#[test]
fn a_token_type_adds_nothing_to_the_header() {
    for kind in ["Bearer\\r\\nX: y", "Bearer\\u0000", "Bearer x", "\\nBearer", "Basic"] {
        let body = format!(r#"{{"access_token":"abc","token_type":"{kind}"}}"#);
        for flow in good_flows() {
            if let Ok(token) = get_token(&flow, &Answering(body.clone().into_bytes())) {
                assert!(
                    ["Bearer abc", "Bearer:abc"].contains(&token.authorization()),
                    "{kind}: {token:?}"
                );
            }
        }
    }
}

/// RFC 9110 sections 5.1 and 5.6.2.
#[test]
fn each_of_the_256_characters_in_a_field_is_part_of_it_or_an_error() {
    let request = || Request::get("http://localhost/").unwrap();
    for byte in 0..=255_u8 {
        let character = char::from(byte);
        let is_value = matches!(byte, 0x20..=0x7E);
        let is_name = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        for text in [format!("a{character}b"), format!("a{character}"), format!("{character}")] {
            let outcomes = [
                (request().with_header("X", &text).map(drop), is_value),
                (request().with_header(&text, "x").map(drop), is_name),
                (request().with_body(&text, "").map(drop), is_value),
            ];
            for (index, (outcome, is_good)) in outcomes.into_iter().enumerate() {
                let kind = outcome.map_err(|error| error.kind());
                let expected = if is_good { Ok(()) } else { Err(Kind::Config) };
                assert_eq!(kind, expected, "{text:?}, {index}");
            }
        }
    }
    for name in ["Host", "connection", "Content-Length", "TRANSFER-ENCODING", ""] {
        assert!(request().with_header(name, "x").is_err(), "{name}");
    }
}

#[test]
fn ids_secrets_and_urls_add_no_line_to_what_is_sent() {
    let server = Server::script(vec![Step::Request, Step::send("HTTP/1.1 401 No\r\n\r\n")]);
    let mut sent = 0;
    for evil in [
        "x\r\nEvil: 1\r\n\r\nGET /evil HTTP/1.1",
        "x\nEvil: 1",
        "x\0",
        "x\u{85}\u{2028}",
        "x%0d%0aEvil: 1 +&=",
    ] {
        for flow in flows(&server.url(), evil, evil) {
            // What no id and no secret can be is named before it is sent.
            match flow.and_then(|flow| get_token(&flow, &Http::new())) {
                Err(error) if error.kind() == Kind::Config => {}
                outcome => {
                    assert_eq!(outcome.expect_err("a refusal").kind(), Kind::Refused);
                    sent += 1;
                }
            }
        }
    }
    let requests = server.requests();
    assert!(sent >= 3 && requests.len() == sent, "{sent} of {}", requests.len());
    for request in requests {
        let text = String::from_utf8(request).expect("ASCII alone");
        assert!(text.is_ascii() && !text.contains("\nEvil") && !text.contains(" /evil"), "{text}");
        let (head, _) = text.split_once("\r\n\r\n").expect("a head");
        assert!(!head.replace("\r\n", "").contains(char::is_control), "{text}");
    }
    for path in ["/a\r\nEvil: 1", "/a b", "/\u{0}", "/é\u{7f}"] {
        assert!(Request::new(Method::Get, &format!("http://localhost{path}")).is_err(), "{path:?}");
    }
}
