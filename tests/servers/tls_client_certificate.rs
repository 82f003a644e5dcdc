//! Client certificates: what is accepted, and the message for what is rejected.

#![cfg(feature = "tls")]

use crate::support::tls::{Authority, Key, Server, inner_key, pem, pem_of};
use crate::support::x509::{Certificate, basic_constraints};
use minbearer::{Error, Http, Kind, NetworkCause, Request, Response, Transport};
use rustls::version::{TLS12, TLS13};
use std::time::{Duration, Instant};

fn get(http: &Http, server: &Server) -> Result<Response, Error> {
    let request = Request::get(&server.url("localhost", "/")).unwrap();
    http.send(&request, Instant::now() + Duration::from_secs(20))
}

/// A plain server that answers with an empty object.
fn inside() -> Server {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_vec();
    Server::answering(vec![answer], Duration::ZERO)
}

#[test]
fn each_encoding_of_a_key_is_accepted() {
    let inside = inside();
    for (key, label) in [
        (Key::P256, "EC PRIVATE KEY"),
        (Key::P384, "EC PRIVATE KEY"),
        (Key::Rsa2048, "RSA PRIVATE KEY"),
    ] {
        let authority = Authority::new("a private CA", key);
        let identity = authority.issue(&["a-client"]);
        let (certificate, pkcs8) = identity.to_pem();
        let other = pem_of(label, inner_key(identity.key.secret_der()));
        // As tools write it: with text around it, EC parameters before it, CR LF line ends.
        let with_more = format!(
            "Bag Attributes\n-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{other}"
        );
        let chain = format!("{certificate}{}", pem(authority.certificate()));
        for version in [&TLS12, &TLS13] {
            let config = authority.issue(&["localhost"]).config_for_clients_of(&authority, version);
            let server = Server::terminating_tls(config, inside.port());
            for key in [&pkcs8, &other, &with_more, &pkcs8.replace('\n', "\r\n")] {
                let http = Http::new()
                    .with_ca(pem(authority.certificate()))
                    .and_then(|http| http.with_client_certificate(&chain, key))
                    .unwrap();
                let answer = get(&http, &server).unwrap_or_else(|error| panic!("{label}: {error}"));
                assert_eq!(answer.status(), 200);
            }
        }
    }
}

#[test]
fn the_error_names_what_is_wrong_with_certificate_or_key() {
    let authority = Authority::new("a private CA", Key::P256);
    let identity = authority.issue(&["a-client"]);
    let (certificate, key) = identity.to_pem();
    let (_, other_key) = authority.issue(&["another"]).to_pem();
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let legacy =
        key.replace("PRIVATE KEY-----\nM", "PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nM");
    let cut = &key[..key.len() / 2];
    let no_base64 = key.replace('M', "*");
    let nonsense = pem_of("PRIVATE KEY", &[7; 40]);
    // Its start is that of a key on P-521.
    let of_p521 =
        pem_of("EC PRIVATE KEY", &[&[0x30, 0x81, 0xdc, 2, 1, 1, 4, 66][..], &[7; 212]].concat());
    let der = String::from_utf8_lossy(identity.key.secret_der()).into_owned();
    // openssl req -new -key rsa2048.pem -subj /CN=a-client | openssl x509 -req -signkey rsa2048.pem -days 36500
    let version_1 = include_str!("../support/version1.pem");
    let its_key = include_str!("../support/rsa2048.pem");
    let secrets: String = key.lines().nth(1).unwrap().chars().take(16).collect();
    let trusted = pem_of("TRUSTED CERTIFICATE", &identity.certificate);
    for (chain, key, what) in [
        ("", key.as_str(), "the client certificate is empty"),
        ("\n", &key, "the client certificate is empty"),
        (&key, &key, "the client certificate holds no PEM certificate"),
        (&trusted, &key, "the client certificate holds a TRUSTED CERTIFICATE, which OpenSSL alone"),
        (&certificate, "", "the client key is empty"),
        (&certificate, &certificate, "the client key holds no private key in PEM"),
        (&certificate, &der, "the client key holds no private key in PEM"),
        (&certificate, &encrypted, "the client key is encrypted; decrypt it: openssl pkey"),
        (&certificate, &legacy, "the client key is encrypted"),
        (&certificate, cut, "the client key is cut short"),
        (&certificate, &no_base64, "the client key is not base64"),
        (&certificate, &nonsense, "the client key cannot be used"),
        (&certificate, &of_p521, "the client key cannot be used: use RSA from 2048 bits"),
        (version_1, its_key, "the client certificate is not of X.509 version 3; have it issued"),
        (&certificate, &other_key, "the client key does not belong to the client certificate"),
    ] {
        let error = Http::new().with_client_certificate(chain, key).unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{error}");
        assert!(error.to_string().contains(what), "{what}: {error}");
        assert!(!format!("{error:?}").contains(&secrets), "{error:?}");
    }
    let error =
        Http::new().with_client_certificate(&certificate, identity.key.secret_der()).unwrap_err();
    assert!(error.to_string().contains("the client key is not PEM"), "{error}");
    // Of version 3, but with an extension that is not known, or there twice.
    let pair = rcgen::KeyPair::generate().unwrap();
    for extensions in [vec![basic_constraints(false, None); 2], vec![vec![0x30, 0]]] {
        let certificate = Certificate::new("a CA", "a client", &pair);
        let chain = pem(&certificate.change(|it| it.extensions = extensions).sign(&pair));
        let error = Http::new().with_client_certificate(chain, pair.serialize_pem()).unwrap_err();
        assert!(error.to_string().contains("certificate cannot be used: "), "{error}");
    }
    let error = Http::new().with_client_certificate(&*identity.certificate, &key).unwrap_err();
    assert!(
        error.to_string().contains("the client certificate is a certificate in DER"),
        "{error}"
    );
    Http::new().with_client_certificate(format!("\u{feff}{certificate}"), &key).unwrap();
    // The first certificate of a chain must be the client's own.
    let reversed = format!("{}{certificate}", pem(authority.certificate()));
    let error = Http::new().with_client_certificate(reversed, key).unwrap_err();
    assert!(error.to_string().contains("which must come first"), "{error}");
}

#[test]
fn the_error_says_that_the_server_rejects_the_certificate() {
    let inside = inside();
    let authority = Authority::new("a private CA", Key::P256);
    let stranger = Authority::new("another CA", Key::P256).issue(&["a-client"]).to_pem();
    let trusting = || Http::new().with_ca(pem(authority.certificate())).unwrap();
    for version in [&TLS12, &TLS13] {
        let config = authority.issue(&["localhost"]).config_for_clients_of(&authority, version);
        let server = Server::terminating_tls(config, inside.port());
        let with_a_strangers =
            trusting().with_client_certificate(&stranger.0, &stranger.1).unwrap();
        for (http, what) in [
            (trusting(), "the alert CertificateRequired: the server asks for a client certificate"),
            (with_a_strangers, "the alert UnknownCA: the server asks for a client certificate"),
        ] {
            let error = get(&http, &server).unwrap_err();
            assert!(error.to_string().contains(what), "{version:?}: {error}");
            assert_eq!(error.network_cause(), Some(NetworkCause::Tls), "{error}");
        }
    }
}

/// As Node.js does, which sends no alert. In TLS 1.3 the client's handshake has ended before.
#[test]
fn a_server_that_asks_for_a_certificate_and_closes_the_connection_is_understood() {
    let closes = Server::answering(Vec::new(), Duration::ZERO);
    let authority = Authority::new("a private CA", Key::P256);
    let stranger = authority.issue(&["a-client"]).to_pem();
    let trusting = || Http::new().with_ca(pem(authority.certificate())).unwrap();
    for version in [&TLS12, &TLS13] {
        let asking = authority.issue(&["localhost"]).config_that_asks_clients(&authority, version);
        let asking = Server::terminating_tls(asking, closes.port());
        let other = authority.issue(&["localhost"]).config();
        let other = Server::terminating_tls(other, closes.port());
        let with_one = trusting().with_client_certificate(&stranger.0, &stranger.1).unwrap();
        let asks = "handshake; the server asks for a client certificate";
        for (http, server, what) in [
            (trusting(), &asking, asks),
            (with_one, &asking, "closed without an answer"),
            (trusting(), &other, "closed without an answer"),
        ] {
            let error = get(&http, server).unwrap_err().to_string();
            assert!(error.contains(what), "{version:?}: {error}");
            assert_eq!(error.contains("--cert and --key"), what == asks, "{error}");
        }
    }
    // What has come of an answer counts.
    let cut = Server::answering(vec![b"HTTP/1.1 200 OK\r\n".to_vec()], Duration::ZERO);
    let asking = authority.issue(&["localhost"]).config_that_asks_clients(&authority, &TLS13);
    let error = get(&trusting(), &Server::terminating_tls(asking, cut.port())).unwrap_err();
    assert!(error.to_string().contains("the answer was cut short"), "{error}");
}

/// The certificate is sent only to a server that requests one.
#[test]
fn a_server_that_requests_no_certificate_is_reached_too() {
    let inside = inside();
    let authority = Authority::new("a private CA", Key::P256);
    let (chain, key) = authority.issue(&["a-client"]).to_pem();
    let server = Server::terminating_tls(authority.issue(&["localhost"]).config(), inside.port());
    let http = Http::new().with_ca(pem(authority.certificate())).unwrap();
    let http = http.with_client_certificate(chain, key).unwrap();
    assert_eq!(get(&http, &server).unwrap().status(), 200);
}
