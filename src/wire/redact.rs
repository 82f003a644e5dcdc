//! Makes a server's text safe to print: cut, escaped, secrets redacted.
//!
//! A server may send a secret back as it is, percent-encoded, as JSON escapes or as HTML character references, or in two
//! of those, one applied to the other. So each character of the secret may be encoded in several ways, and is searched
//! for in all of them:
//!
//! ```text
//! text       p%26ss   p%2526ss   p&amp;ss   p\u0026ss   p\u0026amp;ss
//! secret     p&  ss   p&    ss   p&    ss   p&     ss   p&         ss
//! ```
//!
//! Decoding the text first would not work: a secret may itself contain `%26`, and the text before it may decode together
//! with its start.

use super::json::{escape, hexadecimal};
use crate::error::{MAX_SHOWN_CHARS, push_escaped};
use alloc::string::String;
use alloc::vec::Vec;

/// The shortest text that is searched for in another: a shorter one occurs by chance.
pub(crate) const MIN_SEARCHED_BYTES: usize = 5;
/// How many encodings may be applied to each other.
const MAX_LAYERS: u32 = 2;
/// The longest encoding of one character, in characters: `%F0%9F%98%80`, `\ud83d\ude00`, `&#x0001F600;`.
const LONGEST_ESCAPE: usize = 12;

/// The characters that start an escape.
const INTRODUCERS: [char; 3] = ['%', '\\', '&'];
/// The most comparisons for one text: enough for 25 times a secret of 16 KiB. Only a text and a secret made for it, such
/// as thousands of backslashes, need more; the rest of the text is then not shown.
const MAX_COMPARISONS: usize = 1 << 20;
/// How many comparisons a character that may start an escape counts as.
const ESCAPE_COMPARISONS: usize = 32;

const REDACTED: &str = "[redacted]";

/// Returns `text` with each occurrence of a secret replaced, control characters escaped, and the whole cut
/// to 256 characters.
pub(crate) fn redacted(text: &str, secrets: &[&str]) -> String {
    redact(text, secrets, true)
}

/// The same for a text whose end is missing. What may be the start of a secret there is left out.
#[cfg(feature = "std")]
pub(crate) fn redacted_without_its_end(text: &str, secrets: &[&str]) -> String {
    redact(text, secrets, false)
}

fn redact(text: &str, secrets: &[&str], is_whole: bool) -> String {
    let mut out = String::new();
    let mut shown_chars = 0;
    let mut comparisons_left = MAX_COMPARISONS;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (mut len, mut is_cut_off) = (0, false);
        for secret in secrets {
            let found = find(rest, secret, &mut comparisons_left);
            len = len.max(found.len);
            is_cut_off |= found.is_cut_off && !is_whole;
        }
        is_cut_off |= comparisons_left == 0;
        let shown_before = out.len();
        if len > 0 {
            out.push_str(REDACTED);
        } else {
            len = first.len_utf8();
            push_escaped(first, &mut out);
        }
        rest = rest.get(len..).unwrap_or_default();
        // Counts the bytes that start a character: `chars().count()` is optimized for long texts and adds code.
        let piece = out.bytes().skip(shown_before);
        shown_chars += piece.filter(|byte| byte & 0xC0 != 0x80).count();
        // The last character is an ellipsis unless the text ends there.
        if is_cut_off || shown_chars + usize::from(!rest.is_empty()) > MAX_SHOWN_CHARS {
            out.truncate(shown_before);
            out.push('…');
            break;
        }
    }
    out
}

struct Found {
    /// How many bytes at the start of the text are the secret in some encoding; the most, if in several. 0 if none.
    len: usize,
    /// Whether the text may end within the secret.
    is_cut_off: bool,
}

fn find(text: &str, secret: &str, comparisons_left: &mut usize) -> Found {
    let mut is_cut_off = false;
    // Where the first characters of the secret may end in the text. `%25` can stand for a percent sign or for itself.
    let mut ends = Vec::from([0]);
    for wanted in secret.chars() {
        let mut next = Vec::new();
        for end in ends {
            let rest = text.get(end..).unwrap_or_default();
            is_cut_off |= is_cut(rest);
            let (max_layers, comparisons) = match rest.starts_with(INTRODUCERS) {
                true => (MAX_LAYERS, ESCAPE_COMPARISONS + next.len()),
                false => (0, 1 + next.len()),
            };
            *comparisons_left = comparisons_left.saturating_sub(comparisons);
            for layers in 0..=max_layers {
                let Some((character, len)) = decoded(rest, layers) else { break };
                // A space may have been encoded as a plus sign, and a plus sign decoded as a space.
                let is_space = |character| matches!(character, ' ' | '+');
                let is_wanted = character == wanted || (is_space(character) && is_space(wanted));
                if is_wanted && !next.contains(&(end + len)) {
                    next.push(end + len);
                }
            }
        }
        ends = next;
        if ends.is_empty() || *comparisons_left == 0 {
            return Found { len: 0, is_cut_off };
        }
    }
    Found { len: ends.into_iter().max().unwrap_or_default(), is_cut_off: false }
}

/// Whether the end of a text may be the start of a character: nothing, a part of one, or of an escape.
fn is_cut(rest: &str) -> bool {
    let is_escape = rest.starts_with(INTRODUCERS) && rest.len() < 3 * LONGEST_ESCAPE;
    rest.is_empty() || rest == "\u{fffd}" || is_escape
}

/// The first character of a text when that many encodings are undone, and how many bytes encode it.
fn decoded(text: &str, layers: u32) -> Option<(char, usize)> {
    let Some(below) = layers.checked_sub(1) else {
        return text.chars().next().map(|first| (first, first.len_utf8()));
    };
    let first = decoded(text, below)?;
    let decode = match first.0 {
        '%' => percent_encoded,
        '\\' => escape,
        '&' => character_reference,
        _ => return Some(first),
    };
    let mut escaped = [0; LONGEST_ESCAPE];
    let mut ends = [0; LONGEST_ESCAPE];
    let mut end = 0;
    for (byte, known_end) in escaped.iter_mut().zip(&mut ends) {
        let Some((character, len)) = decoded(text.get(end..)?, below) else { break };
        *byte = u8::try_from(character).unwrap_or_default(); // none is part of an escape
        end += len;
        *known_end = end;
    }
    let known =
        decode(&escaped).and_then(|(character, len)| Some((character, *ends.get(len - 1)?)));
    Some(known.unwrap_or(first))
}

/// RFC 3986 section 2.1, of the one to four bytes of a character.
fn percent_encoded(text: &[u8]) -> Option<(char, usize)> {
    let mut bytes = [0; 4];
    let mut len = 0;
    for count in 1..=bytes.len() {
        let digits = text.get(len..len + 3)?.strip_prefix(b"%")?;
        *bytes.get_mut(count - 1)? = u8::try_from(hexadecimal(digits)?).ok()?;
        len += 3;
        if let Ok(text) = core::str::from_utf8(bytes.get(..count)?) {
            return Some((text.chars().next()?, len));
        }
    }
    None
}

/// The [references](https://html.spec.whatwg.org/#character-references) that escaping produces: five names, and numbers.
fn character_reference(text: &[u8]) -> Option<(char, usize)> {
    let len = text.iter().position(|byte| *byte == b';')? + 1;
    let code = match text.get(1..len - 1)? {
        b"amp" => u32::from('&'),
        b"lt" => u32::from('<'),
        b"gt" => u32::from('>'),
        b"quot" => u32::from('"'),
        b"apos" => u32::from('\''),
        [b'#', b'x' | b'X', digits @ ..] => hexadecimal(digits)?,
        [b'#', digits @ ..] => core::str::from_utf8(digits).ok()?.parse().ok()?,
        _ => return None,
    };
    Some((char::from_u32(code)?, len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_secret_is_found_in_every_encoding() {
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
            "p%2526ss%2520w%25C3%25B6rd%252541",
            "p%2526ss+w%25c3%25b6rd%2541",
            "p%26amp%3Bss%20w%26%23246%3Brd%2541",
            "p&amp;amp;ss w&amp;#xf6;rd&#37;2541",
            r"p\u0026amp;ss w\u0026#246;rd%41",
            r"p\\u0026ss w\\u00f6rd%41",
            r"p%5Cu0026ss%20w&#92;u00f6rd%41",
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
    fn the_longest_of_overlapping_secrets_is_redacted() {
        assert_eq!(redacted("abcd", &["ab", "abc"]), "[redacted]d");
    }

    #[test]
    fn a_secret_across_the_cut_is_not_half_redacted() {
        let text = "x".repeat(250) + "secret-secret";
        let out = redacted(&text, &["secret-secret"]);
        assert!(!out.contains("sec"), "{out}");
    }

    #[test]
    fn the_possible_start_of_a_secret_at_a_missing_end_is_left_out() {
        let secret = "p&sswörd";
        for (text, expected) in [
            ("before p&sswörd after", "before [redacted] after"),
            ("before p&sswörd", "before [redacted]"),
            ("before p&sswör", "before …"),
            ("before p", "before …"),
            ("before p&ssw\u{fffd}", "before …"),
            ("before p%", "before …"),
            ("before p%2", "before …"),
            ("before p%2526ssw%25C3%25B", "before …"),
            ("before p&am", "before …"),
            (r"before p&ssw\u00", "before …"),
            (r"before p\\u002", "before …"),
            ("before q%26ss", "before q…"),
            (
                "before p-p&ss-p&ssx, and more than any escape is long",
                "before p-p&ss-p&ssx, and more than any escape is long",
            ),
        ] {
            let out = redacted_without_its_end(text, &["other", secret]);
            assert_eq!(out, expected, "{text}");
        }
        assert_eq!(redacted("before p&sswör", &[secret]), "before p&sswör", "a whole text");
    }

    #[test]
    fn a_text_that_needs_too_many_comparisons_is_not_shown() {
        const SECRET_BYTES: usize = 16 * 1024;
        let secret = "\\".repeat(SECRET_BYTES) + "b";
        assert_eq!(redacted(&"\\".repeat(4 * SECRET_BYTES), &[&secret]), "…");
        // But the longest secret is found as often as there is room to say so.
        let secret = "a longer secret ".repeat(SECRET_BYTES / 16);
        let out = redacted(&alloc::format!("{secret} ").repeat(30), &[&secret]);
        assert_eq!(out, "[redacted] ".repeat(23) + "…");
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
