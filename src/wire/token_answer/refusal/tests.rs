use super::*;
use crate::wire::error_code::CODES;
use crate::wire::request::Method;
use crate::wire::token::Token;
use crate::wire::token_answer::tests::{error_at, read};
use crate::wire::url::Url;
use alloc::string::ToString;
use core::time::Duration;

#[test]
fn a_refusal_carries_the_fields_without_the_secret() {
    let body = r#"{"error":"invalid_client","error_description":"no \u001b[1m hunter2, hunter%32","error_uri":"https://e/"}"#;
    let error = read(401, body).unwrap_err();
    let refusal = error.refusal().expect("a refusal");
    assert_eq!((refusal.status(), refusal.error()), (401, Some("invalid_client")));
    assert_eq!(refusal.error_description(), Some("no \\u{1b}[1m [redacted], [redacted]"));
    assert_eq!(refusal.error_uri(), Some("https://e/"));
    assert_eq!(
        error.to_string(),
        "h:1 refused the token request: 401: invalid_client: no \\u{1b}[1m [redacted], [redacted] https://e/ (advice)"
    );
}

#[test]
fn a_refusal_that_is_not_json_is_described() {
    for (status, name, value, body, part) in [
        (
            400,
            "Content-Type",
            "text/html",
            "<TITLE> No such application </title>",
            "400: text/html: No such application (no OAuth error is in the answer: do what",
        ),
        (
            502,
            "Content-Type",
            "text/html",
            "<html>",
            "502: text/html (the server, or one behind it, cannot",
        ),
        (
            401,
            "WWW-Authenticate",
            "Basic realm=\"proxy hunter2\"",
            "",
            "401: its challenge is Basic realm=\"proxy [redacted]\" (no OAuth error is in the answer: advice; or a gateway wants its own key",
        ),
        (
            302,
            "Location",
            "https://sso.example/login?next=hunter2",
            "",
            "302: it redirects to https://sso.example/login (redirects are not followed",
        ),
        (
            401,
            "Content-Type",
            "application/json",
            "{}",
            "401: {} (no OAuth error is in the answer: ",
        ),
    ] {
        let request = Request::for_token(Method::Get, Url::parse("URL", "http://h:1/").unwrap())
            .with_secret("hunter2");
        let answer =
            AnswerReader { request: &request, separator: ' ', members: &[], advice: "advice" };
        let response = Response::new(status, body).with_header(name, value);
        let error = answer.read_answer(response).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn an_unavailable_server_is_distinguished_from_one_that_refuses() {
    for (status, body, kind) in [
        (429, "", Kind::Unavailable),
        (503, "", Kind::Unavailable),
        (600, "", Kind::Unavailable),
        (999, r#"{"error":"server_error"}"#, Kind::Unavailable),
        (999, r#"{"error":"invalid_client"}"#, Kind::Refused),
        (304, "", Kind::Refused),
        (400, r#"{"error":"temporarily_unavailable"}"#, Kind::Unavailable),
        (400, r#"{"error":"invalid_client"}"#, Kind::Refused),
    ] {
        assert_eq!(read(status, body).unwrap_err().kind(), kind, "{status} {body}");
    }
    let request = Request::for_token(Method::Get, Url::parse("URL", "http://h/").unwrap());
    let response = Response::new(429, "").with_header("Retry-After", "120");
    let error = Token::from_answer(&request, response).unwrap_err();
    let (Kind::Unavailable, Some(refusal)) = (error.kind(), error.refusal()) else {
        panic!("not unavailable")
    };
    assert_eq!(refusal.retry_after(), Some(Duration::from_secs(120)));
}

/// The error for a refusal of a request with that secret.
fn refused_with(secret: &str, status: u16, body: &str) -> Error {
    let url = Url::parse("URL", "http://h:1/").unwrap();
    let request = Request::for_token(Method::Post, url).with_secret(secret);
    Token::from_answer(&request, Response::new(status, body)).unwrap_err()
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
fn every_code_of_the_table_is_shown_whatever_the_secret() {
    for code in CODES.split(' ') {
        for secret in [code, &code[..5], "_"] {
            let error = refused_with(secret, 400, &format!("{{\"error\":\"{code}\"}}"));
            assert_eq!(error.refusal().unwrap().error(), Some(code));
        }
    }
    assert!(CODES.split(' ').is_sorted());
    assert_eq!(registered(""), None);
    assert_eq!(registered("invalid"), None);
    assert_eq!(registered("invalid_client invalid_dpop_proof"), None);
}

#[test]
fn white_space_at_an_end_of_the_secret_is_named_after_a_refusal() {
    const NOTE: &str = "begins or ends with a space or line break";
    for (secret, is_named) in
        [("hunter2 ", true), (" hunter2", true), ("hunter2\n", true), ("hunter 2", false)]
    {
        for (status, body, is_refusal) in [
            (401, r#"{"error":"invalid_client"}"#, true),
            (401, "", true),
            (503, "", false),
            (200, "{}", false),
        ] {
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
fn advice_about_credentials_is_given_where_an_oauth_error_was_read() {
    let answer = |status, body: &str| read(status, body).unwrap_err().to_string();
    for (status, body, has_advice) in [
        (401, r#"{"error":"invalid_client"}"#, true),
        (400, r#"{"error":"invalid_grant"}"#, false),
        (403, r#"{"error":"a sentence"}"#, false),
        (400, r#"{"error":"a sentence"}"#, true),
        (404, r#"{"error":"invalid_client"}"#, true),
        (500, r#"{"error":"invalid_client"}"#, true),
        (404, r#"{"error":"Not Found"}"#, false),
        (400, r#"{"error":"invalid_scope"}"#, false),
        (400, r#"{"error":"unsupported_grant_type"}"#, false),
        (400, r#"{"error":"unauthorized_client"}"#, false),
        (400, r#"{"error":"invalid_target"}"#, false),
        (401, r#"{"error":{"message":"no"}}"#, false),
        (401, r#"{"error":401}"#, false),
        (401, "no", false),
        (401, "", false),
        (403, "", false),
        (413, "", false),
    ] {
        let message = answer(status, body);
        let is_at_start = message.contains("(advice") || message.contains("right, advice;");
        assert_eq!(is_at_start, has_advice, "{message}");
    }
}

#[test]
fn the_token_url_is_shown_where_no_oauth_error_was_read_and_never_its_query() {
    let url = "http://[::1]:8080/a/hunter2/token?client_secret=hunter2";
    let shown = "the request went to http://[::1]:8080/a/[redacted]/token)";
    for (status, body, is_shown) in [
        (404, "", true),
        (405, "", true),
        (403, "no", true),
        (401, "", true),
        (415, "", true),
        (404, r#"{"error":"invalid_request"}"#, true),
        (401, r#"{"error":"invalid_token"}"#, true),
        (401, r#"{"error":"invalid_client"}"#, false),
        (400, r#"{"error":"invalid_scope"}"#, false),
        (503, "", false),
    ] {
        let error = error_at(url, status, body);
        assert_eq!(error.ends_with(shown), is_shown, "{status} {body}: {error}");
        let is_doubted = error.contains("(check the token URL: ")
            || error.contains("(check the path of the token URL; ");
        assert_eq!(is_doubted, matches!(status, 404 | 405), "{status} {body}: {error}");
        assert!(!error.contains("client_secret") && !error.contains("hunter2"), "{error}");
    }
    let error = error_at(url, 200, "<html>");
    assert!(
        error.contains(
            "; give the OAuth token endpoint's URL: http://[::1]:8080/a/[redacted]/token may"
        ),
        "{error}"
    );
}

#[test]
fn the_advice_is_by_the_words_where_there_is_no_code() {
    for (status, body, part) in [
        (400, r#"{"detail":"Grant not supported"}"#, "the server does not have this grant"),
        (403, r#"{"message":"Invalid Token"}"#, "this URL wants a token, so"),
        (400, "invalid client", "400: invalid client (advice; the"),
        (
            400,
            r#"{"error":"invalid_scope","message":"invalid client"}"#,
            "(send the scope, resource",
        ),
        (400, r#"{"error":"invalid_grant","x":"clock"}"#, "check this machine's clock"),
        (400, "clock", "do what it says, have it allowed at"),
        (500, r#"{"error":"invalid_client"}"#, "; if that is right, see the server's log)"),
        (501, "no", "or correct the token URL; the request went to"),
    ] {
        let error = read(status, body).unwrap_err().to_string();
        assert!(error.contains(part), "{body}: {error}");
    }
}

#[cfg(feature = "tls-no-provider")]
#[test]
fn a_client_certificate_needs_https() {
    let error = error_at("http://h/", 400, "No required TLS certificate was sent");
    assert!(error.contains("give its https URL, and the certificate by --cert and"), "{error}");
    let error = error_at("https://h/", 400, "No required TLS certificate was sent");
    assert!(error.contains(CLIENT_CERTIFICATE), "{error}");
}

#[cfg(feature = "tls-no-provider")]
#[test]
fn no_option_is_named_where_none_helps() {
    for words in
        ["Cannot perform Post-Handshake Authentication.", "Re-negotiation handshake failed"]
    {
        for url in ["http://h/", "https://h/"] {
            let error = error_at(url, 403, words);
            assert!(error.contains("have the server ask in the handshake"), "{error}");
            assert!(!error.contains("--cert"), "{error}");
        }
    }
}

/// What was said counts for more than the code alone.
#[test]
fn the_advice_follows_what_was_said_of_the_client_and_its_place() {
    const CREDENTIALS: &str = "(advice)";
    for (code, description, part) in [
        ("deleted_client", "The client was deleted", "have it enabled or registered anew"),
        ("invalid_client", "Client is disabled", "have it enabled or registered anew"),
        ("invalid_scope", "this scope was deleted", "(send the scope, resource"),
        ("unsupported_grant_type", "it was disabled", "(the server does not have this grant"),
        ("invalid_client", "Client not found", "(check the tenant, realm or"),
        ("invalid_client", "e.g. unknown client, or no secret", CREDENTIALS),
        ("invalid_grant", "not supported on this domain", "(check the tenant, realm or"),
        ("invalid_tenant", "Tenant a not found", "(check the tenant, realm or"),
        ("invalid_resource", "not found in the tenant", "(send the scope, resource"),
        ("unauthorized_client", "Invalid client or secret", CREDENTIALS),
        ("unauthorized_client", "not enabled", "(have this grant, client credentials"),
        ("invalid_request", "duplicated parameter", "(a parameter came twice"),
    ] {
        let body = alloc::format!(r#"{{"error":"{code}","error_description":"{description}"}}"#);
        let error = read(400, &body).unwrap_err().to_string();
        assert!(error.contains(part), "{body}: {error}");
    }
}

#[test]
fn the_unit_of_retry_after_is_said() {
    let request = Request::for_token(Method::Get, Url::parse("URL", "http://h/").unwrap());
    for (value, end) in [
        ("30", "; its Retry-After is 30 seconds)"),
        ("Fri, 31 Dec 1999 23:59:59 GMT", "; its Retry-After is Fri, 31 Dec 1999 23:59:59 GMT)"),
        ("soon", "; its Retry-After is soon)"),
        ("Sun Nov  6 08:49:37 1994", "; its Retry-After is Sun Nov  6 08:49:37 1994)"),
        ("", "try again later)"),
    ] {
        let response = Response::new(429, "").with_header("Retry-After", value);
        let error = Token::from_answer(&request, response).unwrap_err().to_string();
        assert!(error.ends_with(end), "{value}: {error}");
    }
}

#[test]
fn the_port_of_https_is_named_where_this_one_speaks_http() {
    const PORT: &str = "write https and its port in the token URL";
    for (url, words, has_https, has_port) in [
        ("http://h/", "HTTPS required", true, true),
        ("http://h/", "The plain HTTP request was sent to HTTPS port", true, false),
        ("http://h/", "Client sent an HTTP request to an HTTPS server.", true, false),
        ("https://h/", "HTTPS required", false, false),
        ("http://h/", "see https://h/", false, false),
    ] {
        let error = error_at(url, 400, words);
        assert_eq!(error.contains("write https "), has_https, "{words}: {error}");
        assert_eq!(error.contains(PORT), has_port, "{words}: {error}");
    }
}
