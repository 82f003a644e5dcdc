//! Keeps a fresh token in a file until a signal ends the program.

use super::PROGRAM;
use super::arguments::Arguments;
use super::client::{Client, Obtained};
use super::clock::Clock;
use super::notify;
use super::output::{Output, Unwritten};
use super::report::{Moment, Report, Said};
use super::schedule::{Schedule, Step};
use super::signals::Signals;
use super::streams;
use minbearer::internal::{Utc, on_a_line, random_u32, utc_now};
use minbearer::{Error, Kind};
use rustix::event::Timespec;
use std::convert::Infallible;
use std::fmt::Display;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use zeroize::Zeroizing;

/// Ends with an error only before the first token is in the file.
pub fn run(arguments: Arguments, file: PathBuf) -> ExitCode {
    let Err(error) = keep_fresh(arguments, file);
    log(&error);
    let _ = notify::send(&format!("STATUS={}", on_a_line(&error.to_string())));
    ExitCode::from(error.kind().exit_status())
}

fn keep_fresh(arguments: Arguments, file: PathBuf) -> Result<Infallible, Error> {
    let clock =
        Clock::start().map_err(|error| Error::config(format!("could not set a timer: {error}")))?;
    let format = arguments.format;
    let shown_file = file.to_string_lossy().into_owned();
    let output = Output::new(file, arguments.mode)?;
    let mut schedule = Schedule::new(arguments.every);
    // At a terminal a password may be typed. Ctrl-C then ends the program as any other, by the signal, so that the shell
    // turns the echo on again.
    let early = if rustix::stdio::stdin().is_terminal() { None } else { Some(Signals::handle()?) };
    let client = Client::new(arguments)?;
    let signals = early.map_or_else(Signals::handle, Ok)?;
    let mut report = Report::default();
    let mut narrower_scope = None;
    let mut unwritten: Option<Zeroizing<String>> = None;
    // When the token in the file ends.
    let mut ends = None;
    let mut manager = Manager::default();
    loop {
        if signals.take_asked() {
            schedule.ask();
        }
        let moment = |schedule: &Schedule, next, ends| {
            let Utc(utc) = utc_now();
            let Schedule { is_failing, is_unusable, .. } = *schedule;
            Moment { now: clock.now(), utc, ends, next, is_failing, is_unusable }
        };
        let (error, next) = match (schedule.next(clock.now()), &unwritten) {
            (Step::Write, Some(text)) => match signals.before_the_end(|| output.write(text)) {
                Ok(()) => {
                    schedule.written();
                    unwritten = None;
                    ends = schedule.valid_until();
                    let moment = moment(&schedule, schedule.next_request(clock.now()), ends);
                    manager.say(report.written(&shown_file, moment), true);
                    continue;
                }
                Err(Unwritten { error, may_pass: false }) if !report.has_token => {
                    return Err(error);
                }
                Err(Unwritten { error, .. }) => {
                    schedule.unwritten(clock.now(), random_u32());
                    (error, schedule.next_write(clock.now()))
                }
            },
            (Step::Discard, _) => {
                schedule.written();
                unwritten = None;
                let error = Error::config("the token ended before it could be written");
                (error, schedule.next_request(clock.now()))
            }
            (Step::Look, _) => {
                schedule.looked(client.after_refusal(), clock.now());
                continue;
            }
            (Step::Wait(until), _) => {
                let left = until.map(|until| until.saturating_sub(clock.now()));
                signals.wait(&clock, left);
                continue;
            }
            _ => {
                schedule.requesting(clock.now());
                match client.get_token() {
                    Ok(Obtained { token, requested }) => {
                        schedule.obtained(&token, clock.now(), random_u32());
                        let line = client.narrower_scope(&token);
                        if let Some(line) = line.as_ref().filter(|_| line != narrower_scope) {
                            log(line);
                        }
                        narrower_scope = line;
                        unwritten = Some(format.render(&token, requested));
                        continue;
                    }
                    Err(error) if error.kind() == Kind::Config && !report.has_token => {
                        return Err(error);
                    }
                    Err(error) => {
                        schedule.failed(&error, client.after_refusal(), clock.now(), random_u32());
                        (error, schedule.next_request(clock.now()))
                    }
                }
            }
        };
        let said = report.failed(&error.to_string(), moment(&schedule, next, ends));
        manager.say(said, report.has_token);
    }
}

/// What the service manager was told.
#[derive(Default)]
struct Manager {
    is_ready: bool,
    /// Whether that could not be told. It is logged once: a manager that is gone would fill the log.
    is_logged: bool,
}

impl Manager {
    /// Logs the line, and tells the service manager. A manager that missed `READY=1` would end the program.
    fn say(&mut self, said: Said, has_token: bool) {
        if let Some(line) = said.line {
            log(&line);
        }
        let ready = if has_token && !self.is_ready { "READY=1\n" } else { "" };
        match notify::send(&[ready, "STATUS=", &said.status].concat()) {
            Ok(()) => self.is_ready = has_token,
            Err(error) if !ready.is_empty() && !self.is_logged => {
                self.is_logged = true;
                log(&format_args!("could not notify NOTIFY_SOCKET: {error}"));
            }
            Err(_) => {}
        }
    }
}

/// Writes one line to standard error, or drops it if that would block: its reader may have stopped reading.
fn log(what: &dyn Display) {
    let time = utc_now();
    streams::log(&format!("{time} {PROGRAM}: {what}"), Timespec { tv_sec: 0, tv_nsec: 0 });
}
