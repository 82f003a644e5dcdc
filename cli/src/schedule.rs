//! When to renew a token in a file, and when to write it: what happened in, the next step out. No clock, no file, no
//! signal. When to ask for a token is the library's to say: see [`Lifecycle`].
//!
//! Every time is counted from one moment in the past, the program's start.

use minbearer::internal::pause;
use minbearer::{AfterRefusal, Error, Lifecycle, Lifetime, Token};
use std::time::Duration;

/// The shortest `--every`.
pub const LEAST_BETWEEN_REQUESTS: Duration = Lifecycle::LEAST_BETWEEN_REQUESTS;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Request,
    /// Write the token that was obtained to the file.
    Write,
    /// Drop the token that was obtained: it has ended before it could be written.
    Discard,
    /// Ask the flow whether a secret has changed.
    Look,
    /// Wait until that time, or, if there is none, for a signal.
    Wait(Option<Duration>),
}

pub struct Schedule {
    life: Lifecycle,
    /// When the token that was obtained is to be written, or written again; none if it is written.
    write_at: Option<Duration>,
    failed_writes: u32,
    /// Whether a request has failed since the last token was obtained.
    pub is_failing: bool,
    /// Whether the last token says a lifetime that is not usable.
    pub is_unusable: bool,
}

impl Schedule {
    pub fn new(every: Option<Duration>) -> Schedule {
        let life = Lifecycle::new().in_file();
        let life = match every {
            Some(every) => life.every(every),
            None => life,
        };
        Schedule { life, write_at: None, failed_writes: 0, is_failing: false, is_unusable: false }
    }

    /// Makes a request due at once, in a pause too; if one is in progress, another one after it. A token that could not be
    /// written is written first: the server may be down.
    pub fn ask(&mut self) {
        self.write_at = self.write_at.map(|_| Duration::ZERO);
        self.life.wake();
    }

    pub fn next(&self, now: Duration) -> Step {
        let look_at = self.life.look_at(now);
        let discard_at = self.write_at.and(self.life.end());
        if discard_at.is_some_and(|time| time <= now) {
            Step::Discard
        } else if self.write_at.is_some_and(|time| time <= now) {
            Step::Write
        } else if look_at.is_some_and(|time| time <= now) {
            Step::Look
        } else if self.life.next(now) == minbearer::Step::Ask {
            Step::Request
        } else {
            let times = [self.next_request(now), self.write_at, discard_at, look_at];
            Step::Wait(times.into_iter().flatten().min())
        }
    }

    /// When the next request is due; none if only a signal brings one.
    pub fn next_request(&self, now: Duration) -> Option<Duration> {
        self.life.next_request(now)
    }

    /// When, after a failed write, the token is written again, or, if it ends before that, another one requested.
    pub fn next_write(&self, now: Duration) -> Option<Duration> {
        let ends = self.life.end();
        let write_at = self.write_at.filter(|time| ends.is_none_or(|end| *time < end));
        write_at.or_else(|| self.next_request(now))
    }

    /// When the token that was obtained last ends, if that is known.
    pub fn valid_until(&self) -> Option<Duration> {
        self.life.end()
    }

    /// Records that a request is about to be sent.
    pub fn requesting(&mut self, now: Duration) {
        self.life.asking(now);
    }

    /// Records a token, which is to be written.
    pub fn obtained(&mut self, token: &Token, now: Duration, random: u32) {
        self.life.obtained(token, now, random);
        (self.write_at, self.failed_writes) = (Some(Duration::ZERO), 0);
        self.is_failing = false;
        self.is_unusable = Lifetime::from(token) == Lifetime::Unusable;
    }

    /// Records a failed request, and what its flow says.
    pub fn failed(&mut self, error: &Error, after: AfterRefusal, now: Duration, random: u32) {
        self.life.failed(error, after, now, random);
        self.is_failing = true;
    }

    /// Records what the flow says during a pause.
    pub fn looked(&mut self, after: AfterRefusal, now: Duration) {
        self.life.looked(after, now);
    }

    /// Records that nothing is left to write: the token is in the file, or was dropped.
    pub fn written(&mut self) {
        (self.write_at, self.failed_writes) = (None, 0);
    }

    /// Records that the token could not be written. It is kept until it ends.
    pub fn unwritten(&mut self, now: Duration, random: u32) {
        self.failed_writes = self.failed_writes.saturating_add(1);
        self.write_at = Some(now.saturating_add(pause(self.failed_writes, random)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: u32 = 0;
    const MOST: u32 = u32::MAX;

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn token(lifetime: Option<f64>) -> Token {
        Token::new("t", lifetime.map(at)).unwrap()
    }

    /// A request at 100 s that got a token.
    fn obtained(every: Option<f64>, lifetime: Option<f64>, random: u32) -> Schedule {
        let mut schedule = Schedule::new(every.map(at));
        assert_eq!(schedule.next(at(100.0)), Step::Request);
        schedule.requesting(at(100.0));
        schedule.obtained(&token(lifetime), at(100.0), random);
        schedule
    }

    fn written(every: Option<f64>, lifetime: Option<f64>, random: u32) -> Schedule {
        let mut schedule = obtained(every, lifetime, random);
        assert_eq!(schedule.next(at(100.05)), Step::Write);
        schedule.written();
        schedule
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
            (None, Some(0.1), Some(101.0), Some(101.0)),
            (Some(1.0), None, Some(101.0), Some(101.0)),
        ] {
            for (random, due) in [(LEAST, latest), (MOST, earliest)] {
                let schedule = written(every, lifetime, random);
                let Step::Wait(time) = schedule.next(at(100.2)) else { panic!("not a wait") };
                let rounded = |time: Duration| time.as_secs_f64().round();
                assert_eq!(time.map(rounded), due, "{every:?} {lifetime:?}");
                if let Some(time) = time {
                    assert_eq!(schedule.next(time), Step::Request, "{every:?} {lifetime:?}");
                }
                let end = lifetime.map(|lifetime| at(100.0 + lifetime));
                assert_eq!(schedule.valid_until(), end, "{every:?} {lifetime:?}");
            }
        }
    }

    #[test]
    fn a_signal_asks_at_once_but_never_twice_in_a_second() {
        let mut schedule = written(None, Some(1000.0), LEAST);
        schedule.ask();
        schedule.ask();
        assert_eq!(schedule.next(at(100.2)), Step::Wait(Some(at(101.0))));
        assert_eq!(schedule.next(at(101.0)), Step::Request);
        schedule.requesting(at(101.0));
        schedule.obtained(&token(None), at(101.0), LEAST);
        schedule.written();
        assert_eq!(schedule.next(at(103.0)), Step::Wait(None), "two signals are one request");
        schedule.ask();
        assert_eq!(schedule.next(at(103.0)), Step::Request, "a token that is never due, too");
    }

    #[test]
    fn a_signal_during_a_request_causes_another_request() {
        for is_good in [true, false] {
            let mut schedule = Schedule::new(None);
            schedule.requesting(at(100.0));
            schedule.ask();
            if is_good {
                schedule.obtained(&token(Some(1000.0)), at(102.0), LEAST);
                assert_eq!(schedule.next(at(102.0)), Step::Write, "the token is written first");
                schedule.written();
            } else {
                let error = Error::network("down");
                schedule.failed(&error, AfterRefusal::Pause, at(102.0), MOST);
            }
            assert_eq!(schedule.next(at(102.0)), Step::Request, "after a good one: {is_good}");
        }
    }

    #[test]
    fn in_a_pause_after_a_refusal_the_flow_is_asked_each_second_whether_a_secret_has_changed() {
        let url = minbearer::Url::parse("URL", "http://h").unwrap();
        let request = minbearer::Request::to(minbearer::Method::Get, url);
        let refused = Error::refused(&request, 401, "wrong");
        let mut schedule = Schedule::new(None);
        schedule.requesting(at(100.0));
        schedule.failed(&refused, AfterRefusal::Pause, at(100.0), MOST);
        for second in 101..114 {
            let now = Duration::from_secs(second);
            assert_eq!(schedule.next(now - at(0.5)), Step::Wait(Some(now)));
            assert_eq!(schedule.next(now), Step::Look);
            schedule.looked(AfterRefusal::Pause, now);
        }
        schedule.looked(AfterRefusal::Changed, at(114.0));
        assert_eq!(schedule.next(at(114.0)), Step::Request);
    }

    #[test]
    fn a_token_that_cannot_be_written_is_written_again_later_and_replaced_when_it_is_due() {
        let mut schedule = obtained(None, Some(10.0), LEAST);
        schedule.unwritten(at(100.1), LEAST);
        assert_eq!(schedule.next(at(100.2)), Step::Wait(Some(at(101.1))));
        assert_eq!(schedule.next_write(at(100.2)), Some(at(101.1)));
        assert_eq!(schedule.next(at(101.1)), Step::Write);
        schedule.unwritten(at(101.1), LEAST);
        assert_eq!(schedule.next(at(101.2)), Step::Wait(Some(at(103.1))), "a longer pause");
        for (seconds, pause) in [(103.1, 4.0), (107.1, 8.0)] {
            assert_eq!(schedule.next(at(seconds)), Step::Write);
            schedule.unwritten(at(seconds), LEAST);
            assert_eq!(schedule.write_at, Some(at(seconds + pause)));
        }
        assert_eq!(schedule.next(at(108.0)), Step::Request, "it is due");
        schedule.requesting(at(108.0));
        schedule.failed(&Error::network("down"), AfterRefusal::Pause, at(108.0), LEAST);
        schedule.obtained(&token(None), at(115.1), LEAST);
        assert_eq!(schedule.next(at(115.2)), Step::Write, "a new token is written at once");
    }

    #[test]
    fn a_token_that_has_ended_is_dropped_and_not_written() {
        let down = Error::network("down");
        for retry_after in [0.0, 1000.0] {
            let mut schedule = obtained(None, Some(10.0), LEAST);
            for seconds in [100.1, 101.1, 103.1] {
                schedule.unwritten(at(seconds), LEAST);
            }
            assert_eq!(schedule.next_write(at(103.1)), Some(at(107.1)));
            schedule.unwritten(at(107.1), LEAST);
            let due = schedule.next_request(at(107.1));
            assert_eq!(schedule.next_write(at(107.1)), due, "not at 115.1, after its end");
            schedule.requesting(at(108.0));
            schedule.failed(&down, AfterRefusal::Pause, at(108.0) + at(retry_after), LEAST);
            assert!(matches!(schedule.next(at(109.99)), Step::Request | Step::Wait(Some(_))));
            assert_eq!(schedule.next(at(110.0)), Step::Discard);
            schedule.ask();
            assert_eq!(schedule.next(at(110.0)), Step::Discard, "SIGHUP does not write it either");
            schedule.written();
            assert_eq!(schedule.next(at(110.0)), Step::Request);
        }
        let mut at_its_end = obtained(None, Some(10.0), LEAST);
        for seconds in [100.1, 101.1, 106.0] {
            at_its_end.unwritten(at(seconds), LEAST);
        }
        assert_eq!(at_its_end.write_at, Some(at(110.0)));
        assert_eq!(at_its_end.next_write(at(106.0)), at_its_end.next_request(at(106.0)));
        let mut slow = Schedule::new(None);
        slow.requesting(at(100.0));
        slow.obtained(&token(Some(3.0)), at(103.0), LEAST);
        assert_eq!(slow.next(at(103.0)), Step::Discard, "it had ended as it came");
    }

    #[test]
    fn a_signal_writes_a_kept_token_at_once_and_then_asks() {
        let mut schedule = obtained(None, Some(1000.0), LEAST);
        schedule.unwritten(at(101.0), MOST);
        assert_eq!(schedule.next(at(101.5)), Step::Wait(schedule.write_at));
        schedule.ask();
        assert_eq!(schedule.next(at(101.5)), Step::Write);
        schedule.written();
        assert_eq!(schedule.next(at(101.5)), Step::Request);
        schedule.requesting(at(101.5));
        schedule.ask();
        assert_eq!(schedule.write_at, None, "nothing is written twice");
    }
}
