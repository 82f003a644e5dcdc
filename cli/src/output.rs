//! A token in a file: written whole or not at all, and only a regular file is replaced.

use super::console::write_all;
use super::random::random_bits;
use minbearer::{Error, Token};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Access, FileType, Mode, OFlags, RawMode};
use rustix::io::Errno;
use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// How many random names are tried if they exist already.
const NAMES: usize = 8;

pub struct Output {
    file: CString,
    mode: RawMode,
    header: bool,
}

impl Output {
    /// Checks that `file` can be replaced, as far as this can be known in advance.
    ///
    /// # Errors
    /// Of kind `Config`, here and in [`write`](Self::write).
    pub fn new(file: PathBuf, mode: RawMode, header: bool) -> Result<Output, Error> {
        if file.as_os_str().is_empty() {
            return Err(Error::config("the FILE of --output must not be empty"));
        }
        if file.as_os_str() == "-" {
            return Err(Error::config(
                "the FILE of --output is `-`: leave --output out for standard output, or write ./-",
            ));
        }
        // No argument has a zero byte in it.
        let file = CString::new(file.into_os_string().into_vec()).unwrap_or_default();
        let output = Output { file, mode, header };
        output.check_replaceable()?;
        let folder = match output.folder() {
            b"" => c".".into(),
            folder => CString::new(folder).unwrap_or_default(),
        };
        rustix::fs::access(&*folder, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| {
            let folder = folder.to_string_lossy();
            output.wrong(&format!("cannot be written: in the folder {folder}: {}", reason(error)))
        })?;
        Ok(output)
    }

    /// Writes the token to the file. Another process finds the complete old file or the complete new one.
    pub fn write(&self, token: &Token) -> Result<(), Error> {
        self.check_replaceable()?;
        let failed = |error| self.wrong(&format!("cannot be written: {}", reason(error)));
        let (temporary, file) = self.create().map_err(failed)?;
        let written = self
            .fill(file.as_fd(), token)
            .and_then(|()| rustix::fs::rename(&*temporary, &*self.file));
        if written.is_err() {
            // A failure to remove the rest does not matter beside that error.
            let _ = rustix::fs::unlink(&*temporary);
        }
        written.map_err(failed)
    }

    /// The directory of both files, with the slash at its end, or nothing for the current one: a file can be
    /// renamed into place only within its file system.
    fn folder(&self) -> &[u8] {
        let file = self.file.to_bytes();
        let end = file.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        file.get(..end).unwrap_or_default()
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
            FileType::RegularFile => return Ok(()),
            FileType::Directory => "a folder",
            FileType::Symlink => "a link",
            FileType::Fifo => "a FIFO",
            FileType::Socket => "a socket",
            FileType::BlockDevice | FileType::CharacterDevice => "a device",
            FileType::Unknown => "of a kind unknown here",
        };
        Err(self.wrong(&format!("is {what}; only a regular file is replaced")))
    }

    /// Creates a file with an unpredictable name, which only this user can read until it is complete. The dot hides it
    /// from readers that take all files of a directory.
    fn create(&self) -> rustix::io::Result<(CString, OwnedFd)> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mut tries = NAMES;
        loop {
            let name = format!(".minbearer-{:016x}", random_bits());
            let path = CString::new([self.folder(), name.as_bytes()].concat()).unwrap_or_default();
            match rustix::fs::open(&*path, flags, Mode::RUSR | Mode::WUSR) {
                Ok(file) => return Ok((path, file)),
                Err(Errno::EXIST) if tries > 1 => tries -= 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn fill(&self, file: BorrowedFd, token: &Token) -> rustix::io::Result<()> {
        let parts = if self.header {
            ["Authorization: ", token.authorization(), "\n"]
        } else {
            // Some readers take a newline as part of the token.
            ["", token.access_token(), ""]
        };
        parts.iter().try_for_each(|part| write_all(file, part.as_bytes()))?;
        // The mode given to `open` is restricted by the umask.
        rustix::fs::fchmod(file, Mode::from_raw_mode(self.mode))?;
        // A rename may reach the disk before what it renames.
        rustix::fs::fsync(file)
    }

    fn wrong(&self, what: &str) -> Error {
        Error::config(format!("the file {} {what}", self.file.to_string_lossy()))
    }
}

fn reason(error: Errno) -> std::io::Error {
    error.into()
}
