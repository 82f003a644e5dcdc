//! What a 401 means: that the token was revoked, or that one call may not be made with any.
//!
//! A call that a token has served before and that is then rejected tells of a revocation, and the token is replaced at
//! once. Any other rejection may be of the second kind. It gets one new token too; but if that one is rejected as well,
//! the next has to wait for a pause, which grows as after failures. So an endpoint that always answers 401, beside
//! others that do not, costs a token request now and then and not one a call.

use super::cached::{Cached, Moment, random};
use super::schedule::pause_after;
use crate::error::Kind;
use core::hash::{Hash, Hasher};
use core::time::Duration;
use std::collections::hash_map::DefaultHasher;
use std::time::Instant;

/// A token that was good for longer than this before it was rejected was revoked.
const PROVEN_AGE: Duration = Duration::from_secs(120);

/// What a call is known by: its URL without the query, or the place in the program that makes it.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Caller(u64);

impl Caller {
    pub(super) fn of(identity: impl Hash) -> Caller {
        let mut hasher = DefaultHasher::new();
        identity.hash(&mut hasher);
        Caller(hasher.finish())
    }
}

/// The calls that a token has served, as many as there is room for.
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

/// What became of the tokens that were asked for after rejections.
#[derive(Default)]
pub(super) struct Rejections {
    /// How many in a row were rejected in their turn.
    futile: u32,
    /// Until when a rejection that tells of no revocation brings no new token.
    until: Option<Instant>,
}

impl Rejections {
    pub(super) fn is_pause(&self, now: Moment) -> bool {
        self.until.is_some_and(|until| now.monotonic < until)
    }

    /// Notes that the current token was rejected and another is asked for.
    pub(super) fn note(&mut self, rejected: &Cached, now: Moment) {
        if rejected.age(now) > PROVEN_AGE {
            self.futile = 0;
        }
        self.pause(now);
    }

    /// Notes that a token which was asked for after a rejection was rejected too.
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
