//! The last failure to get a token, and the pause after it.

use super::cached::Moment;
use crate::error::Error;
use alloc::format;
use std::time::Instant;

pub(super) struct Failed {
    pub(super) error: Error,
    /// The number of the request.
    pub(super) request: u64,
    pub(super) seen: Instant,
    /// The end of the pause: no request is made before it.
    pub(super) until: Instant,
}

impl Failed {
    pub(super) fn is_pause(&self, now: Moment) -> bool {
        now.monotonic < self.until
    }

    /// The error for a call during the pause.
    pub(super) fn again(&self, now: Moment) -> Error {
        let ago = now.monotonic.saturating_duration_since(self.seen).as_secs();
        let left = self.until.saturating_duration_since(now.monotonic).as_secs() + 1;
        self.error
            .clone()
            .with_note(&format!(" (seen {ago} s ago; the next attempt is in {left} s)"))
    }
}
