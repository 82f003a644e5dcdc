//! The files for TLS.

#[path = "../../secret/regular_file.rs"]
mod regular_file;

use minbearer::Error;
use regular_file::open_regular;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// A system's bundle of CAs has 200 to 500 KiB.
const MAX_BYTES: u64 = 1024 * 1024;

/// Reads a regular file into memory that is wiped: it may hold a key.
pub fn read(option: &str, path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let wrong = |what: &str| {
        Error::config(format!("the file {} of {option} {what}", path.to_string_lossy()))
    };
    let unreadable = |error: std::io::Error| wrong(&format!("cannot be read: {error}"));
    let (file, len) = open_regular(path).map_err(unreadable)?.map_err(wrong)?;
    if len > MAX_BYTES {
        return Err(wrong("is larger than 1 MiB"));
    }
    // One byte more, so that the buffer is not reallocated to find the end of the file.
    let room = len + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(room).unwrap_or_default()));
    file.take(room).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}
