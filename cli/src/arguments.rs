//! The command line, parsed by the table.

use super::format::Format;
use super::schedule::LEAST_BETWEEN_REQUESTS;
use super::signing::Signing;
use super::table::{COMMANDS, Command, FlowName, OPTIONS, PROBE, Row, Setting};
use minbearer::Error;
use minbearer::internal::written_seconds;
use rustix::fs::RawMode;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_MODE: RawMode = 0o600;

/// What the command line asks for.
pub enum Asked {
    /// Of one command, or the overview.
    Help(Option<&'static Command>),
    Version,
    /// Whether the file was written within that time.
    Check {
        file: PathBuf,
        max_age: Duration,
    },
    Token(Box<Arguments>),
}

pub struct Arguments {
    pub flow: FlowName,
    pub operands: Vec<String>,
    pub rfc6750: bool,
    pub scopes: Vec<String>,
    pub parameters: Vec<(String, Value)>,
    pub request_headers: Vec<(String, Value)>,
    pub basic: Option<Basic>,
    pub grant_type: Option<String>,
    pub plain_http: bool,
    pub signing: Signing,
    pub format: Format,
    pub timeout: Duration,
    pub tls: TlsFiles,
    pub proxy: Option<String>,
    pub proxy_user: Option<String>,
    /// Where the token goes instead of standard output.
    pub output: Option<PathBuf>,
    pub mode: RawMode,
    pub renew: bool,
    pub every: Option<Duration>,
}

/// The value of a parameter or a header.
pub enum Value {
    Text(String),
    /// Read anew for each request.
    File(PathBuf),
}

/// How the secret goes into Basic.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Basic {
    Encoded,
    Unencoded,
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
                return Ok(help(operands, words));
            }
            // The value of `--name=VALUE` is not shown in errors: it may be a secret in the wrong place.
            let mut parts = bytes.splitn(2, |byte| *byte == b'=');
            let (option, value) = (parts.next().unwrap_or_default(), parts.next());
            let is_it = |row: &&Row| option.strip_prefix(b"--") == Some(row.name.as_bytes());
            let Some(row) = OPTIONS.iter().chain(PROBE).find(is_it) else {
                return Err(unknown(option, &operands));
            };
            let value = match (row.setting, value) {
                (_, Some(_)) if row.argument.is_empty() => {
                    return Err(Error::config(["--", row.name, " takes no value"].concat()));
                }
                (_, Some(value)) => OsString::from_vec(value.into()),
                (Setting::Help, _) => return Ok(help(operands, words)),
                (Setting::Version, _) => return Ok(Asked::Version),
                _ if row.argument.is_empty() => OsString::new(),
                _ => words.next().ok_or_else(|| {
                    Error::config(["a value is missing: expected ", &row.usage()].concat())
                })?,
            };
            if row.argument == "FILE" && value.is_empty() {
                return Err(Error::config(
                    ["the FILE of --", row.name, " must not be empty"].concat(),
                ));
            }
            given.push((row, value));
        }
        if given.iter().any(|(row, _)| matches!(row.setting, Setting::Check | Setting::MaxAge)) {
            return check(&operands, given);
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
            request_headers: Vec::new(),
            basic: None,
            grant_type: None,
            plain_http: false,
            signing: Signing::default(),
            format: Format::Token,
            timeout: DEFAULT_TIMEOUT,
            tls: TlsFiles::default(),
            proxy: None,
            proxy_user: None,
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
        arguments.signing.check()?;
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
            Arguments { proxy: None, proxy_user: Some(_), .. } => {
                needs("--proxy-user", "--proxy URL")
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
        let needs_tls =
            || Error::config(format!("--{} needs a program built with the feature tls", row.name));
        let is_built = cfg!(feature = "tls");
        let file = |value| {
            if is_built { Ok(Some(PathBuf::from(value))) } else { Err(needs_tls()) }
        };
        let proxy = |value| if is_built { Ok(Some(value)) } else { Err(needs_tls()) };
        match row.setting {
            Setting::Rfc6750 => self.rfc6750 = true,
            Setting::Scope => self.scopes.push(text("a scope", value)?),
            Setting::Parameter => self.parameters.push(named_value(row, value)?),
            Setting::RequestHeader => self.request_headers.push(named_value(row, value)?),
            Setting::Basic => self.send_as(Basic::Encoded)?,
            Setting::BasicUnencoded => self.send_as(Basic::Unencoded)?,
            Setting::GrantType => self.grant_type = Some(text("the grant type", value)?),
            Setting::PlainHttp => self.plain_http = true,
            Setting::SignKey
            | Setting::SignKid
            | Setting::SignCert
            | Setting::SignAlg
            | Setting::SignClaim => self.signing.set(row.setting, value)?,
            Setting::Header => self.print(Format::Header)?,
            Setting::Json => self.print(Format::Json)?,
            Setting::ExecCredential => self.print(Format::ExecCredential)?,
            Setting::Timeout => {
                self.timeout = seconds(row, &value)?;
            }
            Setting::CaCert => self.tls.ca = file(value)?,
            Setting::Cert => self.tls.certificate = file(value)?,
            Setting::Key => self.tls.key = file(value)?,
            Setting::ServerName => {
                file(OsString::new())?; // for the error without the feature
                self.tls.server_name = Some(text("the server's name", value)?);
            }
            Setting::Proxy => self.proxy = proxy(text("the proxy URL", value)?)?,
            Setting::ProxyUser => self.proxy_user = proxy(text("the proxy's user", value)?)?,
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
            // They end the parsing, or go without a command.
            Setting::Help | Setting::Version | Setting::Check | Setting::MaxAge => {}
        }
        Ok(())
    }

    fn send_as(&mut self, basic: Basic) -> Result<(), Error> {
        if self.basic.is_some_and(|before| before != basic) {
            return Err(Error::config("--basic and --basic-unencoded exclude one another"));
        }
        self.basic = Some(basic);
        Ok(())
    }

    fn print(&mut self, format: Format) -> Result<(), Error> {
        if self.format != Format::Token && self.format != format {
            return Err(Error::config(
                "--header, --json and --exec-credential exclude one another",
            ));
        }
        self.format = format;
        Ok(())
    }
}

/// The help that is asked for: of the command before `--help`, or right after it.
fn help(mut operands: Vec<String>, words: impl Iterator<Item = OsString>) -> Asked {
    operands.extend(words.filter_map(|word| word.into_string().ok()));
    Asked::Help(command(&operands).ok())
}

/// `--check FILE --max-age SECONDS`, and nothing else.
fn check(operands: &[String], given: Vec<(&Row, OsString)>) -> Result<Asked, Error> {
    let (mut file, mut max_age) = (None, None);
    for (row, value) in given {
        match row.setting {
            Setting::Check => file = Some(PathBuf::from(value)),
            Setting::MaxAge => max_age = Some(seconds(row, &value)?),
            _ => return Err(Error::config(["--", row.name, " does not go with --check"].concat())),
        }
    }
    match (file, max_age) {
        _ if !operands.is_empty() => Err(Error::config(
            "--check goes without a command: expected --check FILE --max-age SECONDS",
        )),
        (Some(file), Some(max_age)) => Ok(Asked::Check { file, max_age }),
        (None, _) => Err(Error::config("--max-age is given without --check FILE")),
        (_, None) => Err(Error::config("--check is given without --max-age SECONDS")),
    }
}

/// `NAME=VALUE`, or `NAME@FILE`. The first of the two signs decides, as in curl, so that no value becomes the name of a
/// file.
fn named_value(row: &Row, word: OsString) -> Result<(String, Value), Error> {
    let bytes = word.as_bytes();
    let sign = bytes.iter().position(|byte| matches!(byte, b'=' | b'@'));
    let Some((name, [sign, value @ ..])) = sign.and_then(|at| bytes.split_at_checked(at)) else {
        return Err(Error::config(format!(
            "the value of --{} is not of the form NAME=VALUE or NAME@FILE",
            row.name
        )));
    };
    let value = OsStr::from_bytes(value).to_os_string();
    let name = text("a name", OsStr::from_bytes(name).to_os_string())?;
    Ok(match sign {
        b'@' => (name, Value::File(value.into())),
        _ => (name, Value::Text(text("a value", value)?)),
    })
}

fn seconds(row: &Row, value: &OsStr) -> Result<Duration, Error> {
    value.to_str().and_then(written_seconds).ok_or_else(|| {
        Error::config(format!(
            "the value of --{} is not a number of seconds above 0, like 10 or 0.5",
            row.name
        ))
    })
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
        message += "; see minbearer --help";
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

/// An error for an unknown option, which lists the options of the command; or says where a secret belongs.
fn unknown(option: &[u8], operands: &[String]) -> Error {
    let name = option.strip_prefix(b"--").and_then(|name| core::str::from_utf8(name).ok());
    match name {
        Some("client-id" | "id") => {
            return Error::config(
                "there is no option for the client id: set CLIENT_ID or CLIENT_ID_FILE",
            );
        }
        Some("client-secret" | "secret") => {
            return Error::config(
                "there is no option for a secret, which other users would see: let CLIENT_SECRET_FILE name a file that holds it, or set CLIENT_SECRET",
            );
        }
        Some("password" | "pass") => {
            return Error::config(
                "there is no option for a password, which other users would see: let NC_PASSWORD_FILE name a file that holds it, or give it at the terminal or on standard input",
            );
        }
        Some("proxy-password") => {
            return Error::config(
                "there is no option for a password, which other users would see: let PROXY_PASSWORD_FILE name a file that holds it",
            );
        }
        _ => {}
    }
    // Anything else may be a secret that starts with a dash.
    let is_option =
        |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    let mut message = match name.filter(is_option) {
        Some(name) => format!("unknown option --{name}: expected"),
        None => String::from(
            "an unknown option, which is not shown because it may be a secret: expected",
        ),
    };
    let flow = command(operands).ok().map(|command| command.flow);
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
