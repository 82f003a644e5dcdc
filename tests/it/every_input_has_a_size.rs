//! Every input has a size: for each limit, what just fits is taken, and one byte more is an error that says so.

use crate::support::executable::write_executable;
use crate::support::hostile::{Server, Step};
use minbearer::client_credentials::{ClientAuthentication, Config};
use minbearer::{Error, Http, Kind, Request, Response, Secret, Token, Transport, get_token, jsa};
use std::time::{Duration, Instant};

const KIB: usize = 1024;
const HEAD: usize = 16 * KIB;
const TOKEN: usize = 16 * KIB;
const TOKEN_ANSWER: usize = 64 * KIB;
const API_ANSWER: usize = 1024 * KIB;
const PORT: usize = 256;
const SECRET_FILE: usize = 16 * KIB;
const ASSERTION: usize = 16 * KIB;

const GOOD: &str = r#"{"access_token":"abc"}"#;

/// `limit` bytes are taken, and one byte more is an error of this kind.
#[track_caller]
fn check<T>(limit: usize, kind: Kind, take: impl Fn(usize) -> Result<T, Error>) {
    if let Err(error) = take(limit) {
        panic!("{limit} bytes: {error}");
    }
    match take(limit + 1) {
        Err(error) => assert_eq!(error.kind(), kind, "{} bytes: {error}", limit + 1),
        Ok(_) => panic!("{} bytes are taken", limit + 1),
    }
}

fn serving(answer: String) -> Server {
    Server::script(vec![Step::Request, Step::send(answer)])
}

fn token_from(server: &Server) -> Result<Token, Error> {
    let config = jsa::Config::new("id", "secret")?.with_qoauth_url(&server.url())?;
    get_token(&config.with_timeout(Duration::from_secs(20)), &Http::new())
}

#[test]
fn the_head_of_an_answer() {
    check(HEAD, Kind::Network, |len| {
        let start = "HTTP/1.1 200 OK\r\nContent-Length: 22\r\nX: ";
        let padding = "x".repeat(len - start.len() - 4);
        token_from(&serving(format!("{start}{padding}\r\n\r\n{GOOD}")))
    });
}

#[test]
fn a_token_answer_however_it_is_framed() {
    let body = |len: usize| format!("{GOOD}{}", " ".repeat(len - GOOD.len()));
    check(TOKEN_ANSWER, Kind::Malformed, |len| {
        token_from(&serving(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n{}",
            body(len)
        )))
    });
    check(TOKEN_ANSWER, Kind::Malformed, |len| {
        token_from(&serving(format!("HTTP/1.1 200 OK\r\n\r\n{}", body(len))))
    });
    check(TOKEN_ANSWER, Kind::Malformed, |len| {
        let body = body(len);
        let (first, rest) = body.split_at(1000);
        let chunks = format!("3e8\r\n{first}\r\n{:x}\r\n{rest}\r\n0\r\n\r\n", rest.len());
        token_from(&serving(format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"
        )))
    });
}

#[test]
fn an_answer_of_an_api_and_the_limit_that_a_request_sets() {
    let call = |len: usize, request: &dyn Fn(Request) -> Request| {
        let server =
            serving(format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n{}", " ".repeat(len)));
        let request = request(Request::get(&server.url())?);
        let answer = Http::new().send(&request, Instant::now() + Duration::from_secs(20))?;
        assert_eq!(answer.body().len(), len);
        Ok(answer)
    };
    check(API_ANSWER, Kind::Malformed, |len| call(len, &|request| request));
    check(100, Kind::Malformed, |len| call(len, &|request| request.with_max_answer_bytes(100)));
}

#[test]
fn a_token() {
    struct Answering(String);
    impl Transport for Answering {
        fn send(&self, _: &Request, _: Instant) -> Result<Response, Error> {
            Ok(Response::new(200, self.0.as_str()))
        }
    }
    check(TOKEN, Kind::Malformed, |len| {
        let answer = format!(r#"{{"access_token":"{}"}}"#, "x".repeat(len));
        get_token(&Config::new("http://localhost/", "id", "secret")?, &Answering(answer))
    });
    assert!(Token::new(&"x".repeat(TOKEN), None).is_ok());
    assert!(Token::new(&"x".repeat(TOKEN + 1), None).is_err());
}

#[test]
fn the_port_that_a_locator_prints() {
    let server = serving(format!("HTTP/1.1 200 OK\r\n\r\n{GOOD}"));
    let folder = tempfile::tempdir().unwrap();
    let locator = folder.path().join("locator");
    check(PORT, Kind::Locator, |len| {
        write_executable(
            &locator,
            format!("#!/bin/sh\nprintf '%-{len}s' {}\n", server.port()).as_bytes(),
        );
        let config = jsa::Config::new("id", "secret")?
            .with_locator(&locator)
            .with_qoauth_host("127.0.0.1")?;
        jsa::get_token(&config.with_timeout(Duration::from_secs(20)))
    });
}

#[test]
fn the_file_of_a_secret_and_an_assertion() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    check(SECRET_FILE, Kind::Config, |len| {
        std::fs::write(&file, "x".repeat(len)).unwrap();
        Secret::from_file(&file)
    });
    check(ASSERTION, Kind::Config, |len| {
        let assertion = format!("e30.e30.{}", "x".repeat(len - 8));
        Config::new("http://localhost/", "id", ClientAuthentication::assertion(assertion))?
            .request()
    });
}
