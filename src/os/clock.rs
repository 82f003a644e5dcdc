//! The two clocks of a device. [`utc_now`] is the one that people read and may set. Tokens live by [`now`]: it runs on while the machine is suspended, since the server's does too.
//!
//! std's `Instant` stops in suspend on Linux. `CLOCK_BOOTTIME` does not, and is read without a system call; on x86 with a
//! kernel before 5.3 it is one. On macOS and OpenBSD `CLOCK_MONOTONIC` counts the time of a suspend; on other systems it
//! may not, and a token is then renewed later than due by that time.
//!
//! rustix finds the kernel's own code for it, the vDSO, by the C library's `getauxval` (its feature `use-libc-auxv`). By
//! default it asks the kernel, whose answer names a vDSO that valgrind has unmapped: the process would end there. A static
//! program has no symbols by which to find `getauxval`: `.ci/static` has rustix read the clock by the
//! C library instead, where a register has 64 bits. On 32 it must not: musl's function has times of 32 bits, and rustix takes
//! them for such of 64.

use crate::wire::time::Utc;
use core::time::Duration;
use rustix::time::{ClockId, clock_gettime};
use std::time::SystemTime;

#[cfg(any(target_os = "linux", target_os = "android"))]
const CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const CLOCK: ClockId = ClockId::Monotonic;

/// The time since the clock's start.
pub(crate) fn now() -> Duration {
    let time = clock_gettime(CLOCK);
    // It does not lie before its start.
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// The time since 1970; none if the clock says less, and is wrong.
pub(crate) fn since_1970() -> Option<Duration> {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()
}

/// The time to show. A clock before 1970 counts as 1970.
pub fn utc_now() -> Utc {
    Utc(since_1970().unwrap_or_default().as_secs())
}
