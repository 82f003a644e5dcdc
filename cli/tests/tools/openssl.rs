//! `minbearer` against OpenSSL's own server: RSA and EC, TLS 1.2 and 1.3, and what must be rejected.

use crate::support::processes::{Outcome, command};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const NAMES: &str = "subjectAltName=DNS:localhost";

/// A folder with keys and certificates, NAME.key and NAME.pem.
struct Folder(TempDir);

impl Folder {
    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, arguments: &str, more: &[&str]) {
        let mut openssl = Command::new("openssl");
        openssl.args(arguments.split(' ')).args(more).current_dir(self.0.path());
        let output = openssl.output().expect("openssl is installed");
        assert!(
            output.status.success(),
            "{arguments}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn key(&self, kind: &str, name: &str) {
        let kind = match kind {
            "rsa" => "RSA -pkeyopt rsa_keygen_bits:2048",
            "rsa1024" => "RSA -pkeyopt rsa_keygen_bits:1024",
            "ec" => "EC -pkeyopt ec_paramgen_curve:P-256",
            "p384" => "EC -pkeyopt ec_paramgen_curve:P-384",
            "p521" => "EC -pkeyopt ec_paramgen_curve:P-521",
            other => other,
        };
        self.openssl(&format!("genpkey -quiet -out {name}.key -algorithm {kind}"), &[]);
    }

    fn authority(&self, name: &str, kind: &str) {
        self.key(kind, name);
        let request = format!("req -x509 -new -key {name}.key -days 30 -out {name}.pem -subj");
        self.openssl(&request, &[&format!("/CN={name}")]);
    }

    fn self_signed(&self, name: &str, constraints: &str) {
        self.key("ec", name);
        let request =
            format!("req -x509 -new -key {name}.key -days 30 -out {name}.pem -subj /CN=localhost");
        let constraints = format!("basicConstraints=critical,{constraints}");
        self.openssl(&request, &["-addext", NAMES, "-addext", &constraints]);
    }

    /// A server's certificate with these extensions, a line each.
    fn issue(&self, name: &str, kind: &str, ca: &str, extensions: &str, more: &[&str]) {
        self.key(kind, name);
        self.openssl(&format!("req -new -key {name}.key -out {name}.csr -subj /CN=localhost"), &[]);
        fs::write(self.file("extensions"), extensions).unwrap();
        let days = if name == "expired" { -1 } else { 30 };
        let sign = format!(
            "x509 -req -in {name}.csr -CA {ca}.pem -CAkey {ca}.key -CAcreateserial -days {days} -extfile extensions -out {name}.pem"
        );
        self.openssl(&sign, more);
    }

    /// One request to a server with this certificate and these options, by a client that trusts `ca`.
    #[track_caller]
    fn expect(&self, certificate: &str, ca: &str, status: i32, words: &str, options: &str) {
        self.expect_alert(certificate, ca, status, words, options, "");
    }

    /// The same; the server must have received an alert of this name, which it logs.
    #[track_caller]
    fn expect_alert(
        &self,
        certificate: &str,
        ca: &str,
        status: i32,
        words: &str,
        options: &str,
        alert: &str,
    ) {
        let log = self.file("log");
        let out = fs::File::create(&log).unwrap();
        let mut server = Command::new("openssl");
        // `-HTTP` serves a file whose name is the path with its query; the file includes the head of the answer.
        server.args(["s_server", "-accept", "127.0.0.1:0", "-HTTP"]).current_dir(self.0.path());
        server.args([
            "-cert",
            &format!("{certificate}.pem"),
            "-key",
            &format!("{certificate}.key"),
        ]);
        server.args(options.split_whitespace()).stdin(Stdio::null());
        let server = server.stdout(out.try_clone().unwrap()).stderr(out).spawn().unwrap();
        let _server = Running(server);
        let port = wait_for(&log, |log| {
            Some(log.split_once("ACCEPT 127.0.0.1:")?.1.lines().next()?.to_owned())
        });
        let url = format!("https://localhost:{port}");
        let ca = self.file(&format!("{ca}.pem"));
        let variables = [("CLIENT_ID", "id"), ("CLIENT_SECRET", "hunter2"), ("QOAUTH_URL", &url)];
        let mut client = command("minbearer", &variables);
        client.arg("jsa").env_remove("SSL_CERT_DIR").env("SSL_CERT_FILE", ca);
        let outcome = Outcome::from(client.output().unwrap());
        let said = format!("{}{}", outcome.out, outcome.err);
        let case = format!("{certificate}, {options}");
        assert!(
            outcome.status == Some(status) && said.contains(words),
            "{case}: not {status}, {words}, but {outcome:?}"
        );
        if !alert.is_empty() {
            wait_for(&log, |log| log.contains(&format!("alert {alert}")).then_some(()));
        }
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[track_caller]
fn wait_for<T>(log: &Path, found: impl Fn(&str) -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let text = fs::read_to_string(log).unwrap();
        match found(&text) {
            Some(found) => return found,
            None => assert!(Instant::now() < deadline, "the server says: {text}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn folder() -> Folder {
    let folder = Folder(tempfile::tempdir().unwrap());
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 29\r\nConnection: close\r\n\r\n{\"access_token\": \"the-token\"}";
    fs::write(
        folder.file("token?grant_type=client_credentials&client_id=id&client_secret=hunter2"),
        answer,
    )
    .unwrap();
    folder.authority("ca-ec", "ec");
    folder.issue("leaf-ec", "ec", "ca-ec", NAMES, &[]);
    folder
}

#[test]
fn versions_suites_and_groups() {
    let folder = folder();
    folder.authority("ca-rsa", "rsa");
    folder.authority("other", "ec");
    folder.issue("leaf-rsa", "rsa", "ca-rsa", NAMES, &[]);
    for kind in ["rsa", "ec"] {
        let (leaf, ca) = (&format!("leaf-{kind}"), &format!("ca-{kind}"));
        for version in ["-tls1_2", "-tls1_3"] {
            folder.expect(leaf, ca, 0, "the-token", version);
            folder.expect_alert(leaf, "other", 4, "signed by none of", version, "unknown ca");
        }
    }
    for (leaf, status, words, options) in [
        ("leaf-rsa", 0, "the-token", "-tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384"),
        ("leaf-ec", 0, "the-token", "-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384"),
        ("leaf-ec", 4, "no cipher suite", "-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256"),
        ("leaf-ec", 0, "the-token", "-groups P-256"),
        ("leaf-ec", 0, "the-token", "-groups P-384"),
        ("leaf-ec", 4, "or curve that is offered", "-groups P-521"),
        ("leaf-rsa", 4, "no cipher suite", "-tls1_2 -cipher AES128-SHA"),
        ("leaf-rsa", 4, "no TLS version", "-tls1_1 -cipher DEFAULT:@SECLEVEL=0"),
        ("leaf-ec", 4, "client certificate", "-Verify 1"),
    ] {
        folder.expect(leaf, &leaf.replace("leaf", "ca"), status, words, options);
    }
    for version in ["-tls1_2", "-tls1_3"] {
        let of_a_mail_server = format!("{version} -alpn smtp");
        folder.expect("leaf-ec", "ca-ec", 4, "does not speak HTTP/1.1", &of_a_mail_server);
    }
}

/// Which are accepted, and which are named in the error, in a CA or in the server's certificate.
#[test]
fn kinds_of_keys() {
    let folder = folder();
    for kind in ["p384", "ed25519"] {
        let (leaf, ca) = (&format!("leaf-{kind}"), &format!("ca-{kind}"));
        folder.authority(ca, kind);
        folder.issue(leaf, kind, ca, NAMES, &[]);
        folder.expect(leaf, ca, 0, "the-token", "");
    }
    for kind in ["rsa1024", "p521"] {
        folder.authority(&format!("ca-{kind}"), kind);
        folder.issue(&format!("leaf-of-{kind}"), "ec", &format!("ca-{kind}"), NAMES, &[]);
        folder.issue(&format!("leaf-{kind}"), kind, "ca-ec", NAMES, &[]);
    }
    let short = "has an RSA key of less than 2048 bits";
    for version in ["-tls1_2", "-tls1_3"] {
        folder.expect(
            "leaf-of-rsa1024",
            "ca-rsa1024",
            4,
            &format!("a trusted CA {short}"),
            version,
        );
        folder.expect("leaf-of-p521", "ca-p521", 4, "a trusted CA has a P-521 key", version);
        let weak = format!("{version} -cipher DEFAULT:@SECLEVEL=0");
        folder.expect(
            "leaf-rsa1024",
            "ca-ec",
            4,
            &format!("the server's certificate {short}"),
            &weak,
        );
        // This server finds no common signature algorithm; its alert says no more.
        folder.expect("leaf-p521", "ca-ec", 4, "P-521 is not supported", version);
    }
}

#[test]
fn certificates() {
    let folder = folder();
    let for_clients = format!("{NAMES}\nextendedKeyUsage=clientAuth");
    for (name, extensions, more, words) in [
        ("expired", NAMES, &[][..], "expired"),
        (
            "wrong-name",
            "subjectAltName=DNS:console.example",
            &[],
            "not for localhost but for console.example",
        ),
        ("common-name", "keyUsage=digitalSignature", &[], "names no host at all"),
        ("sha1", NAMES, &["-sha1"], "SHA-1"),
        ("client", &for_clients, &[], "serverAuth"),
    ] {
        folder.issue(name, "ec", "ca-ec", extensions, more);
        folder.expect(name, "ca-ec", 4, words, "-cipher DEFAULT:@SECLEVEL=0");
    }
    // Newer versions of OpenSSL make none of X.509 version 1.
    fs::write(folder.file("v1.pem"), include_str!("../../../tests/support/version1.pem")).unwrap();
    fs::write(folder.file("v1.key"), include_str!("../../../tests/support/rsa2048.pem")).unwrap();
    folder.authority("ca-rsa", "rsa");
    folder.expect("v1", "ca-rsa", 4, "the server's certificate is not of X.509 version 3", "");
    folder.expect("v1", "v1", 4, "not for localhost but for a-client", "");
    folder.self_signed("own", "CA:FALSE");
    folder.expect("own", "own", 0, "the-token", "");
    folder.self_signed("own-ca", "CA:TRUE");
    folder.expect("own-ca", "own-ca", 0, "the-token", "");
}
