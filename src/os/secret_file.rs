//! A file as the source of a secret: a regular file, read anew for each request; or a pipe, read once.

use super::deadline::{lock, wait_until_readable, within};
use super::files::{
    LOOK_TIMEOUT, MAX_SECRET_FILE_BYTES, ReadError, SECRET_FILE, UNSET_TIMEOUT, open, read_open,
    secret_in, shown_existing, unreadable, with_file,
};
use crate::error::Error;
use crate::secret::{AfterRefusal, Buffer, Deadline, Secret, SecretSource, Supply};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use std::fs::File;
use std::io::{Error as IoError, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

impl SecretSource {
    /// A file that is read anew for each request, as by [`Secret::from_file`], so that the secret may rotate. The time to
    /// read it counts towards the flow's timeout. After a refusal a [`Session`](crate::Session) pauses until the file has
    /// changed: another device, inode, size or time of modification.
    ///
    /// A FIFO, or `/dev/stdin` if that is a pipe or a socket, is read once, to its end, 16 KiB at most and within the
    /// flow's timeout; what came is kept and wiped with this value. After a timeout the next call reads on.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        secret_file(SECRET_FILE.into(), path.into())
    }
}

/// [`SecretSource::file`] with the name by which errors call it, such as that of the variable that has named the file.
pub fn secret_file(name: String, path: PathBuf) -> SecretSource {
    SecretSource::supplied_by(Box::new(SecretFile {
        name,
        path,
        read: Arc::default(),
        piped: Mutex::default(),
    }))
}

struct SecretFile {
    name: String,
    path: PathBuf,
    /// What the path named when it was last read. It is shared with the thread that reads.
    read: Arc<Mutex<Option<Named>>>,
    piped: Mutex<Piped>,
}

/// What came through a pipe, which cannot be read again.
#[derive(Default)]
struct Piped {
    bytes: Buffer,
    /// To its end, and it is a secret.
    is_whole: bool,
    /// Open as long as only a part has come: what no one has open is lost.
    file: Option<File>,
}

/// What a path names, or nothing.
type Named = Option<Identity>;

/// What changes with a file's content, as far as it can be told without the content.
#[derive(Clone, Debug, PartialEq)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

enum Opened {
    Regular(Buffer),
    Pipe(Pipe),
}

impl SecretFile {
    fn read_pipe(&self, mut pipe: Pipe) -> Result<Secret, Error> {
        // Another thread that needs the secret waits here until this one has it, or has reached its deadline.
        let mut piped = lock(&self.piped);
        if !piped.is_whole {
            match piped.file.take() {
                Some(file) => pipe.file = file,
                None => piped.bytes = Buffer::default(),
            }
            let read = piped.bytes.read_from(&mut pipe, MAX_SECRET_FILE_BYTES);
            if !matches!(read, Ok(true)) {
                return Err(self.unended(&mut piped, pipe.file, read.err()));
            }
        }
        let secret = secret_in(&self.name, &piped.bytes, &self.path);
        piped.is_whole = secret.is_ok();
        secret
    }

    /// The error for a pipe that was not read to its end; without one it is too large.
    fn unended(&self, piped: &mut Piped, file: File, error: Option<IoError>) -> Error {
        let said = |what: &str| format!("{} {} {what}", self.name, shown_existing(&self.path));
        let is_late = |error: &IoError| error.kind() == ErrorKind::TimedOut;
        if error.as_ref().is_some_and(is_late) {
            piped.file = Some(file).filter(|_| !piped.bytes.is_empty());
            return Error::timeout(said(
                "is a pipe that did not end in time; does a program write the secret to it, and close it?",
            ));
        }
        match error {
            None => Error::config(said("is larger than 16 KiB")),
            Some(error) => {
                unreadable(&self.name, &shown_existing(&self.path), ReadError::Io(error))
            }
        }
    }
}

impl Supply for SecretFile {
    fn supply(&self, deadline: Deadline) -> Result<Secret, Error> {
        let piped = lock(&self.piped);
        if piped.is_whole {
            return secret_in(&self.name, &piped.bytes, &self.path);
        }
        drop(piped);
        let deadline = deadline.unwrap_or_else(|| Instant::now() + UNSET_TIMEOUT);
        let read = Arc::clone(&self.read);
        let open = move |path: &Path| {
            // Before it is read: a change meanwhile is then tried once more, and never missed.
            *lock(&read) = Some(named(path));
            open_secret(path, deadline)
        };
        match with_file(&self.name, &self.path, deadline, open)? {
            Opened::Regular(bytes) => secret_in(&self.name, &bytes, &self.path),
            Opened::Pipe(pipe) => self.read_pipe(pipe),
        }
    }

    fn after_refusal(&self) -> AfterRefusal {
        if lock(&self.piped).is_whole {
            return AfterRefusal::Pause;
        }
        let path = self.path.clone();
        let deadline = Instant::now() + LOOK_TIMEOUT;
        let now = within(deadline, "minbearer-file", move || Ok(named(&path)));
        match (now, &*lock(&self.read)) {
            (Ok(now), Some(read)) if now != *read => AfterRefusal::Changed,
            _ => AfterRefusal::Pause,
        }
    }

    fn file(&self) -> Option<String> {
        Some(shown_existing(&self.path))
    }

    fn description(&self) -> &'static str {
        "a file that holds a secret"
    }
}

fn named(path: &Path) -> Named {
    let metadata = path.metadata().ok()?;
    Some(Identity {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
    })
}

/// Opens the file, and reads it if it is a regular one.
fn open_secret(path: &Path, deadline: Instant) -> Result<Opened, ReadError> {
    // A socket cannot be opened by its name, and a shell's own pipe need not be opened a second time.
    if path == Path::new("/dev/stdin") {
        let stdin = rustix::stdio::stdin().try_clone_to_owned().map_err(ReadError::Io)?;
        let file = File::from(stdin);
        let file_type = file.metadata().map_err(ReadError::Io)?.file_type();
        if file_type.is_fifo() || file_type.is_socket() {
            return Ok(Opened::Pipe(Pipe { file, deadline, may_block: true, is_flowing: false }));
        }
    }
    let (file, metadata) = open(path).map_err(ReadError::Io)?;
    let file_type = metadata.file_type();
    if file_type.is_file() {
        return Ok(Opened::Regular(read_open(file, metadata.len(), MAX_SECRET_FILE_BYTES)?));
    }
    if file_type.is_fifo() {
        return Ok(Opened::Pipe(Pipe { file, deadline, may_block: false, is_flowing: false }));
    }
    let what =
        if file_type.is_dir() { "is a directory" } else { "is neither a regular file nor a pipe" };
    Err(ReadError::Because(what.into()))
}

struct Pipe {
    file: File,
    deadline: Instant,
    /// Standard input is shared with other programs, and stays as it is.
    may_block: bool,
    /// Whether the last read brought bytes.
    is_flowing: bool,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            // A FIFO that no one has opened for writing yet reads as if it had ended, so the first bytes are waited for.
            // After them a read tells that the last writer has gone; to wait for it could take until the deadline.
            if self.may_block || !self.is_flowing {
                wait_until_readable(self.file.as_fd(), self.deadline)?;
            }
            match self.file.read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_flowing = false,
                outcome => {
                    self.is_flowing = outcome.is_ok();
                    return outcome;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use alloc::string::ToString;
    use std::io::Write;
    use std::time::Duration;

    fn secret_file(path: PathBuf) -> SecretFile {
        SecretFile { name: "the file".into(), path, read: Arc::default(), piped: Mutex::default() }
    }

    fn supply(file: &SecretFile, time: Duration) -> Result<String, Error> {
        let secret = file.supply(Some(Instant::now() + time))?;
        Ok(secret.expose().to_string())
    }

    const LONG: Duration = Duration::from_secs(60);

    fn fifo(folder: &tempfile::TempDir) -> PathBuf {
        let path = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
        path
    }

    #[test]
    fn a_pipe_is_read_once_to_its_end_and_its_secret_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = fifo(&folder);
        let file = secret_file(path.clone());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut pipe = File::options().write(true).open(&path).unwrap();
                pipe.write_all(b"s3c").unwrap();
                std::thread::sleep(Duration::from_millis(20));
                pipe.write_all(b"r3t\r\n").unwrap();
            });
            // Another thread that asks at the same time gets the same secret.
            let other = scope.spawn(|| supply(&file, LONG).unwrap());
            assert_eq!(supply(&file, LONG).unwrap(), "s3cr3t");
            assert_eq!(other.join().unwrap(), "s3cr3t");
        });
        // Without a writer, and without time.
        assert_eq!(supply(&file, Duration::ZERO).unwrap(), "s3cr3t");
        assert_eq!(file.after_refusal(), AfterRefusal::Pause);
    }

    #[test]
    fn a_pipe_without_an_end_is_a_timeout() {
        let folder = tempfile::tempdir().unwrap();
        let path = fifo(&folder);
        let file = secret_file(path.clone());
        let time = Duration::from_millis(50);
        let late = |what: &str| {
            let error = supply(&file, time).unwrap_err();
            assert_eq!(error.kind(), Kind::Timeout, "{what}: {error}");
            assert!(error.to_string().contains("/pipe is a pipe that did not end"), "{error}");
        };
        late("no writer");
        // Opened for both, so that it opens without a reader.
        let mut writer = File::options().read(true).write(true).open(&path).unwrap();
        late("a silent writer");
        writer.write_all(b"s3cr3t").unwrap();
        late("a writer that does not close");
        // What came is not lost, and is no secret of its own.
        writer.write_all(b"&more").unwrap();
        drop(writer);
        assert_eq!(supply(&file, LONG).unwrap(), "s3cr3t&more");
    }

    #[test]
    fn a_pipe_that_cannot_be_read_is_no_timeout() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::open(folder.path()).unwrap();
        let deadline = Instant::now() + LONG;
        let pipe = Pipe { file, deadline, may_block: false, is_flowing: false };
        let error = secret_file(folder.path().into()).read_pipe(pipe).unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{error}");
        assert!(error.to_string().contains(" cannot be read: Is a directory"), "{error}");
    }

    #[test]
    fn a_file_without_a_deadline_is_read_and_named_and_shows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "s3cr3t").unwrap();
        let file = secret_file(path.clone());
        assert_eq!(file.supply(None).unwrap().expose(), "s3cr3t");
        assert_eq!(file.file().as_deref(), path.to_str());
        assert_eq!(format!("{:?}", SecretSource::file(path)), "a file that holds a secret");
    }

    #[test]
    fn a_pipe_has_the_limits_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = fifo(&folder);
        for (content, part) in [
            (&b""[..], "is empty"),
            (b"\n", "is empty"),
            (b"\xff", "is not UTF-8"),
            (&[b's'; MAX_SECRET_FILE_BYTES + 1], "is larger than 16 KiB"),
        ] {
            let file = secret_file(path.clone());
            let error = std::thread::scope(|scope| {
                scope.spawn(|| {
                    let mut pipe = File::options().write(true).open(&path).unwrap();
                    let _ = pipe.write_all(content); // the reader stops after 16 KiB
                });
                supply(&file, LONG).unwrap_err()
            });
            assert_eq!(error.kind(), Kind::Config, "{error}");
            assert!(error.to_string().contains(part), "{error}");
        }
        let error = supply(&secret_file("/dev/zero".into()), LONG).unwrap_err();
        assert!(error.to_string().contains("neither a regular file nor a pipe"), "{error}");
    }

    #[test]
    fn a_file_that_was_changed_after_it_was_read_is_worth_a_request() {
        use AfterRefusal::{Changed, Pause};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let file = secret_file(at("secret"));
        let read = || {
            std::fs::write(at("secret"), "s3cr3t").unwrap();
            supply(&file, LONG).unwrap();
        };
        let modified = || at("secret").metadata().unwrap().modified().unwrap();
        let set_modified = |name: &str, time| {
            File::options().write(true).open(at(name)).unwrap().set_modified(time).unwrap();
        };
        assert_eq!(file.after_refusal(), Pause, "nothing was read yet");
        let changes: [(&str, AfterRefusal, &dyn Fn()); 6] = [
            ("nothing", Pause, &|| {}),
            ("written again, of the same size", Changed, &|| {
                let later = modified() + Duration::from_millis(1);
                std::fs::write(at("secret"), "t3cr3t").unwrap();
                set_modified("secret", later);
            }),
            ("another size, of the same time", Changed, &|| {
                let before = modified();
                std::fs::write(at("secret"), "s3cr3ts").unwrap();
                set_modified("secret", before);
            }),
            ("replaced, of the same size and time", Changed, &|| {
                std::fs::write(at("new"), "t3cr3t").unwrap();
                set_modified("new", modified());
                std::fs::rename(at("new"), at("secret")).unwrap();
            }),
            ("a link to another file", Changed, &|| {
                std::fs::write(at("new"), "t3cr3t").unwrap();
                std::fs::remove_file(at("secret")).unwrap();
                std::os::unix::fs::symlink(at("new"), at("secret")).unwrap();
            }),
            ("removed", Changed, &|| std::fs::remove_file(at("secret")).unwrap()),
        ];
        for (what, expected, change) in changes {
            read();
            change();
            assert_eq!(file.after_refusal(), expected, "{what}");
        }
    }

    #[test]
    fn a_file_that_was_absent_when_it_was_read_is_worth_a_request_once_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let file = secret_file(path.clone());
        assert!(supply(&file, LONG).is_err());
        assert_eq!(file.after_refusal(), AfterRefusal::Pause, "still absent");
        std::fs::write(&path, [b's'; MAX_SECRET_FILE_BYTES + 1]).unwrap();
        assert_eq!(file.after_refusal(), AfterRefusal::Changed, "it is there");
        assert!(supply(&file, LONG).is_err());
        assert_eq!(file.after_refusal(), AfterRefusal::Pause, "still too large");
    }
}
