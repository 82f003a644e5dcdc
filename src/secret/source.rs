//! The source of a secret: a fixed value, a function or a file.

use super::Secret;
use crate::error::Error;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use zeroize::Zeroizing;

type Ask = Box<dyn Fn() -> Result<Secret, Error> + Send + Sync>;

/// A secret or a password, or a function or file that supplies it anew for each request.
///
/// Every flow takes `impl Into<SecretSource>`: a [`Secret`], a `String`, a `&str`, or one of the functions below.
///
/// ```
/// use minbearer::SecretSource;
/// use minbearer::client_credentials::Config;
///
/// # fn main() -> Result<(), minbearer::Error> {
/// # fn ask_the_tpm() -> Result<minbearer::Secret, minbearer::Error> { Ok("s".into()) }
/// let url = "https://auth.example/token";
/// Config::new(url, "id", "a secret in the program")?;
/// Config::new(url, "id", SecretSource::from_fn(ask_the_tpm))?;
/// # #[cfg(feature = "std")]
/// Config::new(url, "id", SecretSource::file("/run/secrets/client"))?;
/// # Ok(()) }
/// ```
pub struct SecretSource(Place);

enum Place {
    Fixed(Secret),
    Function(Ask),
    #[cfg(feature = "std")]
    File(std::path::PathBuf),
}

/// A secret for one request.
pub(crate) enum Supplied<'a> {
    Kept(&'a Secret),
    Fresh(Secret),
}

impl SecretSource {
    /// A function that is called for each request. It may ask a person at a terminal, a keyring or a TPM. Its time counts
    /// towards the flow's timeout, 10 s unless set: give a person more. The secret that it returns is wiped after the
    /// request; its error is returned unchanged.
    ///
    /// After a refusal a [`Session`](crate::Session) calls it again at the next call, without a pause, so that a person
    /// can correct a typing error at once.
    pub fn from_fn(ask: impl Fn() -> Result<Secret, Error> + Send + Sync + 'static) -> Self {
        SecretSource(Place::Function(Box::new(ask)))
    }

    /// A file that is read anew for each request, as by [`Secret::from_file`], so that the secret may rotate. Reading it
    /// has no time limit: a mount that does not answer blocks the call.
    #[cfg(feature = "std")]
    pub fn file(path: impl Into<std::path::PathBuf>) -> Self {
        SecretSource(Place::File(path.into()))
    }

    /// Gets the secret, which must not be empty. `name` says in an error what is missing.
    pub(crate) fn supply(&self, name: &str) -> Result<Supplied<'_>, Error> {
        let supplied = match &self.0 {
            Place::Fixed(secret) => Supplied::Kept(secret),
            Place::Function(ask) => Supplied::Fresh(ask()?),
            #[cfg(feature = "std")]
            Place::File(path) => Supplied::Fresh(Secret::from_file(path)?),
        };
        if supplied.is_empty() { Err(is_empty(name)) } else { Ok(supplied) }
    }

    /// Rejects a fixed secret that is empty.
    pub(crate) fn check(&self, name: &str) -> Result<(), Error> {
        match &self.0 {
            Place::Fixed(secret) if secret.is_empty() => Err(is_empty(name)),
            _ => Ok(()),
        }
    }

    /// Whether a function supplies the secret, which may return another one the next time.
    #[cfg(feature = "std")]
    pub(crate) fn is_asked(&self) -> bool {
        matches!(self.0, Place::Function(_))
    }
}

fn is_empty(name: &str) -> Error {
    Error::config(alloc::format!("{name} must not be empty"))
}

impl core::ops::Deref for Supplied<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Supplied::Kept(secret) => secret.expose(),
            Supplied::Fresh(secret) => secret.expose(),
        }
    }
}

macro_rules! fixed {
    ($($from:ty),*) => {$(
        impl From<$from> for SecretSource {
            fn from(value: $from) -> Self {
                SecretSource(Place::Fixed(value.into()))
            }
        }
    )*};
}

fixed!(Secret, String, &str, &String, Zeroizing<String>);

// A function that panicked is called again like any other; it leaves no state here.
impl UnwindSafe for SecretSource {}
impl RefUnwindSafe for SecretSource {}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Place::Fixed(_) => "a secret",
            Place::Function(_) => "a function that supplies a secret",
            #[cfg(feature = "std")]
            Place::File(_) => "a file that holds a secret",
        })
    }
}

#[cfg(feature = "std")]
mod with_std {
    use super::super::file::{read_file, shown_path};
    use super::super::variable::{missing, variable};
    use super::*;
    use std::path::Path;

    /// The longest real secrets, keys and assertions are a few KiB.
    const MAX_SECRET_FILE_BYTES: usize = 16 * 1024;

    impl Secret {
        /// Reads an environment variable.
        ///
        /// The copy in the process's environment block cannot be wiped: `/proc/<pid>/environ` shows it, and
        /// every child process but the port locator inherits it. Prefer [`from_file`](Self::from_file).
        ///
        /// # Errors
        /// [`Kind::Config`](crate::Kind::Config), naming the variable, if it is not set, empty or not UTF-8.
        pub fn from_env(name: &str) -> Result<Secret, Error> {
            let value = variable(name)?.ok_or_else(|| missing(name))?;
            Ok(Secret::from(value))
        }

        /// Reads a file, and drops one newline (`\n` or `\r\n`) at its end.
        ///
        /// # Errors
        /// [`Kind::Config`](crate::Kind::Config), naming the file, if it cannot be read, is not a regular file,
        /// is empty, larger than 16 KiB, or not UTF-8.
        pub fn from_file(path: impl AsRef<Path>) -> Result<Secret, Error> {
            let path = path.as_ref();
            let wrong = |what: &str| {
                Error::config(alloc::format!("the secret file {} {what}", shown_path(path)))
            };
            let bytes = read_file("the secret file", path, MAX_SECRET_FILE_BYTES)?;
            let text = core::str::from_utf8(&bytes).map_err(|_| wrong("is not UTF-8"))?;
            let text = text
                .strip_suffix('\n')
                .map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
            if text.is_empty() {
                return Err(wrong("is empty"));
            }
            Ok(Secret::from(text))
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use alloc::string::ToString;

        #[test]
        fn only_one_newline_at_the_end_of_a_secret_file_is_dropped() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("secret");
            for (content, expected) in [
                ("s", "s"),
                ("s\n", "s"),
                ("s\r\n", "s"),
                ("s\n\n", "s\n"),
                (" s \r", " s \r"),
                ("é&\u{0}", "é&\u{0}"),
            ] {
                std::fs::write(&path, content).unwrap();
                assert_eq!(Secret::from_file(&path).unwrap().expose(), expected, "{content:?}");
            }
            let largest = "s".repeat(MAX_SECRET_FILE_BYTES);
            std::fs::write(&path, &largest).unwrap();
            assert_eq!(Secret::from_file(&path).unwrap().expose(), largest);
        }

        #[test]
        fn the_error_for_a_bad_secret_file_names_it() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("secret");
            for (content, part) in [
                (&b""[..], "is empty"),
                (b"\n", "is empty"),
                (b"\r\n", "is empty"),
                (b"\xff", "not UTF-8"),
                (&[b's'; MAX_SECRET_FILE_BYTES + 1], "larger than 16 KiB"),
            ] {
                std::fs::write(&path, content).unwrap();
                let message = Secret::from_file(&path).unwrap_err().to_string();
                assert!(message.contains(part) && message.contains("/secret"), "{message}");
            }
            for (path, part) in [
                ("/", "is a directory"),
                ("/nonexistent/secret", "cannot be read"),
                ("/dev/zero", "not a regular file"),
            ] {
                let message = Secret::from_file(path).unwrap_err().to_string();
                assert!(message.contains(part) && message.contains(path), "{message}");
            }
        }
    }
}
