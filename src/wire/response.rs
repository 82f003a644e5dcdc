//! An HTTP response.

use crate::error::{Error, Kind, Refusal};
use crate::secret::Buffer;
use crate::wire::headers::Headers;
use crate::wire::json::{Members, Value, is_one_value, read_members};
use crate::wire::retry_after::retry_after;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
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
    /// Host and port, where they are known, for error messages.
    server: String,
    status: u16,
    reason: Zeroizing<String>,
    headers: Headers,
    body: Buffer,
    /// By the device's clock, in seconds since 1970, if there is one.
    pub(crate) received_at: Option<u64>,
}

impl Response {
    /// Makes a response from what a `Transport` or a firmware's own HTTP client received. It takes over the
    /// body's buffer, and wipes it on drop.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Response {
        let body = Buffer::from(body.into());
        Response::from_parts(String::new(), status, Zeroizing::default(), Headers::default(), body)
    }

    /// Adds a header field.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Response {
        self.headers = self.headers.and(name, value);
        self
    }

    pub(crate) fn from_parts(
        server: String,
        status: u16,
        reason: Zeroizing<String>,
        headers: Headers,
        body: Buffer,
    ) -> Response {
        Response { server, status, reason, headers, body, received_at: None }
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
            Error::malformed(format!("{} is not UTF-8", self.subject())).with_source(error)
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
    /// than 64.
    ///
    /// # Errors
    /// [`Kind::Malformed`](crate::Kind::Malformed) if it is not.
    pub fn json_text(&self) -> Result<&str, Error> {
        let text = self.text()?;
        if !is_one_value(text) {
            let subject = self.subject();
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
        struct Member<'a>(&'a str, Option<Value<'a>>);
        impl<'a> Members<'a> for Member<'a> {
            fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'a>>> {
                (name == self.0).then_some(&mut self.1)
            }
        }
        let mut member = Member(name, None);
        read_members(self.body(), &mut member).map_err(|_| {
            Error::malformed(format!("{} is not one whole JSON object", self.subject()))
        })?;
        match member.1 {
            Some(Value::Text(text)) => Ok(Some(core::mem::take(&mut *text.decoded()))),
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
            let subject = self.subject();
            Error::malformed(format!("{subject} is JSON, but not of the type that was asked for"))
        })
    }

    /// Returns this response if its status code is 2xx.
    ///
    /// # Errors
    /// [`Kind::Status`] for any other, a 401 after a renewal included. The message has nothing of the body, which may
    /// contain the token.
    pub fn error_for_status(self) -> Result<Response, Error> {
        if self.is_success() {
            return Ok(self);
        }
        let status = self.status;
        let what = match status {
            300..=399 => ", a redirect, which is not followed",
            401 => ": the API rejects this token; may its user call it?",
            403 => ": the token's user may not do this",
            404 => ": this API has no such resource",
            429 | 500..=599 => ": the server cannot answer now; try again later",
            _ => "",
        };
        let message = format!("{} has the status {status}{what}", self.subject());
        let retry_after = retry_after(self.header("retry-after"), self.header("date"));
        let refusal = Refusal { status, retry_after, ..Refusal::default() };
        Err(Error::of_refusal(Kind::Status, message, refusal))
    }

    fn subject(&self) -> String {
        if self.server.is_empty() {
            String::from("the answer")
        } else {
            format!("the answer of {}", self.server)
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
