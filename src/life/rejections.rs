//! What a 401 means: the token was revoked, or this call is forbidden with any token.
//!
//! No call has an identity, so a machine cannot know which it is. It counts instead. Rejections that a later acceptance
//! of the same token has ended meant nothing: the token was alive. So when a token that was accepted is rejected more
//! than twice as often in a row as that has ever been so, no one accepts it any more.
//!
//! ```text
//! accepted  A A R A R R A R R A   R R R R R     R rejected, A accepted
//! run           1   1 2   1 2     1 2 3 4 5     5 > 2 * 2: dead
//! longest   1             2
//! ```
//!
//! An acceptance costs nothing, and every other rejection is answered after a pause that doubles: an endpoint that is
//! always forbidden, beside others that are not, costs a token request now and then, not one a call.

use super::pause::{Span, pause_after_replacements};
use core::time::Duration;

/// After this time without a rejection the next one is the first again.
const QUIET: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Rejections {
    /// Rejections of the current token since it was last accepted.
    run: u32,
    /// Whether the current token was accepted, or one before it that it replaced alive.
    was_accepted: bool,
    /// The longest run that an acceptance of the same token has ended; it outlives the token.
    longest: u32,
    /// The run for which the last token was taken for dead, until the first outcome with its successor.
    dead_run: u32,
    /// Tokens replaced since the last quiet minute.
    replacements: u32,
    /// The time in which a rejection that may be of a forbidden call brings no other token.
    pause: Option<Span>,
    last: Option<Duration>,
}

impl Rejections {
    pub(super) const fn new() -> Rejections {
        Rejections {
            run: 0,
            was_accepted: false,
            longest: 1,
            dead_run: 0,
            replacements: 0,
            pause: None,
            last: None,
        }
    }

    /// Records that an API accepted the current token.
    pub(super) fn accepted(&mut self) {
        self.longest = self.longest.max(self.run);
        (self.run, self.was_accepted, self.dead_run) = (0, true, 0);
    }

    /// Records that an API rejected the current token; returns whether that is the first rejection after a quiet minute,
    /// and whether to replace the token.
    pub(super) fn rejected(&mut self, now: Duration) -> (bool, bool) {
        // A new token that is rejected as the old one was: the old one was not dead.
        self.longest = self.longest.max(self.dead_run);
        self.dead_run = 0;
        self.run = self.run.saturating_add(1);
        let is_quiet = self.last.is_none_or(|last| !Span::after(last, QUIET).has(now));
        self.last = Some(now);
        if is_quiet {
            self.replacements = 0;
        }
        let is_first = self.replacements == 0;
        (is_first, is_first || self.is_dead() || !self.pause.is_some_and(|pause| pause.has(now)))
    }

    fn is_dead(&self) -> bool {
        self.was_accepted && self.run > self.longest.saturating_mul(2)
    }

    /// Records a new token; `is_replacement` if it was obtained because of a rejection.
    pub(super) fn renewed(&mut self, is_replacement: bool, now: Duration, random: u32) {
        let was_dead = self.is_dead();
        self.dead_run = if was_dead { self.run } else { 0 };
        // One that replaces a living token can be revoked before a call has had time to be accepted with it.
        (self.run, self.was_accepted) = (0, self.was_accepted && !was_dead);
        if is_replacement {
            self.replacements = self.replacements.saturating_add(1);
            let pause = pause_after_replacements(self.replacements, random);
            self.pause = Some(Span::after(now, pause));
        }
    }

    /// Ends the pause.
    pub(super) fn wake(&mut self) {
        self.pause = None;
    }
}
