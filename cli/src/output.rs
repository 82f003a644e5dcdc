//! A token in a file: written whole or not at all, and only a regular file is replaced. And how old that file is.

use super::streams::write_all;
use minbearer::Error;
use minbearer::internal::{on_a_line, random, shown_path};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Access, FileType, Mode, OFlags, RawMode, Stat};
use rustix::io::Errno;
use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many random names are tried if they exist already.
const NAMES: usize = 8;
const PERMISSIONS: RawMode = 0o777;

pub struct Output {
    file: CString,
    mode: RawMode,
    /// Whether it is known to be a path, which errors may show, and no secret in the place of one.
    is_path: bool,
}

/// Why a file was not written.
pub struct Unwritten {
    /// Of kind `Config`.
    pub error: Error,
    /// Whether this may pass by itself, as a full disk does; a wrong setting does not.
    pub may_pass: bool,
}

impl Output {
    /// Checks that `file` can be replaced, as far as this can be known in advance.
    ///
    /// # Errors
    /// Of kind `Config`.
    pub fn new(file: PathBuf, mode: RawMode) -> Result<Output, Error> {
        if file.as_os_str() == "-" {
            return Err(Error::config(
                "the FILE of --output is `-`: leave --output out for standard output, or write ./-",
            ));
        }
        // No argument has a zero byte in it.
        let file = CString::new(file.into_os_string().into_vec()).unwrap_or_default();
        let mut output = Output { file, mode, is_path: false };
        output.check_replaceable()?;
        let folder = output.folder_path();
        rustix::fs::access(&*folder, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| {
            let folder = match error {
                Errno::NOENT => String::from("its folder"),
                _ => format!("the folder {}", folder.to_string_lossy()),
            };
            output.wrong(&format!("cannot be written: in {folder}: {}", reason(error)))
        })?;
        // As `shown_path` has it, but the folder may be gone later.
        let folder = output.path().parent();
        output.is_path = folder.and_then(Path::parent).is_some();
        Ok(output)
    }

    /// Writes the text to the file. Another process finds the complete old file or the complete new one.
    pub fn write(&self, text: &str) -> Result<(), Unwritten> {
        let setting = |error| Unwritten { error, may_pass: false };
        self.check_replaceable().map_err(setting)?;
        let (temporary, file) = self.create(random).map_err(|error| self.failed(error))?;
        let written = self.fill(file.as_fd(), text).and_then(|()| {
            rustix::fs::rename(&*temporary, &*self.file).map_err(|error| match error {
                // A kernel before 5.8 did not tell before.
                Errno::BUSY => setting(self.is_a_mount_point()),
                error => self.failed(error),
            })
        });
        if written.is_err() {
            // A failure to remove the rest does not matter beside that error.
            let _ = rustix::fs::unlink(&*temporary);
        }
        written
    }

    /// The directory of both files, with the slash at its end, or nothing for the current one: a file can be
    /// renamed into place only within its file system.
    fn folder(&self) -> &[u8] {
        let file = self.file.to_bytes();
        let end = file.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        file.get(..end).unwrap_or_default()
    }

    fn folder_path(&self) -> CString {
        match self.folder() {
            b"" => c".".into(),
            folder => CString::new(folder).unwrap_or_default(),
        }
    }

    fn check_replaceable(&self) -> Result<(), Error> {
        let found = match rustix::fs::lstat(&*self.file) {
            Ok(found) => found,
            Err(Errno::NOENT) if self.file.to_bytes().ends_with(b"/") => {
                return Err(self.wrong("is the name of a folder"));
            }
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => {
                return Err(self.wrong(&format!("cannot be looked at: {}", reason(error))));
            }
        };
        let what = match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => return self.check_rename(&found),
            FileType::Directory => "a folder",
            FileType::Symlink => "a link",
            FileType::Fifo => "a FIFO",
            FileType::Socket => "a socket",
            FileType::BlockDevice | FileType::CharacterDevice => "a device",
            FileType::Unknown => "of a kind unknown here",
        };
        Err(self.wrong(&format!("is {what}; only a regular file is replaced")))
    }

    /// Whether a regular file may be replaced, where the folder may be written.
    fn check_rename(&self, found: &Stat) -> Result<(), Error> {
        match why_fixed(&self.file) {
            Some(Fixed::MountPoint) => return Err(self.is_a_mount_point()),
            Some(Fixed::Immutable) => {
                return Err(
                    self.wrong("is immutable or append-only (chattr), and cannot be replaced")
                );
            }
            None => {}
        }
        let user = rustix::process::geteuid();
        let is_sticky = |folder: &Stat| {
            Mode::from_raw_mode(folder.st_mode).contains(Mode::SVTX)
                && folder.st_uid != user.as_raw()
        };
        if !user.is_root()
            && found.st_uid != user.as_raw()
            && rustix::fs::stat(&*self.folder_path()).is_ok_and(|folder| is_sticky(&folder))
        {
            return Err(self.wrong(
                "belongs to another user, and its folder is sticky: choose another folder, or remove it",
            ));
        }
        Ok(())
    }

    /// Creates a file with an unpredictable name, which only this user can read until it is complete. The dot hides it
    /// from readers that take all files of a directory.
    fn create(&self, mut random: impl FnMut() -> u64) -> rustix::io::Result<(CString, OwnedFd)> {
        // With EXCL, no other user's file or link of that name is written to.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mut tries = NAMES;
        loop {
            let name = format!(".minbearer-{:016x}", random());
            let path = CString::new([self.folder(), name.as_bytes()].concat()).unwrap_or_default();
            match rustix::fs::open(&*path, flags, Mode::RUSR | Mode::WUSR) {
                Ok(file) => return Ok((path, file)),
                Err(Errno::EXIST) if tries > 1 => tries -= 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn fill(&self, file: BorrowedFd, text: &str) -> Result<(), Unwritten> {
        let failed = |error| self.failed(error);
        // Some file systems (FAT, some network shares) give every file the permissions that they were mounted with.
        let mode = rustix::fs::fstat(file).map_err(failed)?.st_mode & PERMISSIONS;
        if mode & !(self.mode | 0o600) != 0 {
            let what = format!(
                "cannot be written: its file system makes files with the permissions {mode:04o}, more than --mode allows: choose another folder, or --mode {mode:04o}"
            );
            return Err(Unwritten { error: self.wrong(&what), may_pass: false });
        }
        write_all(file, text.as_bytes()).map_err(failed)?;
        // After the token is complete. The mode given to `open` is restricted by the umask.
        rustix::fs::fchmod(file, Mode::from_raw_mode(self.mode)).map_err(failed)?;
        // A rename may reach the disk before what it renames.
        rustix::fs::fsync(file).map_err(failed)
    }

    fn failed(&self, error: Errno) -> Unwritten {
        let is_setting = matches!(
            error,
            Errno::ACCESS
                | Errno::PERM
                | Errno::ROFS
                | Errno::NOENT
                | Errno::NOTDIR
                | Errno::ISDIR
                | Errno::LOOP
                | Errno::NAMETOOLONG
                | Errno::FBIG // the limit on a file's size, `ulimit -f`
                | Errno::XDEV
                | Errno::INVAL
                | Errno::NOTSUP
        );
        let what = format!("cannot be written: {}", reason(error));
        Unwritten { error: self.wrong(&what), may_pass: !is_setting }
    }

    fn is_a_mount_point(&self) -> Error {
        self.wrong("is a mount point, which cannot be replaced: mount its folder instead")
    }

    fn wrong(&self, what: &str) -> Error {
        let shown = match self.is_path {
            true => on_a_line(&self.path().to_string_lossy()),
            false => shown_path(self.path()),
        };
        Error::config(format!("the file {shown} {what}"))
    }

    fn path(&self) -> &Path {
        Path::new(OsStr::from_bytes(self.file.to_bytes()))
    }
}

/// For probes: an error unless the file was written within `max_age`. One from the future counts: the clock was set.
pub fn check_age(file: &Path, max_age: Duration) -> Result<(), String> {
    let shown = shown_path(file);
    let modified = std::fs::metadata(file).and_then(|found| {
        if found.is_file() { found.modified() } else { Err(std::io::Error::other("not a file")) }
    });
    let modified =
        modified.map_err(|error| format!("the file {shown} cannot be looked at: {error}"))?;
    match modified.elapsed() {
        Ok(age) if age > max_age => Err(format!(
            "the file {shown} was written {} s ago, more than the {} s of --max-age",
            age.as_secs(),
            in_seconds(max_age)
        )),
        _ => Ok(()),
    }
}

/// As it was written: 60, or 0.5. Not by floating point, whose formatting would link 8 KiB.
fn in_seconds(time: Duration) -> String {
    let digits = format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
    String::from(digits.trim_end_matches('0').trim_end_matches('.'))
}

/// Why no other file can be given this path.
enum Fixed {
    /// Something is mounted there (told by Linux 5.8).
    MountPoint,
    Immutable,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn why_fixed(file: &CStr) -> Option<Fixed> {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let found = statx(CWD, file, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty()).ok()?;
    if found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
        return Some(Fixed::MountPoint);
    }
    let immutable = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
    found.stx_attributes.intersects(immutable).then_some(Fixed::Immutable)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn why_fixed(_: &CStr) -> Option<Fixed> {
    None
}

fn reason(error: Errno) -> std::io::Error {
    error.into()
}

/// What an interruption or a neighbour could do to the file, made to happen.
#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::CWD;
    use std::fs::{File, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use tempfile::TempDir;

    #[test]
    fn seconds_are_shown_as_they_were_written() {
        for (milliseconds, shown) in [(60_000, "60"), (500, "0.5"), (1, "0.001"), (1_100, "1.1")] {
            assert_eq!(in_seconds(Duration::from_millis(milliseconds)), shown);
        }
        assert_eq!(in_seconds(Duration::from_nanos(1)), "0.000000001");
    }

    fn output(mode: RawMode) -> (Output, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (Output::new(folder.path().join("token"), mode).unwrap(), folder)
    }

    fn mode(file: impl AsFd) -> RawMode {
        rustix::fs::fstat(file).unwrap().st_mode & 0o7777
    }

    fn name(path: &CStr) -> &str {
        Path::new(path.to_str().unwrap()).file_name().unwrap().to_str().unwrap()
    }

    #[test]
    fn the_temporary_file_is_new_and_only_this_user_s_whatever_the_mode() {
        let (output, _folder) = output(0o666);
        let (_, file) = output.create(random).unwrap();
        assert_eq!(mode(&file), 0o600);
    }

    #[test]
    fn the_temporary_file_has_another_name_each_time() {
        let (output, _folder) = output(0o600);
        let names: Vec<CString> = (0..3).map(|_| output.create(random).unwrap().0).collect();
        assert!(names[0] != names[1] && names[1] != names[2], "{names:?}");
    }

    #[test]
    fn a_name_that_exists_is_left_alone_and_another_is_tried() {
        let (output, folder) = output(0o600);
        std::fs::write(folder.path().join(".minbearer-0000000000000001"), "a neighbour's").unwrap();
        symlink("stolen", folder.path().join(".minbearer-0000000000000002")).unwrap();
        let mut random = 0;
        let (path, file) = output
            .create(|| {
                random += 1;
                random
            })
            .unwrap();
        assert_eq!(name(&path), ".minbearer-0000000000000003");
        output.fill(file.as_fd(), "abc").ok().unwrap();
        let neighbour = folder.path().join(".minbearer-0000000000000001");
        assert_eq!(std::fs::read_to_string(neighbour).unwrap(), "a neighbour's");
        assert!(!folder.path().join("stolen").exists(), "written through a link");
        let mut tries = 0;
        let error = output.create(|| {
            tries += 1;
            1
        });
        assert_eq!((error.err(), tries), (Some(Errno::EXIST), NAMES));
    }

    #[test]
    fn the_requested_mode_is_set_after_the_whole_token_is_written() {
        let (output, folder) = output(0o644);
        let path = folder.path().join("half");
        drop(File::create(&path).unwrap());
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        // Writing fails, setting the mode would not.
        let file = File::open(&path).unwrap();
        assert!(output.fill(file.as_fd(), "abc").is_err());
        assert_eq!(mode(&file), 0o600, "others can read a token that is not complete");
    }

    #[test]
    fn the_token_is_synced() {
        let (output, folder) = output(0o600);
        let path = folder.path().join("fifo");
        rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let fifo = File::options().read(true).write(true).open(&path).unwrap();
        // It can be written, and its mode be set, but it cannot be synced.
        let Err(Unwritten { error, .. }) = output.fill(fifo.as_fd(), "abc") else {
            panic!("not synced");
        };
        assert!(error.to_string().contains("Invalid argument"), "{error}");
    }

    /// As on a file system that gives all files the permissions that it was mounted with.
    #[test]
    fn no_token_is_written_where_others_could_read_it() {
        for (asked, made, is_written) in [
            (0o600, 0o755, false),
            (0o600, 0o604, false),
            (0o640, 0o660, false),
            (0o640, 0o604, false),
            (0o640, 0o640, true),
            (0o755, 0o755, true),
            (0o644, 0o600, true),
            (0o000, 0o600, true),
        ] {
            let (output, folder) = output(asked);
            let path = folder.path().join("made");
            let file = File::create(&path).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(made)).unwrap();
            let outcome = output.fill(file.as_fd(), "abc");
            assert_eq!(outcome.is_ok(), is_written, "{asked:o} {made:o}");
            assert_eq!(path.metadata().unwrap().size() > 0, is_written, "{asked:o} {made:o}");
            if let Err(unwritten) = outcome {
                let error = unwritten.error.to_string();
                assert!(error.contains(&format!("--mode {made:04o}")), "{error}");
                assert!(!unwritten.may_pass);
            }
        }
    }

    #[test]
    fn what_passes_by_itself_is_told_from_a_wrong_setting() {
        let (output, _folder) = output(0o600);
        for (error, may_pass) in [
            (Errno::NOSPC, true),
            (Errno::DQUOT, true),
            (Errno::IO, true),
            (Errno::MFILE, true),
            (Errno::ACCESS, false),
            (Errno::ROFS, false),
            (Errno::NOENT, false),
        ] {
            assert_eq!(output.failed(error).may_pass, may_pass, "{error}");
        }
    }
}
