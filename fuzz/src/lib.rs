//! Shared by the targets: the promises of minbearer's documentation as assertions.

use minbearer::{Error, Kind, Response, Token};

/// Long and unusual enough that no text contains it by chance.
pub const SECRET: &str = "s3cr3t&=+%#/?é Zq7";

/// The secret as a server might send it, beside what [`with_secret`] makes.
const SPELLINGS: [&str; 8] = [
    "s3cr3t%26%3D%2B%25%23%2F%3F%E9%20Zq7",
    "s3cr3t&=+%#/?Ã© Zq7",
    "s3cr3t%26%3D%2B%25%23%2F%3F%C3%83%C2%A9+Zq7",
    "s3cr3t&amp;&equals;&plus;&percnt;&num;&sol;&quest;&eacute; Zq7",
    r"s3cr3t\&\=\+\%\#\/\?\xe9 Zq7",
    r"s3cr3t\u0026\u003d\u002b\u0025\u0023\/\u003f\u00e9 Zq7",
    "s3cr3t&#38;&#61;&#43;&#37;&#35;&#47;&#63;&#233;&#32;Zq7",
    "s3cr3t<wbr>&=+%#/?é<wbr> Zq7",
];

/// The input with its bytes 1 to 4 and 16 to 23 replaced by the secret in as many encodings, which a fuzzer would not
/// find.
pub fn with_secret(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for &byte in data {
        match byte {
            1 => out.extend_from_slice(SECRET.as_bytes()),
            2 => out.extend_from_slice(b"s3cr3t%26%3D%2B%25%23%2F%3F%C3%A9%20Zq7"),
            3 => out.extend_from_slice(b"s3cr3t%26%3d%2b%25%23%2f%3f%c3%a9+Zq7"),
            4 => SECRET.bytes().for_each(|b| out.extend_from_slice(format!("%{b:02X}").as_bytes())),
            16..=23 => out.extend_from_slice(SPELLINGS[usize::from(byte - 16)].as_bytes()),
            other => out.push(other),
        }
    }
    out
}

/// The error codes that are printed as they are.
const CODES: [&str; 20] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
    "server_error",
    "temporarily_unavailable",
    "invalid_token",
    "insufficient_scope",
    "unsupported_token_type",
    "authorization_pending",
    "slow_down",
    "expired_token",
    "invalid_target",
    "invalid_resource",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "insufficient_user_authentication",
];

/// The kind of an error for a refusal with that status code and OAuth error.
pub fn kind_of_refusal(status: u16, error: &str) -> Kind {
    let passes = ["server_error", "slow_down"].contains(&error) || !CODES.contains(&error);
    match status {
        _ if status == 429 || error == "temporarily_unavailable" => Kind::Unavailable,
        500.. if status != 501 && passes => Kind::Unavailable,
        _ => Kind::Refused,
    }
}

/// A header cannot be forged, and every input has a size (SECURITY.md).
pub fn check_token(token: &Token) {
    let access_token = token.access_token();
    assert!(!access_token.is_empty() && access_token.len() <= 16 * 1024);
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
    // Any eight bytes of it.
    for (at, _) in SECRET.char_indices().filter(|(at, _)| at + 8 <= SECRET.len()) {
        let piece = &SECRET.as_bytes()[at..at + 8];
        assert!(!text.as_bytes().windows(8).any(|part| part == piece), "a piece in {text:?}");
    }
    for spelling in SPELLINGS {
        assert!(!text.contains(spelling), "{spelling} in {text:?}");
    }
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
    let message = error.to_string();
    // A space between two fields of a refusal could be taken for the secret's, so there each field is searched alone.
    check_text(&if error.refusal().is_some() { message.replace(' ', "_") } else { message }, 1500);
    assert!(!format!("{error:?}").contains(SECRET));
    if let Some(refusal) = error.refusal() {
        let texts = [refusal.error(), refusal.error_description(), refusal.error_uri()];
        for field in texts.into_iter().chain([refusal.challenge(), refusal.scope(), refusal.body()]) {
            check_field(field.unwrap_or_default());
        }
    }
}

/// What an independent parser makes of an answer that gave a token: it must see that token and no error.
pub fn check_answer(status: u16, body: &[u8], token: &Token) {
    assert!((200..300).contains(&status), "a token with status {status}");
    let body = without_byte_order_mark(body);
    let json: serde_json::Value = serde_json::from_slice(body).expect("JSON to serde_json too");
    let object = json.as_object().expect("an object");
    // What some servers write where there is none.
    let is_none =
        |error: &serde_json::Value| ["null", "\"\"", "false", "0"].contains(&&*error.to_string());
    assert!(object.get("error").is_none_or(is_none), "a token beside an error");
    assert_eq!(object["access_token"].as_str(), Some(token.access_token()));
}

/// The crate passes over the mark, and serde_json does not.
fn without_byte_order_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// Whether a text is JSON, by the crate and by an independent parser, which lets arrays and objects nest deeper.
pub fn check_json(text: &[u8]) {
    let is_json = Response::new(200, text).json_text().is_ok();
    let expected = serde_json::from_slice::<serde_json::Value>(without_byte_order_mark(text));
    let openings = text.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    assert!(
        is_json == expected.is_ok() || (!is_json && openings > 64),
        "{:?}: {expected:?}",
        String::from_utf8_lossy(text)
    );
}
