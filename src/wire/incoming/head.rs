//! Finds the end of an answer's head, and parses it.

use super::Wrong;
use crate::secret::OutOfMemory;
use crate::wire::headers::{Headers, each_piece_of_text};
use alloc::string::String;
use zeroize::Zeroizing;

/// Where the reason starts: after `HTTP/1.1 200`.
const CODE_END: usize = 12;

/// A head, parsed.
pub(super) struct Head {
    /// HTTP/1.0, which has no transfer codings.
    pub(super) is_old: bool,
    pub(super) status: u16,
    pub(super) reason: Zeroizing<String>,
    pub(super) headers: Headers,
}

/// How many of `bytes`, which follow `known`, belong to the head: up to an empty line, if one is there.
///
/// A line ends in CR LF or, as RFC 9112 section 2.2 permits, in LF alone.
pub(super) fn end_of_head(known: &[u8], bytes: &[u8]) -> Option<usize> {
    let before = |at: usize, back: usize| match at.checked_sub(back) {
        Some(at) => bytes.get(at).copied(),
        None => known.len().checked_sub(back - at).and_then(|at| known.get(at).copied()),
    };
    (0..bytes.len())
        .find(|&at| {
            let ends_line = bytes[at] == b'\n';
            let previous = before(at, 1);
            ends_line
                && (previous == Some(b'\n')
                    || (previous == Some(b'\r') && before(at, 2) == Some(b'\n')))
        })
        .map(|at| at + 1)
}

/// Makes each line break that folds a header field into two spaces, as
/// [RFC 9112 section 5.2](https://www.rfc-editor.org/rfc/rfc9112#section-5.2) asks of a client. A folded line right after
/// the status line belongs to no field, and stays. Before `known`, all is done.
pub(super) fn unfold(head: &mut [u8], known: usize) {
    let Some(line_end) = head.iter().position(|byte| *byte == b'\n') else { return };
    let start = known.saturating_sub(1).max(line_end + 1);
    for at in start..head.len().saturating_sub(1) {
        if let (b'\n', b' ' | b'\t') = (head[at], head[at + 1]) {
            head[at] = b' ';
            if head[at - 1] == b'\r' {
                head[at - 1] = b' ';
            }
        }
    }
}

/// Parses a head, and returns it if it is complete. An incomplete head may be an error too.
pub(super) fn parse_head(bytes: &[u8], is_whole: bool) -> Result<Option<Head>, Wrong> {
    use httparse::Error::{HeaderName, HeaderValue, NewLine, Status, TooManyHeaders};
    let wrong = |error| match error {
        HeaderName | HeaderValue | NewLine | TooManyHeaders => Wrong::NotHttp(
            "the answer's head has a line that is no header field: without a colon, or with a control character; have the server or the proxy in between corrected",
        ),
        Status if has_status_code(bytes) => Wrong::NotHttp(
            "the answer's status line has a control character after its code; have the server corrected",
        ),
        _ => Wrong::NoStatusLine,
    };
    // Without room for a header field, the parsing ends at the first one, after the status line.
    let mut start = httparse::Response::new(&mut []);
    match start.parse(bytes) {
        Ok(_) | Err(TooManyHeaders) => {}
        Err(error) => return Err(wrong(error)),
    }
    let (Some(status), Some(_)) = (start.code, start.reason) else { return Ok(None) };
    let is_old = start.version == Some(0);
    let line_end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
    let (line, mut rest) = bytes.split_at(line_end);
    // httparse drops a reason with bytes above ASCII.
    let mut reason = Zeroizing::new(String::new());
    let mut headers = Headers::default();
    if is_whole {
        let bytes = line.get(CODE_END..).unwrap_or_default().trim_ascii();
        // A byte of Latin-1 above ASCII takes two in UTF-8.
        let room = bytes.len() + bytes.iter().filter(|byte| !byte.is_ascii()).count();
        reason.try_reserve_exact(room).map_err(|_| OutOfMemory)?;
        each_piece_of_text(bytes, |text| {
            reason.push_str(text);
            Ok(())
        })?;
        headers = Headers::with_capacity(rest.len())?;
    }
    loop {
        // A few at a time: any number may come within 16 KiB, and the stack stays small.
        let mut some = [httparse::EMPTY_HEADER; 8];
        let is_last = match httparse::parse_headers(rest, &mut some) {
            Ok(_) => true,
            Err(TooManyHeaders) => false,
            Err(error) => return Err(wrong(error)),
        };
        let mut taken = 0;
        for header in some.iter().take_while(|header| !header.name.is_empty()) {
            taken = offset_after(rest, header);
            if is_whole {
                headers.push(header.name, header.value)?;
            }
        }
        if is_last {
            return Ok(is_whole.then_some(Head { is_old, status, reason, headers }));
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
}

/// Whether a status line has its code, after a version of eight bytes and a space.
fn has_status_code(line: &[u8]) -> bool {
    let code = line.get(CODE_END - 4..=CODE_END).unwrap_or_default();
    matches!(code, [b' ', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', end] if !end.is_ascii_graphic())
}

/// The offset in `bytes` after the line of a parsed header field.
fn offset_after(bytes: &[u8], header: &httparse::Header<'_>) -> usize {
    let start = header.name.as_ptr() as usize - bytes.as_ptr() as usize;
    let line = bytes.get(start..).unwrap_or_default();
    start + line.iter().position(|byte| *byte == b'\n').map_or(line.len(), |at| at + 1)
}
