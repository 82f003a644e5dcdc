//! What the clones of a session share: the machine and the token behind one lock, and the threads that wait.
//!
//! Which thread asks and which wait is decided here, when to ask is not: that is [`Lifecycle`]'s. The lock is never held
//! while a function of the caller runs, which is what a flow, a transport and a secret's source are.
//!
//! ```text
//! token()      lock ─ next ─ Use ─ unlock
//! token()      lock ─ next ─ Ask ─ asking ─ unlock ─ get_token ─ lock ─ obtained or failed ─ unlock ─ notify
//! token()              lock ─ next ─ Wait ─ (unlocked until notified) ───────────────────────────────── its outcome
//! ```
//!
//! `super::tests` compiles this file a second time, with the lock of a model checker.

use super::records;
use super::sync::{Condvar, Mutex, MutexGuard};
use crate::error::{Error, Kind};
use crate::flow::{Flow, get_token_before};
use crate::life::{Lifecycle, Rejection, Step};
use crate::net::transport::Transport;
use crate::os::random::random_u32;
use crate::secret::AfterRefusal;
use crate::wire::token::Token;
use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use core::time::Duration;
use std::sync::PoisonError;
use std::time::Instant;

/// A timeout counts as the server's failure only if the request had the flow's timeout, less this at most.
const MAX_USED_TIME: Duration = Duration::from_millis(100);
/// A call whose token was rejected waits no longer for the time of the next request: that is the second after the last.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

pub(super) struct Shared {
    pub(super) flow: Box<dyn Flow>,
    pub(super) transport: Box<dyn Transport>,
    state: Mutex<State>,
    changed: Condvar,
    pub(super) now: fn() -> Duration,
}

struct State {
    life: Lifecycle,
    current: Option<Current>,
    /// How many requests have ended without a panic, and the number of the last one that got a token.
    ended: u64,
    obtained: u64,
    failed: Option<Failed>,
}

/// The current token, and its number in the machine.
#[derive(Clone)]
pub(super) struct Current {
    pub(super) token: Arc<Token>,
    pub(super) generation: u64,
}

/// The last failure.
struct Failed {
    error: Error,
    /// The number of the request.
    request: u64,
    seen: Duration,
}

type Guard<'a> = MutexGuard<'a, State>;

impl State {
    /// What the requests after that one brought, if they brought anything.
    fn outcome_since(&self, request: u64) -> Option<Result<Current, Error>> {
        match &self.failed {
            _ if self.obtained > request => self.current.clone().map(Ok),
            Some(failed) if failed.request > request => Some(Err(failed.error.clone())),
            _ => None,
        }
    }

    /// The error for a call in the pause after a failure.
    fn again(&self, now: Duration) -> Error {
        let Some(failed) = &self.failed else { return no_time_left() };
        let ago = now.saturating_sub(failed.seen).as_secs();
        let next = self.life.next_request(now).unwrap_or(now);
        let left = next.saturating_sub(now).as_secs() + 1;
        let note = format!(" (seen {ago} s ago; the next attempt is in {left} s)");
        failed.error.clone().with_note(&note)
    }
}

impl Shared {
    pub(super) fn new(flow: Box<dyn Flow>, transport: Box<dyn Transport>) -> Shared {
        let life = Lifecycle::new();
        let state = State { life, current: None, ended: 0, obtained: 0, failed: None };
        let (state, changed) = (Mutex::new(state), Condvar::new());
        Shared { flow, transport, state, changed, now: crate::os::clock::now }
    }

    /// The current token, or a new one if it is missing or due.
    pub(super) fn token(&self, deadline: impl FnOnce() -> Instant) -> Result<Current, Error> {
        let state = self.lock();
        // The fast path: no allocation, no system call, and no clock for a token without a lifetime.
        if let (Some(current), Some(until)) = (&state.current, state.life.fresh_until()) {
            if until == Duration::MAX || (self.now)() < until {
                return Ok(current.clone());
            }
        }
        drop(state);
        let deadline = deadline(); // asks the flow
        self.obtain(self.lock(), deadline)
    }

    fn obtain<'a>(&'a self, mut state: Guard<'a>, deadline: Instant) -> Result<Current, Error> {
        loop {
            let now = (self.now)();
            if state.life.look_at(now).is_some_and(|time| time <= now) {
                state = self.look(state, now);
                continue;
            }
            let until = match (state.life.next(now), &state.current) {
                (Step::Use, Some(current)) => return Ok(current.clone()),
                (Step::Ask | Step::Use, _) => return self.ask(state, deadline, now, true),
                (Step::Failed(_), _) => return Err(state.again(now)),
                (Step::Wait(until), _) => until,
            };
            let joined = state.ended;
            state = self.wait(state, until.map(|until| until.saturating_sub(now)), deadline)?;
            // Even if that token has ended by now: all threads that waited for it get it.
            if let Some(outcome) = state.outcome_since(joined) {
                return outcome;
            }
        }
    }

    /// Records that an API accepted the token of that generation.
    pub(super) fn accepted(&self, generation: u64) {
        self.lock().life.accepted(generation);
    }

    /// Records that an API rejected the token of that generation. Returns another one to call again with; none if the
    /// token is kept.
    pub(super) fn rejected(
        &self,
        generation: u64,
        deadline: Instant,
    ) -> Result<Option<Current>, Error> {
        let mut state = self.lock();
        let now = (self.now)();
        match state.life.rejected(generation, now) {
            Rejection::Keep => Ok(None),
            Rejection::Replaced => Ok(state.current.clone()),
            Rejection::Failed => Err(state.again(now)),
            Rejection::Replace => self.replace(state, deadline),
        }
    }

    /// Another token by one request, made here or in another thread; none if the second after the last one does not
    /// end in time.
    fn replace<'a>(
        &'a self,
        mut state: Guard<'a>,
        deadline: Instant,
    ) -> Result<Option<Current>, Error> {
        let joined = state.ended;
        loop {
            let now = (self.now)();
            let time = match state.life.next(now) {
                Step::Ask => return self.ask(state, deadline, now, false).map(Some),
                _ if state.life.is_asking() => None,
                _ => {
                    let next = state.life.next_request(now).map(|next| next.saturating_sub(now));
                    let left = deadline.saturating_duration_since(Instant::now());
                    match next {
                        Some(next) if next <= left.min(LONGEST_WAIT) => Some(next),
                        _ => return Ok(None),
                    }
                }
            };
            state = self.wait(state, time, deadline)?;
            if let Some(outcome) = state.outcome_since(joined) {
                return outcome.map(Some);
            }
        }
    }

    /// Records that an API rejected the token that a call was made again with. There is no third call.
    pub(super) fn rejected_again(&self, generation: u64) {
        let mut state = self.lock();
        state.life.rejected(generation, (self.now)());
    }

    /// The number of that token, if it is the current one: compared by value, since the caller may have made it anew.
    pub(super) fn generation_of(&self, token: &Token) -> Option<u64> {
        let state = self.lock();
        let current = state.current.as_ref()?;
        (current.token.access_token() == token.access_token()).then_some(current.generation)
    }

    /// Sets a token that the program has just obtained by itself.
    pub(super) fn set(&self, token: Token) {
        let mut state = self.lock();
        state.life.obtained(&token, (self.now)(), random_u32());
        let generation = state.life.generation();
        state.current = Some(Current { token: Arc::new(token), generation });
    }

    pub(super) fn wake(&self) {
        self.lock().life.wake();
        self.changed.notify_all(); // a thread may wait for the end of a pause
        records::woken();
    }

    pub(super) fn next_attempt(&self) -> Option<Duration> {
        let state = self.lock();
        let now = (self.now)();
        state.life.next_request(now).map(|next| next.saturating_sub(now))
    }

    pub(super) fn valid_for(&self) -> Option<Duration> {
        let end = self.lock().life.end()?;
        Some(end.saturating_sub((self.now)()))
    }

    /// Asks whether a secret has changed. It is recorded before, so that other threads do not ask too.
    fn look<'a>(&'a self, mut state: Guard<'a>, now: Duration) -> Guard<'a> {
        state.life.looked(AfterRefusal::Pause, now);
        drop(state);
        let after_refusal = self.flow.after_refusal();
        let mut state = self.lock();
        state.life.looked(after_refusal, (self.now)());
        state
    }

    /// Makes the one request. If it fails and the old token is valid, and `or_old`, that is returned.
    fn ask<'a>(
        &'a self,
        mut state: Guard<'a>,
        deadline: Instant,
        now: Duration,
        or_old: bool,
    ) -> Result<Current, Error> {
        state.life.asking(now);
        let is_renewal = state.current.is_some();
        drop(state);
        let mut running = Running { shared: self, is_running: true };
        // A call renews within its remaining time. A timeout because that was short is not the server's failure.
        let left = deadline.saturating_duration_since(Instant::now());
        let has_little_time = left + MAX_USED_TIME < self.flow.timeout();
        let mut record = records::Record::default();
        let outcome =
            get_token_before(&*self.flow, &*self.transport, deadline, &mut |request, token| {
                record.answered(request, token);
            });
        let after_refusal = match &outcome {
            Err(_) => self.flow.after_refusal(),
            Ok(_) => AfterRefusal::Pause,
        };
        let outcome = outcome.map(Arc::new);

        let mut state = self.lock();
        running.is_running = false;
        let now = (self.now)();
        state.ended += 1; // a `u64` does not overflow
        let mut old = None; // wiped after the lock is released
        match &outcome {
            Ok(token) => {
                state.life.obtained(&**token, now, random_u32());
                (state.obtained, state.failed) = (state.ended, None);
                let generation = state.life.generation();
                old = state.current.replace(Current { token: Arc::clone(token), generation });
            }
            Err(error) if error.kind() == Kind::Timeout && has_little_time => {
                state.life.abandoned();
            }
            Err(error) => {
                state.life.failed(error, after_refusal, now, random_u32());
                let failed = Failed { error: error.clone(), request: state.ended, seen: now };
                state.failed = Some(failed);
            }
        }
        let is_usable = or_old && state.life.next(now) == Step::Use;
        let current = state.current.clone();
        let pause = state.life.next_request(now).map(|next| next.saturating_sub(now));
        drop(state);
        self.changed.notify_all();
        drop(old);
        match outcome {
            Ok(_) => record.obtained(is_renewal, pause),
            Err(error) => {
                record.failed(&error, pause);
                return current.filter(|_| is_usable).ok_or(error);
            }
        }
        current.ok_or_else(no_time_left)
    }

    /// Waits for that time at most, until the deadline at most, or until a request has ended.
    fn wait<'a>(
        &'a self,
        state: Guard<'a>,
        time: Option<Duration>,
        deadline: Instant,
    ) -> Result<Guard<'a>, Error> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(match time {
                None => {
                    Error::timeout("another thread's request for a token was not answered in time")
                }
                Some(_) => state.again((self.now)()),
            });
        }
        let time = time.map_or(left, |time| time.min(left));
        Ok(self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0)
    }

    fn lock(&self) -> Guard<'_> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the request for all threads that wait for it if the flow or the transport panics.
struct Running<'a> {
    shared: &'a Shared,
    is_running: bool,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if self.is_running {
            self.shared.lock().life.abandoned();
            self.shared.changed.notify_all();
        }
    }
}

fn no_time_left() -> Error {
    Error::timeout(
        "no time was left to ask for a token: no request begins within a second of another",
    )
}
