//! A program with a rustls of its own.

#![cfg(feature = "tls")]

use minbearer::{Http, Kind, Request, Transport};
use rustls::crypto::{CryptoProvider, ring};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// The program's choice is told by the number of its cipher suites.
#[test]
fn the_provider_that_the_program_installed_is_kept() {
    let mut own = ring::default_provider();
    own.cipher_suites.truncate(1);
    own.install_default().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let request = Request::get(&format!("https://{closed}/")).unwrap();
    let error = Http::new().send(&request, Instant::now() + Duration::from_secs(10)).unwrap_err();
    // Which of the two depends on whether this machine trusts anyone.
    assert!(matches!(error.kind(), Kind::Network | Kind::Config), "{error}");
    assert_eq!(CryptoProvider::get_default().unwrap().cipher_suites.len(), 1);
}
