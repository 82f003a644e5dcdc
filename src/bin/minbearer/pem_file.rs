//! The files that TLS needs.

use minbearer::Error;
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// A system's bundle of CAs is a quarter of this.
const MAX_BYTES: u64 = 1024 * 1024;

/// Reads a regular file into memory that is wiped: it may hold a key.
pub fn read(option: &str, path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let wrong = |what: &str| {
        Error::config(format!("the file {} of {option} {what}", path.to_string_lossy()))
    };
    let unreadable = |error: std::io::Error| wrong(&format!("cannot be read: {error}"));
    // Without waiting, as the opening of a pipe would.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty())
        .map(File::from)
        .map_err(|error| unreadable(error.into()))?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(wrong("is not a regular file"));
    }
    if metadata.len() > MAX_BYTES {
        return Err(wrong("is larger than 1 MiB"));
    }
    // One byte more than there are: what is full would be moved to see whether more comes.
    let room = metadata.len() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(room).unwrap_or_default()));
    file.take(room).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}
