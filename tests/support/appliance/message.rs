//! What a service is asked, and what it answers.

use std::io::{Cursor, Read};

use tiny_http::{Header, Response};

const MAX_BODY_BYTES: usize = 64 * 1024;

pub struct Request<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// What follows the first `?`, still encoded.
    pub query: &'a str,
    headers: &'a [Header],
    body: Vec<u8>,
    /// The port it came in by.
    pub port: u16,
}

impl<'a> Request<'a> {
    pub fn new(request: &'a tiny_http::Request, body: Vec<u8>, port: u16) -> Self {
        let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
        let (method, headers) = (request.method().as_str(), request.headers());
        Self { method, path, query, headers, body, port }
    }

    /// A header's value, if the header stands there exactly once.
    fn header(&self, name: &'static str) -> Option<&str> {
        let mut headers = self.headers.iter().filter(|header| header.field.equiv(name));
        headers.next().filter(|_| headers.next().is_none()).map(|header| header.value.as_str())
    }

    /// What follows `Bearer` and one of `separators` in the `Authorization` header.
    pub fn bearer_token(&self, separators: &[char]) -> Option<&str> {
        let (scheme, token) = self.header("Authorization")?.split_once(separators)?;
        scheme.eq_ignore_ascii_case("Bearer").then_some(token)
    }

    /// The body of a request that says it is a form.
    pub fn form(&self) -> Result<&[u8], &'static str> {
        let content_type = self.header("Content-Type").unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Ok(&self.body)
        } else {
            Err("the Content-Type must be application/x-www-form-urlencoded")
        }
    }
}

/// The body, whose declared length is not taken on trust.
pub fn read_body(request: &mut tiny_http::Request) -> Result<Vec<u8>, Answer> {
    let mut headers = request.headers().iter();
    let length = match request.body_length() {
        Some(length) if length <= MAX_BODY_BYTES => length,
        Some(_) => return Err(Answer::error(413, "the body is too large")),
        None if headers.any(|header| header.field.equiv("Transfer-Encoding")) => {
            return Err(Answer::error(411, "a body must come with its Content-Length"));
        }
        None => 0,
    };
    let mut body = Vec::new();
    match request.as_reader().take(length as u64).read_to_end(&mut body) {
        Ok(read) if read == length => Ok(body),
        _ => Err(Answer::error(400, "the body is shorter than its Content-Length")),
    }
}

pub struct Answer(Response<Cursor<Vec<u8>>>);

impl Answer {
    pub fn json(status: u16, body: String) -> Self {
        let answer = Self(Response::from_string(body).with_status_code(status));
        answer.with("Content-Type: application/json").with("Cache-Control: no-store")
    }

    pub fn error(status: u16, reason: &str) -> Self {
        Self::json(status, format!(r#"{{"error": {}}}"#, quoted(reason)))
    }

    pub fn into_response(self) -> Response<Cursor<Vec<u8>>> {
        self.0
    }

    pub fn with(self, header: &'static str) -> Self {
        Self(self.0.with_header(header.parse::<Header>().expect("a header")))
    }
}

/// `text` as a JSON string.
pub fn quoted(text: &str) -> String {
    miniserde::json::to_string(text)
}
