//! Parses an answer of HTTP/1.1 as it arrives ([RFC 9112](https://www.rfc-editor.org/rfc/rfc9112)), in pieces of any
//! size.
//!
//! httparse parses the status line, header fields and chunk sizes. What is refused, the limits, and where a body ends
//! are decided here:
//!
//! ```text
//! Head ──► Head (an interim answer, 100 to 199, is dropped)
//!   ├────► Length ──────────────────────────────────────────────► Whole
//!   ├────► UntilClose ─────────────────────────────── finish() ─► Whole
//!   └────► Chunk (Size ──► Data ──► DataEnd)* ──► Trailer ──────► Whole
//! ```

mod head;
mod line;

use super::request::{MAX_API_ANSWER_BYTES, Method, Request};
use super::response::{Response, is_success};
use crate::error::{Error, NetworkCause, digits};
use crate::secret::{Buffer, OutOfMemory};
use alloc::format;
use alloc::string::String;
use core::fmt;
use head::{Head, end_of_head, parse_head, unfold};
use line::Line;

/// The limit for status line and header section, those of interim answers included. A long `Content-Security-Policy` takes
/// more than the 8 KiB that many servers allow for a request.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Parses the answer to one request as its bytes arrive, in pieces of any size.
///
/// It holds no more than the answer's head and [`max_answer_bytes`](crate::Request::max_answer_bytes) of its body
/// ([Every input has a size](crate#every-input-has-a-size)), and wipes what it holds when it is dropped. The caller wipes
/// the bytes that it passes in. No input makes it panic ([No panic on any input](crate#no-panic-on-any-input)).
///
/// ```
/// use minbearer::Request;
///
/// # fn main() -> Result<(), minbearer::Error> {
/// # let mut modem = [&b"HTTP/1.1 200 OK\r\nContent-Le"[..], b"ngth: 2\r\n\r\n{", b"}"].into_iter();
/// let request = Request::get("http://console/api")?.with_max_answer_bytes(4096);
/// let mut answer = request.incoming();
/// while let Some(bytes) = modem.next() {
///     if answer.push(bytes)? {
///         break; // the answer is whole
///     }
/// }
/// assert_eq!(answer.finish()?.text()?, "{}");
/// # Ok(()) }
/// ```
pub struct Incoming {
    /// The answer of which host and port to what, where that is known, for error messages.
    subject: String,
    max_body_bytes: usize,
    expected: Expected,
    /// What has come of the head and was not dropped.
    head: Buffer,
    /// The bytes of interim answers and trailers, which count as the head does.
    dropped_bytes: usize,
    answer: Option<Head>,
    body: Buffer,
    state: State,
    line: Line,
    /// Whether it comes over `http`, where that is known. Then TLS may be what the port speaks.
    is_plain: bool,
    /// Whether the body of a refusal was too large, and left out.
    is_unread: bool,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}

/// Which answers to a request have a body (RFC 9112 section 6.3).
#[derive(Clone, Copy, PartialEq)]
enum Expected {
    Body,
    /// The answer to `HEAD` has none, whatever its header fields say.
    NoBody,
    /// After a 2xx answer to `CONNECT` the connection is a tunnel.
    #[cfg(feature = "tls-no-provider")]
    Tunnel,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Head,
    /// This many bytes of the body are missing.
    Length(usize),
    UntilClose,
    ChunkSize,
    /// This many bytes of the chunk are missing.
    ChunkData(u64),
    ChunkEnd,
    Trailer,
    Whole,
    /// The answer was refused. More bytes do not change that.
    Refused,
}

impl Request {
    /// Makes a parser for the answer to this request, which takes the bytes as they arrive.
    pub fn incoming(&self) -> Incoming {
        let (server, what) = (self.url().host_and_port(), self.what());
        let subject = format!("the answer of {server} to the {what}");
        let expected = match self.method() {
            Method::Head => Expected::NoBody,
            _ => Expected::Body,
        };
        let mut incoming = Incoming::new(subject, self.max_answer_bytes(), expected);
        incoming.is_plain = !self.url().is_https();
        incoming
    }
}

impl Response {
    /// Parses a complete HTTP/1.x answer: all bytes that came until the server closed the connection, or up to the end
    /// that the answer itself states. Bytes after its end are ignored.
    ///
    /// The caller wipes the bytes that it passes in; [`Request::incoming`](crate::Request::incoming) takes them in
    /// pieces, so that none need be kept.
    ///
    /// # Errors
    /// [`Kind::Network`](crate::Kind::Network) for what is not HTTP, a head longer than 16 KiB, a body that gives two
    /// lengths or a transfer coding other than `chunked`, and for an answer that breaks off;
    /// [`Kind::Malformed`](crate::Kind::Malformed) for a body of more than 1 MiB in a 2xx
    /// answer; the body of another answer is dropped.
    pub fn from_bytes(bytes: &[u8]) -> Result<Response, Error> {
        let subject = String::from("the answer");
        let mut incoming = Incoming::new(subject, MAX_API_ANSWER_BYTES, Expected::Body);
        incoming.push(bytes)?;
        incoming.finish()
    }
}

impl Incoming {
    fn new(subject: String, max_body_bytes: usize, expected: Expected) -> Incoming {
        Incoming {
            subject,
            max_body_bytes,
            expected,
            head: Buffer::default(),
            dropped_bytes: 0,
            answer: None,
            body: Buffer::default(),
            state: State::Head,
            line: Line::default(),
            is_plain: false,
            is_unread: false,
        }
    }

    /// Parses the next bytes, and returns whether the answer is complete. Bytes after its end are ignored.
    ///
    /// # Errors
    /// As soon as the answer can no longer be valid: [`Kind::Network`](crate::Kind::Network) for what is not HTTP, a
    /// head longer than 16 KiB, a body with two lengths or with a transfer coding other than `chunked`;
    /// [`Kind::Malformed`](crate::Kind::Malformed) for a 2xx answer that is larger than the request allows, or for
    /// which there is no memory. For another status code, such a body is dropped and is no error.
    pub fn push(&mut self, bytes: &[u8]) -> Result<bool, Error> {
        self.push_up_to_end(bytes)?;
        Ok(self.state == State::Whole)
    }

    /// The same, and returns how many of the bytes belong to the answer.
    fn push_up_to_end(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let mut pushed = 0;
        while pushed < bytes.len() && self.state != State::Whole {
            pushed += match self.take(bytes.get(pushed..).unwrap_or_default()) {
                Ok(taken) => taken,
                Err(wrong) => {
                    // Memory may be used up, and the error's message needs some.
                    (self.head, self.answer, self.body) = Default::default();
                    self.state = State::Refused;
                    let may_be_tls = self.is_plain && matches!(wrong, Wrong::NoStatusLine);
                    return Err(with_question(wrong.into(), may_be_tls));
                }
            };
        }
        Ok(pushed)
    }

    /// Returns the answer, when it is complete or the connection has ended. See
    /// [What the server says is believed only when complete](crate#what-the-server-says-is-believed-only-when-complete).
    ///
    /// # Errors
    /// [`Kind::Network`](crate::Kind::Network) with the cause [`CutShort`](NetworkCause::CutShort) if something is
    /// missing: the head, a part of the announced length, the last chunk; or the whole body of a 2xx answer that
    /// announced none, since that cannot be distinguished from one that was cut off.
    pub fn finish(self) -> Result<Response, Error> {
        let is_silent =
            self.state == State::Head && self.head.is_empty() && self.dropped_bytes == 0;
        let cut_short = match (self.state, &self.answer) {
            (State::Whole, _) => None,
            _ if is_silent => Some(
                "the connection was closed without an answer; is this the right port, and does a firewall let the request through?",
            ),
            (State::UntilClose, Some(head))
                if !self.body.is_empty() || !is_success(head.status) =>
            {
                None
            }
            (State::UntilClose, _) => Some("the answer has no body or was cut short"),
            _ => Some(CUT_SHORT),
        };
        match (cut_short, self.answer) {
            (None, Some(Head { status, reason, headers, .. })) => {
                let mut response =
                    Response::from_parts(self.subject, status, reason, headers, self.body);
                response.is_unread = self.is_unread;
                Ok(response)
            }
            (what, _) => {
                let error = Error::network(what.unwrap_or(CUT_SHORT))
                    .with_network_cause(NetworkCause::CutShort);
                Err(with_question(error, is_silent && self.is_plain))
            }
        }
    }

    /// Consumes some of the bytes, at least one, and returns how many.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, Wrong> {
        match self.state {
            State::Head => self.take_head(bytes),
            State::Length(missing) => {
                let taken = missing.min(bytes.len());
                self.add_to_body(&bytes[..taken])?;
                self.state = match missing - taken {
                    0 => State::Whole,
                    missing => State::Length(missing),
                };
                Ok(taken)
            }
            State::UntilClose => {
                self.add_to_body(bytes)?;
                Ok(bytes.len())
            }
            State::ChunkData(missing) => {
                let taken = usize::try_from(missing).unwrap_or(usize::MAX).min(bytes.len());
                self.add_to_body(&bytes[..taken])?;
                if self.state != State::Whole {
                    self.state = match missing - taken as u64 {
                        0 => State::ChunkEnd,
                        missing => State::ChunkData(missing),
                    };
                }
                Ok(taken)
            }
            State::ChunkSize | State::ChunkEnd | State::Trailer => self.take_line(bytes),
            State::Whole => Ok(bytes.len()),
            State::Refused => Err(Wrong::NotHttp("the answer was refused before")),
        }
    }

    fn take_head(&mut self, bytes: &[u8]) -> Result<usize, Wrong> {
        const START: &[u8] = b"HTTP/1.";
        let known = self.head.len();
        let room = MAX_HEAD_BYTES.saturating_sub(self.dropped_bytes + known);
        let end = end_of_head(&self.head, bytes);
        let taken = end.unwrap_or(bytes.len()).min(room);
        self.head.push(&bytes[..taken], MAX_HEAD_BYTES)?;
        if !self.head.iter().zip(START).all(|(byte, wanted)| byte == wanted) {
            return Err(Wrong::NoStatusLine);
        }
        let is_whole = end.is_some_and(|end| end <= room);
        unfold(self.head.as_mut_slice(), known);
        // Only complete lines are parsed, so that an error does not depend on how the bytes were cut.
        if let Some(line_end) = bytes[..taken].iter().rposition(|byte| *byte == b'\n') {
            let lines = self.head.get(..known + line_end + 1).unwrap_or_default();
            if let Some(head) = parse_head(lines, is_whole)? {
                self.take_parsed(head)?;
            }
        }
        if !is_whole && taken < bytes.len() {
            return Err(Wrong::HeadTooLong);
        }
        Ok(taken)
    }

    fn take_parsed(&mut self, head: Head) -> Result<(), Wrong> {
        if (100..200).contains(&head.status) && head.status != 101 {
            self.dropped_bytes += self.head.len();
            self.head = Buffer::default();
            return Ok(());
        }
        // 600 to 999 are treated as 5xx (RFC 9110 section 15).
        if head.status < 200 {
            return Err(Wrong::Status(head.status));
        }
        self.head = Buffer::default();
        self.state = match self.expected {
            Expected::NoBody => State::Whole,
            #[cfg(feature = "tls-no-provider")]
            Expected::Tunnel if is_success(head.status) => State::Whole,
            _ => framing(&head)?,
        };
        let length = match self.state {
            State::Length(length) => length,
            _ => 0,
        };
        self.answer = Some(head);
        if length > self.max_body_bytes {
            return self.leave_out_body(Wrong::TooLarge { limit: self.max_body_bytes });
        }
        self.body.reserve(length).or_else(|_| self.leave_out_body(Wrong::NoMemory))
    }

    fn add_to_body(&mut self, bytes: &[u8]) -> Result<(), Wrong> {
        if bytes.len() > self.max_body_bytes - self.body.len() {
            return self.leave_out_body(Wrong::TooLarge { limit: self.max_body_bytes });
        }
        let pushed = self.body.push(bytes, self.max_body_bytes);
        pushed.or_else(|_| self.leave_out_body(Wrong::NoMemory))
    }

    /// Handles a body that cannot be taken: an error for a 2xx answer; for another, the body is dropped.
    fn leave_out_body(&mut self, wrong: Wrong) -> Result<(), Wrong> {
        if self.answer.as_ref().is_some_and(|head| is_success(head.status)) {
            return Err(wrong);
        }
        self.body = Buffer::default();
        self.is_unread = true;
        self.state = State::Whole;
        Ok(())
    }

    /// Consumes bytes up to the end of a line, and acts on the line if it has ended.
    fn take_line(&mut self, bytes: &[u8]) -> Result<usize, Wrong> {
        let (state, line) = (self.state, &mut self.line);
        let taken = line.take(bytes);
        if taken == 0 {
            return Err(Wrong::NotHttp(
                "the answer has a line between or after its chunks that is longer than 256 bytes",
            ));
        }
        if state == State::ChunkEnd && !matches!(line.bytes(), b"" | b"\r" | b"\n" | b"\r\n") {
            return Err(Wrong::NotHttp("the answer has a chunk that is longer than it says"));
        }
        if line.has_control_character() {
            return Err(Wrong::NotHttp(
                "the answer has a control character between or after its chunks",
            ));
        }
        if state == State::Trailer {
            self.dropped_bytes += taken;
            if self.dropped_bytes > MAX_HEAD_BYTES {
                return Err(Wrong::HeadTooLong);
            }
        }
        if !line.bytes().ends_with(b"\n") {
            return Ok(taken);
        }
        self.state = match state {
            State::ChunkSize => match line.chunk_size() {
                Some(0) => State::Trailer,
                Some(size) => State::ChunkData(size),
                None => return Err(Wrong::NotHttp("the answer has a chunk without a length")),
            },
            State::ChunkEnd => State::ChunkSize,
            // Trailer fields are ignored, up to an empty line.
            _ if line.is_empty() => State::Whole,
            state => state,
        };
        self.line = Line::default();
        Ok(taken)
    }
}

/// Parses a proxy's answer to `CONNECT` ([RFC 9110 section
/// 9.3.6](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6)).
#[cfg(feature = "tls-no-provider")]
pub(crate) struct TunnelAnswer(Incoming);

#[cfg(feature = "tls-no-provider")]
impl TunnelAnswer {
    pub(crate) fn new(max_body_bytes: usize) -> TunnelAnswer {
        TunnelAnswer(Incoming::new(String::new(), max_body_bytes, Expected::Tunnel))
    }

    /// Parses the next bytes, and returns whether the answer is complete.
    ///
    /// # Errors
    /// As for [`Incoming::push`]; and for bytes after a 2xx answer. The server in the tunnel speaks only after the
    /// client, so these are not the server's.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<bool, Error> {
        let pushed = self.0.push_up_to_end(bytes)?;
        let is_open = self.0.answer.as_ref().is_some_and(|head| is_success(head.status));
        if is_open && pushed < bytes.len() {
            return Err(Wrong::NotHttp("the answer goes on after its end").into());
        }
        Ok(self.0.state == State::Whole)
    }

    /// The answer as far as it came, if its head did.
    pub(crate) fn so_far(self) -> Option<Response> {
        let Head { status, reason, headers, .. } = self.0.answer?;
        Some(Response::from_parts(self.0.subject, status, reason, headers, self.0.body))
    }
}

/// Message framing: where the body ends (RFC 9112 section 6.3).
fn framing(head: &Head) -> Result<State, Wrong> {
    let mut state = None;
    for (name, value) in head.headers.iter() {
        let found = if name.eq_ignore_ascii_case("content-length") {
            if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
                // RFC 9110 section 8.6 lets a client take a list of one length, or refuse it.
                return Err(Wrong::NotHttp(match value.as_bytes().contains(&b',') {
                    true => {
                        "the answer's Content-Length is there twice, as a list; have the server or a gateway in between send one"
                    }
                    false => "the answer's Content-Length is not a number",
                }));
            }
            // A length that overflows a `usize` is too large for any answer.
            State::Length(value.parse().unwrap_or(usize::MAX))
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            if !value.eq_ignore_ascii_case("chunked") {
                return Err(Wrong::NotHttp(
                    "the answer's Transfer-Encoding is not `chunked`; have the server or the gateway in between send `chunked` or none",
                ));
            }
            State::ChunkSize
        } else {
            continue;
        };
        match (state, found) {
            // Readers of HTTP/1.0 take the chunks for the body, up to the connection's end (RFC 9112 section 6.1).
            (None, found) if !head.is_old || found != State::ChunkSize => state = Some(found),
            (Some(State::Length(one)), State::Length(other)) if one == other => {}
            // Another reader might believe the other one.
            _ => {
                return Err(Wrong::NotHttp(
                    "the answer gives two lengths for one body, by Content-Length or Transfer-Encoding, or chunks in HTTP/1.0, so that it can be read in two ways; have the server or a gateway in between send one",
                ));
            }
        }
    }
    Ok(match state {
        // These have no body, whatever the header fields say.
        _ if head.status == 204 || head.status == 304 => State::Whole,
        Some(State::Length(0)) => State::Whole,
        Some(state) => state,
        None => State::UntilClose,
    })
}

/// Whatever is missing of it.
const CUT_SHORT: &str = "the answer was cut short; if that lasts, see the server's log";

/// With the question whether TLS is missing.
fn with_question(error: Error, may_be_tls: bool) -> Error {
    if may_be_tls { error.with_note(" or does it want https?") } else { error }
}

/// Why an answer is refused. It allocates nothing: there may be no memory.
enum Wrong {
    NoStatusLine,
    NotHttp(&'static str),
    /// It is below 200, and of no interim answer.
    Status(u16),
    HeadTooLong,
    TooLarge {
        limit: usize,
    },
    NoMemory,
}

impl From<OutOfMemory> for Wrong {
    fn from(_: OutOfMemory) -> Wrong {
        Wrong::NoMemory
    }
}

impl From<Wrong> for Error {
    fn from(wrong: Wrong) -> Error {
        let error = match wrong {
            Wrong::NoStatusLine => Error::network(
                "the answer is not HTTP: it does not start with a status line; is this the right port, and does HTTP/1.1 answer there?",
            ),
            Wrong::NotHttp(what) => Error::network(what),
            Wrong::Status(status) => Error::network(format!(
                "the answer's status is {}: have the server or proxy send one from 200 to 599",
                digits(status.into())
            )),
            Wrong::HeadTooLong => Error::network("the answer's head is longer than 16 KiB"),
            Wrong::TooLarge { limit } => {
                Error::malformed(format!("the answer is larger than {} bytes", digits(limit)))
            }
            Wrong::NoMemory => Error::out_of_memory("there is no memory for the answer"),
        };
        error.with_network_cause(NetworkCause::NotHttp) // which changes only the first four
    }
}

#[cfg(test)]
mod tests;
