//! The client's credentials in environment variables: which are read, and which may be missing.

use super::{ClientAuthentication, Config};
use crate::error::Error;
use crate::os::env;

/// What a client has to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// An id, and a secret or an assertion.
    Secret,
    /// An id. It authenticates by its certificate, unless there is a secret or an assertion.
    Id,
    /// Nothing: another grant than client credentials has a parameter that says who asks. Whatever is set is sent.
    Nothing,
}

/// Makes a configuration from the environment, for the library, the program and the C library.
///
/// # Errors
/// As for [`Config::from_env`], for what `needs` says.
pub fn from_env(token_url: &str, needs: Needs) -> Result<Config, Error> {
    let client_id = match env::client_id()? {
        None if needs == Needs::Nothing && ClientAuthentication::from_env()?.is_none() => "".into(),
        None => env::required_client_id()?,
        Some(client_id) => client_id,
    };
    let authentication = match ClientAuthentication::from_env()? {
        Some(authentication) => authentication,
        None if needs == Needs::Secret => {
            return Err(Error::config(
                "none of CLIENT_SECRET, CLIENT_SECRET_FILE and CLIENT_ASSERTION_FILE is set",
            ));
        }
        None => ClientAuthentication::none(),
    };
    Config::new(token_url, client_id, authentication)
}
