//! Settings from environment variables.

use crate::error::Error;
use crate::secret::{Secret, SecretSource};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use zeroize::Zeroizing;

/// Reads a variable, which must be set and not empty.
pub fn required(name: &str) -> Result<String, Error> {
    optional(name)?.ok_or_else(|| missing(name))
}

/// Reads `CLIENT_SECRET`, or the file that `CLIENT_SECRET_FILE` names. `None` if neither is set.
pub fn client_secret() -> Result<Option<SecretSource>, Error> {
    // CLIENT_SECRET counts as set whatever its value is, empty too.
    match (bytes("CLIENT_SECRET").is_some(), optional("CLIENT_SECRET_FILE")?) {
        (true, Some(_)) => Err(Error::config(
            "CLIENT_SECRET and CLIENT_SECRET_FILE are both set; remove one of them",
        )),
        (false, Some(path)) => Ok(Some(SecretSource::file(path))),
        (true, None) => Ok(Some(Secret::from_env("CLIENT_SECRET")?.into())),
        (false, None) => Ok(None),
    }
}

/// Reads a variable, which must not be empty if it is set.
pub fn optional(name: &str) -> Result<Option<String>, Error> {
    let wrong = |what| Error::config(format!("the environment variable {name} {what}"));
    let Some(mut value) = bytes(name) else { return Ok(None) };
    if value.is_empty() {
        return Err(wrong("is empty"));
    }
    match String::from_utf8(core::mem::take(&mut *value)) {
        Ok(value) => Ok(Some(value)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(wrong("is not UTF-8"))
        }
    }
}

/// Reads a variable as bytes, which may be empty or not UTF-8.
fn bytes(name: &str) -> Option<Zeroizing<Vec<u8>>> {
    std::env::var_os(name).map(|value| Zeroizing::new(value.into_encoded_bytes()))
}

fn missing(name: &str) -> Error {
    Error::config(format!("the environment variable {name} is not set"))
}

impl Secret {
    /// Reads an environment variable.
    ///
    /// The copy in the process's environment block cannot be wiped: `/proc/<pid>/environ` shows it, and
    /// every child process but the port locator inherits it. Prefer [`from_file`](Self::from_file).
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config), naming the variable, if it is not set, empty or not UTF-8.
    pub fn from_env(name: &str) -> Result<Secret, Error> {
        let value = optional(name)?.ok_or_else(|| missing(name))?;
        Ok(Secret::from(value))
    }
}
