//! Credentials go to the server that the configuration names, and nowhere else: not to the target of a redirect, not to a
//! proxy of the environment, not in clear over a network, not to what an ambiguous URL might mean.
//!
//! `.ci/features` runs this module again with every feature of every shared dependency turned on.

use crate::support::environment::{answering, call, check};
use crate::support::flows::flows;
use crate::support::hostile::{Server, Step};
use minbearer::{
    Flow, Http, Kind, Request, Session, Token, Transport, accelerator, client_credentials,
    get_token, jsa,
};
use std::time::{Duration, Instant};

const SECRET: &str = "s3cr3t&=+%#/?é Zq7";

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

fn good_flows(url: &str) -> [Box<dyn Flow>; 3] {
    flows(url, "id", SECRET).map(Result::unwrap)
}

#[test]
fn no_redirect_is_followed() {
    let trap = Server::script(vec![Step::Request, Step::send("HTTP/1.1 200 OK\r\n\r\nx")]);
    for status in [301, 302, 303, 307, 308] {
        let location = format!("Location: {}/\r\nContent-Length: 0\r\n\r\n", trap.url());
        let moved = format!("HTTP/1.1 {status} Moved\r\n{location}");
        let server = Server::script(vec![Step::Request, Step::send(moved)]);
        let url = server.url();
        for flow in good_flows(&url) {
            let error = get_token(&flow, &Http::new()).expect_err("a redirect");
            assert_eq!(error.kind(), Kind::Refused, "{error}");
        }
        let token = || Token::new("abc", None).unwrap();
        let session =
            || Session::new(good_flows(&url).into_iter().next().unwrap()).with_token(token());
        let request = || Request::get(&url).unwrap();
        let statuses = [
            session().send(request()).unwrap().status(),
            Http::new().send(&request(), deadline()).unwrap().status(),
            session().send_minreq(minreq::get(&url)).unwrap().status_code,
            token().authorize(minreq::get(&url)).send().unwrap().status_code,
        ];
        assert_eq!(statuses, [status; 4]);
    }
    assert_eq!(trap.connections(), 0, "a redirect was followed");
}

/// In a child process, whose environment names a proxy.
#[test]
#[ignore = "child process of the next test"]
fn child() {
    call(Http::new());
}

#[test]
fn no_proxy_of_the_environment_is_used() {
    let own = answering();
    check("it::credentials_go_nowhere_else::child", &own.url(), "", &own);
}

/// RFC 6749 section 2.3.1 wants TLS. Its own host needs none.
#[test]
fn client_credentials_over_plain_http_stay_on_this_host() {
    for (url, is_allowed) in [
        ("http://auth.example/token", false),
        ("http://10.0.0.1/token", false),
        ("http://0.0.0.0/token", false),
        ("http://localhost.example/token", false),
        ("http://127.0.0.1.example/token", false),
        ("http://[::ffff:10.0.0.1]/token", false),
        ("http://127.0.0.1/token", true),
        ("http://127.8.9.1/token", true),
        ("http://[::1]/token", true),
        ("http://localhost/token", true),
        ("https://auth.example/token", true),
    ] {
        let config = client_credentials::Config::new(url, "id", SECRET).unwrap();
        let outcome = config.request().map(drop).map_err(|error| error.kind());
        assert_eq!(outcome, if is_allowed { Ok(()) } else { Err(Kind::Config) }, "{url}");
        assert!(config.with_plain_http().request().is_ok(), "{url}");
    }
}

#[test]
fn a_url_that_could_mean_two_hosts_is_an_error_before_a_socket_opens() {
    for url in [
        "http://auth.example@evil.example/",
        "http://id:secret@auth.example/",
        "http://auth.example#@evil.example/",
        "http://auth.example\\@evil.example/",
        "http://auth.example:65536/",
        "http://auth.example:/",
        "http://auth.example:8o/",
        "http://auth.example:-1/",
        "http://auth.example /",
        "http://auth.example\t/",
        "http://auth.example/\r\nHost: evil.example",
        "http://auth.example/a b",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://[::1/",
        "http://::1/",
        "http:///token",
        "http:/auth.example/",
        "//auth.example/",
        "file:///etc/passwd",
        "ftp://auth.example/",
    ] {
        for outcome in [
            Request::get(url).map(drop),
            client_credentials::Config::new(url, "id", SECRET).map(drop),
            jsa::Config::new("id", SECRET).and_then(|config| config.with_qoauth_url(url)).map(drop),
            accelerator::Config::new(url, "rose", SECRET).map(drop),
        ] {
            let error = outcome.expect_err(url);
            assert_eq!(error.kind(), Kind::Config, "{url}: {error}");
            assert!(!error.to_string().contains("secret@"), "{url}: {error}");
        }
    }
}
