//! A key that signs assertions, and the assertions: what is left of both.
//!
//! As for the key of a client certificate, what ring has parsed is counted and printed, and is not ours to wipe. Nor is the
//! signature as ring returns it, in bytes, an ECDSA or EdDSA one on the stack; without the rest it is no assertion.

use crate::hostile::{Server, Step};
use crate::key::{self, FORMS, copies_in};
use crate::observer::{Process, count, each};
use crate::subject::stay;
use crate::tls::{Authority, Key, inner_key, pem_of};
use base64ct::{Base64UrlUnpadded, Encoding};
use minbearer::client_credentials::{
    ClientAuthentication, Config, SignedAssertion, SigningKey, get_token,
};
use minbearer::{Secret, Session};
use std::process::Command;
use std::time::Duration;

const TOLD: [&str; 3] = ["LEFT_SIGNING_MODE", "LEFT_SIGNING_URL", "LEFT_SIGNING_FILE"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Copies {
    key: key::Copies,
    /// Pieces of the assertion that was sent: of its claims and of its signature, in base64url.
    assertion: usize,
    /// The signature's bytes.
    signature: usize,
}

#[test]
#[ignore = "it is what the other tests start and look at"]
fn subject() {
    let [mode, url, file] = TOLD.map(|name| std::env::var(name).unwrap_or_default());
    let key = if mode.starts_with("file") {
        SigningKey::file(&file)
    } else {
        SigningKey::from_pem(Secret::from_file(&file).unwrap().expose()).unwrap()
    };
    let assertion = ClientAuthentication::assertion(SignedAssertion::new(key));
    let config = Config::new(&url, "id", assertion).unwrap();
    let config = config.with_timeout(Duration::from_secs(60));
    match mode.as_str() {
        "assertion kept" => {
            let request = config.request().unwrap();
            let copy = request.body().unwrap().to_vec();
            let transport = minbearer::Http::new();
            use minbearer::Transport;
            let deadline = std::time::Instant::now() + Duration::from_secs(60);
            drop((transport.send(&request, deadline).unwrap(), request, config));
            stay("is ready");
            drop(copy);
        }
        mode if mode.ends_with("session") => {
            let session = Session::new(config);
            session.token().unwrap();
            stay("is ready");
            drop(session);
        }
        _ => {
            let is_ok = get_token(&config).map(drop).is_ok();
            assert_eq!(is_ok, !mode.contains("refused"));
            drop(config);
            stay("is ready");
        }
    }
}

fn copies(mode: &str, key: Key, label: &str) -> Copies {
    let identity = Authority::new("a CA of clients", key).issue(&["a-client"]);
    let pkcs8 = identity.key.secret_der();
    let der = if label == "PRIVATE KEY" { pkcs8 } else { inner_key(pkcs8) };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, pem_of(label, der)).unwrap();
    let (status, body) = if mode.contains("refused") {
        ("401 Unauthorized", r#"{"error":"invalid_client"}"#)
    } else {
        ("200 OK", r#"{"access_token":"a-token-of-its-own"}"#)
    };
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let server = Server::script(vec![Step::Request, Step::send(answer)]);
    let url = server.url() + "/token";
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.envs(TOLD.into_iter().zip([mode, &url, file.to_str().unwrap()]));
    let process = Process::start("signing::subject", &mut command, "is ready");
    let memory = process.memory();

    let requests = server.requests();
    let request = String::from_utf8(requests.last().unwrap().clone()).unwrap();
    let (_, assertion) = request.split_once("client_assertion=").unwrap();
    let [_, claims, signature] =
        <[&str; 3]>::try_from(assertion.split('.').collect::<Vec<_>>()).unwrap();
    let bytes = Base64UrlUnpadded::decode_vec(signature).unwrap();
    // An allocator writes over the start of what is freed. The claims' end has `jti` and times.
    let middle = |text: &str| count(&memory, &text.as_bytes()[text.len() / 2..][..24]);
    Copies {
        key: copies_in(&memory, key, pkcs8, der),
        assertion: middle(claims) + middle(signature),
        signature: count(&memory, &bytes[16..32]),
    }
}

#[test]
fn the_scanner_finds_an_assertion_that_is_kept() {
    for (key, label) in FORMS {
        let copies = copies("assertion kept", key, label);
        assert!(copies.assertion >= 2, "{key:?}, {label}: {copies:?}");
    }
}

#[test]
fn neither_the_key_nor_an_assertion_is_left_and_what_ring_keeps_is_said() {
    println!("| how | key | PEM | DER | parsed by ring | assertion | signature's bytes |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for mode in ["session", "dropped", "refused", "file, session", "file, dropped"] {
        for ((key, label), found) in
            FORMS.iter().zip(each(&FORMS, |(key, label)| copies(mode, *key, label)))
        {
            let Copies { key: key::Copies { pem, der, parsed }, assertion, signature } = found;
            println!(
                "| {mode} | {key:?}, {label} | {pem} | {der} | {parsed} | {assertion} | {signature} |"
            );
            assert_eq!((pem, der, assertion), (0, 0, 0), "{mode}, {key:?}, {label}: {found:?}");
            assert!(mode != "session" || parsed > 0, "{key:?}, {label}: not found in use");
        }
    }
}
