//! HTTP requests and answers (RFC 9112).

use std::io;

use base64ct::{Base64, Encoding};

use super::http::Stream;

const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
const MAX_BODY_BYTES: usize = 64 * 1024;

pub struct Request {
    pub method: String,
    pub path: String,
    /// What follows the first `?`, still encoded.
    pub query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    pub origin: Origin,
}

/// Where a request comes from, known before it is read.
#[derive(Clone, Copy, Default)]
pub struct Origin {
    /// The port of the service.
    pub port: u16,
    /// Whether the client has shown a certificate of the appliance's CA.
    pub has_client_certificate: bool,
}

impl Request {
    /// The request, or the answer to a malformed one. Fails if the client closes without sending any.
    pub fn read(stream: &mut dyn Stream, origin: Origin) -> io::Result<Result<Self, Answer>> {
        let mut bytes = Vec::new();
        let (mut request, body) = loop {
            match Self::parse_head(&bytes) {
                Ok(Some((request, head))) => break (request, bytes.split_off(head)),
                Ok(None) if read_more(stream, &mut bytes)? => {}
                Ok(None) if bytes.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(None) => return Ok(Err(Answer::error(400, "the head is cut short"))),
                Err(refusal) => return Ok(Err(refusal)),
            }
        };
        let length = match request.body_length() {
            Ok(length) => length,
            Err(refusal) => return Ok(Err(refusal)),
        };
        request.origin = origin;
        request.body = body;
        if request.body.len() < length && request.header("Expect").is_some() {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        while request.body.len() < length {
            if !read_more(stream, &mut request.body)? {
                return Ok(Err(Answer::error(400, "the body is shorter than its Content-Length")));
            }
        }
        // One request per connection: ignore what follows.
        request.body.truncate(length);
        Ok(Ok(request))
    }

    /// The request without its body, and where that starts, once the head is whole.
    fn parse_head(bytes: &[u8]) -> Result<Option<(Self, usize)>, Answer> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Request::new(&mut headers);
        let end = match head.parse(bytes) {
            Ok(httparse::Status::Complete(end)) => end,
            Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD_BYTES => return Ok(None),
            Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
                return Err(Answer::error(431, "the head is too large"));
            }
            Err(error) => return Err(Answer::error(400, &format!("not HTTP/1.1: {error}"))),
        };
        let target = head.path.unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers =
            head.headers.iter().map(|header| (header.name.to_owned(), text(header.value)));
        let request = Self {
            method: head.method.unwrap_or_default().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers.collect(),
            body: Vec::new(),
            origin: Origin::default(),
        };
        Ok(Some((request, end)))
    }

    fn body_length(&self) -> Result<usize, Answer> {
        if self.header("Expect").is_some_and(|value| !value.eq_ignore_ascii_case("100-continue")) {
            return Err(Answer::error(417, "only 100-continue can be expected"));
        }
        if self.headers("Transfer-Encoding").next().is_some() {
            return Err(Answer::error(411, "a body must come with its Content-Length"));
        }
        if self.headers("Content-Length").next().is_none() {
            return Ok(0);
        }
        let digits = self.header("Content-Length").unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Answer::error(400, "the Content-Length is not one number"));
        }
        match digits.parse() {
            Ok(length) if length <= MAX_BODY_BYTES => Ok(length),
            _ => Err(Answer::error(413, "the body is too large")),
        }
    }

    fn headers(&self, name: &'static str) -> impl Iterator<Item = &str> {
        let headers =
            self.headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        headers.map(|(_, value)| value.as_str())
    }

    /// The value of a header that occurs exactly once.
    fn header(&self, name: &'static str) -> Option<&str> {
        let mut values = self.headers(name);
        values.next().filter(|_| values.next().is_none())
    }

    /// What follows `Bearer` and one of `separators` in the `Authorization` header.
    pub fn bearer_token(&self, separators: &[char]) -> Option<&str> {
        let (scheme, token) = self.header("Authorization")?.split_once(separators)?;
        scheme.eq_ignore_ascii_case("Bearer").then_some(token)
    }

    /// User name and password of `Authorization: Basic` (RFC 7617), if the request has that.
    pub fn basic_credentials(&self) -> Option<Result<(String, String), &'static str>> {
        let (scheme, encoded) = self.header("Authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("Basic").then(|| {
            let decoded = Base64::decode_vec(encoded.trim()).ok();
            let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
            let (username, password) = decoded
                .as_deref()
                .and_then(|text| text.split_once(':'))
                .ok_or("the Basic credentials are no Base64 of a name, a colon and a password")?;
            Ok((username.to_owned(), password.to_owned()))
        })
    }

    pub fn content_type(&self) -> Option<&str> {
        self.header("Content-Type")
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body of a request that says it is a form.
    pub fn form(&self) -> Result<&[u8], &'static str> {
        let content_type = self.content_type().unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Ok(&self.body)
        } else {
            Err("the Content-Type must be application/x-www-form-urlencoded")
        }
    }
}

/// Reads more bytes; false at the end of the connection.
fn read_more(stream: &mut dyn Stream, bytes: &mut Vec<u8>) -> io::Result<bool> {
    let mut chunk = [0; 4096];
    let read = stream.read(&mut chunk)?;
    bytes.extend_from_slice(&chunk[..read]);
    Ok(read > 0)
}

pub struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, head: String::new(), body: body.into() }.with("Content-Type", content_type)
    }

    pub fn json(status: u16, body: String) -> Self {
        Self::new(status, "application/json", body).with("Cache-Control", "no-store")
    }

    pub fn error(status: u16, reason: &str) -> Self {
        Self::json(status, format!(r#"{{"error": {}}}"#, quoted(reason)))
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub fn into_bytes(self) -> Vec<u8> {
        let Self { status, head, body } = self;
        let (reason, length) = (reason(status), body.len());
        let framing = format!("Content-Length: {length}\r\nConnection: close\r\n\r\n");
        let mut bytes = format!("HTTP/1.1 {status} {reason}\r\n{head}{framing}").into_bytes();
        bytes.extend_from_slice(&body);
        bytes
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        417 => "Expectation Failed",
        431 => "Request Header Fields Too Large",
        502 => "Bad Gateway",
        _ => "",
    }
}

/// `text` as a JSON string.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
