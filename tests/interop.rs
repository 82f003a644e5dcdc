//! What get_token's output does not show of two real authorization servers' answers. `.ci/interop` starts the
//! servers, sets the variables and runs this; `cargo test` by itself leaves it out.

use minbearer::client_credentials::{Config, get_token};
use minbearer::{Error, Refusal};
use std::time::Duration;

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run .ci/interop"))
}

fn config(secret: &str) -> Config {
    Config::new(&variable("TOKEN_URL"), variable("CLIENT_ID"), secret).unwrap()
}

fn refusal(config: &Config) -> Refusal {
    match get_token(config) {
        Err(Error::Refused(refusal)) => *refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn lifetime_scope_and_type_are_those_of_the_answer() {
    let secret = variable("CLIENT_SECRET");
    let token = get_token(&config(&secret).with_scope("read")).unwrap();
    let lifetime = variable("LIFETIME").parse().map(Duration::from_secs).unwrap();
    assert_eq!(
        (token.lifetime(), token.scope(), token.token_type()),
        (Some(lifetime), Some("read"), "Bearer")
    );
}

#[test]
fn a_wrong_secret_has_the_fields_of_a_refusal() {
    let wrong = refusal(&config("wrong"));
    assert_eq!((wrong.status(), wrong.error()), (401, Some("invalid_client")), "{wrong}");
    assert!(wrong.error_description().is_some_and(|text| !text.is_empty()), "{wrong}");
    let uri = std::env::var("ERROR_URI").ok();
    assert_eq!(wrong.error_uri(), uri.as_deref(), "{wrong}");
}

#[test]
fn an_unknown_scope_has_another_error_code() {
    let secret = variable("CLIENT_SECRET");
    let unknown = refusal(&config(&secret).with_scope(&variable("UNKNOWN_SCOPE")));
    assert_eq!((unknown.status(), unknown.error()), (400, Some("invalid_scope")), "{unknown}");
}
