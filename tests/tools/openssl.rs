//! What OpenSSL says of the certificates of `tests/support/kinds.rs`, and of thousands that are made at random. Needs
//! `openssl`, 3.0 or later, and `python3`.

use crate::support::kinds;
use crate::support::x509::*;
use base64ct::{Base64, Encoding};
use rcgen::KeyPair;
use rustls::pki_types::ServerName;
use std::io::Write;
use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Stdio};

fn write(path: &Path, certificates: &[Vec<u8>]) {
    let pem: String = certificates
        .iter()
        .map(|der| {
            let lines: Vec<_> = Base64::encode_string(der)
                .as_bytes()
                .chunks(64)
                .map(|line| String::from_utf8_lossy(line).into_owned() + "\n")
                .collect();
            format!("-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n", lines.concat())
        })
        .collect();
    std::fs::write(path, pem).unwrap();
}

#[test]
fn openssl_accepts_and_rejects_what_the_table_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let mut wrong = Vec::new();
    for kind in kinds::kinds(&kinds::Keys::generate()) {
        let (own, others) = kind.sent.split_first().unwrap();
        write(&file("trusted"), &kind.trusted);
        write(&file("own"), std::slice::from_ref(own));
        write(&file("others"), others);
        let is_address = kind.host.parse::<IpAddr>().is_ok();
        let mut openssl = Command::new("openssl");
        openssl
            .args([
                "verify",
                "-partial_chain",
                "-purpose",
                "sslserver",
                "-no-CApath",
                "-no-CAstore",
            ])
            .args([if is_address { "-verify_ip" } else { "-verify_hostname" }, kind.host])
            .arg("-CAfile")
            .arg(file("trusted"));
        if !others.is_empty() {
            openssl.arg("-untrusted").arg(file("others"));
        }
        let output = openssl.arg(file("own")).output().expect("openssl");
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().find(|line| line.starts_with("error ")).unwrap_or_default();
        let (ours, by_openssl, why) = kind.outcome;
        let ours = ours.map_or("rejected", |()| "accepted");
        let openssl = if output.status.success() { "accepted" } else { "rejected" };
        println!("| {} | {ours} | {openssl} | {said} {why} |", kind.what);
        if output.status.success() != by_openssl {
            wrong.push(kind.what);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// xorshift64*: the same certificates in each run, but for their keys.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        usize::try_from(high).unwrap() % end
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn certificate(&mut self, key: &KeyPair) -> Vec<u8> {
        let dates = [
            "500101000000Z",
            "691231235959Z",
            "700101000000Z",
            "000229120000Z",
            "491231235959Z",
            "20500101000000Z",
            "21000228235959Z",
            "24000229000000Z",
            "99991231235959Z",
        ];
        let names = [
            "a.example",
            "A.Example",
            "*.a.example",
            "*.example",
            "*",
            "*.*.example",
            "b.a.example",
            "a",
            "",
            "a.example ",
            "x.a.example",
        ];
        let mut certificate = Certificate::new("an issuer", "a subject", key);
        certificate.version = self.one(&[1, 2, 3, 3, 3, 3]);
        (certificate.not_before, certificate.not_after) =
            (time(self.one(&dates)), time(self.one(&dates)));
        let subject: Vec<_> = (0..self.below(4)).map(|_| self.one(&names)).collect();
        certificate.subject = name(&subject);
        if self.below(8) == 0 {
            certificate.ids = der(self.one(&[0x81, 0x82]), &[&[0, 7]]);
        }
        for _ in 0..self.below(5) {
            let usage = self.one(&[0x04, 0x80, 0x06, 0x84, 0x20]);
            let (is_ca, len) = (self.one(&[true, false]), self.one(&[None, Some(0), Some(3)]));
            certificate.extensions.push(self.one(&[
                basic_constraints(is_ca, len),
                basic_constraints(true, None),
                key_usage(usage),
                key_usage(usage),
                extended_key_usage(&[SERVER_AUTH]),
                subject_alt_name(&["a.example", "192.0.2.7"]),
                name_constraints(is_ca, &["example"]),
                extension(14, &der(4, &[&[7; 20]])),
            ]));
        }
        if self.below(16) > 0 {
            // Each but once, as a rule. The seventh byte tells them apart.
            let mut ids = Vec::new();
            certificate.extensions.retain(|extension| {
                let is_new = !ids.contains(&extension[6]);
                ids.push(extension[6]);
                is_new
            });
        }
        certificate.sign(key)
    }

    fn mutate(&mut self, der: &mut Vec<u8>) {
        // What matters is in the first half; the rest is the key and two signatures.
        for _ in 0..=self.below(2) {
            let at = self.below(der.len());
            match self.below(5) {
                0 => der[at] ^= 1 << self.below(8),
                1 => der[at] = self.one(&[0, 1, 2, 4, 0x30, 0x7f, 0x80, 0x81, 0xa3, 0xff]),
                2 => drop(der.remove(at)),
                3 => der.insert(at, self.one(&[0, 1, 0x30, 0x80])),
                _ => der.truncate(at.max(1)),
            }
        }
    }
}

/// What this crate reads, in the form of `openssl.py`.
fn ours(der: &[u8]) -> Option<String> {
    let read = minbearer::internal::Certificate::read(der)?;
    let (is_ca, may_sign, has_name) = (read.is_ca, read.may_sign(), read.has_subject_alt_name);
    let python = |is: bool| if is { "True" } else { "False" };
    let mut line = format!(
        "{} {} {} {} {} {}",
        read.version,
        read.not_before.as_secs(),
        read.not_after.as_secs(),
        python(is_ca),
        python(may_sign),
        python(has_name)
    );
    if !has_name {
        for host in ["a.example", "b.a.example"] {
            let host = ServerName::try_from(host).unwrap();
            line += " ";
            line += python(read.has_common_name(&host));
        }
    }
    Some(line)
}

/// Whether the two differ in a common name alone, which OpenSSL finds.
fn is_stricter(ours: &str, theirs: &str) -> bool {
    let mut pairs = ours.split(' ').zip(theirs.split(' ')).enumerate();
    let is_all = pairs.all(|(at, (ours, theirs))| {
        ours == theirs || at >= 6 && (ours, theirs) == ("False", "True")
    });
    is_all && ours != theirs
}

#[test]
fn certificates_are_read_as_openssl_reads_them() {
    let key = KeyPair::generate().unwrap();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let count = std::env::var("CERTIFICATES").map_or(6000, |count| count.parse().unwrap());
    let certificates: Vec<(bool, Vec<u8>)> = (0..count)
        .map(|_| {
            let mut der = random.certificate(&key);
            let is_mutated = random.below(2) == 0;
            if is_mutated {
                random.mutate(&mut der);
            }
            (is_mutated, der)
        })
        .collect();
    let mut python = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/openssl.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3");
    let mut input = python.stdin.take().unwrap();
    let sent: Vec<u8> = certificates
        .iter()
        .flat_map(|(_, der)| [&u32::try_from(der.len()).unwrap().to_be_bytes()[..], der].concat())
        .collect();
    let writer = std::thread::spawn(move || input.write_all(&sent));
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let theirs = String::from_utf8(output.stdout).unwrap();
    assert_eq!(theirs.lines().count(), certificates.len(), "{:?}", output.status);

    let (mut alike, mut stricter, mut laxer, mut neither) = (0, 0, 0, 0);
    for ((is_mutated, der), theirs) in certificates.iter().zip(theirs.lines()) {
        let shown = || der.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match (ours(der), theirs) {
            (Some(_), "unreadable" | "invalid") => laxer += 1,
            (None, "unreadable" | "invalid") => neither += 1,
            // A name that is no DER is not read to its end.
            (Some(ours), theirs) if *is_mutated && is_stricter(&ours, theirs) => stricter += 1,
            (Some(ours), theirs) => {
                assert_eq!(ours, theirs, "{}", shown());
                alike += 1;
            }
            (None, _) => {
                assert!(is_mutated, "{theirs}: {}", shown());
                stricter += 1;
            }
        }
    }
    println!(
        "of {count} certificates {alike} are read alike, {neither} are read by neither, {stricter} by OpenSSL alone, {laxer} here alone"
    );
    assert!(alike > count / 3, "{alike}");
}
