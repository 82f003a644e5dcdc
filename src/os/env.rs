//! Settings from environment variables.

use crate::error::Error;
pub(crate) use crate::secret::variable::variable as optional;
use crate::secret::variable::{bytes, missing};
use crate::secret::{Secret, SecretSource};
use alloc::string::String;

pub(crate) fn required(name: &str) -> Result<String, Error> {
    optional(name)?.ok_or_else(|| missing(name))
}

/// Reads `CLIENT_SECRET`, or the file that `CLIENT_SECRET_FILE` names. `None` if neither is set.
pub(crate) fn client_secret() -> Result<Option<SecretSource>, Error> {
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
