//! The life of a token: when to ask for one, and which one to use. Pure: no clock, no lock, no I/O.

mod lifetime;
mod pause;
mod rejections;

pub use lifetime::Lifetime;
/// For the program, which pauses so after a file could not be written.
pub use pause::pause;

use crate::error::{Error, Kind, Refusal};
use crate::secret::AfterRefusal;
use core::time::Duration;
use pause::{LONGEST_RETRY_AFTER, SECOND, Span, earlier, part};
use rejections::Rejections;

/// When to ask for a token, and which one to use: a state machine without a clock, a lock, or input and output.
///
/// [`Session`](crate::Session), the program's `--renew`, the C library and a firmware are shells around it: they keep the
/// token and the last error, move the bytes, read the clock, and tell the machine what happened. It says what to do
/// [next](Self::next). Any order of calls is allowed, and none panics.
///
/// Times are durations since any start, the same for all calls: by a clock that runs on while the device sleeps, if
/// there is one. `random` is 32 random bits. They need not be secret; they keep devices that were started together from
/// asking together. Time and randomness are arguments, so a test can run a year in a moment.
///
/// The loop of a firmware:
///
/// ```
/// # use minbearer::{AfterRefusal, Error, Token};
/// use minbearer::{Lifecycle, Step};
/// # use std::time::Duration;
/// # fn get_token() -> Result<Token, Error> { Token::new("abc", None) }
/// # fn call_api(_: &Token) -> u16 { 200 }
/// # let (mut time, mut left) = (0, 10);
/// # let mut now = || { time += 1; Duration::from_secs(time) };
/// # let random = || 0x9E37_79B9;
/// # let mut sleep_until = |_: Option<Duration>| {};
///
/// let (mut life, mut token) = (Lifecycle::new(), None);
/// loop {
///     match (life.next(now()), &token) {
///         (Step::Use, Some(token)) => {
///             let used = life.generation();
///             match call_api(token) {
///                 200..=299 => life.accepted(used),
///                 // The next step says whether to ask for another.
///                 401 => drop(life.rejected(used, now())),
///                 _ => {}
///             }
/// #           left -= 1;
/// #           if left == 0 { break }
///         }
///         (Step::Ask | Step::Use, _) => {
///             life.asking(now());
///             let outcome = get_token();
///             let (now, random) = (now(), random());
///             match outcome {
///                 Ok(new) => {
///                     life.obtained(&new, now, random);
///                     token = Some(new);
///                 }
///                 Err(error) => {
///                     let after = AfterRefusal::Pause;
///                     life.failed(&error, after, now, random);
///                 }
///             }
///         }
///         (Step::Wait(until), _) => sleep_until(until),
///         (Step::Failed(until), _) => sleep_until(Some(until)),
///     }
/// }
/// ```
///
/// # When a token is renewed
///
/// At 90 % of its lifetime, or 60 s before its end if that is later, less a random part of up to a tenth of the lifetime;
/// [in a file](Self::in_file) at 72 to 80 %. One [without a lifetime](Lifetime::Absent) is never due. After a lifetime that is
/// [not usable](Lifetime::Unusable) the last usable one counts; if there was none, the token is asked for again after a
/// pause that grows from 1 s to 60 s. No request begins within a second of the beginning of another, whatever the lifetime,
/// the failure or a [`wake`](Self::wake) is. In that second a token is used, even if its lifetime is over.
///
/// # When a request fails
///
/// The old token is used as long as it is valid. The next request comes after a pause: at random within a factor of two,
/// it grows from 1 s to 60 s; `Retry-After` is obeyed up to an hour. After a refusal the pause is the longest at once,
/// but [`AfterRefusal`] can say that another request may end otherwise: one for which a person is asked comes as soon as
/// the second is over; a changed secret is tried at once, and, if it is refused too, the next change after a pause that
/// doubles.
///
/// # When an API rejects a token
///
/// The rejected token is used until there is another. The first rejection after a minute without any replaces it. Further
/// ones replace it after pauses that double, from 1 s to 60 s, until a minute has passed without a rejection; or at once,
/// though not within a second, if no one accepts the token any more: it, or a living token that it replaced, was accepted,
/// and since then there were more than twice as many rejections in a row as the longest run that an acceptance of the
/// same token has ever ended.
#[derive(Debug)]
pub struct Lifecycle {
    is_in_file: bool,
    every: Option<Duration>,
    /// The number of tokens obtained.
    generation: u64,
    /// None without a token.
    held: Option<Held>,
    /// When the running request began.
    asked: Option<Duration>,
    /// The second that the last request began.
    second: Option<Span>,
    /// Whether a new token is wanted whatever the old one's lifetime: the program or a person has asked.
    is_woken: bool,
    /// Whether a request that was woken has not brought a token yet.
    is_wished: bool,
    /// Whether a new token is wanted because the current one was rejected, and not accepted since.
    is_rejected: bool,
    /// Whether the running request replaces a rejected token.
    is_replacing: bool,
    failure: Option<FailurePause>,
    /// Failures in a row.
    failures: u32,
    /// Changed secrets refused in a row.
    refused_changes: u32,
    last_usable: Option<Duration>,
    /// Lifetimes in a row that are not usable.
    unusable: u32,
    rejections: Rejections,
}

/// The times of the current token.
#[derive(Clone, Copy, Debug)]
struct Held {
    obtained: Duration,
    /// When it is due, if ever. A clock that was set back to before the request has reached it too.
    fresh: Option<Span>,
    end: Option<Duration>,
}

/// The pause after the last failure.
#[derive(Clone, Copy, Debug)]
struct FailurePause {
    pause: Span,
    /// For a refusal: when [`Flow::after_refusal`](crate::Flow::after_refusal) was last asked.
    looked: Option<Span>,
    is_changed: bool,
    /// The time in which a changed secret is not tried yet.
    change_pause: Span,
}

/// What to do: the answer of [`Lifecycle::next`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Use the token that was obtained last.
    Use,
    /// Make a token request: call [`Lifecycle::asking`] first.
    Ask,
    /// There is no token to use. Wait until that time, or, if there is none, until the running request has ended.
    Wait(Option<Duration>),
    /// There is no token to use, and the error of the last request holds until that time.
    Failed(Duration),
}

/// What a rejection means: the answer of [`Lifecycle::rejected`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The token that was rejected is not the current one any more: call again with that.
    Replaced,
    /// Make a token request, or wait for the running one, and call again with its token. The [next step](Lifecycle::next)
    /// is not yet to ask if a request has begun within the last second.
    Replace,
    /// Keep the token: the 401 is the answer of this call.
    Keep,
    /// The token is wanted replaced, but the last request failed, and its pause is not over.
    Failed,
}

impl Default for Lifecycle {
    fn default() -> Lifecycle {
        Lifecycle::new()
    }
}

impl Lifecycle {
    /// No request begins within this time of the beginning of another.
    pub const LEAST_BETWEEN_REQUESTS: Duration = SECOND;

    /// The life of a token that is used by the program that asks for it. The first step is to ask.
    pub const fn new() -> Lifecycle {
        Lifecycle {
            is_in_file: false,
            every: None,
            generation: 0,
            held: None,
            asked: None,
            second: None,
            is_woken: false,
            is_wished: false,
            is_rejected: false,
            is_replacing: false,
            failure: None,
            failures: 0,
            refused_changes: 0,
            last_usable: None,
            unusable: 0,
            rejections: Rejections::new(),
        }
    }

    /// Renews at 72 to 80 % of the lifetime, for a token in a file: its readers keep it for minutes.
    pub fn in_file(mut self) -> Lifecycle {
        self.is_in_file = true;
        self
    }

    /// Renews after this time at the latest, less a random part of up to a tenth of it.
    pub fn every(mut self, interval: Duration) -> Lifecycle {
        self.every = Some(interval);
        self
    }

    /// What to do now.
    pub fn next(&self, now: Duration) -> Step {
        let is_wanted = self.is_wanted() || self.is_due(now);
        let pause = if self.is_woken { None } else { self.failed_until(now) };
        let second = self.second.filter(|second| second.has(now)).map(|second| second.end);
        if is_wanted && self.asked.is_none() && pause.is_none() && second.is_none() {
            Step::Ask
        } else if self.is_usable(now) {
            Step::Use
        } else if self.asked.is_some() {
            Step::Wait(None)
        } else {
            pause.map_or(Step::Wait(second), |until| {
                Step::Failed(second.unwrap_or(until).max(until))
            })
        }
    }

    /// Until when the next step is to use the current token, whatever the time is before that; `Duration::MAX` for ever.
    /// `None` if another step may come first. A shell that keeps it saves a call of [`next`](Self::next), and the clock
    /// for a token without a lifetime.
    pub fn fresh_until(&self) -> Option<Duration> {
        let held = self.held.filter(|_| !self.is_wanted())?;
        Some(held.fresh.map_or(Duration::MAX, |fresh| fresh.end))
    }

    /// The number of the current token: tokens are counted as they are obtained. 0 without one.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether a request is running.
    pub fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    /// When the next request is due, as far as this is known; a time in the past means now. `None` if only a rejection
    /// or [`wake`](Self::wake) brings one.
    pub fn next_request(&self, now: Duration) -> Option<Duration> {
        let is_wanted = self.is_wanted() || self.is_due(now);
        let due = match self.held.and_then(|held| held.fresh) {
            _ if is_wanted => now,
            Some(fresh) => fresh.end,
            None => return None,
        };
        let pause = if self.is_woken { None } else { self.failed_until(now) };
        let second = self.second.filter(|second| second.has(now)).map(|second| second.end);
        Some(due.max(pause.unwrap_or_default()).max(second.unwrap_or_default()))
    }

    /// When the current token ends, if that is known.
    pub fn end(&self) -> Option<Duration> {
        self.held.and_then(|held| held.end)
    }

    /// Records that a token request begins.
    pub fn asking(&mut self, now: Duration) {
        self.asked = Some(now);
        self.second = Some(Span::after(now, SECOND));
        self.is_wished |= self.is_woken;
        self.is_woken = false;
        self.is_replacing = self.is_rejected;
    }

    /// Records a token; its lifetime counts from when the request began. A token that was there from the start is
    /// recorded so too, without a request.
    pub fn obtained(&mut self, lifetime: impl Into<Lifetime>, now: Duration, random: u32) {
        let asked = self.asked.unwrap_or(now);
        let life = self.life(lifetime.into());
        // What is known of no end but must be asked for again: see `unusable`.
        let interval = match life {
            Some(life) => Some(self.renewal(life, random)),
            None if self.unusable > 0 => {
                Some(now.saturating_sub(asked).saturating_add(pause(self.unusable, random)))
            }
            None => None,
        };
        let every = self.every.map(|every| every - part(every / 10, random));
        let interval = earlier(interval, every);
        self.held = Some(Held {
            obtained: now,
            fresh: interval.map(|interval| Span::after(asked, interval)),
            end: life.map(|life| asked.saturating_add(life)),
        });
        self.generation = self.generation.saturating_add(1);
        self.rejections.renewed(self.is_replacing, now, random);
        (self.is_rejected, self.is_wished, self.failure) = (false, false, None);
        (self.failures, self.refused_changes) = (0, 0);
        self.end_request();
    }

    /// Records that the running request failed, and what
    /// [`Flow::after_refusal`](crate::Flow::after_refusal) says; without a `Flow`, [`AfterRefusal::Pause`].
    pub fn failed(&mut self, error: &Error, after: AfterRefusal, now: Duration, random: u32) {
        self.failures = self.failures.saturating_add(1);
        let retry_after = error.refusal().and_then(Refusal::retry_after);
        let retry_after = retry_after.map(|time| time.clamp(SECOND, LONGEST_RETRY_AFTER));
        // A secret that is missing or empty is corrected as a wrong one is.
        let may_change = matches!(error.kind(), Kind::Refused | Kind::Config);
        let time = match error.kind() {
            _ if may_change && after == AfterRefusal::AskAgain => Duration::ZERO,
            // The longest at once: a person most likely has to correct it.
            Kind::Refused => pause(u32::MAX, random).max(retry_after.unwrap_or_default()),
            Kind::Unavailable => retry_after.unwrap_or_else(|| pause(self.failures, random)),
            _ => pause(self.failures, random),
        };
        let was_change = self.failure.is_some_and(|failure| failure.is_changed);
        self.refused_changes = if was_change { self.refused_changes.saturating_add(1) } else { 0 };
        let change_pause = match self.refused_changes {
            0 => Duration::ZERO,
            changes => pause(changes, random),
        };
        self.failure = Some(FailurePause {
            pause: Span::after(now, time),
            looked: may_change.then(|| Span::after(now, SECOND)),
            is_changed: may_change && after == AfterRefusal::Changed,
            change_pause: Span::after(now, change_pause),
        });
        self.end_request();
    }

    /// Records that the running request ended without an outcome that says anything of the server: the caller had no
    /// time left.
    pub fn abandoned(&mut self) {
        self.end_request();
    }

    fn end_request(&mut self) {
        (self.asked, self.is_replacing) = (None, false);
    }

    /// Records that an API accepted the token of that generation.
    pub fn accepted(&mut self, generation: u64) {
        if generation == self.generation {
            self.rejections.accepted();
            // If another token could be had, it is wanted all the same: see `Rejections`.
            self.is_rejected &= self.failure.is_none();
        }
    }

    /// Records that an API rejected the token of that generation, with a 401.
    pub fn rejected(&mut self, generation: u64, now: Duration) -> Rejection {
        if self.held.is_none() || generation != self.generation {
            return Rejection::Replaced;
        }
        let (is_first, replaces) = self.rejections.rejected(now);
        if self.asked.is_some() {
            (self.is_rejected, self.is_replacing) = (true, true);
            return Rejection::Replace;
        }
        let is_second = self.second.is_some_and(|second| second.has(now));
        if !(self.is_rejected || is_first || (replaces && !is_second)) {
            return Rejection::Keep;
        }
        self.is_rejected = true;
        match self.failed_until(now) {
            Some(_) if !self.is_woken => Rejection::Failed,
            _ => Rejection::Replace,
        }
    }

    /// Wants a new token at once: a setting has changed, or a person asks. This ends every pause; during a request it
    /// causes another.
    pub fn wake(&mut self) {
        self.is_woken = true;
        self.rejections.wake();
    }

    /// When to ask [`Flow::after_refusal`](crate::Flow::after_refusal) again, and record what it says by
    /// [`looked`](Self::looked): in the pause after a refusal, once a second at most. `None` if there is nothing to ask.
    pub fn look_at(&self, now: Duration) -> Option<Duration> {
        let failure = self.failure.filter(|_| self.asked.is_none())?;
        if failure.is_changed || !failure.pause.has(now) {
            return None;
        }
        failure.looked.map(|looked| if looked.has(now) { looked.end } else { now })
    }

    /// Records what [`Flow::after_refusal`](crate::Flow::after_refusal) says during a pause.
    pub fn looked(&mut self, after: AfterRefusal, now: Duration) {
        if let Some(failure) = self.failure.as_mut().filter(|failure| failure.looked.is_some()) {
            failure.looked = Some(Span::after(now, SECOND));
            failure.is_changed |= after == AfterRefusal::Changed;
        }
    }

    /// The end of the pause after a failure, if it is not over.
    fn failed_until(&self, now: Duration) -> Option<Duration> {
        let failure = self.failure?;
        // A change is never tried later than the same secret would be.
        let is_sooner = failure.is_changed && failure.change_pause.end < failure.pause.end;
        let pause = if is_sooner { failure.change_pause } else { failure.pause };
        pause.has(now).then_some(pause.end)
    }

    /// Whether another token is wanted, whatever the lifetime of the current one.
    fn is_wanted(&self) -> bool {
        self.is_woken || self.is_wished || self.is_rejected
    }

    fn is_due(&self, now: Duration) -> bool {
        self.held.is_none_or(|held| held.fresh.is_some_and(|fresh| !fresh.has(now)))
    }

    /// Whether the current token can be used: it has not ended, or it was obtained in this second, so that there can be no
    /// other yet.
    fn is_usable(&self, now: Duration) -> bool {
        let second = self.second.filter(|second| second.has(now));
        self.held.is_some_and(|held| {
            held.end.is_none_or(|end| now < end)
                || second.is_some_and(|second| second.start <= held.obtained)
        })
    }

    /// The lifetime that counts.
    fn life(&mut self, said: Lifetime) -> Option<Duration> {
        let usable = said.usable().filter(|life| !life.is_zero());
        let is_unusable =
            matches!(said, Lifetime::Unusable | Lifetime::Usable(_)) && usable.is_none();
        self.unusable = if is_unusable { self.unusable.saturating_add(1) } else { 0 };
        self.last_usable = usable.or(self.last_usable);
        match said {
            Lifetime::Absent => None,
            _ => self.last_usable,
        }
    }

    /// How long after its request a token of that lifetime is due.
    fn renewal(&self, life: Duration, random: u32) -> Duration {
        let (latest, spread) = if self.is_in_file {
            let latest = life / 5 * 4;
            (latest, latest / 10)
        } else {
            (life - (life / 10).min(Duration::from_secs(60)), life / 10)
        };
        latest - part(spread, random)
    }
}

#[cfg(test)]
mod tests;
