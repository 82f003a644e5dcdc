//! Whom a client trusts: issuers, pins, names; and how much a chain of certificates may cost.

#![cfg(feature = "tls")]

use crate::support::kinds::{Keys, kinds, with_unsupported_keys};
use crate::support::tls::{Presented, Server, Zeros, pem};
use crate::support::x509::*;
use minbearer::{Error, Http, Kind, NetworkCause, Request, Response, Transport};
use rcgen::KeyPair;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SignatureAlgorithm, SignatureScheme, SupportedProtocolVersion};
use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn signing(key: &KeyPair) -> Arc<dyn SigningKey> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    rustls::crypto::ring::sign::any_supported_type(&key).unwrap()
}

fn config(
    sent: &[Vec<u8>],
    key: Arc<dyn SigningKey>,
    version: &'static SupportedProtocolVersion,
) -> ServerConfig {
    let chain = sent.iter().cloned().map(CertificateDer::from).collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Presented(Arc::new(CertifiedKey::new(chain, key)))))
}

/// The server, and the plain one behind it that answers with an empty object.
fn server(config: ServerConfig) -> (Server, Server) {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_vec();
    let inside = Server::answering(vec![answer], Duration::ZERO);
    (Server::terminating_tls(config, inside.port()), inside)
}

fn get(http: &Http, server: &Server, host: &str) -> Result<Response, Error> {
    let request = Request::get(&server.url(host, "/")).unwrap();
    http.send(&request, Instant::now() + Duration::from_secs(20))
}

fn pem_of(certificates: &[Vec<u8>]) -> String {
    certificates.iter().map(|der| pem(der)).collect()
}

/// Checks that a certificate is accepted, or rejected with an error that has this part.
fn check(what: &str, outcome: Result<Response, Error>, expected: Result<(), &str>) {
    match (outcome, expected) {
        (Ok(response), Ok(())) => assert_eq!(response.status(), 200, "{what}"),
        (Err(error), Err(part)) => {
            assert_eq!(
                (error.kind(), error.network_cause()),
                (Kind::Network, Some(NetworkCause::Tls)),
                "{what}: {error}"
            );
            assert!(error.to_string().contains(part), "{what}: `{part}`: {error}");
            // webpki's words have these before them.
            assert!(!error.to_string().contains("was rejected: the "), "{what}: {error}");
            let source = error.source().expect("rustls's error").to_string();
            assert!(!source.contains("example") && source.len() < 200, "{what}: {source}");
        }
        (Ok(_), Err(part)) => panic!("{what} was accepted: {part}"),
        (Err(error), Ok(())) => panic!("{what}: {error}"),
    }
}

#[test]
fn each_kind_of_certificate_is_accepted_or_rejected_as_the_table_says() {
    let keys = Keys::generate();
    let kinds = kinds(&keys);
    assert!(kinds.len() > 80); // as SECURITY.md says
    for kind in kinds {
        let (ours, by_openssl, why) = kind.outcome;
        assert_eq!(ours.is_ok() == by_openssl, why.is_empty(), "{}", kind.what);
        let http = Http::new().with_ca(pem_of(&kind.trusted)).unwrap();
        for version in [&TLS12, &TLS13] {
            let (server, _inside) = server(config(&kind.sent, signing(&keys.server), version));
            let what = format!("{} ({:?})", kind.what, version.version);
            check(&what, get(&http, &server, kind.host), ours);
        }
    }
}

/// A server that got a secret may have a certificate made with it.
#[test]
fn a_secret_in_a_certificate_is_not_shown() {
    const SECRET: &str = "s3cr3t&Zq7-s3cr3t";
    let keys = Keys::generate();
    let root = Certificate::new("a root", "a root", &keys.root)
        .with(basic_constraints(true, None))
        .sign(&keys.root);
    let escaped = "x.s3cr3t%26Zq7%2Ds3cr3t.example";
    let other = Certificate::new("a root", "a server", &keys.server)
        .with(subject_alt_name(&["a.example", SECRET, escaped]))
        .sign(&keys.root);
    let expired = Certificate::new("a root", SECRET, &keys.intermediate)
        .with(basic_constraints(true, None))
        .change(|it| it.not_after = time("201231000000Z"))
        .sign(&keys.root);
    let of_expired = Certificate::new(SECRET, "a server", &keys.server)
        .with(subject_alt_name(&["localhost"]))
        .sign(&keys.intermediate);
    let http = Http::new().with_ca(pem(&root)).unwrap();
    for (sent, part) in [
        (vec![other], "not for localhost but for a.example, [redacted], x.[redacted].example; use"),
        (vec![of_expired, expired], "the intermediate certificate `[redacted]` that the server"),
    ] {
        let (server, _inside) = server(config(&sent, signing(&keys.server), &TLS13));
        let request = Request::get(&server.url("localhost", "/")).unwrap();
        for request in [
            request.clone().with_secret(SECRET),
            request.clone().with_header("Authorization", &format!("Bearer {SECRET}")).unwrap(),
            request.clone().with_header("Authorization", SECRET).unwrap(),
            request.with_header("Authorization", &format!("Bearer:{SECRET}")).unwrap(),
        ] {
            let outcome = http.send(&request, Instant::now() + Duration::from_secs(20));
            check("a secret", outcome, Err(part));
        }
    }
}

/// Whoever has a copy of the server's certificate, which is public, could else be the server.
#[test]
fn a_handshake_that_another_key_signed_is_rejected() {
    let keys = Keys::generate();
    let root = Certificate::new("a root", "a root", &keys.root)
        .with(basic_constraints(true, None))
        .sign(&keys.root);
    let names = subject_alt_name(&["localhost"]);
    let of_root =
        Certificate::new("a root", "a server", &keys.server).with(names.clone()).sign(&keys.root);
    let pin = Certificate::new("localhost", "localhost", &keys.server).with(names);
    let version_1 = Certificate::new("localhost", "localhost", &keys.server)
        .change(|it| it.version = 1)
        .sign(&keys.server);
    let pin = pin.sign(&keys.server);
    for (sent, trusted) in [(&of_root, &root), (&pin, &pin), (&version_1, &version_1)] {
        let http = Http::new().with_ca(pem(trusted)).unwrap();
        for version in [&TLS12, &TLS13] {
            const NOT_ITS_KEY: Result<(), &str> =
                Err("the server does not have the key of its certificate");
            let another_type: Arc<dyn SigningKey> = Arc::new(Zeros);
            for (key, expected) in [
                (signing(&keys.server), Ok(())),
                (signing(&keys.stranger), NOT_ITS_KEY),
                (another_type, NOT_ITS_KEY),
            ] {
                let config = config(std::slice::from_ref(sent), key, version);
                let (server, _inside) = server(config);
                check(
                    &format!("{:?}", version.version),
                    get(&http, &server, "localhost"),
                    expected,
                );
            }
        }
    }
}

/// Signs by the scheme that TLS 1.2 has for RSA and TLS 1.3 has not (RFC 8446 section 4.2.3).
#[derive(Debug)]
struct OfTls12(Arc<dyn SigningKey>);

impl SigningKey for OfTls12 {
    fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        self.0.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

#[test]
fn a_handshake_is_signed_by_a_scheme_of_its_version() {
    let keys = Keys::generate();
    let key = KeyPair::from_pem(include_str!("../support/rsa2048.pem")).unwrap();
    let pin = Certificate::new("localhost", "localhost", &key);
    let version_1 = pin.clone().change(|it| it.version = 1).sign(&keys.stranger);
    let pin = pin.with(subject_alt_name(&["localhost"])).sign(&keys.stranger);
    for certificate in [pin, version_1] {
        let http = Http::new().with_ca(pem(&certificate)).unwrap();
        for version in [&TLS12, &TLS13] {
            let key = Arc::new(OfTls12(signing(&key)));
            let config = config(std::slice::from_ref(&certificate), key, version);
            let (server, _inside) = server(config);
            let outcome = get(&http, &server, "localhost");
            match version.version {
                rustls::ProtocolVersion::TLSv1_2 => assert_eq!(outcome.unwrap().status(), 200),
                _ => {
                    let error = outcome.unwrap_err().to_string();
                    assert!(error.contains("SignedHandshakeWithUnadvertisedSigScheme"), "{error}");
                }
            }
        }
    }
}

#[test]
fn the_error_explains_a_key_that_is_not_supported() {
    let keys = Keys::generate();
    for (sent, trusted, text) in with_unsupported_keys(&keys) {
        let http = Http::new().with_ca(pem(&trusted)).unwrap();
        for version in [&TLS12, &TLS13] {
            let (server, _inside) = server(config(&sent, Arc::new(Zeros), version));
            check(text, get(&http, &server, "localhost"), Err(text));
        }
    }
}

/// Intermediates that make a chain from a server's certificate to a root.
fn chain(keys: &Keys, len: usize) -> (Vec<Vec<u8>>, Vec<u8>) {
    let names: Vec<String> = (0..=len).map(|at| format!("CA {at}")).collect();
    let key = |at: usize| if at == 0 { &keys.root } else { &keys.intermediate };
    let ca = |at: usize, issuer: usize| {
        Certificate::new(&names[issuer], &names[at], key(at))
            .with(basic_constraints(true, None))
            .sign(key(issuer))
    };
    let leaf = Certificate::new(&names[len], "a server", &keys.server)
        .with(subject_alt_name(&["localhost"]))
        .sign(key(len));
    let intermediates = (1..=len).rev().map(|at| ca(at, at - 1));
    (std::iter::once(leaf).chain(intermediates).collect(), ca(0, 0))
}

/// webpki parses each intermediate again on each of up to 200,000 paths, and looks at no deadline.
#[test]
fn a_chain_is_refused_that_is_longer_than_webpki_uses() {
    const TOO_LONG: Result<(), &str> =
        Err("more than six intermediate certificates, or more than 16 KiB");
    let keys = Keys::generate();
    let padding = |bytes: usize| {
        let of = |len| {
            Certificate::new("a stranger", "a stranger", &keys.stranger)
                .with(basic_constraints(true, None))
                .with(extension(14, &vec![7; len]))
                .sign(&keys.stranger)
        };
        // A signature has 70 to 72 bytes, so not each try is as long as the others.
        let others = of(1000).len() - 1000;
        (0..1000).map(|_| of(bytes - others)).find(|der| der.len() == bytes)
    };
    let (six, root) = chain(&keys, 6);
    let (seven, other_root) = chain(&keys, 7);
    let (one, one_root) = chain(&keys, 1);
    let left = 16 * 1024 - one[1].len();
    let exact = [&one[..], &[padding(left).unwrap()]].concat();
    let over = [&one[..], &[padding(left + 1).unwrap()]].concat();
    // 27 s of a deadline of one, before.
    let unsigned = |count: usize, extensions: usize| -> Vec<Vec<u8>> {
        let tiny = |_| der(0x30, &[&der(6, &[&[0x2a]]), &der(4, &[])]);
        let many = |_| {
            Certificate::new("a loop", "a loop", &KeyPair::generate().unwrap())
                .with(basic_constraints(true, None))
                .change(|it| it.extensions.extend((0..extensions).map(tiny)))
                .sign(&keys.stranger)
        };
        let leaf = Certificate::new("a loop", "a server", &keys.server);
        std::iter::once(leaf.sign(&keys.server)).chain((0..count).map(many)).collect()
    };
    for (what, sent, trusted, expected) in [
        ("six", six, &root, Ok(())),
        ("seven", seven, &other_root, TOO_LONG),
        ("16 KiB", exact, &one_root, Ok(())),
        ("a byte more", over, &one_root, TOO_LONG),
        ("many", unsigned(56, 0), &root, TOO_LONG),
        ("large ones", unsigned(2, 1500), &root, TOO_LONG),
        (
            "three of a name",
            unsigned(3, 0),
            &root,
            Err("more than two intermediate certificates of one name"),
        ),
        ("two of a name", unsigned(2, 0), &root, Err("signed by none of")),
    ] {
        let http = Http::new().with_ca(pem(trusted)).unwrap();
        let (server, _inside) = server(config(&sent, signing(&keys.server), &TLS13));
        check(what, get(&http, &server, "localhost"), expected);
    }
}

#[test]
fn an_added_ca_is_trusted_beside_what_was_trusted() {
    let keys = Keys::generate();
    let of = |name: &'static str, key: &KeyPair| {
        let ca = Certificate::new(name, name, key).with(basic_constraints(true, None)).sign(key);
        let leaf = Certificate::new(name, "a server", &keys.server)
            .with(subject_alt_name(&["localhost"]))
            .sign(key);
        (ca, server(config(&[leaf], signing(&keys.server), &TLS13)))
    };
    let (first, (at_first, _first)) = of("the first", &keys.root);
    let (second, (at_second, _second)) = of("the second", &keys.intermediate);
    let (third, (at_third, _third)) = of("the third", &keys.stranger);
    let (first, second, third) = (pem(&first), pem(&second), pem(&third));
    let both = || Http::new().with_ca(&first).unwrap().with_added_ca(&second).unwrap();
    for (http, trusted) in [
        (both(), [true, true, false]),
        (both().with_added_ca(&third).unwrap(), [true, true, true]),
        (both().with_ca(&third).unwrap(), [false, false, true]),
        // Beside the system's.
        (Http::new().with_added_ca(&second).unwrap(), [false, true, false]),
    ] {
        for (server, is_trusted) in [&at_first, &at_second, &at_third].into_iter().zip(trusted) {
            let expected = if is_trusted { Ok(()) } else { Err("signed by none of") };
            check("a server", get(&http, server, "localhost"), expected);
        }
    }
    // A session from before is not resumed: its certificate is verified by what is trusted now.
    let http = both();
    get(&http, &at_first, "localhost").unwrap();
    check(
        "a session",
        get(&http.with_ca(&third).unwrap(), &at_first, "localhost"),
        Err("signed by"),
    );
    let error = Http::new().with_added_ca("").unwrap_err();
    assert!(error.kind() == Kind::Config && error.to_string().contains("is empty"), "{error}");
}

#[test]
fn one_host_has_a_certificate_for_another_name() {
    let keys = Keys::generate();
    // As QRadar makes it.
    let own = Certificate::new("localhost.localdomain", "localhost.localdomain", &keys.server)
        .with(basic_constraints(true, None))
        .sign(&keys.server);
    let (server, _inside) =
        server(config(std::slice::from_ref(&own), signing(&keys.server), &TLS13));
    let trusting = || Http::new().with_ca(pem(&own)).unwrap();
    let named = |host: &str, name: &str| trusting().with_server_name(host, name).unwrap();
    for (http, host, expected) in [
        (
            trusting(),
            "127.0.0.1",
            Err(
                "not for 127.0.0.1 but for localhost.localdomain; use that, or name it by --server-name, in code Http::with_server_name, or have it issued for 127.0.0.1",
            ),
        ),
        (named("127.0.0.1", "localhost.localdomain"), "127.0.0.1", Ok(())),
        (named("LOCALHOST", "localhost.localdomain"), "localhost", Ok(())),
        // For that host alone.
        (
            named("127.0.0.1", "localhost.localdomain"),
            "localhost",
            Err("not for localhost but for localhost.localdomain"),
        ),
        (
            named("127.0.0.1", "console.example"),
            "127.0.0.1",
            Err("not for console.example but for localhost.localdomain"),
        ),
        // The last one counts.
        (
            named("127.0.0.1", "localhost.localdomain")
                .with_server_name("127.0.0.1", "192.0.2.7")
                .unwrap(),
            "127.0.0.1",
            Err("not for 192.0.2.7 but for localhost.localdomain"),
        ),
    ] {
        check("a server", get(&http, &server, host), expected);
    }
    // A session with the right name is not resumed with the wrong one.
    let http = named("127.0.0.1", "localhost.localdomain");
    get(&http, &server, "127.0.0.1").unwrap();
    let http = http.with_server_name("127.0.0.1", "console.example").unwrap();
    check("a session", get(&http, &server, "127.0.0.1"), Err("not for console.example"));
    const WRONG: &str = "the server's name (--server-name, in code Http::with_server_name) is neither a DNS name nor an address, as TLS needs";
    // It may be a secret in the wrong place, so it is not shown.
    for name in ["", "a b", "S3cret/pass+word=", "[::1", "a..b"] {
        let error = Http::new().with_server_name("127.0.0.1", name).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Config, WRONG), "{name}");
    }
}

#[test]
fn the_server_is_asked_for_the_name_that_its_certificate_has() {
    #[derive(Debug)]
    struct Asked(Arc<CertifiedKey>, std::sync::mpsc::Sender<Option<String>>);
    impl ResolvesServerCert for Asked {
        fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            let protocols: Vec<_> = hello.alpn().into_iter().flatten().collect();
            assert_eq!(protocols, [b"http/1.1"]);
            self.1.send(hello.server_name().map(String::from)).unwrap();
            Some(self.0.clone())
        }
    }
    let keys = Keys::generate();
    let own = Certificate::new("a.example", "a.example", &keys.server).sign(&keys.server);
    let certified =
        CertifiedKey::new(vec![CertificateDer::from(own.clone())], signing(&keys.server));
    let (asked, is_asked) = std::sync::mpsc::channel();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS12, &TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Asked(Arc::new(certified), asked)));
    let (server, _inside) = server(config);
    let http = Http::new().with_ca(pem(&own)).unwrap();
    let http = http.with_server_name("127.0.0.1", "a.example").unwrap();
    get(&http, &server, "127.0.0.1").unwrap();
    assert_eq!(is_asked.recv().unwrap().as_deref(), Some("a.example"));
}

/// A mail server under the same certificate could else get the request.
#[test]
fn a_server_of_another_protocol_is_refused() {
    let keys = Keys::generate();
    let own = Certificate::new("localhost", "localhost", &keys.server).sign(&keys.server);
    let http = Http::new().with_ca(pem(&own)).unwrap();
    for version in [&TLS12, &TLS13] {
        for (protocols, expected) in [
            (&[][..], Ok(())),
            (&["http/1.1"], Ok(())),
            (&["h2", "http/1.1"], Ok(())),
            (&["h2"], Err("does not speak HTTP/1.1 there")),
            (&["smtp"], Err("does not speak HTTP/1.1 there")),
        ] {
            let sent = std::slice::from_ref(&own);
            let mut config = config(sent, signing(&keys.server), version);
            config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
            let (server, _inside) = server(config);
            check(&format!("{protocols:?}"), get(&http, &server, "localhost"), expected);
        }
    }
}
