//! Buffers that are wiped when they are dropped and never show what they hold.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use zeroize::Zeroizing;

/// A client secret or password: wiped from memory when dropped, never printed.
///
/// There is no `Display`, no `PartialEq` (comparing secrets byte by byte leaks their length and
/// prefix through time), no `Clone`, and a `Debug` that shows nothing, not even the length.
///
/// A `String` handed over is kept as it is, in its own buffer, which is wiped on drop. A `&str` is
/// copied, and what happens to the original is the caller's affair. Wiping cannot reach copies made
/// before the value came here: an earlier reallocation, the process's environment block, a log.
///
/// ```
/// let secret = minbearer::Secret::from("hunter2");
/// assert_eq!(format!("{secret:?}"), "Secret");
/// ```
/// ```compile_fail,E0277
/// println!("{}", minbearer::Secret::from("hunter2")); // no Display
/// ```
/// ```compile_fail,E0369
/// let _ = minbearer::Secret::from("a") == minbearer::Secret::from("b"); // no PartialEq
/// ```
/// ```compile_fail,E0599
/// let _ = minbearer::Secret::from("hunter2").clone(); // no Clone
/// ```
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The value itself, for the one place that sends it.
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

/// Bytes that are wiped when dropped. `Vec` leaves its old bytes behind when it grows; this moves
/// to a larger buffer only by copying and wiping, and is sized before it is filled wherever the
/// size can be known.
#[derive(Default)]
pub(crate) struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    #[cfg(feature = "std")]
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Buffer(Zeroizing::new(Vec::with_capacity(bytes)))
    }

    #[cfg(feature = "std")]
    fn move_to(&mut self, capacity: usize) {
        let mut larger = Vec::with_capacity(capacity);
        larger.extend_from_slice(&self.0);
        self.0 = Zeroizing::new(larger); // the assignment drops, and so wipes, the old buffer
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Reads until the end or until more than `limit` bytes have come, and says whether it was the
    /// end. At most `limit` bytes are kept.
    #[cfg(feature = "std")]
    pub(crate) fn read_from(
        &mut self,
        source: &mut dyn std::io::Read,
        limit: usize,
    ) -> std::io::Result<bool> {
        loop {
            let filled = self.0.len();
            if filled > limit {
                self.0.truncate(limit);
                return Ok(false);
            }
            if filled == self.0.capacity() {
                self.move_to(filled.saturating_mul(2).max(1024).min(limit + 1));
            }
            let room = self.0.capacity().min(limit + 1);
            self.0.resize(room, 0);
            let read = source.read(&mut self.0[filled..]);
            self.0.truncate(filled + read.as_ref().map_or(0, |n| *n));
            match read {
                Ok(0) => return Ok(true),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Buffer(Zeroizing::new(bytes))
    }
}

impl core::ops::Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use alloc::vec;
    use std::io::Read;

    #[test]
    fn reading_stops_at_the_limit() {
        for (sent, limit, whole) in [(0, 8, true), (8, 8, true), (9, 8, false), (5000, 5000, true)]
        {
            let mut buffer = Buffer::default();
            let end = buffer.read_from(&mut std::io::repeat(7).take(sent as u64), limit).unwrap();
            assert_eq!(end, whole, "{sent} bytes with a limit of {limit}");
            assert_eq!(*buffer, vec![7; sent.min(limit)]);
        }
    }
}
