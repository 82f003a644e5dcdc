//! Assertions that are signed: what they say, and how a function signs them. `signing.rs` has those signed by ring.

use base64ct::{Base64UrlUnpadded, Encoding};
use minbearer::client_credentials::{
    Algorithm, ClientAuthentication, Config, SignedAssertion, SigningKey,
};
use minbearer::internal::{RELEASED, Utc, utc_now};
use minbearer::{Error, Kind, Response, SecretSource};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;

const NOW: Duration = Duration::from_secs(1_800_000_000);
const URL: &str = "https://auth.example/token?tenant=a%20b";
const RANDOM: [u8; 16] = [0xA5; 16];

fn parts(jwt: &str) -> (Value, Value, Vec<u8>) {
    let parts: Vec<Vec<u8>> =
        jwt.split('.').map(|part| Base64UrlUnpadded::decode_vec(part).unwrap()).collect();
    let [header, claims, signature] = <[Vec<u8>; 3]>::try_from(parts).unwrap();
    let read = |json: Vec<u8>| serde_json::from_slice(&json).unwrap();
    (read(header), read(claims), signature)
}

/// Header and claims before anything is signed.
fn said(assertion: &SignedAssertion) -> (Value, Value) {
    let input = assertion.signing_input("my-client", URL, NOW, RANDOM).unwrap();
    let (header, claims, _) = parts(input.with_signature(&[7; 64]).unwrap().expose());
    (header, claims)
}

fn message<T>(result: Result<T, Error>) -> String {
    let error = result.err().expect("an error");
    assert_eq!(error.kind(), Kind::Config, "{error}");
    error.to_string()
}

#[test]
fn issuer_subject_audience_and_times_are_those_of_rfc_7523() {
    let (header, claims) = said(&SignedAssertion::new(Algorithm::Es256));
    assert_eq!(header, json!({"alg": "ES256", "typ": "JWT"}));
    assert_eq!(
        claims,
        json!({
            "iss": "my-client", "sub": "my-client", "aud": URL, "jti": "paWlpaWlpaWlpaWlpaWlpQ",
            "iat": 1_800_000_000, "exp": 1_800_000_060,
        })
    );
}

#[test]
fn each_setting_stands_in_its_place_and_the_last_one_counts() {
    let key = SigningKey::from(Algorithm::EdDsa).with_certificate_sha256([0xFF; 32]);
    let assertion = SignedAssertion::new(key)
        .with_key_id("key \"1\"\\é")
        .with_issuer("an issuer")
        .with_subject("another")
        .with_subject("a subject")
        .with_audience("an audience")
        .with_lifetime(Duration::from_secs(300))
        .and_then(|assertion| assertion.with_claim("scope", "a b"))
        .and_then(|assertion| assertion.with_claim("scope", "c\n\u{1}\"\\/d 😀"))
        .and_then(|assertion| assertion.with_claim("a \"name\"", ""))
        .and_then(|assertion| assertion.with_number_claim("number", "-1.5e3"))
        .unwrap();
    let (header, claims) = said(&assertion);
    assert_eq!(
        header,
        json!({
            "alg": "EdDSA", "typ": "JWT", "kid": "key \"1\"\\é",
            "x5t#S256": "__________________________________________8",
        })
    );
    assert_eq!(
        claims,
        json!({
            "iss": "an issuer", "sub": "a subject", "aud": "an audience",
            "jti": "paWlpaWlpaWlpaWlpaWlpQ", "iat": 1_800_000_000, "exp": 1_800_000_300,
            "scope": "c\n\u{1}\"\\/d 😀", "a \"name\"": "",
            "number": serde_json::from_str::<Value>("-1.5e3").unwrap(),
        })
    );
    let assertion = SignedAssertion::new(Algorithm::Es256).with_issuer("an issuer");
    let input = assertion.signing_input("", URL, NOW, RANDOM).unwrap();
    let secret = input.with_signature(&[7; 64]).unwrap();
    let (_, claims, _) = parts(secret.expose());
    assert_eq!((&claims["iss"], claims.get("sub")), (&json!("an issuer"), None), "no client id");
}

#[test]
fn what_cannot_be_said_is_refused() {
    let assertion = || SignedAssertion::new(Algorithm::Es256);
    for name in ["jti", "iat", "exp"] {
        assert!(message(assertion().with_claim(name, "1")).contains(name));
        assert!(message(assertion().with_number_claim(name, "1")).contains(name));
    }
    assert!(message(assertion().with_claim("", "1")).contains("empty"));
    for number in
        ["", " 1", "1 ", "01", "1.", "+1", "0x1", "1,\"sub\":\"x\"", "true", "\"1\"", "[1]"]
    {
        assert!(message(assertion().with_number_claim("n", number)).contains("number"), "{number}");
    }
    for number in ["0", "-0", "7", "123456789012345678901234567890", "1.50", "1e+9", "-1.5E-3"] {
        assert!(assertion().with_number_claim("n", number).is_ok(), "{number}");
    }
    for millis in [0, 999, 300_001] {
        let lifetime = Duration::from_millis(millis);
        assert!(message(assertion().with_lifetime(lifetime)).contains("5 min"), "{millis}");
    }
    let other = assertion().with_algorithm(Algorithm::Ps256);
    let refused = message(other.signing_input("id", URL, NOW, RANDOM));
    assert_eq!(refused, "the signing key signs by ES256 and not by PS256");
}

#[test]
fn a_clock_before_the_release_is_an_error_that_says_the_time() {
    let at = |seconds| {
        let now = Duration::from_secs(seconds);
        SignedAssertion::new(Algorithm::Es256).signing_input("id", URL, now, RANDOM)
    };
    assert!(message(at(0)).contains("1970-01-01T00:00:00Z"));
    assert!(message(at(RELEASED - 1)).contains("2026-10-31T23:59:59Z"));
    assert!(at(RELEASED).is_ok());
    assert!(at(u64::MAX).is_ok(), "no overflow");
}

#[test]
fn a_signature_of_another_length_is_refused_and_asn_1_is_named() {
    for (algorithm, right, wrong) in [
        (Algorithm::Es256, &[64][..], &[0, 63, 65, 70, 71, 72][..]),
        (Algorithm::EdDsa, &[64], &[32, 128]),
        (Algorithm::Es384, &[96], &[64, 102, 104]),
        (Algorithm::Rs256, &[256, 384, 512], &[64, 128, 255, 513]),
        (Algorithm::Rs384, &[256, 512], &[255, 513]),
        (Algorithm::Ps256, &[256, 512], &[255, 513]),
    ] {
        let input =
            || SignedAssertion::new(algorithm).signing_input("id", URL, NOW, RANDOM).unwrap();
        for len in right {
            assert!(input().with_signature(&vec![7; *len]).is_ok(), "{algorithm:?}, {len}");
        }
        for len in wrong {
            let refused = message(input().with_signature(&vec![7; *len]));
            assert!(refused.contains("ASN.1"), "{algorithm:?}, {len}: {refused}");
        }
    }
}

fn config(assertion: SignedAssertion) -> Config {
    Config::new(URL, "my-client", ClientAuthentication::assertion(assertion)).unwrap()
}

fn assertion_in(config: &Config) -> String {
    let request = config.request().unwrap();
    let mut form = form_urlencoded::parse(request.body().unwrap());
    let (_, assertion) = form.find(|(name, _)| name == "client_assertion").unwrap();
    let echo = format!(r#"{{"error":"no","error_description":"no {assertion}"}}"#);
    let error = config.read_answer(&request, Response::new(400, echo)).unwrap_err();
    assert_eq!(error.refusal().unwrap().error_description(), Some("no [redacted]"));
    assertion.into_owned()
}

#[test]
fn a_function_signs_what_is_sent_and_its_error_is_returned() {
    let sign = |input: &[u8]| {
        assert!(input.starts_with(b"eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9."));
        Ok(vec![7; 64])
    };
    let config = config(SignedAssertion::new(SigningKey::from_fn(Algorithm::Es256, sign)));
    let (_, claims, signature) = parts(&assertion_in(&config));
    assert_eq!(signature, [7; 64]);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("my-client"), &json!(URL)));
    let Utc(now) = utc_now();
    assert!(claims["iat"].as_u64().unwrap().abs_diff(now) <= 60, "{claims}");

    let fails = |_: &[u8]| Err(Error::timeout("the TPM is busy"));
    let failing = SignedAssertion::new(SigningKey::from_fn(Algorithm::Es256, fails));
    let config = self::config(failing);
    assert_eq!(config.request().unwrap_err().to_string(), "the TPM is busy");
}

#[test]
fn an_algorithm_without_a_key_sends_nothing() {
    let config = config(SignedAssertion::new(Algorithm::Es256));
    assert!(message(config.request()).contains("no key"));
}

#[test]
fn as_a_secret_it_is_refused() {
    let sign = |_: &[u8]| Ok(vec![7; 64]);
    let assertion = SignedAssertion::new(SigningKey::from_fn(Algorithm::Es256, sign));
    let config = Config::new(URL, "my-client", SecretSource::from(assertion)).unwrap();
    assert!(message(config.request()).contains("ClientAuthentication::assertion"));
}

#[test]
fn no_two_assertions_have_the_same_id_in_any_thread() {
    let ids = || {
        let sign = |_: &[u8]| Ok(vec![7; 64]);
        let config = config(SignedAssertion::new(SigningKey::from_fn(Algorithm::Es256, sign)));
        let id = |_| parts(&assertion_in(&config)).1["jti"].as_str().unwrap().to_string();
        (0..200).map(id).collect::<Vec<_>>()
    };
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(ids)).collect();
    let ids: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 800);
    assert!(ids.iter().all(|id| id.len() == 22));
}
