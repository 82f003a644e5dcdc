//! A password typed at a terminal, not echoed; or piped.

use crate::error::Error;
use crate::os::deadline::{deadline_after, wait_until_readable};
use crate::os::env;
use crate::secret::{Buffer, Secret, SecretSource};
use alloc::format;
use alloc::vec::Vec;
use rustix::fd::BorrowedFd;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcdrain, tcgetattr, tcsetattr,
};
use std::fs::File;
use std::io::{Error as IoError, ErrorKind, IsTerminal, Read, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// Linux's terminals pass on this many bytes of a line and silently drop the rest, so a line of this length may have been
/// cut.
const MAX_LINE_BYTES: usize = 4095;
/// The longest password accepted from standard input.
const MAX_PASSWORD_BYTES: usize = 8 * 1024;
/// The special character that no key produces.
const DISABLED: u8 = if cfg!(any(target_os = "linux", target_os = "android")) { 0 } else { 0xFF };

/// Two prompts at once would see each other's settings of the terminal.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Writes `text` to the controlling terminal and reads a line from it without echo. The line's end is dropped.
///
/// ```no_run
/// # fn main() -> Result<(), minbearer::Error> {
/// use minbearer::{SecretSource, accelerator, prompt};
/// use std::time::Duration;
///
/// let ask = SecretSource::interactive(|| prompt::password("Password: "));
/// let config = accelerator::Config::new("http://host:6271", "rose", ask)?
///     .with_timeout(Duration::from_secs(300)); // the time to type counts
/// # Ok(()) }
/// ```
///
/// The echo is off before `text` is shown, and every buffer of this process that held the line is wiped. There is no
/// time limit. Ctrl-Z does not suspend the program meanwhile: a shell would turn the echo on again. A signal that ends
/// the program meanwhile leaves the terminal without echo; `stty echo` restores it.
///
/// # Errors
/// [`Kind::Config`](crate::Kind::Config) if there is no terminal, it was closed, or the line is not UTF-8 or has more
/// than 4,094 bytes.
pub fn password(text: &str) -> Result<Secret, Error> {
    ask(text).map_err(|error| {
        Error::config(format!("could not ask for the password at the terminal: {error}"))
            .with_source(error)
    })
}

/// The source of a password that the environment names, as `minbearer accelerator` has it: the file that
/// `NC_PASSWORD_FILE` names, read anew for each request; else a line typed at the terminal, not echoed, without a time
/// limit; else, if standard input is not a terminal, its first line, which must come within `timeout`.
///
/// # Errors
/// [`Kind::Config`](crate::Kind::Config) for an empty variable, and as for [`password`];
/// [`Kind::Timeout`](crate::Kind::Timeout) if no line came in time.
pub fn password_from_env(timeout: Duration) -> Result<SecretSource, Error> {
    if let Some(path) = env::optional("NC_PASSWORD_FILE")? {
        Ok(env::named_file("NC_PASSWORD_FILE", path))
    } else if rustix::stdio::stdin().is_terminal() {
        password("Password: ").map(SecretSource::from)
    } else {
        first_line(rustix::stdio::stdin(), timeout).map(SecretSource::from)
    }
}

fn first_line(input: BorrowedFd, timeout: Duration) -> Result<Secret, Error> {
    let deadline = deadline_after(timeout);
    // Never reallocated: that would leave a copy behind.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_PASSWORD_BYTES));
    // Byte by byte: what follows the line is left for another program.
    let mut byte = Zeroizing::new([0]);
    loop {
        let read = wait_until_readable(input, deadline)
            .and_then(|()| Ok(rustix::io::read(input, &mut *byte)?));
        match read {
            Ok(0) => break,
            Ok(_) if *byte == *b"\n" => break,
            Ok(_) if line.len() == MAX_PASSWORD_BYTES => {
                return Err(Error::config("the password on standard input is longer than 8 KiB"));
            }
            Ok(_) => line.extend_from_slice(&*byte),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                return Err(Error::timeout("no password came on standard input in time"));
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            Err(error) => {
                return Err(Error::config(format!(
                    "could not read the password from standard input: {error}"
                )));
            }
        }
    }
    let text = core::str::from_utf8(&line)
        .map_err(|_| Error::config("the password on standard input is not UTF-8"))?;
    match text.strip_suffix('\r').unwrap_or(text) {
        "" => Err(Error::config(
            "there is no password: set NC_PASSWORD_FILE, run at a terminal, or give it on standard input",
        )),
        password => Ok(Secret::from(password)),
    }
}

fn ask(text: &str) -> Result<Secret, IoError> {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let terminal = File::options().read(true).write(true).open("/dev/tty")?;
    let silence = Silence::start(&terminal)?;
    (&terminal).write_all(text.as_bytes())?;
    let line = read_line(&terminal, silence.line_end())?;
    let password = core::str::from_utf8(&line)
        .map_err(|_| IoError::new(ErrorKind::InvalidData, "it is not UTF-8"))?;
    Ok(Secret::from(password.strip_suffix('\r').unwrap_or(password)))
}

/// Reads a line to its end, even if it is too long: what is left unread would go to the shell, as a command.
fn read_line(mut terminal: &File, line_end: u8) -> Result<Buffer, IoError> {
    let mut line = Buffer::default();
    line.reserve(MAX_LINE_BYTES).map_err(|_| ErrorKind::OutOfMemory)?;
    let mut byte = Zeroizing::new([0]);
    let mut is_too_long = false;
    loop {
        match terminal.read(&mut *byte) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) if *byte == *b"\n" || *byte == [line_end] => break,
            Ok(_) if line.len() + 1 == MAX_LINE_BYTES => is_too_long = true,
            Ok(_) => line.push(&*byte, MAX_LINE_BYTES).map_err(|_| ErrorKind::OutOfMemory)?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if is_too_long {
        return Err(IoError::new(ErrorKind::InvalidData, "it is longer than 4094 bytes"));
    }
    Ok(line)
}

/// A terminal that echoes nothing but the end of the line, until this is dropped.
struct Silence<'a> {
    terminal: &'a File,
    before: Termios,
}

impl Silence<'_> {
    fn start(terminal: &File) -> Result<Silence<'_>, IoError> {
        // This stops a process in the background until it is brought to the foreground. Before that, the settings are
        // those of the shell's own line.
        tcdrain(terminal)?;
        let before = tcgetattr(terminal)?;
        let mut settings = before.clone();
        settings.local_modes.remove(LocalModes::ECHO);
        settings.local_modes.insert(LocalModes::ECHONL);
        settings.special_codes[SpecialCodeIndex::VSUSP] = DISABLED;
        // What was typed before the prompt is kept.
        tcsetattr(terminal, OptionalActions::Now, &settings)?;
        Ok(Silence { terminal, before })
    }

    /// What the Enter key sends, if the terminal passes on each byte instead of lines.
    fn line_end(&self) -> u8 {
        if self.before.local_modes.contains(LocalModes::ICANON) { b'\n' } else { b'\r' }
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        // A terminal that is gone has nothing to restore.
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}
