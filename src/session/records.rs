//! The records of a session for the facade [`log`](https://docs.rs/log), without a secret: a server's text is redacted.
//! They are written when no lock is held, since a logger is a function of the caller's. Without the feature `log` there are
//! none.

use crate::error::Error;
use crate::wire::request::Request;
use crate::wire::token::Token;
use core::time::Duration;

/// What is recorded of a request.
#[derive(Default)]
pub(super) struct Record {
    #[cfg(feature = "log")]
    scope: Option<alloc::string::String>,
    #[cfg(feature = "log")]
    lifetime: Option<Duration>,
}

#[cfg(not(feature = "log"))]
impl Record {
    pub(super) fn answered(&mut self, _: &Request, _: &Token) {}

    pub(super) fn obtained(&self, _: bool, _: Option<Duration>) {}

    pub(super) fn failed(&self, _: &Error, _: Option<Duration>) {}
}

#[cfg(not(feature = "log"))]
pub(super) fn woken() {}

#[cfg(not(feature = "log"))]
pub(super) fn rejected() {}

#[cfg(feature = "log")]
mod log_lines {
    use super::*;
    use crate::error::Kind;
    use crate::wire::redact::redacted;
    use alloc::vec::Vec;
    use core::fmt;

    const TARGET: &str = "minbearer";

    impl Record {
        pub(in super::super) fn answered(&mut self, request: &Request, token: &Token) {
            let secrets: Vec<&str> = request.secrets().chain([token.access_token()]).collect();
            self.scope = token.scope().map(|scope| redacted(scope, &secrets));
            self.lifetime = token.lifetime();
        }

        pub(in super::super) fn obtained(&self, is_renewal: bool, next: Option<Duration>) {
            let done = if is_renewal { "renewed the token" } else { "obtained a token" };
            let scope = self.scope.as_deref().unwrap_or("not said");
            let (lifetime, next) = (Seconds(self.lifetime), Seconds(next));
            log::info!(target: TARGET, "{done}: lifetime {lifetime}, scope {scope}; due in: {next}");
        }

        pub(in super::super) fn failed(&self, error: &Error, next: Option<Duration>) {
            let next = Seconds(next);
            if error.kind() == Kind::Refused {
                log::warn!(target: TARGET, "refused: {error}; the next attempt is in: {next}");
            } else {
                log::warn!(target: TARGET, "unavailable: {error}; the next attempt is in: {next}");
            }
        }
    }

    pub(in super::super) fn woken() {
        log::info!(target: TARGET, "woken: the next call asks for a token");
    }

    pub(in super::super) fn rejected() {
        log::info!(target: TARGET, "the API rejected the token with 401");
    }

    struct Seconds(Option<Duration>);

    impl fmt::Display for Seconds {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self.0 {
                Some(time) => write!(f, "{} s", time.as_secs()),
                None => f.write_str("not said"),
            }
        }
    }
}

#[cfg(feature = "log")]
pub(super) use log_lines::{rejected, woken};
