//! A handle whose program moves the bytes: [`Lifecycle`] says when to ask for a token, and the flow's pure halves build
//! the request and read the answer. No call waits or reads a clock.

use crate::callbacks::{described, host};
use crate::memory;
use crate::settings::{Finished, FlowConfig};
use crate::status::Failure;
use crate::types::{Action, Bytes, Step, Target};
#[cfg(not(feature = "std"))]
use crate::{callbacks::Clock, network::Network};
use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use minbearer_rust::{Error, Incoming, Lifecycle, NetworkCause, Request, Response, Token};
use zeroize::Zeroizing;

pub(crate) struct Machine {
    flow: Box<dyn FlowConfig>,
    pub(crate) kept_members: Vec<String>,
    /// How long the texts of a request are, encoded.
    request_bytes: usize,
    /// What requests go over that the library makes itself.
    #[cfg(not(feature = "std"))]
    network: Network,
    #[cfg(not(feature = "std"))]
    clock: Option<Clock>,
    life: Lifecycle,
    token: Option<Token>,
    /// What the last request came to, if that was no token.
    failure: Option<Failure>,
    pending: Option<Pending>,
    /// What the program has said last.
    now: Duration,
    random: u32,
}

/// A request that was made, and not ended.
struct Pending {
    request: Request,
    /// Until the answer begins.
    bytes: Zeroizing<Vec<u8>>,
    host: CString,
    answer: Incoming,
    /// Why the answer is refused.
    wrong: Option<Error>,
    deadline: Duration,
}

impl Machine {
    pub(crate) fn new(finished: Finished) -> Machine {
        Machine {
            flow: finished.flow,
            kept_members: finished.kept_members,
            request_bytes: finished.request_bytes,
            #[cfg(not(feature = "std"))]
            network: finished.network,
            #[cfg(not(feature = "std"))]
            clock: finished.clock,
            life: Lifecycle::new(),
            token: None,
            failure: None,
            pending: None,
            now: Duration::ZERO,
            random: 0,
        }
    }

    /// `minbearer_next`
    pub(crate) fn next(&mut self, now: Duration, random: u32) -> Step {
        (self.now, self.random) = (now, random);
        if self.pending.as_ref().is_some_and(|pending| now >= pending.deadline) {
            self.fail(Error::timeout("the request was not ended within the timeout"));
        }
        let deadline = self.pending.as_ref().map(|pending| pending.deadline);
        let look = self.look(now);
        let (action, until) = match self.life.next(now) {
            minbearer_rust::Step::Ask => (Action::Ask, Some(now)),
            minbearer_rust::Step::Use if deadline.is_some() => (Action::Use, None),
            minbearer_rust::Step::Use => (Action::Use, self.life.next_request(now)),
            minbearer_rust::Step::Wait(until) => (Action::Wait, until),
            minbearer_rust::Step::Failed(until) => (Action::Wait, Some(until)),
        };
        let until = earlier(earlier(until, deadline), look);
        Step {
            action,
            has_token: self.usable().is_some().into(),
            until: until.map_or(u64::MAX, milliseconds),
        }
    }

    /// Looks whether a secret's file has changed since it was refused, and returns when to look again.
    #[cfg(feature = "std")]
    fn look(&mut self, now: Duration) -> Option<Duration> {
        if self.life.look_at(now).is_some_and(|time| time <= now) {
            self.life.looked(self.flow.outlook(), now);
        }
        self.life.look_at(now)
    }

    /// There are no files.
    #[cfg(not(feature = "std"))]
    fn look(&mut self, _: Duration) -> Option<Duration> {
        None
    }

    /// `minbearer_request`
    pub(crate) fn request(&mut self, now: Duration) -> Result<(Bytes, Target), Failure> {
        self.now = now;
        if self.pending.is_some() {
            return Err(Failure::misuse(
                "a request is under way: end it by minbearer_finish or minbearer_failed",
            ));
        }
        if !matches!(self.life.next(now), minbearer_rust::Step::Ask) {
            return Err(Failure::misuse(
                "no request may be made now: minbearer_next did not say MINBEARER_ASK",
            ));
        }
        self.life.asking(now);
        let pending = self.prepare().map_err(|error| self.fail(error))?;
        let url = pending.request.url();
        let target = Target {
            host: pending.host.as_ptr(),
            port: url.port(),
            tls: url.is_https().into(),
            milliseconds: u32::try_from(milliseconds(self.time_limit())).unwrap_or(u32::MAX),
        };
        let bytes = Bytes { bytes: pending.bytes.as_ptr().cast(), size: pending.bytes.len() };
        self.pending = Some(pending);
        Ok((bytes, target))
    }

    fn time_limit(&self) -> Duration {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        self.flow.time_limit().min(DAY)
    }

    fn prepare(&self) -> Result<Pending, Error> {
        let request = self.token_request()?;
        let (bytes, host) = (request.to_bytes(), host(request.url().host())?);
        let (answer, deadline) = (request.incoming(), self.now.saturating_add(self.time_limit()));
        Ok(Pending { request, bytes, host, answer, wrong: None, deadline })
    }

    /// Builds the request, if there is memory for it.
    fn token_request(&self) -> Result<Request, Error> {
        // The form or the query, the whole request, the secret for redaction, and what they consist of.
        let bytes = self.request_bytes;
        if !memory::can_have(&[bytes + 192, bytes + 384, bytes + 64, 512]) {
            return Err(memory::none());
        }
        self.flow.token_request()
    }

    /// `minbearer_push`: whether no more bytes are needed.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> (bool, Result<(), Failure>) {
        let Some(pending) = &mut self.pending else { return (false, Err(no_request())) };
        pending.bytes = Zeroizing::default();
        let outcome = match &pending.wrong {
            Some(wrong) => Err(wrong.clone()),
            None => {
                let origin = pending.request.url().origin();
                pending.answer.push(bytes).map_err(|error| described(error, origin))
            }
        };
        match outcome {
            Ok(is_complete) => (is_complete, Ok(())),
            Err(error) => {
                pending.wrong = Some(error.clone());
                (true, Err(error.into()))
            }
        }
    }

    /// `minbearer_finish`
    pub(crate) fn finish(&mut self, now: Duration) -> Result<(), Failure> {
        self.now = now;
        let Some(pending) = self.pending.take() else { return Err(no_request()) };
        let Pending { request, bytes, answer, wrong, .. } = pending;
        drop(bytes); // frees memory for the token
        let response = match wrong {
            Some(wrong) => Err(wrong),
            None => answer.finish().map_err(|error| described(error, request.url().origin())),
        };
        self.settle(&request, response)
    }

    /// Keeps what the answer says.
    pub(crate) fn settle(
        &mut self,
        request: &Request,
        response: Result<Response, Error>,
    ) -> Result<(), Failure> {
        let token = response.and_then(|response| {
            // Once as a value, and once decoded; each is at most as long as the body.
            if !memory::can_have(&[response.body().len(), response.body().len() / 4, 512]) {
                drop(response);
                return Err(memory::none());
            }
            self.flow.token_from(request, response)
        });
        match token {
            Ok(token) => {
                self.life.obtained(&token, self.now, self.random);
                (self.token, self.failure) = (Some(token), None);
                Ok(())
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// `minbearer_failed`
    pub(crate) fn failed(&mut self, now: Duration) -> Result<(), Failure> {
        self.now = now;
        let pending = self.pending.as_ref().ok_or_else(no_request)?;
        let origin = pending.request.url().origin();
        let error = Error::network(format!(
            "the token request to {origin} failed: the program got no answer"
        ));
        self.fail(error.with_network_cause(NetworkCause::Connect));
        Ok(())
    }

    /// Ends the request by an error.
    fn fail(&mut self, error: Error) -> Failure {
        self.pending = None;
        self.life.failed(&error, self.flow.outlook(), self.now, self.random);
        let failure = Failure::from(error);
        self.failure = Some(failure.clone());
        failure
    }

    /// `minbearer_accepted`
    pub(crate) fn accepted(&mut self) -> Result<(), Failure> {
        self.token.as_ref().ok_or_else(no_token)?;
        self.life.accepted(self.life.generation());
        Ok(())
    }

    /// `minbearer_rejected`
    pub(crate) fn rejected(&mut self, now: Duration) -> Result<(), Failure> {
        self.now = now;
        self.token.as_ref().ok_or_else(no_token)?;
        // The next step says what it means.
        let _ = self.life.rejected(self.life.generation(), now);
        Ok(())
    }

    /// `minbearer_wake`
    pub(crate) fn wake(&mut self) {
        self.life.wake();
    }

    /// The kept token, or what the last request came to.
    pub(crate) fn token(&self) -> Result<&Token, Failure> {
        self.usable().ok_or_else(|| self.failure.clone().unwrap_or_else(no_token))
    }

    fn usable(&self) -> Option<&Token> {
        let is_usable = matches!(self.life.next(self.now), minbearer_rust::Step::Use)
            || self.life.end().is_none_or(|end| self.now < end);
        self.token.as_ref().filter(|_| is_usable)
    }

    pub(crate) fn seconds_left(&self) -> Option<u64> {
        self.token.as_ref()?;
        Some(self.life.end()?.saturating_sub(self.now).as_secs())
    }
}

/// Requests that the library makes itself where no session does: over a transport of the program's own.
#[cfg(not(feature = "std"))]
impl Machine {
    pub(crate) fn has_transport(&self) -> bool {
        self.network.callbacks().is_some()
    }

    /// The current token, which is obtained or renewed first if that is due.
    pub(crate) fn current(&mut self) -> Result<&Token, Failure> {
        if self.has_transport() {
            (self.now, self.random) = self.clock()?.read();
            if matches!(self.life.next(self.now), minbearer_rust::Step::Ask) {
                self.ask();
            }
        }
        self.token()
    }

    /// The same after this token was rejected.
    pub(crate) fn renewed(&mut self, rejected: Option<&Token>) -> Result<&Token, Failure> {
        let is_current = match (&self.token, rejected) {
            (Some(token), Some(rejected)) => token.access_token() == rejected.access_token(),
            _ => false,
        };
        if is_current {
            let now = self.clock()?.read().0;
            self.rejected(now)?;
        }
        self.current()
    }

    fn clock(&self) -> Result<&Clock, Failure> {
        self.clock.as_ref().ok_or(Failure::misuse(
            "a library without an operating system needs minbearer_set_clock for a call over a transport",
        ))
    }

    /// Makes a request, and keeps what it came to.
    fn ask(&mut self) {
        self.life.asking(self.now);
        let exchange = self.token_request().map(|request| {
            let response = self.exchange(&request);
            (request, response)
        });
        if let Ok(clock) = self.clock() {
            self.now = clock.read().0;
        }
        let _ = match exchange {
            Ok((request, response)) => self.settle(&request, response),
            Err(error) => Err(self.fail(error)),
        };
    }

    fn exchange(&self, request: &Request) -> Result<Response, Error> {
        let (Some(callbacks), Some(clock)) = (self.network.callbacks(), &self.clock) else {
            return Err(Error::config("the handle has no transport"));
        };
        let deadline = self.now.saturating_add(self.time_limit());
        let left = || {
            let left = deadline.saturating_sub(clock.read().0);
            u32::try_from(milliseconds(left)).unwrap_or(u32::MAX)
        };
        callbacks.exchange(request, &left, &|| ())
    }
}

fn no_request() -> Failure {
    Failure::misuse("no request is under way")
}

fn no_token() -> Failure {
    Failure::misuse("there is no token: minbearer_next says when to ask for one")
}

fn earlier(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Rounded up, so that what begins at a time has begun then.
fn milliseconds(time: Duration) -> u64 {
    let rest = time.subsec_nanos().div_ceil(1_000_000);
    time.as_secs().saturating_mul(1000).saturating_add(rest.into())
}
