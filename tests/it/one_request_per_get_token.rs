//! `get_token` sends one request, whatever comes of it. The only retry is a session's, once, after a 401.

use crate::support::hostile::{Server, Step};
use minbearer::{Error, Response};
use minbearer::{
    Http, Request, Session, Transport, accelerator, client_credentials, get_token, jsa,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[test]
fn whatever_the_server_does_it_sees_one_connection() {
    let answer = |head: &str, body: &str| {
        let length = body.len();
        Step::send(format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n{body}"))
    };
    let good = || answer("200 OK", r#"{"access_token":"abc"}"#);
    for (name, script) in [
        ("a token", vec![Step::Request, good()]),
        ("no token", vec![Step::Request, answer("200 OK", "{}")]),
        ("401", vec![Step::Request, answer("401 No", r#"{"error":"invalid_client"}"#)]),
        ("429", vec![Step::Request, answer("429 Later\r\nRetry-After: 0", "")]),
        ("503", vec![Step::Request, answer("503 Later\r\nRetry-After: 0", "")]),
        ("421", vec![Step::Request, answer("421 Misdirected", "")]),
        ("a redirect to itself", vec![Step::Request, answer("307 Here\r\nLocation: /token", "")]),
        (
            "an interim answer",
            vec![Step::Request, Step::send("HTTP/1.1 103 Early\r\n\r\n"), good()],
        ),
        (
            "a cut answer",
            vec![Step::Request, Step::send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")],
        ),
        ("no answer", vec![Step::Request, Step::Drop]),
        ("a reset", vec![Step::Request, Step::Reset]),
        ("a reset before the request", vec![Step::Reset]),
        ("no HTTP", vec![Step::Request, Step::send("SSH-2.0-x\r\n")]),
        ("silence", vec![Step::Request, Step::Hold]),
    ] {
        let timeout = Duration::from_millis(if name == "silence" { 300 } else { 20_000 });
        for flow in 0..3 {
            let server = Server::script(script.clone());
            let url = server.url();
            let outcome = match flow {
                0 => {
                    let config =
                        jsa::Config::new("id", "s").unwrap().with_qoauth_url(&url).unwrap();
                    get_token(&config.with_timeout(timeout), &Http::new())
                }
                1 => {
                    let config = accelerator::Config::new(&url, "rose", "s").unwrap();
                    get_token(&config.with_timeout(timeout), &Http::new())
                }
                _ => {
                    let config = client_credentials::Config::new(&url, "id", "s").unwrap();
                    get_token(&config.with_timeout(timeout), &Http::new())
                }
            };
            assert_eq!(outcome.is_ok(), ["a token", "an interim answer"].contains(&name), "{name}");
            assert_eq!(server.connections(), 1, "{name}, flow {flow}");
        }
    }
}

/// Counts requests for tokens and calls of the API, which answers with one status.
#[derive(Default)]
struct Counting {
    tokens: AtomicUsize,
    calls: AtomicUsize,
    status: u16,
}

impl Transport for Counting {
    fn send(&self, request: &Request, _: Instant) -> Result<Response, Error> {
        if request.url().path_and_query() == "/api" {
            self.calls.fetch_add(1, Ordering::SeqCst);
            return Ok(Response::new(self.status, ""));
        }
        let number = self.tokens.fetch_add(1, Ordering::SeqCst);
        Ok(Response::new(200, format!(r#"{{"access_token":"token-{number}"}}"#)))
    }
}

#[test]
fn a_session_asks_again_and_calls_again_once_after_a_401_and_after_nothing_else() {
    for (status, expected) in [
        (200, 1),
        (204, 1),
        (307, 1),
        (400, 1),
        (401, 2),
        (403, 1),
        (407, 1),
        (429, 1),
        (500, 1),
        (503, 1),
    ] {
        let transport = Arc::new(Counting { status, ..Counting::default() });
        let config = client_credentials::Config::new("http://localhost/token", "id", "s").unwrap();
        let session = Session::with_transport(config, Arc::clone(&transport));
        let request = Request::get("http://localhost/api").unwrap();
        assert_eq!(session.send(request).unwrap().status(), status);
        let counted =
            [&transport.tokens, &transport.calls].map(|count| count.load(Ordering::SeqCst));
        assert_eq!(counted, [expected; 2], "{status}");
    }
}
