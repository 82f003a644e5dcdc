//! `application/x-www-form-urlencoded`, as
//! [RFC 6749 appendix B](https://www.rfc-editor.org/rfc/rfc6749#appendix-B) specifies it.

use super::json::hexadecimal;
use alloc::string::String;
use alloc::vec::Vec;
use zeroize::Zeroizing;

/// Returns `prefix` and the pairs after it, joined with `&`, in a buffer sized beforehand.
///
/// A space is written as `%20` rather than `+`: both decode to a space in a form, and only the
/// first does in the query of a URL read by RFC 3986 alone.
pub(crate) fn encode_pairs(prefix: &str, pairs: &[(&str, &str)]) -> Zeroizing<String> {
    let pairs_len: usize =
        pairs.iter().map(|(name, value)| encoded_len(name) + encoded_len(value) + 2).sum();
    let mut out = Zeroizing::new(String::with_capacity(prefix.len() + pairs_len));
    out.push_str(prefix);
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push('&');
        }
        push_encoded(name, &mut out);
        out.push('=');
        push_encoded(value, &mut out);
    }
    out
}

/// A form's value by its name, which is compared as it is written; its bytes may be no UTF-8.
pub(crate) fn value(form: &[u8], name: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut pairs = form.split(|byte| *byte == b'&');
    let mut rest = pairs.find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    let mut decoded = Zeroizing::new(Vec::with_capacity(rest.len()));
    while let [first, after @ ..] = rest {
        let escaped = after.get(..2).filter(|_| *first == b'%').and_then(hexadecimal);
        rest = after.get(if escaped.is_some() { 2 } else { 0 }..).unwrap_or_default();
        let first = if *first == b'+' { b' ' } else { *first };
        decoded.push(escaped.and_then(|byte| u8::try_from(byte).ok()).unwrap_or(first));
    }
    Some(decoded)
}

pub(crate) fn push_encoded(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(hex_digit(byte >> 4));
            out.push(hex_digit(byte & 15));
        }
    }
}

pub(crate) fn encoded_len(text: &str) -> usize {
    text.bytes().map(|byte| if is_unreserved(byte) { 1 } else { 3 }).sum()
}

/// The unreserved characters of [RFC 3986 section 2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn hex_digit(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_characters_are_encoded_in_a_buffer_of_the_right_size() {
        let out = encode_pairs(
            "http://h/token?",
            &[("a", "s3cr3t&=+%#/?é Zq7"), ("b c", ""), ("~", "-")],
        );
        assert_eq!(*out, "http://h/token?a=s3cr3t%26%3D%2B%25%23%2F%3F%C3%A9%20Zq7&b%20c=&~=-");
        assert!(out.capacity() <= out.len() + 2, "{} for {}", out.capacity(), out.len());
    }

    #[test]
    fn a_value_is_decoded_and_what_is_no_escape_stands_for_itself() {
        let form = b"xa=0&a=1+%41%zz%e2%82%ac%&b=&c&a=2&d=\"x=y\"";
        for (name, expected) in [
            ("a", Some("1 A%zz\u{20ac}%")),
            ("b", Some("")),
            ("c", None),
            ("d", Some("\"x=y\"")),
            ("x", None),
        ] {
            let value = value(form, name);
            assert_eq!(value.as_deref().map(Vec::as_slice), expected.map(str::as_bytes), "{name}");
        }
        assert_eq!(*value(b"a=%ff", "a").unwrap(), [0xFF]);
    }
}
