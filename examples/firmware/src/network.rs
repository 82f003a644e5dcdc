//! What moves the bytes, and how long it may take.

use crate::board;
use alloc::format;
use core::time::Duration;
use minbearer::{Error, Incoming, Url};

/// A way to a server and back.
pub trait Network {
    /// Sends a request to the URL's host and port and hands over what comes back, until the answer is whole or the
    /// connection has ended. Wipes what it held of either.
    fn exchange(
        &mut self,
        url: &Url,
        request: &[u8],
        deadline: Deadline,
        answer: &mut Incoming,
    ) -> Result<(), Error>;
}

/// A moment by the board's clock, which runs over: what counts is the time since the start.
#[derive(Clone, Copy)]
pub struct Deadline {
    start: u32,
    ticks: u32,
}

impl Deadline {
    pub fn after(timeout: Duration) -> Deadline {
        let seconds = u32::try_from(timeout.as_secs()).unwrap_or(u32::MAX);
        let whole = seconds.saturating_mul(board::TICKS_PER_SECOND);
        let rest = timeout.subsec_millis() * board::TICKS_PER_SECOND / 1000;
        Deadline { start: board::ticks(), ticks: whole.saturating_add(rest) }
    }

    pub fn has_passed(self) -> bool {
        board::ticks().wrapping_sub(self.start) >= self.ticks
    }

    /// An error once it has passed, which says for whom the device was waiting.
    pub fn check(self, waiting_for: &str) -> Result<(), Error> {
        if self.has_passed() {
            return Err(Error::timeout(format!("the time is up while waiting for {waiting_for}")));
        }
        Ok(())
    }
}
