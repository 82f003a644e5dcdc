//! The custom flow that the documentation shows, Vault's AppRole, against a scripted server.

mod vault_approle {
    include!("../../examples/support/vault_approle.rs");

    pub fn app_role(vault: &str) -> impl Flow + 'static {
        AppRole::new(vault, "b6c4", "s3cr3t-id").expect("a URL")
    }
}

use crate::support::hostile::{Server, Step};
use minbearer::{Http, Kind, Session, get_token};
use std::time::Duration;
use vault_approle::app_role;

fn vault(status: &str, body: &str) -> Server {
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    Server::script(vec![Step::Request, Step::send(answer)])
}

#[test]
fn an_answer_in_vaults_format_gives_a_token() {
    let body = r#"{"auth":{"client_token":"hvs.abc","lease_duration":2764800,"renewable":true}}"#;
    let server = vault("200 OK", body);
    let session = Session::new(app_role(&server.url()));
    let token = session.token().expect("a token");
    assert_eq!(token.access_token(), "hvs.abc");
    assert_eq!(token.lifetime(), Some(Duration::from_secs(2_764_800)));
}

#[test]
fn its_failures_have_a_kind_and_no_secret() {
    for (status, body, kind) in [
        ("400 Bad Request", r#"{"errors":["invalid secret id: s3cr3t-id"]}"#, Kind::Refused),
        ("503 Sealed", r#"{"errors":["Vault is sealed"]}"#, Kind::Unavailable),
        ("200 OK", r#"{"auth":null}"#, Kind::Malformed),
        ("200 OK", r#"{"auth":{"client_token":"a b","lease_duration":1,"#, Kind::Malformed),
        ("200 OK", r#"{"auth":{"client_token":"a b","lease_duration":1,"x":0}}"#, Kind::Malformed),
    ] {
        let server = vault(status, body);
        let error = get_token(&app_role(&server.url()), &Http::new()).expect_err(body);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.to_string().contains("s3cr3t-id"), "{error}");
    }
}
