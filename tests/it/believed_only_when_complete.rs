//! What a server says is believed only when it is complete: whatever is cut off, trails or contradicts, no token comes of it.

use crate::support::hostile::{Server, Step};
use minbearer::{
    Error, Kind, NetworkCause, Request, Response, Transport, accelerator, client_credentials,
    get_token, jsa,
};
use std::time::{Duration, Instant};

const BODY: &str = r#"{"access_token":"abc","token_type":"Bearer","expires_in":3600}"#;

fn with_length() -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{BODY}", BODY.len())
}

fn chunked() -> String {
    let (first, rest) = BODY.split_at(20);
    let chunks =
        format!("14\r\n{first}\r\n{:x};x=y\r\n{rest}\r\n0\r\nTrailer: x\r\n\r\n", rest.len());
    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")
}

/// The end of the connection is the end of the body.
fn until_close() -> String {
    format!("HTTP/1.1 200 OK\r\n\r\n{BODY}")
}

fn ask(server: &Server) -> Result<minbearer::Token, Error> {
    let config = jsa::Config::new("id", "secret")?.with_qoauth_url(&server.url())?;
    jsa::get_token(&config.with_timeout(Duration::from_secs(20)))
}

#[test]
fn an_answer_that_is_cut_after_any_byte_yields_no_token() {
    for (framing, answer) in
        [("length", with_length()), ("chunks", chunked()), ("close", until_close())]
    {
        for end in [Step::Drop, Step::HalfClose] {
            let script = |sent: &str| vec![Step::Request, Step::send(sent), end.clone()];
            let whole = ask(&Server::script(script(&answer)))
                .unwrap_or_else(|error| panic!("{framing}: {error}"));
            assert_eq!(whole.access_token(), "abc");
            for len in 0..answer.len() {
                let error = ask(&Server::script(script(&answer[..len])))
                    .expect_err("an answer that is cut");
                // Without a length, an answer that ends within its body looks complete; then its JSON is not.
                let is_malformed = framing == "close" && error.kind() == Kind::Malformed;
                assert!(
                    is_malformed || error.kind() == Kind::Network,
                    "{framing}, {len} bytes: {error}"
                );
            }
        }
    }
}

/// The same without a socket: for a program that moves the bytes itself.
#[test]
fn the_pure_reader_does_not_believe_it_either() {
    let request = Request::get("http://localhost/").unwrap();
    for answer in [with_length(), chunked()] {
        for len in 0..answer.len() {
            let mut incoming = request.incoming();
            assert!(!incoming.push(&answer.as_bytes()[..len]).unwrap(), "whole after {len} bytes");
            let error = incoming.finish().expect_err("an answer that is cut");
            assert_eq!(error.network_cause(), Some(NetworkCause::CutShort), "{len} bytes: {error}");
        }
    }
}

struct Answering(u16, String);

impl Transport for Answering {
    fn send(&self, _: &Request, _: Instant) -> Result<Response, Error> {
        Ok(Response::new(self.0, self.1.as_str()))
    }
}

/// Whether each flow gets a token from this answer. They agree.
fn is_believed(status: u16, body: &str) -> bool {
    let answering = Answering(status, body.to_owned());
    let url = "http://localhost";
    let jsa = jsa::Config::new("id", "secret").unwrap().with_qoauth_url(url).unwrap();
    let accelerator = accelerator::Config::new(url, "rose", "secret").unwrap();
    let oauth = client_credentials::Config::new(url, "id", "secret").unwrap();
    let believed = [
        get_token(&jsa, &answering).is_ok(),
        get_token(&accelerator, &answering).is_ok(),
        get_token(&oauth, &answering).is_ok(),
    ];
    assert!(believed == [true; 3] || believed == [false; 3], "{status}, {body}: {believed:?}");
    believed[0]
}

#[test]
fn no_other_status_than_2xx_yields_a_token() {
    for status in 100..=999 {
        assert_eq!(is_believed(status, BODY), (200..300).contains(&status), "{status}");
    }
}

#[test]
fn bytes_after_the_json_and_an_error_beside_a_token_yield_none() {
    for (body, expected) in [
        (BODY.to_owned(), true),
        (format!("{BODY}\r\n\t "), true),
        (format!("{BODY}x"), false),
        (format!("{BODY}{BODY}"), false),
        (format!("{BODY},"), false),
        (format!("{BODY}\0"), false),
        (format!("[{BODY}]"), false),
        (BODY.replace('}', r#","error":"invalid_client"}"#), false),
        (BODY.replace('{', r#"{"error":"x","#), false),
        (BODY.replace('{', r#"{"error":{},"#), false),
        (BODY.replace('}', r#","access_token":"def"}"#), false),
        (BODY.replace("\"abc\"", "null"), false),
        (BODY.replace("\"abc\"", "123"), false),
        (BODY.replace("\"abc\"", "\"\""), false),
        (BODY.replace("\"abc\"", "[\"abc\"]"), false),
        (String::new(), false),
    ] {
        assert_eq!(is_believed(200, &body), expected, "{body}");
    }
}
