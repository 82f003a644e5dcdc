use super::super::Config;
use super::*;
use crate::error::Kind;
use crate::wire::response::Response;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

const ID: &str = "id:1";
const SECRET: &str = "s3cr3t&=+%#/?é Zq7";
/// In the form of a JWT; its parts have no meaning.
const JWT: &str = "eyJhbGciOiJ9.eyJzdWIi-_Ql9.c2lnbmF0dXJl";

fn config(authentication: ClientAuthentication) -> Config {
    Config::new("https://h/t", ID, authentication).unwrap()
}

fn body(request: &Request) -> &str {
    core::str::from_utf8(request.body().unwrap()).unwrap()
}

/// Id and secret in the Basic credentials, if there are any.
fn pair(request: &Request) -> Option<String> {
    let (_, value) = request.headers().find(|(name, _)| *name == "Authorization")?;
    let pair = Base64::decode_vec(value.strip_prefix("Basic ").unwrap()).unwrap();
    Some(String::from_utf8(pair).unwrap())
}

#[test]
fn each_method_puts_the_credentials_into_its_place() {
    let plain_id =
        || Config::new("https://h/t", "id", ClientAuthentication::basic(SECRET).unencoded());
    for (config, expected_body, expected_pair) in [
        (
            config(ClientAuthentication::body(SECRET)),
            "&client_id=id%3A1&client_secret=s3cr3t%26%3D%2B%25%23%2F%3F%C3%A9%20Zq7",
            None,
        ),
        (
            config(ClientAuthentication::basic(SECRET)),
            "",
            Some("id%3A1:s3cr3t%26%3D%2B%25%23%2F%3F%C3%A9%20Zq7"),
        ),
        (plain_id().unwrap(), "", Some("id:s3cr3t&=+%#/?é Zq7")),
        (
            config(ClientAuthentication::assertion(JWT)),
            "&client_id=id%3A1&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
             &client_assertion=eyJhbGciOiJ9.eyJzdWIi-_Ql9.c2lnbmF0dXJl",
            None,
        ),
        (
            config(ClientAuthentication::assertion("<saml>").with_assertion_type("urn:x:y")),
            "&client_id=id%3A1&client_assertion_type=urn%3Ax%3Ay&client_assertion=%3Csaml%3E",
            None,
        ),
        (config(ClientAuthentication::none()), "&client_id=id%3A1", None),
    ] {
        let request = config.request().unwrap();
        assert_eq!(body(&request), format!("grant_type=client_credentials{expected_body}"));
        assert_eq!(pair(&request).as_deref(), expected_pair, "{config:?}");
    }
}

#[test]
fn an_option_of_one_method_does_not_change_the_others() {
    for way in [
        ClientAuthentication::body(SECRET),
        ClientAuthentication::assertion(JWT),
        ClientAuthentication::none(),
    ] {
        let before = format!("{way:?}");
        assert_eq!(format!("{:?}", way.unencoded()), before);
    }
    for way in [
        ClientAuthentication::body(SECRET),
        ClientAuthentication::basic(SECRET),
        ClientAuthentication::none(),
    ] {
        let before = format!("{way:?}");
        assert_eq!(format!("{:?}", way.with_assertion_type("urn:x:y")), before);
    }
}

#[test]
fn only_a_secret_goes_into_basic() {
    for (way, expected) in [
        (ClientAuthentication::body("s"), Some("id%3A1:s")),
        (ClientAuthentication::basic("s"), Some("id%3A1:s")),
        (ClientAuthentication::assertion(JWT), None),
        (ClientAuthentication::none(), None),
    ] {
        let outcome = config(way).with_basic();
        match expected {
            Some(_) => {
                let request = outcome.unwrap().request().unwrap();
                assert_eq!(pair(&request).as_deref(), expected);
            }
            None => {
                let error = outcome.unwrap_err();
                assert_eq!(error.kind(), Kind::Config);
                assert!(error.to_string().contains("needs a client secret"), "{error}");
            }
        }
    }
    // Unencoded stays unencoded.
    let config = Config::new("https://h/t", "i", ClientAuthentication::basic("+").unencoded());
    let request = config.and_then(Config::with_basic).and_then(|config| config.request()).unwrap();
    assert_eq!(pair(&request).as_deref(), Some("i:+"));
}

#[test]
fn an_id_with_a_colon_cannot_go_into_basic_unencoded() {
    let error = config(ClientAuthentication::basic("s").unencoded()).request().unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.to_string().contains("colon"), "{error}");
}

#[test]
fn an_assertion_has_the_form_of_a_jwt_and_16_kib_at_most() {
    let of = |len: usize| format!("e30.{}.c2ln", "x".repeat(len - "e30..c2ln".len()));
    let other = "other";
    for (assertion, assertion_type, wrong) in [
        (JWT, JWT_BEARER, None),
        ("e30.a2V5.aXY.dGV4dA.dGFn", JWT_BEARER, None),
        // Encrypted with a shared key.
        ("e30..aXY.dGV4dA.dGFn", JWT_BEARER, None),
        (&of(16 * 1024), JWT_BEARER, None),
        (&of(16 * 1024 + 1), JWT_BEARER, Some("longer than 16 KiB")),
        (" ", JWT_BEARER, Some("a space")),
        ("e30.e30.c2ln e30.e30.c2ln", JWT_BEARER, Some("a space")),
        ("e30.e30\n.c2ln", JWT_BEARER, Some("a control character, U+000A")),
        ("e30.e30.c2ln\n", JWT_BEARER, Some("ends in a line break")),
        ("e30.e30.c2ln\0", JWT_BEARER, Some("a control character, U+0000")),
        ("e30.e30.c2lné", JWT_BEARER, Some("another character")),
        ("e30", JWT_BEARER, Some("not a JWT")),
        ("e30.e30", JWT_BEARER, Some("not a JWT")),
        ("e30.e30.c2ln.c2ln", JWT_BEARER, Some("not a JWT")),
        ("e30.e30.a.b.c.d", JWT_BEARER, Some("not a JWT")),
        ("..", JWT_BEARER, Some("not a JWT")),
        ("e30.e30.", JWT_BEARER, Some("not a JWT")),
        ("e30..c2ln", JWT_BEARER, Some("not a JWT")),
        (".a2V5.aXY.dGV4dA.dGFn", JWT_BEARER, Some("not a JWT")),
        ("e30=.e30.c2ln", JWT_BEARER, Some("not a JWT")),
        ("e30.e3+/.c2ln", JWT_BEARER, Some("not a JWT")),
        ("{\"token\":\"e30.e30.c2ln\"}", JWT_BEARER, Some("not a JWT")),
        // An assertion of another profile is any graphic ASCII text.
        ("<saml/>", other, None),
        ("e30", other, None),
        ("<saml />", other, Some("a space")),
        (&"x".repeat(16 * 1024 + 1), other, Some("longer than 16 KiB")),
    ] {
        let way = ClientAuthentication::assertion(assertion).with_assertion_type(assertion_type);
        let outcome = Config::new("https://h/t", ID, way).and_then(|config| config.request());
        match wrong {
            None => assert!(outcome.is_ok(), "{assertion:?}: {outcome:?}"),
            Some(part) => {
                let error = outcome.expect_err(assertion);
                assert_eq!(error.kind(), Kind::Config, "{assertion:?}");
                let message = error.to_string();
                assert!(message.contains(part), "{assertion:?}: {message}");
                assert!(!message.contains("e30"), "it is not shown: {message}");
            }
        }
    }
}

#[test]
fn credentials_are_redacted_in_an_answer() {
    let unencoded = ClientAuthentication::basic(SECRET).unencoded();
    for (config, sent) in [
        (config(ClientAuthentication::body(SECRET)), Vec::from([SECRET.to_string()])),
        (
            config(ClientAuthentication::basic(SECRET)),
            Vec::from([
                SECRET.into(),
                Base64::encode_string(b"id%3A1:s3cr3t%26%3D%2B%25%23%2F%3F%C3%A9%20Zq7"),
            ]),
        ),
        (
            Config::new("https://h/t", "id", unencoded).unwrap(),
            Vec::from([SECRET.into(), Base64::encode_string("id:s3cr3t&=+%#/?é Zq7".as_bytes())]),
        ),
        (config(ClientAuthentication::assertion(JWT)), Vec::from([JWT.into()])),
    ] {
        let request = config.request().unwrap();
        for sent in sent {
            let answer = format!(r#"{{"error":"no","error_description":"what is {sent} here"}}"#);
            let error = config.read_answer(&request, Response::new(400, answer)).unwrap_err();
            assert!(error.to_string().contains("what is [redacted] here"), "{error}");
        }
        let shown = format!("{config:?}");
        assert!(!shown.contains("Zq7") && !shown.contains("c2ln"), "{shown}");
    }
}

#[test]
fn a_function_is_asked_for_each_request() {
    use core::sync::atomic::{AtomicUsize, Ordering};
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let number = || {
        let number = ASKED.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Secret::from(format!("e30.e30.{number}")))
    };
    let config = config(ClientAuthentication::assertion(SecretSource::from_fn(number)));
    for number in 1..=3 {
        let request = config.request().unwrap();
        assert!(body(&request).ends_with(&format!(".{number}")), "{}", body(&request));
    }
}
