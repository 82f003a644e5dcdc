//! The schedule of renewing a token in a file: times and outcomes in, the next step out. No clock, no file, no signal.
//!
//! Every time is counted from one moment in the past, the program's start.

use minbearer::schedule::{Fraction, heeded_pause, pause_after, pause_while_live};
use minbearer::{Error, Kind, Refusal};
use std::time::Duration;

/// No request follows another within this time, whatever the signals and lifetimes are.
pub const LEAST_BETWEEN_REQUESTS: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Request,
    /// Write the token that was obtained to the file.
    Write,
    /// Wait until that time, or, if there is none, for a signal.
    Wait(Option<Duration>),
}

pub struct Renewal {
    every: Option<Duration>,
    /// When the last request was sent.
    requested: Option<Duration>,
    /// When a request is due, if one ever is.
    request_at: Option<Duration>,
    /// When the token that was obtained is to be written, or written again; none if it is written.
    write_at: Option<Duration>,
    /// When the last token that was obtained ends, if that is known.
    ends: Option<Duration>,
    is_asked: bool,
    failed_requests: u32,
    failed_writes: u32,
}

impl Renewal {
    pub fn new(every: Option<Duration>) -> Renewal {
        Renewal {
            every,
            requested: None,
            request_at: Some(Duration::ZERO),
            write_at: None,
            ends: None,
            is_asked: false,
            failed_requests: 0,
            failed_writes: 0,
        }
    }

    /// Makes a request due at once, in a pause too; if one is in progress, another one after it.
    pub fn ask(&mut self) {
        self.is_asked = true;
    }

    pub fn next(&self, now: Duration) -> Step {
        if self.write_at.is_some_and(|time| time <= now) {
            return Step::Write;
        }
        let due = if self.is_asked { Some(now) } else { self.request_at };
        let earliest = self.requested.map(|time| time.saturating_add(LEAST_BETWEEN_REQUESTS));
        let request_at = due.map(|due| due.max(earliest.unwrap_or_default()));
        if request_at.is_some_and(|time| time <= now) {
            return Step::Request;
        }
        Step::Wait(earlier(request_at, self.write_at))
    }

    /// Records that a request is about to be sent.
    pub fn requesting(&mut self, now: Duration) {
        self.requested = Some(now);
        self.is_asked = false;
    }

    /// Records a token, which is to be written. It is due at 80 % of its lifetime, because its readers keep it for
    /// minutes, or after `every` if that is earlier; less up to a tenth, so that a fleet does not renew in one second.
    pub fn obtained(&mut self, lifetime: Option<Duration>, random: Fraction) {
        let most = lifetime.map(|lifetime| lifetime / 5 * 4);
        let interval = earlier(most, self.every);
        let requested = self.requested.unwrap_or_default();
        self.request_at =
            interval.map(|interval| requested.saturating_add(interval - random.of(interval / 10)));
        self.ends = lifetime.map(|lifetime| requested.saturating_add(lifetime));
        self.write_at = Some(Duration::ZERO);
        (self.failed_requests, self.failed_writes) = (0, 0);
    }

    /// Whether only a signal renews the token that was obtained.
    pub fn is_never_due(&self) -> bool {
        self.request_at.is_none()
    }

    /// Records a failed request. The pauses are those of the library's sessions.
    pub fn failed(&mut self, error: &Error, now: Duration, random: Fraction) {
        self.failed_requests = self.failed_requests.saturating_add(1);
        let pause = pause_after(self.failed_requests, error.kind(), random);
        let left = self.ends.map(|end| end.saturating_sub(now)).unwrap_or_default();
        let retry_after = error.refusal().and_then(Refusal::retry_after);
        let pause = match (error.kind(), retry_after) {
            (Kind::Unavailable, Some(retry_after)) => heeded_pause(retry_after),
            (Kind::Refused, _) if !left.is_zero() => pause_while_live(pause, left),
            _ => pause,
        };
        self.request_at = Some(now.saturating_add(pause));
    }

    /// Records that the token is in the file.
    pub fn written(&mut self) {
        (self.write_at, self.failed_writes) = (None, 0);
    }

    /// Records that the token could not be written. It is kept.
    pub fn unwritten(&mut self, now: Duration, random: Fraction) {
        self.failed_writes = self.failed_writes.saturating_add(1);
        let pause = pause_after(self.failed_writes, Kind::Config, random);
        self.write_at = Some(now.saturating_add(pause));
    }
}

/// The earlier of two times, of which either may never come.
fn earlier(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: Fraction = Fraction::from_bits(0);
    const MOST: Fraction = Fraction::from_bits(u64::MAX);

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// A schedule with a request at 100 s that got a token.
    fn obtained(every: Option<f64>, lifetime: Option<f64>, random: Fraction) -> Renewal {
        let mut renewal = Renewal::new(every.map(at));
        assert_eq!(renewal.next(at(100.0)), Step::Request);
        renewal.requesting(at(100.0));
        renewal.obtained(lifetime.map(at), random);
        renewal
    }

    fn written(every: Option<f64>, lifetime: Option<f64>, random: Fraction) -> Renewal {
        let mut renewal = obtained(every, lifetime, random);
        assert_eq!(renewal.next(at(100.1)), Step::Write);
        renewal.written();
        renewal
    }

    #[test]
    fn a_token_is_due_at_80_percent_or_after_every_less_the_random_tenth() {
        for (every, lifetime, latest, earliest) in [
            (None, Some(1000.0), Some(900.0), Some(820.0)),
            (Some(10.0), Some(1000.0), Some(110.0), Some(109.0)),
            (Some(5000.0), Some(1000.0), Some(900.0), Some(820.0)),
            (Some(10.0), None, Some(110.0), Some(109.0)),
            (None, None, None, None),
            // No sooner than a second after the last request.
            (None, Some(0.0), Some(101.0), Some(101.0)),
            (Some(1.0), None, Some(101.0), Some(101.0)),
        ] {
            for (random, due) in [(LEAST, latest), (MOST, earliest)] {
                let renewal = written(every, lifetime, random);
                let Step::Wait(time) = renewal.next(at(100.2)) else { panic!("not a wait") };
                let rounded = |time: Duration| time.as_secs_f64().round();
                assert_eq!(time.map(rounded), due, "{every:?} {lifetime:?}");
                assert_eq!(renewal.is_never_due(), due.is_none(), "{every:?} {lifetime:?}");
                if let Some(time) = time {
                    assert_eq!(renewal.next(time), Step::Request, "{every:?} {lifetime:?}");
                }
            }
        }
        let endless = obtained(None, Some(u64::MAX as f64 / 2.0), LEAST);
        assert!(!endless.is_never_due());
    }

    #[test]
    fn a_signal_asks_at_once_but_never_twice_in_a_second() {
        let mut renewal = written(None, Some(1000.0), LEAST);
        renewal.ask();
        renewal.ask();
        assert_eq!(renewal.next(at(100.2)), Step::Wait(Some(at(101.0))));
        assert_eq!(renewal.next(at(101.0)), Step::Request);
        renewal.requesting(at(101.0));
        renewal.obtained(None, LEAST);
        renewal.written();
        assert_eq!(renewal.next(at(103.0)), Step::Wait(None), "two signals are one request");
        renewal.ask();
        assert_eq!(renewal.next(at(103.0)), Step::Request, "a token that is never due, too");
    }

    #[test]
    fn a_signal_during_a_request_causes_another_request() {
        for is_good in [true, false] {
            let mut renewal = Renewal::new(None);
            renewal.requesting(at(100.0));
            renewal.ask();
            if is_good {
                renewal.obtained(Some(at(1000.0)), LEAST);
                assert_eq!(renewal.next(at(102.0)), Step::Write, "the token is written first");
                renewal.written();
            } else {
                renewal.failed(&Error::network("down"), at(102.0), MOST);
            }
            assert_eq!(renewal.next(at(102.0)), Step::Request, "after a good one: {is_good}");
        }
    }

    #[test]
    fn a_signal_ends_a_pause() {
        let mut renewal = written(None, Some(1000.0), LEAST);
        renewal.requesting(at(900.0));
        renewal.failed(&Error::network("down"), at(900.0), MOST);
        assert!(matches!(renewal.next(at(901.5)), Step::Wait(Some(_))));
        renewal.ask();
        assert_eq!(renewal.next(at(901.5)), Step::Request);
    }

    #[test]
    fn failed_requests_pause_longer_and_longer_until_one_is_answered() {
        let mut renewal = Renewal::new(None);
        let mut pause = |now: f64| {
            renewal.requesting(at(now));
            renewal.failed(&Error::timeout("slow"), at(now + 10.0), LEAST);
            let Step::Wait(Some(time)) = renewal.next(at(now + 10.0)) else { panic!("no pause") };
            (time - at(now + 10.0)).as_secs_f64()
        };
        let pauses = [pause(0.0), pause(100.0), pause(200.0)];
        assert_eq!(pauses, [1.0, 2.0, 4.0]);
        renewal.obtained(None, LEAST);
        assert_eq!(renewal.failed_requests, 0);
    }

    #[test]
    fn after_a_refusal_requests_are_frequent_while_the_token_lives_and_then_rare() {
        let refused = |now: f64| {
            let mut renewal = written(None, Some(100.0), LEAST);
            renewal.requesting(at(now));
            let url = minbearer::Url::parse("URL", "http://h").unwrap();
            let request = minbearer::Request::to(minbearer::Method::Get, url);
            renewal.failed(&Error::refused(&request, 401, "wrong"), at(now), LEAST);
            let Step::Wait(Some(time)) = renewal.next(at(now)) else { panic!("no pause") };
            (time - at(now)).as_secs_f64()
        };
        for (now, pause) in [(120.0, 30.0), (180.0, 10.0), (195.0, 5.0), (200.0, 30.0)] {
            assert_eq!(refused(now), pause, "{now} s");
        }
    }

    #[test]
    fn a_token_that_cannot_be_written_is_written_again_later_and_replaced_when_it_is_due() {
        let mut renewal = obtained(None, Some(10.0), LEAST);
        renewal.unwritten(at(100.1), LEAST);
        assert_eq!(renewal.next(at(100.2)), Step::Wait(Some(at(101.1))));
        assert_eq!(renewal.next(at(101.1)), Step::Write);
        renewal.unwritten(at(101.1), LEAST);
        assert_eq!(renewal.next(at(101.2)), Step::Wait(Some(at(103.1))), "a longer pause");
        for (seconds, pause) in [(103.1, 4.0), (107.1, 8.0)] {
            assert_eq!(renewal.next(at(seconds)), Step::Write);
            renewal.unwritten(at(seconds), LEAST);
            assert_eq!(renewal.write_at, Some(at(seconds + pause)));
        }
        assert_eq!(renewal.next(at(108.0)), Step::Request, "it is due");
        renewal.requesting(at(108.0));
        renewal.failed(&Error::network("down"), at(108.0), LEAST);
        assert_eq!(renewal.next(at(115.1)), Step::Write, "the old token is still kept");
        renewal.obtained(None, LEAST);
        assert_eq!(renewal.next(at(115.2)), Step::Write, "a new token is written at once");
    }
}
