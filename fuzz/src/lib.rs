//! Shared by the targets: the promises of minbearer's documentation as assertions.

use minbearer::{Error, Response, Token};

/// Long and unusual enough that no text contains it by chance.
pub const SECRET: &str = "s3cr3t&=+%#/?é Zq7";

/// The input with its bytes 1 to 4 replaced by the secret in four encodings, which a fuzzer would not find.
pub fn with_secret(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for &byte in data {
        match byte {
            1 => out.extend_from_slice(SECRET.as_bytes()),
            2 => out.extend_from_slice(b"s3cr3t%26%3D%2B%25%23%2F%3F%C3%A9%20Zq7"),
            3 => out.extend_from_slice(b"s3cr3t%26%3d%2b%25%23%2f%3f%c3%a9+Zq7"),
            4 => SECRET.bytes().for_each(|b| out.extend_from_slice(format!("%{b:02X}").as_bytes())),
            other => out.push(other),
        }
    }
    out
}

/// A header cannot be forged, and every input has a size (SECURITY.md).
pub fn check_token(token: &Token) {
    let access_token = token.access_token();
    assert!(!access_token.is_empty() && access_token.len() <= 8 * 1024);
    assert!(token.authorization().strip_prefix("Bearer ").is_some_and(|rest| rest == access_token));
    assert!(access_token.bytes().all(|byte| matches!(byte, 0x21..=0x7E)));
    assert!(
        token.scope().is_none_or(|scope| scope.bytes().all(|byte| matches!(byte, 0x20..=0x7E)))
    );
    if let Some(lifetime) = token.lifetime() {
        assert!(!lifetime.is_zero() && lifetime.as_secs() <= 10 * 365 * 24 * 60 * 60);
    }
    assert!(!format!("{token:?}").contains(access_token) || access_token.len() < 30);
}

/// A secret is never shown (SECURITY.md): for a text that contains words of a server or a locator.
pub fn check_text(text: &str, max_chars: usize) {
    assert!(text.chars().count() <= max_chars, "{} characters", text.chars().count());
    assert!(!text.contains(SECRET), "the secret in {text:?}");
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    assert!(!decoded.contains(SECRET), "the secret, encoded, in {text:?}");
    assert!(
        !text.chars().any(|c| c.is_control() || c == '\u{202e}'),
        "control characters: {text:?}"
    );
}

/// The same for a single field. In a whole message, the space between two fields could be taken for the secret's plus sign.
fn check_field(text: &str) {
    check_text(text, 256);
    let decoded = text.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&decoded).decode_utf8_lossy();
    assert!(!decoded.contains(&SECRET.replace('+', " ")), "the secret as a form in {text:?}");
}

pub fn check_error(error: &Error) {
    check_text(&error.to_string(), 1500);
    assert!(!format!("{error:?}").contains(SECRET));
    if let Some(refusal) = error.refusal() {
        for field in [refusal.error(), refusal.error_description(), refusal.error_uri()] {
            check_field(field.unwrap_or_default());
        }
    }
}

/// What an independent parser makes of an answer that gave a token: it must see that token and no error.
pub fn check_answer(status: u16, body: &[u8], token: &Token) {
    assert!((200..300).contains(&status), "a token with status {status}");
    let json: serde_json::Value = serde_json::from_slice(body).expect("JSON to serde_json too");
    let object = json.as_object().expect("an object");
    assert!(object.get("error").is_none_or(|error| error.is_null()), "a token beside an error");
    assert_eq!(object["access_token"].as_str(), Some(token.access_token()));
}

/// Whether a text is JSON, by the crate and by an independent parser, which lets arrays and objects nest deeper.
pub fn check_json(text: &[u8]) {
    let is_json = Response::new(200, text).json_text().is_ok();
    let expected = serde_json::from_slice::<serde_json::Value>(text);
    let openings = text.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    assert!(
        is_json == expected.is_ok() || (!is_json && openings > 64),
        "{:?}: {expected:?}",
        String::from_utf8_lossy(text)
    );
}
