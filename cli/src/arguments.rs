//! The command line, parsed by the table.

use super::renewal::LEAST_BETWEEN_REQUESTS;
use super::table::{COMMANDS, Command, Flow, OPTIONS, Row, Setting};
use minbearer::Error;
use minbearer::internal::written_seconds;
use rustix::fs::RawMode;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_MODE: RawMode = 0o600;

/// What the command line asks for.
pub enum Asked {
    Help,
    Version,
    Token(Box<Arguments>),
}

pub struct Arguments {
    pub flow: Flow,
    pub operands: Vec<String>,
    pub rfc6750: bool,
    pub scopes: Vec<String>,
    pub parameters: Vec<(String, String)>,
    pub basic: bool,
    pub grant_type: Option<String>,
    pub plain_http: bool,
    pub header: bool,
    pub timeout: Duration,
    pub tls: TlsFiles,
    /// Where the token goes instead of standard output.
    pub output: Option<PathBuf>,
    pub mode: RawMode,
    pub renew: bool,
    pub every: Option<Duration>,
}

#[derive(Default)]
pub struct TlsFiles {
    pub ca: Option<PathBuf>,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// The certificate's name, instead of the URL's host.
    pub server_name: Option<String>,
}

impl Arguments {
    /// # Errors
    /// Of kind `Config`, naming what was expected.
    pub fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Asked, Error> {
        let (mut operands, mut given) = (Vec::new(), Vec::new());
        let mut are_operands = false;
        while let Some(word) = words.next() {
            let bytes = word.as_bytes();
            if are_operands || !bytes.starts_with(b"-") || bytes == b"-" {
                operands.push(text("an argument", word)?);
                continue;
            }
            if bytes == b"--" {
                are_operands = true;
                continue;
            }
            if bytes == b"-h" {
                return Ok(Asked::Help);
            }
            // The value of `--name=VALUE` is not shown in errors: it may be a secret in the wrong place.
            let mut parts = bytes.splitn(2, |byte| *byte == b'=');
            let (option, value) = (parts.next().unwrap_or_default(), parts.next());
            let is_it = |row: &&Row| option.strip_prefix(b"--") == Some(row.name.as_bytes());
            let Some(row) = OPTIONS.iter().find(is_it) else {
                return Err(unknown(&String::from_utf8_lossy(option), &operands));
            };
            let value = match (row.setting, value) {
                (_, Some(_)) if row.argument.is_empty() => {
                    return Err(Error::config(["--", row.name, " takes no value"].concat()));
                }
                (_, Some(value)) => OsString::from_vec(value.into()),
                (Setting::Help, _) => return Ok(Asked::Help),
                (Setting::Version, _) => return Ok(Asked::Version),
                _ if row.argument.is_empty() => OsString::new(),
                _ => words.next().ok_or_else(|| {
                    Error::config(["a value is missing: expected ", &row.usage()].concat())
                })?,
            };
            given.push((row, value));
        }
        let command = command(&operands)?;
        operands.remove(0); // there is one: it was found
        check_operands(command, &operands)?;
        let mut arguments = Arguments {
            flow: command.flow,
            operands,
            rfc6750: false,
            scopes: Vec::new(),
            parameters: Vec::new(),
            basic: false,
            grant_type: None,
            plain_http: false,
            header: false,
            timeout: DEFAULT_TIMEOUT,
            tls: TlsFiles::default(),
            output: None,
            mode: DEFAULT_MODE,
            renew: false,
            every: None,
        };
        let (mut has_mode, mut has_every) = (false, false);
        for (row, value) in given {
            has_mode |= row.setting == Setting::Mode;
            has_every |= row.setting == Setting::Every;
            arguments.set(row, value)?;
        }
        let needs = |option: &str, other: &str| {
            Err(Error::config([option, " is given without ", other].concat()))
        };
        match &arguments {
            Arguments { output: None, renew: true, .. } => needs("--renew", "--output FILE"),
            Arguments { output: None, .. } if has_mode => needs("--mode", "--output FILE"),
            Arguments { renew: false, .. } if has_every => needs("--every", "--renew"),
            Arguments { tls: TlsFiles { certificate: Some(_), key: None, .. }, .. } => {
                needs("--cert", "--key FILE")
            }
            Arguments { tls: TlsFiles { certificate: None, key: Some(_), .. }, .. } => {
                needs("--key", "--cert FILE")
            }
            _ => Ok(Asked::Token(Box::new(arguments))),
        }
    }

    fn set(&mut self, row: &Row, value: OsString) -> Result<(), Error> {
        if let Some(command) = COMMANDS.iter().find(|command| row.flow == Some(command.flow)) {
            if command.flow != self.flow {
                return Err(Error::config(format!("--{} goes with {}", row.name, command.name)));
            }
        }
        let wrong = |expected: &str| {
            Error::config(format!("the value of --{} is not {expected}", row.name))
        };
        let file = |value| {
            let is_built = cfg!(feature = "tls");
            let without = || format!("--{} needs a program built with the feature tls", row.name);
            if is_built { Ok(Some(PathBuf::from(value))) } else { Err(Error::config(without())) }
        };
        match row.setting {
            Setting::Rfc6750 => self.rfc6750 = true,
            Setting::Scope => self.scopes.push(text("a scope", value)?),
            Setting::Parameter => {
                let parameter = text("a parameter", value)?;
                let (name, value) =
                    parameter.split_once('=').ok_or_else(|| wrong("of the form NAME=VALUE"))?;
                self.parameters.push((name.into(), value.into()));
            }
            Setting::Basic => self.basic = true,
            Setting::GrantType => self.grant_type = Some(text("the grant type", value)?),
            Setting::PlainHttp => self.plain_http = true,
            Setting::Header => self.header = true,
            Setting::Timeout => {
                self.timeout = value
                    .to_str()
                    .and_then(written_seconds)
                    .ok_or_else(|| wrong("a number of seconds above 0, like 10 or 0.5"))?;
            }
            Setting::CaCert => self.tls.ca = file(value)?,
            Setting::Cert => self.tls.certificate = file(value)?,
            Setting::Key => self.tls.key = file(value)?,
            Setting::ServerName => {
                file(OsString::new())?; // for the error without the feature
                self.tls.server_name = Some(text("the server's name", value)?);
            }
            Setting::Output => self.output = Some(PathBuf::from(value)),
            Setting::Mode => {
                self.mode = value
                    .to_str()
                    .and_then(permissions)
                    .ok_or_else(|| wrong("an octal number from 0 to 0777"))?;
            }
            Setting::Renew => self.renew = true,
            Setting::Every => {
                let every = value
                    .to_str()
                    .and_then(written_seconds)
                    .filter(|every| *every >= LEAST_BETWEEN_REQUESTS);
                self.every = Some(every.ok_or_else(|| wrong("a number of seconds, 1 or more"))?);
            }
            // They end the parsing.
            Setting::Help | Setting::Version => {}
        }
        Ok(())
    }
}

fn command(operands: &[String]) -> Result<&'static Command, Error> {
    let found = operands
        .first()
        .and_then(|name| COMMANDS.iter().find(|command| command.name == name.as_str()));
    found.ok_or_else(|| {
        let mut message = String::from(match operands.first() {
            Some(_) => "unknown command",
            None => "no command is given",
        });
        for (index, command) in COMMANDS.iter().enumerate() {
            message += if index == 0 { ": expected " } else { " | " };
            message += &command.usage();
        }
        Error::config(message)
    })
}

fn check_operands(command: &Command, operands: &[String]) -> Result<(), Error> {
    let needed = command.operands.iter().filter(|operand| !operand.starts_with('[')).count();
    let what = if operands.len() < needed {
        "an argument is missing"
    } else if operands.len() > command.operands.len() {
        // The argument is not shown: it may be a password.
        "too many arguments; secrets are never arguments"
    } else {
        return Ok(());
    };
    Err(Error::config([what, ": expected ", &command.usage()].concat()))
}

/// An error for an unknown option, which lists the options of the command.
fn unknown(option: &str, operands: &[String]) -> Error {
    let flow = command(operands).ok().map(|command| command.flow);
    let mut message = format!("unknown option {option}: expected");
    for row in OPTIONS.iter().filter(|row| row.flow.is_none() || flow.is_none() || row.flow == flow)
    {
        message += " --";
        message += row.name;
    }
    Error::config(message)
}

fn text(what: &str, value: OsString) -> Result<String, Error> {
    value.into_string().map_err(|_| Error::config([what, " is not UTF-8"].concat()))
}

fn permissions(text: &str) -> Option<RawMode> {
    let is_octal = text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    let mode = RawMode::from_str_radix(text, 8).ok()?;
    (is_octal && mode <= 0o777).then_some(mode)
}
