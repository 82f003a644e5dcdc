//! The feature `tls-no-provider` in a program that has installed no provider of cryptography.

#![cfg(all(feature = "tls-no-provider", not(feature = "tls-ring")))]

use minbearer::{Http, Kind, Request, Transport};
use std::net::TcpListener;
use std::time::{Duration, Instant};

#[test]
fn https_without_a_provider_is_an_error_that_says_how_to_install_one() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let request = Request::get(&format!("https://{}/", listener.local_addr().unwrap())).unwrap();
    let error = Http::new().send(&request, Instant::now() + Duration::from_secs(5)).unwrap_err();
    assert_eq!(error.kind(), Kind::Config, "{error}");
    assert!(error.to_string().contains("CryptoProvider::install_default"), "{error}");
    assert!(listener.accept().is_err(), "no socket was opened for it");
}
