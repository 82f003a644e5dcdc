//! What can go wrong, sorted by what a program or an operator would do about it.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt::{self, Write};
use core::time::Duration;

/// Any failure of this crate.
///
/// The message names what was being done, to which host and port, what came back, and what to try. It holds no
/// secret: see [A secret is never shown](crate#a-secret-is-never-shown). `Debug` prints the message too, since
/// `fn main() -> Result<(), Error>` does.
///
/// ```no_run
/// use minbearer::{Error, NetworkCause, jsa};
///
/// # fn example(config: &jsa::Config) {
/// match jsa::get_token(config) {
///     Ok(token) => println!("a token for {:?}", token.lifetime()),
///     Err(Error::Refused(refusal)) => eprintln!("wrong secret? the server says {:?}", refusal.error()),
///     Err(Error::Unavailable(refusal)) => eprintln!("server down, {:?}", refusal.retry_after()),
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
    /// DNS, connect, TLS or I/O failed, or what came back was not HTTP or was cut short;
    /// [`network_cause`](Error::network_cause) says which.
    Network(Failure),
    /// The deadline passed.
    Timeout(Failure),
    /// The token server said no: a 3xx or 4xx status, or an OAuth `error`.
    Refused(Box<Refusal>),
    /// The token server cannot answer now: 429, 5xx, or the OAuth error `temporarily_unavailable`.
    Unavailable(Box<Refusal>),
    /// The server said yes, but there is no usable token in its answer.
    Malformed(Failure),
    /// An API's answer is not 2xx: only from [`Response::error_for_status`](crate::Response::error_for_status).
    Status(Box<Refusal>),
}

/// The kind of an [`Error`], for a program to branch on.
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
    /// See [`Error::Config`].
    Config,
    /// See [`Error::Locator`].
    Locator,
    /// See [`Error::Network`].
    Network,
    /// See [`Error::Timeout`].
    Timeout,
    /// See [`Error::Refused`].
    Refused,
    /// See [`Error::Unavailable`].
    Unavailable,
    /// See [`Error::Malformed`].
    Malformed,
    /// See [`Error::Status`].
    Status,
}

/// What failed below HTTP, for an error of kind [`Network`](Kind::Network).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkCause {
    /// The name has no address, or the resolver failed.
    Lookup,
    /// No connection came about.
    Connect,
    /// The TLS handshake failed, a certificate was not accepted, or a TLS record was wrong.
    Tls,
    /// The connection ended before the answer did.
    CutShort,
    /// What came back is not HTTP, or not HTTP that can be trusted.
    NotHttp,
    /// Another failure of the operating system or of a transport.
    Io,
}

/// A message, and where there is one, the error below it.
#[derive(Clone)]
pub struct Failure {
    message: String,
    cause: Option<NetworkCause>,
    source: Option<Source>,
}

/// The error below another. Where the processor has no compare-and-swap, and so no `Arc`, its text is what is kept.
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

/// An error whose `Debug` is its `Display`: that of std's errors brings tables of Unicode along.
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
/// Each text is what the server sent, cut to 256 characters, its control characters escaped and any
/// occurrence of the secret or password replaced.
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

    /// What the server's developer wrote about it.
    pub fn error_description(&self) -> Option<&str> {
        self.error_description.as_deref()
    }

    /// A page about the error.
    pub fn error_uri(&self) -> Option<&str> {
        self.error_uri.as_deref()
    }

    /// How long the server asks to be left alone: the header `Retry-After`
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

    /// An [`Error::Config`], for an implementer of `Flow` or `Transport`. The message must hold no
    /// secret, here and in the constructors below.
    pub fn config(message: impl Into<String>) -> Self {
        Error::Config(Failure::new(message.into()))
    }

    /// An [`Error::Locator`].
    pub fn locator(message: impl Into<String>) -> Self {
        Error::Locator(Failure::new(message.into()))
    }

    /// An [`Error::Network`] of the cause [`Io`](NetworkCause::Io), unless
    /// [`with_network_cause`](Self::with_network_cause) names another.
    pub fn network(message: impl Into<String>) -> Self {
        Error::Network(Failure::new(message.into())).with_network_cause(NetworkCause::Io)
    }

    /// An [`Error::Timeout`].
    pub fn timeout(message: impl Into<String>) -> Self {
        Error::Timeout(Failure::new(message.into()))
    }

    /// An [`Error::Malformed`].
    pub fn malformed(message: impl Into<String>) -> Self {
        Error::Malformed(Failure::new(message.into()))
    }

    /// This error with what failed below HTTP. Only an error of kind [`Network`](Kind::Network) has a cause; others
    /// stay as they are.
    pub fn with_network_cause(mut self, cause: NetworkCause) -> Self {
        if let Error::Network(failure) = &mut self {
            failure.cause = Some(cause);
        }
        self
    }

    /// This error with the one below it, which must hold no secret. A server's refusal has none and stays as it is.
    pub fn with_source(mut self, source: impl core::error::Error + Send + Sync + 'static) -> Self {
        if let Some(failure) = self.failure_mut() {
            failure.source = Some(keep(source));
        }
        self
    }

    /// This error with more at the end of its message.
    #[cfg(feature = "std")]
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        let message = match &mut self {
            Error::Refused(refusal) | Error::Unavailable(refusal) | Error::Status(refusal) => {
                &mut refusal.message
            }
            Error::Config(failure)
            | Error::Locator(failure)
            | Error::Network(failure)
            | Error::Timeout(failure)
            | Error::Malformed(failure) => &mut failure.message,
        };
        message.push_str(note);
        self
    }

    fn failure_mut(&mut self) -> Option<&mut Failure> {
        match self {
            Error::Config(failure)
            | Error::Locator(failure)
            | Error::Network(failure)
            | Error::Timeout(failure)
            | Error::Malformed(failure) => Some(failure),
            Error::Refused(_) | Error::Unavailable(_) | Error::Status(_) => None,
        }
    }

    fn message(&self) -> &str {
        match self {
            Error::Config(failure)
            | Error::Locator(failure)
            | Error::Network(failure)
            | Error::Timeout(failure)
            | Error::Malformed(failure) => &failure.message,
            Error::Refused(refusal) | Error::Unavailable(refusal) | Error::Status(refusal) => {
                &refusal.message
            }
        }
    }
}

impl Failure {
    fn new(message: String) -> Self {
        Failure { message, cause: None, source: None }
    }
}

/// Adds a character to a message, escaped if it would break the line, steer a terminal or not be seen.
pub(crate) fn push_escaped(character: char, out: &mut String) {
    // Beyond the control characters: those that reorder a line or cannot be seen in one.
    let is_unseen = matches!(character,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    if character == '\n' {
        out.push_str("\\n");
    } else if is_unseen {
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
        let failure = match self {
            Error::Config(failure)
            | Error::Locator(failure)
            | Error::Network(failure)
            | Error::Timeout(failure)
            | Error::Malformed(failure) => failure,
            Error::Refused(_) | Error::Unavailable(_) | Error::Status(_) => return None,
        };
        #[cfg(target_has_atomic = "ptr")]
        let source = failure.source.as_deref().map(|source| source as _);
        #[cfg(not(target_has_atomic = "ptr"))]
        let source = failure.source.as_ref().map(|source| source as _);
        source
    }
}
