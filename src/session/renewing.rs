//! The session: which thread makes a request, which wait for it, and what is kept after a failure.

use super::cached::{Cached, Moment, random};
use super::failed::Failed;
use super::rejection::{Caller, Rejections, Served, Verdict};
use crate::error::{Error, Kind, Refusal};
use crate::flow::{Flow, deadline_after, get_token_by};
use crate::life::schedule::{heeded_pause, pause_after, pause_while_live};
use crate::net::http::Http;
use crate::net::transport::Transport;
use crate::secret::AfterRefusal;
use crate::wire::request::Request;
use crate::wire::response::Response;
use crate::wire::token::Token;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::panic::{Location, RefUnwindSafe, UnwindSafe};
use core::time::Duration;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

/// Obtains a token when it is first needed, keeps it, and renews it when it is due. A session starts no thread.
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
/// # When a token is renewed
///
/// A token with a lifetime is renewed at 90 % of it, or 60 s before its end if that is later, less a random part of up
/// to a tenth of the lifetime. A token without one (JSA's) is renewed when [`send`](Self::send), [`call`](Self::call) or
/// your own code gets a 401. Lifetimes are measured by the monotonic clock. It stops while the machine is suspended, so
/// the wall clock counts too: a token has ended as soon as either clock says so. A wrong wall clock changes nothing; one
/// that is set forward causes a renewal.
///
/// If several threads need a new token, one makes the request and the others wait for its outcome, success or error.
/// While the old token is still valid, the others get that and do not wait.
///
/// # When renewal fails
///
/// The old token is returned for as long as it is valid. The server is asked again after a pause:
///
/// - After a failure, the pauses grow from about 1 s to 60 s, at random within a factor of two.
/// - After a refusal, as for a wrong secret, the first pause is already the longest. While the old token is valid, it is
///   at most half of the remaining lifetime, or 5 s if that is longer, so that a secret that was just being replaced is
///   tried again in time.
/// - If a function supplies the secret, there is no pause after a refusal or an error of kind
///   [`Config`](crate::Kind::Config): the function is called again at the next call.
/// - A server's `Retry-After` is obeyed up to 60 s.
///
/// Without a valid token, every call during a pause returns the error of the last attempt at once, with its time and
/// that of the next attempt.
///
/// # When the API rejects a token
///
/// If a call succeeded before and then gets a 401, the token was revoked: it is replaced at once, and the call is made
/// again. If a call gets a 401 with a new token, it may be forbidden to this user; further rejections of that call bring
/// a new token only after a pause, which grows as after failures.
pub struct Session {
    flow: Box<dyn Flow>,
    transport: Box<dyn Transport>,
    cached: RwLock<Option<Cached>>,
    served: RwLock<Served>,
    renewal: Mutex<Renewal>,
    renewed: Condvar,
    now: fn() -> Moment,
}

/// A timeout counts as the server's failure only if the request had the flow's timeout, less this at most.
const MAX_USED_TIME: Duration = Duration::from_millis(100);

#[derive(Default)]
struct Renewal {
    /// Whether a thread is making a request now.
    running: bool,
    /// The number of requests made, and the number of the last one that got a token.
    finished: u64,
    obtained: u64,
    rejections: Rejections,
    /// Failures in a row.
    failures: u32,
    failed: Option<Failed>,
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
        Session::build(Box::new(flow), Box::new(transport))
    }

    /// Makes a session over [`Http`] that starts with a token which the program has just obtained: its lifetime counts
    /// from now.
    pub fn with_token(flow: impl Flow + 'static, token: Token) -> Session {
        let session = Session::new(flow);
        let cached = Cached::new(Arc::new(token), (session.now)(), false);
        *session.cached.write().unwrap_or_else(PoisonError::into_inner) = Some(cached);
        session
    }

    fn build(flow: Box<dyn Flow>, transport: Box<dyn Transport>) -> Session {
        Session {
            flow,
            transport,
            cached: RwLock::new(None),
            served: RwLock::default(),
            renewal: Mutex::new(Renewal::default()),
            renewed: Condvar::new(),
            now: Moment::now,
        }
    }

    /// Returns the current token: from memory, or by a request if it is missing or due.
    ///
    /// # Errors
    /// Those of the flow, from this attempt or, during a pause, from the last one. The call takes no longer
    /// than the flow's timeout, plus the time of a function that supplies the password.
    pub fn token(&self) -> Result<Arc<Token>, Error> {
        self.token_by(|| self.deadline())
    }

    /// The fast path: a cached token that is not due. No allocation, and no system call but the clocks'.
    fn token_by(&self, deadline: impl FnOnce() -> Instant) -> Result<Arc<Token>, Error> {
        if let Some(cached) = &*self.cached.read().unwrap_or_else(PoisonError::into_inner) {
            if !cached.is_due(self.now) {
                return Ok(Arc::clone(&cached.token));
            }
        }
        self.obtain(deadline())
    }

    /// Returns when this session will next ask the token server: when the token is due, or when a pause after a failure
    /// ends; now, if there is neither. `None` for a token without a lifetime.
    pub fn next_attempt(&self) -> Option<Instant> {
        let now = (self.now)();
        let pause_end = self.lock_renewal().failed.as_ref().map(|failed| failed.until);
        let cached = self.cached.read().unwrap_or_else(PoisonError::into_inner);
        let due = cached.as_ref().map_or(Some(now.monotonic), Cached::due);
        match (due, pause_end.filter(|end| now.monotonic < *end)) {
            (Some(due), Some(pause_end)) => Some(due.max(pause_end)),
            (due, None) => due,
            (None, _) => None,
        }
    }

    /// Replaces a token that the API answered with 401, for a loop of your own; [`call`](Self::call) does this by
    /// itself. If `rejected` is no longer the current token, compared by value, no request is made: another thread has
    /// replaced it.
    ///
    /// If the API rejects new tokens too, the current one is returned again, and the token server is asked only after
    /// pauses that grow as after failures.
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
        let now = (self.now)();
        let mut renewal = self.lock_renewal();
        if let Some(current) = self.cached_if(|cached| is_same(&cached.token, rejected)) {
            if renewal.rejections.is_pause(now) {
                return Ok(current);
            }
            if self.cached_if(|cached| cached.is_replacement).is_some() {
                renewal.rejections.note_futile(now);
            }
        }
        self.discard(rejected, &mut renewal);
        drop(renewal);
        self.obtain(self.deadline())
    }

    /// Calls an API by any client. If the API rejects the token, the token is renewed and the call made once more; that
    /// is the only retry. This is how the session learns whether the API accepts a token: see
    /// [When the API rejects a token](Self#when-the-api-rejects-a-token).
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
    /// Calls from the same place in the source are of one kind. For [`send`](Self::send), calls of the same URL are.
    ///
    /// # Errors
    /// Those of [`token`](Self::token). The outcome of the call itself is in the `Ok`.
    #[track_caller]
    pub fn call<R>(
        &self,
        call: impl FnMut(&Token) -> R,
        is_rejected: impl Fn(&R) -> bool,
    ) -> Result<R, Error> {
        let verdict = |outcome: &R| {
            if is_rejected(outcome) { Verdict::Rejected } else { Verdict::Accepted }
        };
        self.call_by(call_site(), self.deadline(), verdict, call)
    }

    /// Sends a request over the session's transport with the `Authorization` header added. If the answer is 401, the
    /// token is renewed and the request is sent once more, as by [`call`](Self::call).
    ///
    /// Every other status is an `Ok`, a redirect included, which is not followed. So is a 401 that remains.
    ///
    /// # Errors
    /// Those of [`token`](Self::token); [`Kind::Network`](crate::Kind::Network),
    /// [`Kind::Timeout`](crate::Kind::Timeout) and, for a 2xx answer above the request's limit, 1 MiB unless set,
    /// [`Kind::Malformed`](crate::Kind::Malformed). The call as a whole, renewal and second attempt included, takes no
    /// longer than the flow's timeout, or the request's own.
    pub fn send(&self, mut request: Request) -> Result<Response, Error> {
        let deadline = request.timeout().map_or_else(|| self.deadline(), deadline_after);
        let url = request.url();
        let path = url.path_and_query().split('?').next();
        let caller = Caller::of((request.method().as_str(), url.origin(), path));
        let verdict = |outcome: &Result<Response, Error>| {
            Verdict::of_status(outcome.as_ref().ok().map(Response::status))
        };
        self.call_by(caller, deadline, verdict, |token| {
            request.authorize(token.authorization());
            let response = self.transport.send(&request, deadline)?;
            Ok(response.after(&request, token))
        })?
    }

    pub(super) fn deadline(&self) -> Instant {
        deadline_after(self.flow.timeout())
    }

    pub(super) fn call_by<R>(
        &self,
        caller: Caller,
        deadline: Instant,
        verdict: impl Fn(&R) -> Verdict,
        mut call: impl FnMut(&Token) -> R,
    ) -> Result<R, Error> {
        let token = self.token_by(|| deadline)?;
        let outcome = call(&token);
        match verdict(&outcome) {
            Verdict::Accepted => {
                self.note_served(caller);
                return Ok(outcome);
            }
            Verdict::Unknown => return Ok(outcome),
            Verdict::Rejected => {}
        }
        let Some(token) = self.replace_for(caller, &token, deadline)? else { return Ok(outcome) };
        drop(outcome);
        let outcome = call(&token);
        self.note_second(caller, &token, verdict(&outcome));
        Ok(outcome)
    }

    /// Replaces a rejected token, unless a new one is likely to be rejected too.
    fn replace_for(
        &self,
        caller: Caller,
        rejected: &Token,
        deadline: Instant,
    ) -> Result<Option<Arc<Token>>, Error> {
        // The cache is read after the lock is taken: see `discard`.
        let is_pause = self.lock_renewal().rejections.is_pause((self.now)());
        let was_served = self.served.read().unwrap_or_else(PoisonError::into_inner).has(caller);
        let is_current = self.cached_if(|cached| is_same(&cached.token, rejected)).is_some();
        if is_pause && !was_served && is_current {
            return Ok(None);
        }
        self.discard(rejected, &mut self.lock_renewal());
        self.obtain(deadline).map(Some)
    }

    /// Records that the API accepted the token from this call.
    fn note_served(&self, caller: Caller) {
        if !self.served.read().unwrap_or_else(PoisonError::into_inner).has(caller) {
            self.served.write().unwrap_or_else(PoisonError::into_inner).add(caller);
        }
    }

    /// Records the outcome of a call that was made again with a new token.
    fn note_second(&self, caller: Caller, token: &Token, verdict: Verdict) {
        match verdict {
            Verdict::Accepted => {
                self.note_served(caller);
                self.lock_renewal().rejections.note_helpful();
                return;
            }
            Verdict::Unknown => return,
            Verdict::Rejected => {}
        }
        self.served.write().unwrap_or_else(PoisonError::into_inner).remove(caller);
        if self.cached_if(|cached| is_same(&cached.token, token)).is_some() {
            self.lock_renewal().rejections.note_futile((self.now)());
        }
    }

    /// Drops a token that was rejected, if it is the current one. The caller holds the lock, so that no other thread sees
    /// both the pause that begins here and the token.
    fn discard(&self, rejected: &Token, renewal: &mut Renewal) {
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(current) = cached.take_if(|cached| is_same(&cached.token, rejected)) {
            renewal.rejections.note(&current, (self.now)());
        }
    }

    /// The cached token if it is good, or else the outcome of one request, made here or in another thread.
    fn obtain(&self, deadline: Instant) -> Result<Arc<Token>, Error> {
        let mut renewal = self.lock_renewal();
        loop {
            let now = (self.now)();
            if let Some(token) = self.cached_if(|cached| !cached.is_due(|| now)) {
                return Ok(token);
            }
            let live = self.cached_if(|cached| cached.is_live(now));
            match (&renewal.failed, live) {
                (_, Some(token)) if renewal.running => return Ok(token),
                _ if renewal.running => {
                    let joined = renewal.finished;
                    renewal = self.wait(renewal, deadline)?;
                    if renewal.obtained > joined {
                        // Even if it has ended by now: all threads that waited get it.
                        if let Some(token) = self.cached_if(|_| true) {
                            return Ok(token);
                        }
                    } else if let Some(failed) = &renewal.failed {
                        if failed.request > joined {
                            return Err(failed.error.clone());
                        }
                    }
                }
                (Some(failed), Some(token)) if failed.is_pause(now) => return Ok(token),
                (Some(failed), None) if failed.is_pause(now) => return Err(failed.again(now)),
                _ => {
                    renewal.running = true;
                    drop(renewal);
                    return self.attempt(deadline).or_else(|error| {
                        // Read again: the API may have rejected it meanwhile.
                        let now = (self.now)();
                        self.cached_if(|cached| cached.is_live(now)).ok_or(error)
                    });
                }
            }
        }
    }

    fn cached_if(&self, is_good: impl FnOnce(&Cached) -> bool) -> Option<Arc<Token>> {
        let cached = self.cached.read().unwrap_or_else(PoisonError::into_inner);
        cached.as_ref().filter(|cached| is_good(cached)).map(|cached| Arc::clone(&cached.token))
    }

    fn wait<'a>(
        &self,
        renewal: MutexGuard<'a, Renewal>,
        deadline: Instant,
    ) -> Result<MutexGuard<'a, Renewal>, Error> {
        let left = deadline.saturating_duration_since(Instant::now());
        let (renewal, waited) =
            self.renewed.wait_timeout(renewal, left).unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() && renewal.running {
            return Err(Error::timeout(
                "another thread's request for a token was not answered in time",
            ));
        }
        Ok(renewal)
    }

    fn lock_renewal(&self) -> MutexGuard<'_, Renewal> {
        self.renewal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the one request, for a caller that has set `running`.
    fn attempt(&self, deadline: Instant) -> Result<Arc<Token>, Error> {
        let _running = Running(self);
        let asked = (self.now)();
        // A call renews within its remaining time. A timeout because that was short is not the server's failure.
        let left = deadline.saturating_duration_since(Instant::now());
        let has_little_time = left + MAX_USED_TIME < self.flow.timeout();
        let is_replacement =
            self.cached_if(|_| true).is_none() && self.lock_renewal().rejections.is_pause(asked);
        let outcome = get_token_by(&*self.flow, &*self.transport, deadline).map(Arc::new);
        match &outcome {
            Ok(token) => {
                let cached = Cached::new(Arc::clone(token), asked, is_replacement);
                *self.cached.write().unwrap_or_else(PoisonError::into_inner) = Some(cached);
                let mut renewal = self.lock_renewal();
                (renewal.failures, renewal.failed) = (0, None);
                renewal.obtained = renewal.finished + 1;
            }
            Err(error) if error.kind() == Kind::Timeout && has_little_time => {}
            Err(error) => self.note_failure(error),
        }
        outcome
    }

    fn note_failure(&self, error: &Error) {
        let now = (self.now)();
        let seen = now.monotonic;
        let cached = self.cached.read().unwrap_or_else(PoisonError::into_inner);
        let left = cached.as_ref().and_then(|cached| cached.left(now));
        drop(cached); // never held while the other lock is taken
        let mut renewal = self.lock_renewal();
        renewal.failures = renewal.failures.saturating_add(1);
        let retry_after = error.refusal().and_then(Refusal::retry_after);
        let pause = match (error.kind(), retry_after, left) {
            // The function is called again: it may return another secret.
            (Kind::Refused | Kind::Config, ..)
                if self.flow.after_refusal() == AfterRefusal::AskAgain =>
            {
                Duration::ZERO
            }
            (Kind::Unavailable, Some(retry_after), _) => heeded_pause(retry_after),
            (Kind::Refused, _, Some(left)) => {
                pause_while_live(pause_after(renewal.failures, Kind::Refused, random()), left)
            }
            (kind, ..) => pause_after(renewal.failures, kind, random()),
        };
        let request = renewal.finished + 1;
        renewal.failed = Some(Failed { error: error.clone(), request, seen, until: seen + pause });
    }
}

/// Compares access tokens, not header values: a rejected token may have been made anew by [`Token::new`].
fn is_same(one: &Token, other: &Token) -> bool {
    one.access_token() == other.access_token()
}

/// The place in the program that called the session.
#[track_caller]
pub(super) fn call_site() -> Caller {
    let place = Location::caller();
    Caller::of((place.file(), place.line(), place.column()))
}

/// Ends the request for all threads that wait for it when dropped, so also if the flow or the transport panicked.
struct Running<'a>(&'a Session);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut renewal = self.0.lock_renewal();
        renewal.running = false;
        renewal.finished += 1; // a `u64` does not overflow
        self.0.renewed.notify_all();
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
#[path = "tests.rs"]
mod tests;
