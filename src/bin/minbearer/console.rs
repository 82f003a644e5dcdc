//! A program's output to its console: one-line errors, exit statuses, lines on standard output. The examples share it.

#[path = "../../wire/time.rs"]
mod time;

use minbearer::{Error, Kind, Secret};
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

/// The exit status for a kind of error.
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

/// Prints one line on standard error, in one piece. It may be closed: that is not an error.
pub fn print_error(program: &str, error: &dyn std::fmt::Display) {
    let line = on_a_line(&format!("{program}: {error}")) + "\n";
    let _ = write_all(rustix::stdio::stderr(), line.as_bytes());
}

/// Writes to standard output. A full disk or a closed pipe is an error.
pub fn print(parts: &[&str]) -> Result<(), Error> {
    write(parts).map_err(unwritable)
}

/// Not through `std::io`: its buffers for the standard streams are never freed, and so never wiped.
pub fn write(parts: &[&str]) -> std::io::Result<()> {
    parts
        .iter()
        .try_for_each(|part| write_all(rustix::stdio::stdout(), part.as_bytes()))
        .map_err(std::io::Error::from)
}

pub fn unwritable(error: std::io::Error) -> Error {
    Error::config(format!("could not write to standard output: {error}"))
}

/// Writes all of it, however often the system takes only a part, or nothing for the moment.
pub fn write_all(to: BorrowedFd, mut bytes: &[u8]) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(0) => return Err(Errno::IO),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // Another program that has the pipe too has made it non-blocking.
            Err(Errno::AGAIN) => {
                let _ = poll(&mut [PollFd::from_borrowed_fd(to, PollFlags::OUT)], None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Returns `text` on one line, with control characters escaped as in JSON's strings.
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

/// Reads a variable, which must not be empty if it is set.
pub fn variable(name: &str) -> Result<Option<String>, Error> {
    std::env::var_os(name).map(|_| required(name)).transpose()
}

/// Reads a variable, which must be set and not empty.
pub fn required(name: &str) -> Result<String, Error> {
    Secret::from_env(name).map(|value| String::from(value.expose()))
}

/// A number of seconds above 0, decimals allowed. More than a hundred years are a hundred years.
///
/// Read as digits: parsing a floating-point number would link tables of 14 KiB.
pub fn seconds(text: &str) -> Option<Duration> {
    const MAX: Duration = Duration::from_secs(100 * 365 * 86_400);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().next().is_none() || !digits().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse().unwrap_or(MAX.as_secs()) };
    let nanoseconds = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(9)
        .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    let duration = Duration::new(whole, nanoseconds).min(MAX);
    (!duration.is_zero()).then_some(duration)
}

/// A time as in RFC 3339, to the second, in UTC.
pub fn timestamp(time: SystemTime) -> String {
    // A clock before 1970 is wrong and is shown as 1970.
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Utc(seconds).to_string()
}
