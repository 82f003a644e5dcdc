use super::*;
#[cfg(feature = "std")]
use crate::client_credentials::{ClientAuthentication, Config};
use crate::error::Kind;
#[cfg(feature = "std")]
use crate::wire::response::Response;
use alloc::vec;

const URL: &str = "https://auth.example/token?tenant=a%20b";

fn message<T>(result: Result<T, Error>) -> String {
    let error = result.err().expect("an error");
    assert_eq!(error.kind(), Kind::Config, "{error}");
    error.to_string()
}

#[test]
fn no_buffer_of_an_assertion_grows() {
    let long = "\n\"é😀".repeat(500);
    for algorithm in Algorithm::ALL {
        let assertion = SignedAssertion::new(algorithm)
            .with_key_id(&long)
            .with_claim(&long, &long)
            .and_then(|assertion| assertion.with_number_claim(&long, "-1.5e3"))
            .unwrap();
        let capacity =
            assertion.max_claims_bytes(Recipient { client_id: Some(&long), token_url: URL });
        let input = assertion
            .signing_input(&long, URL, Duration::from_secs(1_800_000_000), [0xA5; 16])
            .unwrap();
        let claims = input.as_bytes().split(|byte| *byte == b'.').nth(1).unwrap();
        assert!(
            Base64UrlUnpadded::decode_vec(core::str::from_utf8(claims).unwrap()).unwrap().len()
                <= capacity
        );
        let (buffer, capacity) = (input.jwt.as_ptr(), input.jwt.capacity());
        let (_, most) = algorithm.signature_bytes();
        let secret = input.with_signature(&vec![7; most]).unwrap();
        assert_eq!(secret.expose().as_ptr(), buffer, "{algorithm:?}: moved");
        assert!(secret.expose().len() <= capacity, "{algorithm:?}");
    }
}

/// [RFC 7515 appendix A.3](https://www.rfc-editor.org/rfc/rfc7515#appendix-A.3)
const PAYLOAD: &str =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

#[test]
fn the_form_is_that_of_rfc_7515() {
    let input = SigningInput::new(Algorithm::Es256, "{\"alg\":\"ES256\"}", PAYLOAD);
    let signed = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
                  cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    assert_eq!(core::str::from_utf8(input.as_bytes()).unwrap(), signed);
    let signature =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let bytes = Base64UrlUnpadded::decode_vec(signature).unwrap();
    assert_eq!(input.with_signature(&bytes).unwrap().expose(), format!("{signed}.{signature}"));
}

#[test]
fn an_algorithm_is_known_by_its_name() {
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::from_name(algorithm.name()).unwrap(), algorithm);
    }
    for name in ["", "none", "HS256", "rs256", "ES512", "RS256 "] {
        assert!(message(Algorithm::from_name(name)).contains("EdDSA"), "{name}");
    }
}

#[cfg(feature = "std")]
#[test]
fn a_refusal_says_both_clocks_if_they_differ_by_more_than_a_minute() {
    let sign = |_: &[u8]| Ok(vec![7; 64]);
    let assertion = || SignedAssertion::new(SigningKey::from_fn(Algorithm::Es256, sign));
    let device = 784_111_777; // Sun, 06 Nov 1994 08:49:37 GMT
    let said = |config: &Config, received_at, date: Option<&str>, status| {
        // A refusal by its code is one whatever the status.
        let body = match status {
            503 => r#"{"error":"temporarily_unavailable"}"#,
            _ => r#"{"error":"invalid_client"}"#,
        };
        let mut response = Response::new(status, body);
        if let Some(date) = date {
            response = response.with_header("Date", date);
        }
        response.received_at = received_at;
        let request = config.request().unwrap();
        config.read_answer(&request, response).unwrap_err().to_string()
    };
    let both = "; the device's clock says 1994-11-06T08:49:37Z and the server's 1994-11-06T";
    let by_assertion =
        Config::new(URL, "id", ClientAuthentication::assertion(assertion())).unwrap();
    let by_secret = Config::new(URL, "id", "a secret").unwrap();
    for (date, differs) in [
        (Some("Sun, 06 Nov 1994 08:50:38 GMT"), true),
        (Some("Sun, 06 Nov 1994 08:48:36 GMT"), true),
        (Some("Sunday, 06-Nov-94 08:50:38 GMT"), true),
        (Some("Sun Nov  6 08:50:38 1994"), true),
        (Some("Sunday, 06-Nov-94 08:50:37 GMT"), false),
        (Some("Sun Nov  6 08:50:37 1994"), false),
        (Some("Sun, 06 Nov 1994 08:50:37 GMT"), false),
        (Some("Sun, 06 Nov 1994 08:48:37 GMT"), false),
        (Some("soon"), false),
        (None, false),
    ] {
        let message = said(&by_assertion, Some(device), date, 401);
        assert_eq!(message.contains(both), differs, "{date:?}: {message}");
        assert!(!said(&by_assertion, None, date, 401).contains("clock"), "no clock, {date:?}");
        assert!(!said(&by_secret, Some(device), date, 401).contains("clock"), "{date:?}");
        // Whatever its code is, a limit of requests passes by itself.
        assert!(!said(&by_assertion, Some(device), date, 429).contains("clock"), "{date:?}");
    }
}

#[cfg(feature = "sign")]
mod with_ring;
