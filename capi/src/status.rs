//! What a call returns: a status, and a message that says what to do.

use flows::{Error, Kind};
use std::borrow::Cow;
use std::fmt;

/// `minbearer_status`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Ok = 0,
    Misuse = 1,
    Config = 2,
    Locator = 3,
    Network = 4,
    Timeout = 5,
    Refused = 6,
    Malformed = 7,
    Unavailable = 8,
    Panicked = 101,
}

/// Any status but `Ok`, and why.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    message: Cow<'static, str>,
    /// The function that was misused. Other messages say what is wrong without it.
    function: Option<&'static str>,
}

impl Failure {
    pub(crate) fn misuse(message: impl Into<Cow<'static, str>>) -> Failure {
        Failure { status: Status::Misuse, message: message.into(), function: None }
    }

    pub(crate) fn config(message: impl Into<Cow<'static, str>>) -> Failure {
        Failure { status: Status::Config, message: message.into(), function: None }
    }

    pub(crate) fn panicked() -> Failure {
        let message = "the library panicked, which is a bug in it: please report it";
        Failure { status: Status::Panicked, message: Cow::Borrowed(message), function: None }
    }

    /// Names the function that was misused, unless one is named already.
    pub(crate) fn in_function(mut self, function: &'static str) -> Failure {
        if self.status == Status::Misuse {
            self.function.get_or_insert(function);
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(function) = self.function {
            write!(f, "{function}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let status = match error.kind() {
            Kind::Config => Status::Config,
            Kind::Locator => Status::Locator,
            Kind::Timeout => Status::Timeout,
            Kind::Refused | Kind::Status => Status::Refused,
            Kind::Unavailable => Status::Unavailable,
            Kind::Malformed => Status::Malformed,
            // `Kind` may get more variants, most likely about the exchange.
            _ => Status::Network,
        };
        Failure { status, message: Cow::Owned(error.to_string()), function: None }
    }
}
