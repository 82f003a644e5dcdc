//! The requests of client credentials, and what its answers hold.

use minbearer::client_credentials::{ClientAuthentication, Config};
use minbearer::{Kind, Request, Response, Secret, SecretSource};

const SECRET: &str = "s3cr3t&=+%#/?é Zq7";

fn config(url: &str) -> Config {
    Config::new(url, "id:1", SECRET).unwrap()
}

fn body(request: &Request) -> &str {
    core::str::from_utf8(request.body().unwrap()).unwrap()
}

#[test]
fn the_credentials_are_in_the_body_unless_told_otherwise() {
    let config = config("https://h/t?tenant=a%20b")
        .with_scope("read")
        .with_scope("write all")
        .with_parameter("audience", "https://api/?x=y")
        .unwrap();
    let request = config.request().unwrap();
    assert_eq!(
        request.url().as_str(),
        "https://h/t?tenant=a%20b",
        "the token URL's own query is kept"
    );
    assert_eq!(
        body(&request),
        "grant_type=client_credentials&client_id=id%3A1&client_secret=s3cr3t%26%3D%2B%25%23%2F%3F%C3%A9%20Zq7\
         &scope=read%20write%20all&audience=https%3A%2F%2Fapi%2F%3Fx%3Dy"
    );
    assert!(request.headers().all(|(name, _)| name != "Authorization"));
}

#[test]
fn a_parameter_or_header_of_the_flow_itself_cannot_be_added() {
    for name in [
        "grant_type",
        "client_id",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
        "scope",
        "",
    ] {
        let error = config("https://h/t").with_parameter(name, "x").unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{name}");
        assert!(error.to_string().contains(name), "{error}");
    }
    for name in [
        "Authorization",
        "authorization",
        "ACCEPT",
        "Content-Type",
        // Message framing.
        "Host",
        "Content-Length",
        "transfer-encoding",
        "Connection",
        // Not a field name.
        "",
        "X Key",
        "X-Key:",
        "X-Key\r\nHost",
    ] {
        let error = config("https://h/t").with_header(name, "x").unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{name:?}");
    }
    for value in ["a\r\nHost: x", "a\nb", "a\0b", "é", "\u{7f}"] {
        let error = config("https://h/t").with_header("X-Key", value).unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{value:?}");
        assert!(error.to_string().contains("X-Key"), "{error}");
    }
}

#[test]
fn added_headers_and_parameters_are_sent_beside_the_flows_own() {
    let config = config("https://h/t")
        .with_basic()
        .and_then(|config| config.with_header("X-Gateway-Key", "k3y-of-the-gateway"))
        .and_then(|config| config.with_header("Accept-Language", "en"))
        .and_then(|config| config.with_parameter("resource", "https://a"))
        .and_then(|config| config.with_parameter("resource", "https://b"))
        .unwrap();
    let request = config.request().unwrap();
    let names: Vec<&str> = request.headers().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["Accept", "Content-Type", "Authorization", "X-Gateway-Key", "Accept-Language"]
    );
    assert_eq!(
        body(&request),
        "grant_type=client_credentials&resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb"
    );
}

#[test]
fn an_added_headers_value_is_redacted_in_an_answer() {
    let config = config("https://h/t")
        .with_header("X-Gateway-Key", "k3y-of-the-gateway")
        .and_then(|config| config.with_header("Accept-Language", "en"))
        .unwrap();
    let request = config.request().unwrap();
    let answer = Response::new(401, r#"{"error":"no entry for k3y-of-the-gateway"}"#);
    let error = config.read_answer(&request, answer).unwrap_err().to_string();
    assert!(error.contains("no entry for [redacted]"), "{error}");
    assert!(!format!("{config:?}").contains("k3y"), "{config:?}");
}

#[test]
fn the_scopes_that_were_not_granted_are_returned() {
    for (asked, granted, missing) in [
        ("read write", r#""read write""#, ""),
        ("read write", r#""write  read extra""#, ""),
        ("read write", r#""read""#, "write"),
        ("read write", r#""""#, "read write"),
        ("read write admin", r#""writer readwrite admin""#, "read write"),
        ("", r#""read""#, ""),
        ("read write", r#""read,write""#, ""),
        ("read write", r#""read, other""#, "write"),
        ("read,write", r#""read,write""#, ""),
        // No scope, or no string.
        ("read", "null", ""),
        ("read", r#"["read"]"#, ""),
    ] {
        let config = config("https://h/t").with_scope(asked);
        let answer = format!(r#"{{"access_token":"t","scope":{granted}}}"#);
        let token =
            config.read_answer(&config.request().unwrap(), Response::new(200, answer)).unwrap();
        let returned: Vec<&str> = config.missing_scopes(&token).collect();
        assert_eq!(returned.join(" "), missing, "asked for {asked}, granted {granted}");
    }
}

#[test]
fn text_members_that_were_asked_for_are_kept() {
    let config = config("https://h/t")
        .with_answer_member("instance_url")
        .with_answer_member("id")
        .with_answer_member("issued_at")
        .with_answer_member("hint")
        .with_answer_member("absent");
    let answer = r#"{"access_token":"t","error_hint":"e","hint":"h","id":"https:\/\/h\/id","instance_url":"https://my.example","issued_at":7,"signature":"s"}"#;
    let token = config.read_answer(&config.request().unwrap(), Response::new(200, answer)).unwrap();
    for (name, expected) in [
        ("instance_url", Some("https://my.example")),
        ("id", Some("https://h/id")),
        ("issued_at", None), // a number
        ("hint", Some("h")), // which a refusal would show
        ("absent", None),
        ("signature", None), // not asked for
    ] {
        assert_eq!(token.member(name), expected, "{name}");
    }
}

#[test]
fn plain_http_beyond_loopback_names_what_allows_it() {
    for (url, allowed) in [
        ("http://h/t", false),
        ("http://10.0.0.1/t", false),
        ("http://127.0.0.1/t", true),
        ("http://localhost:1/t", true),
        ("https://h/t", true),
    ] {
        let outcome = config(url).request();
        assert_eq!(outcome.is_ok(), allowed, "{url}");
        if let Err(error) = outcome {
            assert_eq!(error.kind(), Kind::Config);
            let way = "allow it by --plain-http (Config::with_plain_http)";
            assert!(error.to_string().contains(way), "{error}");
        }
        assert!(config(url).with_plain_http().request().is_ok(), "{url}");
    }
}

#[test]
fn empty_credentials_are_refused() {
    let new = |id: &str, way: ClientAuthentication| Config::new("https://h/t", id, way);
    for (id, way) in [
        ("", ClientAuthentication::body("s")),
        ("i", ClientAuthentication::body("")),
        ("i", ClientAuthentication::basic("")),
        ("i", ClientAuthentication::assertion("")),
    ] {
        let error = new(id, way).unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{error}");
        assert!(error.to_string().contains("must not be empty"), "{error}");
    }
    assert!(new("i", ClientAuthentication::none()).is_ok());
    let error = new("", ClientAuthentication::none()).unwrap().request().unwrap_err();
    assert!(error.to_string().contains("the client id must not be empty"), "{error}");
}

#[test]
fn a_scope_or_grant_type_that_no_server_has_is_refused() {
    let config = || Config::new("https://h/t", "i", ClientAuthentication::body("s")).unwrap();
    for (config, part) in [
        (config().with_scope("read\nwrite"), "the scope has a control character, U+000A"),
        (config().with_scope("\u{feff}read"), "the scope has a byte order mark"),
        (config().with_grant_type(""), "the grant type must not be empty"),
        (config().with_grant_type("a\tb"), "the grant type has a control character, U+0009"),
    ] {
        let error = config.request().unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(config().with_scope("").request().is_ok());
}

#[test]
fn another_grant_needs_neither_secret_nor_id() {
    let none = ClientAuthentication::none;
    for (id, way, expected) in [
        ("", none(), ""),
        ("i", none(), "&client_id=i"),
        ("i", ClientAuthentication::body("s"), "&client_id=i&client_secret=s"),
    ] {
        let config = Config::new("https://h/t", id, way)
            .unwrap()
            .with_grant_type("urn:ietf:params:oauth:grant-type:jwt-bearer")
            .with_secret_parameter("assertion", "e30.e30.c2ln")
            .unwrap();
        assert_eq!(
            body(&config.request().unwrap()),
            [
                "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer",
                expected,
                "&assertion=e30.e30.c2ln"
            ]
            .concat()
        );
    }
}

#[test]
fn a_secret_parameter_or_header_is_read_anew_and_redacted() {
    use core::sync::atomic::{AtomicUsize, Ordering};
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let next = || {
        let number = ASKED.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Secret::from(format!("the-value-no-{number}")))
    };
    let config = config("https://h/t")
        .with_parameter("audience", "a")
        .and_then(|config| {
            config.with_secret_parameter("subject_token", SecretSource::from_fn(next))
        })
        .and_then(|config| config.with_parameter("resource", "r"))
        .and_then(|config| config.with_header("X-Key", SecretSource::from_fn(next)))
        .unwrap();
    for (parameter, header) in
        [("the-value-no-1", "the-value-no-2"), ("the-value-no-3", "the-value-no-4")]
    {
        let request = config.request().unwrap();
        let expected = format!("&audience=a&subject_token={parameter}&resource=r");
        assert!(
            body(&request).ends_with(&expected),
            "in the order of the calls: {}",
            body(&request)
        );
        assert!(request.headers().any(|field| field == ("X-Key", header)));
        for sent in [parameter, header] {
            let answer = format!(r#"{{"error":"no","error_description":"what is {sent} here"}}"#);
            let error = config.read_answer(&request, Response::new(400, answer)).unwrap_err();
            assert!(error.to_string().contains("what is [redacted] here"), "{error}");
        }
    }
    assert!(!format!("{config:?}").contains("the-value"), "{config:?}");
}

#[test]
fn a_supplied_value_that_cannot_be_sent_is_named() {
    let of = |value: &'static str| SecretSource::from_fn(move || Ok(value.into()));
    for (config, part) in [
        (
            config("https://h/t").with_secret_parameter("token", of("a\nb")),
            "the parameter token has a control",
        ),
        (
            config("https://h/t").with_secret_parameter("token", of("")),
            "the parameter token must not be empty",
        ),
        (
            config("https://h/t").with_header("X-Key", of("a\r\nHost: x")),
            "header X-Key has a control",
        ),
        (
            config("https://h/t").with_header("X-Key", of("é")),
            "header X-Key has a control or non-ASCII",
        ),
        (Config::new("https://h/t", of("i\n"), "s"), "the client id ends in a line break"),
        (
            Config::new("https://h/t", "i", of("\u{feff}s")),
            "the client secret has a byte order mark",
        ),
    ] {
        let error = config.unwrap().request().unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    for error in [
        config("https://h/t").with_secret_parameter("token", "a\nb").unwrap_err(),
        config("https://h/t").with_secret_parameter("scope", "a").unwrap_err(),
        Config::new("https://h/t", "i\0", "s").unwrap_err(),
        Config::new("https://h/t", "i", "s\n").unwrap_err(),
    ] {
        assert_eq!(error.kind(), Kind::Config, "{error}");
    }
}
