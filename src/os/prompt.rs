//! A password typed at a terminal, not echoed.

use crate::error::Error;
use crate::secret::Secret;
use alloc::format;

/// Writes `text` to the controlling terminal and reads a line from it without echo.
///
/// ```no_run
/// # fn main() -> Result<(), minbearer::Error> {
/// use minbearer::{SecretSource, accelerator, prompt};
///
/// let ask = SecretSource::from_fn(|| prompt::password("Password: "));
/// let config = accelerator::Config::new("http://host:6271", "rose", ask)?;
/// # Ok(()) }
/// ```
///
/// A signal that ends the program meanwhile leaves the terminal without echo; `stty echo` restores it. The buffers
/// of [rpassword](https://docs.rs/rpassword), which reads the line, are not wiped.
///
/// # Errors
/// [`Kind::Config`](crate::Kind::Config) if there is no terminal, or it was closed.
pub fn password(text: &str) -> Result<Secret, Error> {
    rpassword::prompt_password(text).map(Secret::from).map_err(|error| {
        Error::config(format!("could not ask for the password at the terminal: {error}"))
            .with_source(error)
    })
}
