//! What can go wrong, sorted by what a program or an operator would do about it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

/// Any failure of this crate.
///
/// The message names what was being done, to which host and port, what came back, and what to try.
/// It holds no secret: see promise 1 in the crate's documentation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// A value that the caller gave is wrong: an argument, a variable, a file, a URL.
    Config(Failure),
    /// The port locator could not be started, failed, or did not print a port.
    Locator(Failure),
    /// DNS, connect, TLS or I/O failed, or what came back was not HTTP or was cut short.
    Network(Failure),
    /// The deadline passed.
    Timeout(Failure),
    /// The server said no: a status other than 2xx, or an OAuth `error`.
    Refused(Box<Refusal>),
    /// The server said yes, but there is no usable token in its answer.
    Malformed(Failure),
}

/// The kind of an [`Error`], for a program to branch on.
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
    /// See [`Error::Malformed`].
    Malformed,
}

/// A message, and where there is one, the error below it.
#[derive(Clone, Debug)]
pub struct Failure {
    message: String,
    source: Option<Arc<dyn core::error::Error + Send + Sync>>,
}

/// A refusal, with the fields of an OAuth error response
/// ([RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
///
/// Each text is what the server sent, cut to 256 characters, its control characters escaped and any
/// occurrence of the secret or password replaced.
#[derive(Clone, Debug, Default)]
pub struct Refusal {
    pub(crate) message: String,
    pub(crate) status: u16,
    pub(crate) error: Option<String>,
    pub(crate) error_description: Option<String>,
    pub(crate) error_uri: Option<String>,
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
            Error::Malformed(_) => Kind::Malformed,
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

    /// An [`Error::Network`].
    pub fn network(message: impl Into<String>) -> Self {
        Error::Network(Failure::new(message.into()))
    }

    /// An [`Error::Timeout`].
    pub fn timeout(message: impl Into<String>) -> Self {
        Error::Timeout(Failure::new(message.into()))
    }

    /// An [`Error::Malformed`].
    pub fn malformed(message: impl Into<String>) -> Self {
        Error::Malformed(Failure::new(message.into()))
    }

    /// This error with the one below it, which must hold no secret. A refusal has none and stays as
    /// it is.
    pub fn with_source(mut self, source: impl core::error::Error + Send + Sync + 'static) -> Self {
        match &mut self {
            Error::Config(failure)
            | Error::Locator(failure)
            | Error::Network(failure)
            | Error::Timeout(failure)
            | Error::Malformed(failure) => failure.source = Some(Arc::new(source)),
            Error::Refused(_) => {}
        }
        self
    }
}

impl Failure {
    fn new(message: String) -> Self {
        Failure { message, source: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Config(failure)
            | Error::Locator(failure)
            | Error::Network(failure)
            | Error::Timeout(failure)
            | Error::Malformed(failure) => failure.fmt(f),
            Error::Refused(refusal) => refusal.fmt(f),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Error::Config(failure)
            | Error::Locator(failure)
            | Error::Network(failure)
            | Error::Timeout(failure)
            | Error::Malformed(failure) => match &failure.source {
                Some(source) => Some(&**source),
                None => None,
            },
            Error::Refused(_) => None,
        }
    }
}
