//! What an operator sees of `--renew`: one line with the first token, one for each failure, one when a failure is over,
//! and between them nothing; and a status line for the service manager at each of these and at each renewal.
//!
//! Times come in: `now` by the clock that runs through suspend, `utc` by the device's clock, which may be wrong.

use minbearer::internal::{Utc, on_a_line};
use std::time::Duration;

/// A notification has 4 KiB at most (systemd's `NOTIFY_BUFFER_MAX`).
const MAX_STATUS_BYTES: usize = 2048;

/// The moment of a report, and what comes after it.
#[derive(Clone, Copy)]
pub struct Moment {
    pub now: Duration,
    pub utc: u64,
    /// When the token in the file ends, if there is one and that is known.
    pub ends: Option<Duration>,
    /// When something is due: a request, or writing again. None: nothing but a signal.
    pub next: Option<Duration>,
    /// Whether a request has failed since the last token was obtained.
    pub is_failing: bool,
    /// Whether that token says a lifetime that is not usable.
    pub is_unusable: bool,
}

impl Moment {
    /// What a time by the one clock is by the other.
    fn utc_of(&self, time: Duration) -> Utc {
        let later = time.saturating_sub(self.now).as_secs();
        let earlier = self.now.saturating_sub(time).as_secs();
        Utc(self.utc.saturating_add(later).saturating_sub(earlier))
    }
}

#[derive(Default)]
pub struct Report {
    /// Whether a token has been written.
    pub has_token: bool,
    /// Whether nothing but a signal renews the token.
    is_never_due: bool,
    failure: Option<Outage>,
}

struct Outage {
    count: u32,
    since: Duration,
}

impl Outage {
    fn describe(&self, moment: Moment) -> String {
        format!("{} since {}", counted(self.count, "failure"), moment.utc_of(self.since))
    }
}

/// One line for the log, if there is something to say, and the status.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub line: Option<String>,
    pub status: String,
}

impl Report {
    /// A token is in the file. If it is one that was kept, and requests fail since, the outage goes on.
    pub fn written(&mut self, file: &str, moment: Moment) -> Said {
        let validity = match (moment.ends, moment.next) {
            (_, None) => String::from(
                "the token says no lifetime, and there is no --every: only SIGHUP renews it",
            ),
            (None, Some(next)) => {
                let usable = if moment.is_unusable { "usable " } else { "" };
                let next = moment.utc_of(next);
                format!("it says no {usable}lifetime; the next request is due at {next}")
            }
            (Some(ends), Some(next)) => format!(
                "it is valid until {}; the next request is due at {}",
                moment.utc_of(ends),
                moment.utc_of(next)
            ),
        };
        let mut status = format!("a token is in the file; {validity}");
        let failure = match &self.failure {
            Some(failure) if moment.is_failing => {
                status += "; ";
                status += &failure.describe(moment);
                None
            }
            _ => self.failure.take(),
        };
        let line = match failure {
            _ if !self.has_token => Some(format!("a token is in {file}; {validity}")),
            Some(failure) => Some(format!(
                "a token again after {} in {}; {validity}",
                counted(failure.count, "failure"),
                spoken(moment.now.saturating_sub(failure.since)),
            )),
            None if moment.next.is_none() && !self.is_never_due => Some(validity.clone()),
            None => None,
        };
        (self.has_token, self.is_never_due) = (true, moment.next.is_none());
        Said { line, status: shortened(&status) }
    }

    /// No token could be had, or it could not be written.
    pub fn failed(&mut self, error: &str, moment: Moment) -> Said {
        let failure = self.failure.get_or_insert(Outage { count: 0, since: moment.now });
        failure.count = failure.count.saturating_add(1);
        let pause = match moment.next {
            Some(next) => format!(
                "the next attempt is in {}, or at SIGHUP",
                spoken(next.saturating_sub(moment.now))
            ),
            None => String::from("the next attempt is at SIGHUP"),
        };
        let token = match moment.ends {
            _ if !self.has_token => String::from("no token since the start"),
            Some(ends) if ends <= moment.now => String::from("no valid token"),
            Some(ends) => format!("the old token, valid until {}", moment.utc_of(ends)),
            None => String::from("the old token, with no known end"),
        };
        let next = moment.next.map_or(String::new(), |next| {
            format!("; the next attempt is at {}, or at SIGHUP", moment.utc_of(next))
        });
        let status = format!("{token}: {}{next}: {error}", failure.describe(moment));
        Said { line: Some(format!("{error}; {pause}")), status: shortened(&status) }
    }
}

fn shortened(status: &str) -> String {
    let mut line = on_a_line(status);
    while line.len() > MAX_STATUS_BYTES {
        line.pop();
    }
    line
}

fn counted(count: u32, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// `42 s`, `2 min`, `3 h`, `2 days`: two figures are enough for a person.
fn spoken(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_millis() >= 500);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UTC: u64 = 1_767_225_600; // 2026-01-01T00:00:00Z

    /// A moment so many seconds after the start, with an end and a next step so many seconds after it.
    fn at(seconds: u64, ends: Option<u64>, next: Option<u64>) -> Moment {
        let later = |after: u64| Duration::from_secs(seconds + after);
        Moment {
            now: Duration::from_secs(seconds),
            utc: UTC + seconds,
            ends: ends.map(later),
            next: next.map(later),
            is_failing: false,
            is_unusable: false,
        }
    }

    #[test]
    fn one_line_with_the_first_token_and_one_when_a_failure_is_over() {
        let mut report = Report::default();
        let first = report.written("/run/token", at(0, Some(3600), Some(2880)));
        assert_eq!(
            first.line.as_deref(),
            Some(
                "a token is in /run/token; it is valid until 2026-01-01T01:00:00Z; the next request is due at 2026-01-01T00:48:00Z"
            )
        );
        let status = "a token is in the file; it is valid until 2026-01-01T01:00:00Z; the next request is due at 2026-01-01T00:48:00Z";
        assert_eq!(first.status, status);
        let renewed = report.written("/run/token", at(2880, Some(3600), Some(2880)));
        assert_eq!(renewed.line, None, "nothing is to be said of a renewal");
        let status = "a token is in the file; it is valid until 2026-01-01T01:48:00Z; the next request is due at 2026-01-01T01:36:00Z";
        assert_eq!(renewed.status, status);

        for count in 1..=4 {
            let failed =
                report.failed("Connection refused", at(5700 + 40 * count, Some(500), Some(40)));
            let line = "Connection refused; the next attempt is in 40 s, or at SIGHUP";
            assert_eq!(failed.line.as_deref(), Some(line));
            let s = if count == 1 { "" } else { "s" };
            assert!(
                failed.status.contains(&format!(
                    "{count} failure{s} since 2026-01-01T01:35:40Z; the next attempt is at "
                )),
                "{}",
                failed.status
            );
            assert!(failed.status.starts_with("the old token, valid until "), "{}", failed.status);
            assert!(failed.status.ends_with(", or at SIGHUP: Connection refused"));
        }
        let again = report.written("/run/token", at(5890, None, Some(600)));
        assert_eq!(
            again.line.as_deref(),
            Some(
                "a token again after 4 failures in 2 min; it says no lifetime; the next request is due at 2026-01-01T01:48:10Z"
            )
        );
        let never = "the token says no lifetime, and there is no --every: only SIGHUP renews it";
        let line = report.written("/run/token", at(6000, None, None)).line;
        assert_eq!(line.as_deref(), Some(never), "that is new");
        assert_eq!(report.written("/run/token", at(6100, None, None)).line, None);
    }

    #[test]
    fn the_status_says_that_there_is_no_token_and_why() {
        let mut report = Report::default();
        let failed = report.failed("invalid_client", at(0, None, Some(45)));
        let status = "no token since the start: 1 failure since 2026-01-01T00:00:00Z; the next attempt is at 2026-01-01T00:00:45Z, or at SIGHUP: invalid_client";
        assert_eq!(failed.status, status);
        let first = report.written("/run/token", at(45, None, Some(60)));
        assert!(first.line.unwrap().starts_with("a token is in /run/token; "));
        let failed = report.failed("down", at(100, Some(0), None));
        assert_eq!(failed.line.as_deref(), Some("down; the next attempt is at SIGHUP"));
        let status = "no valid token: 1 failure since 2026-01-01T00:01:40Z: down";
        assert_eq!(failed.status, status);
        let failed = report.failed("down", at(101, None, Some(1)));
        assert!(failed.status.starts_with("the old token, with no known end: 2 failures since "));
    }

    #[test]
    fn a_kept_token_that_is_written_ends_no_outage_of_requests() {
        let failing = |seconds, ends, next| Moment { is_failing: true, ..at(seconds, ends, next) };
        for has_token in [false, true] {
            let mut report = Report { has_token, ..Report::default() };
            report.failed("no space", at(0, None, Some(1)));
            report.failed("503", failing(1, None, Some(10)));
            let written = report.written("/run/token", failing(4, Some(60), Some(7)));
            let line = "a token is in /run/token; it is valid until 2026-01-01T00:01:04Z; the next request is due at 2026-01-01T00:00:11Z";
            assert_eq!(written.line.as_deref(), (!has_token).then_some(line));
            let status = "a token is in the file; it is valid until 2026-01-01T00:01:04Z; the next request is due at 2026-01-01T00:00:11Z; 2 failures since 2026-01-01T00:00:00Z";
            assert_eq!(written.status, status);
            let failed = report.failed("503", failing(11, Some(53), Some(20)));
            assert!(failed.status.contains(": 3 failures since "), "{}", failed.status);
            let again = report.written("/run/token", at(31, Some(60), Some(48))).line;
            let again = again.expect("it is over");
            assert!(again.starts_with("a token again after 3 failures in 31 s; "), "{again}");
        }
    }

    #[test]
    fn a_lifetime_that_is_not_usable_is_told_from_none() {
        let unusable = Moment { is_unusable: true, ..at(0, None, Some(1)) };
        let line = Report::default().written("/run/token", unusable).line;
        let said = "a token is in /run/token; it says no usable lifetime; the next request is due at 2026-01-01T00:00:01Z";
        assert_eq!(line.as_deref(), Some(said));
    }

    #[test]
    fn since_when_it_fails_is_told_by_the_clock_as_it_was_set_meanwhile() {
        let mut report = Report::default();
        report.failed("down", Moment { utc: 4, ..at(0, None, Some(1)) });
        let failed = report.failed("down", at(90, None, Some(1)));
        assert!(failed.status.contains("2 failures since 2026-01-01T00:00:00Z; "), "{failed:?}");
    }

    #[test]
    fn a_status_is_one_line_of_bounded_size() {
        let long = format!("two\nlines {}", "é".repeat(4000));
        let said = Report::default().failed(&long, at(0, None, Some(1)));
        assert!(!said.status.contains('\n') && said.status.len() <= MAX_STATUS_BYTES);
    }

    #[test]
    fn a_time_is_said_in_the_unit_that_a_person_uses() {
        for (seconds, said) in [
            (0.4, "0 s"),
            (0.6, "1 s"),
            (119.0, "119 s"),
            (120.0, "2 min"),
            (7199.0, "119 min"),
            (7200.0, "2 h"),
            (172_800.0, "2 days"),
        ] {
            assert_eq!(spoken(Duration::from_secs_f64(seconds)), said);
        }
    }
}
