//! `minbearer`'s options for TLS: `--cacert`, `--cert` and `--key`.
#![cfg(feature = "tls")]

use crate::support::appliance::{Appliance, Credentials, Setup};
use crate::support::processes::{command, run};
use crate::support::renewing::Renewing;
use crate::support::tls::{Server, pem_file};
use crate::support::x509::{Certificate, basic_constraints};
use rcgen::KeyPair;
use rustix::process::Signal;
use rustls::pki_types::PrivateKeyDer;
use std::path::Path;
use std::process::Stdio;

fn appliance() -> Appliance {
    let setup = Setup { tls: true, ..Setup::default() };
    Appliance::set_up(setup).expect("the appliance starts")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn only_the_cas_of_cacert_are_trusted() {
    let appliance = appliance();
    let url = appliance.qoauth_url() + "/token";
    let ca = text(appliance.ca_file().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        text(&path).to_owned()
    };
    let (no_pem, large) = (file("no-pem", b"hello"), file("large", &[b' '; 1024 * 1024 + 1]));
    let own = text(appliance.client_certificate_files().unwrap().0);
    let credentials = appliance.credentials();
    let variables = [
        ("CLIENT_ID", credentials.client_id.as_str()),
        ("CLIENT_SECRET", &credentials.client_secret),
    ];
    let trusting = [&variables[..], &[("SSL_CERT_FILE", ca)]].concat();
    let distrusting = [&variables[..], &[("SSL_CERT_FILE", own)]].concat();
    for (options, variables, status, part) in [
        (&["--cacert", ca][..], &variables[..], 0, ""),
        (&[], &trusting, 0, ""),
        (&[], &distrusting, 4, "let SSL_CERT_FILE, or --cacert of the program, name a PEM file"),
        // --cacert replaces the system's CAs and those of SSL_CERT_FILE.
        (&["--cacert", own], &trusting, 4, "signed by none of"),
        (
            &["--cacert", "/dev/absent"],
            &trusting,
            2,
            "the --cacert file /dev/absent cannot be read",
        ),
        (&["--cacert", "/"], &trusting, 2, "is a directory"),
        (&["--cacert", &no_pem], &trusting, 2, ""),
        (&["--cacert", &large], &trusting, 2, "is larger than 1024 KiB"),
    ] {
        let outcome =
            run("minbearer", &[&["client-credentials", &url], options].concat(), variables);
        if status == 0 {
            assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{options:?}");
        } else {
            outcome.expect_failure("minbearer", status, part);
        }
    }
}

/// As QRadar's console is reached: by its address, with a certificate for another name.
#[test]
fn the_certificate_may_be_for_the_name_that_the_option_gives() {
    let key = KeyPair::generate().unwrap();
    let own = Certificate::new("localhost.localdomain", "localhost.localdomain", &key);
    let own = own.with(basic_constraints(true, None)).sign(&key);
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.clone().into()], key)
        .unwrap();
    let appliance = Appliance::start(Credentials::default()).expect("the appliance starts");
    let port = appliance.qoauth_url().rsplit(':').next().unwrap().parse().unwrap();
    let server = Server::terminating_tls(config, port);
    let ca = pem_file(&[&own.into()]);
    let credentials = appliance.credentials();
    for (url, options, status, part) in [
        (server.url("127.0.0.1", ""), &["--server-name", "localhost.localdomain"][..], 0, ""),
        (server.url("127.0.0.1", ""), &[], 4, "not for 127.0.0.1 but for localhost.localdomain"),
        (server.url("127.0.0.1", ""), &["--server-name", "a b"], 2, "neither a DNS name nor"),
    ] {
        let arguments = [&["jsa", "--cacert", text(ca.path())], options].concat();
        let variables = [
            ("CLIENT_ID", credentials.client_id.as_str()),
            ("CLIENT_SECRET", &credentials.client_secret),
            ("QOAUTH_URL", &url),
        ];
        let outcome = run("minbearer", &arguments, &variables);
        if status == 0 {
            assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{outcome:?}");
        } else {
            outcome.expect_failure("minbearer", status, part);
        }
    }
}

#[test]
fn a_client_certificate_replaces_a_secret() {
    let appliance = appliance();
    appliance.require_client_certificate();
    let url = appliance.qoauth_url() + "/token";
    let ca = text(appliance.ca_file().unwrap());
    let (certificate, key) = appliance.client_certificate_files().unwrap();
    let (certificate, key) = (text(certificate), text(key));
    let id = [("CLIENT_ID", appliance.credentials().client_id.as_str())];
    for (options, status, part) in [
        (&["--cert", certificate, "--key", key][..], 0, ""),
        (&[], 2, "none of CLIENT_SECRET, CLIENT_SECRET_FILE and CLIENT_ASSERTION_FILE is set"),
        (&["--cert", certificate], 2, "--cert is given without --key FILE"),
        (&["--key", key], 2, "--key is given without --cert FILE"),
        (&["--cert", key, "--key", certificate], 2, ""),
        (
            &["--cert", certificate, "--key", "/dev/absent"],
            2,
            "the --key file /dev/absent cannot be read",
        ),
    ] {
        let arguments = [&["client-credentials", &url, "--cacert", ca], options].concat();
        let outcome = run("minbearer", &arguments, &id);
        if status == 0 {
            assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{options:?}");
        } else {
            outcome.expect_failure("minbearer", status, part);
        }
    }
    let arguments =
        ["client-credentials", &url, "--cacert", ca, "--cert", certificate, "--key", key];
    run("minbearer", &arguments, &[]).expect_failure(
        "minbearer",
        2,
        "neither CLIENT_ID nor CLIENT_ID_FILE is set",
    );
}

/// Short-lived certificates are replaced while the program runs.
#[test]
fn the_files_are_read_for_each_request() {
    let appliance = appliance();
    appliance.require_client_certificate();
    let folder = tempfile::tempdir().unwrap();
    let (file, key) = (folder.path().join("token"), folder.path().join("key"));
    let (certificate, real_key) = appliance.client_certificate_files().unwrap();
    std::fs::copy(real_key, &key).unwrap();
    let mut command =
        command("minbearer", &[("CLIENT_ID", appliance.credentials().client_id.as_str())]);
    command.args(["client-credentials", &(appliance.qoauth_url() + "/token"), "--every", "1000"]);
    command.args(["--cacert", text(appliance.ca_file().unwrap()), "--cert", text(certificate)]);
    command.args(["--key", text(&key), "--renew", "--output", text(&file)]);
    let mut renewing = Renewing::of(command.stderr(Stdio::piped()).spawn().unwrap());
    let first = renewing.wait_for_token(&file, "");
    std::fs::remove_file(&key).unwrap();
    renewing.signal(Signal::HUP);
    renewing.wait_for_line("key cannot be read");
    std::fs::copy(real_key, &key).unwrap();
    renewing.wait_for_token(&file, &first);
}
