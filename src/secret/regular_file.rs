//! Opens a regular file and nothing else.
//!
//! The program includes this file, so it uses nothing of the crate.

use std::fs::{File, OpenOptions};
use std::io::Error;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Opens a regular file, and returns it with its length, or says what the path is instead.
///
/// A FIFO would block until its other end is opened, without `O_NONBLOCK`. The type is checked after the opening, since
/// another file may get the name between a check and the opening.
pub(crate) fn open_regular(path: &Path) -> Result<Result<(File, u64), &'static str>, Error> {
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

/// The value in the C library of each system; std does not export it.
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
