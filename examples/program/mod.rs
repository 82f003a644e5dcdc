//! Code that the example programs share with each other and with `minbearer`.
#![allow(dead_code, unused_imports)] // each program uses its part

#[path = "../../src/bin/minbearer/console.rs"]
mod console;
#[path = "../../src/bin/minbearer/password.rs"]
mod password;

pub use console::{exit, on_a_line, print, seconds, timestamp, unwritable, variable, write};
pub use password::password_from_env;

use minbearer::Error;
use std::time::Duration;

/// The default timeout of a call.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// The same JSON on one line. In valid JSON an unescaped line break or tab occurs only between tokens.
pub fn json_on_a_line(json: &str) -> String {
    let spaced = |character| if matches!(character, '\n' | '\r' | '\t') { ' ' } else { character };
    on_a_line(&json.trim_ascii().chars().map(spaced).collect::<String>())
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
