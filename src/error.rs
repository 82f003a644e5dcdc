//! The error type, sorted by what a program or an operator can do about an error.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;
use core::time::Duration;

/// The error of every function in this crate.
///
/// The message names what was being done, to which host and port, what came back, and what to try. It holds no
/// secret: see [A secret is never shown](crate#a-secret-is-never-shown). `Debug` prints the message too, since
/// `fn main() -> Result<(), Error>` prints `Debug`.
///
/// ```no_run
/// use minbearer::{Kind, NetworkCause, jsa};
///
/// # fn example(config: &jsa::Config) {
/// match jsa::get_token(config) {
///     Ok(token) => println!("a token for {:?}", token.lifetime()),
///     Err(error) => match (error.kind(), error.network_cause()) {
///         (Kind::Refused, _) => eprintln!("check the credentials: {error}"),
///         (Kind::Unavailable, _) => eprintln!("the server is down: {error}"),
///         (_, Some(NetworkCause::Lookup)) => eprintln!("DNS: {error}"),
///         (_, Some(NetworkCause::Tls)) => eprintln!("certificate or TLS: {error}"),
///         _ => eprintln!("{error}"),
///     },
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Box<Content>);

#[derive(Clone)]
struct Content {
    kind: Kind,
    message: String,
    is_token_request: bool,
    is_out_of_memory: bool,
    cause: Option<NetworkCause>,
    source: Option<Source>,
    refusal: Option<Refusal>,
}

/// The kind of an [`Error`], for a program to branch on: when it occurs, and what to do.
///
/// ```
/// use minbearer::Kind;
///
/// fn is_worth_another_try(kind: Kind) -> bool {
///     matches!(kind, Kind::Network | Kind::Timeout | Kind::Unavailable)
/// }
/// # assert!(!is_worth_another_try(Kind::Config));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A value that the caller gave is wrong. Correct the argument, variable, file or URL that the message names.
    Config,
    /// The port locator could not be started, failed, or did not print a port. Run it by hand with the service's name.
    Locator,
    /// DNS, connect, the proxy, TLS or I/O failed, or the answer was not HTTP or was cut short;
    /// [`network_cause`](Error::network_cause) says which. Check whether the service is up, and whether name, port and
    /// certificate are right. Or the system has no thread, descriptor or memory left, for a secret's file too.
    Network,
    /// The deadline passed. Check what [`Network`](Self::Network) says, run the port locator by hand, or set a longer
    /// timeout.
    Timeout,
    /// The token server refused the request: a 3xx or 4xx status code, 501, or an OAuth `error` that waiting does not
    /// change, with whatever status code. The message quotes the server, and says what to check.
    Refused,
    /// The token server cannot answer now: 429, another status from 500 on, or the OAuth error `temporarily_unavailable`,
    /// `slow_down` or, unless with 401, `server_error`. Try again later.
    Unavailable,
    /// The status code is 2xx, but the answer has no usable token; or a body is too large, not UTF-8 or not JSON. Check
    /// the URL: the answer is not a token server's, or the server has a bug.
    Malformed,
    /// An API answered with another status code than 2xx. Look it up in the API's documentation. Only
    /// [`Response::error_for_status`](crate::Response::error_for_status) returns this.
    Status,
}

impl Kind {
    /// The exit status of a program that ends because of such an error: that of `minbearer`, and of the C library.
    pub fn exit_status(self) -> u8 {
        match self {
            Kind::Config => 2,
            Kind::Locator => 3,
            Kind::Network => 4,
            Kind::Timeout => 5,
            Kind::Refused | Kind::Status => 6,
            Kind::Malformed => 7,
            Kind::Unavailable => 8,
        }
    }
}

/// What failed below HTTP, for an error of kind [`Network`](Kind::Network).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkCause {
    /// The name has no address, or the resolver failed.
    Lookup,
    /// No connection could be made.
    Connect,
    /// The proxy refused to connect, or its answer was not valid.
    Proxy,
    /// The TLS handshake failed, a certificate was rejected, or a TLS record was invalid.
    Tls,
    /// The connection ended before the answer did.
    CutShort,
    /// The answer is not HTTP, is ambiguous HTTP, or has a head longer than 16 KiB.
    NotHttp,
    /// Another failure of the operating system or of a transport.
    Io,
}

/// A server's refusal, with the fields of an OAuth error response
/// ([RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
///
/// Each text is the server's, cut to 256 characters, with control characters escaped and the secret, password or token
/// redacted. An error code of the RFCs is shown as it is, even if a secret is a part of it.
#[derive(Clone, Debug, Default)]
pub struct Refusal {
    pub(crate) status: u16,
    pub(crate) error: Option<String>,
    pub(crate) error_description: Option<String>,
    pub(crate) error_uri: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) challenge: Option<String>,
    pub(crate) body: Option<String>,
}

impl Refusal {
    /// The HTTP status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The error code, such as `invalid_client` or `invalid_scope`: of the answer's JSON, or of its challenge.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The explanation for a developer, `error_description`.
    pub fn error_description(&self) -> Option<&str> {
        self.error_description.as_deref()
    }

    /// The address of a page about the error, `error_uri`.
    pub fn error_uri(&self) -> Option<&str> {
        self.error_uri.as_deref()
    }

    /// The scope that the API asks for, of the challenge
    /// ([RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)).
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// How long to wait before the next request: the header field `Retry-After`
    /// ([RFC 9110 section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The challenge of a 401 or 403: the header field `WWW-Authenticate`
    /// ([RFC 9110 section 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)).
    pub fn challenge(&self) -> Option<&str> {
        self.challenge.as_deref()
    }

    /// The start of the body of an API's answer to [`Session::send`](crate::Session::send), if it is text. The whole body is
    /// [`Response::body`](crate::Response::body), before
    /// [`error_for_status`](crate::Response::error_for_status).
    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }
}

impl Error {
    fn new(kind: Kind, message: String) -> Error {
        Error(Box::new(Content {
            kind,
            message,
            is_token_request: false,
            is_out_of_memory: false,
            cause: None,
            source: None,
            refusal: None,
        }))
    }

    /// Makes an error of kind [`Config`](Kind::Config), for an implementation of `Flow` or `Transport`. The message must
    /// hold no secret, here and in the constructors below.
    pub fn config(message: impl Into<String>) -> Error {
        Error::new(Kind::Config, message.into())
    }

    /// Makes an error of kind [`Locator`](Kind::Locator).
    pub fn locator(message: impl Into<String>) -> Error {
        Error::new(Kind::Locator, message.into())
    }

    /// Makes an error of kind [`Network`](Kind::Network) with the cause [`Io`](NetworkCause::Io), unless
    /// [`with_network_cause`](Self::with_network_cause) sets another.
    pub fn network(message: impl Into<String>) -> Error {
        Error::new(Kind::Network, message.into()).with_network_cause(NetworkCause::Io)
    }

    /// Makes an error of kind [`Timeout`](Kind::Timeout).
    pub fn timeout(message: impl Into<String>) -> Error {
        Error::new(Kind::Timeout, message.into())
    }

    /// Makes an error of kind [`Malformed`](Kind::Malformed).
    pub fn malformed(message: impl Into<String>) -> Error {
        Error::new(Kind::Malformed, message.into())
    }

    /// An error of kind `Malformed` for want of memory, not for what the server sent.
    pub(crate) fn out_of_memory(message: &str) -> Error {
        let mut error = Error::malformed(message);
        error.0.is_out_of_memory = true;
        error
    }

    pub(crate) fn is_out_of_memory(&self) -> bool {
        self.0.is_out_of_memory
    }

    /// An error of kind `Refused`, `Unavailable` or `Status`.
    pub(crate) fn of_refusal(kind: Kind, message: String, refusal: Refusal) -> Error {
        let mut error = Error::new(kind, message);
        error.0.refusal = Some(refusal);
        error
    }

    /// The kind of this error.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What failed, for an error of kind [`Network`](Kind::Network); `None` for every other kind.
    pub fn network_cause(&self) -> Option<NetworkCause> {
        self.0.cause
    }

    /// The server's refusal, for an error of kind [`Refused`](Kind::Refused), [`Unavailable`](Kind::Unavailable) or
    /// [`Status`](Kind::Status); `None` for every other kind.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.0.refusal.as_ref()
    }

    /// Whether the token request failed, as opposed to a call of an API. A program that speaks to both through one
    /// gateway cannot tell by the host.
    pub fn is_token_request(&self) -> bool {
        self.0.is_token_request
    }

    /// Sets what failed below HTTP. Only an error of kind [`Network`](Kind::Network) has a cause; others are returned
    /// unchanged.
    pub fn with_network_cause(mut self, cause: NetworkCause) -> Error {
        if self.0.kind == Kind::Network {
            self.0.cause = Some(cause);
        }
        self
    }

    /// Sets the source of this error, which must hold no secret. Its text is kept, cut to 256 characters and with control
    /// characters escaped. If the message has that text already, only the kind of an operating system's error is kept,
    /// so that a chain which is printed as a whole says it once.
    pub fn with_source(self, source: impl core::error::Error + 'static) -> Error {
        self.with_source_of_any_type(&source)
    }

    fn with_source_of_any_type(mut self, source: &(dyn core::error::Error + 'static)) -> Error {
        let text = source.to_string();
        // `str::contains` would be the one user of the standard library's search in two ways.
        let mut parts = self.0.message.as_bytes().windows(text.len().max(1));
        let is_said = text.is_empty() || parts.any(|part| part == text.as_bytes());
        let shown = if is_said { os_error(source) } else { Some(text) };
        self.0.source = shown.map(|text| Source(escaped(&text, MAX_SHOWN_CHARS)));
        self
    }

    pub(crate) fn of_token_request(mut self) -> Error {
        self.0.is_token_request = true;
        self
    }

    /// Appends to the message.
    pub(crate) fn with_note(mut self, note: &str) -> Error {
        self.0.message.push_str(note);
        self
    }
}

/// For the program's own advice.
#[cfg(feature = "std")]
pub fn add_note(error: Error, note: &str) -> Error {
    error.with_note(note)
}

#[cfg_attr(not(feature = "std"), allow(unused_variables))]
fn os_error(source: &(dyn core::error::Error + 'static)) -> Option<String> {
    #[cfg(feature = "std")]
    return source.downcast_ref::<std::io::Error>().map(|error| error.kind().to_string());
    #[cfg(not(feature = "std"))]
    None
}

/// The text of an error's source. The error itself would need an `Arc`, which a processor without compare-and-swap does
/// not have, and its own text may be long and hold terminal escapes.
#[derive(Clone)]
struct Source(String);

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for Source {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source as _)
    }
}

/// The longest text of a server or a library that is shown, in characters.
pub(crate) const MAX_SHOWN_CHARS: usize = 256;

/// Without an operating system nobody has the program's options or reads a long advice, and each byte of it is flash.
pub(crate) const HAS_NO_READER: bool = cfg!(not(feature = "std"));

/// A text on one line: escaped, and then cut to so many characters.
fn escaped(text: &str, max_chars: usize) -> String {
    let mut shown = String::new();
    let mut shown_chars = 0;
    for character in text.chars() {
        let shown_before = shown.len();
        push_escaped(character, &mut shown);
        shown_chars += shown.get(shown_before..).unwrap_or_default().chars().count();
        if shown_chars > max_chars {
            shown.truncate(shown_before);
            break;
        }
    }
    shown
}

/// A text on one line: line breaks, control characters and those that reorder a line are escaped.
#[cfg(feature = "std")]
pub fn on_a_line(text: &str) -> String {
    escaped(text, usize::MAX)
}

/// Appends a character to a message, escaped if it would end the line, control a terminal, reorder the text or be
/// invisible.
pub(crate) fn push_escaped(character: char, out: &mut String) {
    // Control characters, and characters that reorder a line or are invisible in it: Unicode's
    // Default_Ignorable_Code_Point, where a text could be hidden.
    const ESCAPED: [(u16, u16); 16] = [
        (0, 0x1f),
        (0x7f, 0x9f),
        (0xad, 0xad),
        (0x34f, 0x34f),
        (0x61c, 0x61c),
        (0x115f, 0x1160),
        (0x17b4, 0x17b5),
        (0x180b, 0x180f),
        (0x200b, 0x200f),
        (0x2028, 0x202e),
        (0x2060, 0x206f),
        (0x3164, 0x3164),
        (0xfe00, 0xfe0f),
        (0xfeff, 0xfeff),
        (0xffa0, 0xffa0),
        (0xfff0, 0xfffb),
    ];
    let is_escaped = match u16::try_from(character as u32) {
        Ok(code) => ESCAPED.iter().any(|(first, last)| (*first..=*last).contains(&code)),
        Err(_) => matches!(
            character,
            '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}'
        ),
    };
    if character == '\n' {
        out.push_str("\\n");
    } else if is_escaped {
        out.push_str("\\u{");
        push_digits(character as usize, 16, out);
        out.push('}');
    } else {
        out.push(character);
    }
}

/// A number in decimal digits. The formatter for integers would add 1.4 KB to a program without the standard library.
pub fn digits(number: usize) -> String {
    let mut text = String::new();
    push_digits(number, 10, &mut text);
    text
}

/// Appends a number in digits of a base up to 16.
pub(crate) fn push_digits(number: usize, base: usize, out: &mut String) {
    if number >= base {
        push_digits(number / base, base, out);
    }
    out.extend(char::from_digit((number % base) as u32, 16));
}

#[cfg(test)]
mod tests;
