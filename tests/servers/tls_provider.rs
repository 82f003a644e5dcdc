//! Which provider of cryptography is used: the crate's own, or the one that the program has installed.

#![cfg(feature = "tls")]

use crate::support::tls::{Authority, Key, Server, pem};
use minbearer::{Error, Http, NetworkCause, Request, Response, Transport};
use rustls::crypto::{CryptoProvider, SupportedKxGroup, ring};
use rustls::{ServerConfig, SupportedCipherSuite};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ring::cipher_suite::{
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 as TLS12_AES_128, //
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 as TLS12_AES_256,
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 as TLS12_CHACHA20,
    TLS13_AES_128_GCM_SHA256 as TLS13_AES_128,
    TLS13_AES_256_GCM_SHA384 as TLS13_AES_256,
    TLS13_CHACHA20_POLY1305_SHA256 as TLS13_CHACHA20,
};
use ring::kx_group::{SECP256R1, SECP384R1, X25519};

/// An exchange with a server that supports only this cipher suite and this group.
fn exchange(
    suite: SupportedCipherSuite,
    group: &'static dyn SupportedKxGroup,
) -> Result<Response, Error> {
    let authority = Authority::new("a private CA", Key::P256);
    let identity = authority.issue(&["localhost"]);
    let provider = CryptoProvider {
        cipher_suites: vec![suite],
        kx_groups: vec![group],
        ..ring::default_provider()
    };
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[suite.version()])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate], identity.key)
        .unwrap();
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_vec();
    let inside = Server::answering(vec![answer], Duration::ZERO);
    let server = Server::terminating_tls(config, inside.port());
    let http = Http::new().with_ca(pem(authority.certificate())).unwrap();
    let request = Request::get(&server.url("localhost", "/")).unwrap();
    http.send(&request, Instant::now() + Duration::from_secs(20))
}

#[test]
fn the_crates_own_provider_has_the_documented_suites_and_groups() {
    for (suite, group, is_taken) in [
        (TLS13_AES_128, X25519, true),
        (TLS13_AES_256, X25519, true),
        (TLS13_AES_128, SECP256R1, true),
        (TLS13_AES_256, SECP384R1, true),
        (TLS12_AES_128, X25519, true),
        (TLS12_AES_256, SECP256R1, true),
        (TLS12_AES_256, SECP384R1, true),
        // Must agree with the crate's documentation.
        (TLS13_CHACHA20, X25519, false),
        (TLS12_CHACHA20, X25519, false),
    ] {
        match exchange(suite, group) {
            Ok(answer) => assert!(is_taken && answer.status() == 200, "{suite:?} {group:?}"),
            Err(error) => {
                assert!(!is_taken, "{suite:?} {group:?}: {error}");
                assert_eq!(error.network_cause(), Some(NetworkCause::Tls), "{error}");
                assert!(error.to_string().contains("no cipher suite or curve"), "{error}");
            }
        }
    }
}

/// In a child process, because a process can install a provider only once.
#[test]
fn the_provider_that_the_program_installed_is_used() {
    if std::env::var_os("IN_A_CHILD").is_none() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "servers::tls_provider::the_provider_that_the_program_installed_is_used",
                "--nocapture",
            ])
            .env("IN_A_CHILD", "")
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    // The crate's own provider is used first, but is not installed.
    assert!(exchange(TLS13_CHACHA20, X25519).is_err());
    let mut own = ring::default_provider();
    own.cipher_suites.retain(|suite| [TLS13_CHACHA20, TLS12_CHACHA20].contains(suite));
    own.install_default().unwrap();
    for (suite, group, is_taken) in [
        (TLS13_CHACHA20, SECP384R1, true),
        (TLS12_CHACHA20, X25519, true),
        (TLS13_AES_128, X25519, false),
    ] {
        let outcome = exchange(suite, group);
        assert_eq!(outcome.is_ok(), is_taken, "{suite:?}: {outcome:?}");
    }
    let installed = CryptoProvider::get_default().unwrap();
    assert_eq!(installed.cipher_suites.len(), 2, "the installed provider was changed");
}
