//! Settings and secrets from the environment and from files. Nothing else in the crate reads either.

use crate::error::Error;
use crate::secret::{Buffer, Secret};
use crate::wire::redact;
use alloc::format;
use alloc::string::String;
use std::fs::File;
use std::path::Path;
use zeroize::Zeroizing;

/// The longest real secrets are keys of a few KiB.
const MAX_SECRET_FILE_BYTES: usize = 16 * 1024;

/// The variable's value, which must not be empty if it is set.
pub(crate) fn optional(name: &str) -> Result<Option<String>, Error> {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => {
            Err(Error::config(format!("the environment variable {name} is empty")))
        }
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(value)) => {
            drop(Zeroizing::new(value.into_encoded_bytes()));
            Err(Error::config(format!("the environment variable {name} is not UTF-8")))
        }
    }
}

pub(crate) fn required(name: &str) -> Result<String, Error> {
    optional(name)?
        .ok_or_else(|| Error::config(format!("the environment variable {name} is not set")))
}

/// `CLIENT_SECRET`, or what is in the file that `CLIENT_SECRET_FILE` names.
pub(crate) fn client_secret() -> Result<Secret, Error> {
    // Whether both are set must not depend on what is in them.
    let is_set = |name| {
        std::env::var_os(name).map(|value| Zeroizing::new(value.into_encoded_bytes())).is_some()
    };
    match (is_set("CLIENT_SECRET"), optional("CLIENT_SECRET_FILE")?) {
        (true, Some(_)) => Err(Error::config(
            "CLIENT_SECRET and CLIENT_SECRET_FILE are both set; remove one of them",
        )),
        (false, Some(path)) => Secret::from_file(path),
        (true, None) => Secret::from_env("CLIENT_SECRET"),
        (false, None) => Err(Error::config("neither CLIENT_SECRET nor CLIENT_SECRET_FILE is set")),
    }
}

/// A path on one line, whatever is in it.
pub(crate) fn shown_path(path: &Path) -> String {
    redact::shown(&path.to_string_lossy(), &[])
}

/// A small file, in a buffer that is wiped.
pub(crate) fn read_file(name: &str, path: &Path, max_bytes: usize) -> Result<Buffer, Error> {
    let wrong = |what: &str| Error::config(format!("{name} {} {what}", shown_path(path)));
    let unreadable =
        |error: std::io::Error| wrong(&format!("cannot be read: {error}")).with_source(error);
    // Looked at before it is opened: opening a pipe waits for its other end, for ever if need be.
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(wrong("is a directory"));
    }
    if !metadata.is_file() {
        return Err(wrong("is not a regular file"));
    }
    let mut file = File::open(path).map_err(unreadable)?;
    let expected = usize::try_from(metadata.len()).unwrap_or(usize::MAX).min(max_bytes);
    let mut bytes = Buffer::with_capacity(expected + 1);
    if !bytes.read_from(&mut file, max_bytes).map_err(unreadable)? {
        return Err(wrong(&format!("is larger than {} KiB", max_bytes / 1024)));
    }
    Ok(bytes)
}

impl Secret {
    /// The value of an environment variable.
    ///
    /// The copy in the process's environment block stays where it is: it cannot be wiped from here,
    /// `/proc/<pid>/environ` shows it, and every child process but the port locator inherits it. Prefer
    /// [`from_file`](Self::from_file).
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config), naming the variable, if it is not set, empty or not UTF-8.
    pub fn from_env(name: &str) -> Result<Secret, Error> {
        required(name).map(Secret::from)
    }

    /// What is in a file, less one newline (`\n` or `\r\n`) at its end.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config), naming the file, if it cannot be read, is not a regular file or a pipe,
    /// is empty, larger than 16 KiB, or not UTF-8.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Secret, Error> {
        let path = path.as_ref();
        let wrong =
            |what: &str| Error::config(format!("the secret file {} {what}", shown_path(path)));
        let bytes = read_file("the secret file", path, MAX_SECRET_FILE_BYTES)?;
        let text = core::str::from_utf8(&bytes).map_err(|_| wrong("is not UTF-8"))?;
        let text =
            text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
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
    fn a_secret_file_loses_one_newline_and_nothing_else() {
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
    fn a_bad_secret_file_is_named() {
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
