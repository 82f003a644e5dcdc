//! Which CAs a program trusts that keeps one `Http`. Environment variables belong to a process, so each test runs in a
//! child process.

#![cfg(feature = "tls")]

use crate::support::tls;

use minbearer::{Error, Http, Kind, Request, Response, Transport};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tls::{Authority, Key, Server, pem};

/// Runs this test again as a child process with these variables; returns true in that child.
fn is_the_child(test: &str, file: Option<&Path>, folder: Option<&Path>) -> bool {
    const CHILD: &str = "IN_A_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    let (_, module) = module_path!().split_once("::").unwrap();
    child.args(["--exact", &format!("{module}::{test}"), "--nocapture"]).env(CHILD, "");
    for (name, value) in [("SSL_CERT_FILE", file), ("SSL_CERT_DIR", folder)] {
        match value {
            Some(path) => child.env(name, path),
            None => child.env_remove(name),
        };
    }
    let output = child.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    false
}

fn authority() -> Authority {
    Authority::new("a private CA", Key::P256)
}

fn stranger() -> Authority {
    Authority::new("another CA", Key::P256)
}

/// A server with a certificate of `authority` that answers with an empty object, and the plain server behind it.
fn server(authority: &Authority) -> (Server, Server) {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_vec();
    let inside = Server::answering(vec![answer], Duration::ZERO);
    let config = authority.issue(&["localhost"]).config();
    (Server::terminating_tls(config, inside.port()), inside)
}

fn get(http: &Http, server: &Server) -> Result<Response, Error> {
    let request = Request::get(&server.url("localhost", "/")).unwrap();
    http.send(&request, Instant::now() + Duration::from_secs(20))
}

fn expect_error(outcome: Result<Response, Error>, kind: Kind, parts: &[&str]) {
    let error = outcome.expect_err("an error");
    assert_eq!(error.kind(), kind, "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "`{part}`: {error}");
    }
}

fn variable(name: &str) -> std::path::PathBuf {
    std::env::var_os(name).expect(name).into()
}

#[test]
fn a_ca_file_that_appears_later_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mounted = folder.path().join("ca.pem");
    if !is_the_child("a_ca_file_that_appears_later_is_read", Some(&mounted), None) {
        return;
    }
    let file = variable("SSL_CERT_FILE");
    let authority = authority();
    let (server, _inside) = server(&authority);
    let http = Http::new();
    for _ in 0..2 {
        expect_error(
            get(&http, &server),
            Kind::Config,
            &["(SSL_CERT_FILE) cannot be read: No such file", file.to_str().unwrap()],
        );
    }
    std::fs::write(&file, "").unwrap();
    expect_error(get(&http, &server), Kind::Config, &["(SSL_CERT_FILE) is empty"]);
    std::fs::write(&file, pem(authority.certificate())).unwrap();
    assert_eq!(get(&http, &server).unwrap().status(), 200);
    // Later calls do not read the file again.
    std::fs::remove_file(&file).unwrap();
    assert_eq!(get(&http, &server).unwrap().status(), 200);
}

#[test]
fn a_ca_given_in_code_is_the_only_one_trusted() {
    let test = "a_ca_given_in_code_is_the_only_one_trusted";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    if !is_the_child(test, Some(&file), Some(folder.path())) {
        return;
    }
    let (file, authority, stranger) = (variable("SSL_CERT_FILE"), authority(), stranger());
    let (server, _inside) = server(&authority);
    let ours = Http::new().with_ca(pem(authority.certificate())).unwrap();
    let strangers = Http::new().with_ca(pem(stranger.certificate())).unwrap();
    // The variables are not read: neither a missing file nor one with the right CA matters.
    for is_there in [false, true] {
        if is_there {
            std::fs::write(&file, pem(authority.certificate())).unwrap();
            assert_eq!(get(&Http::new(), &server).unwrap().status(), 200);
        }
        assert_eq!(get(&ours, &server).unwrap().status(), 200);
        let error = get(&strangers, &server).unwrap_err();
        assert!(!error.to_string().contains("SSL_CERT"), "{error}");
        expect_error(
            get(&strangers, &server),
            Kind::Network,
            &["signed by none of the CAs that were given"],
        );
    }
    // All certificates in one text count, whatever text is between them.
    let both = format!(
        "one:\n{}and another:\n{}",
        pem(stranger.certificate()),
        pem(authority.certificate())
    );
    assert_eq!(get(&Http::new().with_ca(both).unwrap(), &server).unwrap().status(), 200);
    // The last `with_ca` counts, and no session is resumed with an earlier one.
    expect_error(
        get(&ours.with_ca(pem(stranger.certificate())).unwrap(), &server),
        Kind::Network,
        &["signed by none of the CAs that were given"],
    );
}

#[test]
fn the_cas_of_both_variables_are_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("of the file.pem");
    let of_folders = folder.path().join("folder");
    let test = "the_cas_of_both_variables_are_trusted";
    if !is_the_child(test, Some(&file), Some(&of_folders)) {
        return;
    }
    let (authority, stranger) = (authority(), stranger());
    let (file, of_folders) = (variable("SSL_CERT_FILE"), variable("SSL_CERT_DIR"));
    let (server, _inside) = server(&authority);
    std::fs::create_dir(&of_folders).unwrap();
    for (in_file, in_folder, is_trusted) in [
        (&authority, &stranger, true),
        (&stranger, &authority, true),
        (&stranger, &stranger, false),
    ] {
        std::fs::write(&file, pem(in_file.certificate())).unwrap();
        std::fs::write(of_folders.join("ca.pem"), pem(in_folder.certificate())).unwrap();
        let outcome = get(&Http::new(), &server);
        if is_trusted {
            assert_eq!(outcome.unwrap().status(), 200);
        } else {
            expect_error(
                outcome,
                Kind::Network,
                &["none of the CAs in ", "of the file.pem (SSL_CERT_FILE) and in SSL_CERT_DIR;"],
            );
        }
    }
    // So are they beside one that is added in code.
    std::fs::write(&file, pem(authority.certificate())).unwrap();
    let added = Http::new().with_added_ca(pem(stranger.certificate())).unwrap();
    assert_eq!(get(&added, &server).unwrap().status(), 200);
}

#[test]
fn the_error_names_a_variable_that_is_not_set() {
    let (authority, stranger) = (authority(), stranger());
    let file = tls::file(pem(stranger.certificate()));
    if !is_the_child("the_error_names_a_variable_that_is_not_set", Some(file.path()), None) {
        return;
    }
    let (server, _inside) = server(&authority);
    std::fs::write(variable("SSL_CERT_FILE"), pem(stranger.certificate())).unwrap();
    expect_error(
        get(&Http::new(), &server),
        Kind::Network,
        &[
            "(SSL_CERT_FILE; SSL_CERT_DIR is not set); let SSL_CERT_FILE, or --cacert of the program, name",
        ],
    );

    // One that takes long to read is not blamed on the server.
    std::fs::write(variable("SSL_CERT_FILE"), pem(stranger.certificate()).repeat(4000)).unwrap();
    let request = Request::get(&server.url("localhost", "/")).unwrap();
    let outcome = Http::new().send(&request, Instant::now() + Duration::from_millis(1));
    expect_error(outcome, Kind::Timeout, &["was not sent: reading the CA files took too long"]);
}

#[test]
fn the_error_names_what_is_wrong_with_a_given_ca() {
    let authority = authority();
    let der: &[u8] = authority.certificate();
    let key = tls::pem_of("PRIVATE KEY", &[7; 40]);
    let trusted = tls::pem_of("TRUSTED CERTIFICATE", der);
    let utf_16: Vec<u8> = "\u{feff}-----BEGIN".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let no_end = tls::pem(der).replace("END CERTIFICATE", "BEGIN PRIVATE KEY");
    let cut = &no_end.as_bytes()[..no_end.len() / 2];
    const NO_PEM: &str = "the given CA holds no PEM certificate (-----BEGIN CERTIFICATE-----)";
    for (pem, what) in [
        (&b""[..], "the given CA is empty"),
        (b"\n", "the given CA is empty"),
        (
            trusted.as_bytes(),
            "the given CA holds a TRUSTED CERTIFICATE, which OpenSSL alone reads; convert it: openssl x509 -in FILE",
        ),
        (&utf_16, "the given CA is UTF-16; save it as UTF-8"),
        (no_end.as_bytes(), NO_PEM),
        (cut, NO_PEM),
        (der, "the given CA is a certificate in DER; convert it"),
        (b"console certificate goes here", NO_PEM),
        (key.as_bytes(), NO_PEM),
    ] {
        let error = Http::new().with_ca(pem).unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn pem_is_read_as_editors_and_old_programs_write_it() {
    let (authority, stranger) = (authority(), stranger());
    let (server, _inside) = server(&authority);
    let (ca, other) = (pem(authority.certificate()), pem(stranger.certificate()));
    for (what, text) in [
        ("with a byte order mark", format!("\u{feff}{ca}")),
        ("after another file", format!("{other}\u{feff}{ca}")),
        ("with an old label", ca.replace(" CERTIFICATE", " X509 CERTIFICATE")),
        ("with lines of Windows", ca.replace('\n', "\r\n")),
        ("indented", ca.replace('\n', "\n  ")),
        ("with white space at the ends", ca.replace('\n', " \t\n")),
        ("without a last line break", ca.trim_end().into()),
        ("after one that is cut short", format!("{}\n{ca}", &other[..other.len() / 2])),
        ("after one that is not base64", format!("{}{ca}", other.replace("MII", "M*I"))),
        ("after a key", format!("{}{ca}", tls::pem_of("PRIVATE KEY", &[7; 40]))),
        ("after one for OpenSSL", format!("{}{ca}", tls::pem_of("TRUSTED CERTIFICATE", &[7; 40]))),
    ] {
        let http = Http::new().with_ca(&text).unwrap_or_else(|error| panic!("{what}: {error}"));
        let outcome = get(&http, &server);
        assert!(outcome.is_ok(), "{what}: {outcome:?}");
    }
    // Latin-1 in a comment.
    let text = [b"# CA f\xfcr alle\n", ca.as_bytes()].concat();
    assert_eq!(get(&Http::new().with_ca(text).unwrap(), &server).unwrap().status(), 200);
}
