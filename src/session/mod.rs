//! A session: a token that renews itself.
//!
//! When to ask for a token, and which one to use, is [`Lifecycle`](crate::Lifecycle)'s to say. Here are a clock, a lock
//! and a transport around it.

mod records;
mod shared;

// Last, since rustdoc lists the methods in the order of the modules.
#[cfg(feature = "minreq")]
mod minreq;

mod sync {
    pub(super) use std::sync::{Condvar, Mutex, MutexGuard};
}

use crate::error::Error;
use crate::flow::Flow;
use crate::net::http::Http;
use crate::net::transport::Transport;
use crate::os::deadline::deadline_after;
use crate::wire::request::Request;
use crate::wire::response::Response;
use crate::wire::token::Token;
use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::time::Duration;
use shared::{Current, Shared};
use std::time::Instant;

/// Obtains a token when it is first needed, keeps it, and renews it when it is due. A session starts no thread; a clone
/// shares the token.
///
/// The poll loop of a JSA app:
///
/// ```no_run
/// # fn main() -> Result<(), minbearer::Error> {
/// use minbearer::{Request, Session, jsa};
///
/// let session = Session::new(jsa::Config::from_env()?);
/// let request = Request::get("https://console/api/ariel/databases")?;
/// loop {
///     let reply = session.send(request.clone());
///     match reply.and_then(|reply| reply.error_for_status()?.into_text()) {
///         Ok(text) => println!("{text}"),
///         Err(error) => eprintln!("{error}"),
///     }
///     std::thread::sleep(std::time::Duration::from_secs(30));
/// }
/// # }
/// ```
///
/// # The rules
///
/// They are those of [`Lifecycle`](crate::Lifecycle), whose page has them whole:
///
/// - A token is renewed shortly before its end; one without a lifetime (JSA's) after a 401.
/// - After a failure the token server is asked again after a pause, which grows from 1 s to 60 s; after a refusal, as
///   for a wrong secret, it is the longest at once. `Retry-After` is obeyed up to an hour. The old token is used while
///   it is valid; without one, every call during a pause returns the last error at once. A secret's file that has
///   changed ends the pause, and so does [`wake`](Self::wake).
/// - A token that an API rejects is replaced, and the call made again. Where new tokens are rejected too, as at an
///   endpoint that is forbidden, further ones are tried after pauses; in between the 401 is the call's answer.
/// - No request begins within a second of the beginning of another. A call that would need one waits.
///
/// If several threads need a new token, one makes the request and the others wait for its outcome, or until their own
/// deadline. While the old token is valid, they get that and do not wait. A lifetime is measured by a clock that runs on
/// while the machine is suspended: `CLOCK_BOOTTIME` on Linux, where reading it is a system call in a static program, and on
/// x86 before kernel 5.3.
///
/// # The configuration of a session
///
/// A session takes its flow. If the program needs it too, as for
/// [`missing_scopes`](crate::client_credentials::Config::missing_scopes), it gives an `Arc` of it:
///
/// ```no_run
/// use minbearer::{Session, client_credentials::Config};
/// use std::sync::Arc;
///
/// # fn main() -> Result<(), minbearer::Error> {
/// let config = Config::new("https://auth.example/token", "id", "secret")?;
/// let config = Arc::new(config.with_scope("read").with_scope("write"));
/// let session = Session::new(Arc::clone(&config));
/// let token = session.token()?;
/// for scope in config.missing_scopes(&token) {
///     eprintln!("{scope} was not granted");
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Session(Arc<Shared>);

/// What the outcome of a call says of the token.
#[derive(PartialEq)]
enum Verdict {
    Accepted,
    Rejected,
    /// The API has another reason, or there was no answer.
    Unknown,
}

impl Verdict {
    /// By the status code of the answer, if there is one.
    fn of_status(status: Option<impl Into<i32>>) -> Verdict {
        match status.map(Into::into) {
            Some(200..=299) => Verdict::Accepted,
            Some(401) => Verdict::Rejected,
            _ => Verdict::Unknown,
        }
    }
}

impl Session {
    /// Makes a session over [`Http`].
    pub fn new(flow: impl Flow + 'static) -> Session {
        Session::with_transport(flow, Http::new())
    }

    /// Makes a session over another transport, or over an `Http` with a CA or a client certificate of its own.
    pub fn with_transport(
        flow: impl Flow + 'static,
        transport: impl Transport + 'static,
    ) -> Session {
        Session(Arc::new(Shared::new(Box::new(flow), Box::new(transport))))
    }

    /// Starts with a token which the program has just obtained: its lifetime counts from now.
    pub fn with_token(self, token: Token) -> Session {
        self.0.set(token);
        self
    }

    /// Returns the current token: from memory, or by a request if it is missing or due.
    ///
    /// # Errors
    /// Those of the flow, from this attempt or, during a pause, from the last one. The call takes no longer
    /// than the flow's timeout, plus the time of a function that supplies the password.
    pub fn token(&self) -> Result<Arc<Token>, Error> {
        self.0.token(|| self.deadline()).map(|current| current.token)
    }

    /// Asks for a new token at the next call, whatever the pause and the old token's lifetime: a setting has changed.
    /// During a request it causes another one.
    pub fn wake(&self) {
        self.0.wake();
    }

    /// Returns how long until the token is due or, after a failure, until the pause ends; zero if the next call asks.
    /// `None` for a token without a lifetime. The time of a suspend counts.
    pub fn next_attempt(&self) -> Option<Duration> {
        self.0.next_attempt()
    }

    /// Returns what is left of the current token's lifetime, zero if it is over; `None` if there is no token, or its
    /// lifetime is not known.
    pub fn valid_for(&self) -> Option<Duration> {
        self.0.valid_for()
    }

    /// Replaces a token that the API answered with 401, for a loop of your own; [`call`](Self::call) does this by
    /// itself. If `rejected` is no longer the current token, compared by value, no request is made: another thread has
    /// replaced it. If the API rejects new tokens too, the current one is returned again until a pause has passed.
    ///
    /// ```no_run
    /// # fn status(token: &minbearer::Token) -> u16 { 200 }
    /// # fn example(session: &minbearer::Session) -> Result<(), minbearer::Error> {
    /// let token = session.token()?;
    /// if status(&token) == 401 {
    ///     let token = session.renew(&token)?;
    ///     status(&token);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As for [`token`](Self::token).
    pub fn renew(&self, rejected: &Token) -> Result<Arc<Token>, Error> {
        let deadline = self.deadline();
        let replaced = match self.0.generation_of(rejected) {
            Some(generation) => self.rejected(generation, deadline)?,
            None => None,
        };
        let current = replaced.map_or_else(|| self.0.token(|| deadline), Ok)?;
        Ok(current.token)
    }

    /// Calls an API by any client. If the API rejects the token, the token is renewed and the call made once more; that
    /// is the only retry. An outcome that is not rejected tells the session that the token is good.
    ///
    /// ```no_run
    /// # fn is_401(outcome: &Result<minreq::Response, minreq::Error>) -> bool { false }
    /// # fn example(session: &minbearer::Session) -> Result<(), Box<dyn std::error::Error>> {
    /// # #[cfg(feature = "minreq")] {
    /// let request = minreq::get("https://console/api/siem/offenses").with_timeout(10);
    /// let reply = session
    ///     .call(|token| token.authorize(request.clone()).send(), is_401)??;
    /// # }
    /// # Ok(()) }
    /// ```
    ///
    /// A rejection is a 401 (RFC 6750 section 3.1). Some servers answer a revoked token with a bare 403, as
    /// django-oauth-toolkit's resource views do; `is_rejected` of a program that knows its API to do so says yes to a 403
    /// without a challenge too. [`send`](Self::send) goes by 401 alone, since a 403 mostly means that no token helps.
    ///
    /// # Errors
    /// Those of [`token`](Self::token). The outcome of the call itself is in the `Ok`.
    pub fn call<R>(
        &self,
        call: impl FnMut(&Token) -> R,
        is_rejected: impl Fn(&R) -> bool,
    ) -> Result<R, Error> {
        let verdict = |outcome: &R| {
            if is_rejected(outcome) { Verdict::Rejected } else { Verdict::Accepted }
        };
        self.call_before(self.deadline(), verdict, call)
    }

    /// Sends a request over the session's transport with the `Authorization` header added. If the answer is 401, the
    /// token is renewed and the request is sent once more, as by [`call`](Self::call).
    ///
    /// Every other status is an `Ok`, a redirect included, which is not followed. So is a 401 that remains.
    ///
    /// # Errors
    /// Those of [`token`](Self::token); [`Kind::Config`](crate::Kind::Config) for plain `http` beyond loopback, unless
    /// the flow's own URL is plain or [`Request::with_plain_http`] allows it;
    /// [`Kind::Network`](crate::Kind::Network), [`Kind::Timeout`](crate::Kind::Timeout) and, for a 2xx answer above the
    /// request's limit, 1 MiB unless set, [`Kind::Malformed`](crate::Kind::Malformed). The call as a whole, renewal and
    /// second attempt included, takes no longer than the flow's timeout, or the request's own.
    pub fn send(&self, mut request: Request) -> Result<Response, Error> {
        let url = request.url();
        let is_private = url.is_https() || url.is_loopback() || request.allows_plain_http();
        if !is_private && !self.0.flow.allows_plain_http() {
            let host = url.host_and_port();
            return Err(Error::config(format!(
                "the API call to {host} was not sent: plain http would expose the token to the network; use https, or allow it by Request::with_plain_http"
            )));
        }
        let deadline = request.timeout().map_or_else(|| self.deadline(), deadline_after);
        let verdict = |outcome: &Result<Response, Error>| {
            Verdict::of_status(outcome.as_ref().ok().map(Response::status))
        };
        self.call_before(deadline, verdict, |token| {
            request.authorize(token.authorization());
            let response = self.0.transport.send(&request, deadline)?;
            Ok(response.after(&request, token))
        })?
    }

    fn deadline(&self) -> Instant {
        deadline_after(self.0.flow.timeout())
    }

    fn call_before<R>(
        &self,
        deadline: Instant,
        verdict: impl Fn(&R) -> Verdict,
        mut call: impl FnMut(&Token) -> R,
    ) -> Result<R, Error> {
        let mut current = self.0.token(|| deadline)?;
        let mut outcome = call(&current.token);
        let mut said = verdict(&outcome);
        if said == Verdict::Rejected {
            let Some(another) = self.rejected(current.generation, deadline)? else {
                return Ok(outcome);
            };
            current = another;
            drop(outcome); // it may hold a connection
            outcome = call(&current.token);
            said = verdict(&outcome);
            if said == Verdict::Rejected {
                records::rejected();
                self.0.rejected_again(current.generation);
            }
        }
        if said == Verdict::Accepted {
            self.0.accepted(current.generation);
        }
        Ok(outcome)
    }

    /// Records a rejection. Returns another token to call again with; none if the current one is kept.
    fn rejected(&self, generation: u64, deadline: Instant) -> Result<Option<Current>, Error> {
        records::rejected();
        self.0.rejected(generation, deadline)
    }
}

// A panic in a flow or transport leaves the session usable: see `Running`.
impl UnwindSafe for Session {}
impl RefUnwindSafe for Session {}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
