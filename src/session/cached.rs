//! A cached token, with the times at which it is due and ends.

use crate::life::schedule::{Fraction, renew_after};
use crate::wire::token::Token;
use alloc::sync::Arc;
use core::hash::{BuildHasher, Hasher};
use core::time::Duration;
use std::collections::hash_map::RandomState;
use std::time::{Instant, SystemTime};

/// A moment by both clocks.
///
/// The monotonic clock stops while a machine is suspended, and std has none that does not; the wall clock runs on, but
/// may be set. A token has ended as soon as either clock says so.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) monotonic: Instant,
    pub(super) wall: SystemTime,
}

impl Moment {
    pub(super) fn now() -> Moment {
        Moment { monotonic: Instant::now(), wall: SystemTime::now() }
    }

    fn after(self, time: Duration) -> Moment {
        Moment {
            monotonic: self.monotonic + time,
            wall: self.wall.checked_add(time).unwrap_or(self.wall),
        }
    }

    fn is_reached_at(&self, now: Moment) -> bool {
        now.monotonic >= self.monotonic || now.wall >= self.wall
    }
}

pub(super) struct Cached {
    pub(super) token: Arc<Token>,
    obtained: Instant,
    /// When it is due and when it ends, if it has a lifetime.
    due_and_end: Option<(Moment, Moment)>,
    /// Whether it was requested because the API rejected the one before.
    pub(super) is_replacement: bool,
}

impl Cached {
    pub(super) fn new(token: Arc<Token>, asked: Moment, is_replacement: bool) -> Cached {
        let due_and_end = token
            .lifetime()
            .map(|lifetime| (asked.after(renew_after(lifetime, random())), asked.after(lifetime)));
        Cached { token, obtained: asked.monotonic, due_and_end, is_replacement }
    }

    /// `now` is called only for a token with a lifetime.
    pub(super) fn is_due(&self, now: impl FnOnce() -> Moment) -> bool {
        self.due_and_end.as_ref().is_some_and(|(due, _)| due.is_reached_at(now()))
    }

    pub(super) fn is_live(&self, now: Moment) -> bool {
        self.due_and_end.as_ref().is_none_or(|(_, end)| !end.is_reached_at(now))
    }

    /// The remaining lifetime, if the token has one and has not ended.
    pub(super) fn left(&self, now: Moment) -> Option<Duration> {
        let (_, end) = self.due_and_end.as_ref()?;
        let left = end.monotonic.checked_duration_since(now.monotonic)?;
        Some(left.min(end.wall.duration_since(now.wall).ok()?))
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due_and_end.as_ref().map(|(due, _)| due.monotonic)
    }

    pub(super) fn age(&self, now: Moment) -> Duration {
        now.monotonic.saturating_duration_since(self.obtained)
    }
}

/// A random number from the keys that std makes for its hash maps: good enough to spread devices.
pub(super) fn random() -> Fraction {
    Fraction::from_bits(RandomState::new().build_hasher().finish())
}
