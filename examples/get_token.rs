//! Prints an access token and a newline.
//!
//! ```text
//! get_token jsa
//! get_token accelerator URL [USERNAME]       # USERNAME defaults to $USER
//! get_token client-credentials TOKEN_URL [--scope SCOPE]... [--basic]
//!   --header            print "Authorization: <value>" instead
//!   --timeout SECONDS   default 10
//! ```
//!
//! Credentials come from the environment and from files, never from an argument, which every user of
//! the machine can see. Standard error gets one line if something is wrong, and the exit status says
//! what: 2 settings, 3 port locator, 4 network, 5 timeout, 6 refused, 7 malformed answer.

#[path = "program/mod.rs"]
mod program;

use lexopt::prelude::*;
use minbearer::{Error, SecretSource, Token, accelerator, client_credentials, jsa};
use std::process::ExitCode;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

const USAGE: &str = "usage: get_token [--header] [--timeout SECONDS] jsa | accelerator URL [USERNAME] | client-credentials TOKEN_URL [--scope SCOPE]... [--basic]";

fn main() -> ExitCode {
    program::exit("get_token", run())
}

fn run() -> Result<(), Error> {
    let arguments =
        Arguments::parse().map_err(|error| Error::config(format!("{error}; {USAGE}")))?;
    if arguments.help {
        return program::print(&[USAGE, "\n"]);
    }
    let token = arguments.get_token()?;
    if arguments.header {
        program::print(&["Authorization: ", token.authorization(), "\n"])
    } else {
        program::print(&[token.access_token(), "\n"])
    }
}

struct Arguments {
    flow: String,
    operands: Vec<String>,
    scopes: Vec<String>,
    basic: bool,
    header: bool,
    timeout: Duration,
    help: bool,
}

impl Arguments {
    fn parse() -> Result<Arguments, lexopt::Error> {
        let (mut operands, mut scopes, mut basic) = (Vec::new(), Vec::new(), false);
        let (mut header, mut timeout, mut help) = (false, program::TIMEOUT, false);
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("scope") => scopes.push(parser.value()?.string()?),
                Long("basic") => basic = true,
                Long("header") => header = true,
                Long("timeout") => timeout = parser.value()?.parse_with(seconds)?,
                Short('h') | Long("help") => help = true,
                Value(operand) => operands.push(operand.string()?),
                _ => return Err(argument.unexpected()),
            }
        }
        let flow = if operands.is_empty() { String::new() } else { operands.remove(0) };
        Ok(Arguments { flow, operands, scopes, basic, header, timeout, help })
    }

    fn get_token(&self) -> Result<Token, Error> {
        let operands: Vec<&str> = self.operands.iter().map(String::as_str).collect();
        if self.flow != "client-credentials" && (self.basic || !self.scopes.is_empty()) {
            return Err(usage("--scope and --basic go with client-credentials"));
        }
        match (self.flow.as_str(), operands.as_slice()) {
            ("jsa", []) => jsa::get_token(&jsa::Config::from_env()?.with_timeout(self.timeout)),
            ("accelerator", [url]) => self.accelerator(url, &user()?),
            ("accelerator", [url, username]) => self.accelerator(url, username),
            ("accelerator", []) => Err(usage("accelerator needs a URL")),
            ("client-credentials", [token_url]) => self.client_credentials(token_url),
            ("client-credentials", []) => Err(usage("client-credentials needs a TOKEN_URL")),
            ("jsa" | "accelerator" | "client-credentials", _) => Err(usage("too many arguments")),
            ("", _) => Err(usage("which flow?")),
            _ => Err(usage("unknown flow")),
        }
    }

    fn accelerator(&self, url: &str, username: &str) -> Result<Token, Error> {
        // The URL is checked before a password is asked for, and typing it takes nothing off the timeout.
        accelerator::Config::new(url, username, SecretSource::from_fn(|| Ok("".into())))?;
        let password = program::password_from_env(self.timeout)?;
        let config = accelerator::Config::new(url, username, password)?;
        accelerator::get_token(&config.with_timeout(self.timeout))
    }

    fn client_credentials(&self, token_url: &str) -> Result<Token, Error> {
        let mut config =
            client_credentials::Config::from_env(token_url)?.with_timeout(self.timeout);
        for scope in &self.scopes {
            config = config.with_scope(scope);
        }
        if self.basic {
            config = config.with_basic()?;
        }
        client_credentials::get_token(&config)
    }
}

fn user() -> Result<String, Error> {
    program::variable("USER")?.ok_or_else(|| usage("no USERNAME is given and $USER is not set"))
}

fn usage(what: &str) -> Error {
    Error::config(format!("{what}; {USAGE}"))
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    program::seconds(text).ok_or("a timeout is a number of seconds above 0")
}
