use super::*;
use crate::error::Kind;
use crate::wire::request::Method;
use crate::wire::url::Url;
use alloc::string::ToString;

pub(super) fn read(status: u16, body: &str) -> Result<Token, Error> {
    let request =
        Request::for_token(Method::Get, Url::parse("URL", "http://h:1/?s=hunter2").unwrap())
            .with_secret("hunter2");
    let answer = AnswerReader {
        request: &request,
        separator: ' ',
        members: &[],
        advice: "advice",
        has_options: true,
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
        ("{\"access_token\":null}", "no access_token, but an empty one (no values"),
        ("{\"access_token\":7}", "not a string"),
        ("{\"access_token\":\"\"}", "no access_token, but an empty one (no values"),
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
fn an_error_that_is_no_text_is_refused_by_its_type_unless_it_is_null() {
    let answer =
        |error: &str| read(200, &alloc::format!(r#"{{"error":{error},"access_token":"t0k3n"}}"#));
    for none in ["null", "\"\""] {
        assert_eq!(answer(none).unwrap().access_token(), "t0k3n", "{none}");
        let body = alloc::format!(r#"{{"error":{none},"access_token":"t0k3n"}}"#);
        assert_eq!(read(400, &body).unwrap_err().kind(), Kind::Refused, "{none}");
        let without = alloc::format!(r#"{{"error":{none}}}"#);
        assert_eq!(read(200, &without).unwrap_err().kind(), Kind::Malformed, "{none}");
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
        let start = alloc::format!(
            "h:1 refused the token request: 200 (its member error is {name}, where OAuth has a text: "
        );
        assert!(refused.to_string().starts_with(&start), "{error}: {refused}");
    }
    for error in ["\"0\"", "\"false\"", "\" \""] {
        assert_eq!(answer(error).unwrap_err().kind(), Kind::Refused, "{error}");
    }
}

#[test]
fn a_token_that_the_answer_repeats_is_not_shown() {
    for body in [
        r#"{"access_token":"t0k3n","token_type":"t0k3n"}"#,
        r#"{"access_token":"t0k3n","error":"no t0k3n"}"#,
    ] {
        let error = read(200, body).unwrap_err().to_string();
        assert!(!error.contains("t0k3n") && error.contains("[redacted]"), "{error}");
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

/// The error for an answer to a request to this URL with the secret `hunter2`.
pub(super) fn error_at(url: &str, status: u16, body: &str) -> String {
    let request =
        Request::for_token(Method::Get, Url::parse("URL", url).unwrap()).with_secret("hunter2");
    let answer = AnswerReader {
        request: &request,
        separator: ' ',
        members: &[],
        advice: "",
        has_options: true,
        is_assertion: false,
    };
    answer.read_answer(Response::new(status, body)).unwrap_err().to_string()
}

#[test]
fn an_answer_without_a_token_is_described_by_the_names_of_its_members_alone() {
    let url = "https://h/realms/a/token?client_secret=hunter2";
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI5N2UwIn0.M8U3bSUKKJDEgzhFY";
    for (body, what) in [
        (
            alloc::format!(r#"{{"a":"{token}","expires":1}}"#),
            ", but a, expires (no values are shown: one may be a token)",
        ),
        (
            alloc::format!(r#"{{"b":{{"jwt":"{token}"}},"a":1}}"#),
            ", but b, a (no values are shown: one may be a token)",
        ),
        (
            alloc::format!(r#"{{"{token}":1,"hunter2":2}}"#),
            ", but …, [redacted] (no values are shown: one may be a token)",
        ),
        (r#"{"\u001b[2J":1}"#.into(), ", but \\u{1b}[2J (no values are shown: one may be a token)"),
        ("{}".into(), ": it is empty JSON"),
        // A token has no space, so a message without one may be a token.
        (r#"{"errmsg":"t0k3n"}"#.into(), ", but errmsg (no values are shown: one may be a token)"),
        (r#"{"errmsg":7}"#.into(), ", but errmsg (no values are shown: one may be a token)"),
    ] {
        let error = error_at(url, 200, &body);
        let expected = alloc::format!(
            "cannot use the answer of h:443 to the token request: it has no access_token{what}; give the OAuth token endpoint's URL: https://h/realms/a/token may be an issuer's or a login page's"
        );
        assert_eq!(error, expected, "{body}");
    }
    for (body, end) in [
        (
            r#"{"errcode":7,"errorMessage":"no hunter2 here","message":"other words"}"#,
            ", but errcode, errorMessage, message, and says: no [redacted] here; do what it says, or give an OAuth token endpoint's URL: this is no OAuth answer",
        ),
        (
            r#"{"issuer":"i","token_endpoint":"t"}"#,
            "; it is the server's metadata: give the URL that its token_endpoint has",
        ),
        (
            r#"{"errcode":40013,"errmsg":"invalid appid rid: 61725984-6126f6f9-040f19c4"}"#,
            ", and says: invalid appid rid: …; do what it says, or give an OAuth token endpoint's URL: this is no OAuth answer",
        ),
        (
            r#"{"code":10014,"msg":"app secret invalid"}"#,
            ", but code, msg, and says: app secret invalid; do what it says, or give an OAuth token endpoint's URL: this is no OAuth answer",
        ),
        (
            r#"{"accessToken":"t0k3n"}"#,
            ", but accessToken (no values are shown: one may be a token); have the server send access_token at the top level, or give an OAuth token endpoint's URL",
        ),
        (
            r#"{"token":"t0k3n"}"#,
            ", but token (no values are shown: one may be a token); have the server send access_token at the top level, or give an OAuth token endpoint's URL",
        ),
        (
            r#"{"expires_in":1}"#,
            "; have the server send access_token at the top level, or give an OAuth token endpoint's URL",
        ),
        (
            r#"{"a":{"access_token":"t"}}"#,
            "; have the server send access_token at the top level, or give an OAuth token endpoint's URL",
        ),
    ] {
        let error = error_at(url, 200, body);
        assert!(error.ends_with(end), "{body}: {error}");
    }
    let many: Vec<String> = (0..999).map(|name| alloc::format!("\"a{name}\":1")).collect();
    let error = error_at(url, 200, &alloc::format!("{{{}}}", many.join(",")));
    assert!(error.contains(", a17, a18 (no values"), "{error}");
    // A name that may be a token is not shown, and what was sent is redacted in one.
    for (name, shown) in [
        ("8xLOxBtZp8-8xLOxBtZp8Q", "…"),
        ("d41d8cd98f00b204e980", "d41d8cd98f00b204e980"),
        ("refreshTokenExpiresIn", "refreshTokenExpiresIn"),
        ("is_hunter2_it", "is_[redacted]_it"),
        ("hunter%32", "[redacted]"),
        ("\\u0068unter2", "[redacted]"),
    ] {
        let error = error_at(url, 200, &alloc::format!("{{\"{name}\":1}}"));
        assert!(error.contains(&alloc::format!(", but {shown} (no values")), "{name}: {error}");
    }
}

#[test]
fn no_member_of_a_success_that_may_be_a_token_is_shown() {
    const OTHER: &str = "8xLOxBtZp8-8xLOxBtZp8Q";
    for body in [
        r#"{"error":"none","access_token":"short-1","refresh_token":"OTHER"}"#,
        r#"{"error":"none","token":"OTHER"}"#,
        r#"{"error":false,"id_token":"OTHER"}"#,
        r#"{"error":{"code":0},"token":{"value":"OTHER"}}"#,
        r#"{"message":"Bearer OTHER"}"#,
        r#"{"errmsg":"the token is: OTHER, keep it"}"#,
        r#"{"token":"OTHER"}"#,
    ] {
        let error = read(200, &body.replace("OTHER", OTHER)).unwrap_err().to_string();
        assert!(!error.contains(&OTHER[..8]) && !error.contains("short-1"), "{error}");
    }
}

#[test]
fn the_words_of_a_message_are_shown_whatever_its_name_and_none_that_may_be_a_token() {
    for name in [
        "msg",
        "message",
        "errmsg",
        "error_msg",
        "errorMessage",
        "detail",
        "description",
        "reason",
        "faultstring",
        "title",
        "error_description",
        "Detail",
    ] {
        let error = read(200, &format!(r#"{{"code":7,"{name}":"wrong app"}}"#)).unwrap_err();
        assert!(error.to_string().contains(", and says: wrong app; "), "{error}");
    }
    const TOKEN: &str = "8xLOxBtZp8-8xLOxBtZp8Q";
    for (body, said) in [
        (r#"{"reason":"WRONG_APP","message":"wrong app"}"#, Some("wrong app")),
        (r#"{"detail":{},"message":"wrong app"}"#, Some("wrong app")),
        (r#"{"message":"wrong app","detail":null}"#, Some("wrong app")),
        (r#"{"msg":"wrong: TOKEN"}"#, Some("wrong: …")),
        (r#"{"msg":"TOKEN wrong TOKEN wrong"}"#, Some("… wrong … wrong")),
        (r#"{"msg":"错误的应用TOKEN"}"#, Some("…")),
        (
            r#"{"msg":"错误的应用，请检查应用的编号和密钥"}"#,
            Some("错误的应用，请检查应用的编号和密钥"),
        ),
        (r#"{"msg":"错误的应用"}"#, Some("错误的应用")),
        (r#"{"msg":"TOKEN"}"#, None),
        (r#"{"msg":" short "}"#, None),
    ] {
        let error = read(200, &body.replace("TOKEN", TOKEN)).unwrap_err().to_string();
        let shown = error.split_once(", and says: ").map(|(_, rest)| rest.split(';').next());
        assert_eq!(shown.flatten(), said, "{error}");
    }
    // A token that is cut is none that is short.
    let cut = format!(r#"{{"msg":"{}{TOKEN}"}}"#, "no ".repeat(83));
    let error = read(200, &cut).unwrap_err().to_string();
    assert!(error.contains(" no …; ") && !error.contains("8x"), "{error}");
}
