//! A token that renews itself.

mod schedule;
#[cfg(test)]
mod tests;

use crate::error::{Error, Kind};
use crate::flow::{Flow, deadline_after, get_token_by};
use crate::os::transport::{Minreq, Transport};
use crate::wire::http::{Request, Response};
use crate::wire::token::Token;
use alloc::sync::Arc;
use core::fmt;
use core::hash::{BuildHasher, Hasher};
use core::time::Duration;
use schedule::{Fraction, pause_after, renew_after};
use std::collections::hash_map::RandomState;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

/// A token that is obtained when it is first needed, kept, and renewed when it is due. `Send`, `Sync`
/// where the flow is, and without a thread of its own.
///
/// The poll loop of a JSA app:
///
/// ```no_run
/// # fn main() -> Result<(), minbearer::Error> {
/// use minbearer::{Request, Session, jsa};
///
/// let session = Session::new(jsa::Config::from_env()?);
/// loop {
///     match session.send(Request::get("https://console/api/ariel/databases")?) {
///         Ok(response) => println!("{}: {}", response.status(), response.text()?),
///         Err(error) => eprintln!("{error}"),
///     }
///     std::thread::sleep(std::time::Duration::from_secs(30));
/// }
/// # }
/// ```
///
/// # When a token is renewed
///
/// One with a lifetime at 90 % of it, or 60 s before its end if that is later, less a random part of up to
/// a tenth of the lifetime; one without (JSA's) when [`send`](Self::send) or your own code meets a 401. The clock is
/// monotonic, so a wall clock that is wrong or jumps changes nothing.
///
/// However many threads ask, one of them makes the request and the others wait for its answer,
/// success or error; while the old token still lives, they get that instead and do not wait.
///
/// # When renewal fails
///
/// The old token is served for as long as it lives. The server is asked again after pauses that grow from about 1 s
/// to 60 s, at random within a factor of two; after a refusal, which a wrong secret gets, the first is as long as the
/// last. When there is no live token, every call during a pause returns the error of the last attempt at once.
pub struct Session<F, T = Minreq> {
    flow: F,
    transport: T,
    cached: RwLock<Option<Cached>>,
    renewal: Mutex<Renewal>,
    renewed: Condvar,
    now: fn() -> Instant,
}

/// What may be missing of the flow's timeout for a failure to be the server's.
const HASTE: Duration = Duration::from_millis(100);

struct Cached {
    token: Arc<Token>,
    /// When it is due and when it ends, if it has a lifetime.
    due_and_end: Option<(Instant, Instant)>,
    /// Until when another is not asked for if the API rejects it: where it came in place of a rejected one,
    /// until the API takes it.
    on_trial: Option<Instant>,
}

impl Cached {
    fn new(token: Arc<Token>, asked: Instant, rejections: u32) -> Cached {
        let due_and_end = token
            .lifetime()
            .map(|lifetime| (asked + renew_after(lifetime, random()), asked + lifetime));
        let on_trial =
            (rejections > 0).then(|| asked + pause_after(rejections, Kind::Network, random()));
        Cached { token, due_and_end, on_trial }
    }

    fn is_due(&self, now: impl FnOnce() -> Instant) -> bool {
        self.due_and_end.is_some_and(|(due, _)| now() >= due)
    }

    fn is_live(&self, now: Instant) -> bool {
        self.due_and_end.is_none_or(|(_, end)| now < end)
    }
}

#[derive(Default)]
struct Renewal {
    /// Whether a thread is making a request now.
    running: bool,
    /// How many requests were made, to tell one from the next, and which was the last that got a token.
    finished: u64,
    obtained: u64,
    /// Tokens that the API rejected in a row.
    rejections: u32,
    /// Failures in a row.
    failures: u32,
    /// The last failure, and until when nobody asks again.
    failed: Option<(Error, Instant)>,
}

impl<F: Flow> Session<F> {
    /// A session over [`Minreq`]. Nothing is sent yet.
    pub fn new(flow: F) -> Session<F> {
        Session::with_transport(flow, Minreq)
    }
}

impl<F: Flow, T: Transport> Session<F, T> {
    /// A session over a transport of one's own.
    pub fn with_transport(flow: F, transport: T) -> Session<F, T> {
        Session {
            flow,
            transport,
            cached: RwLock::new(None),
            renewal: Mutex::new(Renewal::default()),
            renewed: Condvar::new(),
            now: Instant::now,
        }
    }

    /// The current token: from memory, or obtained or renewed if that is due.
    ///
    /// # Errors
    /// Those of the flow, from this attempt or, during a pause, from the last one. The call takes no longer
    /// than the flow's timeout, a password function's time aside.
    pub fn token(&self) -> Result<Arc<Token>, Error> {
        self.token_by(|| deadline_after(self.flow.timeout()))
    }

    /// The way that is taken millions of times comes first: no allocation, and no system call but the clock's.
    fn token_by(&self, deadline: impl FnOnce() -> Instant) -> Result<Arc<Token>, Error> {
        if let Some(cached) = &*self.cached.read().unwrap_or_else(PoisonError::into_inner) {
            if !cached.is_due(self.now) {
                return Ok(Arc::clone(&cached.token));
            }
        }
        self.obtain(deadline())
    }

    /// A token in place of one that the API answered with 401. If `rejected` is no longer the current
    /// token, nothing is asked: another thread was faster.
    ///
    /// # Errors
    /// As for [`token`](Self::token).
    pub fn renew(&self, rejected: &Arc<Token>) -> Result<Arc<Token>, Error> {
        self.renew_by(rejected, deadline_after(self.flow.timeout()))
    }

    fn renew_by(&self, rejected: &Arc<Token>, deadline: Instant) -> Result<Arc<Token>, Error> {
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        let was_current = cached.take_if(|cached| Arc::ptr_eq(&cached.token, rejected)).is_some();
        drop(cached);
        if was_current {
            let mut renewal = self.lock_renewal();
            renewal.rejections = renewal.rejections.saturating_add(1);
        }
        self.obtain(deadline)
    }

    /// Sends a request with the `Authorization` header added. If the answer is 401, the token is renewed
    /// and the request is sent once more; that is the only retry there is.
    ///
    /// Every other status is an `Ok`, a redirect included, which is not followed. So is a 401 that remains. Where the
    /// API takes no new token either, the token server is not asked for another before a pause has passed, which
    /// grows as after failures.
    ///
    /// # Errors
    /// Those of [`token`](Self::token); [`Kind::Network`](crate::Kind::Network),
    /// [`Kind::Timeout`](crate::Kind::Timeout) and, for an answer above 1 MiB,
    /// [`Kind::Malformed`](crate::Kind::Malformed). The call as a whole, renewal and second attempt included, takes
    /// no longer than the flow's timeout.
    pub fn send(&self, mut request: Request) -> Result<Response, Error> {
        let deadline = deadline_after(self.flow.timeout());
        let token = self.token_by(|| deadline)?;
        request.authorize(token.authorization());
        let response = self.transport.send(&request, deadline)?;
        if response.status() != 401 {
            self.accept(&token);
            return Ok(response);
        }
        if self.is_futile(&token) {
            return Ok(response);
        }
        let token = self.renew_by(&token, deadline)?;
        request.authorize(token.authorization());
        let response = self.transport.send(&request, deadline)?;
        if response.status() != 401 {
            self.accept(&token);
        }
        Ok(response)
    }

    /// Notes that the API took the token.
    fn accept(&self, token: &Arc<Token>) {
        let is_on_trial =
            |cached: &Cached| cached.on_trial.is_some() && Arc::ptr_eq(&cached.token, token);
        if self.cached_if(is_on_trial).is_none() {
            return;
        }
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(current) = cached.as_mut().filter(|cached| is_on_trial(cached)) {
            current.on_trial = None;
            drop(cached); // never held while the other lock is taken
            self.lock_renewal().rejections = 0;
        }
    }

    /// Whether the API has rejected two tokens in a row, the second, which is this one, a moment old.
    /// Another would fare no better.
    fn is_futile(&self, token: &Arc<Token>) -> bool {
        let cached = self.cached.read().unwrap_or_else(PoisonError::into_inner);
        let current = cached.as_ref().filter(|cached| Arc::ptr_eq(&cached.token, token));
        let until = current.and_then(|cached| cached.on_trial);
        until.is_some_and(|until| (self.now)() < until)
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
                        // However short it lives: all who waited get it.
                        if let Some(token) = self.cached_if(|_| true) {
                            return Ok(token);
                        }
                    } else if let (true, Some((error, _))) =
                        (renewal.finished > joined, &renewal.failed)
                    {
                        return Err(error.clone());
                    }
                }
                (Some((_, until)), Some(token)) if now < *until => return Ok(token),
                (Some((error, until)), None) if now < *until => return Err(error.clone()),
                _ => {
                    renewal.running = true;
                    drop(renewal);
                    return self.attempt(deadline).or_else(|error| {
                        // Looked at again: it may have been rejected meanwhile.
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
        // `send` renews with what is left of its time. That this was too little says nothing of the server.
        let hurried =
            deadline.saturating_duration_since(Instant::now()) + HASTE < self.flow.timeout();
        let rejections = self.lock_renewal().rejections;
        let outcome = get_token_by(&self.flow, &self.transport, deadline).map(Arc::new);
        match &outcome {
            Ok(token) => {
                let cached = Cached::new(Arc::clone(token), asked, rejections);
                *self.cached.write().unwrap_or_else(PoisonError::into_inner) = Some(cached);
                let mut renewal = self.lock_renewal();
                (renewal.failures, renewal.failed) = (0, None);
                renewal.obtained = renewal.finished + 1;
            }
            Err(Error::Timeout(_)) if hurried => {}
            Err(error) => {
                let mut renewal = self.lock_renewal();
                renewal.failures = renewal.failures.saturating_add(1);
                let pause = pause_after(renewal.failures, error.kind(), random());
                renewal.failed = Some((error.clone(), (self.now)() + pause));
            }
        }
        outcome
    }
}

/// Ends the request for all who wait for it, even if the flow or the transport panicked.
struct Running<'a, F: Flow, T: Transport>(&'a Session<F, T>);

impl<F: Flow, T: Transport> Drop for Running<'_, F, T> {
    fn drop(&mut self) {
        let mut renewal = self.0.lock_renewal();
        renewal.running = false;
        renewal.finished += 1; // 64 bits do not run out
        self.0.renewed.notify_all();
    }
}

/// Random enough to spread devices: the keys that std makes for its hash maps.
fn random() -> Fraction {
    Fraction::from_bits(RandomState::new().build_hasher().finish())
}

impl<F, T> fmt::Debug for Session<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
