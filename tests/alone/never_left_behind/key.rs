//! The key of a client certificate: what is left of it is counted in each form that it goes through.
//!
//! ```text
//! PEM text ──► DER ──► what the provider of cryptography has parsed: scalar, primes, exponents
//! ```
//!
//! PEM and DER are this crate's to wipe. What ring has parsed it does not wipe (0.17.14: no type of it has a `Drop` that
//! does), so its figures are printed, for SECURITY.md, and only those of a living session are checked.

use crate::hostile::{self, Step};
use crate::observer::{Process, count, each};
use crate::subject::stay;
use crate::tls::{Authority, Key, Server, inner_key, pem, pem_of};
use base64ct::{Base64, Encoding};
use minbearer::client_credentials::{ClientAuthentication, Config};
use minbearer::{Http, Secret, Session};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use std::process::Command;
use std::time::Duration;

/// What the subject is told, in the environment.
const TOLD: [&str; 4] = ["LEFT_KEY_MODE", "LEFT_KEY_URL", "LEFT_KEY_CHAIN", "LEFT_KEY_FILE"];

pub const FORMS: [(Key, &str); 4] = [
    (Key::P256, "PRIVATE KEY"),
    (Key::P256, "EC PRIVATE KEY"),
    (Key::Rsa2048, "PRIVATE KEY"),
    (Key::Rsa2048, "RSA PRIVATE KEY"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copies {
    pub pem: usize,
    pub der: usize,
    /// Whatever the provider made of it.
    pub parsed: usize,
}

#[test]
#[ignore = "it is what the other tests start and look at"]
fn subject() {
    let [mode, url, chain, key] = TOLD.map(|name| std::env::var(name).unwrap_or_default());
    if mode.starts_with("provider") {
        rustls::crypto::ring::default_provider().install_default().unwrap();
    }
    let chain = std::fs::read(chain).unwrap();
    let key = Secret::from_file(key).unwrap();
    if mode.ends_with("kept") {
        let copy = match mode.as_str() {
            "PEM kept" => key.expose().as_bytes().to_vec(),
            _ => PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
                .unwrap()
                .secret_der()
                .to_vec(),
        };
        stay("is ready");
        drop(copy);
        return;
    }
    let http = Http::new().with_client_certificate(chain, key.expose());
    drop(key);
    if mode == "refused" {
        assert!(http.is_err());
        stay("is ready");
        return;
    }
    let config = Config::new(&url, "id", ClientAuthentication::none()).unwrap();
    let config = config.with_timeout(Duration::from_secs(60));
    let session = Session::with_transport(config, http.unwrap());
    session.token().unwrap();
    if mode == "session" {
        stay("is ready");
    } else {
        drop(session);
        stay("is ready");
    }
}

/// What is in the memory of a subject that has presented this key.
fn copies(mode: &str, key: Key, label: &str) -> Copies {
    let authority = Authority::new("a private CA", Key::P256);
    let clients = Authority::new("a CA of clients", key);
    let identity = clients.issue(&["a-client"]);
    let der = match label {
        "PRIVATE KEY" => identity.key.secret_der(),
        _ => inner_key(identity.key.secret_der()),
    };
    // One that the key does not belong to is refused.
    let shown = if mode == "refused" { authority.certificate() } else { &identity.certificate };
    let folder = tempfile::tempdir().unwrap();
    let (chain, key_file) = (folder.path().join("chain"), folder.path().join("key"));
    std::fs::write(&chain, pem(shown)).unwrap();
    std::fs::write(&key_file, pem_of(label, der)).unwrap();

    let body = r#"{"access_token":"a-token-of-its-own"}"#;
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let inside = hostile::Server::script(vec![Step::Request, Step::send(answer)]);
    let version = if mode.starts_with("TLS 1.2") { &TLS12 } else { &TLS13 };
    let config = authority.issue(&["localhost"]).config_for_clients_of(&clients, version);
    let server = Server::terminating_tls(config, inside.port());
    let url = server.url("localhost", "/token");
    let ca = authority.file();
    let told = [mode, &url, chain.to_str().unwrap(), key_file.to_str().unwrap()];
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env("SSL_CERT_FILE", ca.path()).envs(TOLD.into_iter().zip(told));
    let process = Process::start("key::subject", &mut command, "is ready");
    copies_in(&process.memory(), key, identity.key.secret_der(), der)
}

/// How often a key, which a file has as `der`, is in this memory.
pub fn copies_in(memory: &[Vec<u8>], key: Key, pkcs8: &[u8], der: &[u8]) -> Copies {
    let parts = parts(key, pkcs8);
    let total = |needle: &dyn Fn(&[u8]) -> Vec<u8>| -> usize {
        parts.iter().map(|part| count(memory, &needle(part))).sum()
    };
    let in_der = total(&|part| with_what_is_before(der, part));
    // As DER has a number, in limbs as this machine has them, and with the highest limb first.
    let as_is = total(&|part| middle(part).to_vec());
    let limbs = total(&|part| middle(&reversed(part)).to_vec());
    let highest_first =
        total(&|part| middle(&part.chunks(8).flat_map(reversed).collect::<Vec<_>>()).to_vec());
    let in_montgomery_form = match key {
        Key::Rsa2048 => 0,
        _ => count(memory, middle(&reversed(&in_montgomery_form(parts[0])))),
    };
    Copies {
        pem: total(&|part| base64_of(der, part).into_bytes()),
        der: in_der,
        parsed: as_is - in_der + limbs + highest_first + in_montgomery_form,
    }
}

fn reversed(number: &[u8]) -> Vec<u8> {
    number.iter().rev().copied().collect()
}

#[test]
fn the_scanner_finds_a_key_that_is_kept() {
    for (key, label) in FORMS {
        let copies = copies("PEM kept", key, label);
        assert!(copies.pem > 0, "{key:?}, {label}: {copies:?}");
        let copies = self::copies("DER kept", key, label);
        assert!(copies.der > 0, "{key:?}, {label}: {copies:?}");
    }
}

#[test]
fn neither_pem_nor_der_of_a_key_is_left_and_what_ring_keeps_is_said() {
    println!("| how | key | PEM | DER | parsed by ring |\n| --- | --- | --- | --- | --- |");
    for mode in ["session", "TLS 1.2, dropped", "TLS 1.3, dropped", "refused", "provider, dropped"]
    {
        for ((key, label), copies) in
            FORMS.iter().zip(each(&FORMS, |(key, label)| copies(mode, *key, label)))
        {
            let Copies { pem, der, parsed } = copies;
            println!("| {mode} | {key:?}, {label} | {pem} | {der} | {parsed} |");
            // A provider that the program has installed gets a copy of the DER, which is its own to wipe.
            let is_ours = !mode.starts_with("provider");
            assert!(pem == 0 && (der == 0 || !is_ours), "{mode}, {key:?}, {label}: {copies:?}");
            assert!(mode != "session" || parsed > 0, "{key:?}, {label}: not found in use");
        }
    }
}

/// The numbers that are secret, as DER has them: the scalar, or primes and exponents.
fn parts(key: Key, pkcs8: &[u8]) -> Vec<&[u8]> {
    let inner = inner_key(pkcs8);
    match key {
        Key::P256 => {
            assert_eq!(inner[5..7], [0x04, 32], "an OCTET STRING");
            vec![&inner[7..39]]
        }
        _ => {
            let mut rest = &inner[4..]; // behind the header of the SEQUENCE
            let mut numbers = Vec::new();
            while let [0x02, len, more @ ..] = rest {
                let (len, more) = match (*len, more) {
                    (0x82, [high, low, more @ ..]) => {
                        (usize::from(*high) << 8 | usize::from(*low), more)
                    }
                    (0x81, [len, more @ ..]) => (usize::from(*len), more),
                    (len, more) => (usize::from(len), more),
                };
                numbers.push(more[..len].strip_prefix(&[0]).unwrap_or(&more[..len]));
                rest = &more[len..];
            }
            assert_eq!(numbers.len(), 9, "RFC 8017 appendix A.1.2");
            numbers[3..8].to_vec() // d, p, q, dP, dQ
        }
    }
}

/// An allocator writes over the start of what is freed, and an end may be cut.
fn middle(part: &[u8]) -> &[u8] {
    &part[part.len() / 2..part.len() / 2 + 16]
}

fn position(der: &[u8], part: &[u8]) -> usize {
    der.windows(part.len()).position(|at| at == part).expect("a part of it")
}

/// Tag and length, and the start of the number.
fn with_what_is_before(der: &[u8], part: &[u8]) -> Vec<u8> {
    let at = position(der, part);
    der[at - 2..at + 16].to_vec()
}

/// As much of the number as stands in one line of the PEM.
fn base64_of(der: &[u8], part: &[u8]) -> String {
    let at = position(der, part);
    let (start, end) = (at.div_ceil(3) * 4, (at + part.len()) / 3 * 4);
    let next_line = start.next_multiple_of(64).min(end);
    let pieces = [(start, next_line), (next_line, end.min(next_line + 64))];
    let (start, end) = pieces.into_iter().max_by_key(|(start, end)| end - start).unwrap();
    Base64::encode_string(der)[start..end].to_owned()
}

/// The scalar times 2^256, modulo the order of P-256 (FIPS 186-4 appendix D.1.2.3): how ring keeps it.
fn in_montgomery_form(scalar: &[u8]) -> Vec<u8> {
    const ORDER: [u64; 4] = [
        0xffff_ffff_0000_0000,
        0xffff_ffff_ffff_ffff,
        0xbce6_faad_a717_9e84,
        0xf3b9_cac2_fc63_2551,
    ];
    let mut number = [0; 4];
    for (word, bytes) in number.iter_mut().zip(scalar.chunks(8)) {
        *word = u64::from_be_bytes(bytes.try_into().unwrap());
    }
    for _ in 0..256 {
        let carries = number[0] >> 63 == 1;
        for at in 0..4 {
            number[at] = number[at] << 1 | number.get(at + 1).map_or(0, |next| next >> 63);
        }
        if carries || number >= ORDER {
            let mut borrow = false;
            for at in (0..4).rev() {
                let (less, first) = number[at].overflowing_sub(ORDER[at]);
                let (less, second) = less.overflowing_sub(u64::from(borrow));
                (number[at], borrow) = (less, first || second);
            }
        }
    }
    number.iter().flat_map(|word| word.to_be_bytes()).collect()
}
