//! What to try, by what the server said.

use super::{ASSERTION, assertion, error_at, refused, refused_to, secret};
use minbearer::client_credentials::{ClientAuthentication, Config};
use minbearer::{Kind, Response};

#[test]
fn advice_about_credentials_is_given_where_an_oauth_error_was_read() {
    let answer = |status, body: &str| refused(status, body).to_string();
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
        let is_at_start = message.contains("(check the credentials")
            || message.contains("right, check the credentials;");
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
        let error = error_at(url, status, body).to_string();
        assert_eq!(error.ends_with(shown), is_shown, "{status} {body}: {error}");
        let is_doubted = error.contains("(check the token URL: ")
            || error.contains("(check the path of the token URL; ");
        assert_eq!(is_doubted, matches!(status, 404 | 405), "{status} {body}: {error}");
        assert!(!error.contains("client_secret") && !error.contains("hunter2"), "{error}");
    }
    let error = error_at(url, 200, "<html>").to_string();
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
        (400, "invalid client", "400: invalid client (check the credentials; the"),
        (
            400,
            r#"{"error":"invalid_scope","message":"invalid client"}"#,
            "(the server wants another scope",
        ),
        (400, "clock", "if it is right, do what the server says, or have this allowed at"),
        (500, r#"{"error":"invalid_client"}"#, "; if that is right, see the server's log)"),
        (501, "no", "proxy or firewall; the request went to"),
    ] {
        let error = refused(status, body).to_string();
        assert!(error.contains(part), "{body}: {error}");
    }
}

#[cfg(feature = "tls-no-provider")]
#[test]
fn a_client_certificate_needs_https() {
    let error = error_at("http://h/", 400, "No required TLS certificate was sent").to_string();
    assert!(error.contains("give its https URL, and the certificate by --cert and"), "{error}");
    let error = error_at("https://h/", 400, "No required TLS certificate was sent").to_string();
    assert!(
        error.contains("give one by --cert and --key, in code Http::with_client_certificate"),
        "{error}"
    );
}

#[cfg(feature = "tls-no-provider")]
#[test]
fn no_option_is_named_where_none_helps() {
    for words in
        ["Cannot perform Post-Handshake Authentication.", "Re-negotiation handshake failed"]
    {
        for url in ["http://h/", "https://h/"] {
            let error = error_at(url, 403, words).to_string();
            assert!(error.contains("have it ask in the TLS handshake"), "{error}");
            assert!(!error.contains("--cert"), "{error}");
        }
    }
}

/// What was said counts for more than the code alone.
#[test]
fn the_advice_follows_what_was_said_of_the_client_and_its_place() {
    const CREDENTIALS: &str = "(check the credentials)";
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
        let body = format!(r#"{{"error":"{code}","error_description":"{description}"}}"#);
        let error = refused(400, &body).to_string();
        assert!(error.contains(part), "{body}: {error}");
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
        let error = error_at(url, 400, words).to_string();
        assert_eq!(error.contains("write https "), has_https, "{words}: {error}");
        assert_eq!(error.contains(PORT), has_port, "{words}: {error}");
    }
}

#[test]
fn an_option_is_named_where_the_flow_has_it() {
    for (status, body, advice, options) in [
        (
            401,
            "",
            "; then the token URL, and whether a gateway wants its own key or login",
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
            let (error, of_flow) = match has_options {
                true => (refused_to(secret(), status, body), "check client id and secret"),
                false => (refused(status, body).to_string(), "check the credentials"),
            };
            assert_eq!(error.contains(&format!("read: {of_flow}")), status == 401, "{error}");
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
            let sent = if is_assertion { assertion() } else { secret() };
            let error = refused_to(sent, 400, &body);
            let has_clock = error.contains("check this machine's clock");
            assert_eq!(has_clock, is_doubted && is_assertion, "{error}");
        }
    }
    let error = refused_to(secret(), 400, r#"{"error":"invalid_client","x":"until 5 o'clock"}"#);
    assert!(error.contains("(check client id and secret, "), "{error}");
}

/// Words that stand there by chance are no reason for advice.
#[test]
fn what_only_looks_like_a_reason_is_none() {
    for (status, body, wrong, right) in [
        (
            400,
            r#"{"error":"invalid_client","error_description":"Only client certified partners may use this"}"#,
            "certificate",
            "(check client id and secret, ",
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
        let error = refused_to(secret(), status, body);
        assert!(!error.rsplit_once('(').unwrap().1.contains(wrong), "{error}");
        assert!(error.contains(right), "{error}");
    }
}

/// Nor are they where they say something else.
#[test]
fn words_of_something_else_are_no_reason() {
    for (authentication, code, description, right) in [
        (assertion(), "invalid_client", "The key used is expired", "(register a new certificate"),
        (assertion(), "invalid_client", "Client is not active", "(check client id, and the"),
        (assertion(), "invalid_client", "The licence has expired", "(check client id, and the"),
        (assertion(), "invalid_client", "Blocked until 5 o'clock", "(the server blocks this"),
        (secret(), "invalid_client", "because https://idp is down", "(check client id and secret"),
        (secret(), "access_denied", "not for https://api.multitenant.example", "(check audience"),
        (secret(), "invalid_request", "no audience for grant type client_credentials", "URL, then"),
        (secret(), "invalid_client", "Authentication type not supported", "(check client id and"),
        (secret(), "unauthorized_client", "The flow has been disabled", "(have this grant, client"),
        (secret(), "invalid_grant", "login rate exceeded", "(the server limits how often"),
        (secret(), "invalid_client", "client_secret_basic failed: secret mismatch", "(check the"),
    ] {
        let body = format!(r#"{{"error":"{code}","error_description":"{description}"}}"#);
        let error = refused_to(authentication, 400, &body);
        assert!(error.contains(right), "{error}");
    }
    let error = refused(404, "<script>config = {apiKey:\"x\"}</script>").to_string();
    assert!(error.contains("(check the token URL"), "{error}");
}

#[test]
fn another_way_of_authentication_is_named_with_the_certificate() {
    let body = r#"{"error":"unauthorized_client","error_description":"Only mTLS or private_key_jwt are allowed"}"#;
    let error = refused_to(secret(), 401, body);
    assert!(error.contains("(authenticate as the server says: by a certificate "), "{error}");
    assert!(error.contains("or an assertion"), "{error}");
    let error = refused_to(assertion(), 401, r#"{"error":"invalid_client","x":"private_key_jwt"}"#);
    assert!(
        error.contains("(check client id, and the assertion's"),
        "an assertion was sent: {error}"
    );
}

/// What is missing, or wanted another way, is not the secret of a client that has none.
#[test]
fn a_way_to_send_the_secret_is_named_to_a_client_that_sends_one() {
    const TRY: &str = ": try --basic, or leave it out)";
    let error = |authentication, words: &str| {
        let body = format!(r#"{{"error":"invalid_client","error_description":"{words}"}}"#);
        refused_to(authentication, 401, &body)
    };
    for words in [
        "No client credentials found.",
        "Client secret not provided in request",
        "client_secret is required",
        "The client secret is missing",
        "Missing client_secret",
        "method client_secret_basic is not allowed",
        "Unsupported Client Authentication Method!",
    ] {
        assert!(error(secret(), words).ends_with(TRY), "{words}");
        let to_assertion = error(assertion(), words);
        assert!(to_assertion.contains("(check client id, and the assertion's "), "{to_assertion}");
        let to_none = error(ClientAuthentication::none(), words);
        assert!(to_none.contains("(check client id, and the certificate "), "{to_none}");
    }
    for words in ["no client credentials user enabled", "e.g., unsupported authentication method"] {
        let error = error(secret(), words);
        assert!(error.contains("(check client id and secret, "), "{error}");
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
                let error = refused_to(assertion(), status, &body);
                assert!(error.contains(advice), "{error}");
            }
        }
    }
}

#[test]
fn a_refusal_says_what_to_check() {
    let basic = ClientAuthentication::basic;
    let of = |id: &str, way| Config::new("https://h/t", id, way).unwrap();
    for (config, advice) in [
        (
            of("i", ClientAuthentication::body("s+")),
            "as Basic: --basic, in code ClientAuthentication::basic",
        ),
        (
            of("i", basic("Az09-._~")),
            "in the body: without --basic, in code ClientAuthentication::body",
        ),
        (
            of("i", basic("c2VjcmV0/w==")),
            "--basic-unencoded, in code ClientAuthentication::unencoded",
        ),
        (of("i+", basic("s")), "--basic-unencoded, in code ClientAuthentication::unencoded"),
        (of("i", basic("c2VjcmV0/w==").unencoded()), "in the body: without --basic"),
        (of("i", ClientAuthentication::assertion(ASSERTION)), "issuer, audience, key and times"),
        (of("i", ClientAuthentication::none()), "the certificate or secret that the server wants"),
    ] {
        // The advice does not depend on an added header.
        let config = config.with_header("X-Gateway-Key", "k3y+/=").unwrap();
        let request = config.request().unwrap();
        let answer = Response::new(401, r#"{"error":"invalid_client"}"#);
        let error = config.read_answer(&request, answer).unwrap_err();
        assert_eq!(error.kind(), Kind::Refused);
        assert!(error.to_string().contains(advice), "{config:?}: {error}");
    }
}

#[test]
fn of_a_grant_by_an_assertion_that_is_what_to_check() {
    let config = Config::new("https://h/t", "", ClientAuthentication::none()).unwrap();
    let config = config.with_grant_type("urn:ietf:params:oauth:grant-type:jwt-bearer");
    let config = config.with_secret_parameter("assertion", ASSERTION).unwrap();
    let answer = Response::new(401, r#"{"error":"invalid_client"}"#);
    let error = config.read_answer(&config.request().unwrap(), answer).unwrap_err().to_string();
    assert!(error.contains("the assertion's issuer, audience, key and times"), "{error}");
}
