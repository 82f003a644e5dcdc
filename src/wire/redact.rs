//! Makes a server's text safe to print: secrets redacted, cut, escaped.
//!
//! The whole text is searched before anything is cut off it, in two ways.
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
//!
//! A text that begins with eight characters of a secret, as where a server cut it, is redacted too.
//!
//! Then a piece of eight bytes of a secret is looked for, for what the encodings here do not cover:
//!
//! ```text
//! secret     correct-horse-battery-staple
//! text       correct-<b>horse-battery</b>-staple     a server that highlights
//! shown      [redacted]<b>[redacted]</b>-staple
//! ```
//!
//! and eight characters of what encodes bytes in groups, which need not begin where the secret does:
//!
//! ```text
//! hexadecimal        636f7272656374...
//! base64             Y29ycmVjdC1o...          where it stands alone
//! of id:secret       aWQ6Y29ycmVjdC1o...
//! ```

use super::json::{escape, hexadecimal};
use crate::error::{HAS_NO_READER, MAX_SHOWN_CHARS, push_escaped};
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;
use zeroize::Zeroizing;

/// The shortest text that is searched for in another: a shorter one occurs by chance.
pub(crate) const MIN_SEARCHED_BYTES: usize = 5;
/// The shortest piece of a secret that is redacted.
const PIECE_BYTES: usize = 8;
/// How many encodings may be applied to each other.
const MAX_LAYERS: u32 = 2;
/// The longest encoding of one character, in characters: `%F0%9F%98%80`, `\ud83d\ude00`, `&#x0001F600;`.
const LONGEST_ESCAPE: usize = 12;

/// The most comparisons for one text: enough for 25 times a secret of 16 KiB. Only a text and a secret made for it, such
/// as thousands of backslashes, need more; the rest of the text is then not shown.
const MAX_COMPARISONS: usize = 1 << 20;
/// How many comparisons a character that may start an escape counts as.
const ESCAPE_COMPARISONS: usize = 32;

/// What a named character reference stands for, of which HTML has 2,231: any character but a letter or digit of ASCII. It
/// is no character of Unicode.
const ANY: char = '\u{fdd0}';

const REDACTED: &str = "[redacted]";

/// Returns `text` without white space at its ends, with each occurrence of a secret replaced, control characters escaped,
/// a line break as a space, and the whole cut to 256 characters.
pub(crate) fn redacted(text: &str, secrets: &[&str]) -> String {
    show(text, 0..text.len(), secrets, MAX_SHOWN_CHARS, true)
}

/// The same for a part of a text. What of a secret reaches into it is found too.
pub(crate) fn redacted_part(text: &str, part: Range<usize>, secrets: &[&str]) -> String {
    show(text, part, secrets, MAX_SHOWN_CHARS, true)
}

/// The same, not cut: of a page the tags go first.
pub(crate) fn redacted_uncut(text: &str, part: Range<usize>, secrets: &[&str]) -> String {
    show(text, part, secrets, usize::MAX, true)
}

/// The same for a text whose end is missing. What may be the start of a secret there is left out.
#[cfg(feature = "std")]
pub(crate) fn redacted_without_its_end(text: &str, secrets: &[&str]) -> String {
    show(text, 0..text.len(), secrets, MAX_SHOWN_CHARS, false)
}

/// A text that is no UTF-8, read as Latin-1. What has control characters is no text.
pub(crate) fn latin_1(body: &[u8]) -> Option<Zeroizing<String>> {
    let is_binary = body.iter().any(|byte| *byte < b' ' && !byte.is_ascii_whitespace());
    if is_binary || core::str::from_utf8(body).is_ok() {
        return None;
    }
    let mut text = Zeroizing::new(String::with_capacity(2 * body.len()));
    for byte in body {
        text.push(char::from(*byte));
    }
    Some(text)
}

/// A text without white space at its ends, nor the invisible characters that come with a copy from a page.
#[inline(never)]
pub(crate) fn trimmed(text: &str) -> &str {
    if HAS_NO_READER {
        return text.trim_ascii();
    }
    // Forward alone: to walk back would link 0.2 KB more.
    let (mut start, mut end) = (None, 0);
    for (at, character) in text.char_indices() {
        if !matches!(
            character,
            '\0'..=' ' | '\u{7f}'..='\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{2064}' | '\u{3000}'
        ) {
            start = start.or(Some(at));
            end = at + character.len_utf8();
        }
    }
    text.get(start.unwrap_or_default()..end).unwrap_or_default()
}

fn show(
    text: &str,
    part: Range<usize>,
    secrets: &[&str],
    max_chars: usize,
    is_whole: bool,
) -> String {
    let grouped = in_groups(secrets);
    let mut searched = Vec::new();
    // Each secret as it is and trimmed, and then all of them in groups.
    for index in 0..2 * secrets.len() + usize::from(!HAS_NO_READER) {
        let (form, is_plain) = match secrets.get(index / 2) {
            Some(secret) if index % 2 == 0 => (*secret, true),
            // A server may have trimmed it, or this crate: a header value, a file's last line.
            Some(secret) if trimmed(secret).len() < secret.len() => (trimmed(secret), true),
            Some(_) => continue,
            None => (grouped.as_str(), false),
        };
        // Without memory to search with, nothing is shown.
        let Some(pieces) = Pieces::of(form) else { return String::from('…') };
        searched.push((form, is_plain, pieces));
    }
    let end = text.get(..part.end).unwrap_or_default().trim_ascii_end().len();
    let mut out = String::new();
    let mut shown_chars = 0;
    let mut comparisons_left = MAX_COMPARISONS;
    // Where the redacted text ends that was found last.
    let mut redacted_end = None;
    let mut at = 0;
    while let Some(first) = text.get(at..end).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let (mut len, mut piece_len, mut is_cut_off) = (0, 0, false);
        for (secret, _, pieces) in searched.iter().filter(|(_, is_plain, _)| *is_plain) {
            let may_be_cut = !HAS_NO_READER && pieces.is_whole(secret);
            let found = find(rest, secret, may_be_cut, &mut comparisons_left);
            let longest = if found.is_whole { &mut len } else { &mut piece_len };
            *longest = found.len.max(*longest);
            is_cut_off |= found.is_cut_off && !is_whole;
        }
        if is_cut_off || comparisons_left == 0 {
            out.push('…');
            break;
        }
        let line_break = line_break(rest.as_bytes());
        let next = at + len.max(line_break).max(first.len_utf8());
        if len == 0 {
            len = piece_len;
        }
        if len == 0 && redacted_end.is_none_or(|end| at + PIECE_BYTES > end) {
            for (_, _, pieces) in &searched {
                len = len.max(pieces.len_at_start(rest));
            }
        }
        let shown_before = out.len();
        let is_redacted = redacted_end.is_some_and(|end| at < end);
        if len > 0 {
            // What touches the text before is one with it.
            let is_shown = redacted_end.is_some_and(|end| at <= end && end > part.start);
            redacted_end = redacted_end.max(Some(at + len));
            if !is_shown && at + len > part.start {
                out.push_str(REDACTED);
            }
        } else if at >= part.start
            && !is_redacted
            && !(out.is_empty() && first.is_ascii_whitespace())
        {
            push_escaped(if line_break > 0 { ' ' } else { first }, &mut out);
        }
        at = next;
        // Counts the bytes that start a character: `chars().count()` is optimized for long texts and adds code.
        let piece = out.bytes().skip(shown_before);
        shown_chars += piece.filter(|byte| byte & 0xC0 != 0x80).count();
        // The last character is an ellipsis unless the text ends there.
        let is_more = redacted_end.unwrap_or_default().max(at) < end;
        if shown_chars + usize::from(is_more) > max_chars {
            out.truncate(shown_before);
            out.push('…');
            break;
        }
    }
    out
}

/// How many bytes at the start of a text are shown as one space: a line break with the white space after it; 0 if none.
fn line_break(text: &[u8]) -> usize {
    match text {
        [b'\n', ..] | [b'\r', b'\n', ..] => text.len() - text.trim_ascii_start().len(),
        _ => 0,
    }
}

/// The bytes that are shown of a text, each with where it ends in the text.
fn shown_bytes(text: &[u8]) -> impl Iterator<Item = (u8, usize)> {
    let mut end = 0;
    core::iter::from_fn(move || {
        let rest = text.get(end..)?;
        let line_break = line_break(rest);
        end += line_break.max(1);
        Some((if line_break > 0 { b' ' } else { *rest.first()? }, end))
    })
}

/// The pieces of a secret, in a hash table of their offsets. Each position of a text is looked up once, so a long secret
/// costs no more than a short one. It holds nothing of the secret.
struct Pieces<'a> {
    secret: &'a [u8],
    /// Offset plus one, or zero: with open addressing, at most half full.
    slots: Vec<u32>,
}

impl<'a> Pieces<'a> {
    /// `None` if there is no memory for it.
    fn of(secret: &'a str) -> Option<Pieces<'a>> {
        // Of an assertion, only the signature is secret. Its header and claims are of words that many have in common.
        let (mut dots, mut signature) = (0, 0);
        for (at, byte) in secret.bytes().enumerate() {
            if byte == b'.' {
                (dots, signature) = (dots + 1, at + 1);
            }
        }
        let is_jwt = dots >= 2 && secret.starts_with("eyJ");
        let secret = secret.get(if is_jwt { signature } else { 0 }..)?;
        let mut pieces = Pieces { secret: secret.as_bytes(), slots: Vec::new() };
        let count = (secret.len() + 1).saturating_sub(PIECE_BYTES);
        if count > 0 {
            let slots = (2 * count).next_power_of_two();
            pieces.slots.try_reserve_exact(slots).ok()?;
            pieces.slots.resize(slots, 0);
        }
        for offset in (0..count).filter(|offset| secret.is_char_boundary(*offset)) {
            let piece = pieces.secret.get(offset..).unwrap_or_default();
            if let (slot, false) = pieces.slot(piece) {
                *pieces.slots.get_mut(slot)? = u32::try_from(offset + 1).ok()?;
            }
        }
        Some(pieces)
    }

    /// Whether all of the secret may be in pieces.
    fn is_whole(&self, secret: &str) -> bool {
        self.secret.len() == secret.len()
    }

    /// How many bytes at the start of a text are a piece, with what follows it in the secret; 0 if none.
    #[inline(never)]
    fn len_at_start(&self, text: &str) -> usize {
        let (slot, true) = self.slot(text.as_bytes()) else { return 0 };
        let rest = self.offset(slot).and_then(|offset| self.secret.get(offset..));
        let pairs = shown_bytes(text.as_bytes()).zip(rest.unwrap_or_default());
        let alike = pairs.take_while(|((shown, _), secret)| shown == *secret);
        let mut len = alike.last().map_or(0, |((_, end), _)| end);
        while !text.is_char_boundary(len) {
            len += 1;
        }
        len
    }

    /// The slot for the piece at the start of `text`, and whether it is there. Only a whole piece is.
    fn slot(&self, text: &[u8]) -> (usize, bool) {
        let piece = || shown_bytes(text).take(PIECE_BYTES).map(|(byte, _)| byte);
        let Some(mask) = self.slots.len().checked_sub(1) else { return (0, false) };
        // FNV-1a
        let (hash, len) = piece().fold((0x811c_9dc5_u32, 0), |(hash, len), byte| {
            ((hash ^ u32::from(byte)).wrapping_mul(0x0100_0193), len + 1)
        });
        if len < PIECE_BYTES {
            return (0, false);
        }
        let mut slot = hash as usize & mask;
        while let Some(offset) = self.offset(slot) {
            let known = self.secret.get(offset..offset + PIECE_BYTES).unwrap_or_default();
            if piece().eq(known.iter().copied()) {
                return (slot, true);
            }
            slot = (slot + 1) & mask;
        }
        (slot, false)
    }

    fn offset(&self, slot: usize) -> Option<usize> {
        Some(self.slots.get(slot)?.checked_sub(1)? as usize)
    }
}

struct Found {
    /// How many bytes at the start of the text are the secret in some encoding, or else its start, if that is long enough to
    /// be a piece; the most, if in several. 0 if none.
    len: usize,
    /// Whether it is the secret, and not its start.
    is_whole: bool,
    /// Whether the text may end within the secret.
    is_cut_off: bool,
}

/// Secrets in hexadecimal and in base64, one after the other: of the first, second and third of their bytes onwards, since what
/// was encoded may begin before them, and without a last digit that depends on what follows.
fn in_groups(secrets: &[&str]) -> Zeroizing<String> {
    // Hexadecimal in both cases, and base64.
    const DIGITS: &[u8] =
        b"0123456789abcdef0123456789ABCDEFABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut forms = Zeroizing::new(String::new());
    if HAS_NO_READER {
        return forms;
    }
    forms.reserve_exact(secrets.iter().map(|secret| 8 * secret.len()).sum());
    for secret in secrets {
        for form in 0..5_usize {
            let (bits, start) = (if form < 2 { 4 } else { 6 }, form.saturating_sub(2));
            let (mut group, mut known_bits) = (0, 0);
            for byte in trimmed(secret).bytes().skip(start) {
                (group, known_bits) = (group << 8 | usize::from(byte), known_bits + 8);
                while known_bits >= bits {
                    known_bits -= bits;
                    let value = (group >> known_bits) & ((1 << bits) - 1);
                    let digit = DIGITS.get(16 * form.min(2) + value).copied();
                    forms.push(char::from(digit.unwrap_or_default()));
                }
            }
        }
    }
    forms
}

/// `may_be_cut` is whether the text may go on with another after eight characters of the secret.
#[inline(never)]
fn find(text: &str, secret: &str, may_be_cut: bool, comparisons_left: &mut usize) -> Found {
    let mut is_cut_off = false;
    // Where the first characters of the secret may end in the text. `%25` can stand for a percent sign or for itself.
    let mut ends = Vec::from([0]);
    let mut secret = secret.chars();
    let mut known = 0;
    let is_whole = loop {
        let Some(wanted) = secret.next() else { break true };
        let mut next = Vec::new();
        for end in ends.iter().copied() {
            let rest = text.get(end..).unwrap_or_default();
            is_cut_off |= is_cut(rest);
            let (max_layers, comparisons) = match rest.chars().next().is_some_and(is_introducer) {
                true => (MAX_LAYERS, ESCAPE_COMPARISONS + next.len()),
                false => (0, 1 + next.len()),
            };
            *comparisons_left = comparisons_left.saturating_sub(comparisons);
            // A space may have been encoded as a plus sign, and a plus sign decoded as a space.
            let is_space = |character| matches!(character, ' ' | '+');
            let line_break = line_break(rest.as_bytes());
            if line_break > 0 && is_space(wanted) {
                next.push(end + line_break);
            }
            for layers in 0..=max_layers {
                let Some((character, len)) = decoded(rest, layers) else { break };
                let is_wanted = character == wanted
                    || (is_space(character) && is_space(wanted))
                    || (character == ANY && !wanted.is_ascii_alphanumeric());
                if is_wanted && !next.contains(&(end + len)) {
                    next.push(end + len);
                }
            }
        }
        if next.is_empty() || *comparisons_left == 0 {
            break false;
        }
        ends = next;
        known += 1;
    };
    let is_found = is_whole || (may_be_cut && known >= PIECE_BYTES);
    let len = if is_found { ends.into_iter().max().unwrap_or_default() } else { 0 };
    Found { len, is_whole, is_cut_off: is_cut_off && !is_whole }
}

/// Whether an escape may start with that character; UTF-8 that was read as Latin-1 is one too.
fn is_introducer(character: char) -> bool {
    matches!(character, '%' | '\\' | '&' | '\u{c2}'..='\u{f4}')
}

/// Whether the end of a text may be the start of a character: nothing, a part of one, or of an escape.
fn is_cut(rest: &str) -> bool {
    let is_escape =
        rest.chars().next().is_some_and(is_introducer) && rest.len() < 3 * LONGEST_ESCAPE;
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
        '\\' => backslash,
        '&' => character_reference,
        first if is_introducer(first) => utf_8,
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

/// RFC 3986 section 2.1, of the one to four bytes of a character in UTF-8, or of the byte of one in Latin-1.
fn percent_encoded(text: &[u8]) -> Option<(char, usize)> {
    let mut bytes = [0; 4];
    let mut count = 0;
    for (escape, byte) in text.chunks(3).zip(&mut bytes) {
        let Some(digits) = escape.strip_prefix(b"%").filter(|digits| digits.len() == 2) else {
            break;
        };
        let Some(decoded) = hexadecimal(digits) else { break };
        *byte = u8::try_from(decoded).ok()?;
        count += 1;
    }
    let bytes = bytes.get(..count)?;
    let (character, len) = utf_8(bytes).or_else(|| Some((char::from(*bytes.first()?), 1)))?;
    Some((character, 3 * len))
}

/// The character at the start of bytes in UTF-8.
fn utf_8(bytes: &[u8]) -> Option<(char, usize)> {
    (1..=4).find_map(|len| {
        let text = core::str::from_utf8(bytes.get(..len)?).ok()?;
        Some((text.chars().next()?, len))
    })
}

/// An escape of JSON; of Python and C, `\xE9`; or a sign after a backslash, as `\'` in PHP.
fn backslash(text: &[u8]) -> Option<(char, usize)> {
    escape(text).or_else(|| match *text.get(1)? {
        b'x' => Some((char::from_u32(hexadecimal(text.get(2..4)?)?)?, 4)),
        sign if sign.is_ascii_punctuation() => Some((char::from(sign), 2)),
        _ => None,
    })
}

/// A [character reference](https://html.spec.whatwg.org/#character-references), by number or by name. One by number may
/// lack its semicolon.
fn character_reference(text: &[u8]) -> Option<(char, usize)> {
    if let Some(b'#') = text.get(1) {
        let (start, base) = if let Some(b'x' | b'X') = text.get(2) { (3, 16) } else { (2, 10) };
        let (mut end, mut code) = (start, 0_u32);
        while let Some(digit) = text.get(end).and_then(|byte| char::from(*byte).to_digit(base)) {
            code = code.saturating_mul(base).saturating_add(digit);
            end += 1;
        }
        let len = end + usize::from(text.get(end) == Some(&b';'));
        return (end > start).then_some((char::from_u32(code)?, len));
    }
    let end = text.iter().position(|byte| *byte == b';')?;
    match text.get(1..end)? {
        // Others may be encoded again after this one.
        b"amp" | b"AMP" => Some(('&', end + 1)),
        [] => None,
        name => name.iter().all(u8::is_ascii_alphanumeric).then_some((ANY, end + 1)),
    }
}

#[cfg(test)]
mod tests;
