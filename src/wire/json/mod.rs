//! JSON ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259)): a check that a text is one complete value, and a reader
//! for the members of an object that a flow needs.
//!
//! The reader walks over the text once and returns slices of it, so that it makes no unwiped copy of a token. The caller
//! decodes a string into a buffer of its own; a number is read as seconds:
//!
//! ```text
//! input      {"access_token": "a\/b\"\u0041", "expires_in": 3.6e3, "x": [1, {"y": null}]}
//! Value             Text   |  a\/b\"\u0041  |   Number   | 3.6e3 |  Other
//! decoded                     a/b"A                       1 h       (skipped)
//! ```
//!
//! A general parser converts numbers to floating point. With miniserde, which is a small one, JSA's flow took
//! 10.7 KB more of flash on a Cortex-M0, which has no floating point.

mod number;
mod text;

pub(crate) use number::seconds;
#[cfg(feature = "std")]
pub use number::written_seconds;
pub use text::push_quoted;
pub(crate) use text::{Text, escape, hexadecimal, quoted_max_len};

use alloc::string::String;

/// How deep arrays and objects may nest: the open ones are the bits of a `u64`. A token answer needs one.
const MAX_DEPTH: u32 = u64::BITS;

/// The text is not the JSON that is expected.
#[derive(Debug, PartialEq)]
pub(crate) struct NotJson;

/// Why the members of an object cannot be read.
#[derive(Debug, PartialEq)]
pub(crate) enum Unreadable {
    NotJson,
    /// A wanted member is there twice.
    Twice(String),
}

impl From<NotJson> for Unreadable {
    fn from(_: NotJson) -> Unreadable {
        Unreadable::NotJson
    }
}

/// The value of a member, as a slice of the document.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Null,
    Number(&'a str),
    Text(Text<'a>),
    /// `true` or `false`.
    Boolean(&'static str),
    /// An array or an object.
    Nested(&'a str),
}

/// The members that are read from a JSON object. Others are skipped.
pub(crate) trait Members<'a> {
    /// Returns the place for the member of that name, if it is read.
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'a>>>;
}

/// Members by their names.
impl<'a, const N: usize> Members<'a> for [(&str, Option<Value<'a>>); N] {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'a>>> {
        self.iter_mut().find(|(known, _)| *known == name).map(|(_, slot)| slot)
    }
}

/// Reads one JSON object. Rejects anything after it, and a duplicate of a wanted member: another parser might use the
/// other one.
pub(crate) fn read_members<'a>(
    json: &'a [u8],
    members: &mut dyn Members<'a>,
) -> Result<(), Unreadable> {
    let text = core::str::from_utf8(json).map_err(|_| NotJson)?;
    let mut reader = Reader { text: without_byte_order_mark(text), at: 0 };
    reader.expect(b'{')?;
    let mut is_last = reader.finds(b'}');
    while !is_last {
        let name = reader.name()?;
        let value = reader.value(MAX_DEPTH - 1)?;
        match name.with_decoded(|name| members.slot(name)) {
            Some(Some(_)) => {
                return Err(Unreadable::Twice(name.with_decoded(|name| String::from(name))));
            }
            Some(slot) => *slot = Some(value),
            None => {}
        }
        is_last = !reader.finds(b',');
        if is_last {
            reader.expect(b'}')?;
        }
    }
    Ok(reader.end()?)
}

/// A parser may pass over the mark (RFC 8259 section 8.1); .NET's and PowerShell's writers put it there.
pub(crate) fn without_byte_order_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Whether the text is one complete JSON value, with nothing after it, nested no deeper than 64.
pub(crate) fn is_one_value(text: &str) -> bool {
    let mut reader = Reader { text, at: 0 };
    reader.value(MAX_DEPTH).is_ok() && reader.end().is_ok()
}

/// Whether the text is one number (RFC 8259 section 6) and nothing else.
pub(crate) fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && text.ends_with(|last: char| last.is_ascii_digit())
        && is_one_value(text)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Passes over that byte if it comes next, and returns whether it does.
    fn passes(&mut self, byte: u8) -> bool {
        let is_next = self.rest().first() == Some(&byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn pass_space(&mut self) {
        while self.rest().first().is_some_and(|byte| b" \t\n\r".contains(byte)) {
            self.at += 1;
        }
    }

    /// Passes over white space and then that byte if it comes next, and returns whether it does.
    fn finds(&mut self, byte: u8) -> bool {
        self.pass_space();
        self.passes(byte)
    }

    fn expect(&mut self, byte: u8) -> Result<(), NotJson> {
        if self.finds(byte) { Ok(()) } else { Err(NotJson) }
    }

    fn end(&mut self) -> Result<(), NotJson> {
        self.pass_space();
        if self.rest().is_empty() { Ok(()) } else { Err(NotJson) }
    }

    /// Reads a member's name and the colon after it.
    fn name(&mut self) -> Result<Text<'a>, NotJson> {
        self.expect(b'"')?;
        let name = self.string()?;
        self.expect(b':')?;
        Ok(name)
    }

    /// Reads a value in which arrays and objects nest no deeper than that. It does not recurse, so that it always takes
    /// the same amount of stack.
    fn value(&mut self, max_depth: u32) -> Result<Value<'a>, NotJson> {
        // A bit for each open object (1) or array (0), the innermost lowest.
        let (mut depth, mut objects) = (0, 0_u64);
        self.pass_space();
        let start = self.at;
        let close = |objects: u64| if objects & 1 == 1 { b'}' } else { b']' };
        loop {
            self.pass_space();
            let mut value = match self.rest().first() {
                Some(open @ (b'{' | b'[')) => {
                    if depth == max_depth {
                        return Err(NotJson);
                    }
                    self.at += 1;
                    let inside = objects << 1 | u64::from(*open == b'{');
                    if !self.finds(close(inside)) {
                        (depth, objects) = (depth + 1, inside);
                        self.begin_element(objects)?;
                        continue;
                    }
                    Value::Nested(self.since(start))
                }
                _ => self.scalar()?,
            };
            while depth > 0 && !self.finds(b',') {
                self.expect(close(objects))?;
                (depth, objects) = (depth - 1, objects >> 1);
                value = Value::Nested(self.since(start));
            }
            if depth == 0 {
                return Ok(value);
            }
            self.begin_element(objects)?;
        }
    }

    fn begin_element(&mut self, objects: u64) -> Result<(), NotJson> {
        if objects & 1 == 1 {
            self.name()?;
        }
        Ok(())
    }

    fn scalar(&mut self) -> Result<Value<'a>, NotJson> {
        if self.passes(b'"') {
            return Ok(Value::Text(self.string()?));
        }
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Boolean("true")),
            ("false", Value::Boolean("false")),
        ] {
            if self.rest().starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Ok(Value::Number(self.number()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;

    #[derive(Default)]
    struct Scope<'a>(Option<Value<'a>>);

    impl<'a> Members<'a> for Scope<'a> {
        fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'a>>> {
            (name == "scope").then_some(&mut self.0)
        }
    }

    /// The value of the member `scope`, if the text is one JSON object.
    fn scope(json: &[u8]) -> Result<Option<String>, Unreadable> {
        let mut members = Scope::default();
        read_members(json, &mut members)?;
        Ok(members.0.map(|value| match value {
            Value::Null => "null".into(),
            Value::Boolean(text) | Value::Number(text) | Value::Nested(text) => text.into(),
            Value::Text(text) => format!("{:?}", text.decoded().as_str()),
        }))
    }

    #[test]
    fn the_value_of_a_member_is_found() {
        for (json, expected) in [
            (r#"{}"#, None),
            (r#"{"scop": 1, "Scope": 2, "scope2": 3}"#, None),
            (r#"{"scope":"x"}"#, Some(r#""x""#)),
            (r#" { "a" : { "scope" : 1 } , "scope" : -1.5e+3 , "b" : [ ] } "#, Some("-1.5e+3")),
            ("\t\r\n{\"scope\"\n:\tnull\r}", Some("null")),
            (r#"{"scope":true}"#, Some("true")),
            (r#"{"scope":false}"#, Some("false")),
            (r#"{"scope": {"a":[{}, "b", 7] } }"#, Some(r#"{"a":[{}, "b", 7] }"#)),
            (r#"{"scope":[[[]], 7]}"#, Some("[[[]], 7]")),
            (r#"{"scope": { }, "a":{}}"#, Some("{ }")),
            (r#"{"sc\u006fpe":"in a name too"}"#, Some(r#""in a name too""#)),
            (r#"{"a":1,"a":2,"scope":7}"#, Some("7")),
            ("\u{feff}{\"scope\":7}", Some("7")),
        ] {
            assert_eq!(scope(json.as_bytes()), Ok(expected.map(String::from)), "{json}");
        }
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
            "{'scope':1}",
            "{scope:1}",
            "{\"a\":1,}",
            "{\"a\":1 \"b\":2}",
            "{\"a\"::1}",
            "{\"a\":1]",
            "{\"a\":[1}",
            "{\"a\":nul}",
            "{\"a\":nulls}",
            "{\"a\":1,,\"b\":2}",
            "\u{feff}\u{feff}{}",
            " \u{feff}{}",
            "\\\"{}",
            "{\"a\":1}\0",
            "{\"a\"\u{a0}:1}",
            "/**/{}",
        ] {
            assert_eq!(scope(json.as_bytes()), Err(Unreadable::NotJson), "{json}");
        }
        assert_eq!(scope(b"{\"scope\":\"\xff\"}"), Err(Unreadable::NotJson), "not UTF-8");
        assert_eq!(scope(b"{\"a\":\"\xed\xa0\x80\"}"), Err(Unreadable::NotJson), "not UTF-8");
        for json in ["{\"scope\":1,\"scope\":2}", "{\"scope\":null,\"sc\\u006fpe\":null}"] {
            assert_eq!(scope(json.as_bytes()), Err(Unreadable::Twice("scope".into())), "{json}");
        }
    }

    #[test]
    fn one_complete_value_is_distinguished_from_all_else() {
        for text in [
            "[]",
            " {\"a\": [1, \"]\\\"[\", null]} \n",
            "\"\\\\\"",
            "7",
            "null",
            "[true,false]",
            "\"\u{7f}\"",
        ] {
            assert!(is_one_value(text), "{text}");
        }
        for text in [
            "",
            "[",
            "]",
            "[1",
            "[1]]",
            "[] []",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[{]}",
            "{\"a\"",
            "{1:2}",
            "[\"a\":1]",
            "\"a",
            "nul",
            "True",
            "NaN",
            "<html>",
            "1,2",
        ] {
            assert!(!is_one_value(text), "{text}");
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
            let depth_of_one = open.len() - open.replace(['[', '{'], "").len();
            let nested = |depth: usize| {
                let count = depth / depth_of_one;
                format!("{}7{}", open.repeat(count), close.repeat(count))
            };
            assert!(is_one_value(&nested(64)), "{open}");
            assert!(!is_one_value(&nested(66)), "{open}");
            let member = |depth| format!("{{\"scope\":{}}}", nested(depth)).into_bytes();
            assert_eq!(scope(&member(62)), Ok(Some(nested(62))), "{open}");
            assert_eq!(scope(&member(64)), Err(Unreadable::NotJson), "{open}");
        }
        let deep = "[".repeat(64) + &"]".repeat(64);
        assert!(is_one_value(&deep) && !is_one_value(&format!("[{deep}]")));
        assert!(is_one_value(&format!("\"{}\"", "[".repeat(1000))), "brackets in a string");
        assert!(is_one_value(&format!("[{}7]", "[],{},".repeat(1000))), "side by side");
    }
}
