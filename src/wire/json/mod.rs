//! JSON values that are whole, and the members that a flow needs from a JSON object ([RFC
//! 8259](https://www.rfc-editor.org/rfc/rfc8259)), read by miniserde without a copy that nobody wipes.
//!
//! miniserde unescapes a string into a growing buffer of its own, which would leave a token behind. So the input is
//! masked in place before miniserde reads it: the backslash of each escape becomes a DEL, which JSON allows in a
//! string. miniserde then sees no escape and hands out slices of the input. A string that is kept is unmasked into a
//! wiped buffer:
//!
//! ```text
//! input    {"access_token":"a\/b\"\u0041","expires_in":1e400}
//! masked   {"access_token":"a␡/b␡Q␡u0041","expires_in":9e99 }       ␡ is the byte 7F
//! value     access_token = a/b"A            expires_in = 9e99
//! ```
//!
//! A quote after a DEL becomes `Q` and a backslash `B`, since miniserde would see those. A number beyond a double, which
//! JSON allows and miniserde does not, becomes a smaller one that is as absurd a lifetime.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use miniserde::de::{Deserialize, Map, Seq, Visitor};
use zeroize::Zeroizing;

/// How deep arrays and objects may nest.
const MAX_DEPTH: usize = 64;

/// Stands for the backslash of an escape. JSON allows a DEL as it is, and some writers send one, but nothing that a
/// token server says has any; text with one is refused rather than told apart.
const ESCAPE: u8 = 0x7f;
/// After [`ESCAPE`], for `"` and `\`, which miniserde would see.
const QUOTE: u8 = b'Q';
const BACKSLASH: u8 = b'B';
/// A number with more digits before its point is taken for one beyond a double, of which the largest has 309.
const MAX_MAGNITUDE: i64 = 300;
/// Stands for such a number: as absurd for whatever is counted here.
const HUGE: &[u8] = b"9e99";

#[derive(Debug, PartialEq)]
pub(crate) struct NotJson;

/// The value of a member, as far as it is of interest.
#[derive(Default)]
pub(crate) enum Value {
    #[default]
    Null,
    Number(f64),
    Text(Zeroizing<String>),
    /// `true`, `false`, an array or an object.
    Other,
}

impl Value {
    pub(crate) fn into_text(self) -> Option<Zeroizing<String>> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// The members of a JSON object that one document is read for. The others are skipped.
pub(crate) trait Members: Default {
    /// Where the member of that name goes.
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value>>;
}

/// Reads one JSON object, which is masked in place. Anything after it, a known member twice, and
/// nesting deeper than 64 are not JSON to us.
pub(crate) fn read_members<M: Members>(json: &mut [u8]) -> Result<M, NotJson> {
    mask(json, Escapes::Masked)?;
    read_masked(json)
}

/// The same for an object that was read before, and so is masked.
pub(crate) fn read_masked<M: Members>(json: &[u8]) -> Result<M, NotJson> {
    let text = core::str::from_utf8(json).map_err(|_| NotJson)?;
    let Object(members) = miniserde::json::from_str(text).map_err(|_| NotJson)?;
    Ok(members)
}

struct Object<M>(M);

impl<M: Members> Deserialize for Object<M> {
    fn begin(out: &mut Option<Self>) -> &mut dyn Visitor {
        out.insert(Object(M::default()))
    }
}

/// Only an object is taken; the trait refuses the rest.
impl<M: Members> Visitor for Object<M> {
    fn map(&mut self) -> miniserde::Result<Box<dyn Map + '_>> {
        Ok(Box::new(ObjectMap(&mut self.0)))
    }
}

struct ObjectMap<'a, M>(&'a mut M);

impl<M: Members> Map for ObjectMap<'_, M> {
    fn key(&mut self, name: &str) -> miniserde::Result<&mut dyn Visitor> {
        match self.0.slot(&unmask(name)) {
            Some(Some(_)) => Err(miniserde::Error),
            Some(slot) => Ok(slot.insert(Value::Null)),
            None => Ok(<dyn Visitor>::ignore()),
        }
    }

    fn finish(&mut self) -> miniserde::Result<()> {
        Ok(())
    }
}

impl Visitor for Value {
    fn null(&mut self) -> miniserde::Result<()> {
        Ok(())
    }

    fn boolean(&mut self, _: bool) -> miniserde::Result<()> {
        *self = Value::Other;
        Ok(())
    }

    fn string(&mut self, text: &str) -> miniserde::Result<()> {
        *self = Value::Text(unmask(text));
        Ok(())
    }

    fn negative(&mut self, number: i64) -> miniserde::Result<()> {
        *self = Value::Number(number as f64);
        Ok(())
    }

    fn nonnegative(&mut self, number: u64) -> miniserde::Result<()> {
        *self = Value::Number(number as f64);
        Ok(())
    }

    fn float(&mut self, number: f64) -> miniserde::Result<()> {
        *self = Value::Number(number);
        Ok(())
    }

    fn seq(&mut self) -> miniserde::Result<Box<dyn Seq + '_>> {
        *self = Value::Other;
        Ok(Box::new(Skipped))
    }

    fn map(&mut self) -> miniserde::Result<Box<dyn Map + '_>> {
        *self = Value::Other;
        Ok(Box::new(Skipped))
    }
}

struct Skipped;

impl Seq for Skipped {
    fn element(&mut self) -> miniserde::Result<&mut dyn Visitor> {
        Ok(<dyn Visitor>::ignore())
    }

    fn finish(&mut self) -> miniserde::Result<()> {
        Ok(())
    }
}

impl Map for Skipped {
    fn key(&mut self, _: &str) -> miniserde::Result<&mut dyn Visitor> {
        Ok(<dyn Visitor>::ignore())
    }

    fn finish(&mut self) -> miniserde::Result<()> {
        Ok(())
    }
}

/// Whether the text is one JSON value, whole, with nothing after it and not nested deeper than 64. For
/// text whose strings are no secrets.
pub(crate) fn is_one_value(text: &str) -> bool {
    struct Any;
    impl Deserialize for Any {
        fn begin(out: &mut Option<Self>) -> &mut dyn Visitor {
            *out = Some(Any);
            <dyn Visitor>::ignore()
        }
    }
    let mut json = Zeroizing::new(Vec::from(text));
    mask(&mut json, Escapes::Kept).is_ok()
        && core::str::from_utf8(&json)
            .is_ok_and(|text| miniserde::json::from_str::<Any>(text).is_ok())
}

#[derive(Clone, Copy, PartialEq)]
enum Escapes {
    Masked,
    /// For strings that nobody looks at.
    Kept,
}

/// Makes JSON in place into such as miniserde can read, and checks its escapes and its nesting.
fn mask(json: &mut [u8], escapes: Escapes) -> Result<(), NotJson> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        let rest = json.get_mut(at..).unwrap_or_default();
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string && escapes == Escapes::Kept => at += 1,
            ESCAPE if escapes == Escapes::Masked => return Err(NotJson),
            b'\\' if in_string => {
                at += mask_escape(rest)?;
                continue;
            }
            b'-' | b'0'..=b'9' if !in_string => {
                at += mask_number(rest);
                continue;
            }
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(NotJson);
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// Masks the escape that `text` starts with, and says how long it is.
fn mask_escape(text: &mut [u8]) -> Result<usize, NotJson> {
    let len = match text.get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
        Some(b'u') => match hex4(text.get(2..6)).ok_or(NotJson)? {
            0xDC00..=0xDFFF => return Err(NotJson),
            0xD800..=0xDBFF => match (text.get(6..8), hex4(text.get(8..12))) {
                (Some(b"\\u"), Some(0xDC00..=0xDFFF)) => 12,
                _ => return Err(NotJson),
            },
            _ => 6,
        },
        _ => return Err(NotJson),
    };
    for byte in text.iter_mut().take(len) {
        *byte = match *byte {
            b'"' => QUOTE,
            b'\\' => ESCAPE,
            other => other,
        };
    }
    if text.get(..2) == Some(&[ESCAPE, ESCAPE]) {
        text[1] = BACKSLASH;
    }
    Ok(len)
}

/// Puts [`HUGE`] in place of the number that `text` starts with if it is beyond a double, and says how long it is. That
/// it is a number at all is looked at by miniserde.
fn mask_number(text: &mut [u8]) -> usize {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    let len = text.iter().position(|byte| !is_part(byte)).unwrap_or(text.len());
    let sign_len = usize::from(text.starts_with(b"-"));
    let number = text.get_mut(sign_len..len).unwrap_or_default();
    if magnitude(number).is_some_and(|magnitude| magnitude > MAX_MAGNITUDE) {
        let padded = HUGE.iter().chain(core::iter::repeat(&b' '));
        number.iter_mut().zip(padded).for_each(|(byte, new)| *byte = *new);
    }
    len
}

/// How many digits a number has before its point when written without an exponent; of one below 1, minus the zeros
/// after it. `None` for 0 and for what is not a number without a sign (RFC 8259 section 6).
fn magnitude(number: &[u8]) -> Option<i64> {
    let number = core::str::from_utf8(number).ok()?;
    let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let (is_negative, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => (true, exponent),
        None => (false, exponent.strip_prefix('+').unwrap_or(exponent)),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if ![whole, fraction, exponent].into_iter().all(is_digits)
        || (whole.len() > 1 && whole.starts_with('0'))
    {
        return None;
    }
    let zeros = |text: &str| text.bytes().take_while(|byte| *byte == b'0').count();
    let own = match (whole, zeros(fraction)) {
        ("0", zeros) if zeros == fraction.len() => return None,
        ("0", zeros) => -i64::try_from(zeros).ok()?,
        _ => i64::try_from(whole.len()).ok()?,
    };
    let exponent = exponent.parse::<i64>().unwrap_or(i64::MAX);
    Some(if is_negative { own.saturating_sub(exponent) } else { own.saturating_add(exponent) })
}

fn hex4(digits: Option<&[u8]>) -> Option<u32> {
    digits?.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}

/// What a masked string stands for. The result is never longer, so its buffer does not grow.
fn unmask(masked: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(masked.len()));
    let mut rest = masked;
    while let Some(at) = rest.find(char::from(ESCAPE)) {
        out.push_str(&rest[..at]);
        let escape = &rest.as_bytes()[at..];
        let unit = |from: usize| hex4(escape.get(from..from + 4)).unwrap_or_default();
        let (character, len) = match escape.get(1).copied().unwrap_or_default() {
            b'u' => match unit(2) {
                high @ 0xD800..=0xDBFF => {
                    (0x10000 + ((high - 0xD800) << 10) + (unit(8) & 0x3FF), 12)
                }
                other => (other, 6),
            },
            b'b' => (0x08, 2),
            b'f' => (0x0C, 2),
            b'n' => (0x0A, 2),
            b'r' => (0x0D, 2),
            b't' => (0x09, 2),
            QUOTE => (u32::from(b'"'), 2),
            BACKSLASH => (u32::from(b'\\'), 2),
            other => (u32::from(other), 2),
        };
        out.push(char::from_u32(character).unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = rest.get(at + len..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[derive(Default)]
    struct Document {
        scope: Option<Value>,
        expires_in: Option<Value>,
    }

    impl Members for Document {
        fn slot(&mut self, name: &str) -> Option<&mut Option<Value>> {
            match name {
                "scope" => Some(&mut self.scope),
                "expires_in" => Some(&mut self.expires_in),
                _ => None,
            }
        }
    }

    fn read(bytes: &mut [u8]) -> Result<Document, NotJson> {
        read_members(bytes)
    }

    fn scope(json: &str) -> Result<Option<String>, NotJson> {
        let mut bytes = json.as_bytes().to_vec();
        let text = read(&mut bytes)?.scope.and_then(Value::into_text);
        Ok(text.map(|text| String::from(text.as_str())))
    }

    #[test]
    fn every_escape_is_decoded_as_the_rfc_says() {
        let text = scope(r#"{"scope": "\"\\\/\b\f\n\r\tQB\u0041\u00e9\ud83d\ude00\\u0041é"}"#);
        assert_eq!(text, Ok(Some("\"\\/\u{8}\u{c}\n\r\tQBAé😀\\u0041é".into())));
        assert_eq!(scope(r#"{"sc\u006fpe": "x"}"#), Ok(Some("x".into())), "in a name too");
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for json in [
            "",
            " ",
            "null",
            "7",
            "\"x\"",
            "[]",
            "{",
            "}",
            "{}}",
            "{} {}",
            "{}x",
            "{,}",
            "{\"scope\"}",
            "{\"scope\":}",
            "{\"scope\":\"x}",
            "{\"scope\":\"x\\\"}",
            "{\"scope\":\"\\q\"}",
            "{\"a\":\"\\u12\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\ud800\\u0041\"}",
            "{\"a\":\"\\udc00\"}",
            "{\"a\":\"\u{7f}\"}",
            "{\"a\":\"\n\"}",
            "{'scope':1}",
            "{\"a\":01}",
            "{\"a\":nul}",
            "{\"scope\":1,\"scope\":2}",
            "\u{feff}{}",
            "{\"a\":1,}",
            "\\\"{}",
            "{\"scope\":\"\\",
        ] {
            assert_eq!(scope(json), Err(NotJson), "{json}");
        }
        assert_eq!(read(&mut b"{\"scope\":\"\xff\"}".to_vec()).err(), Some(NotJson));
    }

    #[test]
    fn one_whole_value_is_told_from_all_else() {
        for text in [
            "[]",
            " {\"a\": [1, \"]\\\"[\", null]} \n",
            "\"\\\\\"",
            "7",
            "null",
            &"[".repeat(64)
                .replace('[', "[ ")
                .chars()
                .chain("]".repeat(64).chars())
                .collect::<String>(),
        ] {
            assert!(is_one_value(text), "{text}");
        }
        for text in [
            "",
            "[",
            "[1",
            "[1]]",
            "[] []",
            "{\"a\"",
            "\"a",
            "nul",
            "<html>",
            &format!("{}{}", "[".repeat(65), "]".repeat(65)),
        ] {
            assert!(!is_one_value(text), "{text}");
        }
    }

    #[test]
    fn a_number_beyond_a_double_is_a_number() {
        let digits = "9".repeat(400);
        for huge in [
            "1e309",
            "1E+309",
            "1e400",
            "0.001e999",
            "9.5e308",
            "123.4e99999999999999999999",
            &digits,
        ] {
            for (sign, expected) in [("", 9e99), ("-", -9e99)] {
                let json = format!("{{\"expires_in\":{sign}{huge},\"a\":[{sign}{huge}]}}");
                let members = read(&mut json.clone().into_bytes()).expect(&json);
                let number = members.expires_in.expect(&json).number();
                assert_eq!(number, Some(expected), "{json}");
                assert!(is_one_value(&json), "{json}");
            }
        }
        for number in ["0e999", "0.00e400", "1e-400", "-0", "1e299", "0.1e300", "12", "0.5"] {
            let mut bytes = number.as_bytes().to_vec();
            assert_eq!(mask(&mut bytes, Escapes::Masked), Ok(()));
            assert_eq!(bytes, number.as_bytes(), "as it was");
            assert!(is_one_value(number), "{number}");
        }
        for not_a_number in
            ["1e", "1e400e1", "+1e400", "01e400", ".1e400", "1.e400", "--1e400", "1e400-"]
        {
            assert!(!is_one_value(not_a_number), "{not_a_number}");
            let mut json = format!("{{\"a\":{not_a_number}}}").into_bytes();
            assert_eq!(read(&mut json).err(), Some(NotJson), "{not_a_number}");
        }
        assert!(is_one_value("\"\\\"1e400\u{7f}\""), "in a string");
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(scope(&nested(MAX_DEPTH - 1)), Ok(None));
        assert_eq!(scope(&nested(MAX_DEPTH)), Err(NotJson));
        assert_eq!(
            scope(&format!("{{\"a\":\"{}\"}}", "[".repeat(1000))),
            Ok(None),
            "brackets in a string"
        );
    }
}
