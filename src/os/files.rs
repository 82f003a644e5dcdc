//! Regular files, read into buffers that are wiped: secrets, trust anchors, keys.

use crate::error::{Error, on_a_line};
use crate::secret::{AfterRefusal, Buffer, Secret, SecretSource, Supply};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::Error as IoError;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The longest real secrets, keys and assertions are a few KiB.
const MAX_SECRET_FILE_BYTES: usize = 16 * 1024;

/// A path for an error message: on one line, with control characters escaped. What may be a secret that was given in the
/// place of a path is not shown: neither the file exists, nor a folder in which it could be. The root is no such folder,
/// since a secret in base64 may start with a slash.
pub(crate) fn shown_path(path: &Path) -> String {
    let is_folder = |parent: &Path| parent.parent().is_some() && parent.is_dir();
    if path.symlink_metadata().is_ok() || path.parent().is_some_and(is_folder) {
        on_a_line(&path.to_string_lossy())
    } else {
        String::from("(in no folder that exists, so it is not shown: it may be a secret)")
    }
}

/// Reads a regular file of at most `max_bytes`. `name` describes it in an error.
pub(crate) fn read_file(name: &str, path: &Path, max_bytes: usize) -> Result<Buffer, Error> {
    let wrong = |what: &str| Error::config(format!("{name} {} {what}", shown_path(path)));
    let unreadable = |error: IoError| wrong(&format!("cannot be read: {error}")).with_source(error);
    let (mut file, len) = open_regular(path).map_err(unreadable)?.map_err(wrong)?;
    let expected = usize::try_from(len).unwrap_or(usize::MAX).min(max_bytes);
    let mut bytes = Buffer::default();
    bytes.reserve(expected + 1).map_err(|_| wrong("cannot be read: out of memory"))?;
    if !bytes.read_from(&mut file, max_bytes).map_err(unreadable)? {
        return Err(wrong(&format!("is larger than {} KiB", max_bytes / 1024)));
    }
    Ok(bytes)
}

/// The same for the program, whose files may hold keys.
pub fn read_regular(
    name: &str,
    path: &Path,
    max_bytes: usize,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    read_file(name, path, max_bytes).map(|bytes| Zeroizing::new(bytes.into_vec()))
}

impl Secret {
    /// Reads a file, and drops one newline (`\n` or `\r\n`) at its end.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config), naming the file, if it cannot be read, is not a regular file,
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

impl SecretSource {
    /// A file that is read anew for each request, as by [`Secret::from_file`], so that the secret may rotate. Reading it
    /// has no time limit: a mount that does not answer blocks the call.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        SecretSource::supplied_by(Box::new(SecretFile(path.into())))
    }
}

struct SecretFile(PathBuf);

impl Supply for SecretFile {
    fn supply(&self) -> Result<Secret, Error> {
        Secret::from_file(&self.0)
    }

    fn after_refusal(&self) -> AfterRefusal {
        AfterRefusal::Pause
    }

    fn description(&self) -> &'static str {
        "a file that holds a secret"
    }
}

/// Opens a regular file, and returns it with its length, or says what the path is instead.
///
/// A FIFO would block until its other end is opened, without `O_NONBLOCK`. The type is checked after the opening, since
/// another file may get the name between a check and the opening.
pub(crate) fn open_regular(path: &Path) -> Result<Result<(File, u64), &'static str>, IoError> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    Ok(if metadata.is_dir() {
        Err("is a directory")
    } else if !metadata.is_file() {
        Err("is not a regular file")
    } else {
        Ok((file, metadata.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn only_a_regular_file_is_read_and_a_fifo_does_not_block() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        for (path, part) in
            [(pipe.as_path(), "not a regular file"), (folder.path(), "is a directory")]
        {
            let error = read_file("the file", path, 9).err().unwrap().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

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
            ("/dev/absent", "cannot be read"),
            ("/dev/zero", "not a regular file"),
        ] {
            let message = Secret::from_file(path).unwrap_err().to_string();
            assert!(message.contains(part) && message.contains(path), "{message}");
        }
    }

    #[test]
    fn a_secret_in_the_place_of_a_path_is_not_shown() {
        for secret in [
            "S3cret-pass",
            "/S3cret",
            "kX9/2vQ+S3cret==",
            "/kX9/2vQ+S3cret==",
            "./no/S3cret",
            "\u{1b}S3cret",
            " ",
        ] {
            let message = Secret::from_file(secret).unwrap_err().to_string();
            assert!(message.contains("so it is not shown"), "{message}");
            assert!(!message.contains("S3cret"), "{message}");
        }
        // A part of a path that exists tells what is meant.
        for path in ["src/absent", "./absent", "Cargo.toml/x", "/dev/shm/absent"] {
            let message = Secret::from_file(path).unwrap_err().to_string();
            assert_eq!(message.contains(path), path != "Cargo.toml/x", "{message}");
        }
    }
}
