//! Keeps a fresh token in a file until a signal ends the program.

use super::PROGRAM;
use super::arguments::Arguments;
use super::client::Client;
use super::clock::Clock;
use super::notify;
use super::output::Output;
use super::random::random;
use super::renewal::{Renewal, Step};
use super::signals::Signals;
use minbearer::internal::{Utc, on_a_line};
use minbearer::{Error, Kind, Token};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::convert::Infallible;
use std::fmt::Display;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// The longest line that a pipe takes in one piece (`PIPE_BUF`).
const MAX_LINE_BYTES: usize = 4096;

/// Ends with an error only before the first token is in the file.
pub fn run(arguments: Arguments, file: PathBuf) -> ExitCode {
    let Err(error) = keep_fresh(arguments, file);
    log(&error);
    ExitCode::from(error.kind().exit_status())
}

fn keep_fresh(arguments: Arguments, file: PathBuf) -> Result<Infallible, Error> {
    let clock =
        Clock::start().map_err(|error| Error::config(format!("could not set a timer: {error}")))?;
    let output = Output::new(file, arguments.mode, arguments.header)?;
    let mut renewal = Renewal::new(arguments.every);
    // At a terminal a password may be typed. Ctrl-C then ends the program as any other, by the signal, so that the shell
    // turns the echo on again.
    let early = if rustix::stdio::stdin().is_terminal() { None } else { Some(Signals::handle()?) };
    let client = Client::new(arguments)?;
    let signals = early.map_or_else(Signals::handle, Ok)?;
    let mut notes = Notes::default();
    let mut unwritten: Option<Token> = None;
    let mut is_ready = false;
    loop {
        if signals.take_asked() {
            renewal.ask();
        }
        let outcome = match (renewal.next(clock.now()), &unwritten) {
            (Step::Write, Some(token)) => signals
                .before_the_end(|| output.write(token))
                .inspect(|()| {
                    renewal.written();
                    unwritten = None;
                })
                .inspect_err(|_| renewal.unwritten(clock.now(), random())),
            (Step::Look, _) => {
                renewal.looked(client.after_refusal(), clock.now());
                continue;
            }
            (Step::Wait(until), _) => {
                let left = until.map(|until| until.saturating_sub(clock.now()));
                signals.wait(&clock, left);
                continue;
            }
            _ => {
                renewal.requesting(clock.now());
                client
                    .get_token()
                    .map(|token| {
                        let now = clock.now();
                        renewal.obtained(&token, now, random());
                        notes.log(&client, renewal.next_request(now).is_none(), &token);
                        unwritten = Some(token);
                    })
                    .inspect_err(|error| {
                        renewal.failed(error, client.after_refusal(), clock.now(), random());
                    })
            }
        };
        match outcome {
            Err(error) if error.kind() == Kind::Config && !is_ready => return Err(error),
            Err(error) => log(&error),
            Ok(()) if unwritten.is_none() && !is_ready => {
                is_ready = true;
                if let Err(error) = notify::ready() {
                    log(&format_args!("could not notify NOTIFY_SOCKET: {error}"));
                }
            }
            Ok(()) => {}
        }
    }
}

/// The notes about a token, each logged once and again when it has changed.
#[derive(Default)]
struct Notes {
    is_never_due: bool,
    narrower_scope: Option<String>,
}

impl Notes {
    fn log(&mut self, client: &Client, is_never_due: bool, token: &Token) {
        let narrower_scope = client.narrower_scope(token);
        if let Some(line) =
            narrower_scope.as_ref().filter(|_| narrower_scope != self.narrower_scope)
        {
            log(line);
        }
        if is_never_due && !self.is_never_due {
            log(&"the token says no lifetime, and there is no --every: only SIGHUP renews it");
        }
        *self = Notes { is_never_due, narrower_scope };
    }
}

/// Writes one line to standard error, or drops it if that would block: its reader may have stopped reading.
fn log(what: &dyn Display) {
    let time = Utc::now();
    let mut line = on_a_line(&format!("{time} {PROGRAM}: {what}"));
    while line.len() >= MAX_LINE_BYTES {
        line.pop();
    }
    line.push('\n');
    let stderr = rustix::stdio::stderr();
    let mut ready = [PollFd::from_borrowed_fd(stderr, PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    if poll(&mut ready, Some(&now)).is_ok_and(|ready| ready > 0) {
        let _ = rustix::io::write(stderr, line.as_bytes());
    }
}
