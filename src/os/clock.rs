//! The clock by which tokens live: it runs on while the machine is suspended, since the server's does too.
//!
//! std's `Instant` stops in suspend on Linux. `CLOCK_BOOTTIME` does not, but rustix reads it through the vDSO, which it finds
//! by `PR_GET_AUXV`: under valgrind, which takes the vDSO away, the process ends (seen with 3.19 on a kernel of 6.4 or later).
//! The uptime that `sysinfo(2)` returns counts suspends in whole seconds. What it has gained on `Instant` is added:
//!
//! ```text
//! uptime     100 ........................ 7310       seconds, rounded up
//! Instant      0 .. 10 (suspended) 10 .. 10.4
//! now          0 ...................... 7209.4       10.4 and the 7199 s that the uptime has gained
//! ```
//!
//! Reading the uptime is a system call, five times as slow as `Instant`. It is made once a second, so that a suspend is seen
//! within a second after it.
//!
//! On macOS and OpenBSD `CLOCK_MONOTONIC` counts the time of a suspend; on other systems it may not, and a token is then
//! renewed later than due by that time.

use core::time::Duration;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use with_uptime::now;

/// The time since the clock's start.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn now() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::Monotonic);
    // It does not lie before its start.
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod with_uptime {
    use super::Duration;
    use core::sync::atomic::{AtomicU32, Ordering};
    use std::sync::OnceLock;
    use std::time::Instant;

    /// Both clocks at the first call.
    static START: OnceLock<(Instant, u64)> = OnceLock::new();
    /// The seconds of suspends since then, as far as they were seen. They never get fewer, so time does not go back.
    static SUSPENDED: AtomicU32 = AtomicU32::new(0);
    /// The second of the clock that stops in which the uptime was last read, and one; 0 before that.
    static LOOKED: AtomicU32 = AtomicU32::new(0);

    /// The time since the first call.
    pub(crate) fn now() -> Duration {
        let (start, uptime_then) = *START.get_or_init(|| (Instant::now(), uptime()));
        let elapsed = start.elapsed();
        let second = u32::try_from(elapsed.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
        if LOOKED.load(Ordering::Relaxed) != second {
            let gained = gained(uptime().saturating_sub(uptime_then), elapsed);
            SUSPENDED.fetch_max(gained, Ordering::Relaxed);
            LOOKED.store(second, Ordering::Relaxed);
        }
        let suspended = SUSPENDED.load(Ordering::Relaxed);
        elapsed.saturating_add(Duration::from_secs(suspended.into()))
    }

    /// What the uptime has gained on the clock that stops. Each uptime is rounded, so less than two seconds say nothing.
    fn gained(uptime: u64, elapsed: Duration) -> u32 {
        let gained = uptime.saturating_sub(elapsed.as_secs().saturating_add(1));
        if gained < 2 { 0 } else { u32::try_from(gained).unwrap_or(u32::MAX) }
    }

    fn uptime() -> u64 {
        // An i32 on some processors.
        #[allow(clippy::useless_conversion)]
        u64::try_from(rustix::system::sysinfo().uptime).unwrap_or_default()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_suspend_counts_and_rounding_does_not() {
            let millis = Duration::from_millis;
            for (uptime, elapsed, expected) in [
                (0, millis(0), 0),
                (1, millis(10), 0),
                (2, millis(10), 0),
                (10, millis(10_400), 0),
                (11, millis(9_999), 0),
                (7210, millis(10_400), 7199),
                (u64::MAX, millis(0), u32::MAX),
            ] {
                assert_eq!(gained(uptime, elapsed), expected, "{uptime} s, {elapsed:?}");
            }
        }

        #[test]
        fn time_runs_and_never_goes_back() {
            let mut last = now();
            for _ in 0..10_000 {
                let next = now();
                assert!(next >= last, "{next:?} after {last:?}");
                last = next;
            }
            std::thread::sleep(Duration::from_millis(5));
            assert!(now() >= last + Duration::from_millis(5));
        }
    }
}
