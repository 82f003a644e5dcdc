//! When to renew a token, and how long to wait after a failure: durations and a random number in, durations out.
//!
//! [`Session`](crate::Session) uses this schedule. It is public for programs without an operating system, which have
//! their own clock and source of random numbers:
//!
//! ```
//! use minbearer::schedule::{Fraction, renew_after};
//! use std::time::Duration;
//!
//! let random_bits = 0x9E37_79B9_7F4A_7C15; // from the device's generator
//! let random = Fraction::from_bits(random_bits);
//! let due = renew_after(Duration::from_secs(3600), random);
//! assert!(due <= Duration::from_secs(3540));
//! ```

use crate::error::Kind;
use core::time::Duration;

/// The longest time before its end at which a token is renewed, without the random part.
const MAX_EARLY: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Returns how long after its request a token of that lifetime is to be renewed.
///
/// That is at 90 % of it, or 60 s before its end if that is later, less a random part of up to a tenth of the lifetime.
/// Because of that part, devices that got their tokens in the same second do not renew them in the same second.
pub fn renew_after(lifetime: Duration, random: Fraction) -> Duration {
    let tenth = lifetime / 10;
    lifetime - tenth.min(MAX_EARLY) - random.of(tenth)
}

/// Returns the pause after that many failures in a row, the last of that kind.
///
/// It is 1 s to 2 s after the first, doubled after each further one, up to 30 s to 60 s. After a refusal, which a person
/// most likely has to correct, it is 30 s to 60 s at once.
pub fn pause_after(failures: u32, kind: Kind, random: Fraction) -> Duration {
    let longest = match kind {
        Kind::Refused => MAX_PAUSE,
        _ => FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(8)).min(MAX_PAUSE),
    };
    longest / 2 + random.of(longest / 2)
}

/// Limits the pause that a server asks for by `Retry-After` to 1 s at least and 60 s at most.
pub fn heeded_pause(retry_after: Duration) -> Duration {
    retry_after.clamp(FIRST_PAUSE / 2, MAX_PAUSE)
}

/// Limits the pause after a refusal while the old token is valid.
///
/// The limit is half of the token's remaining lifetime, `left`, so that a secret that was just being replaced is tried
/// again in time. It is not below 5 s, since a server may lock out a client that it refuses too often.
pub fn pause_while_live(pause: Duration, left: Duration) -> Duration {
    const SHORTEST: Duration = Duration::from_secs(5);
    pause.min((left / 2).max(SHORTEST))
}

/// A random number from 0 up to 1, in units of 2⁻³².
#[derive(Clone, Copy, Debug)]
pub struct Fraction(u32);

impl Fraction {
    /// Makes a fraction from 64 random bits.
    pub const fn from_bits(bits: u64) -> Fraction {
        Fraction((bits >> 32) as u32)
    }

    /// Returns that part of a duration.
    pub fn of(self, whole: Duration) -> Duration {
        let nanos = (whole.as_nanos() * u128::from(self.0)) >> 32;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    const LEAST: Fraction = Fraction(0);
    const MOST: Fraction = Fraction(u32::MAX);

    #[test]
    fn a_token_is_renewed_at_90_percent_or_a_minute_before_its_end() {
        for (lifetime, latest, earliest) in
            [(10, 9.0, 8.0), (600, 540.0, 480.0), (3600, 3540.0, 3180.0)]
        {
            let lifetime = Duration::from_secs(lifetime);
            assert_eq!(
                renew_after(lifetime, LEAST),
                Duration::from_secs_f64(latest),
                "{lifetime:?}"
            );
            let most = renew_after(lifetime, MOST).as_secs_f64();
            assert!((most - earliest).abs() < 1e-3, "{most} for {lifetime:?}");
        }
        for lifetime in [Duration::from_nanos(1), Duration::MAX] {
            assert!(renew_after(lifetime, MOST) <= lifetime);
        }
    }

    #[test]
    fn pauses_grow_from_one_second_to_sixty_and_a_refusal_waits_longest() {
        let range = |failures, kind| {
            [LEAST, MOST].map(|random| pause_after(failures, kind, random).as_secs_f64().round())
        };
        let network =
            [1, 2, 3, 4, 5, 6, 7, 100, u32::MAX].map(|failures| range(failures, Kind::Network));
        assert_eq!(
            network,
            [
                [1.0, 2.0],
                [2.0, 4.0],
                [4.0, 8.0],
                [8.0, 16.0],
                [16.0, 32.0],
                [30.0, 60.0],
                [30.0, 60.0],
                [30.0, 60.0],
                [30.0, 60.0]
            ]
        );
        assert_eq!(range(1, Kind::Refused), [30.0, 60.0]);
    }

    /// 10,000 devices get a token in the same second and renew it for a day. `cargo test fleet --
    /// --nocapture` prints the peaks.
    #[test]
    fn a_fleet_started_in_one_second_does_not_renew_in_one_second() {
        const DEVICES: usize = 10_000;
        const HOUR: Duration = Duration::from_secs(3600);
        let mut bits: u64 = 42;
        let mut random = || {
            // SplitMix64, with a fixed seed: each run simulates the same.
            bits = bits.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            Fraction::from_bits(mixed ^ (mixed >> 31))
        };
        let mut peak = |jitter: bool| {
            let mut requests_in_second: Vec<usize> = vec![0; 24 * 3600];
            for _ in 0..DEVICES {
                let mut clock = random().of(Duration::from_secs(1));
                loop {
                    clock += renew_after(HOUR, if jitter { random() } else { LEAST });
                    match requests_in_second.get_mut(clock.as_secs() as usize) {
                        Some(requests) => *requests += 1,
                        None => break,
                    }
                }
            }
            requests_in_second.into_iter().max().unwrap_or_default()
        };
        let (with, without) = (peak(true), peak(false));
        std::println!(
            "peak of token requests a second, 10,000 devices, tokens of one hour: {without} without the random part, {with} with it"
        );
        assert_eq!(without, DEVICES, "the worst case, for comparison");
        assert!(with < DEVICES / 100, "{with}");
    }
}
