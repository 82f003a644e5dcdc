//! Pauses and random parts of times. Randomness is an argument: 32 random bits, so that the rules can be run again.

use core::time::Duration;

/// The shortest time between two token requests, whatever the lifetimes, failures, settings and persons are.
pub(super) const SECOND: Duration = Duration::from_secs(1);
/// The longest pause of the machine's own.
pub(super) const LONGEST: Duration = Duration::from_secs(60);
/// The longest pause that a server can ask for.
pub(super) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// A time that has a start and an end. A clock that was set back to before the start has left it too: a machine that
/// believed the end alone would wait for as long as the clock was set back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: Duration,
    pub(super) end: Duration,
}

impl Span {
    pub(super) fn after(start: Duration, time: Duration) -> Span {
        Span { start, end: start.saturating_add(time) }
    }

    pub(super) fn has(&self, now: Duration) -> bool {
        self.start <= now && now < self.end
    }
}

/// The pause after that many failures in a row: 1 s to 2 s after the first, doubled after each further one, up to 30 s
/// to 60 s.
pub fn pause(failures: u32, random: u32) -> Duration {
    let longest = SECOND.saturating_mul(2 << failures.saturating_sub(1).min(8)).min(LONGEST);
    longest / 2 + part(longest / 2, random)
}

/// The pause before another token is tried after that many were replaced: 1 s, doubled up to a minute, less a random
/// sixth.
pub(super) fn pause_after_replacements(replacements: u32, random: u32) -> Duration {
    let longest = SECOND.saturating_mul(1 << replacements.saturating_sub(1).min(8)).min(LONGEST);
    longest - part(longest / 6, random)
}

/// A random part of a time: from none of it to nearly all.
pub(super) fn part(whole: Duration, random: u32) -> Duration {
    let nanos = (whole.as_nanos() * u128::from(random)) >> 32;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// The earlier of two times, of which either may never come.
pub(super) fn earlier(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
