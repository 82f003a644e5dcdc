//! An answer of any status, content type and body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minbearer::{Response, jsa};
use minbearer_fuzz::{SECRET, check_answer, check_error, check_json, check_token, with_secret};

fuzz_target!(|data: &[u8]| {
    let Some((&selector, body)) = data.split_first() else { return };
    // Mostly 200, because only then there can be a token.
    let status = match selector {
        0..=31 => 300 + u16::from(selector),
        32..=63 => 368 + u16::from(selector),
        64..=71 => 129 + u16::from(selector),
        _ => 200,
    };
    let body = if selector & 1 == 1 { with_secret(body) } else { body.to_vec() };
    check_json(&body);
    let config = jsa::Config::new("id", SECRET).unwrap().with_qoauth_url("http://h:1").unwrap();
    let mut response = Response::new(status, body.clone());
    if selector & 2 == 2 {
        let content_type = String::from_utf8_lossy(&body[..body.len().min(400)]);
        response = response.with_header("Content-Type", &content_type);
    }
    match config.read_answer(&config.request(1).unwrap(), response) {
        Ok(token) => {
            check_token(&token);
            check_answer(status, &body, &token);
        }
        Err(error) => check_error(&error),
    }
});
