//! What is shown of the server's own words, and of which kind the error is.

use super::{error_of, refused, request};
use minbearer::{Kind, Response, Token};
use std::time::Duration;

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
            "401: its challenge is Basic realm=\"proxy [redacted]\" (no OAuth error was read: check the credentials; then the token URL, and whether a gateway",
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
        let request = request("http://h:1/", "hunter2");
        let response = Response::new(status, body).with_header(name, value);
        let error = error_of(&request, response).to_string();
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
        assert_eq!(refused(status, body).kind(), kind, "{status} {body}");
    }
    let request = request("http://h/", "hunter2");
    let response = Response::new(429, "").with_header("Retry-After", "120");
    let error = error_of(&request, response);
    let (Kind::Unavailable, Some(refusal)) = (error.kind(), error.refusal()) else {
        panic!("not unavailable")
    };
    assert_eq!(refusal.retry_after(), Some(Duration::from_secs(120)));
}

#[test]
fn the_unit_of_retry_after_is_said() {
    let request = request("http://h/", "hunter2");
    for (value, end) in [
        ("30", "; its Retry-After is 30 seconds)"),
        ("Fri, 31 Dec 1999 23:59:59 GMT", "; its Retry-After is Fri, 31 Dec 1999 23:59:59 GMT)"),
        ("soon", "; its Retry-After is soon)"),
        ("Sun Nov  6 08:49:37 1994", "; its Retry-After is Sun Nov  6 08:49:37 1994)"),
        ("", "try again later)"),
    ] {
        let response = Response::new(429, "").with_header("Retry-After", value);
        let error = error_of(&request, response).to_string();
        assert!(error.ends_with(end), "{value}: {error}");
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
        let error = refused(200, body);
        assert_eq!(error.kind(), Kind::Refused, "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn an_error_in_a_form_is_read_as_one_in_json() {
    let form = |status, body: &str| {
        let response = Response::new(status, body)
            .with_header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
        let request = request("http://h:1/", "hunter2");
        error_of(&request, response)
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
    let request = request("http://h/", "hunter2");
    assert_eq!(error_of(&request, plain).kind(), Kind::Malformed);
}

#[test]
fn a_refusal_in_latin_1_is_read_and_a_success_is_not() {
    let answer = |status, content_type: &str, body: &[u8]| {
        let response = Response::new(status, body).with_header("Content-Type", content_type);
        let request = request("http://h/", "schlüssel");
        error_of(&request, response)
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
    let request = request("http://h:1/", "hunter2").with_max_answer_bytes(10);
    let long = r#"{"error":"invalid_client"}"#;
    for head in ["Content-Length: 26\r\n\r\n", "\r\n", "Transfer-Encoding: chunked\r\n\r\n1a\r\n"] {
        let mut incoming = request.incoming();
        incoming.push(format!("HTTP/1.1 400 No\r\n{head}{long}").as_bytes()).unwrap();
        let error = error_of(&request, incoming.finish().unwrap());
        let said = "400 No: its body is too large, and was left unread (no OAuth error was read: ";
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn an_error_that_is_no_text_is_refused_by_its_type_unless_it_is_null() {
    let answer = |error: &str| {
        let body = format!(r#"{{"error":{error},"access_token":"t0k3n"}}"#);
        Token::from_answer(&request("http://h:1/", "hunter2"), Response::new(200, body))
    };
    for none in ["null", "\"\""] {
        assert_eq!(answer(none).unwrap().access_token(), "t0k3n", "{none}");
        let body = format!(r#"{{"error":{none},"access_token":"t0k3n"}}"#);
        assert_eq!(refused(400, &body).kind(), Kind::Refused, "{none}");
        let without = format!(r#"{{"error":{none}}}"#);
        assert_eq!(refused(200, &without).kind(), Kind::Malformed, "{none}");
    }
    for (error, name) in [
        ("{}", "an object or a list"),
        (r#"{"code":0}"#, "an object or a list"),
        ("[]", "an object or a list"),
        ("[false]", "an object or a list"),
        ("true", "true"),
        ("false", "false"),
        ("0", "a number"),
        ("1", "a number"),
        ("-1", "a number"),
        ("0.5", "a number"),
    ] {
        let refused = answer(error).unwrap_err();
        assert_eq!(refused.kind(), Kind::Refused, "{error}");
        let start = format!(
            "h:1 refused the token request: 200 (its member error is {name}, where OAuth has a text: "
        );
        assert!(refused.to_string().starts_with(&start), "{error}: {refused}");
    }
    for error in ["\"0\"", "\"false\"", "\" \""] {
        assert_eq!(answer(error).unwrap_err().kind(), Kind::Refused, "{error}");
    }
}

#[test]
fn a_text_that_is_empty_is_none_and_the_challenge_is_read_instead() {
    let challenge = r#"Bearer realm="hunter2", error="invalid_token""#;
    let response = |body: &str| Response::new(401, body).with_header("WWW-Authenticate", challenge);
    let said = |response| {
        let error = error_of(&request("http://h:1/", "hunter2"), response);
        let refusal = error.refusal().expect("a refusal");
        assert_eq!(
            refusal.challenge(),
            Some(r#"Bearer realm="[redacted]", error="invalid_token""#)
        );
        (refusal.error().map(String::from), refusal.error_description().map(String::from))
    };
    let some = |text: &str| Some(String::from(text));
    assert_eq!(said(response(r#"{"error":""}"#)), (some("invalid_token"), None));
    let body = r#"{"error":"invalid_client","error_description":""}"#;
    assert_eq!(said(response(body)), (some("invalid_client"), None));
    let body = r#"{"error":"invalid_client","error_description":"no"}"#;
    assert_eq!(said(response(body)), (some("invalid_client"), some("no")));
}

#[test]
fn nothing_of_json_that_is_cut_short_is_said_beside_an_error_of_the_challenge() {
    let response = Response::new(401, r#"{"message":"some words""#)
        .with_header("WWW-Authenticate", r#"Bearer error="invalid_client""#);
    let error = error_of(&request("http://h:1/", "hunter2"), response).to_string();
    assert!(error.contains("401: invalid_client ("), "{error}");
}
