//! The short lines of the chunked transfer coding ([RFC 9112 section 7.1](https://www.rfc-editor.org/rfc/rfc9112#section-7.1)).

/// The limit for the line before a chunk, its extensions included, and for a trailer field's line.
const MAX_LINE_BYTES: usize = 256;

/// Such a line. It holds no secret, and is not wiped.
pub(super) struct Line {
    bytes: [u8; MAX_LINE_BYTES],
    len: usize,
}

impl Default for Line {
    fn default() -> Self {
        Line { bytes: [0; MAX_LINE_BYTES], len: 0 }
    }
}

impl Line {
    /// Consumes bytes up to the end of the line, as many as there is room for, and returns how many.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        let taken = end.map_or(bytes.len(), |end| end + 1).min(room.len());
        for (place, byte) in room.iter_mut().zip(&bytes[..taken]) {
            *place = *byte;
        }
        self.len += taken;
        taken
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self.bytes(), b"\n" | b"\r\n")
    }

    /// Whether one stands in it, but for a tab and what ends lines.
    pub(super) fn has_control_character(&self) -> bool {
        let mut bytes = self.bytes().iter();
        bytes.any(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\r' | b'\n'))
    }

    /// The chunk size. httparse would read an empty line as 0, and a bare LF as part of an extension.
    pub(super) fn chunk_size(&self) -> Option<u64> {
        let line = self.bytes().strip_suffix(b"\n")?;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.first()?.is_ascii_hexdigit() {
            return None;
        }
        let mut with_crlf = [0; MAX_LINE_BYTES + 1];
        let (start, end) = with_crlf.split_at_mut_checked(line.len())?;
        start.copy_from_slice(line);
        end.get_mut(..2)?.copy_from_slice(b"\r\n");
        match httparse::parse_chunk_size(with_crlf.get(..line.len() + 2)?) {
            Ok(httparse::Status::Complete((_, size))) => Some(size),
            _ => None,
        }
    }
}
