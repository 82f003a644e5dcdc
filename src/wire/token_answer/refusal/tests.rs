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
            "400: text/html: No such application (no OAuth error was read: check the token URL",
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
            "401: its challenge is Basic realm=\"proxy [redacted]\" (no OAuth error was read: advice; then the token URL, and whether a gateway",
        ),
        (
            302,
            "Location",
            "https://sso.example/login?next=hunter2",
            "",
            "302: it redirects to https://sso.example/login (redirects are not followed",
        ),
        (401, "Content-Type", "application/json", "{}", "401: {} (no OAuth error was read: "),
    ] {
        let request = Request::for_token(Method::Get, Url::parse("URL", "http://h:1/").unwrap())
            .with_secret("hunter2");
        let answer = AnswerReader {
            request: &request,
            separator: ' ',
            members: &[],
            advice: "advice",
            has_options: true,
            is_assertion: false,
        };
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
        (200, r#"{"error":"temporarily_unavailable"}"#, Kind::Unavailable),
        (400, r#"{"error":"server_error"}"#, Kind::Unavailable),
        (200, r#"{"error":"server_error"}"#, Kind::Unavailable),
        (501, r#"{"error":"server_error"}"#, Kind::Unavailable),
        (400, r#"{"error":"slow_down"}"#, Kind::Unavailable),
        (400, r#"{"error":"authorization_pending"}"#, Kind::Refused),
        (500, r#"{"error":"consent_required"}"#, Kind::Refused),
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
            "(the server wants another scope",
        ),
        (400, "clock", "if it is right, do what the server says, or have this allowed at"),
        (500, r#"{"error":"invalid_client"}"#, "; if that is right, see the server's log)"),
        (501, "no", "proxy or firewall; the request went to"),
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
            assert!(error.contains("have it ask in the TLS handshake"), "{error}");
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
        ("invalid_scope", "this scope was deleted", "(the server wants another scope"),
        ("unsupported_grant_type", "it was disabled", "(the server does not have this grant"),
        ("invalid_client", "Client not found", "(check the client id, then"),
        ("invalid_client", "e.g. unknown client, or no secret", CREDENTIALS),
        ("invalid_grant", "not supported on this domain", "(check the tenant, realm or"),
        ("invalid_tenant", "Tenant a not found", "(check the tenant, realm or"),
        ("invalid_resource", "not found in the tenant", "(the server wants another scope"),
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
        ("http://h/", "SSL required", true, true),
        ("http://h/", "SSL is required", true, true),
        ("http://h/", "clients must use SSL here", true, true),
        ("http://h/", "https required", true, true),
        ("http://h/", "(insecure_transport) OAuth 2 MUST utilize https.", true, true),
        ("http://h/", "This endpoint requires HTTPS", true, true),
        ("http://h/", "scope ADMIN needs HTTPS", false, false),
        ("http://h/", "Scope HTTPS://API/READ unknown", false, false),
        ("http://h/", r#"{"error":"x","error_uri":"https://docs/HTTPS"}"#, false, false),
        ("http://h/", "see HTTPS://h/HTTP request", false, false),
    ] {
        let error = error_at(url, 400, words);
        assert_eq!(error.contains("write https "), has_https, "{words}: {error}");
        assert_eq!(error.contains(PORT), has_port, "{words}: {error}");
    }
}

/// The error for an answer to a flow that has those options, or that sent an assertion.
fn error_of(has_options: bool, is_assertion: bool, status: u16, body: &str) -> String {
    let request = Request::for_token(Method::Get, Url::parse("URL", "http://h:1/").unwrap());
    let (separator, members, advice) = (' ', &[][..], "advice");
    let answer =
        AnswerReader { request: &request, separator, members, advice, has_options, is_assertion };
    answer.read_answer(Response::new(status, body)).unwrap_err().to_string()
}

#[test]
fn an_option_is_named_where_the_flow_has_it() {
    for (status, body, advice, options) in [
        (
            401,
            "",
            "read: advice; then the token URL, and whether a gateway wants its own key or login",
            " (--request-header)",
        ),
        (403, "No API key", "(a gateway wants its own key", ": send it by --request-header"),
        (
            400,
            r#"{"error":"invalid_request"}"#,
            "(check the token URL, then look up what the server wants",
            ": a scope (--scope), an audience (--parameter) or the secret as Basic (--basic)",
        ),
        (
            400,
            r#"{"error":"invalid_scope"}"#,
            "(the server wants another scope, resource or audience, or has to grant this one",
            ": check --scope and --parameter first",
        ),
        (
            422,
            "",
            "(this URL takes another form: give the token endpoint's URL",
            ", or send what is missing by --parameter",
        ),
        (
            400,
            "duplicated parameter",
            "(a parameter came twice: take it out of the token URL's query",
            ", and out of --parameter",
        ),
    ] {
        for has_options in [true, false] {
            let error = error_of(has_options, false, status, body);
            let said = format!("{advice}{}", if has_options { options } else { "" });
            let at = error.find(&said).map(|at| &error[at + said.len()..]);
            assert!(at.is_some_and(|rest| rest.starts_with(';') || rest == ")"), "{error}");
            assert_eq!(error.contains("--"), has_options, "{error}");
        }
    }
}

#[test]
fn the_clock_is_doubted_where_an_assertion_was_sent_and_the_code_lets_it() {
    for (code, description, is_doubted) in [
        ("invalid_client", "AADSTS700024: not within its valid time range", true),
        ("invalid_grant", "use a clock with skew", true),
        ("invalid_scope", "scope has an invalid time range", false),
        ("invalid_client", "no such client", false),
    ] {
        let body = format!(r#"{{"error":"{code}","error_description":"{description}"}}"#);
        for is_assertion in [true, false] {
            let error = error_of(true, is_assertion, 400, &body);
            let has_clock = error.contains("check this machine's clock");
            assert_eq!(has_clock, is_doubted && is_assertion, "{error}");
        }
    }
    let error = error_of(true, false, 400, r#"{"error":"invalid_client","x":"until 5 o'clock"}"#);
    assert!(error.contains("(advice)"), "{error}");
}

/// Words that stand there by chance are no reason for advice.
#[test]
fn what_only_looks_like_a_reason_is_none() {
    for (status, body, wrong, right) in [
        (
            400,
            r#"{"error":"invalid_client","error_description":"Only client certified partners may use this"}"#,
            "certificate",
            "(advice)",
        ),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"Your client certification has lapsed"}"#,
            "certificate",
            "(check the assertion",
        ),
        (
            404,
            r#"{"message":"Invalid token endpoint path"}"#,
            "wants a token",
            "(check the token URL",
        ),
        (
            403,
            "CSRF: invalid token in form",
            "wants a token",
            "(no OAuth error was read: check the token URL",
        ),
        (
            400,
            "invalid token request",
            "wants a token",
            "(no OAuth error was read: check the token URL",
        ),
        (
            400,
            "Authentication token endpoint",
            "wants a token",
            "(no OAuth error was read: check the token URL",
        ),
    ] {
        let error = error_of(true, false, status, body);
        assert!(!error.rsplit_once('(').unwrap().1.contains(wrong), "{error}");
        assert!(error.contains(right), "{error}");
    }
}

#[test]
fn another_way_of_authentication_is_named_with_the_certificate() {
    let body = r#"{"error":"unauthorized_client","error_description":"Only mTLS or private_key_jwt are allowed"}"#;
    let error = error_of(true, false, 401, body);
    assert!(error.contains("(authenticate as the server says: by a certificate "), "{error}");
    assert!(error.contains("or an assertion"), "{error}");
    let error = error_of(true, true, 401, r#"{"error":"invalid_client","x":"private_key_jwt"}"#);
    assert!(error.contains("(advice)"), "an assertion was sent: {error}");
}

/// What is missing, or wanted another way, is not the secret of a client that has none.
#[test]
fn a_way_to_send_the_secret_is_named_to_a_client_that_sends_one() {
    let error = |secret: Option<&str>, is_assertion, words: &str| {
        let mut request = Request::for_token(Method::Get, Url::parse("URL", "http://h/").unwrap());
        if let Some(secret) = secret {
            request = request.with_secret(secret);
        }
        let (separator, members, advice, has_options) = (' ', &[][..], "advice", true);
        let request = &request;
        let reader =
            AnswerReader { request, separator, members, advice, has_options, is_assertion };
        let body = format!(r#"{{"error":"invalid_client","error_description":"{words}"}}"#);
        reader.read_answer(Response::new(401, body)).unwrap_err().to_string()
    };
    const TRY: &str = ": try --basic, or leave it out)";
    for words in [
        "No client credentials found.",
        "Client secret not provided in request",
        "client_secret is required",
        "The client secret is missing",
        "Missing client_secret",
    ] {
        assert!(error(Some("s3cr3t"), false, words).ends_with(TRY), "{words}");
        assert!(error(None, false, words).ends_with("(advice)"), "{words}");
    }
    for words in ["method client_secret_basic is not allowed", "Unsupported Client Authentication"]
    {
        assert!(error(Some("s3cr3t"), false, words).ends_with(TRY), "{words}");
        assert!(error(Some("e30.e30.e30"), true, words).ends_with("(advice)"), "{words}");
    }
    for words in ["no client credentials user enabled", "e.g., unsupported authentication method"] {
        assert!(error(Some("s3cr3t"), false, words).ends_with("(advice)"), "{words}");
    }
}

#[test]
fn a_registered_code_has_advice_of_its_own() {
    for (codes, advice) in [
        ("invalid_dpop_proof use_dpop_nonce", "(the server wants DPoP, which is not supported"),
        ("authorization_pending expired_token", "(this is an error of the device flow"),
        (
            "consent_required interaction_required login_required insufficient_user_authentication",
            "(the server wants a person's consent first: have an administrator",
        ),
        ("slow_down", "(the server limits how often it is asked"),
        (
            "server_error temporarily_unavailable",
            "(the server, or one behind it, cannot answer now",
        ),
    ] {
        for code in codes.split(' ') {
            for status in [200, 400] {
                let body = format!(r#"{{"error":"{code}","error_description":"clock"}}"#);
                let error = error_of(true, true, status, &body);
                assert!(error.contains(advice), "{error}");
            }
        }
    }
}

#[test]
fn the_words_of_a_success_that_is_a_refusal_are_said() {
    for (body, said) in [
        (
            r#"{"error":{"code":"invalid_client","message":"Client is wrong"}}"#,
            "200: Client is wrong (",
        ),
        (r#"{"error":true,"message":"Client is wrong"}"#, "200: Client is wrong ("),
        (r#"{"error":"no","hint":"Client is wrong"}"#, "200: no: Client is wrong ("),
        (
            r#"{"error":"no","hint":"Client hunter2","error_hint":"x"}"#,
            "200: no: Client [redacted] (",
        ),
        (
            r#"{"error":"no","error_description":"Bad.","error_hint":"Client is wrong"}"#,
            "200: no: Bad. Client is wrong (",
        ),
        (r#"{"error":true,"error_description":"Client is wrong"}"#, "200: Client is wrong ("),
        (
            r#"{"error":"no_client","message":"Client is wrong"}"#,
            "200: no_client: Client is wrong (",
        ),
        (r#"{"error":{"message":"T is eyJhbGciOiJSUzI1NiJ9.e30, no"}}"#, "200: T is … no ("),
        (r#"{"error":{"message":"8xLOxBtZp8"},"message":"a b"}"#, "200 ("),
        (r#"{"error":[{"message":"Client is wrong"}]}"#, "200 ("),
        (
            r#"{"error":7,"message":"no t0k3n-1 here","access_token":"t0k3n-1"}"#,
            "200: no [redacted] here (",
        ),
    ] {
        let error = read(200, body).unwrap_err();
        assert_eq!(error.kind(), Kind::Refused, "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn an_error_in_a_form_is_read_as_one_in_json() {
    let form = |status, form: &str| {
        let response = Response::new(status, form)
            .with_header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
        let request = Request::for_token(Method::Get, Url::parse("URL", "http://h:1/").unwrap())
            .with_secret("hunter2");
        Token::from_answer(&request, response).unwrap_err()
    };
    const ERROR: &str = "error=no_client&error_description=no+hunter2%2C+%22%E2%82%AC%22%5C%0A100%&error_uri=https%3A%2F%2Fh%2F%3Fa=b";
    for status in [200, 400] {
        let error = form(status, &format!("state=1&{ERROR}&x=y"));
        assert_eq!(error.kind(), Kind::Refused, "{error}");
        let refusal = error.refusal().unwrap();
        assert_eq!(refusal.error(), Some("no_client"));
        assert_eq!(refusal.error_description(), Some("no [redacted], \"€\"\\ 100%"));
        assert_eq!(refusal.error_uri(), Some("https://h/?a=b"));
    }
    for body in ["access_token=t0k3n", "access_token=t0k3n&my_error=x"] {
        let error = form(200, body);
        assert_eq!(error.kind(), Kind::Malformed, "{error}");
        assert!(error.to_string().contains("it is form-encoded"), "{error}");
    }
    for body in ["error", "error=", "error=&access_token=t0k3n", "error&error_uri", ""] {
        assert_eq!(form(400, body).kind(), Kind::Refused, "{body}");
        assert_eq!(form(200, body).kind(), Kind::Malformed, "{body}");
    }
    let plain = Response::new(200, ERROR).with_header("Content-Type", "text/plain");
    let request = Request::for_token(Method::Get, Url::parse("URL", "http://h/").unwrap());
    assert_eq!(Token::from_answer(&request, plain).unwrap_err().kind(), Kind::Malformed);
}

#[test]
fn a_refusal_in_latin_1_is_read_and_a_success_is_not() {
    let answer = |status, content_type: &str, body: &[u8]| {
        let response = Response::new(status, body).with_header("Content-Type", content_type);
        let request = Request::for_token(Method::Get, Url::parse("URL", "http://h/").unwrap())
            .with_secret("schlüssel");
        Token::from_answer(&request, response).unwrap_err()
    };
    for (status, content_type, body, said) in [
        (
            400,
            "application/json; charset=iso-8859-1",
            &b"{\"error\":\"invalid_client\",\"error_description\":\"Ung\xfcltig\"}"[..],
            "400: invalid_client: Ungültig (",
        ),
        (401, "text/plain", b"Ung\xfcltiges Passwort", "401: Ungültiges Passwort ("),
        (403, "text/html", b"<title>f\xfcr Sie</title>", "403: text/html: für Sie ("),
        (400, "text/plain", b"nicht schl\xfcssel", "400: nicht [redacted] ("),
        (400, "text/plain", b"nicht schl\xc3\xbcssel \xff", "400: nicht [redacted] ÿ ("),
        (400, "image/x-icon", b"\xff\0\x01", "400: its body has the Content-Type image/x-icon ("),
    ] {
        let error = answer(status, content_type, body).to_string();
        assert!(error.contains(said), "{error}");
    }
    let error = answer(200, "application/json", b"{\"access_token\":\"t\",\"a\":\"\xfc\"}");
    assert_eq!(error.kind(), Kind::Malformed, "{error}");
}

#[test]
fn a_body_that_was_left_unread_is_named() {
    let url = Url::parse("URL", "http://h:1/").unwrap();
    let request = Request::for_token(Method::Post, url).with_max_answer_bytes(10);
    let long = r#"{"error":"invalid_client"}"#;
    for head in ["Content-Length: 26\r\n\r\n", "\r\n", "Transfer-Encoding: chunked\r\n\r\n1a\r\n"] {
        let mut incoming = request.incoming();
        incoming.push(format!("HTTP/1.1 400 No\r\n{head}{long}").as_bytes()).unwrap();
        let error = Token::from_answer(&request, incoming.finish().unwrap()).unwrap_err();
        let said = "400 No: its body is too large, and was left unread (no OAuth error was read: ";
        assert!(error.to_string().contains(said), "{error}");
    }
}
