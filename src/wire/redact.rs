//! Makes a server's text safe to print: cut, escaped, secrets redacted.

use super::json;
use crate::error::push_escaped;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// What is shown of a text at most, in characters.
const MAX_SHOWN_CHARS: usize = 256;

const REDACTED: &str = "[redacted]";

/// `text` with each occurrence of a secret replaced, control characters escaped, and the whole cut
/// to 256 characters.
///
/// A secret is found in whatever mix of spellings its characters stand: plain, percent-encoded, as escapes of JSON, as
/// character references of HTML, and with `+` for a space or a space for `+`.
pub(crate) fn redacted(text: &str, secrets: &[&str]) -> String {
    show(text, secrets, 0)
}

/// The same for a text whose end is missing. What could be the start of a secret there is left out.
#[cfg(feature = "std")]
pub(crate) fn redacted_without_its_end(text: &str, secrets: &[&str]) -> String {
    // No spelling of a byte is longer than a character reference.
    let longest = secrets.iter().map(|secret| 12 * secret.len() + 12).max();
    show(text, secrets, longest.unwrap_or_default())
}

/// As [`redacted`], but only what starts before the last `hidden` bytes.
fn show(text: &str, secrets: &[&str], hidden: usize) -> String {
    let mut out = String::new();
    let mut chars = 0;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if rest.len() <= hidden {
            out.push('…');
            break;
        }
        let found = secrets.iter().filter_map(|secret| match_len(rest, secret)).max();
        let mut piece = String::new();
        match found {
            Some(len) => {
                piece.push_str(REDACTED);
                rest = &rest[len..];
            }
            None => {
                push_escaped(first, &mut piece);
                rest = &rest[first.len_utf8()..];
            }
        }
        let piece_chars = piece.chars().count();
        if chars + piece_chars > MAX_SHOWN_CHARS
            || (chars + piece_chars == MAX_SHOWN_CHARS && !rest.is_empty())
        {
            out.push('…');
            break;
        }
        chars += piece_chars;
        out.push_str(&piece);
    }
    out
}

/// How many bytes at the start of `text` spell `secret`, if they do; of several spellings, the longest.
fn match_len(text: &str, secret: &str) -> Option<usize> {
    if secret.is_empty() || !steps(text, 0).any(|step| step.spells(secret.as_bytes())) {
        return None; // so at nearly every place in a text
    }
    // Where the spellings of the first bytes of the secret may end, and the next few, as a character has up to four.
    // `%25` can stand for a percent sign or for itself.
    let mut ends = VecDeque::from([vec![0]]);
    for at in 0..secret.len() {
        let rest = secret.as_bytes().get(at..)?;
        for end in ends.pop_front()? {
            for step in steps(text, end).filter(|step| step.spells(rest)) {
                let place = step.bytes().len() - 1;
                while ends.len() <= place {
                    ends.push_back(Vec::new());
                }
                // In order and each once. Sorting a `Vec` would be more code in the program.
                let known = ends.get_mut(place)?;
                if let Err(free) = known.binary_search(&(end + step.len)) {
                    known.insert(free, end + step.len);
                }
            }
        }
        if ends.iter().all(Vec::is_empty) {
            return None;
        }
    }
    ends.pop_front()?.into_iter().rev().find(|&end| end > 0 && text.is_char_boundary(end))
}

/// So many bytes of a text that may stand for a character, or for one byte of it.
#[derive(Clone, Copy)]
struct Step {
    len: usize,
    stands_for: [u8; 4],
    count: usize,
}

impl Step {
    fn of_byte(len: usize, byte: u8) -> Step {
        Step { len, stands_for: [byte, 0, 0, 0], count: 1 }
    }

    fn of_char(len: usize, character: char) -> Step {
        let mut stands_for = [0; 4];
        let count = character.encode_utf8(&mut stands_for).len();
        Step { len, stands_for, count }
    }

    fn bytes(&self) -> &[u8] {
        self.stands_for.get(..self.count).unwrap_or_default()
    }

    /// Whether it spells the start of the secret. A space and a plus sign stand for each other: what was encoded with
    /// one may have been decoded with the other.
    fn spells(&self, secret: &[u8]) -> bool {
        let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'+'));
        secret.starts_with(self.bytes())
            || (self.count == 1 && is_space(self.stands_for.first()) && is_space(secret.first()))
    }
}

/// All that the text may stand for at that place: itself, and what it is by percent-encoding, as an escape of JSON, or
/// as a character reference of HTML.
fn steps(text: &str, at: usize) -> impl Iterator<Item = Step> {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    let plain = rest.first().map(|byte| Step::of_byte(1, *byte));
    let decoded = match rest.first() {
        Some(b'%') => hexadecimal(rest.get(1..3))
            .and_then(|byte| u8::try_from(byte).ok())
            .map(|byte| Step::of_byte(3, byte)),
        Some(b'\\') => json::escape(rest).map(|(character, len)| Step::of_char(len, character)),
        Some(b'&') => character_reference(rest),
        _ => None,
    };
    plain.into_iter().chain(decoded)
}

/// The [five references](https://html.spec.whatwg.org/#character-references) that escaping writes, and numbers.
fn character_reference(text: &[u8]) -> Option<Step> {
    const NAMED: [(&[u8], u8); 5] =
        [(b"&amp;", b'&'), (b"&lt;", b'<'), (b"&gt;", b'>'), (b"&quot;", b'"'), (b"&apos;", b'\'')];
    if let Some((name, byte)) = NAMED.iter().find(|(name, _)| text.starts_with(name)) {
        return Some(Step::of_byte(name.len(), *byte));
    }
    const LONGEST: usize = 12; // &#x0010FFFF;
    let number = text.get(..LONGEST).unwrap_or(text).strip_prefix(b"&#")?;
    let number = number.get(..number.iter().position(|byte| *byte == b';')?)?;
    let len = b"&#;".len() + number.len();
    let code = match number {
        [b'x' | b'X', digits @ ..] => hexadecimal(Some(digits))?,
        digits => core::str::from_utf8(digits).ok()?.parse().ok()?,
    };
    Some(Step::of_char(len, char::from_u32(code)?))
}

fn hexadecimal(digits: Option<&[u8]>) -> Option<u32> {
    let digits = digits.filter(|digits| !digits.is_empty() && digits.len() <= 8)?;
    digits.iter().try_fold(0_u32, |sum, digit| Some((sum << 4) + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_secret_is_found_in_every_spelling() {
        let secret = "p&ss wörd%41";
        for text in [
            "p&ss wörd%41",
            "p%26ss%20w%C3%B6rd%2541",
            "p%26ss+w%c3%b6rd%2541",
            "%70%26%73%73%20%77%C3%B6%72%64%25%34%31",
            "p&amp;ss w&#246;rd%41",
            "p&#x26;ss&#32;w&#xF6;rd&#37;41",
            r"p\u0026ss w\u00f6rd%41",
            r"p%26ss\u0020w&#246;rd%2541",
        ] {
            let out = redacted(&alloc::format!("before {text} after"), &["other", secret]);
            assert_eq!(out, "before [redacted] after", "for {text}");
        }
        assert_eq!(redacted("p&ss wörd%42", &[secret]), "p&ss wörd%42");
        for secret in ["100%25off", "%%252525", "+ +"] {
            assert_eq!(redacted(secret, &[secret]), "[redacted]", "as it is");
        }
        assert_eq!(redacted("100%2525%6Fff", &["100%25off"]), "[redacted]");
        assert_eq!(redacted("a b", &["a+b"]), "[redacted]");
        assert_eq!(redacted("abc", &[""]), "abc");
        for (text, secret) in [
            (r#"a\"b\\c\/d\n"#, "a\"b\\c/d\n"),
            (r"\ud83d\ude00!", "😀!"),
            ("&#128512;&excl;", "😀&excl;"),
            ("&quot;&lt;&gt;&apos;", "\"<>'"),
            ("&#x0010FFFF;", "\u{10ffff}"),
        ] {
            assert_eq!(redacted(text, &[secret]), "[redacted]", "{text}");
        }
        assert_eq!(
            redacted("&#;&#x;&#x110000;&#99999999999;&am", &["x&"]),
            "&#;&#x;&#x110000;&#99999999999;&am"
        );
    }

    #[test]
    fn the_longest_of_overlapping_secrets_is_taken() {
        assert_eq!(redacted("abcd", &["ab", "abc"]), "[redacted]d");
    }

    #[test]
    fn a_secret_across_the_cut_is_not_half_redacted() {
        let text = "x".repeat(250) + "secret-secret";
        let out = redacted(&text, &["secret-secret"]);
        assert!(!out.contains("sec"), "{out}");
    }

    #[test]
    fn terminal_escapes_come_out_escaped_and_the_rest_is_cut() {
        assert_eq!(
            redacted("\u{1b}[31mred\r\n\u{9b}\u{202e}", &[]),
            "\\u{1b}[31mred\\u{d}\\n\\u{9b}\\u{202e}"
        );
        assert_eq!(redacted(&"é".repeat(256), &[]), "é".repeat(256));
        assert_eq!(redacted(&"é".repeat(257), &[]), "é".repeat(255).to_string() + "…");
    }
}
