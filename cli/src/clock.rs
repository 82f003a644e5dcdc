//! The time since the start, and a wait until a time, both by the kernel's clock that runs through suspend.
//!
//! std has no such clock. rustix reads the clocks by way of the vDSO, whose parser takes 2 KiB in a program; two timers
//! need less.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::io::Result;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_gettime, timerfd_settime,
};
use std::time::Duration;

/// Fifty years. A kernel before 5.1 on a 32-bit processor takes no number of seconds of more than 32 bits.
const FAR: Duration = Duration::from_secs(50 * 365 * 86_400);
/// A timer that is set to zero would be stopped.
const LEAST: Duration = Duration::from_nanos(1);

pub struct Clock {
    /// Goes off fifty years after the start: the time that is left until then gives the time since the start.
    far: OwnedFd,
    alarm: OwnedFd,
}

impl Clock {
    pub fn start() -> std::io::Result<Clock> {
        let create = || timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::CLOEXEC);
        let clock = Clock { far: create()?, alarm: create()? };
        set(&clock.far, FAR)?;
        Ok(clock)
    }

    /// The time since the start.
    pub fn now(&self) -> Duration {
        // A timer that was set can be read.
        let left = timerfd_gettime(&self.far).ok().and_then(|far| far.it_value.try_into().ok());
        FAR.saturating_sub(left.unwrap_or_default())
    }

    /// Waits that long, or for ever, or until there is something to read.
    pub fn wait(&self, time: Option<Duration>, wake: BorrowedFd) {
        // A wait that ends early does no harm: the caller checks the time again.
        let _ = set(&self.alarm, time.map_or(Duration::ZERO, |time| time.clamp(LEAST, FAR)));
        let wake = PollFd::from_borrowed_fd(wake, PollFlags::IN);
        let _ = poll(&mut [wake, PollFd::new(&self.alarm, PollFlags::IN)], None);
    }
}

fn set(timer: &OwnedFd, time: Duration) -> Result<()> {
    let none = Timespec { tv_sec: 0, tv_nsec: 0 };
    let it_value = Timespec::try_from(time).unwrap_or(none);
    let once = Itimerspec { it_interval: none, it_value };
    timerfd_settime(timer, TimerfdTimerFlags::empty(), &once).map(drop)
}
