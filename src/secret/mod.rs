//! Secrets: buffers that are wiped when they are dropped and never print what they hold.

mod buffer;
mod source;

pub(crate) use buffer::{Buffer, OutOfMemory};
pub(crate) use source::Deadline;
#[cfg(feature = "std")]
pub(crate) use source::Supply;
pub use source::{AfterRefusal, SecretSource};

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
