//! No secret in a refusal, and nothing but secrets is taken out of it.

use super::{refused, refused_with};
use minbearer::Kind;

#[test]
fn a_refusal_carries_the_fields_without_the_secret() {
    let body = r#"{"error":"invalid_client","error_description":"no \u001b[1m hunter2, hunter%32","error_uri":"https://e/"}"#;
    let error = refused(401, body);
    let refusal = error.refusal().expect("a refusal");
    assert_eq!((refusal.status(), refusal.error()), (401, Some("invalid_client")));
    assert_eq!(refusal.error_description(), Some("no \\u{1b}[1m [redacted], [redacted]"));
    assert_eq!(refusal.error_uri(), Some("https://e/"));
    assert_eq!(
        error.to_string(),
        "h:1 refused the token request: 401: invalid_client: no \\u{1b}[1m [redacted], [redacted] https://e/ (check the credentials)"
    );
}

#[test]
fn a_secret_that_is_a_part_of_an_error_code_neither_shows_itself_nor_changes_the_kind() {
    for (secret, status, code, kind) in [
        ("temporarily", 400, "temporarily_unavailable", Kind::Unavailable),
        ("temporarily_unavailable", 400, "temporarily_unavailable", Kind::Unavailable),
        ("client", 401, "invalid_client", Kind::Refused),
        ("invalid_", 503, "invalid_client", Kind::Refused),
        ("server", 500, "server_error", Kind::Unavailable),
        ("scope", 400, "invalid_scope", Kind::Refused),
    ] {
        let body = format!("{{\"error\":\"{code}\",\"error_description\":\"no {secret}\"}}");
        let error = refused_with(secret, status, &body);
        let refusal = error.refusal().unwrap();
        assert_eq!((error.kind(), refusal.error()), (kind, Some(code)), "{error}");
        assert_eq!(refusal.error_description(), Some("no [redacted]"), "{error}");
        // The advice is by the code as it came too.
        let other = refused_with("another secret", status, &body).to_string();
        let of = |message: &str| String::from(message.rsplit_once('(').unwrap().1);
        assert_eq!(of(&error.to_string()), of(&other));
    }
    let error = refused_with("client", 401, r#"{"error":"no_such_client"}"#);
    assert_eq!(error.refusal().unwrap().error(), Some("no_such_[redacted]"), "no registered code");
}

#[test]
fn white_space_at_an_end_of_the_secret_is_named_after_a_refusal() {
    const NOTE: &str = "an id or secret that was sent begins or ends with white space";
    for (secret, is_named) in [
        ("hunter2 ", true),
        (" hunter2", true),
        ("hunter2\n", true),
        ("hunter2\u{a0}", true),
        ("\u{3000}hunter2", true),
        ("hunter2\u{200b}", true),
        ("hunter 2", false),
        ("hunter\u{a0}2", false),
        ("Zürich", false),
    ] {
        for (status, body, is_refusal) in [
            (401, r#"{"error":"invalid_client"}"#, true),
            (401, "", true),
            (503, "", false),
            (200, "{}", false),
        ] {
            // A server may have trimmed it.
            let echo = refused_with(secret, 400, &format!("no {} here", secret.trim()));
            assert!(!echo.to_string().contains(secret.trim()), "{echo}");
            let message = refused_with(secret, status, body).to_string();
            assert_eq!(message.contains(NOTE), is_named && is_refusal, "{secret:?}: {message}");
        }
    }
}

#[test]
fn a_secret_is_found_before_a_text_is_trimmed_or_cut() {
    for secret in ["hunter2\n\n", " hunter2-with-more ", "hunter2"] {
        let trimmed = secret.trim();
        for body in [
            format!("{{\"error\":\"x\",\"error_description\":\"no {trimmed}\"}}"),
            format!("{{\"message\":\"no {trimmed}\"}}"),
            format!("no {trimmed}"),
            format!("<html><title>\n{trimmed}\n</title></html>"),
            // The end of the secret lies beyond what is shown.
            format!("{}{trimmed}", "x".repeat(250)),
        ] {
            let message = refused_with(secret, 400, &body).to_string();
            assert!(!message.contains("hunter2"), "{secret:?}: {message}");
        }
    }
}

#[test]
fn a_token_that_the_answer_repeats_is_not_shown() {
    for body in [
        r#"{"access_token":"t0k3n","token_type":"t0k3n"}"#,
        r#"{"access_token":"t0k3n","error":"no t0k3n"}"#,
    ] {
        let error = refused(200, body).to_string();
        assert!(!error.contains("t0k3n") && error.contains("[redacted]"), "{error}");
    }
}
