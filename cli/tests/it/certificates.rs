//! HTTPS with a private CA: what is accepted, and the message for what is rejected.
//!
//! Environment variables belong to a process, so each case runs `minbearer`.

#![cfg(feature = "tls")]

use crate::support::processes;

use crate::support::appliance::{Appliance, Credentials};
use crate::support::tls::{Authority, Identity, Key, Server, file, pem, pem_file, self_signed};
use crate::support::x509::*;
use processes::{Outcome, command};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::version::{TLS12, TLS13};
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

fn appliance() -> Appliance {
    Appliance::start(Credentials::default()).expect("the appliance starts")
}

fn terminating(config: rustls::ServerConfig, appliance: &Appliance) -> Server {
    let url = appliance.qoauth_url();
    let port = url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    Server::terminating_tls(config, port)
}

/// Runs `minbearer` against `url`, with these variables for the CAs to trust.
fn get_token(url: &str, trust: &[(&str, &Path)]) -> Outcome {
    let known = Credentials::default();
    let mut command = command(
        "minbearer",
        &[("CLIENT_ID", &known.client_id), ("CLIENT_SECRET", &known.client_secret)],
    );
    command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    for (name, path) in trust {
        command.env(name, path);
    }
    let arguments = ["--timeout", "2", "client-credentials", url];
    let outcome = Outcome::from(command.args(arguments).output().expect("the example starts"));
    assert!(!outcome.err.contains(&known.client_secret), "{outcome:?}");
    outcome
}

/// Checks that minbearer printed one line with each of `parts`.
fn expect_failure(outcome: &Outcome, status: i32, parts: &[&str]) {
    for part in parts {
        outcome.expect_failure("minbearer", status, part);
    }
}

#[test]
fn a_certificate_of_a_private_ca_is_accepted() {
    let appliance = appliance();
    for key in [Key::P256, Key::Rsa2048] {
        let authority = Authority::new("a private CA", key);
        let file = authority.file();
        let identity = authority.issue(&["localhost", "127.0.0.1"]);
        for version in [&TLS12, &TLS13] {
            let server = terminating(identity.config_for(&[version]), &appliance);
            for host in ["localhost", "127.0.0.1"] {
                let outcome =
                    get_token(&server.url(host, "/token"), &[("SSL_CERT_FILE", file.path())]);
                assert_eq!(
                    (outcome.status, outcome.err.as_str(), outcome.out.lines().count()),
                    (Some(0), "", 1),
                    "{key:?} {version:?} {host}: {outcome:?}"
                );
            }
        }
    }
}

#[test]
fn a_folder_of_certificates_is_trusted_too() {
    let appliance = appliance();
    let authority = Authority::new("a private CA", Key::P256);
    let server = terminating(authority.issue(&["localhost"]).config(), &appliance);
    let url = server.url("localhost", "/token");
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(authority.file().path(), folder.path().join("ca.pem")).unwrap();
    assert_eq!(get_token(&url, &[("SSL_CERT_DIR", folder.path())]).status, Some(0));
    let other = tempfile::tempdir().unwrap();
    std::fs::copy(Authority::new("another", Key::P256).file().path(), other.path().join("ca.pem"))
        .unwrap();
    expect_failure(
        &get_token(&url, &[("SSL_CERT_DIR", other.path())]),
        4,
        &["none of the CAs in SSL_CERT_DIR"],
    );
}

#[test]
fn a_self_signed_certificate_is_trusted_itself() {
    let appliance = appliance();
    let ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa, ca] {
        let identity = self_signed(&["localhost"], |params| params.is_ca = is_ca);
        let server = terminating(identity.config(), &appliance);
        let file = pem_file(&[&identity.certificate]);
        let outcome =
            get_token(&server.url("localhost", "/token"), &[("SSL_CERT_FILE", file.path())]);
        assert_eq!(outcome.status, Some(0), "{is_ca:?}: {outcome:?}");
    }
    assert_eq!(appliance.qoauth_requests(), 3);
}

/// Debian's `ssl-cert-snakeoil.pem` lies in `/etc/ssl/certs`: whoever has its key must not be any server.
#[test]
fn a_server_certificate_in_a_folder_of_cas_signs_nothing_and_is_not_trusted_itself() {
    let appliance = appliance();
    let snakeoil = Authority::with("localhost", Key::P256, IsCa::ExplicitNoCa);
    let folder = tempfile::tempdir().unwrap();
    let other = Authority::new("another CA", Key::P256);
    for (name, certificate) in [("snakeoil", &snakeoil), ("other", &other)] {
        let path = folder.path().join(name);
        std::fs::write(path, pem(certificate.certificate())).unwrap();
    }
    let signed = snakeoil.issue(&["localhost"]);
    for identity in [&signed, &snakeoil.identity()] {
        let server = terminating(identity.config(), &appliance);
        let url = server.url("localhost", "/token");
        expect_failure(
            &get_token(&url, &[("SSL_CERT_DIR", folder.path())]),
            4,
            &["none of the CAs in SSL_CERT_DIR"],
        );
    }
    // The variable for a file names it itself.
    let file = snakeoil.file();
    for (identity, status) in [(&signed, 4), (&snakeoil.identity(), 0)] {
        let server = terminating(identity.config(), &appliance);
        let url = server.url("localhost", "/token");
        let outcome = get_token(&url, &[("SSL_CERT_FILE", file.path())]);
        assert_eq!(outcome.status, Some(status), "{outcome:?}");
    }
    std::fs::remove_file(folder.path().join("other")).unwrap();
    let outcome = get_token("https://localhost:9/", &[("SSL_CERT_DIR", folder.path())]);
    expect_failure(&outcome, 2, &["no directory that holds a PEM certificate of a CA"]);
    assert_eq!(appliance.qoauth_requests(), 1);
}

/// Its name is no host's, so that no server could present it itself.
#[test]
fn a_ca_in_the_file_that_may_not_sign_is_blamed_and_not_the_folder() {
    let key = KeyPair::generate().unwrap();
    let usage = key_usage(SIGNS_HANDSHAKES);
    let ca = Certificate::new("a CA", "a CA", &key).with(basic_constraints(true, None));
    let ca = ca.with(usage).sign(&key);
    let server = Certificate::new("a CA", "a server", &key).with(subject_alt_name(&["localhost"]));
    let certificate = server.sign(&key).into();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let appliance = appliance();
    let server = terminating(Identity { certificate, key }.config(), &appliance);
    let file = pem_file(&[&ca.into()]);
    let outcome = get_token(&server.url("localhost", "/token"), &[("SSL_CERT_FILE", file.path())]);
    let what = "the certificate that was given for the server's CA may not sign others: its key usage lacks keyCertSign";
    expect_failure(&outcome, 4, &[what]);
}

#[test]
fn the_error_names_why_a_certificate_is_rejected() {
    type Change = fn(&mut CertificateParams);
    /// The certificate's names, its other defects, the trusted CA, the requested host, parts of the message.
    type Case<'a> = (&'a [&'a str], Change, &'a Path, &'a str, &'a [&'a str]);
    let appliance = appliance();
    let authority = Authority::new("a private CA", Key::P256);
    let file = authority.file();
    let namesake = Authority::new("a private CA", Key::P256).file();
    let stranger = Authority::new("another CA", Key::P256).file();
    let ours: Change = |_| {};
    let namesake_rsa = Authority::new("a private CA", Key::Rsa2048).file();
    let cases: [Case<'_>; 11] = [
        (
            &["localhost"],
            ours,
            stranger.path(),
            "localhost",
            &["none of the CAs in", stranger.path().to_str().unwrap(), "SSL_CERT_FILE"],
        ),
        (
            &["localhost"],
            ours,
            namesake.path(),
            "localhost",
            &["the signature on the server's certificate is wrong", "with another key"],
        ),
        (
            &["localhost"],
            ours,
            namesake_rsa.path(),
            "localhost",
            &["the signature on the server's certificate is wrong", "with another key"],
        ),
        (
            &["console.example", "*.apps.example", "192.0.2.7"],
            ours,
            file.path(),
            "localhost",
            &["not for localhost but for console.example, *.apps.example, 192.0.2.7;"],
        ),
        (
            &["localhost"],
            ours,
            file.path(),
            "127.0.0.1",
            &["not for 127.0.0.1 but for localhost; use that"],
        ),
        (&[], ours, file.path(), "localhost", &["names no host at all", "subjectAltName"]),
        (
            &["localhost"],
            |params| params.not_after = date_time_ymd(2020, 2, 29),
            file.path(),
            "localhost",
            &["expired at 2020-02-29T00:00:00Z, and it is 20", "set the clock"],
        ),
        (
            &["localhost"],
            |params| params.not_before = date_time_ymd(3000, 12, 31),
            file.path(),
            "localhost",
            &["not valid before 3000-12-31T00:00:00Z, and it is 20", "is the clock right"],
        ),
        (
            &["localhost"],
            |params| params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained),
            file.path(),
            "localhost",
            &["marked as that of a CA"],
        ),
        (
            &["localhost"],
            |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            file.path(),
            "localhost",
            &["not meant for servers", "serverAuth"],
        ),
        // The longest possible names, and many of them, are cut.
        (
            &["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example"; 9],
            ours,
            file.path(),
            "localhost",
            &["…; use that"],
        ),
    ];
    for (names, change, trust, host, parts) in cases {
        for version in [&TLS12, &TLS13] {
            let identity = authority.issue_with(names, change);
            let server = terminating(identity.config_for(&[version]), &appliance);
            let outcome = get_token(&server.url(host, "/token"), &[("SSL_CERT_FILE", trust)]);
            expect_failure(&outcome, 4, parts);
            expect_failure(&outcome, 4, &[&format!("{host}:{}", server.port())]);
        }
    }
    assert_eq!(appliance.qoauth_requests(), 0);
}

#[test]
fn a_file_without_a_usable_certificate_is_named() {
    let authority = Authority::new("a private CA", Key::P256);
    let good = authority.file();
    let appliance = appliance();
    let server = terminating(authority.issue(&["localhost"]).config(), &appliance);
    let url = server.url("localhost", "/token");
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.pem");
    let empty = file("");
    let not_pem = file("console certificate goes here\n");
    let der = file(authority.certificate());
    let text = std::fs::read_to_string(good.path()).unwrap();
    let broken = file(text.replace("MII", "M*I"));
    let nonsense = file("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let key = file("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    for (path, what) in [
        (missing.as_path(), "cannot be read: No such file"),
        (empty.path(), "is empty"),
        (not_pem.path(), "holds no PEM certificate"),
        (key.path(), "holds no PEM certificate"),
        (broken.path(), "holds no PEM certificate"),
        (nonsense.path(), "holds no PEM certificate"),
        (der.path(), "in DER; convert it"),
        (folder.path(), "is a directory; name it in SSL_CERT_DIR"),
    ] {
        let outcome = get_token(&url, &[("SSL_CERT_FILE", path)]);
        expect_failure(&outcome, 2, &[what, path.to_str().unwrap(), "SSL_CERT_FILE"]);
    }
    expect_failure(
        &get_token(&url, &[("SSL_CERT_FILE", Path::new(""))]),
        2,
        &["SSL_CERT_FILE is empty"],
    );
    for path in [folder.path(), missing.as_path()] {
        let outcome = get_token(&url, &[("SSL_CERT_DIR", path)]);
        expect_failure(&outcome, 2, &["SSL_CERT_DIR", path.to_str().unwrap()]);
    }

    // A bad file beside a good folder is an error only if no CA of the folder fits.
    std::fs::copy(good.path(), folder.path().join("ca.pem")).unwrap();
    let both = [("SSL_CERT_FILE", missing.as_path()), ("SSL_CERT_DIR", folder.path())];
    assert_eq!(get_token(&url, &both).status, Some(0));
    let stranger = Authority::new("another CA", Key::P256).file();
    std::fs::copy(stranger.path(), folder.path().join("ca.pem")).unwrap();
    expect_failure(&get_token(&url, &both), 2, &[missing.to_str().unwrap(), "SSL_CERT_FILE"]);
    assert_eq!(appliance.qoauth_requests(), 1);
}

/// A shell's `<(...)` or a named pipe can be read once: a second read, to say what is wrong, would block.
#[test]
fn a_pipe_with_the_wrong_ca_does_not_block_the_call() {
    let appliance = appliance();
    let authority = Authority::new("a private CA", Key::P256);
    let server = terminating(authority.issue(&["localhost"]).config(), &appliance);
    let stranger = std::fs::read(Authority::new("another CA", Key::P256).file()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("ca.pem");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
    assert!(made.success(), "{made}");
    // Opened for both, a pipe has a writer whoever reads: no end comes until this one is closed.
    let mut holder = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    holder.write_all(&stranger).unwrap();
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        let in_time =
            is_done.recv_timeout(Duration::from_secs(5)) != Err(RecvTimeoutError::Timeout);
        drop(holder); // releases a reader, so that the test ends in any case
        in_time
    });
    let outcome = get_token(&server.url("localhost", "/token"), &[("SSL_CERT_FILE", &pipe)]);
    drop(done);
    assert!(watch.join().unwrap(), "it waited for the pipe: {outcome:?}");
    expect_failure(&outcome, 2, &["is not a regular file", "SSL_CERT_FILE"]);
}

/// A TLS record with the version 1.0, as in the first records of a connection.
fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[kind, 3, 1, length[0], length[1]], content].concat()
}

fn fatal_alert(description: u8) -> Vec<Vec<u8>> {
    vec![record(21, &[2, description])]
}

/// The ServerHello of a server that supports TLS 1.1 at most: RFC 4346 section 7.4.1.3.
fn server_hello_of_tls_1_1() -> Vec<u8> {
    let body = [&[3, 2][..], &[7; 32], &[0], &[0x00, 0x2f], &[0]].concat();
    let length = u8::try_from(body.len()).unwrap();
    record(22, &[&[2, 0, 0, length], &body[..]].concat())
}

/// The ServerHello of a TLS 1.2 server that selects a protocol that was not offered: RFC 7301 section 3.2.
fn server_hello_that_selects(protocol: &[u8]) -> Vec<u8> {
    let len = u8::try_from(protocol.len()).unwrap();
    let alpn = [&[0, 16, 0, len + 3, 0, len + 1, len][..], protocol].concat();
    let extensions = [&[0, u8::try_from(alpn.len()).unwrap()][..], &alpn].concat();
    let body = [&[3, 3][..], &[7; 32], &[0], &[0xc0, 0x2b], &[0], &extensions].concat();
    let length = u8::try_from(body.len()).unwrap();
    record(22, &[&[2, 0, 0, length], &body[..]].concat())
}

#[test]
fn the_error_describes_a_failed_handshake() {
    let file = Authority::new("a private CA", Key::P256).file();
    let http = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec();
    for (pieces, parts) in [
        (vec![http], &["the answer is not TLS", "does it speak plain HTTP"][..]),
        (vec![b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()], &["the answer is not TLS"]),
        (vec![vec![0; 64]], &["the answer is not TLS"]),
        (vec![], &["closed the connection in the TLS handshake", "does it speak TLS"]),
        (vec![vec![22, 3, 3]], &["closed the connection in the TLS handshake"]),
        (fatal_alert(70), &["no TLS version", "1.2 and 1.3"]),
        (vec![server_hello_of_tls_1_1()], &["no TLS version", "1.2 and 1.3"]),
        (vec![server_hello_that_selects(b"smtp")], &["does not speak HTTP/1.1 there"]),
        (fatal_alert(120), &["does not speak HTTP/1.1 there"]),
        (fatal_alert(40), &["refused the TLS handshake", "cipher suite"]),
        // What Java sends if there is no client certificate.
        (fatal_alert(42), &["the alert BadCertificate: the server asks for a client certificate"]),
        (fatal_alert(112), &["does not know the name localhost"]),
        (fatal_alert(80), &["the alert InternalError"]),
        (fatal_alert(250), &["the alert AlertDescription(0xfa)"]),
    ] {
        let shown = format!("{pieces:?}");
        let server = Server::answering(pieces, Duration::ZERO);
        let outcome =
            get_token(&server.url("localhost", "/token"), &[("SSL_CERT_FILE", file.path())]);
        for part in parts {
            assert!(outcome.err.contains(part), "`{part}` for {shown}: {outcome:?}");
        }
        expect_failure(&outcome, 4, &[&format!("localhost:{}", server.port())]);
    }
}

#[test]
fn the_error_names_a_required_client_certificate() {
    let authority = Authority::new("a private CA", Key::P256);
    let file = authority.file();
    let appliance = appliance();
    for version in [&TLS12, &TLS13] {
        let config = authority.issue(&["localhost"]).config_for_clients_of(&authority, version);
        let server = terminating(config, &appliance);
        let outcome =
            get_token(&server.url("localhost", "/token"), &[("SSL_CERT_FILE", file.path())]);
        expect_failure(&outcome, 4, &["asks for a client certificate", "--cert and --key"]);
    }
}

#[test]
fn the_deadline_covers_the_handshake() {
    let file = Authority::new("a private CA", Key::P256).file();
    // A record of 16 KiB that comes byte by byte, slowly.
    let drops = [&[22, 3, 3, 0x40, 0][..], &[2], &[0; 200]].concat();
    let drops = drops.into_iter().map(|byte| vec![byte]).collect();
    for server in [Server::silent(), Server::answering(drops, Duration::from_millis(100))] {
        let started = Instant::now();
        let outcome =
            get_token(&server.url("localhost", "/token"), &[("SSL_CERT_FILE", file.path())]);
        let took = started.elapsed();
        expect_failure(&outcome, 5, &["not answered in time"]);
        assert!(took >= Duration::from_secs(2) && took < Duration::from_millis(2500), "{took:?}");
    }
}

#[test]
fn the_error_describes_an_answer_over_tls_that_is_not_http() {
    let authority = Authority::new("a private CA", Key::P256);
    let file = authority.file();
    for (pieces, part) in [
        (vec![], "the connection was closed without an answer"),
        (vec![b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()], "the answer is not HTTP"),
        (
            vec![b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".to_vec()],
            "the answer was cut short",
        ),
    ] {
        let inside = Server::answering(pieces, Duration::ZERO);
        let server =
            Server::terminating_tls(authority.issue(&["localhost"]).config(), inside.port());
        let outcome =
            get_token(&server.url("localhost", "/token"), &[("SSL_CERT_FILE", file.path())]);
        expect_failure(&outcome, 4, &[part]);
    }
}

#[test]
fn qoauth_is_reached_over_tls_too() {
    let appliance = appliance();
    let authority = Authority::new("a private CA", Key::P256);
    let file = authority.file();
    let server = terminating(authority.issue(&["localhost"]).config(), &appliance);
    let known = appliance.credentials();
    let outcome = processes::run(
        "minbearer",
        &["jsa"],
        &[
            ("CLIENT_ID", &known.client_id),
            ("CLIENT_SECRET", &known.client_secret),
            ("QOAUTH_URL", &server.url("localhost", "")),
            ("SSL_CERT_FILE", file.path().to_str().unwrap()),
        ],
    );
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
}
