//! The feature `tls-ring` alone: TLS 1.3 only, even where another crate enables TLS 1.2 in rustls.

#![cfg(all(feature = "tls-ring", not(feature = "tls12")))]

use crate::support::tls::{Authority, Key, Server, pem};
use minbearer::{Http, NetworkCause, Request, Transport};
use rustls::version::{TLS12, TLS13};
use std::time::{Duration, Instant};

#[test]
fn a_server_with_tls_1_2_only_is_refused_and_the_feature_is_named() {
    let authority = Authority::new("a private CA", Key::P256);
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_vec();
    let inside = Server::answering(vec![answer], Duration::ZERO);
    for (version, is_taken) in [(&TLS13, true), (&TLS12, false)] {
        let config = authority.issue(&["localhost"]).config_for(&[version]);
        let server = Server::terminating_tls(config, inside.port());
        let http = Http::new().with_ca(pem(authority.certificate())).unwrap();
        let request = Request::get(&server.url("localhost", "/")).unwrap();
        match http.send(&request, Instant::now() + Duration::from_secs(20)) {
            Ok(answer) => assert!(is_taken && answer.status() == 200, "{answer:?}"),
            Err(error) => {
                assert!(!is_taken, "{error}");
                assert_eq!(error.network_cause(), Some(NetworkCause::Tls), "{error}");
                assert!(error.to_string().contains("its feature `tls12`"), "{error}");
            }
        }
    }
}
