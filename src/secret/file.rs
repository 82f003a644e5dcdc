//! A small file, read into a buffer that is wiped.

use super::Buffer;
use crate::error::{Error, push_escaped};
use alloc::format;
use alloc::string::String;
use std::fs::{File, OpenOptions};
use std::io::Error as IoError;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A path for an error message: on one line, with control characters escaped.
pub(crate) fn shown_path(path: &Path) -> String {
    let mut shown = String::new();
    path.to_string_lossy().chars().for_each(|character| push_escaped(character, &mut shown));
    shown
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

/// A file and its length, or what it is instead of a regular file.
///
/// Opening a pipe waits for its other end, for ever if need be, unless it is opened without waiting; and what a name
/// stands for can change between a look at it and the opening.
pub(crate) fn open_regular(path: &Path) -> Result<Result<(File, u64), &'static str>, IoError> {
    let file = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    Ok(if metadata.is_dir() {
        Err("is a directory")
    } else if !metadata.is_file() {
        Err("is not a regular file")
    } else {
        Ok((file, metadata.len()))
    })
}

/// As the C library of each system has it; std does not export it.
const O_NONBLOCK: i32 = if cfg!(all(
    any(target_os = "linux", target_os = "android"),
    any(
        target_arch = "mips",
        target_arch = "mips64",
        target_arch = "mips32r6",
        target_arch = "mips64r6"
    )
)) {
    0x80
} else if cfg!(all(
    any(target_os = "linux", target_os = "android"),
    any(target_arch = "sparc", target_arch = "sparc64")
)) {
    0x4000
} else if cfg!(any(target_os = "linux", target_os = "android")) {
    0x800
} else if cfg!(any(target_os = "illumos", target_os = "solaris")) {
    0x80
} else {
    0x4 // the BSDs and Apple's systems
};

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn what_is_no_regular_file_is_not_waited_for() {
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
}
