//! `tests/it/credentials_go_nowhere_else.rs`, over TLS.

#![cfg(feature = "tls")]

use crate::support::environment::{answering, call, check, variable};
use crate::support::tls::{self, Authority, Key};
use minbearer::Http;

/// In a child process, whose environment names a proxy.
#[test]
#[ignore = "child process of the next test"]
fn child() {
    call(Http::new().with_ca(variable("TEST_CA")).unwrap());
}

#[test]
fn no_proxy_of_the_environment_is_used() {
    let (own, authority) = (answering(), Authority::new("a CA", Key::P256));
    let config = authority.issue(&["localhost"]).config();
    let url = tls::Server::terminating_tls(config, own.port());
    let ca = tls::pem(authority.certificate());
    check("servers::credentials_go_nowhere_else::child", &url.url("localhost", ""), &ca, &own);
}
