//! The error type, sorted by what a program or an operator can do about an error.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt::{self, Write};
use core::time::Duration;

/// The error of every function in this crate.
///
/// The message names what was being done, to which host and port, what came back, and what to try. It holds no
/// secret: see [A secret is never shown](crate#a-secret-is-never-shown). `Debug` prints the message too, since
/// `fn main() -> Result<(), Error>` prints `Debug`.
///
/// ```no_run
/// use minbearer::{Error, NetworkCause, jsa};
///
/// # fn example(config: &jsa::Config) {
/// match jsa::get_token(config) {
///     Ok(token) => println!("a token for {:?}", token.lifetime()),
///     Err(Error::Refused(why)) => eprintln!("refused: {:?}", why.error()),
///     Err(Error::Unavailable(why)) => eprintln!("down: {:?}", why.retry_after()),
///     Err(error) => match error.network_cause() {
///         Some(NetworkCause::Lookup) => eprintln!("DNS: {error}"),
///         Some(NetworkCause::Tls) => eprintln!("certificate or TLS: {error}"),
///         _ => eprintln!("{error}"),
///     },
/// }
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Error {
    /// A value that the caller gave is wrong: an argument, a variable, a file, a URL.
    Config(Failure),
    /// The port locator could not be started, failed, or did not print a port.
    Locator(Failure),
    /// DNS, connect, TLS or I/O failed, or the answer was not HTTP or was cut short;
    /// [`network_cause`](Error::network_cause) says which.
    Network(Failure),
    /// The deadline passed.
    Timeout(Failure),
    /// The token server refused the request: a 3xx or 4xx status code, or an OAuth `error`.
    Refused(Box<Refusal>),
    /// The token server cannot answer now: 429, 5xx, or the OAuth error `temporarily_unavailable`.
    Unavailable(Box<Refusal>),
    /// The status code is 2xx, but the answer has no usable token; or a body is too large, not UTF-8 or not JSON.
    Malformed(Failure),
    /// An API answered with another status code than 2xx. Only
    /// [`Response::error_for_status`](crate::Response::error_for_status) returns this.
    Status(Box<Refusal>),
}

/// The kind of an [`Error`], for a program to branch on. Each variant says what to do; [`Error`] says when it occurs.
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
    /// Correct the argument, variable, file or URL that the message names. See [`Error::Config`].
    Config,
    /// Run the port locator by hand with the service's name; it must print a port. See [`Error::Locator`].
    Locator,
    /// Check whether the service is up, and whether name, port and certificate are right. See [`Error::Network`].
    Network,
    /// Check what [`Network`](Self::Network) says, run the port locator by hand, or set a longer timeout. See
    /// [`Error::Timeout`].
    Timeout,
    /// Check the credentials; the message quotes the server. See [`Error::Refused`].
    Refused,
    /// Try again later. See [`Error::Unavailable`].
    Unavailable,
    /// Check the URL. The answer is not a token server's, or the server has a bug. See [`Error::Malformed`].
    Malformed,
    /// Look up the status code in the API's documentation. See [`Error::Status`].
    Status,
}

/// What failed below HTTP, for an error of kind [`Network`](Kind::Network).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkCause {
    /// The name has no address, or the resolver failed.
    Lookup,
    /// No connection could be made.
    Connect,
    /// The TLS handshake failed, a certificate was rejected, or a TLS record was invalid.
    Tls,
    /// The connection ended before the answer did.
    CutShort,
    /// The answer is not HTTP, is ambiguous HTTP, or has a head longer than 8 KiB.
    NotHttp,
    /// Another failure of the operating system or of a transport.
    Io,
}

/// An error message and, if there is one, the source of the error.
#[derive(Clone)]
pub struct Failure {
    message: String,
    cause: Option<NetworkCause>,
    source: Option<Source>,
}

/// The source of an error. A processor without compare-and-swap has no `Arc`; there only the source's text is kept.
#[cfg(target_has_atomic = "ptr")]
type Source = alloc::sync::Arc<dyn core::error::Error + Send + Sync>;
#[cfg(not(target_has_atomic = "ptr"))]
type Source = SourceText;

#[cfg(not(target_has_atomic = "ptr"))]
#[derive(Clone, Debug)]
struct SourceText(String);

#[cfg(not(target_has_atomic = "ptr"))]
impl fmt::Display for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(not(target_has_atomic = "ptr"))]
impl core::error::Error for SourceText {}

#[cfg(target_has_atomic = "ptr")]
fn keep(source: impl core::error::Error + Send + Sync + 'static) -> Source {
    alloc::sync::Arc::new(Shown(source))
}

/// An error whose `Debug` prints its `Display`: the `Debug` of std's errors links tables of Unicode.
#[cfg(target_has_atomic = "ptr")]
struct Shown<E>(E);

#[cfg(target_has_atomic = "ptr")]
impl<E: fmt::Display> fmt::Display for Shown<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(target_has_atomic = "ptr")]
impl<E: fmt::Display> fmt::Debug for Shown<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(target_has_atomic = "ptr")]
impl<E: core::error::Error> core::error::Error for Shown<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.0.source()
    }
}

#[cfg(not(target_has_atomic = "ptr"))]
fn keep(source: impl core::error::Error + Send + Sync + 'static) -> Source {
    SourceText(alloc::format!("{source}"))
}

/// A server's refusal, with the fields of an OAuth error response
/// ([RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
///
/// Each text is the server's, cut to 256 characters, with control characters escaped and the secret or password
/// redacted.
#[derive(Clone, Default)]
pub struct Refusal {
    pub(crate) message: String,
    pub(crate) status: u16,
    pub(crate) error: Option<String>,
    pub(crate) error_description: Option<String>,
    pub(crate) error_uri: Option<String>,
    pub(crate) retry_after: Option<Duration>,
}

impl Refusal {
    /// The HTTP status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The error code, such as `invalid_client` or `invalid_scope`.
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

    /// How long to wait before the next request: the header field `Retry-After`
    /// ([RFC 9110 section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl Error {
    /// The kind of this error.
    pub fn kind(&self) -> Kind {
        match self {
            Error::Config(_) => Kind::Config,
            Error::Locator(_) => Kind::Locator,
            Error::Network(_) => Kind::Network,
            Error::Timeout(_) => Kind::Timeout,
            Error::Refused(_) => Kind::Refused,
            Error::Unavailable(_) => Kind::Unavailable,
            Error::Malformed(_) => Kind::Malformed,
            Error::Status(_) => Kind::Status,
        }
    }

    /// What failed, for an error of kind [`Network`](Kind::Network); `None` for every other kind.
    pub fn network_cause(&self) -> Option<NetworkCause> {
        match self {
            Error::Network(failure) => failure.cause,
            _ => None,
        }
    }

    /// Makes an [`Error::Config`], for an implementation of `Flow` or `Transport`. The message must hold no
    /// secret, here and in the constructors below.
    pub fn config(message: impl Into<String>) -> Self {
        Error::Config(Failure::new(message.into()))
    }

    /// Makes an [`Error::Locator`].
    pub fn locator(message: impl Into<String>) -> Self {
        Error::Locator(Failure::new(message.into()))
    }

    /// Makes an [`Error::Network`] of the cause [`Io`](NetworkCause::Io), unless
    /// [`with_network_cause`](Self::with_network_cause) sets another.
    pub fn network(message: impl Into<String>) -> Self {
        Error::Network(Failure::new(message.into())).with_network_cause(NetworkCause::Io)
    }

    /// Makes an [`Error::Timeout`].
    pub fn timeout(message: impl Into<String>) -> Self {
        Error::Timeout(Failure::new(message.into()))
    }

    /// Makes an [`Error::Malformed`].
    pub fn malformed(message: impl Into<String>) -> Self {
        Error::Malformed(Failure::new(message.into()))
    }

    /// Sets what failed below HTTP. Only an error of kind [`Network`](Kind::Network) has a cause; others are returned
    /// unchanged.
    pub fn with_network_cause(mut self, cause: NetworkCause) -> Self {
        if let Error::Network(failure) = &mut self {
            failure.cause = Some(cause);
        }
        self
    }

    /// Sets the source of this error, which must hold no secret. A server's refusal has no source and is returned
    /// unchanged.
    pub fn with_source(mut self, source: impl core::error::Error + Send + Sync + 'static) -> Self {
        if let Ok(failure) = self.content_mut() {
            failure.source = Some(keep(source));
        }
        self
    }

    /// Appends to the message.
    #[cfg(feature = "std")]
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        match self.content_mut() {
            Ok(failure) => failure.message.push_str(note),
            Err(refusal) => refusal.message.push_str(note),
        }
        self
    }

    fn content(&self) -> Result<&Failure, &Refusal> {
        match self {
            Error::Config(failure)
            | Error::Locator(failure)
            | Error::Network(failure)
            | Error::Timeout(failure)
            | Error::Malformed(failure) => Ok(failure),
            Error::Refused(refusal) | Error::Unavailable(refusal) | Error::Status(refusal) => {
                Err(refusal)
            }
        }
    }

    fn content_mut(&mut self) -> Result<&mut Failure, &mut Refusal> {
        match self {
            Error::Config(failure)
            | Error::Locator(failure)
            | Error::Network(failure)
            | Error::Timeout(failure)
            | Error::Malformed(failure) => Ok(failure),
            Error::Refused(refusal) | Error::Unavailable(refusal) | Error::Status(refusal) => {
                Err(refusal)
            }
        }
    }

    fn message(&self) -> &str {
        self.content().map_or_else(|refusal| &refusal.message, |failure| &failure.message)
    }
}

impl Failure {
    fn new(message: String) -> Self {
        Failure { message, cause: None, source: None }
    }
}

/// Appends a character to a message, escaped if it would end the line, control a terminal, reorder the text or be
/// invisible.
pub(crate) fn push_escaped(character: char, out: &mut String) {
    // Control characters, and characters that reorder a line or are invisible in it.
    let is_escaped = matches!(character,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    if character == '\n' {
        out.push_str("\\n");
    } else if is_escaped {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
    } else {
        out.push(character);
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        let failure = self.content().ok()?;
        #[cfg(target_has_atomic = "ptr")]
        let source = failure.source.as_deref().map(|source| source as _);
        #[cfg(not(target_has_atomic = "ptr"))]
        let source = failure.source.as_ref().map(|source| source as _);
        source
    }
}
