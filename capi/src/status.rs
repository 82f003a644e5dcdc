//! What a call returns: a status, and a message that says what to do.

use alloc::borrow::Cow;
use alloc::string::ToString;
use core::ffi::CStr;
use core::fmt;
use minbearer_rust::{Error, Kind};

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
    NoMemory = 9,
    Panicked = 101,
}

/// What `minbearer_status_text` returns for a number: C passes any.
pub(crate) fn text_of(status: i32) -> &'static CStr {
    match status {
        0 => c"no error",
        1 => c"the calling code is wrong",
        2 => c"a setting is wrong",
        3 => c"the port locator failed",
        4 => c"the network, the connection or TLS failed",
        5 => c"the deadline passed",
        6 => c"the token server refused the request",
        7 => c"the answer has no usable token",
        8 => c"the token server cannot answer now",
        9 => c"there is no memory",
        101 => c"the library panicked, which is a bug in it",
        _ => c"a status that this version of the library does not know",
    }
}

/// Any status but `Ok`, and why.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) status: Status,
    message: Cow<'static, str>,
    /// The function that was misused, or that made a wrong setting. Other messages say what is wrong without it.
    function: Option<&'static str>,
}

impl Failure {
    fn new(status: Status, message: impl Into<Cow<'static, str>>) -> Failure {
        Failure { status, message: message.into(), function: None }
    }

    pub(crate) fn misuse(message: impl Into<Cow<'static, str>>) -> Failure {
        Failure::new(Status::Misuse, message)
    }

    pub(crate) fn config(message: impl Into<Cow<'static, str>>) -> Failure {
        Failure::new(Status::Config, message)
    }

    pub(crate) fn malformed(message: impl Into<Cow<'static, str>>) -> Failure {
        Failure::new(Status::Malformed, message)
    }

    #[cfg(not(feature = "std"))]
    pub(crate) fn without_system() -> Failure {
        Failure::config("this libminbearer was built without an operating system")
    }

    #[cfg(feature = "std")]
    pub(crate) fn panicked() -> Failure {
        let message = "the library panicked, which is a bug in it: please report it";
        Failure::new(Status::Panicked, message)
    }

    /// Names the function that was misused, unless one is named already.
    pub(crate) fn in_function(self, function: &'static str) -> Failure {
        if self.status == Status::Misuse { self.in_setting(function) } else { self }
    }

    /// Names the function that made a wrong setting, unless one is named already.
    pub(crate) fn in_setting(mut self, function: &'static str) -> Failure {
        self.function.get_or_insert(function);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(function) = self.function {
            f.write_str(function)?;
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let status = match error.kind() {
            _ if minbearer_rust::internal_memory::is_out_of_memory(&error) => Status::NoMemory,
            Kind::Config => Status::Config,
            Kind::Locator => Status::Locator,
            Kind::Timeout => Status::Timeout,
            Kind::Refused | Kind::Status => Status::Refused,
            Kind::Unavailable => Status::Unavailable,
            Kind::Malformed => Status::Malformed,
            // `Kind` may get more variants, most likely about the exchange.
            _ => Status::Network,
        };
        Failure::new(status, error.to_string())
    }
}
