//! Text that a stranger sent, made fit to be shown.

use crate::error::push_escaped;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// What is shown of a text at most, in characters.
const MAX_SHOWN_CHARS: usize = 256;

const REDACTED: &str = "[redacted]";

/// `text` with each occurrence of a secret replaced, control characters escaped, and the whole cut
/// to 256 characters.
///
/// A secret is found whether its bytes stand plain, percent-encoded (either case of hexadecimal,
/// each byte or only some) or with `+` for a space, or decoded once more than it was encoded, with a space
/// for `+`.
pub(crate) fn shown(text: &str, secrets: &[&str]) -> String {
    show(text, secrets, 0)
}

/// The same for a text whose end is missing. What could be the start of a secret there is left out.
#[cfg(feature = "std")]
pub(crate) fn shown_without_its_end(text: &str, secrets: &[&str]) -> String {
    // No spelling is longer than that with each byte percent-encoded, and half a character is shown as three bytes.
    let longest = secrets.iter().map(|secret| 3 * secret.len() + 3).max();
    show(text, secrets, longest.unwrap_or_default())
}

/// As [`shown`], but only what starts before the last `hidden` bytes.
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
    let bytes = text.as_bytes();
    // Where the spellings so far may end. `%25` can stand for a percent sign or for itself.
    let mut ends = vec![0];
    for &wanted in secret.as_bytes() {
        let mut next = Vec::new();
        // In order and each once. Sorting a `Vec` would be more code in the program.
        let mut add = |end| {
            if let Err(place) = next.binary_search(&end) {
                next.insert(place, end);
            }
        };
        for at in ends {
            let plain = bytes.get(at).copied();
            let is_space = |byte| matches!(byte, b' ' | b'+');
            if plain == Some(wanted) || (is_space(wanted) && plain.is_some_and(is_space)) {
                add(at + 1);
            }
            if plain == Some(b'%') && percent_decoded(bytes.get(at + 1..at + 3)) == Some(wanted) {
                add(at + 3);
            }
        }
        if next.is_empty() {
            return None;
        }
        ends = next;
    }
    ends.into_iter().rev().find(|&end| end > 0 && text.is_char_boundary(end))
}

fn percent_decoded(digits: Option<&[u8]>) -> Option<u8> {
    let &[high, low] = digits? else { return None };
    let digit = |byte| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
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
        ] {
            let out = shown(&alloc::format!("before {text} after"), &["other", secret]);
            assert_eq!(out, "before [redacted] after", "for {text}");
        }
        assert_eq!(shown("p&ss wörd%42", &[secret]), "p&ss wörd%42");
        for secret in ["100%25off", "%%252525", "+ +"] {
            assert_eq!(shown(secret, &[secret]), "[redacted]", "as it is");
        }
        assert_eq!(shown("100%2525%6Fff", &["100%25off"]), "[redacted]");
        assert_eq!(shown("a b", &["a+b"]), "[redacted]");
        assert_eq!(shown("abc", &[""]), "abc");
    }

    #[test]
    fn the_longest_of_overlapping_secrets_is_taken() {
        assert_eq!(shown("abcd", &["ab", "abc"]), "[redacted]d");
    }

    #[test]
    fn a_secret_across_the_cut_is_not_half_shown() {
        let text = "x".repeat(250) + "secret-secret";
        let out = shown(&text, &["secret-secret"]);
        assert!(!out.contains("sec"), "{out}");
    }

    #[test]
    fn terminal_escapes_come_out_escaped_and_the_rest_is_cut() {
        assert_eq!(
            shown("\u{1b}[31mred\r\n\u{9b}\u{202e}", &[]),
            "\\u{1b}[31mred\\u{d}\\n\\u{9b}\\u{202e}"
        );
        assert_eq!(shown(&"é".repeat(256), &[]), "é".repeat(256));
        assert_eq!(shown(&"é".repeat(257), &[]), "é".repeat(255).to_string() + "…");
    }
}
