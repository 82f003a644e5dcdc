//! Finds secrets in errors.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::error::Error;

/// Everything that an error shows: `Display` and `Debug` of itself and of its sources.
pub fn everything_shown(error: &(dyn Error + 'static)) -> String {
    let mut shown = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        shown.push_str(&format!("{error}\n{error:#}\n{error:?}\n{error:#?}\n"));
        next = error.source();
    }
    shown
}

/// A secret in the encodings that a text may contain: plain, form-encoded, percent-encoded.
pub fn spellings(secret: &str) -> Vec<String> {
    let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut lower = String::new();
    for (index, part) in encoded.split('%').enumerate() {
        if index > 0 {
            lower.push('%');
            lower.push_str(&part[..2].to_ascii_lowercase());
            lower.push_str(&part[2..]);
        } else {
            lower.push_str(part);
        }
    }
    let each_byte: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    vec![secret.to_owned(), encoded, lower, form, each_byte]
}

/// The first of these secrets that the error shows in any of the encodings, and where.
pub fn leaked(error: &(dyn Error + 'static), secrets: &[&str]) -> Option<String> {
    let shown = everything_shown(error);
    let mut spelt = secrets.iter().flat_map(|secret| spellings(secret));
    // `Debug` escapes quotes and backslashes, which none of the tests' secrets has.
    spelt
        .find(|spelling| shown.contains(spelling.as_str()))
        .map(|found| format!("{found} in {shown}"))
}
