use super::*;
use crate::error::Kind;
use crate::wire::request::Method;
use crate::wire::url::Url;
use alloc::string::ToString;

fn read(status: u16, body: &str) -> Result<Token, Error> {
    let request =
        Request::for_token(Method::Get, Url::parse("URL", "http://h:1/?s=hunter2").unwrap())
            .with_secret("hunter2");
    let answer = AnswerReader {
        request: &request,
        separator: ' ',
        members: &[],
        advice: "advice",
        has_options: true,
        makes_url: false,
        is_assertion: false,
    };
    answer.read_answer(Response::new(status, body))
}

#[test]
fn a_token_is_one_header_value() {
    let token = read(
        200,
        r#"{"access_token":"abc","token_type":"bEARER","scope":"ADMIN","expires_in":60}"#,
    )
    .unwrap();
    assert_eq!(
        (
            token.authorization(),
            token.access_token(),
            token.token_type(),
            token.scope(),
            token.lifetime()
        ),
        ("Bearer abc", "abc", "Bearer", Some("ADMIN"), Some(Duration::from_secs(60)))
    );
    assert_eq!(token.authorization.len(), token.authorization.capacity());
    assert!(!format!("{token:?}").contains("abc"));
}

#[test]
fn an_implausible_lifetime_is_unknown_and_no_error() {
    for (member, expected) in [
        ("3600", Some(3600.0)),
        ("\"3600\"", Some(3600.0)),
        ("\" 60.5 \"", Some(60.5)),
        ("0.5", Some(0.5)),
        ("3.6e3", Some(3600.0)),
        ("315360000", Some(315_360_000.0)),
        ("315360001", None),
        ("null", None),
        ("0", None),
        ("-1", None),
        ("-0.0", None),
        ("1e300", None),
        ("1e400", None),
        ("-1e400", None),
        ("\"1e400\"", None),
        ("99999999999999999999999", None),
        ("\"\"", None),
        ("\"soon\"", None),
        ("\"inf\"", None),
        ("\"NaN\"", None),
        ("true", None),
        ("[60]", None),
        ("{\"s\":60}", None),
    ] {
        let token = read(200, &format!("{{\"access_token\":\"t\",\"expires_in\":{member}}}"));
        let lifetime = token.unwrap_or_else(|error| panic!("{member}: {error}")).lifetime();
        assert_eq!(lifetime, expected.map(Duration::from_secs_f64), "{member}");
    }
}

#[test]
fn an_answer_without_a_usable_token_is_malformed_and_the_error_says_why() {
    let long = "x".repeat(16 * 1024 + 1);
    for (body, part) in [
        ("", "empty"),
        ("hello", "not one JSON object"),
        ("{}", "no access_token"),
        ("{\"access_token\":null}", "no access_token, but an empty access_token (no values"),
        ("{\"access_token\":7}", "not a string"),
        ("{\"access_token\":\"\"}", "no access_token, but an empty access_token (no values"),
        ("{\"access_token\":\"a b\"}", "header"),
        ("{\"access_token\":\"a\\r\\nX: y\"}", "header"),
        ("{\"access_token\":\"\\u00e9\"}", "header"),
        (&format!("{{\"access_token\":\"{long}\"}}"), "16 KiB"),
        (
            "{\"access_token\":\"t\",\"access_token\":\"t\"}",
            "its member access_token is there twice",
        ),
        (
            "{\"access_token\":\"t\",\"expires_in\":1,\"expires_in\":1}",
            "its member expires_in is there twice",
        ),
        ("{\"access_token\":\"Bearer abc\"}", "starts with `Bearer `, so the type is in it twice"),
        ("{\"access_token\":\"t\"} {}", "not one JSON object"),
        ("{\"access_token\":\"t\",\"token_type\":\"mac\"}", "`mac`"),
        ("{\"access_token\":\"t\",\"token_type\":\"Bearer x\"}", "`Bearer x`"),
        ("{\"access_token\":\"t\",\"token_type\":\"hunter2\"}", "`[redacted]`"),
        ("{\"access_token\":\"t\",\"token_type\":5}", "not a string"),
    ] {
        let error = read(200, body).unwrap_err();
        assert_eq!(error.kind(), Kind::Malformed, "{body}: {error}");
        assert!(error.to_string().contains(part), "{body}: {error}");
    }
}

#[test]
fn white_space_around_the_type_is_none_of_it_and_an_empty_type_is_absent() {
    for token_type in [" Bearer", "Bearer ", "\\tbearer\\r\\n", " BearerToken ", "", " "] {
        let body = format!(r#"{{"access_token":"abc","token_type":"{token_type}"}}"#);
        let token = read(200, &body).unwrap_or_else(|error| panic!("{token_type:?}: {error}"));
        assert_eq!((token.authorization(), token.token_type()), ("Bearer abc", "Bearer"));
    }
}

#[test]
fn without_a_usable_expires_in_the_lifetime_is_that_of_the_jwt() {
    // {"iat":1700000000,"exp":1700003600}
    let jwt = "e30.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMzYwMH0.c2ln";
    for (member, seconds) in [
        ("", 3600),
        (r#","expires_in":null"#, 3600),
        (r#","expires_in":"soon""#, 3600),
        (r#","expires_in":-1"#, 3600),
        (r#","expires_in":60"#, 60),
    ] {
        let token = read(200, &format!("{{\"access_token\":\"{jwt}\"{member}}}")).unwrap();
        assert_eq!(token.lifetime(), Some(Duration::from_secs(seconds)), "{member}");
    }
    let mut response = Response::new(200, format!("{{\"access_token\":\"{jwt}\"}}"));
    response.received_at = Some(1_700_003_000);
    let request = Request::for_token(Method::Get, Url::parse("URL", "http://h/").unwrap());
    let token = Token::from_answer(&request, response).unwrap();
    assert_eq!(token.lifetime(), Some(Duration::from_secs(600)), "what is left by the clock");
}

#[test]
fn members_that_were_asked_for_are_kept() {
    let request = Request::for_token(Method::Get, Url::parse("URL", "http://h/").unwrap());
    let members = &["instance_url", "scope", "absent", "number"].map(String::from);
    let answer = AnswerReader {
        request: &request,
        separator: ' ',
        members,
        advice: "",
        has_options: true,
        makes_url: false,
        is_assertion: false,
    };
    let body =
        r#"{"access_token":"t","instance_url":"https:\/\/x","scope":"s","number":7,"other":"y"}"#;
    let token = answer.read_answer(Response::new(200, body)).unwrap();
    assert_eq!(token.member("instance_url"), Some("https://x"));
    assert_eq!((token.member("scope"), token.scope()), (Some("s"), Some("s")));
    assert_eq!([token.member("absent"), token.member("number"), token.member("other")], [None; 3]);
}

#[test]
fn the_shorter_of_expires_in_and_a_jwts_own_lifetime_counts_whatever_the_clock() {
    // {"iat":1700000000,"exp":1700003600}
    let jwt = "e30.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMzYwMH0.c2ln";
    for (expires_in, seconds) in [("60", 60), ("3600", 3600), ("4000", 3600), ("3600000", 3600)] {
        for clock in [None, Some(0), Some(1_700_003_599), Some(u64::MAX)] {
            let body = format!("{{\"access_token\":\"{jwt}\",\"expires_in\":{expires_in}}}");
            let mut response = Response::new(200, body);
            response.received_at = clock;
            let request = Request::for_token(Method::Get, Url::parse("URL", "http://h/").unwrap());
            let token = Token::from_answer(&request, response).unwrap();
            let expected = Some(Duration::from_secs(seconds));
            assert_eq!(token.lifetime(), expected, "{expires_in} by {clock:?}");
        }
    }
}
