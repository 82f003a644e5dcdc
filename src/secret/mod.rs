//! Secrets: buffers that are wiped when they are dropped and never print what they hold.

mod buffer;
#[cfg(any(feature = "sign", feature = "tls-no-provider"))]
pub(crate) mod pem;
mod source;

pub(crate) use buffer::{Buffer, OutOfMemory, joined};
pub use source::{AfterRefusal, SecretSource};
pub(crate) use source::{Deadline, Recipient, Supplied};
#[cfg(feature = "std")]
pub(crate) use source::{Supply, after_refusal_of};

use crate::error::{Error, push_digits};
use alloc::format;
use alloc::string::String;
use core::fmt;
use zeroize::Zeroizing;

/// A client secret or password: wiped from memory when dropped, never printed.
///
/// There is no `Display`, no `PartialEq` (comparing secrets byte by byte leaks their length and
/// prefix through time), no `Clone`, and a `Debug` that shows nothing, not even the length.
///
/// A `String` is taken over with its buffer, which is wiped on drop. A `&str` is copied, and the caller
/// has to wipe the original. Copies made earlier cannot be wiped: by a reallocation, in the process's
/// environment block, in a log. See [A secret is never left behind](crate#a-secret-is-never-left-behind).
///
/// ```
/// let secret = minbearer::Secret::from("hunter2");
/// assert_eq!(format!("{secret:?}"), "Secret");
/// ```
/// ```compile_fail,E0277
/// println!("{}", minbearer::Secret::from("hunter2")); // no Display
/// ```
/// ```compile_fail,E0369
/// # use minbearer::Secret;
/// let _ = Secret::from("a") == Secret::from("b"); // no PartialEq
/// ```
/// ```compile_fail,E0599
/// let _ = minbearer::Secret::from("hunter2").clone(); // no Clone
/// ```
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The secret value, for the code that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the value is the empty string.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Secret(Zeroizing::new(value))
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Secret::from(String::from(value))
    }
}

impl From<&String> for Secret {
    fn from(value: &String) -> Self {
        Secret::from(value.as_str())
    }
}

impl From<Zeroizing<String>> for Secret {
    fn from(value: Zeroizing<String>) -> Self {
        Secret(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Rejects what no server has as a secret, a password or a client id: nothing at all, a control character, a byte order
/// mark. They come from an editor, from `echo` or from a file of another kind, and a server would answer with a bare
/// refusal. `name` says which text it is; the text itself and its length are not shown.
pub(crate) fn check_text(name: &str, text: &str) -> Result<(), Error> {
    const BYTE_ORDER_MARK: char = '\u{feff}';
    if text.is_empty() {
        return Err(Error::config(format!("{name} must not be empty")));
    }
    if text.chars().any(|character| character == BYTE_ORDER_MARK) {
        return Err(Error::config(format!(
            "{name} has a byte order mark (EF BB BF), which some editors write; save it as UTF-8 without one"
        )));
    }
    if text.ends_with(['\n', '\r']) {
        return Err(Error::config(format!(
            "{name} ends in a line break (the one that ends a file or a variable is dropped); remove it"
        )));
    }
    match text.chars().find(|character| character.is_control()) {
        Some(found) => {
            // All of them are below U+00A0.
            let is_short = (found as usize) < 0x10;
            let mut digits = String::from(if is_short { "000" } else { "00" });
            push_digits(found as usize, 16, &mut digits);
            digits.make_ascii_uppercase();
            Err(Error::config(format!(
                "{name} has a control character, U+{digits}; is it the right text?"
            )))
        }
        None => Ok(()),
    }
}

/// A secret as it stands in a file or a variable: without the one line break that editors and `echo` add.
#[cfg(feature = "std")]
pub(crate) fn without_line_break(text: &str) -> &str {
    text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_control_character_or_a_byte_order_mark_is_named_and_the_text_is_not_shown() {
        for (text, part) in [
            ("", "must not be empty"),
            ("hunter2\n", "ends in a line break"),
            ("hunter2\r", "ends in a line break"),
            ("hunter2\r\n", "ends in a line break"),
            ("\u{feff}hunter2", "has a byte order mark"),
            ("hunter2\u{feff}", "has a byte order mark"),
            ("hun\nter2", "a control character, U+000A"),
            ("\thunter2", "a control character, U+0009"),
            ("hunter2\0", "a control character, U+0000"),
            ("hunter2\u{7f}", "a control character, U+007F"),
            ("hunter2\u{85}", "a control character, U+0085"),
        ] {
            let error = check_text("the client secret", text).expect_err(text);
            let message = error.to_string();
            assert_eq!(error.kind(), crate::Kind::Config, "{message}");
            assert!(message.starts_with("the client secret "), "{message}");
            assert!(message.contains(part) && !message.contains("hun"), "{text:?}: {message}");
        }
        for text in [" hunter2", "hunter2 ", "hünter2", "密码", "\u{a0}", "\u{ad}x"] {
            assert!(check_text("the client secret", text).is_ok(), "{text:?}");
        }
    }
}
