//! The standard streams: what is printed on standard output, one-line errors on standard error.
//!
//! A standard output that is closed when the program starts is `/dev/null`, which std opens in its place before `main`:
//! what is printed is discarded. A caller that passes `/dev/null`, as Python's `subprocess.DEVNULL`, looks the same.

use minbearer::Error;
use minbearer::internal::on_a_line;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use std::process::ExitCode;

/// Ends a program: status 0, or `<program>: <error>` on standard error and the status of its kind.
pub fn exit(program: &str, outcome: Result<(), Error>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    print_error(program, &error);
    ExitCode::from(error.kind().exit_status())
}

/// Prints one line on standard error, in one piece. It may be closed: that is not an error.
pub fn print_error(program: &str, error: &dyn std::fmt::Display) {
    let line = on_a_line(&format!("{program}: {error}")) + "\n";
    let _ = write_all(rustix::stdio::stderr(), line.as_bytes());
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
