//! The source of the password for Accelerator. The examples share it.

use super::console::variable;
use minbearer::{Error, Secret, SecretSource};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use std::io::IsTerminal;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The longest password accepted from standard input.
const MAX_PASSWORD_BYTES: usize = 8 * 1024;

/// The file that `NC_PASSWORD_FILE` names, read anew for each request; else a line typed at the terminal, not echoed,
/// without a time limit; else, if standard input is not a terminal, its first line, which must come within `timeout`.
pub fn password_from_env(timeout: Duration) -> Result<SecretSource, Error> {
    if let Some(path) = variable("NC_PASSWORD_FILE")? {
        Ok(SecretSource::file(path))
    } else if rustix::stdio::stdin().is_terminal() {
        typed()
    } else {
        first_line(rustix::stdio::stdin(), timeout).map(SecretSource::from)
    }
}

#[cfg(feature = "prompt")]
fn typed() -> Result<SecretSource, Error> {
    minbearer::prompt::password("Password: ").map(SecretSource::from)
}

/// In an example built without the feature.
#[cfg(not(feature = "prompt"))]
fn typed() -> Result<SecretSource, Error> {
    Err(Error::config(
        "a password is asked for where the feature `prompt` is on: set NC_PASSWORD_FILE, or give it on standard input",
    ))
}

fn first_line(input: BorrowedFd, timeout: Duration) -> Result<Secret, Error> {
    let start = Instant::now();
    // Never reallocated: that would leave a copy behind.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_PASSWORD_BYTES));
    // Byte by byte: what follows the line is left for another program.
    let mut byte = Zeroizing::new([0]);
    loop {
        let read = match wait_for(input, timeout.saturating_sub(start.elapsed())) {
            Ok(false) => return Err(Error::timeout("no password came on standard input in time")),
            Ok(true) => rustix::io::read(input, &mut *byte),
            Err(error) => Err(error),
        };
        match read {
            Ok(0) => break,
            Ok(_) if *byte == *b"\n" => break,
            Ok(_) if line.len() == MAX_PASSWORD_BYTES => {
                return Err(Error::config("the password on standard input is longer than 8 KiB"));
            }
            Ok(_) => line.extend_from_slice(&*byte),
            Err(Errno::INTR | Errno::AGAIN) => {}
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

/// Waits until there is something to read or the end, and returns false if the time is over first.
fn wait_for(input: BorrowedFd, time: Duration) -> rustix::io::Result<bool> {
    let time = Timespec::try_from(time).map_err(|_| Errno::INVAL)?;
    Ok(poll(&mut [PollFd::from_borrowed_fd(input, PollFlags::IN)], Some(&time))? > 0)
}
