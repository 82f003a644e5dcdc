//! A password typed at a terminal, not echoed.

use crate::error::Error;
use crate::secret::{Buffer, Secret};
use alloc::format;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{Error as IoError, ErrorKind, Read, Write};
use zeroize::Zeroizing;

/// Linux's terminals pass on 4,095 bytes of a line.
const MAX_PASSWORD_BYTES: usize = 8 * 1024;

/// Writes `text` to the controlling terminal and reads a line from it without echo. The line's end is dropped.
///
/// ```no_run
/// # fn main() -> Result<(), minbearer::Error> {
/// use minbearer::{SecretSource, accelerator, prompt};
///
/// let ask = SecretSource::from_fn(|| prompt::password("Password: "));
/// let config = accelerator::Config::new("http://host:6271", "rose", ask)?;
/// # Ok(()) }
/// ```
///
/// The echo is off before `text` is shown, and every buffer of this process that held the line is wiped. There is no
/// time limit. A signal that ends the program meanwhile leaves the terminal without echo; `stty echo` restores it.
///
/// # Errors
/// [`Kind::Config`](crate::Kind::Config) if there is no terminal, it was closed, or the line is longer than 8 KiB or
/// not UTF-8.
pub fn password(text: &str) -> Result<Secret, Error> {
    ask(text).map_err(|error| {
        Error::config(format!("could not ask for the password at the terminal: {error}"))
            .with_source(error)
    })
}

fn ask(text: &str) -> Result<Secret, IoError> {
    let terminal = File::options().read(true).write(true).open("/dev/tty")?;
    let _silence = Silence::start(&terminal)?;
    (&terminal).write_all(text.as_bytes())?;
    let line = read_line(&terminal)?;
    let password = core::str::from_utf8(&line)
        .map_err(|_| IoError::new(ErrorKind::InvalidData, "it is not UTF-8"))?;
    Ok(Secret::from(password))
}

/// Reads a line to its end, even if it is too long: what is left unread would go to the shell, as a command.
fn read_line(mut terminal: &File) -> Result<Buffer, IoError> {
    let mut line = Buffer::default();
    line.reserve(MAX_PASSWORD_BYTES).map_err(|_| ErrorKind::OutOfMemory)?;
    let mut byte = Zeroizing::new([0]);
    let mut is_too_long = false;
    loop {
        match terminal.read(&mut *byte) {
            Ok(0) if line.is_empty() => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) if read == 0 || *byte == *b"\n" => break,
            Ok(_) if line.len() == MAX_PASSWORD_BYTES => is_too_long = true,
            Ok(_) => {
                line.push(&*byte, MAX_PASSWORD_BYTES).map_err(|_| ErrorKind::OutOfMemory)?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if is_too_long {
        return Err(IoError::new(ErrorKind::InvalidData, "it is longer than 8 KiB"));
    }
    Ok(line)
}

/// A terminal that does not echo what is typed but the end of the line, until this is dropped.
struct Silence<'a> {
    terminal: &'a File,
    before: Termios,
}

impl Silence<'_> {
    fn start(terminal: &File) -> Result<Silence<'_>, IoError> {
        let before = tcgetattr(terminal)?;
        let mut settings = before.clone();
        settings.local_modes.remove(LocalModes::ECHO);
        settings.local_modes.insert(LocalModes::ECHONL);
        // What was typed before the prompt is kept.
        tcsetattr(terminal, OptionalActions::Now, &settings)?;
        Ok(Silence { terminal, before })
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        // A terminal that is gone has nothing to restore.
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}
