//! A request and a response, as values.

use super::url::Url;
use crate::error::{Error, Refusal};
use crate::secret::Buffer;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use zeroize::Zeroizing;

/// The most that is read of the answer to a token request.
pub(crate) const MAX_TOKEN_ANSWER_BYTES: usize = 64 * 1024;
/// The most that is read of the answer to an API call.
pub(crate) const MAX_API_ANSWER_BYTES: usize = 1024 * 1024;

/// A request method ([RFC 9110 section 9](https://www.rfc-editor.org/rfc/rfc9110#section-9)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Method {
    /// The method's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// An HTTP request. URL, header values and body are wiped when it is dropped, and its `Debug` shows
/// method, scheme, host and port only.
pub struct Request {
    method: Method,
    url: Url,
    headers: Vec<(String, Zeroizing<String>)>,
    body: Option<Buffer>,
    max_answer_bytes: usize,
}

impl Request {
    /// A `GET` request to an absolute URL.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a URL that [`Url::parse`] refuses.
    pub fn get(url: &str) -> Result<Request, Error> {
        Request::new(Method::Get, url)
    }

    /// A `POST` request to an absolute URL. Errors as for [`Request::get`].
    pub fn post(url: &str) -> Result<Request, Error> {
        Request::new(Method::Post, url)
    }

    /// A request with any method. Errors as for [`Request::get`].
    pub fn new(method: Method, url: &str) -> Result<Request, Error> {
        Ok(Request::to(method, Url::parse("the request URL", url)?))
    }

    pub(crate) fn to(method: Method, url: Url) -> Request {
        Request {
            method,
            url,
            headers: Vec::new(),
            body: None,
            max_answer_bytes: MAX_API_ANSWER_BYTES,
        }
    }

    /// A token request: JSON is asked for, and no more than 64 KiB of it are read.
    pub(crate) fn for_token(method: Method, url: Url) -> Request {
        let mut request = Request::to(method, url);
        request.max_answer_bytes = MAX_TOKEN_ANSWER_BYTES;
        request.push_header("Accept", Zeroizing::new(String::from("application/json")));
        request
    }

    /// Adds a header.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a name that is not a token of
    /// [RFC 9110 section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2), for a value with a
    /// byte outside `0x20..=0x7E`, and for the headers that frame the message, which follow from the rest:
    /// `Host`, `Connection`, `Content-Length`, `Transfer-Encoding`.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Request, Error> {
        const FRAMING: [&str; 4] = ["host", "connection", "content-length", "transfer-encoding"];
        if !is_header_name(name) {
            return Err(Error::config("the request has a header name that is not an HTTP token"));
        }
        if FRAMING.iter().any(|framing| name.eq_ignore_ascii_case(framing)) {
            return Err(Error::config(format!(
                "the header {name} follows from the request and cannot be set"
            )));
        }
        if !value.bytes().all(|byte| matches!(byte, 0x20..=0x7E)) {
            return Err(Error::config(format!(
                "the value of the header {name} has a control or non-ASCII character"
            )));
        }
        self.push_header(name, Zeroizing::new(String::from(value)));
        Ok(self)
    }

    /// Sets the body and its `Content-Type`. Errors as for [`Request::with_header`].
    pub fn with_body(
        mut self,
        content_type: &str,
        body: impl Into<Vec<u8>>,
    ) -> Result<Request, Error> {
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        let mut request = self.with_header("Content-Type", content_type)?;
        request.body = Some(Buffer::from(body.into()));
        Ok(request)
    }

    pub(crate) fn with_form(mut self, mut form: Zeroizing<String>) -> Request {
        let content_type = String::from("application/x-www-form-urlencoded");
        self.push_header("Content-Type", Zeroizing::new(content_type));
        self.body = Some(Buffer::from(core::mem::take(&mut *form).into_bytes()));
        self
    }

    pub(crate) fn push_header(&mut self, name: &str, value: Zeroizing<String>) {
        self.headers.push((String::from(name), value));
    }

    #[cfg(feature = "std")]
    /// Sets the `Authorization` header, in place of any that was there.
    pub(crate) fn authorize(&mut self, value: &str) {
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
        self.push_header("Authorization", Zeroizing::new(String::from(value)));
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The URL. Its query may hold a secret.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Names and values of the headers, the framing ones (`Host`, `Content-Length`, …) left out. A
    /// value may be a credential.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The body. It may hold a secret.
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// How many bytes of the answer's body may be read: 64 KiB for a token, 1 MiB for an API call.
    pub fn max_answer_bytes(&self) -> usize {
        self.max_answer_bytes
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

pub(crate) fn is_header_name(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token)
}

/// An HTTP response, read whole. Header values and body are wiped when it is dropped, and its
/// `Debug` shows the status only.
pub struct Response {
    /// Host and port, where a transport of this crate knows them, for error messages.
    server: String,
    status: u16,
    reason: String,
    headers: Vec<(String, Zeroizing<String>)>,
    body: Buffer,
}

impl Response {
    /// A response as a `Transport` or a firmware's own HTTP client received it. The body's buffer is
    /// taken over, and wiped on drop.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Response {
        Response::from_parts(
            String::new(),
            status,
            String::new(),
            Vec::new(),
            Buffer::from(body.into()),
        )
    }

    /// Adds a header, as the server sent it.
    pub fn with_header(mut self, name: &str, value: &str) -> Response {
        self.headers.push((String::from(name), Zeroizing::new(String::from(value))));
        self
    }

    pub(crate) fn from_parts(
        server: String,
        status: u16,
        reason: String,
        headers: Vec<(String, Zeroizing<String>)>,
        body: Buffer,
    ) -> Response {
        Response { server, status, reason, headers, body }
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    /// The first header of that name, compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim_ascii())
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    ///
    /// # Errors
    /// [`Kind::Malformed`](crate::Kind::Malformed) if it is not UTF-8.
    pub fn text(&self) -> Result<&str, Error> {
        core::str::from_utf8(&self.body).map_err(|error| {
            Error::malformed(format!("{} is not UTF-8", self.subject())).with_source(error)
        })
    }

    /// The body as text that is one JSON value: whole, with nothing after it, and not nested deeper
    /// than 64. A chunked body that broke off, which the transport cannot tell, is found out here.
    ///
    /// # Errors
    /// [`Kind::Malformed`](crate::Kind::Malformed) if it is not.
    pub fn json(&self) -> Result<&str, Error> {
        let text = self.text()?;
        if !super::json::is_one_value(text) {
            return Err(Error::malformed(format!(
                "{} is not one whole JSON value",
                self.subject()
            )));
        }
        Ok(text)
    }

    /// This response, if its status is 2xx.
    ///
    /// # Errors
    /// [`Error::Refused`] with the status for any other, 401 after a renewal included. What the server wrote is left
    /// out: it may have sent the token back.
    pub fn error_for_status(self) -> Result<Response, Error> {
        if self.is_success() {
            return Ok(self);
        }
        let status = self.status;
        let what = match status {
            300..=399 => ", a redirect, which is not followed",
            401 => ": the API does not take this token; may its user call it?",
            403 => ": the token's user may not do this",
            404 => ": there is no such thing in this API",
            429 | 500..=599 => ": the server has trouble of its own; try again later",
            _ => "",
        };
        let message = format!("{} has the status {status}{what}", self.subject());
        Err(Error::Refused(Box::new(Refusal { message, status, ..Refusal::default() })))
    }

    fn subject(&self) -> String {
        if self.server.is_empty() {
            String::from("the answer")
        } else {
            format!("the answer of {}", self.server)
        }
    }

    pub(crate) fn body_mut(&mut self) -> &mut [u8] {
        self.body.as_mut_slice()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}
