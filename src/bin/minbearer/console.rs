//! What a program's console sees: one-line errors, exit statuses, lines on standard output. The examples share it.

#[path = "../../wire/time.rs"]
mod time;

use minbearer::{Error, Kind};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use std::fmt::Write;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use time::Utc;

/// Ends a program: status 0, or `<program>: <error>` on standard error and the status of its kind.
pub fn exit(program: &str, outcome: Result<(), Error>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    print_error(program, &error);
    ExitCode::from(status(error.kind()))
}

/// The exit status that a kind of error ends a program with.
pub fn status(kind: Kind) -> u8 {
    match kind {
        Kind::Config => 2,
        Kind::Locator => 3,
        Kind::Network => 4,
        Kind::Timeout => 5,
        Kind::Refused | Kind::Status => 6,
        Kind::Malformed => 7,
        Kind::Unavailable => 8,
        _ => 1,
    }
}

/// One line on standard error, in one piece. That it may be closed changes nothing.
pub fn print_error(program: &str, error: &dyn std::fmt::Display) {
    let line = on_a_line(&format!("{program}: {error}")) + "\n";
    let _ = write_all(rustix::stdio::stderr(), line.as_bytes());
}

/// Writes to standard output, so that a full disk or a closed pipe is not passed over.
pub fn print(parts: &[&str]) -> Result<(), Error> {
    write(parts).map_err(unwritable)
}

/// Not through `std::io`: its buffers for the standard streams are never freed, so that nothing wipes what was in them.
pub fn write(parts: &[&str]) -> std::io::Result<()> {
    parts
        .iter()
        .try_for_each(|part| write_all(rustix::stdio::stdout(), part.as_bytes()))
        .map_err(std::io::Error::from)
}

pub fn unwritable(error: std::io::Error) -> Error {
    Error::config(format!("could not write to standard output: {error}"))
}

/// Writes all of it, however often the system takes a part, or nothing for the moment.
pub fn write_all(to: BorrowedFd, mut bytes: &[u8]) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(0) => return Err(Errno::IO),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // The pipe is another program's too, which does not want to wait.
            Err(Errno::AGAIN) => {
                let _ = poll(&mut [PollFd::from_borrowed_fd(to, PollFlags::OUT)], None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// `text` with its control characters as JSON's strings may have them: one line, and nothing that a terminal obeys.
pub fn on_a_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            // Writing to a `String` cannot fail.
            let _ = write!(line, "\\u{:04x}", u32::from(character));
        } else {
            line.push(character);
        }
    }
    line
}

/// The variable's value, which must not be empty if it is set.
pub fn variable(name: &str) -> Result<Option<String>, Error> {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => {
            Err(Error::config(format!("the environment variable {name} is empty")))
        }
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Error::config(format!("the environment variable {name} is not UTF-8")))
        }
    }
}

/// A number of seconds above 0, decimals allowed, up to a hundred years.
///
/// Read as digits: a floating-point number needs tables of 14 KiB in a program that has no other use for them.
pub fn seconds(text: &str) -> Option<Duration> {
    const MAX: Duration = Duration::from_secs(100 * 365 * 86_400);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().next().is_none() || !digits().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nanoseconds = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(9)
        .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    let duration = Duration::new(whole, nanoseconds);
    (!duration.is_zero() && duration <= MAX).then_some(duration)
}

/// As RFC 3339 has it, to the second, in UTC.
pub fn timestamp(time: SystemTime) -> String {
    // A clock before 1970 is wrong anyway, and shows as 1970.
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Utc(seconds).to_string()
}
