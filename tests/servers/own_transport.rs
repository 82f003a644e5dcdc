//! The custom transport that the documentation shows, with a CA given in code.

#![cfg(feature = "tls")]

mod example {
    include!("../../examples/support/own_transport.rs");
}

use crate::support::appliance::{Appliance, Credentials};
use crate::support::proxy::Proxy;
use crate::support::tls::{Authority, Key, Server};
use example::Ureq;
use minbearer::{Http, Kind, Request, Transport, jsa};
use std::time::{Duration, Instant};

fn ureq(authority: &Authority) -> Ureq {
    Ureq::trusting(&std::fs::read(authority.file().path()).unwrap()).unwrap()
}

#[test]
fn a_custom_transport_runs_a_flow() {
    let appliance = Appliance::start(Credentials::default()).unwrap();
    let authority = Authority::new("a private CA", Key::P256);
    let terminating = |url: &str| {
        let port = url.rsplit(':').next().unwrap().parse().unwrap();
        Server::terminating_tls(authority.issue(&["localhost"]).config(), port)
    };
    let (qoauth, console) =
        (terminating(&appliance.qoauth_url()), terminating(&appliance.console_url()));
    let transport = ureq(&authority);
    let known = appliance.credentials();
    let config = |secret: &str| {
        let config = jsa::Config::new(known.client_id.as_str(), secret).unwrap();
        config.with_qoauth_url(&qoauth.url("localhost", "")).unwrap()
    };
    let token = minbearer::get_token(&config(&known.client_secret), &transport).unwrap();
    let request = Request::get(&console.url("localhost", "/api/ariel/databases"))
        .and_then(|request| request.with_header("Authorization", token.authorization()))
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    let answer = transport.send(&request, deadline).unwrap();
    assert_eq!((answer.status(), answer.header("content-type")), (200, Some("application/json")));
    assert!(answer.text().unwrap().contains("events"), "{:?}", answer.text());

    let error = minbearer::get_token(&config("hunter2"), &transport).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused, "{error}");

    // The default `Http` trusts the system's CAs, if there are any, but not this one.
    let error = Http::new().send(&request, deadline).unwrap_err();
    assert!(matches!(error.kind(), Kind::Network | Kind::Config), "{error}");
}

#[test]
fn its_failures_have_a_kind_and_no_secret() {
    let authority = Authority::new("a private CA", Key::P256);
    let transport = ureq(&authority);
    let identity = authority.issue(&["localhost"]);
    let other = Authority::new("another CA", Key::P256).issue(&["localhost"]);
    let answering =
        |answer: &str| Server::answering(vec![answer.as_bytes().to_vec()], Duration::ZERO);
    let long =
        format!("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n{}", "x".repeat(2_000_000));
    let moved = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n";
    let (long, moved) = (answering(&long), answering(moved));
    let silent = Server::silent();
    let terminating = |config, server: &Server| Server::terminating_tls(config, server.port());
    let send = |server: &Server| {
        let url = server.url("localhost", "/?client_secret=hunter2");
        let deadline = Instant::now() + Duration::from_secs(2);
        transport.send(&Request::get(&url).unwrap(), deadline)
    };
    for (server, kind) in [
        (terminating(other.config(), &moved), Kind::Network),
        (terminating(identity.config(), &long), Kind::Malformed),
        (terminating(identity.config(), &silent), Kind::Timeout),
        (Server::silent(), Kind::Timeout),
    ] {
        let started = Instant::now();
        let error = send(&server).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(started.elapsed() < Duration::from_millis(2500), "{:?}", started.elapsed());
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let redirect = send(&terminating(identity.config(), &moved)).unwrap();
    assert_eq!(redirect.status(), 302);
}

#[test]
fn a_proxy_of_another_kind_is_the_transports_own() {
    let (authority, appliance) = (
        Authority::new("a private CA", Key::P256),
        Appliance::start(Credentials::default()).unwrap(),
    );
    let port = appliance.qoauth_url().rsplit(':').next().unwrap().parse().unwrap();
    let qoauth = Server::terminating_tls(authority.issue(&["localhost"]).config(), port);
    let ca = std::fs::read(authority.file().path()).unwrap();
    let known = appliance.credentials();
    let config = jsa::Config::new(known.client_id.as_str(), known.client_secret.as_str()).unwrap();
    let config = config.with_qoauth_url(&qoauth.url("localhost", "")).unwrap();
    let proxy = Proxy::start(Some("Basic cm9zZTpwZXRhbA==")); // rose:petal
    let url = proxy.url().replace("http://", "http://rose:petal@");
    minbearer::get_token(&config, &Ureq::through(&url, &ca).unwrap()).unwrap();
    assert_eq!(proxy.seen().heads.len(), 1);
    let error = Ureq::through("nonsense://rose:hunter2@", &ca).err().unwrap();
    assert_eq!(
        (error.kind(), error.to_string()),
        (Kind::Config, "the proxy's URL is wrong".into())
    );
}
