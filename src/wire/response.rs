//! An HTTP response.

use crate::error::{Error, HAS_NO_READER, Kind, Refusal};
use crate::secret::Buffer;
use crate::wire::challenge::parameter;
use crate::wire::error_code::shown_code;
use crate::wire::headers::Headers;
use crate::wire::json::{Unreadable, Value, is_one_value, read_members, without_byte_order_mark};
use crate::wire::not_json::latin_1;
use crate::wire::redact::redacted;
#[cfg(feature = "std")]
use crate::wire::request::Request;
use crate::wire::retry_after::retry_after;
#[cfg(feature = "std")]
use crate::wire::token::Token;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use zeroize::Zeroizing;

/// A complete HTTP response.
///
/// Header values and body are wiped when it is dropped, and its `Debug` shows the status only.
///
/// ```
/// use minbearer::Response;
///
/// # fn main() -> Result<(), minbearer::Error> {
/// let response = Response::new(200, r#"["flows", "events"]"#)
///     .with_header("Version", "20.0");
/// assert_eq!(response.header("version"), Some("20.0"));
/// let databases = response.error_for_status()?.json_text()?.to_owned();
/// # assert_eq!(databases, r#"["flows", "events"]"#);
/// # Ok(()) }
/// ```
pub struct Response {
    /// The answer of which host and port to what, where that is known, for error messages.
    subject: String,
    status: u16,
    reason: Zeroizing<String>,
    headers: Headers,
    body: Buffer,
    /// By the device's clock, in seconds since 1970, if there is one.
    pub(crate) received_at: Option<u64>,
    /// What an API refused, read while the token was known that may be in it.
    refusal: Option<Box<Refusal>>,
    /// Whether there was a body, and none of it was kept.
    pub(crate) is_unread: bool,
}

impl Response {
    /// Makes a response from what a `Transport` or a firmware's own HTTP client received. It takes over the
    /// body's buffer, and wipes it on drop.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Response {
        let body = Buffer::from(body.into());
        let (subject, reason) = (String::from("the answer"), Zeroizing::default());
        Response::from_parts(subject, status, reason, Headers::default(), body)
    }

    /// Adds a header field.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Response {
        self.headers = self.headers.and(name, value);
        self
    }

    /// Has a refusal that is no UTF-8 read as Latin-1.
    #[inline(never)]
    pub(crate) fn make_readable(&mut self) {
        if HAS_NO_READER || self.is_success() {
            return;
        }
        if let Some(mut text) = latin_1(&self.body) {
            self.body = Buffer::from(core::mem::take(&mut *text).into_bytes());
        }
    }

    pub(crate) fn from_parts(
        subject: String,
        status: u16,
        reason: Zeroizing<String>,
        headers: Headers,
        body: Buffer,
    ) -> Response {
        let (received_at, refusal, is_unread) = (None, None, false);
        Response { subject, status, reason, headers, body, received_at, refusal, is_unread }
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        is_success(self.status)
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    /// The value of the first header field of that name, compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim_ascii())
    }

    /// Names and values of all header fields, in the order of the answer.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter()
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
            Error::malformed(format!("{} is not UTF-8", self.subject)).with_source(error)
        })
    }

    /// Returns the body's own buffer as text. It is no longer wiped: the caller has to do it.
    ///
    /// # Errors
    /// As for [`text`](Self::text).
    pub fn into_text(mut self) -> Result<String, Error> {
        self.text()?;
        let body = core::mem::take(&mut self.body).into_vec();
        Ok(String::from_utf8(body).unwrap_or_default()) // it was checked above
    }

    /// The body as text that is one complete JSON value, with nothing after it, nested no deeper
    /// than 64. A byte order mark before it is left out.
    ///
    /// # Errors
    /// [`Kind::Malformed`](crate::Kind::Malformed) if it is not.
    pub fn json_text(&self) -> Result<&str, Error> {
        let text = without_byte_order_mark(self.text()?);
        if !is_one_value(text) {
            let subject = &self.subject;
            return Err(Error::malformed(format!("{subject} is not one whole JSON value")));
        }
        Ok(text)
    }

    /// A string member of the body, which is one JSON object, without miniserde: for a program that needs one text, or
    /// has little memory. `None` if there is no such member, or it is no string.
    ///
    /// # Errors
    /// [`Kind::Malformed`](crate::Kind::Malformed) if the body is not one JSON object, or has that member twice.
    pub fn json_member(&self, name: &str) -> Result<Option<String>, Error> {
        let mut member = [(name, None)];
        let subject = &self.subject;
        read_members(self.body(), &mut member).map_err(|error| {
            Error::malformed(match error {
                Unreadable::NotJson => format!("{subject} is not one whole JSON object"),
                Unreadable::Twice(name) => format!("{subject} has the member {name} twice"),
            })
        })?;
        match member {
            [(_, Some(Value::Text(text)))] => Ok(Some(core::mem::take(&mut *text.decoded()))),
            _ => Ok(None),
        }
    }

    /// Reads the body, JSON, into a type of the program. Members that the type does not have are ignored.
    ///
    /// ```
    /// use minbearer::{Response, miniserde};
    ///
    /// #[derive(miniserde::Deserialize)]
    /// struct Offense {
    ///     id: u64,
    ///     status: String,
    /// }
    ///
    /// # fn main() -> Result<(), minbearer::Error> {
    /// let response = Response::new(200, r#"[{"id": 7, "status": "OPEN"}]"#);
    /// let offenses: Vec<Offense> = response.json()?;
    /// assert_eq!((offenses[0].id, offenses[0].status.as_str()), (7, "OPEN"));
    /// # Ok(()) }
    /// ```
    ///
    /// The program needs [miniserde](https://docs.rs/miniserde) among its dependencies for the derive, of the same major
    /// version as [`minbearer::miniserde`](crate::miniserde). miniserde wipes nothing: what it copies while it reads, such
    /// as a string with an escape, stays in freed memory. For another library, [`json_text`](Self::json_text) is the
    /// input: `serde_json::from_str(response.json_text()?)`.
    ///
    /// # Errors
    /// [`Kind::Malformed`](crate::Kind::Malformed) if the body is not one complete JSON value, or not of that type.
    #[cfg(feature = "miniserde")]
    pub fn json<T: miniserde::Deserialize>(&self) -> Result<T, Error> {
        miniserde::json::from_str(self.json_text()?).map_err(|_| {
            let subject = &self.subject;
            Error::malformed(format!("{subject} is JSON, but not of the type that was asked for"))
        })
    }

    /// How long the server asks to wait before the next request, by its header field `Retry-After`
    /// ([RFC 9110 section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)): a number of seconds, or a date,
    /// of which the answer's own `Date` is taken off.
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(self.header("retry-after"), self.header("date"))
    }

    /// Returns this response if its status code is 2xx.
    ///
    /// # Errors
    /// [`Kind::Status`] for any other, a 401 after a renewal included. The message quotes the challenge of a 401 or 403
    /// ([RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)); [`Error::refusal`] has its fields. The
    /// message has nothing of the body; of an answer to [`Session::send`](crate::Session::send),
    /// [`Refusal::body`] has the start, in which the token is redacted.
    pub fn error_for_status(self) -> Result<Response, Error> {
        if self.is_success() {
            return Ok(self);
        }
        let is_redirect = self.header("location").is_some();
        let refusal = match self.refusal {
            Some(refusal) => *refusal,
            None => self.read_refusal(&[]),
        };
        let what = match (self.status, refusal.error()) {
            (304, _) => "what was asked for has not changed",
            (300..=399, _) if is_redirect => "a redirect, which is not followed",
            (_, Some("insufficient_scope")) => {
                "the token lacks a scope that this call needs; ask for it, and have it granted to this client"
            }
            (401, _) => {
                "the API rejects this token: it may have expired, be of another server than the API trusts, or be meant for another API"
            }
            (403, _) => {
                "the API does not allow this with this token; have the right granted to this client"
            }
            (404, _) => "this API has no such resource",
            (413 | 414 | 431, _) => {
                "the request is too large for the server, or for a proxy in between; send less, or have the limit raised there"
            }
            (501, _) => "the server does not support this",
            (429 | 500.., _) => "the server cannot answer now; try again later",
            _ => "see what the body of the answer says, and the API's documentation",
        };
        let mut message = format!("{} has the status {}: {what}", self.subject, self.status);
        if let (401 | 403, Some(challenge)) = (self.status, refusal.challenge()) {
            message.push_str("; its challenge is ");
            message.push_str(challenge);
        }
        Err(Error::of_refusal(Kind::Status, message, refusal))
    }

    /// Reads the refusal of an API, if it is one, while what was sent is known.
    #[cfg(feature = "std")]
    pub(crate) fn after(mut self, request: &Request, token: &Token) -> Response {
        if !self.is_success() {
            let mut secrets = Vec::from([token.access_token()]);
            // A static program with `collect` has 304 bytes more.
            for secret in request.secrets() {
                secrets.push(secret);
            }
            let mut refusal = self.read_refusal(&secrets);
            let latin_1 = latin_1(&self.body);
            let text = latin_1.as_ref().map_or(&*self.body, |text| text.as_bytes());
            refusal.body = core::str::from_utf8(text).ok().map(|text| redacted(text, &secrets));
            self.refusal = Some(Box::new(refusal));
        }
        self
    }

    /// The challenge: that which has an error, if there are several fields, or else the first.
    pub(super) fn challenge(&self) -> Option<&str> {
        let fields = || {
            let fields = self.headers();
            fields
                .filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"))
                .map(|(_, value)| value)
        };
        fields()
            .find(|challenge| parameter(challenge, "error").is_some())
            .or_else(|| fields().next())
    }

    /// The refusal but for the body, which may have the token.
    fn read_refusal(&self, secrets: &[&str]) -> Refusal {
        let challenge = self.challenge();
        let show = |text: &str| redacted(text, secrets);
        let parameter = |name| parameter(challenge?, name);
        Refusal {
            status: self.status,
            error: parameter("error").map(|code| shown_code(&code, secrets)),
            error_description: parameter("error_description").map(|text| show(&text)),
            error_uri: parameter("error_uri").map(|uri| show(&uri)),
            scope: parameter("scope").map(|scope| show(&scope)),
            retry_after: self.retry_after(),
            challenge: challenge.map(show),
            body: None,
        }
    }
}

pub(crate) fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}
