//! The network interface, and deadlines.

use crate::board;
use alloc::format;
use core::time::Duration;
use minbearer::{Error, Incoming, Url};

/// Sends a request and receives the answer.
pub trait Network {
    /// Sends a request to the URL's host and port and pushes the received bytes into `answer`, until the answer is whole
    /// or the connection has ended. Wipes its copies of both.
    fn exchange(
        &mut self,
        url: &Url,
        request: &[u8],
        deadline: Deadline,
        answer: &mut Incoming,
    ) -> Result<(), Error>;
}

/// A deadline by the board's clock. The clock wraps around, so only the time since the start is compared.
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

    /// An error once the deadline has passed, which says what the device was waiting for.
    pub fn check(self, waiting_for: &str) -> Result<(), Error> {
        if self.has_passed() {
            return Err(Error::timeout(format!("the time is up while waiting for {waiting_for}")));
        }
        Ok(())
    }
}
