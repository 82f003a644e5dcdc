//! Two independent authorization servers, where the program's output does not show enough: the fields of their answers,
//! client certificates, and a session that polls while it renews. `.ci/interop` starts the servers, sets the variables
//! and runs this; plain `cargo test` skips it.

use base64ct::{Base64, Encoding};
use minbearer::client_credentials::{ClientAuthentication, Config, get_token};
use minbearer::{Error, Http, Kind, Refusal, Request, SecretSource, Session, Token, Transport};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run .ci/interop"))
}

fn config(authentication: impl Into<ClientAuthentication>) -> Config {
    Config::new(&variable("TOKEN_URL"), variable("CLIENT_ID"), authentication).unwrap()
}

fn refusal(config: &Config) -> Refusal {
    match get_token(config) {
        Err(error) if error.kind() == Kind::Refused => error.refusal().cloned().unwrap(),
        other => panic!("not refused: {other:?}"),
    }
}

/// Whether the server introspects the token as active and of this client (RFC 7662).
fn is_active(token: &Token) -> bool {
    let pair = Base64::encode_string(variable("INTROSPECTOR").as_bytes());
    let request = Request::post(&variable("INTROSPECTION_URL"))
        .and_then(|request| request.with_header("Authorization", &format!("Basic {pair}")))
        .unwrap()
        .with_form(&[("token", token.access_token())]);
    let answer = Http::new()
        .send(&request, Instant::now() + Duration::from_secs(10))
        .and_then(|answer| answer.error_for_status())
        .unwrap();
    let answer: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    answer["active"] == true && answer["client_id"] == *variable("CLIENT_ID")
}

#[test]
fn lifetime_scope_and_type_come_from_the_answer() {
    let token = get_token(&config(variable("CLIENT_SECRET")).with_scope("read")).unwrap();
    let lifetime = variable("LIFETIME").parse().map(Duration::from_secs).unwrap();
    assert_eq!(
        (token.lifetime(), token.scope(), token.token_type()),
        (Some(lifetime), Some("read"), "Bearer")
    );
}

#[test]
fn a_narrower_scope_is_reported() {
    let config = config(variable("CLIENT_SECRET")).with_scope(&variable("ASKED_SCOPE"));
    let token = get_token(&config).unwrap();
    assert_eq!(config.missing_scopes(&token).collect::<Vec<_>>(), [variable("MISSING_SCOPE")]);
}

#[test]
fn a_refusal_has_its_error_fields() {
    let wrong = refusal(&config("wrong"));
    assert_eq!((wrong.status(), wrong.error()), (401, Some("invalid_client")), "{wrong:?}");
    assert!(wrong.error_description().is_some_and(|text| !text.is_empty()), "{wrong:?}");
    let uri = std::env::var("ERROR_URI").ok();
    assert_eq!(wrong.error_uri(), uri.as_deref(), "{wrong:?}");
}

#[test]
fn an_unknown_scope_is_refused_as_invalid_scope() {
    let unknown =
        refusal(&config(variable("CLIENT_SECRET")).with_scope(&variable("UNKNOWN_SCOPE")));
    assert_eq!((unknown.status(), unknown.error()), (400, Some("invalid_scope")), "{unknown:?}");
}

/// `CA` is the server's; `CERTIFICATE` and `KEY` are the client's, if it has any.
#[cfg(feature = "tls")]
fn with_certificate() -> Result<Token, Error> {
    let read = |name| fs::read(variable(name)).unwrap();
    let mut http = Http::new().with_ca(read("CA")).unwrap();
    if std::env::var_os("CERTIFICATE").is_some() {
        http = http.with_client_certificate(read("CERTIFICATE"), read("KEY")).unwrap();
    }
    minbearer::get_token(&config(ClientAuthentication::none()), &http)
}

#[cfg(feature = "tls")]
#[test]
fn a_certificate_gets_a_token() {
    let token = with_certificate().unwrap();
    assert!(is_active(&token));
}

#[cfg(feature = "tls")]
#[test]
fn a_certificate_is_refused() {
    let error = with_certificate().expect_err("a refusal");
    let (kind, message) = (format!("{:?}", error.kind()), error.to_string());
    assert_eq!(kind, variable("KIND"), "{message}");
    assert!(message.contains(&variable("WORDS")), "{message}");
}

/// Polls the server's introspection as an API for `seconds`, and calls `each` with the time that has passed.
fn poll(session: &Session, seconds: u64, mut each: impl FnMut(Duration)) {
    let (started, mut tokens) = (Instant::now(), Vec::new());
    while started.elapsed() < Duration::from_secs(seconds) {
        let call = |token: &Token| {
            tokens.push(token.access_token().to_owned());
            is_active(token)
        };
        let is_served = session.call(call, |is_active| !is_active);
        assert!(is_served.unwrap(), "after {:?}", started.elapsed());
        each(started.elapsed());
        std::thread::sleep(Duration::from_millis(50));
    }
    tokens.dedup();
    let lifetime: u64 = variable("SHORT_LIFETIME").parse().unwrap();
    assert!(tokens.len() as u64 >= seconds / lifetime, "{} tokens", tokens.len());
}

/// The server accepts only the content of `ROTATING_SECRET_FILE`; the client's file is a link, as Kubernetes mounts it.
#[test]
fn a_session_polls_through_rotations_of_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let write = |number: usize| {
        let secret = format!("secret-number-{number}-0123456789");
        let server_side = variable("ROTATING_SECRET_FILE");
        let new = server_side.clone() + ".new";
        fs::write(&new, &secret).and_then(|()| fs::rename(&new, Path::new(&server_side))).unwrap();
        fs::create_dir(at(&format!("..{number}"))).unwrap();
        fs::write(at(&format!("..{number}/secret")), secret).unwrap();
        symlink(format!("..{number}"), at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
    };
    write(0);
    symlink("..data/secret", at("secret")).unwrap();
    let session = Session::new(config(SecretSource::file(at("secret"))).with_scope("read"));
    let mut rotations = 0;
    poll(&session, 9, |passed| {
        // In the middle of a token's lifetime.
        if passed > Duration::from_secs(1 + 2 * rotations as u64) && rotations < 4 {
            rotations += 1;
            write(rotations);
        }
    });
    assert_eq!(rotations, 4);
}

/// `CLIENT_ASSERTION_FILE` is rewritten all the time, and the server accepts each assertion once.
#[test]
fn a_session_polls_with_assertions_that_are_each_accepted_once() {
    let file = SecretSource::file(variable("CLIENT_ASSERTION_FILE"));
    let session = Session::new(config(ClientAuthentication::assertion(file)).with_scope("read"));
    poll(&session, 7, |_| {});
}

/// `SIGN_KEY` signs by `SIGN_ALG` for each request: the server accepts each assertion once.
#[cfg(feature = "sign")]
#[test]
fn an_assertion_that_is_sent_again_is_refused() {
    use minbearer::client_credentials::{Algorithm, SignedAssertion, SigningKey};
    let algorithm = Algorithm::from_name(&variable("SIGN_ALG")).unwrap();
    let assertion = SignedAssertion::new(SigningKey::file(variable("SIGN_KEY")))
        .with_algorithm(algorithm)
        .with_key_id("the-key");
    let config = config(ClientAuthentication::assertion(assertion));
    let request = config.request().unwrap();
    let send = || {
        let answer = Http::new().send(&request, Instant::now() + Duration::from_secs(10)).unwrap();
        config.read_answer(&request, answer)
    };
    assert!(is_active(&send().unwrap()));
    let again = send().expect_err("the same assertion is accepted twice");
    assert_eq!(again.kind(), Kind::Refused, "{again}");
    assert!(is_active(&get_token(&config).unwrap()), "the next one is new");
}
