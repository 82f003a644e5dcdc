//! A small file, read into a buffer that is wiped.

use super::Buffer;
use super::regular_file::open_regular;
use crate::error::{Error, push_escaped};
use alloc::format;
use alloc::string::String;
use std::io::Error as IoError;
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
            let error = read_file("the file", path, 9).err().unwrap().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
