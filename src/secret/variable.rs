//! An environment variable that may hold a secret.

use crate::error::Error;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use zeroize::Zeroizing;

/// Reads a variable, which must not be empty if it is set.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Error> {
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
pub(crate) fn bytes(name: &str) -> Option<Zeroizing<Vec<u8>>> {
    std::env::var_os(name).map(|value| Zeroizing::new(value.into_encoded_bytes()))
}

pub(crate) fn missing(name: &str) -> Error {
    Error::config(format!("the environment variable {name} is not set"))
}
