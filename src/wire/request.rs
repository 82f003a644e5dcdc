//! An HTTP request, and its bytes in HTTP/1.1.

use super::form::encode_pairs;
use super::redact::trimmed;
use super::url::Url;
#[cfg(feature = "tls-no-provider")]
use super::url::before;
use crate::error::{Error, digits};
use crate::secret::{Buffer, Secret};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use zeroize::Zeroizing;

/// The limit for the answer to a token request.
const MAX_TOKEN_ANSWER_BYTES: usize = 64 * 1024;
/// The limit for the answer to an API call.
pub(super) const MAX_API_ANSWER_BYTES: usize = 1024 * 1024;

/// Header fields that are sent unless the request has them, by name.
const DEFAULT_HEADERS: [(&str, &str); 2] = [
    ("accept-encoding", "Accept-Encoding: identity\r\n"),
    ("user-agent", concat!("User-Agent: minbearer/", env!("CARGO_PKG_VERSION"), "\r\n")),
];

/// A request method ([RFC 9110 section 9](https://www.rfc-editor.org/rfc/rfc9110#section-9)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`: its answer has no body, whatever its header fields say.
    Head,
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
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// An HTTP request.
///
/// URL, header values, body and the secrets that were named to it are wiped when it is dropped, and its `Debug` shows
/// method, scheme, host and port only.
///
/// ```
/// use minbearer::Request;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), minbearer::Error> {
/// let request = Request::post("https://console/api/ariel/searches")?
///     .with_header("Version", "20.0")?
///     .with_body("application/json", r#"{"query": "…"}"#)?
///     .with_timeout(Duration::from_secs(30))
///     .with_max_answer_bytes(8 * 1024 * 1024);
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Request {
    method: Method,
    url: Url,
    headers: Vec<(String, Zeroizing<String>)>,
    body: Option<Buffer>,
    max_answer_bytes: usize,
    timeout: Option<Duration>,
    is_for_token: bool,
    #[cfg(feature = "std")]
    allows_plain_http: bool,
    /// The secrets that are redacted if the server sends them back.
    secrets: Vec<Zeroizing<String>>,
    has_outer_space: bool,
}

impl Request {
    /// Makes a `GET` request to an absolute URL.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a URL that [`Url::parse`] refuses.
    pub fn get(url: &str) -> Result<Request, Error> {
        Request::new(Method::Get, url)
    }

    /// Makes a `POST` request to an absolute URL. Errors as for [`Request::get`].
    pub fn post(url: &str) -> Result<Request, Error> {
        Request::new(Method::Post, url)
    }

    /// Makes a `PUT` request to an absolute URL. Errors as for [`Request::get`].
    pub fn put(url: &str) -> Result<Request, Error> {
        Request::new(Method::Put, url)
    }

    /// Makes a request with any method. Errors as for [`Request::get`].
    pub fn new(method: Method, url: &str) -> Result<Request, Error> {
        Ok(Request::to(method, Url::parse("the request URL", url)?))
    }

    /// Makes a request to a URL that was parsed before.
    pub fn to(method: Method, url: Url) -> Request {
        Request {
            method,
            url,
            headers: Vec::new(),
            body: None,
            max_answer_bytes: MAX_API_ANSWER_BYTES,
            timeout: None,
            is_for_token: false,
            #[cfg(feature = "std")]
            allows_plain_http: false,
            secrets: Vec::new(),
            has_outer_space: false,
        }
    }

    /// Makes a token request, for a flow of your own: it asks for JSON, no more than 64 KiB of it are read, and an error
    /// calls it the token request. Any other request is an API call there.
    pub fn for_token(method: Method, url: Url) -> Request {
        let mut request = Request::to(method, url).with_max_answer_bytes(MAX_TOKEN_ANSWER_BYTES);
        request.is_for_token = true;
        request.push_header("Accept", Zeroizing::new(String::from("application/json")));
        request
    }

    /// Adds a parameter to the URL's query, percent-encoded
    /// ([RFC 3986 section 2.1](https://www.rfc-editor.org/rfc/rfc3986#section-2.1)). The same name may be added again.
    ///
    /// ```
    /// use minbearer::Request;
    ///
    /// # fn main() -> Result<(), minbearer::Error> {
    /// let request = Request::post("https://console/api/ariel/searches")?
    ///     .with_query("query_expression", "SELECT * FROM flows LAST 1 HOURS");
    /// let query = request.url().path_and_query().split_once('?').unwrap().1;
    /// assert!(query.starts_with("query_expression=SELECT%20%2A%20FROM"));
    /// # Ok(()) }
    /// ```
    pub fn with_query(mut self, name: &str, value: &str) -> Request {
        self.url = self.url.with_query(name, value);
        self
    }

    /// Adds a header field. See [A header cannot be forged](crate#a-header-cannot-be-forged).
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a name that is not a token of
    /// [RFC 9110 section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2), for a value with a
    /// byte outside `0x20..=0x7E`, and for the fields that are derived from the request itself:
    /// `Host`, `Connection`, `Content-Length`, `Transfer-Encoding`.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Request, Error> {
        check_header(name, value)?;
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

    /// Sets the body to these pairs of names and values, as `application/x-www-form-urlencoded`.
    pub fn with_form(mut self, pairs: &[(&str, &str)]) -> Request {
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        let content_type = String::from("application/x-www-form-urlencoded");
        self.push_header("Content-Type", Zeroizing::new(content_type));
        let mut form = encode_pairs("", pairs);
        self.body = Some(Buffer::from(core::mem::take(&mut *form).into_bytes()));
        self
    }

    /// Names a secret that this request carries. If the server sends it back, it is redacted in the error: see
    /// [A secret is never shown](crate#a-secret-is-never-shown).
    pub fn with_secret(mut self, secret: impl Into<Secret>) -> Request {
        let secret = secret.into();
        self.note_outer_space(secret.expose());
        if !secret.is_empty() {
            self.secrets.push(Zeroizing::new(String::from(secret.expose())));
        }
        self
    }

    /// Notes whether an id or secret that is sent begins or ends with white space, which a refusal then says.
    pub(crate) fn note_outer_space(&mut self, sent: &str) {
        self.has_outer_space |= trimmed(sent).len() != sent.len();
    }

    pub(crate) fn has_outer_space(&self) -> bool {
        self.has_outer_space
    }

    /// Sets the time limit for [`Session::send`](crate::Session::send) of this request, in place of the flow's; a day at
    /// most. `get_token` and a [`Transport`](crate::Transport) are given their deadline, and ignore it.
    pub fn with_timeout(mut self, timeout: Duration) -> Request {
        self.timeout = Some(timeout);
        self
    }

    /// Lets [`Session::send`](crate::Session::send) send the token over plain `http` beyond loopback, in clear. It is not
    /// needed where the token itself comes over plain `http`.
    #[cfg(feature = "std")]
    pub fn with_plain_http(mut self) -> Request {
        self.allows_plain_http = true;
        self
    }

    #[cfg(feature = "std")]
    pub(crate) fn allows_plain_http(&self) -> bool {
        self.allows_plain_http
    }

    /// Sets the limit for the answer's body, in bytes, in place of 64 KiB for a token and 1 MiB for an API call.
    pub fn with_max_answer_bytes(mut self, bytes: usize) -> Request {
        self.max_answer_bytes = bytes;
        self
    }

    pub(crate) fn push_header(&mut self, name: &str, value: Zeroizing<String>) {
        self.headers.push((String::from(name), value));
    }

    /// Sets the `Authorization` header, in place of any that was there.
    #[cfg(feature = "std")]
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

    /// Names and values of the header fields, without the framing ones (`Host`, `Content-Length`, …). A
    /// value may be a credential.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The body. It may hold a secret.
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// The limit for the answer's body, in bytes.
    pub fn max_answer_bytes(&self) -> usize {
        self.max_answer_bytes
    }

    /// The time limit for this request, if it has one of its own.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// What a message calls it.
    pub(crate) fn what(&self) -> &'static str {
        if self.is_for_token { "token request" } else { "API call" }
    }

    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(|secret| secret.as_str())
    }

    /// These, and what an `Authorization` header has after its scheme.
    #[cfg(feature = "tls-no-provider")]
    pub(crate) fn known_secrets(&self) -> Vec<&str> {
        let mut secrets = Vec::new();
        // A static program with `collect` is larger.
        for secret in &self.secrets {
            secrets.push(secret.as_str());
        }
        for (name, value) in &self.headers {
            if name.eq_ignore_ascii_case("authorization") {
                secrets.push(value.get(before(value, b" :").len() + 1..).unwrap_or(value));
            }
        }
        secrets
    }

    /// Serializes the request, head and body, for an HTTP/1.1 connection that is closed after the answer. The
    /// buffer holds the request's secrets and is wiped when it is dropped.
    ///
    /// Two header fields are added unless the request has them: `Accept-Encoding: identity`, since without it a server may
    /// send any coding ([RFC 9110 section 12.5.3](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3)), and
    /// `User-Agent: minbearer/VERSION`, without which some firewalls refuse a request.
    ///
    /// Send it to [`Url::host`] and [`Url::port`], through TLS if [`Url::is_https`] says so, and pass the answer to
    /// [`incoming`](Self::incoming).
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut len = 0;
        self.each_part(&mut |part| len += part.len());
        let mut bytes = Zeroizing::new(Vec::with_capacity(len));
        self.each_part(&mut |part| bytes.extend_from_slice(part));
        bytes
    }

    /// Passes on what is sent, piece by piece.
    fn each_part(&self, take: &mut dyn FnMut(&[u8])) {
        let mut each = |parts: &[&str]| parts.iter().for_each(|part| take(part.as_bytes()));
        let (url, body) = (self.url(), self.body());
        let (method, path) = (self.method().as_str(), url.path_and_query());
        each(&[method, " ", path, " HTTP/1.1\r\nHost: ", url.host()]);
        if url.port() != if url.is_https() { 443 } else { 80 } {
            each(&[&format!(":{}", digits(url.port().into()))]);
        }
        each(&["\r\nConnection: close\r\n"]);
        for (name, field) in DEFAULT_HEADERS {
            if !self.headers().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                each(&[field]);
            }
        }
        for (name, value) in self.headers() {
            each(&[name, ": ", value, "\r\n"]);
        }
        // RFC 9110 section 8.6: these methods are expected to have a body, so an empty one is declared.
        if body.is_some() || matches!(self.method(), Method::Post | Method::Put | Method::Patch) {
            each(&["Content-Length: ", &digits(body.map_or(0, <[u8]>::len)), "\r\n"]);
        }
        each(&["\r\n"]);
        take(body.unwrap_or_default());
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

/// Whether a header may be added to a request: see [`Request::with_header`].
pub(crate) fn check_header(name: &str, value: &str) -> Result<(), Error> {
    const FRAMING: [&str; 4] = ["host", "connection", "content-length", "transfer-encoding"];
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(Error::config("the request has a header name that is not an HTTP token"));
    }
    if FRAMING.iter().any(|framing| name.eq_ignore_ascii_case(framing)) {
        return Err(Error::config(format!(
            "the header {name} is derived from the request and cannot be set"
        )));
    }
    if !value.bytes().all(|byte| matches!(byte, 0x20..=0x7E)) {
        return Err(Error::config(format!(
            "the value of the header {name} has a control or non-ASCII character"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_as_rfc_9112_has_it_in_a_buffer_of_the_right_size() {
        let request = |method, url| Request::new(method, url).unwrap();
        let get = |url| request(Method::Get, url).with_header("Accept", "*/*").unwrap();
        let post = || request(Method::Post, "https://h:444/t");
        for (request, expected) in [
            (
                get("http://h/p?q=1"),
                "GET /p?q=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\nDEFAULTSAccept: */*\r\n\r\n",
            ),
            (
                get("http://h:443"),
                "GET / HTTP/1.1\r\nHost: h:443\r\nConnection: close\r\nDEFAULTSAccept: */*\r\n\r\n",
            ),
            (
                get("https://h:443"),
                "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nDEFAULTSAccept: */*\r\n\r\n",
            ),
            (
                get("http://[::1]:8080/"),
                "GET / HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: close\r\nDEFAULTSAccept: */*\r\n\r\n",
            ),
            (
                post().with_body("text/plain", "é!").unwrap(),
                "POST /t HTTP/1.1\r\nHost: h:444\r\nConnection: close\r\nDEFAULTSContent-Type: text/plain\r\nContent-Length: 3\r\n\r\né!",
            ),
            (
                post().with_body("text/plain", "x").unwrap().with_form(&[("a", "b c")]),
                "POST /t HTTP/1.1\r\nHost: h:444\r\nConnection: close\r\nDEFAULTSContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\na=b%20c",
            ),
            (
                request(Method::Head, "http://h/p"),
                "HEAD /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\nDEFAULTS\r\n",
            ),
            (
                Request::put("http://h/p").unwrap(),
                "PUT /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\nDEFAULTSContent-Length: 0\r\n\r\n",
            ),
            (
                post(),
                "POST /t HTTP/1.1\r\nHost: h:444\r\nConnection: close\r\nDEFAULTSContent-Length: 0\r\n\r\n",
            ),
        ] {
            let bytes = request.to_bytes();
            let defaults = DEFAULT_HEADERS.map(|(_, field)| field).concat();
            let expected = expected.replace("DEFAULTS", &defaults);
            assert_eq!(core::str::from_utf8(&bytes).unwrap(), expected);
            assert_eq!(bytes.capacity(), bytes.len(), "{expected} was sized beforehand");
        }
    }

    #[test]
    fn a_coding_and_a_user_agent_of_the_callers_replace_those_of_the_crate() {
        let request = Request::get("http://h/").unwrap().with_header("user-agent", "a").unwrap();
        let request = request.with_header("ACCEPT-ENCODING", "gzip").unwrap();
        assert_eq!(
            core::str::from_utf8(&request.to_bytes()).unwrap(),
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nuser-agent: a\r\nACCEPT-ENCODING: gzip\r\n\r\n"
        );
        let bytes = Request::get("http://h/").unwrap().to_bytes();
        let head = core::str::from_utf8(&bytes).unwrap();
        assert!(
            head.contains("\r\nAccept-Encoding: identity\r\nUser-Agent: minbearer/0."),
            "{head}"
        );
    }
}
