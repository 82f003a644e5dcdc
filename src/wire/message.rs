//! HTTP/1.1 messages as bytes ([RFC 9112](https://www.rfc-editor.org/rfc/rfc9112)), for whoever moves them without an
//! HTTP client, and how the end of a body is told, which a client has to heed too.

use super::http::{Method, Request, Response, is_header_name};
use crate::error::Error;
use crate::secret::Buffer;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use zeroize::Zeroizing;

/// The limit for the status line and the headers together.
pub(crate) const MAX_HEAD_BYTES: usize = 8192;

const CUT_SHORT: &str = "the answer has no body or was cut short";

impl Request {
    /// The whole request, head and body, as HTTP/1.1 sends it over a connection that is closed after the answer. The
    /// buffer holds the request's secrets and is wiped when it is dropped.
    ///
    /// It goes to [`Url::host`](crate::Url::host) and [`Url::port`](crate::Url::port), through TLS where
    /// [`Url::is_https`](crate::Url::is_https) says so. What comes back goes to [`Response::from_bytes`].
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let url = self.url();
        let is_default_port = url.port() == if url.is_https() { 443 } else { 80 };
        let port = if is_default_port { String::new() } else { format!(":{}", url.port()) };
        let body = self.body().unwrap_or_default();
        // RFC 9110 section 8.6: these methods are expected to have a body, and say so where it is empty.
        let has_length = self.body().is_some()
            || matches!(self.method(), Method::Post | Method::Put | Method::Patch);
        let length =
            if has_length { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };

        let (method, path) = (self.method().as_str(), url.path_and_query());
        let start = [method, " ", path, " HTTP/1.1\r\nHost: ", url.host(), &port, "\r\n"];
        let mut parts = Vec::from(start);
        parts.push("Connection: close\r\n");
        for (name, value) in self.headers() {
            parts.extend([name, ": ", value, "\r\n"]);
        }
        parts.extend([length.as_str(), "\r\n"]);

        let head_len: usize = parts.iter().map(|part| part.len()).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(head_len + body.len()));
        for part in parts {
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes.extend_from_slice(body);
        bytes
    }
}

impl Response {
    /// Reads an HTTP/1.x answer: all bytes that came until the server closed the connection, or until as many have come
    /// as the answer itself says. What comes after its end is left out.
    ///
    /// Read no more of the body than [`Request::max_answer_bytes`]; the bytes handed in stay the caller's to wipe.
    ///
    /// # Errors
    /// [`Kind::Network`](crate::Kind::Network) for what is not HTTP, a status below 200, a head longer than 8 KiB, a
    /// body that gives two lengths or a transfer coding other than `chunked`, and for an answer that breaks off.
    pub fn from_bytes(bytes: &[u8]) -> Result<Response, Error> {
        let not_http = |what| Error::network(format!("the answer is not HTTP: {what}"));
        let head = Head::read(bytes)?;
        let rest = bytes.get(head.len..).unwrap_or_default();
        let headers = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let framing = Framing::read(headers).map_err(not_http)?;
        let body = match framing {
            _ if has_no_body(head.status) => Buffer::default(),
            Framing::Length(length) => Buffer::from(Vec::from(rest.get(..length).unwrap_or(rest))),
            Framing::Chunked => read_chunks(rest)?,
            Framing::UntilClose => Buffer::from(Vec::from(rest)),
        };
        // The end of chunks was seen.
        let is_whole = has_no_body(head.status) || matches!(framing, Framing::Chunked);
        if !is_whole && framing.is_cut_short(head.status, &body) {
            return Err(Error::network(CUT_SHORT));
        }
        Ok(Response::from_parts(String::new(), head.status, head.reason, head.headers, body))
    }
}

struct Head {
    status: u16,
    reason: String,
    headers: Vec<(String, Zeroizing<String>)>,
    len: usize,
}

impl Head {
    fn read(bytes: &[u8]) -> Result<Head, Error> {
        let not_http = |what| Error::network(format!("the answer is not HTTP: {what}"));
        let mut lines = Lines { bytes, at: 0 };
        let (status, reason) = read_status(lines.next()?)
            .ok_or_else(|| not_http("it does not start with a status line from 200 to 599"))?;
        let mut headers = Vec::new();
        loop {
            let line = lines.next()?;
            if lines.at > MAX_HEAD_BYTES {
                return Err(Error::network("the answer's head is longer than 8 KiB"));
            }
            if line.is_empty() {
                return Ok(Head { status, reason, headers, len: lines.at });
            }
            let (name, value) =
                read_header(line).ok_or_else(|| not_http("it has a line that is no header"))?;
            headers.push((String::from(name), Zeroizing::new(String::from(value))));
        }
    }
}

/// Lines that end in CR LF or, as RFC 9112 section 2.2 lets one take them, in LF alone.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// The next line, without its end.
    fn next(&mut self) -> Result<&'a [u8], Error> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let len =
            rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| Error::network(CUT_SHORT))?;
        self.at += len + 1;
        let line = &rest[..len];
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

fn read_status(line: &[u8]) -> Option<(u16, String)> {
    let line = core::str::from_utf8(line).ok()?;
    let (version, rest) = line.split_once(' ')?;
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let is_version = matches!(version.as_bytes(), [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor]
        if minor.is_ascii_digit());
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    let status = code.parse().ok().filter(|status| (200..600).contains(status))?;
    (is_version && is_code).then(|| (status, String::from(reason)))
}

fn read_header(line: &[u8]) -> Option<(&str, &str)> {
    let (name, value) = core::str::from_utf8(line).ok()?.split_once(':')?;
    let is_value = value.chars().all(|character| character == '\t' || !character.is_control());
    (is_header_name(name) && is_value).then(|| (name, value.trim_matches([' ', '\t'])))
}

/// The body that RFC 9112 section 7.1 cuts in chunks, if its last one is there.
fn read_chunks(bytes: &[u8]) -> Result<Buffer, Error> {
    let mut body = Zeroizing::new(Vec::with_capacity(bytes.len()));
    let mut lines = Lines { bytes, at: 0 };
    loop {
        let len = chunk_len(lines.next()?).ok_or_else(|| {
            Error::network("the answer is not HTTP: it has a chunk without a length")
        })?;
        if len == 0 {
            // Fields may follow, which nobody here asked for, and an empty line.
            while !lines.next()?.is_empty() {}
            return Ok(Buffer::from(core::mem::take(&mut *body)));
        }
        let chunk = lines.at.checked_add(len).and_then(|end| bytes.get(lines.at..end));
        body.extend_from_slice(chunk.ok_or_else(|| Error::network(CUT_SHORT))?);
        lines.at += len;
        if !lines.next()?.is_empty() {
            return Err(Error::network("the answer is not HTTP: a chunk is longer than it says"));
        }
    }
}

/// The length before a chunk, its extensions left out.
fn chunk_len(line: &[u8]) -> Option<usize> {
    let digits = core::str::from_utf8(line).ok()?.split(';').next()?.trim_matches([' ', '\t']);
    let is_number = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    usize::from_str_radix(digits, 16).ok().filter(|_| is_number)
}

/// 204 and 304 have no body, whatever the headers say (RFC 9112 section 6.3).
pub(crate) fn has_no_body(status: u16) -> bool {
    status == 204 || status == 304
}

/// How the end of a body is told, RFC 9112 section 6.3.
#[derive(Clone, Copy)]
pub(crate) enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

impl Framing {
    /// What the headers say, or what is wrong with it: several lengths that differ, a length beside a transfer coding,
    /// any coding but `chunked`.
    pub(crate) fn read<'a>(
        headers: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Framing, &'static str> {
        let mut framing = Framing::UntilClose;
        for (name, value) in headers {
            let (name, value) = (name.trim_ascii(), value.trim_ascii());
            let found = if name.eq_ignore_ascii_case("content-length") {
                let length =
                    value.parse().ok().filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()));
                Framing::Length(length.ok_or("its Content-Length is not a number")?)
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                if !value.eq_ignore_ascii_case("chunked") {
                    return Err("its Transfer-Encoding is not `chunked`");
                }
                Framing::Chunked
            } else {
                continue;
            };
            framing = match (framing, found) {
                (Framing::UntilClose, found) => found,
                (Framing::Length(one), Framing::Length(other)) if one == other => {
                    Framing::Length(one)
                }
                _ => return Err("it gives two lengths for one body"),
            };
        }
        Ok(framing)
    }

    #[cfg(feature = "std")]
    pub(crate) fn content_length(self) -> Option<usize> {
        match self {
            Framing::Length(length) => Some(length),
            Framing::Chunked | Framing::UntilClose => None,
        }
    }

    /// Whether a body that ended with the connection is known to be incomplete. Without a length, a success without any
    /// body is all that can be told to be cut short. A refusal often has none, and its status is the answer.
    pub(crate) fn is_cut_short(self, status: u16, body: &[u8]) -> bool {
        match self {
            Framing::Length(length) => body.len() < length,
            Framing::Chunked | Framing::UntilClose => {
                (200..300).contains(&status) && body.is_empty()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use alloc::string::ToString;

    fn request(method: Method, url: &str) -> Request {
        Request::new(method, url).unwrap()
    }

    #[test]
    fn a_request_is_written_as_rfc_9112_has_it_in_a_buffer_of_the_right_size() {
        let get = |url| request(Method::Get, url).with_header("Accept", "*/*").unwrap();
        let post = || request(Method::Post, "https://h:444/t");
        for (request, expected) in [
            (
                get("http://h/p?q=1"),
                "GET /p?q=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAccept: */*\r\n\r\n",
            ),
            (
                get("http://h:443"),
                "GET / HTTP/1.1\r\nHost: h:443\r\nConnection: close\r\nAccept: */*\r\n\r\n",
            ),
            (
                get("https://h:443"),
                "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAccept: */*\r\n\r\n",
            ),
            (
                post().with_body("text/plain", "é!").unwrap(),
                "POST /t HTTP/1.1\r\nHost: h:444\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\né!",
            ),
            (
                post(),
                "POST /t HTTP/1.1\r\nHost: h:444\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            ),
        ] {
            let bytes = request.to_bytes();
            assert_eq!(core::str::from_utf8(&bytes).unwrap(), expected);
            assert_eq!(bytes.capacity(), bytes.len(), "{expected} was sized beforehand");
        }
    }

    #[test]
    fn an_answer_ends_where_its_headers_say() {
        for (answer, status, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length:  2 \r\n\r\n{}", 200, "{}"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{}", 200, "{}"),
            ("HTTP/1.0 200\n\n{}", 200, "{}"),
            (
                "HTTP/1.1 200 \r\nTransfer-Encoding: Chunked\r\n\r\n1\r\n{\r\n01;a=b\r\n}\r\n0\r\nX: y\r\n\r\n",
                200,
                "{}",
            ),
            ("HTTP/1.1 401 No\r\n\r\n", 401, ""),
            ("HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n", 204, ""),
            ("HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n", 304, ""),
            ("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", 500, ""),
            ("HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 401, ""),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, ""),
        ] {
            let response = Response::from_bytes(answer.as_bytes())
                .unwrap_or_else(|error| panic!("{answer:?}: {error}"));
            assert_eq!((response.status(), response.text().unwrap()), (status, body), "{answer:?}");
        }
    }

    #[test]
    fn what_every_prefix_of_an_answer_lacks_is_noticed() {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{\"access_token\": \"abc\"}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n17\r\n{\"access_token\": \"abc\"}\r\n0\r\nX: y\r\n\r\n",
        ] {
            assert_eq!(Response::from_bytes(answer.as_bytes()).unwrap().body().len(), 23);
            for len in 0..answer.len() {
                let error = Response::from_bytes(&answer.as_bytes()[..len]).unwrap_err();
                assert_eq!(error.kind(), Kind::Network, "{len} bytes of {answer:?}");
            }
        }
    }

    #[test]
    fn an_answer_that_cannot_be_trusted_is_a_network_error() {
        let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n{{}}", "x".repeat(MAX_HEAD_BYTES));
        let header =
            |header: &str| format!("HTTP/1.1 200 OK\r\n{header}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n");
        for (answer, part) in [
            (String::new(), "cut short"),
            ("HTTP/1.1 200 OK\r\n\r\n".into(), "cut short"),
            ("SSH-2.0-x\r\n\r\n".into(), "status line"),
            ("HTTP/2 200\r\n\r\n{}".into(), "status line"),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}".into(), "status line"),
            ("HTTP/1.1 +20 OK\r\n\r\n{}".into(), "status line"),
            ("HTTP/1.1 0200 OK\r\n\r\n{}".into(), "status line"),
            ("HTTP/1.1 600 OK\r\n\r\n{}".into(), "status line"),
            (long, "8 KiB"),
            (header("Content-Length: 1\r\nContent-Length: 2"), "two lengths"),
            (header("Content-Length: 2\r\nTransfer-Encoding: chunked"), "two lengths"),
            (header("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), "two lengths"),
            (header("Content-Length: +2"), "not a number"),
            (header("Content-Length:\u{205f}2"), "not a number"),
            (header("Content-Length: 99999999999999999999999"), "not a number"),
            (header("Content-Length: 18446744073709551615"), "cut short"),
            (header("Transfer-Encoding: gzip, chunked"), "not `chunked`"),
            (header("Transfer-Encoding : chunked"), "no header"),
            (header("A: b\r\n folded"), "no header"),
            (header("A: b\u{0}"), "no header"),
            (header("A: b\rC: d"), "no header"),
            (header("no colon"), "no header"),
        ] {
            let error = Response::from_bytes(answer.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), Kind::Network, "{answer:?}");
            assert!(error.to_string().contains(part), "{answer:?}: {error}");
        }
        for (chunks, part) in [
            ("x\r\n", "without a length"),
            ("\r\n", "without a length"),
            ("-1\r\n", "without a length"),
            ("+2\r\n{}\r\n0\r\n\r\n", "without a length"),
            ("fffffffffffffffff\r\n", "without a length"),
            ("ffffffffffffffff\r\n{}", "cut short"),
            ("1\r\n{}\r\n0\r\n\r\n", "longer than it says"),
        ] {
            let answer = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
            let error = Response::from_bytes(answer.as_bytes()).unwrap_err();
            assert!(
                error.kind() == Kind::Network && error.to_string().contains(part),
                "{chunks:?}: {error}"
            );
        }
        assert!(Response::from_bytes(b"HTTP/1.1 200 OK\r\nA: \xff\r\n\r\n{}").is_err());
    }

    #[test]
    fn a_refusal_needs_no_body_and_a_success_without_one_is_cut_short() {
        for framing in [Framing::Chunked, Framing::UntilClose] {
            for (status, body, cut) in [(401, "", false), (200, "", true), (200, "{}", false)] {
                assert_eq!(framing.is_cut_short(status, body.as_bytes()), cut, "{status} {body}");
            }
        }
        for (length, cut) in [(0, false), (2, false), (3, true)] {
            assert_eq!(Framing::Length(length).is_cut_short(401, b"{}"), cut, "{length}");
        }
    }
}
