//! What the example programs share: one-line errors, exit statuses, and where a password comes from.
#![allow(dead_code)] // each program uses its part

use minbearer::{Error, Kind, Secret};
use std::io::{IsTerminal, Read, Write};
use std::process::ExitCode;
use std::time::Duration;
use zeroize::Zeroizing;

/// The longest password taken from standard input.
const MAX_PASSWORD_BYTES: usize = 8 * 1024;

/// Ends a program: status 0, or `<program>: <error>` on standard error and the status of its kind.
pub fn exit(program: &str, outcome: Result<(), Error>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    // Standard error may be closed, which changes nothing.
    let _ = writeln!(std::io::stderr(), "{program}: {error}");
    ExitCode::from(match error.kind() {
        Kind::Config => 2,
        Kind::Locator => 3,
        Kind::Network => 4,
        Kind::Timeout => 5,
        Kind::Refused => 6,
        Kind::Malformed => 7,
        _ => 1,
    })
}

/// Writes to standard output and flushes it, so that a full disk or a closed pipe is not passed over.
pub fn print(parts: &[&str]) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    parts
        .iter()
        .try_for_each(|part| out.write_all(part.as_bytes()))
        .and_then(|()| out.flush())
        .map_err(|error| Error::config(format!("could not write to standard output: {error}")))
}

/// The variable's value, if it is set and not empty.
pub fn variable(name: &str) -> Result<Option<String>, Error> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Error::config(format!("the environment variable {name} is not UTF-8")))
        }
    }
}

/// A number of seconds above 0, decimals allowed, up to a hundred years.
pub fn seconds(text: &str) -> Option<Duration> {
    const MAX_SECONDS: f64 = 100.0 * 365.0 * 86_400.0;
    let seconds: f64 = text.parse().ok()?;
    let duration = Duration::try_from_secs_f64(seconds).ok()?;
    (!duration.is_zero() && seconds <= MAX_SECONDS).then_some(duration)
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
/// terminal, not echoed; else, if standard input is not a terminal, its first line.
pub fn password_from_env() -> Result<Secret, Error> {
    if let Some(path) = variable("NC_PASSWORD_FILE")? {
        Secret::from_file(path)
    } else if std::io::stdin().is_terminal() {
        minbearer::prompt::password("Password: ")
    } else {
        first_line(&mut std::io::stdin().lock())
    }
}

fn first_line(input: &mut dyn Read) -> Result<Secret, Error> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_PASSWORD_BYTES));
    let mut byte = Zeroizing::new([0]);
    loop {
        match input.read(&mut *byte) {
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) if line.len() == MAX_PASSWORD_BYTES => {
                return Err(Error::config("the password on standard input is longer than 8 KiB"));
            }
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
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
