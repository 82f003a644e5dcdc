//! What the example programs share: one-line errors, exit statuses, and where a password comes from.
#![allow(dead_code)] // each program uses its part

use minbearer::{Error, Kind, Secret};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use std::fmt::Write;
use std::io::{ErrorKind, IsTerminal};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// What a call may take if the user does not say.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest password taken from standard input.
const MAX_PASSWORD_BYTES: usize = 8 * 1024;

/// Ends a program: status 0, or `<program>: <error>` on standard error and the status of its kind.
pub fn exit(program: &str, outcome: Result<(), Error>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    // Standard error may be closed, which changes nothing. The line goes out in one piece.
    let line = on_a_line(&format!("{program}: {error}")) + "\n";
    let _ = write_all(rustix::stdio::stderr(), line.as_bytes());
    ExitCode::from(match error.kind() {
        Kind::Config => 2,
        Kind::Locator => 3,
        Kind::Network => 4,
        Kind::Timeout => 5,
        Kind::Refused => 6,
        Kind::Malformed => 7,
        Kind::Unavailable => 8,
        _ => 1,
    })
}

/// Writes to standard output, so that a full disk or a closed pipe is not passed over.
pub fn print(parts: &[&str]) -> Result<(), Error> {
    write(parts).map_err(unwritable)
}

/// Not through `std::io`: its buffers for the standard streams are never freed, so that nothing wipes what was in them.
pub fn write(parts: &[&str]) -> std::io::Result<()> {
    parts.iter().try_for_each(|part| write_all(rustix::stdio::stdout(), part.as_bytes()))
}

pub fn unwritable(error: std::io::Error) -> Error {
    Error::config(format!("could not write to standard output: {error}"))
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

/// Valid JSON as the same JSON on one line: a bare line break or tab can only stand between its tokens.
pub fn json_on_a_line(json: &str) -> String {
    on_a_line(&json.trim().replace(['\n', '\r', '\t'], " "))
}

fn write_all(to: BorrowedFd, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
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

pub fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

/// Refuses arguments, for a program that has none.
pub fn no_arguments() -> Result<(), Error> {
    match std::env::args_os().nth(1) {
        None => Ok(()),
        Some(argument) => Err(Error::config(format!(
            "unexpected argument `{}`: settings come from the environment",
            argument.to_string_lossy()
        ))),
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

/// The user name for Accelerator: `NC_USER`, as the appliance prints it, or else `USER`.
pub fn nc_user() -> Result<String, Error> {
    match variable("NC_USER")? {
        Some(user) => Ok(user),
        None => variable("USER")?.ok_or_else(|| {
            Error::config("no user name is given, and neither NC_USER nor USER is set")
        }),
    }
}

/// The password for Accelerator: from the file that `NC_PASSWORD_FILE` names; else typed at the
/// terminal, not echoed, however long that takes; else, if standard input is not a terminal, its first line, which
/// must come within `timeout`.
pub fn password_from_env(timeout: Duration) -> Result<Secret, Error> {
    if let Some(path) = variable("NC_PASSWORD_FILE")? {
        Secret::from_file(path)
    } else if rustix::stdio::stdin().is_terminal() {
        minbearer::prompt::password("Password: ")
    } else {
        first_line(rustix::stdio::stdin(), timeout)
    }
}

/// Whether there is something to read, or nothing will come, before that time is over.
fn wait_for(input: BorrowedFd, time: Duration) -> rustix::io::Result<bool> {
    let time = Timespec::try_from(time).map_err(|_| Errno::INVAL)?;
    Ok(poll(&mut [PollFd::from_borrowed_fd(input, PollFlags::IN)], Some(&time))? > 0)
}

fn first_line(input: BorrowedFd, timeout: Duration) -> Result<Secret, Error> {
    let start = Instant::now();
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_PASSWORD_BYTES));
    let mut byte = Zeroizing::new([0]);
    loop {
        let read = match wait_for(input, timeout.saturating_sub(start.elapsed())) {
            Ok(false) => return Err(Error::timeout("no password came on standard input in time")),
            Ok(true) => rustix::io::read(input, &mut *byte),
            Err(error) => Err(error),
        };
        match read {
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) if line.len() == MAX_PASSWORD_BYTES => {
                return Err(Error::config("the password on standard input is longer than 8 KiB"));
            }
            Ok(_) => line.push(byte[0]),
            Err(Errno::INTR) => {}
            Err(error) => {
                let error = std::io::Error::from(error);
                return Err(Error::config(format!(
                    "could not read the password from standard input: {error}"
                )));
            }
        }
    }
    let text = std::str::from_utf8(&line)
        .map_err(|_| Error::config("the password on standard input is not UTF-8"))?;
    match text.strip_suffix('\r').unwrap_or(text) {
        "" => Err(Error::config(
            "there is no password: set NC_PASSWORD_FILE, run at a terminal, or give it on standard input",
        )),
        password => Ok(Secret::from(password)),
    }
}
