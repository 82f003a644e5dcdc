//! Regular files, read into buffers that are wiped: secrets, trust anchors, keys.

use crate::error::{Error, on_a_line};
use crate::os::deadline::within;
use crate::secret::{Buffer, Secret, without_line_break};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use rustix::fs::OFlags;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error as IoError, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The longest real secrets, keys and assertions are a few KiB.
pub(super) const MAX_SECRET_FILE_BYTES: usize = 16 * 1024;
/// How errors call one of which they do not know who has named it.
pub(super) const SECRET_FILE: &str = "the secret file";
/// For a file that is read outside a call that has a deadline.
pub(crate) const UNSET_TIMEOUT: Duration = Duration::from_secs(10);
/// For a look at a path or a file's dates, which takes microseconds unless its mount does not answer.
pub(super) const LOOK_TIMEOUT: Duration = Duration::from_millis(250);

/// A path for an error message: on one line, with control characters escaped. What may be a secret that was given in the
/// place of a path is not shown: neither the file exists, nor a folder in which it could be. The root is no such folder,
/// since a secret in base64 may start with a slash.
pub fn shown_path(path: &Path) -> String {
    let its_path = path.to_path_buf();
    let deadline = Instant::now() + LOOK_TIMEOUT;
    shown(path, within(deadline, "minbearer-file", move || Ok(shown_now(&its_path))))
}

fn shown(path: &Path, outcome: Result<String, IoError>) -> String {
    match outcome {
        Ok(shown) => shown,
        // On a mount that does not answer: it is a path.
        Err(error) if error.kind() == ErrorKind::TimedOut => shown_existing(path),
        Err(_) => String::from(NOT_SHOWN),
    }
}

const NOT_SHOWN: &str =
    "(not shown, because there is no such file or folder and it may be a secret)";

/// The same, where it may take as long as it takes.
pub(crate) fn shown_now(path: &Path) -> String {
    let is_folder = |parent: &Path| parent.parent().is_some() && parent.is_dir();
    if path.symlink_metadata().is_ok() || path.parent().is_some_and(is_folder) {
        shown_existing(path)
    } else {
        String::from(NOT_SHOWN)
    }
}

/// The same for a path that is known to name something. It asks the system nothing, which might not answer.
pub(crate) fn shown_existing(path: &Path) -> String {
    on_a_line(&path.to_string_lossy())
}

/// Reads a regular file of at most `max_bytes`. `name` describes it in an error.
pub(crate) fn read_file(
    name: &str,
    path: &Path,
    max_bytes: usize,
    deadline: Instant,
) -> Result<Buffer, Error> {
    with_file(name, path, deadline, move |path| {
        let opened = open_regular(path).map_err(ReadError::Io)?;
        let (file, len) = opened.map_err(|what| ReadError::Because(what.into()))?;
        read_open(file, len, max_bytes)
    })
}

/// Calls `act` with the path on a thread, since opening or reading a file on a mount whose server is gone may block without
/// end: see [`within`]. The error is then [`Kind::Timeout`](crate::Kind::Timeout).
pub(super) fn with_file<T: Send + 'static>(
    name: &str,
    path: &Path,
    deadline: Instant,
    act: impl FnOnce(&Path) -> Result<T, ReadError> + Send + 'static,
) -> Result<T, Error> {
    let its_path = path.to_path_buf();
    let outcome = within(deadline, "minbearer-file", move || {
        // A look at the path for an error may block too.
        Ok(act(&its_path).map_err(|why| (why, shown_now(&its_path))))
    });
    match outcome {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err((why, shown))) => Err(unreadable(name, &shown, why)),
        Err(error) => Err(unread(name, path, error)),
    }
}

pub(super) fn unreadable(name: &str, path: &str, why: ReadError) -> Error {
    match why {
        ReadError::Because(what) => Error::config(format!("{name} {path} {what}")),
        ReadError::Io(error) => {
            let what = format!("{name} {path} cannot be read: {error}");
            let described =
                if may_pass(&error) { Error::network(what) } else { Error::config(what) };
            described.with_source(error)
        }
    }
}

/// Whether it is a lack, or a server's file that was replaced, and no wrong setting.
fn may_pass(error: &IoError) -> bool {
    error.kind() == ErrorKind::StaleNetworkFileHandle || is_lack(error)
}

/// Whether it is the system's lack of memory or descriptors, which says nothing about the file.
pub(crate) fn is_lack(error: &IoError) -> bool {
    const NO_DESCRIPTORS: [i32; 2] = [23, 24]; // ENFILE, EMFILE
    error.kind() == ErrorKind::OutOfMemory
        || error.raw_os_error().is_some_and(|number| NO_DESCRIPTORS.contains(&number))
}

fn unread(name: &str, path: &Path, error: IoError) -> Error {
    if error.kind() == ErrorKind::TimedOut {
        // If the path named nothing, the system would have said so.
        let path = shown_existing(path);
        return Error::timeout(format!(
            "{name} {path} was not read in time; does its mount answer?"
        ));
    }
    // Of the system's threads, not of the file.
    Error::network(format!("{name} was not read: {error}"))
}

pub(super) enum ReadError {
    Io(IoError),
    Because(String),
}

/// Opens a file without waiting: a FIFO would block until its other end is opened. The type is looked at after the opening,
/// since another file may get the name between a look and the opening.
pub(super) fn open(path: &Path) -> Result<(File, Metadata), IoError> {
    let flags = OFlags::NONBLOCK.bits() as i32;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

/// Opens a regular file, and returns it with its length, or says what the path is instead.
pub(crate) fn open_regular(path: &Path) -> Result<Result<(File, u64), &'static str>, IoError> {
    let (file, metadata) = open(path)?;
    Ok(if metadata.is_dir() {
        Err("is a directory")
    } else if !metadata.is_file() {
        Err("is not a regular file")
    } else {
        Ok((file, metadata.len()))
    })
}

/// Reads a regular file to its end.
pub(super) fn read_open(mut file: File, len: u64, max_bytes: usize) -> Result<Buffer, ReadError> {
    let expected = usize::try_from(len).unwrap_or(usize::MAX).min(max_bytes);
    let mut bytes = Buffer::default();
    bytes.reserve(expected + 1).map_err(|_| ReadError::Io(ErrorKind::OutOfMemory.into()))?;
    if !bytes.read_from(&mut file, max_bytes).map_err(ReadError::Io)? {
        return Err(ReadError::Because(format!("is larger than {} KiB", max_bytes / 1024)));
    }
    Ok(bytes)
}

/// The same for the program, whose files may hold keys.
pub fn read_regular(
    name: &str,
    path: &Path,
    max_bytes: usize,
    deadline: Instant,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    read_file(name, path, max_bytes, deadline).map(|bytes| Zeroizing::new(bytes.into_vec()))
}

impl Secret {
    /// Reads a file, and drops one newline (`\n` or `\r\n`) at its end.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config), naming the file, if it cannot be read, is not a regular file,
    /// is empty, larger than 16 KiB, or not UTF-8; [`Kind::Timeout`](crate::Kind::Timeout) if its mount does not answer
    /// for 10 s; [`Kind::Network`](crate::Kind::Network) if there is no thread, descriptor or memory to read it, or eight
    /// threads that earlier calls have given up still hang.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Secret, Error> {
        let (path, deadline) = (path.as_ref(), Instant::now() + UNSET_TIMEOUT);
        secret_in(
            SECRET_FILE,
            &read_file(SECRET_FILE, path, MAX_SECRET_FILE_BYTES, deadline)?,
            path,
        )
    }
}

/// The secret that a file holds.
pub(super) fn secret_in(name: &str, bytes: &[u8], path: &Path) -> Result<Secret, Error> {
    let wrong = |what: &str| Error::config(format!("{name} {} {what}", shown_existing(path)));
    let text = core::str::from_utf8(bytes).map_err(|_| wrong("is not UTF-8"))?;
    match without_line_break(text) {
        "" => Err(wrong("is empty")),
        text => Ok(Secret::from(text)),
    }
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
            let error = read_file("the file", path, 9, Instant::now() + UNSET_TIMEOUT)
                .err()
                .unwrap()
                .to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    /// A program that keeps a token fresh ends at the start for a wrong setting alone.
    #[test]
    fn a_lack_of_descriptors_or_memory_is_no_wrong_setting() {
        use crate::Kind;
        use rustix::io::Errno;
        for (errno, kind) in [
            (Errno::NOENT, Kind::Config),
            (Errno::ACCESS, Kind::Config),
            (Errno::LOOP, Kind::Config),
            (Errno::MFILE, Kind::Network),
            (Errno::NFILE, Kind::Network),
            (Errno::NOMEM, Kind::Network),
            (Errno::STALE, Kind::Network),
        ] {
            let error = unreadable("the file", "/run/secret", ReadError::Io(errno.into()));
            assert_eq!(error.kind(), kind, "{error}");
            let start = "the file /run/secret cannot be read: ";
            assert!(error.to_string().starts_with(start), "{error}");
        }
    }

    #[test]
    fn a_file_is_read_within_the_deadline() {
        let path = tempfile::NamedTempFile::new().unwrap();
        let error = read_regular("the file", path.path(), 9, Instant::now()).unwrap_err();
        assert_eq!(error.kind(), crate::Kind::Timeout, "{error}");
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
    fn a_secret_is_read_into_one_buffer_of_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for len in [1, 3000, MAX_SECRET_FILE_BYTES] {
            std::fs::write(&path, "s".repeat(len)).unwrap();
            let deadline = Instant::now() + UNSET_TIMEOUT;
            let read = read_regular("the file", &path, MAX_SECRET_FILE_BYTES, deadline).unwrap();
            // One byte more, which shows that nothing follows.
            assert_eq!((read.len(), read.capacity()), (len, len + 1));
        }
    }

    #[test]
    fn a_path_is_shown_if_it_names_something_or_if_its_mount_does_not_answer() {
        let absent = Path::new("S3cret/absent");
        for (path, expected) in [(absent, NOT_SHOWN), (Path::new("src/lib.rs"), "src/lib.rs")] {
            assert_eq!(shown_path(path), expected);
        }
        assert_eq!(shown(absent, Err(ErrorKind::TimedOut.into())), "S3cret/absent");
        assert_eq!(shown(absent, Err(IoError::other("no thread"))), NOT_SHOWN);
    }
}
