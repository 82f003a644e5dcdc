//! An `https` URL in a program that was built without TLS.

#![cfg(not(feature = "tls-no-provider"))]

use minbearer::{Http, Kind, Request, Transport};
use std::net::TcpListener;
use std::time::{Duration, Instant};

#[test]
fn https_without_the_feature_is_an_error_that_names_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    let request = Request::get(&format!("{origin}/token?client_secret=hunter2")).unwrap();
    let error = Http::new().send(&request, Instant::now() + Duration::from_secs(10)).unwrap_err();
    let message = error.to_string();
    assert_eq!(error.kind(), Kind::Config, "{message}");
    assert!(message.contains(&origin) && message.contains("feature `tls`"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}
