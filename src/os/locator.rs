//! The port locator: a program that is given a service's name and prints its port.
//!
//! It is run by `std::process`, without a shell and without a thread. The child's output comes through
//! socket pairs rather than pipes, because std can read a socket with a deadline, and a pipe only with a thread for each.
//!
//! The end of the output is not the end of the locator, nor the other way round. A locator that starts a daemon leaves
//! its output open for ever; one that prints a port may still fail. So both are waited for, the output first:
//!
//! ```text
//! output ends ──► the child exits ──► status 0: the port counts
//!      └─ held open by a grandchild: the child exits ──► what was printed is all that it wrote
//! ```

use crate::error::{Error, on_a_line};
use crate::os::deadline::left;
use crate::os::files::{shown_existing, shown_now};
use crate::wire::redact;
use crate::wire::url::strict_port;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use rustix::process::{Pid, Signal, kill_process_group};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The limit for the locator's output.
const MAX_PORT_BYTES: usize = 256;
/// How much is kept of its standard error. That is more than is shown, so that a secret in it is complete, and found. The
/// rest is read and dropped, so that the locator does not block.
const MAX_STDERR_BYTES: usize = 16 * 1024;
/// How often, while its output is waited for, standard error is read and the child is asked whether it has
/// exited. A library cannot have SIGCHLD to itself, and only Linux has a descriptor for a process.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// How long a killed child may take to be gone. SIGKILL needs no time unless the child hangs in the kernel.
const KILL_GRACE: Duration = Duration::from_millis(400);

const LOST_STATUS: &str = "printed a port, but its exit status is not known: this program ignores SIGCHLD, or waits for children that are not its own; leave SIGCHLD at its default, or set QOAUTH_URL to do without a locator";

/// Runs `program service` and reads the port it prints.
///
/// The child's standard input has ended, and its environment does not have the secret. It leads a process group of its
/// own. If it still runs when the call ends, the whole group is killed. It is always waited for.
pub(crate) fn locate(
    program: &Path,
    service: &str,
    deadline: Instant,
    secret: &str,
) -> Result<u16, Error> {
    let started = Locator::start(program, service, secret);
    let mut locator = started.map_err(|error| not_started(program, error))?;
    let outcome = locator.port(deadline, secret);
    locator.end();
    outcome.map_err(|error| error.describe(program, service))
}

struct Locator {
    child: Child,
    output: UnixStream,
    stderr: UnixStream,
    /// What was read of it.
    stderr_text: Vec<u8>,
    exited: Option<Exit>,
}

/// How the child has exited.
#[derive(Clone, Copy)]
enum Exit {
    Status(ExitStatus),
    /// Unknown: the process ignores SIGCHLD, so that the kernel keeps no status, or other code has waited for it.
    Lost,
}

enum LocatorError {
    Deadline,
    Failed(String),
}

impl Locator {
    fn start(program: &Path, service: &str, secret: &str) -> std::io::Result<Locator> {
        let (output, child_output) = UnixStream::pair()?;
        let (stderr, child_stderr) = UnixStream::pair()?;
        // Read now and then, so that a locator which complains at length is not blocked: never waited for.
        stderr.set_nonblocking(true)?;
        // A bare name would be searched for in PATH, where another program of that name may come first.
        let mut command = Command::new(Path::new(".").join(program));
        pass_environment(&mut command, secret);
        let child = command
            .arg(service)
            .stdin(ended_input()?)
            .stdout(Stdio::from(OwnedFd::from(child_output)))
            .stderr(Stdio::from(OwnedFd::from(child_stderr)))
            // So that what a shell script has started can be killed with it.
            .process_group(0)
            .spawn()?;
        drop(command); // It holds copies of the child's sockets: the output would never end.
        Ok(Locator { child, output, stderr, stderr_text: Vec::new(), exited: None })
    }

    fn port(&mut self, deadline: Instant, secret: &str) -> Result<u16, LocatorError> {
        let printed = self.read_output(deadline)?;
        let exit = self.wait(deadline)?;
        self.read_stderr();
        let port = || printed_port(&printed, secret).map_err(LocatorError::Failed);
        let failed = match exit {
            Exit::Status(status) if status.success() => return port(),
            Exit::Status(status) => format!("failed ({status})"),
            // A locator may print a port and then fail.
            Exit::Lost => port().map(|_| String::from(LOST_STATUS))?,
        };
        let stderr = shown_stderr(&self.stderr_text, secret);
        let separator = if stderr.is_empty() { "" } else { ": " };
        Err(LocatorError::Failed(format!("{failed}{separator}{stderr}")))
    }

    /// Reads until the output's end or, if something else still holds it open, until the child has exited.
    fn read_output(&mut self, deadline: Instant) -> Result<Vec<u8>, LocatorError> {
        let mut printed = Vec::new();
        let mut chunk = [0; MAX_PORT_BYTES + 1];
        let mut next_look = Instant::now() + POLL_INTERVAL;
        loop {
            let left = left(deadline).map_err(|_| LocatorError::Deadline)?;
            // After the child has exited, its output may still be held open, and all of it is in the socket already.
            // A zero timeout would be an error. The minimum of two that are not zero is not zero.
            let wait = if self.exited.is_some() {
                Duration::from_millis(1)
            } else {
                left.min(POLL_INTERVAL)
            };
            let read = self
                .output
                .set_read_timeout(Some(wait))
                .and_then(|()| self.output.read(&mut chunk));
            match read {
                Ok(0) => return Ok(printed),
                Ok(read) => printed.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => {
                    return Err(LocatorError::Failed(format!("could not be read: {error}")));
                }
            }
            if printed.len() > MAX_PORT_BYTES {
                return Err(LocatorError::Failed(String::from(
                    "printed more than 256 bytes; a port was expected",
                )));
            }
            if self.exited.is_some() {
                return Ok(printed);
            }
            if Instant::now() >= next_look {
                self.read_stderr();
                // What it wrote before it exited is read in the next round, in one piece.
                self.exited = self.try_wait()?;
                next_look = Instant::now() + POLL_INTERVAL;
            }
        }
    }

    fn read_stderr(&mut self) {
        let mut chunk = [0; 1024];
        // All that the socket's buffer holds, but not for as long as the child can write.
        for _ in 0..1024 {
            match self.stderr.read(&mut chunk) {
                Ok(read) if read > 0 => {
                    let mut new = &chunk[..read];
                    if self.stderr_text.is_empty() {
                        new = new.trim_ascii_start();
                    }
                    let room = MAX_STDERR_BYTES - self.stderr_text.len();
                    self.stderr_text.extend_from_slice(&new[..new.len().min(room)]);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => break,
            }
        }
    }

    fn try_wait(&mut self) -> Result<Option<Exit>, LocatorError> {
        const ECHILD: i32 = 10; // no such child
        match self.child.try_wait() {
            Ok(status) => Ok(status.map(Exit::Status)),
            Err(error) if error.raw_os_error() == Some(ECHILD) => Ok(Some(Exit::Lost)),
            Err(error) => Err(LocatorError::Failed(format!("could not be waited for: {error}"))),
        }
    }

    /// Waits for the child, which usually exits right after it has closed its output.
    fn wait(&mut self, deadline: Instant) -> Result<Exit, LocatorError> {
        let mut pause = Duration::from_micros(50);
        loop {
            if let Some(exit) = self.exited {
                return Ok(exit);
            }
            self.exited = self.try_wait()?;
            if self.exited.is_none() {
                let left = left(deadline).map_err(|_| LocatorError::Deadline)?;
                self.read_stderr();
                std::thread::sleep(pause.min(left));
                pause = (pause * 2).min(POLL_INTERVAL);
            }
        }
    }

    /// Kills the child and its process group if the child has not exited, and waits for it so that no zombie is left. The
    /// group of a child that was waited for is not killed: its number may be another's by now.
    fn end(&mut self) {
        if self.exited.is_none() {
            self.exited = self.try_wait().ok().flatten();
        }
        if self.exited.is_none() {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            // The child alone too: it may have moved to another group.
            let _ = self.child.kill();
            let _ = self.wait(Instant::now() + KILL_GRACE);
        }
    }
}

/// Passes on the variables that do not hold the secret, whatever their names.
///
/// `Command::env_remove` would be shorter, but std then copies the whole environment, the secret too, and
/// does not wipe the copy.
fn pass_environment(command: &mut Command, secret: &str) {
    command.env_clear();
    for (name, value) in std::env::vars_os() {
        let value = Zeroizing::new(value.into_encoded_bytes());
        if name != "CLIENT_SECRET" && !holds(&value, secret.as_bytes()) {
            command.env(name, OsStr::from_bytes(&value));
        }
    }
}

/// Whether a variable's value holds the secret. A short secret occurs in many values by chance, such as paths, so it has
/// to be the whole value.
fn holds(value: &[u8], secret: &[u8]) -> bool {
    if secret.len() < redact::MIN_SEARCHED_BYTES {
        return value == secret;
    }
    // The first byte beforehand: a call for each place would take more time than all else at the start.
    value.windows(secret.len()).any(|part| part.first() == secret.first() && part == secret)
}

/// Standard input that has ended. An empty root has no `/dev/null`. A socket whose other end is closed has ended too, but
/// a shell with a socket as standard input behaves as a remote shell, and reads its user's settings.
fn ended_input() -> std::io::Result<Stdio> {
    match File::open("/dev/null") {
        Ok(null) => Ok(Stdio::from(null)),
        Err(_) => UnixStream::pair().map(|(input, _)| Stdio::from(OwnedFd::from(input))),
    }
}

/// Reads the port that a locator printed, or says what is wrong with it.
pub fn printed_port(printed: &[u8], secret: &str) -> Result<u16, String> {
    let printed = String::from_utf8_lossy(printed);
    strict_port(printed.trim_ascii()).ok_or_else(|| match redact::redacted(&printed, &[secret]) {
        nothing if nothing.is_empty() => String::from("printed nothing; a port was expected"),
        other => format!("printed `{other}`; a port from 1 to 65535 was expected"),
    })
}

/// A locator's standard error, made safe to print.
pub fn shown_stderr(stderr: &[u8], secret: &str) -> String {
    let is_whole = stderr.len() < MAX_STDERR_BYTES;
    let show = if is_whole { redact::redacted } else { redact::redacted_without_its_end };
    show(&String::from_utf8_lossy(stderr), &[secret])
}

impl LocatorError {
    fn describe(self, program: &Path, service: &str) -> Error {
        let program = on_a_line(&program.to_string_lossy());
        match self {
            LocatorError::Deadline => Error::timeout(format!(
                "the port locator {program} did not finish in time and was killed; does `{program} {service}` print a port when run by hand?"
            )),
            LocatorError::Failed(what) => {
                Error::locator(format!("the port locator {program}, asked for {service}, {what}"))
            }
        }
    }
}

fn not_started(program: &Path, error: std::io::Error) -> Error {
    let advice = match error.kind() {
        ErrorKind::NotFound if program.exists() => {
            "; the interpreter that its first line names is missing"
        }
        ErrorKind::NotFound => {
            "; set SERVICE_PORT_LOCATOR to where it is, or QOAUTH_URL to do without it"
        }
        ErrorKind::PermissionDenied => "; is it an executable file?",
        _ => "",
    };
    // The platform's own lies in the root, where else a path is not told from a secret.
    let shown = match program.parent() {
        Some(folder) if folder == Path::new("/") => shown_existing(program),
        _ => shown_now(program),
    };
    let reason = error.to_string();
    Error::locator(format!("could not start the port locator {shown}: {reason}{advice}"))
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_holds_the_secret_is_found_and_a_short_one_in_a_path_is_not() {
        for (value, secret, expected) in [
            ("hunter2", "hunter2", true),
            ("http://u:hunter2@h/", "hunter2", true),
            ("hunter", "hunter2", false),
            ("", "hunter2", false),
            ("demo", "demo", true),
            ("/home/demo/bin", "demo", false),
        ] {
            assert_eq!(holds(value.as_bytes(), secret.as_bytes()), expected, "{secret} in {value}");
        }
    }

    #[test]
    fn a_secret_that_is_cut_off_at_the_limit_is_not_shown_in_part() {
        let secret =
            |parts: usize| -> String { (0..parts).map(|part| format!("K{part:04}")).collect() };
        for (words, secret) in [
            (secret(140).repeat(30), secret(140)),
            (secret(1200).bytes().map(|byte| format!("%{byte:02X}")).collect(), secret(1200)),
            ("x".repeat(200) + &secret(4000), secret(4000)),
        ] {
            let kept = &words.as_bytes()[..MAX_STDERR_BYTES];
            let shown = shown_stderr(kept, &secret);
            assert!(!shown.contains("K0") && !shown.contains("%4B"), "{shown}");
            assert!(shown.ends_with('…'), "{shown}");
        }
        let kept = "x".repeat(MAX_STDERR_BYTES);
        let shown = shown_stderr(kept.as_bytes(), "secret");
        assert_eq!(shown, "x".repeat(255) + "…");
    }
}
