//! The header fields of an answer.

use crate::secret::{Buffer, OutOfMemory};
use alloc::vec::Vec;

/// Names and values in the order of the answer, in one wiped buffer, however many there are:
///
/// ```text
/// Date ÿ Tue, 24 Nov… ÿ Content-Length ÿ 23 ÿ      ÿ is the byte 0xFF, which never occurs in UTF-8
/// ```
///
/// It takes no more memory than the head itself, unless values are in Latin-1. With an allocation per field, many short
/// fields would use up a small heap.
#[derive(Default)]
pub(crate) struct Headers(Buffer);

const END: u8 = 0xFF;

impl Headers {
    /// Makes an empty list with room for header fields that take that many bytes in the head.
    pub(crate) fn with_capacity(head_bytes: usize) -> Result<Headers, OutOfMemory> {
        let mut bytes = Buffer::default();
        bytes.reserve(head_bytes)?;
        Ok(Headers(bytes))
    }

    /// Adds a header field. Bytes above ASCII are data (RFC 9110 section 5.5): UTF-8, or else Latin-1.
    pub(crate) fn push(&mut self, name: &str, value: &[u8]) -> Result<(), OutOfMemory> {
        let mut add = |bytes: &[u8]| self.0.push(bytes, usize::MAX);
        add(name.as_bytes())?;
        add(&[END])?;
        each_piece_of_text(value, |text| add(text.as_bytes()))?;
        add(&[END])
    }

    /// Returns these header fields and one more.
    pub(crate) fn and(self, name: &str, value: &str) -> Headers {
        let mut bytes = Vec::with_capacity(self.0.len() + name.len() + value.len() + 2);
        for part in [&self.0, name.as_bytes(), &[END], value.as_bytes(), &[END]] {
            bytes.extend_from_slice(part);
        }
        Headers(Buffer::from(bytes))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        // Only UTF-8 was added.
        let text = |part| core::str::from_utf8(part).unwrap_or_default();
        let mut parts = self.0.split(|byte| *byte == END).map(text);
        core::iter::from_fn(move || Some((parts.next()?, parts.next()?)))
    }
}

/// Passes bytes to `take` as text: in one piece if they are UTF-8, else as the characters of Latin-1.
pub(crate) fn each_piece_of_text(
    bytes: &[u8],
    mut take: impl FnMut(&str) -> Result<(), OutOfMemory>,
) -> Result<(), OutOfMemory> {
    match core::str::from_utf8(bytes) {
        Ok(text) => take(text),
        Err(_) => {
            bytes.iter().try_for_each(|byte| take(char::from(*byte).encode_utf8(&mut [0; 2])))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_out_as_they_went_in() {
        let mut headers = Headers::default();
        assert_eq!(headers.iter().count(), 0);
        for (name, value) in
            [("A", &b"b"[..]), ("Empty", b""), ("A", "ö".as_bytes()), ("L", b"\xF6\xFF")]
        {
            headers.push(name, value).unwrap();
        }
        let headers = headers.and("Last", "one\u{0}");
        let all: Vec<_> = headers.iter().collect();
        let expected = [("A", "b"), ("Empty", ""), ("A", "ö"), ("L", "öÿ"), ("Last", "one\u{0}")];
        assert_eq!(all, expected);
    }

    #[test]
    fn header_fields_take_no_more_memory_than_the_head() {
        let head = "A:\r\n".repeat(100);
        let mut headers = Headers::with_capacity(head.len()).unwrap();
        for _ in 0..100 {
            headers.push("A", b"").unwrap();
        }
        assert!(headers.0.len() <= head.len(), "{} bytes", headers.0.len());
    }
}
