//! A success without a token: names alone, and the words of a message.

use super::{error_at, refused};

#[test]
fn an_answer_without_a_token_is_described_by_the_names_of_its_members_alone() {
    let url = "https://h/realms/a/token?client_secret=hunter2";
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI5N2UwIn0.M8U3bSUKKJDEgzhFY";
    for (body, what) in [
        (
            format!(r#"{{"a":"{token}","expires":1}}"#),
            ", but a, expires (no values are shown: one may be a token)",
        ),
        (
            format!(r#"{{"b":{{"jwt":"{token}"}},"a":1}}"#),
            ", but b, a (no values are shown: one may be a token)",
        ),
        (
            format!(r#"{{"{token}":1,"hunter2":2}}"#),
            ", but …, [redacted] (no values are shown: one may be a token)",
        ),
        (r#"{"\u001b[2J":1}"#.into(), ", but \\u{1b}[2J (no values are shown: one may be a token)"),
        ("{}".into(), ": it is empty JSON"),
        // A token has no space, so a message without one may be a token.
        (r#"{"errmsg":"t0k3n"}"#.into(), ", but errmsg (no values are shown: one may be a token)"),
        (r#"{"errmsg":7}"#.into(), ", but errmsg (no values are shown: one may be a token)"),
    ] {
        let error = error_at(url, 200, &body).to_string();
        let expected = format!(
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
        let error = error_at(url, 200, body).to_string();
        assert!(error.ends_with(end), "{body}: {error}");
    }
    let many: Vec<String> = (0..999).map(|name| format!("\"a{name}\":1")).collect();
    let error = error_at(url, 200, &format!("{{{}}}", many.join(","))).to_string();
    assert!(error.contains(", a17, a18 (no values"), "{error}");
    // 80 bytes are enough.
    let names: String = (1..9).map(|name| format!(",\"name-{name:03}\":1")).collect();
    let error = error_at(url, 200, &format!("{{\"first-name\":1{names}}}")).to_string();
    assert!(error.contains(", name-006, name-007 (no values"), "{error}");
    // A name that may be a token is not shown, and what was sent is redacted in one.
    for (name, shown) in [
        ("8xLOxBtZp8-8xLOxBtZp8Q", "…"),
        ("d41d8cd98f00b204e980", "d41d8cd98f00b204e980"),
        ("refreshTokenExpiresIn", "refreshTokenExpiresIn"),
        ("is_hunter2_it", "is_[redacted]_it"),
        ("hunter%32", "[redacted]"),
        ("\\u0068unter2", "[redacted]"),
    ] {
        let error = error_at(url, 200, &format!("{{\"{name}\":1}}")).to_string();
        assert!(error.contains(&format!(", but {shown} (no values")), "{name}: {error}");
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
        let error = refused(200, &body.replace("OTHER", OTHER)).to_string();
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
        let error = refused(200, &format!(r#"{{"code":7,"{name}":"wrong app"}}"#));
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
        let error = refused(200, &body.replace("TOKEN", TOKEN)).to_string();
        let shown = error.split_once(", and says: ").map(|(_, rest)| rest.split(';').next());
        assert_eq!(shown.flatten(), said, "{error}");
    }
    // A token that is cut is none that is short.
    let cut = format!(r#"{{"msg":"{}{TOKEN}"}}"#, "no ".repeat(83));
    let error = refused(200, &cut).to_string();
    assert!(error.contains(" no …; ") && !error.contains("8x"), "{error}");
}
