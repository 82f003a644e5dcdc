//! Strings (RFC 8259 section 7).

use super::{NotJson, Reader};
use alloc::string::String;
use core::fmt::Write;
use zeroize::Zeroizing;

/// A string as in the document: without its quotes, its escapes checked but not decoded.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a>(&'a str);

impl Text<'_> {
    /// The longest it can be when decoded, in bytes: no escape is shorter than the character it stands for.
    pub(crate) fn max_len(self) -> usize {
        self.0.len()
    }

    /// Whether it is more than one word of ASCII.
    pub(crate) fn has_words(self) -> bool {
        self.0.trim_ascii().bytes().any(|byte| !byte.is_ascii_graphic())
    }

    pub(crate) fn decode_into(self, out: &mut String) {
        let mut rest = self.0;
        while let Some(at) = rest.bytes().position(|byte| byte == b'\\') {
            let (plain, escaped) = rest.split_at(at);
            // The reader has checked the escapes.
            let (character, len) = escape(escaped.as_bytes()).unwrap_or(('\\', 1));
            out.push_str(plain);
            out.push(character);
            rest = escaped.get(len..).unwrap_or_default();
        }
        out.push_str(rest);
    }

    pub(crate) fn decoded(self) -> Zeroizing<String> {
        let mut out = Zeroizing::new(String::with_capacity(self.max_len()));
        self.decode_into(&mut out);
        out
    }

    /// Passes the decoded text to `read`. It is copied only if it has an escape.
    pub(super) fn with_decoded<T>(self, read: impl FnOnce(&str) -> T) -> T {
        if self.0.as_bytes().contains(&b'\\') { read(&self.decoded()) } else { read(self.0) }
    }
}

impl<'a> Reader<'a> {
    /// Reads a string after its first quote.
    pub(super) fn string(&mut self) -> Result<Text<'a>, NotJson> {
        let start = self.at;
        while !self.passes(b'"') {
            self.at += match self.rest().first().ok_or(NotJson)? {
                b'\\' => escape(self.rest()).ok_or(NotJson)?.1,
                0..=0x1f => return Err(NotJson),
                _ => 1,
            };
        }
        Ok(Text(self.text.get(start..self.at - 1).unwrap_or_default()))
    }
}

/// The character that the escape at the start of `text` stands for, and how many bytes the escape has.
pub(crate) fn escape(text: &[u8]) -> Option<(char, usize)> {
    let byte = match *text.get(1)? {
        byte @ (b'"' | b'\\' | b'/') => byte,
        b'b' => 0x08,
        b'f' => 0x0C,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => {
            let (unit, len) = (hexadecimal(text.get(2..6)?)?, 6);
            let 0xD800..=0xDBFF = unit else { return Some((char::from_u32(unit)?, len)) };
            // A character beyond FFFF is two UTF-16 code units, each an escape. A lone surrogate is an error.
            let low = hexadecimal(text.get(len..)?.strip_prefix(b"\\u")?.get(..4)?)?;
            let low = low.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
            return Some((char::from_u32(0x10000 + ((unit - 0xD800) << 10) + low)?, 2 * len));
        }
        _ => return None,
    };
    Some((char::from(byte), 2))
}

/// Appends a text as a JSON string.
pub fn push_quoted(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\0'..='\x1f' => {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// The longest that [`push_quoted`] can make of a text, in bytes.
pub(crate) fn quoted_max_len(text: &str) -> usize {
    text.bytes().map(|byte| if byte < 0x20 { 6 } else { 2 }).sum::<usize>() + 2
}

/// The value of up to eight hexadecimal digits.
pub(crate) fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, digit| Some((sum << 4) + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(json: &str) -> Option<String> {
        let mut reader = Reader { text: json, at: 1 };
        let text = reader.string().ok()?;
        assert!(reader.end().is_ok(), "{json}");
        let (max_len, decoded) = (text.max_len(), text.decoded());
        assert!(decoded.capacity() == max_len, "{json}: its buffer did not grow");
        Some(String::from(decoded.as_str()))
    }

    #[test]
    fn every_escape_of_the_rfc_is_decoded() {
        for (json, expected) in [
            (r#""""#, ""),
            (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r#""\u0041\u00e9\u00E9\u0000é\u2028""#, "Aéé\0é\u{2028}"),
            (r#""\ud83d\ude00\uD83D\uDE00😀""#, "😀😀😀"),
            (r#""\ud800\udc00\udbff\udfff\uffff""#, "\u{10000}\u{10ffff}\u{ffff}"),
            (r#""\\u0041\\\u0041\\\"""#, "\\u0041\\A\\\""),
            ("\"\u{7f}\"", "\u{7f}"),
        ] {
            assert_eq!(decoded(json).as_deref(), Some(expected), "{json}");
        }
    }

    #[test]
    fn a_text_is_quoted_so_that_it_is_read_as_it_was_and_its_buffer_does_not_grow() {
        for text in ["", "a b", "\"\\/", "\0\u{1}\n\r\t\u{1f}\u{7f}", "é\u{2028}😀", "\\u0041"] {
            let mut json = String::with_capacity(quoted_max_len(text));
            let capacity = json.capacity();
            push_quoted(text, &mut json);
            assert_eq!(json.capacity(), capacity, "{json}");
            assert_eq!(decoded(&json).as_deref(), Some(text), "{json}");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text, "{json}");
        }
    }

    #[test]
    fn an_invalid_escape_and_an_unescaped_control_character_are_refused() {
        for json in [
            r#"""#,
            r#""\"#,
            r#""\""#,
            r#""\q""#,
            r#""\x41""#,
            r#""\U0041""#,
            r#""\u""#,
            r#""\u12""#,
            r#""\u004""#,
            r#""\u00g1""#,
            r#""\u+041""#,
            r#""\ud800""#,
            r#""\ud800\u0041""#,
            r#""\ud800 \udc00""#,
            r#""\ud800\ud800""#,
            r#""\ud800\ue000""#,
            r#""\udc00""#,
            r#""\udfff\ud800""#,
            "\"\n\"",
            "\"\0\"",
            "\"\u{1f}\"",
        ] {
            assert_eq!(decoded(json), None, "{json}");
        }
    }
}
