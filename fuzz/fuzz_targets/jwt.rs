//! The lifetime of a JSON Web Token. The input is its payload or its whole text.
#![no_main]

use base64ct::{Base64UrlUnpadded, Encoding};
use libfuzzer_sys::fuzz_target;
use minbearer::{Response, accelerator};
use minbearer_fuzz::check_token;

fuzz_target!(|data: &[u8]| {
    let Some((&selector, rest)) = data.split_first() else { return };
    let is_payload = selector & 1 == 1;
    let access_token = if is_payload {
        format!("e30.{}.c2ln", Base64UrlUnpadded::encode_string(rest))
    } else {
        String::from_utf8_lossy(rest).into_owned()
    };
    let body = serde_json::json!({ "access_token": access_token }).to_string();
    let config =
        accelerator::Config::new("http://h", "rose", "password").unwrap().with_rfc6750_header();
    let token = match config.read_answer(&config.request().unwrap(), Response::new(200, body)) {
        Ok(token) => token,
        Err(_) => {
            let fits = access_token.len() <= 16 * 1024
                && !access_token.is_empty()
                && access_token.bytes().all(|byte| matches!(byte, 0x21..=0x7E));
            assert!(!fits, "refused: {access_token}");
            return;
        }
    };
    check_token(&token);
    if !is_payload {
        return;
    }
    // minbearer refuses a claim that occurs twice, and serde_json does not: compare only if minbearer found a lifetime.
    let Some(lifetime) = token.lifetime() else { return };
    let claims: serde_json::Value = serde_json::from_slice(rest).expect("JSON to serde_json too");
    // Beyond the year 9999 they are whole milliseconds.
    let date =
        |time: f64| if time.floor() > 253_402_300_799.0 { time.floor() / 1000.0 } else { time };
    let exp = date(claims["exp"].as_f64().unwrap());
    // `nbf` stands for an `iat` that is absent, or no time.
    let time = |name: &str| claims[name].as_f64().filter(|time| (0.0..1.9e19).contains(time));
    let iat = time("iat").or_else(|| time("nbf")).map(date).unwrap();
    let error = (exp - iat - lifetime.as_secs_f64()).abs();
    // serde_json's numbers are doubles.
    assert!(error <= 1e-6 + 1e-15 * exp, "{exp} - {iat} is not {lifetime:?}");
});
