//! The time since the start, and a wait until a time, on systems without Linux's timers. Whether the clock runs
//! through suspend depends on the system.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::BorrowedFd;
use std::io::Result;
use std::time::{Duration, Instant};

/// The longest wait before the clock is read again: the system may wait by another clock.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

pub struct Clock(Instant);

impl Clock {
    pub fn start() -> Result<Clock> {
        Ok(Clock(Instant::now()))
    }

    /// The time since the start.
    pub fn now(&self) -> Duration {
        self.0.elapsed()
    }

    /// Waits that long, or for ever, or until there is something to read; 10 s at most, since the caller checks again.
    pub fn wait(&self, time: Option<Duration>, wake: BorrowedFd) {
        let time = Timespec::try_from(time.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)).ok();
        let _ = poll(&mut [PollFd::from_borrowed_fd(wake, PollFlags::IN)], time.as_ref());
    }
}
