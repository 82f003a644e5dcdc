//! `Http::with_proxy`: what a proxy sees, and what one that is broken or hostile can do.

#![cfg(feature = "tls")]

use crate::support::appliance::{Appliance, Credentials, Setup};
use crate::support::hostile::{Port, Server, Step};
use crate::support::listener::read_head;
use crate::support::proxy::Proxy;
use crate::support::tls::{self, Authority, Key, pem};
use minbearer::{
    Error, Http, Kind, NetworkCause, Request, SecretSource, Session, Transport, client_credentials,
};
use rustls::{ServerConnection, StreamOwned};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SECRET: &str = "s3cr3t-of-the-client";
const PASSWORD: &str = "p=&+%#/?é Zq7";
/// `rose:p=&+%#/?é Zq7`
const AUTHORIZATION: &str = "Basic cm9zZTpwPSYrJSMvP8OpIFpxNw==";
const GRACE: Duration = Duration::from_millis(500);
const LONG: Duration = Duration::from_secs(20);

fn contains(text: &[u8], part: &str) -> bool {
    memchr::memmem::find(text, part.as_bytes()).is_some()
}

#[test]
fn token_and_api_call_go_through_the_proxy_which_learns_host_and_port_alone() {
    let credentials = Credentials { client_secret: SECRET.into(), ..Credentials::default() };
    let id = credentials.client_id.clone();
    let setup = Setup { credentials, tls: true, ..Setup::default() };
    let appliance = Appliance::set_up(setup).unwrap();
    let proxy = Proxy::start(None);
    let ca = std::fs::read(appliance.ca_file().unwrap()).unwrap();
    let http = Http::new().with_ca(&ca).unwrap().with_proxy(&proxy.url()).unwrap();
    let url = appliance.qoauth_url() + "/token";
    let config = client_credentials::Config::new(&url, id, SECRET).unwrap();
    let session = Session::with_transport(config, http);
    let request = Request::get(&(appliance.console_url() + "/api/ariel/databases")).unwrap();
    assert_eq!(session.send(request).unwrap().status(), 200);

    let seen = proxy.seen();
    let head = |url: &str| {
        let server = url.strip_prefix("https://").unwrap();
        let agent = concat!("User-Agent: minbearer/", env!("CARGO_PKG_VERSION"));
        format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n{agent}\r\n\r\n")
    };
    assert_eq!(seen.heads, [head(&appliance.qoauth_url()), head(&appliance.console_url())]);
    let token = session.token().unwrap();
    for part in [SECRET, token.access_token(), "HTTP/1.1", "Authorization", "/token"] {
        assert!(!contains(&seen.tunnelled, part), "the proxy saw {part}");
    }
    assert!(seen.tunnelled.len() > 1000, "everything went through it");
}

/// A TLS server that keeps the head of each request.
fn keeping_heads(
    address: IpAddr,
    authority: &Authority,
    name: &str,
) -> (tls::Server, Arc<Mutex<Vec<u8>>>) {
    let config = Arc::new(authority.issue(&[name]).config());
    let heads = Arc::<Mutex<Vec<u8>>>::default();
    let kept = Arc::clone(&heads);
    let server = tls::Server::start_on(address, move |connection| {
        let mut tls = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), connection);
        kept.lock().unwrap().extend(read_head(&mut tls)?);
        tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    });
    (server, heads)
}

fn get(http: &Http, url: &str, time: Duration) -> Result<u16, Error> {
    let request = Request::get(url).unwrap();
    http.send(&request, Instant::now() + time).map(|response| response.status())
}

#[test]
fn its_credentials_go_to_the_proxy_and_not_to_the_server() {
    let authority = Authority::new("a private CA", Key::P256);
    let (server, heads) = keeping_heads(Ipv4Addr::LOCALHOST.into(), &authority, "localhost");
    let url = server.url("localhost", "/");
    let proxy = Proxy::start(Some(AUTHORIZATION));
    let http = Http::new().with_ca(pem(authority.certificate())).unwrap();
    let http = http.with_proxy(&proxy.url()).unwrap();
    let with = |password: &str| {
        http.clone().with_proxy_credentials("rose", SecretSource::from(password)).unwrap()
    };
    for (http, expected) in [
        (
            http.clone(),
            Some(
                "it wants a user and a password: --proxy-user and PROXY_PASSWORD_FILE, or Http::with_proxy_credentials",
            ),
        ),
        (with("another"), Some("it does not accept the user and the password for it")),
        (with(PASSWORD), None),
        (with(PASSWORD).clone(), None),
    ] {
        match (get(&http, &url, LONG), expected) {
            (Ok(status), None) => assert_eq!(status, 200),
            (Err(error), Some(part)) => {
                let (kind, cause) = (error.kind(), error.network_cause());
                assert_eq!((kind, cause), (Kind::Network, Some(NetworkCause::Proxy)), "{error}");
                let message = error.to_string();
                assert!(
                    message.contains("answered 407 Proxy Authentication Required"),
                    "{message}"
                );
                assert!(message.contains(part), "{message}");
            }
            (outcome, expected) => panic!("{outcome:?} instead of {expected:?}"),
        }
    }
    let heads = heads.lock().unwrap();
    assert!(contains(&heads, "GET / HTTP/1.1"));
    assert!(
        !contains(&heads, "roxy-Auth") && !contains(&heads, "cm9z"),
        "they are for the proxy alone"
    );
    let shown = format!("{http:?} {:?}", with(PASSWORD));
    assert!(!shown.contains("rose") && !shown.contains("Zq7"), "{shown}");
}

#[test]
fn an_ipv6_address_stands_in_brackets() {
    let authority = Authority::new("a private CA", Key::P256);
    let (server, _) = keeping_heads(Ipv6Addr::LOCALHOST.into(), &authority, "::1");
    let proxy = Proxy::start(None);
    let http = Http::new().with_ca(pem(authority.certificate())).unwrap();
    let http = http.with_proxy(&proxy.url()).unwrap();
    assert_eq!(get(&http, &server.url("[::1]", "/"), LONG).unwrap(), 200);
    let expected = format!("CONNECT [::1]:{0} HTTP/1.1\r\nHost: [::1]:{0}\r\n", server.port());
    assert!(proxy.seen().heads[0].starts_with(&expected), "{:?}", proxy.seen().heads);
}

/// What a proxy does, how the call ends, and a part of the message.
type Row = (&'static str, Vec<Step>, (Kind, Option<NetworkCause>), &'static str);

const PROXY: (Kind, Option<NetworkCause>) = (Kind::Network, Some(NetworkCause::Proxy));
const LATE: (Kind, Option<NetworkCause>) = (Kind::Timeout, None);

fn hostile_proxies() -> Vec<Row> {
    const PAUSE: Duration = Duration::from_millis(60);
    let send = |text: &str| Step::send(text);
    let head = |rest: &str| Step::send(format!("HTTP/1.1 {rest}\r\n\r\n"));
    vec![
        ("is silent", vec![Step::Request, Step::Hold], LATE, "did not open a tunnel in time"),
        ("reads nothing", vec![Step::Hold], LATE, "did not open a tunnel in time"),
        (
            "drips a head",
            vec![
                Step::Request,
                Step::Trickle(b"HTTP/1.1 200 ".to_vec(), PAUSE),
                Step::Endless(b"x".into(), PAUSE),
            ],
            LATE,
            "did not open a tunnel in time",
        ),
        (
            "never ends its head",
            vec![
                Step::Request,
                send("HTTP/1.1 200 OK\r\n"),
                Step::Endless(b"X: y\r\n".repeat(64), Duration::ZERO),
            ],
            PROXY,
            "the answer's head is longer than",
        ),
        (
            "says 100 without end",
            vec![
                Step::Request,
                Step::Endless(b"HTTP/1.1 100 Continue\r\n\r\n".repeat(64), Duration::ZERO),
            ],
            PROXY,
            "the answer's head is longer than",
        ),
        (
            "hangs up",
            vec![Step::Request],
            PROXY,
            "closed the connection without an answer; is it an HTTP proxy?",
        ),
        (
            "is a web server, Python's",
            vec![
                Step::Request,
                send(
                    "HTTP/1.0 501 Unsupported method ('CONNECT')\r\nContent-Type: text/html\r\n\r\n<title>Error response</title><h1>Error response</h1><p>Error code: 501</p>",
                ),
            ],
            PROXY,
            "(text/html: Error response Error code: 501); does it allow CONNECT to 192.0.2.1:8443?",
        ),
        ("resets", vec![Step::Request, Step::Reset], PROXY, "the connection to the proxy"),
        (
            "breaks off in its head",
            vec![Step::Request, send("HTTP/1.1 200 OK\r\nVia: x\r\n")],
            PROXY,
            " was cut short",
        ),
        (
            "breaks off after 100",
            vec![Step::Request, head("100 Continue")],
            PROXY,
            " was cut short",
        ),
        (
            "is SSH",
            vec![Step::Request, send("SSH-2.0-x\r\n")],
            PROXY,
            "not HTTP: it does not start with a status line",
        ),
        (
            "wants TLS",
            vec![Step::Request, Step::send(b"\x15\x03\x01\x00\x02\x02\x28")],
            PROXY,
            "is it an HTTP proxy?",
        ),
        ("is SOCKS 5", vec![Step::send(b"\x05\xff")], PROXY, "is it an HTTP proxy?"),
        (
            "sends bytes of its own after 200",
            vec![Step::Request, send("HTTP/1.1 200 OK\r\n\r\n\x16\x03\x03")],
            PROXY,
            "the answer goes on after its end",
        ),
        (
            "gives 200 a body",
            vec![Step::Request, send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno")],
            PROXY,
            "the answer goes on after its end",
        ),
        (
            "says 200 and is silent",
            vec![Step::Request, head("200 OK\r\nContent-Length: 2"), Step::Hold],
            LATE,
            "192.0.2.1:8443 through the proxy 127.0.0.1:",
        ),
        (
            "says 200 and answers itself",
            vec![Step::Request, head("200 OK"), Step::Sip(1, Duration::from_millis(1))],
            LATE,
            "",
        ),
        (
            "refuses, by squid",
            vec![
                Step::Request,
                send(
                    "HTTP/1.1 403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\nContent-Type: text/html\r\nContent-Length: 42\r\n\r\n<title>ERROR: Access Denied.</title>xxxxxx",
                ),
            ],
            PROXY,
            "answered 403 Forbidden (ERR_ACCESS_DENIED 0) (text/html: ERROR: Access Denied.); does it allow CONNECT to 192.0.2.1:8443?",
        ),
        (
            "refuses, by tinyproxy",
            vec![Step::Request, head("500 Unable to connect\r\nServer: tinyproxy"), Step::Drop],
            PROXY,
            "answered 500 Unable to connect; can it reach 192.0.2.1:8443?",
        ),
        (
            "refuses, with a Proxy-Status",
            vec![
                Step::Request,
                head(
                    "502 Bad Gateway\r\nProxy-Status: proxy; error=dns_error\r\nContent-Length: 0",
                ),
            ],
            PROXY,
            "answered 502 Bad Gateway (proxy; error=dns_error); can it reach",
        ),
        (
            "asks for NTLM",
            vec![Step::Request, head("407 No\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0")],
            PROXY,
            "it wants another authentication than Basic, which is all there is here: NTLM",
        ),
        (
            "asks for Digest, and has Basic in its realm",
            vec![
                Step::Request,
                head(
                    "407 No\r\nProxy-Authenticate: Digest realm=\"Use basic login\", nonce=\"x\"\r\nContent-Length: 0",
                ),
            ],
            PROXY,
            "it wants another authentication than Basic, which is all there is here: Digest realm",
        ),
        (
            "has too much to do",
            vec![Step::Request, head("429 Too Many Requests\r\nContent-Length: 0")],
            PROXY,
            "answered 429 Too Many Requests; it is busy: try again later",
        ),
        (
            "says 999",
            vec![Step::Request, head("999 Request denied\r\nContent-Length: 0")],
            PROXY,
            "answered 999 Request denied; can it reach 192.0.2.1:8443?",
        ),
        (
            "redirects, and names a user",
            vec![
                Step::Request,
                head("302 Found\r\nLocation: http://u:pw@h/login\r\nContent-Length: 0"),
            ],
            PROXY,
            "it redirects to http://h/login)",
        ),
        (
            "sends a 407 that names no scheme",
            vec![Step::Request, head("407 No\r\nContent-Length: 0")],
            PROXY,
            "it does not accept the user",
        ),
        (
            "says 401, as tinyproxy does",
            vec![Step::Request, head("401 No\r\nContent-Length: 0")],
            PROXY,
            "answered 401 No; it does not accept the user",
        ),
        (
            "redirects",
            vec![
                Step::Request,
                head("302 Found\r\nLocation: http://h/login?x\r\nContent-Length: 0"),
            ],
            PROXY,
            "it redirects to http://h/login)",
        ),
        (
            "echoes the password",
            vec![
                Step::Request,
                head(&format!(
                    "407 {PASSWORD}\r\nProxy-Status: {AUTHORIZATION}\r\nContent-Length: 0"
                )),
            ],
            PROXY,
            "answered 407 [redacted] (Basic [redacted])",
        ),
        (
            "refuses with a page that drips",
            vec![Step::Request, head("503 Later"), Step::Endless(b"x".into(), PAUSE)],
            PROXY,
            "answered 503 Later (xx",
        ),
        (
            "refuses with a page that never ends",
            vec![Step::Request, head("503 Later"), Step::Endless(vec![b'x'; 4096], Duration::ZERO)],
            PROXY,
            "answered 503 Later; it may be busy: try again later; or can it reach 192.0.2.1:8443?",
        ),
    ]
}

#[test]
fn a_hostile_proxy_is_an_error_in_time_and_no_secret_is_shown() {
    // To read the system's takes a second, if many do it at once.
    let ca = pem(Authority::new("a private CA", Key::P256).certificate());
    let http = Http::new().with_ca(ca).unwrap();
    std::thread::scope(|scope| {
        for (name, script, (kind, cause), part) in hostile_proxies() {
            let http = http.clone();
            scope.spawn(move || {
                let proxy = Server::script(script);
                let http = http.with_proxy(&proxy.url()).unwrap();
                let http = http.with_proxy_credentials("rose", PASSWORD).unwrap();
                let time = if kind == Kind::Timeout || name.ends_with("drips") {
                    Duration::from_secs(1)
                } else {
                    LONG
                };
                let url = "https://192.0.2.1:8443/token";
                let config =
                    client_credentials::Config::new(url, "id", SECRET).unwrap().with_timeout(time);
                let asked = Instant::now();
                let error = minbearer::get_token(&config, &http).expect_err(name);
                let elapsed = asked.elapsed();
                assert_eq!((error.kind(), error.network_cause()), (kind, cause), "{name}: {error}");
                let message = error.to_string();
                assert!(message.contains(part), "{name}: {message}");
                assert!(elapsed < time + GRACE, "{name}: {elapsed:?}");
                for secret in [SECRET, PASSWORD, "Zq7", "cm9zZTp"] {
                    assert!(!message.contains(secret), "{name}: {message}");
                }
                for request in proxy.requests() {
                    assert!(!contains(&request, SECRET), "{name} got the client's secret");
                }
            });
        }
    });
}

#[test]
fn a_proxy_that_cannot_be_reached_is_named() {
    let proxy = Server::start(Port::Refusing);
    let http = Http::new().with_proxy(&proxy.url()).unwrap();
    let error = get(&http, "https://192.0.2.1/", LONG).unwrap_err();
    let (kind, cause) = (error.kind(), error.network_cause());
    assert_eq!((kind, cause), (Kind::Network, Some(NetworkCause::Connect)), "{error}");
    let part = format!("no connection to the proxy 127.0.0.1:{}", proxy.port());
    assert!(error.to_string().contains(&part), "{error}");
    // Its queue is full.
    let proxy = Server::start(Port::Full);
    let http = Http::new().with_proxy(&proxy.url()).unwrap();
    let error = get(&http, "https://192.0.2.1/", Duration::from_millis(300)).unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout, "{error}");
    assert!(error.to_string().contains("the proxy 127.0.0.1"), "{error}");
}

#[test]
fn a_plain_request_and_a_wrong_setting_are_errors_before_a_socket_opens() {
    let proxy = Server::script(vec![Step::Hold]);
    let http = || Http::new().with_proxy(&proxy.url()).unwrap();
    for (error, part) in [
        (
            get(&http(), "http://192.0.2.1/", LONG).unwrap_err(),
            "API call to 192.0.2.1:80 is plain http, which the proxy would read",
        ),
        (get(&http(), "http://localhost/", LONG).unwrap_err(), "a proxy is for https alone"),
        (
            Http::new().with_proxy("https://p:3128").unwrap_err(),
            "the proxy URL is https; write http",
        ),
        (
            Http::new().with_proxy("http://rose:hunter2@p:3128").unwrap_err(),
            "the proxy URL has user info",
        ),
        (Http::new().with_proxy("http://p:3128/x").unwrap_err(), "the proxy URL has a path"),
        (
            Http::new().with_proxy("socks5://p:1080").unwrap_err(),
            "the proxy URL does not start with http://",
        ),
        (
            Http::new().with_proxy("p:3128").unwrap_err(),
            "the proxy URL does not start with http://",
        ),
        (Http::new().with_proxy_credentials("rose", "p").unwrap_err(), "before its URL"),
        (http().with_proxy_credentials("", "p").unwrap_err(), "the proxy's user must not be empty"),
        (http().with_proxy_credentials("a:b", "p").unwrap_err(), "a colon"),
        (
            http().with_proxy_credentials("rose", "").unwrap_err(),
            "the proxy's password must not be empty",
        ),
        (
            http().with_proxy_credentials("rose", "p\n").unwrap_err(),
            "the proxy's password ends in a line break",
        ),
        (
            get(
                &http().with_proxy_credentials("rose", SecretSource::file("/dev/null")).unwrap(),
                "https://192.0.2.1/",
                LONG,
            )
            .unwrap_err(),
            "/dev/null is neither a regular file nor a pipe",
        ),
    ] {
        assert_eq!(error.kind(), Kind::Config, "{error}");
        let message = error.to_string();
        assert!(message.contains(part) && !message.contains("hunter2"), "{message}");
    }
    assert_eq!(proxy.connections(), 0);
}
