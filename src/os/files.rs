//! Regular files, read into buffers that are wiped: secrets, trust anchors, keys.

use crate::error::{Error, on_a_line};
use crate::os::deadline::within;
use crate::secret::{AfterRefusal, Buffer, Deadline, Secret, SecretSource, Supply};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{Error as IoError, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The longest real secrets, keys and assertions are a few KiB.
const MAX_SECRET_FILE_BYTES: usize = 16 * 1024;
/// For a file that is read outside a call that has a deadline.
const UNSET_TIMEOUT: Duration = Duration::from_secs(10);
/// For a look at whether a file has changed, which takes microseconds unless its mount does not answer.
const LOOK_TIMEOUT: Duration = Duration::from_millis(300);

/// A path for an error message: on one line, with control characters escaped.
pub(crate) fn shown_path(path: &Path) -> String {
    on_a_line(&path.to_string_lossy())
}

/// Reads a regular file of at most `max_bytes`. `name` describes it in an error.
///
/// It is read on a thread, since reading a file on a mount whose server is gone may block without end: see [`within`].
/// The error is then [`Kind::Timeout`](crate::Kind::Timeout).
pub(crate) fn read_file(
    name: &str,
    path: &Path,
    max_bytes: usize,
    deadline: Instant,
) -> Result<Buffer, Error> {
    let said = |what: &str| format!("{name} {} {what}", shown_path(path));
    let its_path = path.to_path_buf();
    match within(deadline, "minbearer-file", move || Ok(read_now(&its_path, max_bytes))) {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(Unreadable::Because(what))) => Err(Error::config(said(&what))),
        Ok(Err(Unreadable::Io(error))) => {
            Err(Error::config(said(&format!("cannot be read: {error}"))).with_source(error))
        }
        Err(error) if error.kind() == ErrorKind::TimedOut => {
            Err(Error::timeout(said("was not read in time; does its mount answer?")))
        }
        // Of the system's threads, not of the file.
        Err(error) => Err(Error::network(said(&format!("was not read: {error}")))),
    }
}

enum Unreadable {
    Io(IoError),
    Because(String),
}

fn read_now(path: &Path, max_bytes: usize) -> Result<Buffer, Unreadable> {
    let because = |what: &str| Unreadable::Because(what.into());
    let (mut file, len) = open_regular(path).map_err(Unreadable::Io)?.map_err(because)?;
    let expected = usize::try_from(len).unwrap_or(usize::MAX).min(max_bytes);
    let mut bytes = Buffer::default();
    bytes.reserve(expected + 1).map_err(|_| because("cannot be read: out of memory"))?;
    if !bytes.read_from(&mut file, max_bytes).map_err(Unreadable::Io)? {
        return Err(Unreadable::Because(format!("is larger than {} KiB", max_bytes / 1024)));
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
    /// for 10 s; [`Kind::Network`](crate::Kind::Network) if no thread to read it can be started, or eight that
    /// earlier calls have given up still hang.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Secret, Error> {
        Secret::from_file_by(path.as_ref(), Instant::now() + UNSET_TIMEOUT)
    }

    fn from_file_by(path: &Path, deadline: Instant) -> Result<Secret, Error> {
        let wrong =
            |what: &str| Error::config(format!("the secret file {} {what}", shown_path(path)));
        let bytes = read_file("the secret file", path, MAX_SECRET_FILE_BYTES, deadline)?;
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
    /// A file that is read anew for each request, as by [`Secret::from_file`], so that the secret may rotate. The time to
    /// read it counts towards the flow's timeout.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        SecretSource::supplied_by(Box::new(SecretFile {
            path: path.into(),
            read: Mutex::default(),
        }))
    }
}

/// A secret's file, and what it was when it was last read.
struct SecretFile {
    path: PathBuf,
    read: Mutex<Option<Identity>>,
}

/// Tells one content of a file from another without keeping anything of the content: device, inode, size, and the time
/// of the last change in seconds and nanoseconds. `None` for a file that is not there.
type Identity = Option<(u64, u64, u64, i64, i64)>;

impl SecretFile {
    /// What the file is now, on a thread, since its mount may not answer. An error if that is not known in time.
    fn identity(&self, deadline: Instant) -> Result<Identity, IoError> {
        let path = self.path.clone();
        within(deadline, "minbearer-file", move || {
            let file = std::fs::metadata(path).ok();
            Ok(file
                .map(|file| (file.dev(), file.ino(), file.size(), file.mtime(), file.mtime_nsec())))
        })
    }

    fn last_read(&self) -> MutexGuard<'_, Option<Identity>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Supply for SecretFile {
    fn supply(&self, deadline: Deadline) -> Result<Secret, Error> {
        let deadline = deadline.unwrap_or_else(|| Instant::now() + UNSET_TIMEOUT);
        // Before it is read: if it changes in between, the new content is tried once more, and never missed.
        let identity = self.identity(deadline);
        *self.last_read() = identity.ok();
        Secret::from_file_by(&self.path, deadline)
    }

    fn after_refusal(&self) -> AfterRefusal {
        // The caller has a deadline that is not known here.
        match (self.identity(Instant::now() + LOOK_TIMEOUT), *self.last_read()) {
            (Ok(now), Some(read)) if now != read => AfterRefusal::Changed,
            _ => AfterRefusal::Pause,
        }
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
            let error = read_file("the file", path, 9, Instant::now() + UNSET_TIMEOUT)
                .err()
                .unwrap()
                .to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_file_is_read_within_the_deadline_of_the_call() {
        use crate::client_credentials::{ClientAuthentication, Config};
        use crate::flow::Flow;
        use crate::{Kind, accelerator, jsa};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "s").unwrap();
        let source = || SecretSource::file(&path);
        let url = "https://h/token";
        let flows: [&dyn Flow; 5] = [
            &jsa::Config::new("id", source()).unwrap(),
            &accelerator::Config::new(url, "rose", source()).unwrap(),
            &Config::new(url, "id", source()).unwrap(),
            &Config::new(url, "id", ClientAuthentication::basic(source())).unwrap(),
            &Config::new(url, "id", ClientAuthentication::assertion(source())).unwrap(),
        ];
        for flow in flows {
            let error = flow.prepare(Instant::now()).err().unwrap();
            assert_eq!(error.kind(), Kind::Timeout, "{error}");
            let message = error.to_string();
            let part = "/secret was not read in time; does its mount answer?";
            assert!(
                message.starts_with("the secret file ") && message.ends_with(part),
                "{message}"
            );
        }
        let error = read_regular("the file", &path, 9, Instant::now()).unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout, "{error}");
    }

    #[test]
    fn a_secret_file_that_was_changed_after_it_was_read_is_seen_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let source = SecretSource::file(&path);
        let read = || source.supply("the secret", None).map(drop).is_ok();
        assert_eq!(source.after_refusal(), AfterRefusal::Pause, "it was not read");
        assert!(!read());
        assert_eq!(source.after_refusal(), AfterRefusal::Pause, "still absent");
        std::fs::write(&path, "one").unwrap();
        assert_eq!(source.after_refusal(), AfterRefusal::Changed, "it is there");
        assert!(read());
        assert_eq!(source.after_refusal(), AfterRefusal::Pause, "it was read");
        std::fs::write(folder.path().join("new"), "two").unwrap();
        std::fs::rename(folder.path().join("new"), &path).unwrap();
        for _ in 0..2 {
            assert_eq!(source.after_refusal(), AfterRefusal::Changed, "replaced");
        }
        assert!(read());
        assert_eq!(source.after_refusal(), AfterRefusal::Pause);
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(source.after_refusal(), AfterRefusal::Changed, "written in place");
        assert!(read());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(source.after_refusal(), AfterRefusal::Changed, "gone");
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
            ("/nonexistent/secret", "cannot be read"),
            ("/dev/zero", "not a regular file"),
        ] {
            let message = Secret::from_file(path).unwrap_err().to_string();
            assert!(message.contains(part) && message.contains(path), "{message}");
        }
    }
}
