//! What a 401 means: either the token was revoked, or this call is forbidden with any token.
//!
//! If a call succeeded before and is then rejected, the token was revoked, and is replaced at once. Any other rejection
//! may be of a forbidden call. It gets one new token too; if that one is rejected as well, the next rejection gets a new
//! token only after a pause, which grows as after failures. So an endpoint that always answers 401, beside others that
//! do not, causes a token request now and then, not one per call.

use super::cached::{Cached, Moment, random};
use crate::error::Kind;
use crate::life::schedule::pause_after;
use core::hash::{Hash, Hasher};
use core::time::Duration;
use std::collections::hash_map::DefaultHasher;
use std::time::Instant;

/// A token that is rejected at a greater age than this was revoked.
const PROVEN_AGE: Duration = Duration::from_secs(120);

/// What the outcome of a call says of the token.
pub(super) enum Verdict {
    Accepted,
    Rejected,
    /// There was no answer.
    Unknown,
}

impl Verdict {
    /// By the status code of the answer, if there is one.
    pub(super) fn of_status(status: Option<impl Into<i32>>) -> Verdict {
        match status.map(Into::into) {
            None => Verdict::Unknown,
            Some(401) => Verdict::Rejected,
            Some(_) => Verdict::Accepted,
        }
    }
}

/// Identifies calls of one kind: by their URL without the query, or by the place in the source that makes them.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Caller(u64);

impl Caller {
    pub(super) fn of(identity: impl Hash) -> Caller {
        let mut hasher = DefaultHasher::new();
        identity.hash(&mut hasher);
        Caller(hasher.finish())
    }
}

/// The last 16 kinds of call that succeeded.
#[derive(Default)]
pub(super) struct Served {
    callers: [Option<Caller>; 16],
    next: usize,
}

impl Served {
    pub(super) fn has(&self, caller: Caller) -> bool {
        self.callers.contains(&Some(caller))
    }

    pub(super) fn add(&mut self, caller: Caller) {
        if !self.has(caller) {
            if let Some(place) = self.callers.get_mut(self.next) {
                *place = Some(caller);
            }
            self.next = (self.next + 1) % self.callers.len();
        }
    }

    pub(super) fn remove(&mut self, caller: Caller) {
        for place in &mut self.callers {
            place.take_if(|known| *known == caller);
        }
    }
}

/// Counts the tokens that were requested after rejections and were rejected too.
#[derive(Default)]
pub(super) struct Rejections {
    /// How many in a row were rejected.
    futile: u32,
    /// The end of the pause, before which a rejection that may be of a forbidden call gets no new token.
    until: Option<Instant>,
}

impl Rejections {
    pub(super) fn is_pause(&self, now: Moment) -> bool {
        self.until.is_some_and(|until| now.monotonic < until)
    }

    /// Records that the current token was rejected and another is requested.
    pub(super) fn note(&mut self, rejected: &Cached, now: Moment) {
        if rejected.age(now) > PROVEN_AGE {
            self.futile = 0;
        }
        self.pause(now);
    }

    /// Records that a token which was requested after a rejection was rejected too.
    pub(super) fn note_futile(&mut self, now: Moment) {
        self.futile = self.futile.saturating_add(1);
        self.pause(now);
    }

    pub(super) fn note_helpful(&mut self) {
        *self = Rejections::default();
    }

    fn pause(&mut self, now: Moment) {
        let pause = pause_after(self.futile.saturating_add(1), Kind::Network, random());
        self.until = Some(now.monotonic + pause);
    }
}
