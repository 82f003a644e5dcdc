//! Code that the example programs share: settings, one-line output, exit statuses.
#![allow(dead_code)] // each program uses its part

pub mod console;

use minbearer::Error;
use minbearer::internal::on_a_line;
use rustix::io::Errno;
use std::process::ExitCode;
use std::time::Duration;

pub use minbearer::internal::variable;

/// The default timeout of a call.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Ends a program: status 0, or `<program>: <error>` on standard error and the status of its kind.
pub fn exit(program: &str, outcome: Result<(), Error>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    let line = on_a_line(&format!("{program}: {error}")) + "\n";
    // Standard error may be closed: that is not an error.
    let _ = rustix::io::write(rustix::stdio::stderr(), line.as_bytes());
    ExitCode::from(error.kind().exit_status())
}

/// Writes to standard output. A full disk or a closed pipe is an error.
pub fn print(text: &str) -> Result<(), Error> {
    write(text).map_err(unwritable)
}

/// Not through `std::io`, whose formatting and buffers would be linked.
pub fn write(text: &str) -> std::io::Result<()> {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match rustix::io::write(rustix::stdio::stdout(), rest) {
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

pub fn unwritable(error: std::io::Error) -> Error {
    Error::config(format!("could not write to standard output: {error}"))
}

/// The same JSON on one line. In valid JSON an unescaped line break or tab occurs only between tokens; other characters
/// that control a terminal are escaped as in JSON's strings.
pub fn json_on_a_line(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\n' | '\r' | '\t' => line.push(' '),
            _ if character.is_control() => {
                line += &format!("\\u{:04x}", u32::from(character));
            }
            _ => line.push(character),
        }
    }
    line
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

/// The user name for Accelerator: `NC_USER`, which the example `appliance` prints, or else `USER`.
pub fn nc_user() -> Result<String, Error> {
    match variable("NC_USER")? {
        Some(user) => Ok(user),
        None => variable("USER")?.ok_or_else(|| {
            Error::config("no user name is given, and neither NC_USER nor USER is set")
        }),
    }
}
