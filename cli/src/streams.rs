//! The standard streams: what is printed on standard output, one-line errors on standard error.
//!
//! A standard output that is closed when the program starts is `/dev/null`, which std opens in its place before `main`:
//! what is printed is discarded. A caller that passes `/dev/null`, as Python's `subprocess.DEVNULL`, looks the same.

use minbearer::Error;
use minbearer::internal::on_a_line;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use std::process::ExitCode;

/// The longest line that a pipe takes in one piece (`PIPE_BUF`).
const MAX_LINE_BYTES: usize = 4096;
/// How long the last line of a program waits for a slow reader.
const PATIENCE: Timespec = Timespec { tv_sec: 3, tv_nsec: 0 };

/// Ends a program: status 0, or `<program>: <error>` on standard error and the status of its kind.
pub fn exit(program: &str, outcome: Result<(), Error>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    print_error(program, &error);
    ExitCode::from(error.kind().exit_status())
}

/// Prints one line on standard error.
pub fn print_error(program: &str, error: &dyn std::fmt::Display) {
    log(&format!("{program}: {error}"), PATIENCE);
}

/// Writes one line to standard error, in one piece. It may be closed: that is not an error. If it takes nothing for so long,
/// because its reader has stopped reading, the line is dropped.
pub fn log(what: &str, patience: Timespec) {
    let mut line = on_a_line(what);
    while line.len() >= MAX_LINE_BYTES {
        line.pop();
    }
    line.push('\n');
    let stderr = rustix::stdio::stderr();
    let mut ready = [PollFd::from_borrowed_fd(stderr, PollFlags::OUT)];
    if poll(&mut ready, Some(&patience)).is_ok_and(|ready| ready > 0) {
        let _ = rustix::io::write(stderr, line.as_bytes());
    }
}

/// Writes to standard output. A full disk or a closed pipe is an error.
///
/// Not through `std::io`: its buffers for the standard streams are never freed, and so never wiped.
pub fn print(text: &str) -> Result<(), Error> {
    write_all(rustix::stdio::stdout(), text.as_bytes()).map_err(|error| {
        let error = std::io::Error::from(error);
        Error::config(format!("could not write to standard output: {error}"))
    })
}

/// Writes all of it, however often the system takes only a part, or nothing for the moment.
pub fn write_all(to: BorrowedFd, mut bytes: &[u8]) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(0) => return Err(Errno::IO),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // Another program that has the pipe too has made it non-blocking.
            Err(Errno::AGAIN) => {
                let _ = poll(&mut [PollFd::from_borrowed_fd(to, PollFlags::OUT)], None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
