//! Settings from environment variables.

use crate::error::Error;
use crate::os::secret_file::secret_file;
use crate::secret::{Secret, SecretSource, check_text, without_line_break};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use zeroize::Zeroizing;

/// The client id: `CLIENT_ID`, or the file that `CLIENT_ID_FILE` names. `None` if neither is set.
pub(crate) fn client_id() -> Result<Option<SecretSource>, Error> {
    credential("CLIENT_ID", "CLIENT_ID_FILE")
}

/// The same if there has to be one.
pub fn required_client_id() -> Result<SecretSource, Error> {
    client_id()?.ok_or_else(|| Error::config("neither CLIENT_ID nor CLIENT_ID_FILE is set"))
}

/// The client secret: `CLIENT_SECRET`, or the file that `CLIENT_SECRET_FILE` names. `None` if neither is set.
pub fn client_secret() -> Result<Option<SecretSource>, Error> {
    credential("CLIENT_SECRET", "CLIENT_SECRET_FILE")
}

/// The value of a variable, or of the file that another variable names.
fn credential(name: &str, file_name: &str) -> Result<Option<SecretSource>, Error> {
    // The variable counts as set whatever its value is, empty too.
    match (bytes(name).is_some(), optional(file_name)?) {
        (true, Some(_)) => {
            Err(Error::config(format!("{name} and {file_name} are both set; remove one of them")))
        }
        (false, Some(path)) => Ok(Some(named_file(file_name, path))),
        (true, None) => {
            let value = Secret::from_env(name)?;
            check_text(&format!("the environment variable {name}"), value.expose())?;
            Ok(Some(value.into()))
        }
        (false, None) => Ok(None),
    }
}

/// The file that a variable names.
pub(crate) fn named_file(variable: &str, path: String) -> SecretSource {
    secret_file(format!("the {variable} file"), path.into())
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

impl Secret {
    /// Reads an environment variable, and drops one newline (`\n` or `\r\n`) at its end.
    ///
    /// The copy in the process's environment block cannot be wiped: `/proc/<pid>/environ` shows it, and
    /// every child process but the port locator inherits it. Prefer [`from_file`](Self::from_file).
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config), naming the variable, if it is not set, empty or not UTF-8.
    pub fn from_env(name: &str) -> Result<Secret, Error> {
        let wrong = |what| Error::config(format!("the environment variable {name} {what}"));
        let mut value = Zeroizing::new(optional(name)?.ok_or_else(|| wrong("is not set"))?);
        let len = without_line_break(&value).len();
        value.truncate(len); // in its own buffer, which is wiped to its end
        if value.is_empty() { Err(wrong("is empty")) } else { Ok(Secret::from(value)) }
    }
}
