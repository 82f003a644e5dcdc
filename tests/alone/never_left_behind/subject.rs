//! The program whose memory is read.

use minbearer::client_credentials::{self, ClientAuthentication};
use minbearer::{
    Flow, Http, Request, Secret, SecretSource, Session, Token, accelerator, get_token, jsa,
};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// The subject's settings in its environment, which contains no secret except the one in [`LOCATOR_COPY`].
pub const VARIABLES: [&str; 5] =
    ["LEFT_OUTCOME", "LEFT_FLOW", "LEFT_MODE", "LEFT_URL", "LEFT_SECRET_FILE"];
/// The variable in which the flow with a locator has a copy of the secret.
pub const LOCATOR_COPY: &str = "A_COPY_OF_THE_SECRET";
/// The service's name. The locator is `printenv`, so a variable of this name holds the port.
pub const SERVICE: &str = "127.0.0.1";

/// The timeout of the rows that must time out. All others have `AMPLE`, for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(1);
const AMPLE: Duration = Duration::from_secs(60);

#[test]
#[ignore = "child process of the other tests"]
fn subject() {
    let [outcome, flow, mode, url, secret_file] =
        VARIABLES.map(|name| std::env::var(name).unwrap_or_default());
    let timeout = if outcome == "timeout" { TIMEOUT } else { AMPLE };
    #[cfg(feature = "tls")]
    if std::env::var_os(super::observer::INSTALL_PROVIDER).is_some() {
        rustls::crypto::ring::default_provider().install_default().unwrap();
    }
    let secret = || Secret::from_file(&secret_file).unwrap();
    let jsa = || jsa::Config::new("id", secret()).unwrap().with_timeout(timeout);
    let client_credentials = |authentication: ClientAuthentication| {
        let token_url = format!("{url}/token");
        let config = client_credentials::Config::new(&token_url, "id", authentication).unwrap();
        config.with_timeout(timeout)
    };
    let accelerator = |password: SecretSource| {
        let config = accelerator::Config::new(&url, "rose", password).unwrap();
        config.with_timeout(timeout)
    };
    match flow.as_str() {
        "jsa" => act(jsa().with_qoauth_url(&url).unwrap(), &mode, &url),
        "jsa, by pipe" => {
            let config = jsa::Config::new("id", SecretSource::file(secret_file)).unwrap();
            act(config.with_timeout(timeout).with_qoauth_url(&url).unwrap(), &mode, &url);
        }
        "client credentials, parameter by function" => {
            let source = || SecretSource::file(&secret_file);
            let config = client_credentials(ClientAuthentication::none());
            let config = config.with_grant_type("g").with_secret_parameter("assertion", source());
            act(config.and_then(|config| config.with_header("X", source())).unwrap(), &mode, &url);
        }
        "jsa, with a locator" => {
            let config = jsa().with_qoauth_host(SERVICE).unwrap();
            act(config.with_locator("/usr/bin/printenv"), &mode, &url);
        }
        "accelerator" => act(accelerator(secret().into()), &mode, &url),
        "accelerator, by function" => {
            act(accelerator(SecretSource::file(secret_file)), &mode, &url);
        }
        "client credentials, body" => {
            act(client_credentials(ClientAuthentication::body(secret())), &mode, &url);
        }
        "client credentials, basic" => {
            act(client_credentials(ClientAuthentication::basic(secret())), &mode, &url);
        }
        "client credentials, assertion" => {
            act(client_credentials(ClientAuthentication::assertion(secret())), &mode, &url);
        }
        other => panic!("unknown flow {other}"),
    }
}

fn act(flow: impl Flow + 'static, mode: &str, url: &str) {
    let http = Http::new();
    let said = |is_ok| if is_ok { "got a token" } else { "got an error" };
    match mode {
        "dropped" => {
            let is_ok = get_token(&flow, &http).map(drop).map_err(drop).is_ok();
            drop((flow, http));
            stay(said(is_ok));
        }
        "error kept" => {
            let error = get_token(&flow, &http).map(drop).unwrap_err();
            drop((flow, http));
            stay(said(false));
            drop(error);
        }
        "copy kept" | "copy dropped" => {
            let token = get_token(&flow, &http).unwrap();
            let copies = copies(&flow, &token);
            if mode == "copy kept" {
                stay(said(true));
            }
            drop(copies);
            if mode == "copy dropped" {
                drop((flow, token));
                stay(said(true));
            }
        }
        _ => {
            let session = Session::with_transport(flow, http);
            let mut token = session.token().unwrap();
            if mode == "session, renewed" {
                token = session.renew(&token).unwrap();
            }
            if mode != "session" {
                let reply = session.send(Request::get(&format!("{url}/api")).unwrap()).unwrap();
                assert_eq!(reply.status(), 200);
            }
            if mode == "session dropped" {
                drop((session, token));
                stay(said(true));
            } else {
                stay(said(true));
                drop((session, token));
            }
        }
    }
}

/// What a careless library would keep: the request's head and the token in buffers that are not wiped.
fn copies(flow: &impl Flow, token: &Token) -> (Vec<u8>, String) {
    let request = flow.prepare(Instant::now() + AMPLE).unwrap().to_bytes();
    (request.to_vec(), format!("Authorization: {}", token.authorization()))
}

/// Reports that the memory may be read, and waits until it has been.
pub fn stay(what: &str) {
    println!("SUBJECT {what}");
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut [0]);
}
