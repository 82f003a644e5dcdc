//! Standard output. If it is closed, that is an error.

use super::console;
use minbearer::Error;
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, stat};

pub fn print(parts: &[&str]) -> Result<(), Error> {
    check()?;
    console::print(parts)
}

/// An error for a standard output that was closed when the program started (`>&-`).
///
/// Before `main`, std opens `/dev/null` in its place, for reading and writing. That looks the same as a
/// `/dev/null` that the caller opened in this way. A shell's `>/dev/null` is for writing only, and is accepted.
pub fn check() -> Result<(), Error> {
    let stdout = rustix::stdio::stdout();
    let is_both_ways = fcntl_getfl(stdout).is_ok_and(|flags| flags.contains(OFlags::RDWR));
    if is_both_ways && is_null().unwrap_or_default() {
        return Err(Error::config(
            "standard output is closed, or it is /dev/null opened for reading too, which looks the same",
        ));
    }
    Ok(())
}

fn is_null() -> rustix::io::Result<bool> {
    let (stdout, null) = (fstat(rustix::stdio::stdout())?, stat("/dev/null")?);
    let is_device = FileType::from_raw_mode(stdout.st_mode) == FileType::CharacterDevice;
    Ok(is_device && stdout.st_rdev == null.st_rdev)
}
