//! Serves the loopback appliance until killed: qoauth, console and vovserver on 127.0.0.1, for real
//! clients of the two systems. Prints shell lines with the addresses and credentials:
//!
//! ```sh
//! eval "$(target/debug/examples/appliance & echo "APPLIANCE=$!")"
//! curl -G "$QOAUTH_URL/token" -d grant_type=client_credentials --data-urlencode "client_id=$CLIENT_ID" \
//!     --data-urlencode "client_secret=$CLIENT_SECRET"
//! curl "${NC_URL%/project}/api/v3/token" --data-urlencode "username=$NC_USER" \
//!     --data-urlencode "password=$NC_PASSWORD"
//! kill -USR1 "$APPLIANCE"     # revokes every token
//! kill "$APPLIANCE"
//! ```
//!
//! ```text
//! appliance [--tls] [--token-seconds SECONDS] [--port PORT]
//!   --tls                     qoauth and the console serve HTTPS, with a private CA made at the start (feature tls).
//!                             Also prints `export SSL_CERT_FILE=…`; beside that file are client.pem and client.key, a
//!                             client certificate that qoauth accepts instead of a secret. qoauth also serves HTTP,
//!                             which clients use after they have run the locator
//!   --token-seconds SECONDS   the lifetime of tokens, which qoauth's answer then states
//!   --port PORT               qoauth on this port, the console and vovserver on the next two
//! ```
//!
//! `CLIENT_ID`, `CLIENT_SECRET`, `NC_USER` and `NC_PASSWORD`, where set, choose the credentials.

mod program;
mod support;

use lexopt::prelude::*;
use minbearer::Error;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use support::appliance::{Appliance, Credentials, Setup};

#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

const USAGE: &str = "usage: appliance [--tls] [--token-seconds SECONDS] [--port PORT]";

fn main() -> ExitCode {
    program::exit("appliance", run())
}

fn run() -> Result<(), Error> {
    let arguments =
        Arguments::parse().map_err(|error| Error::config(format!("{error}; {USAGE}")))?;
    if arguments.help { program::print(&format!("{USAGE}\n")) } else { serve(arguments) }
}

#[derive(Default)]
struct Arguments {
    tls: bool,
    token_lifetime: Option<Duration>,
    port: u16,
    help: bool,
}

impl Arguments {
    fn parse() -> Result<Arguments, lexopt::Error> {
        let mut arguments = Arguments::default();
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("tls") => arguments.tls = true,
                Long("token-seconds") => {
                    let lifetime = |text: &str| {
                        minbearer::internal::written_seconds(text)
                            .ok_or("it is a number of seconds above 0")
                    };
                    arguments.token_lifetime = Some(parser.value()?.parse_with(lifetime)?);
                }
                Long("port") => arguments.port = parser.value()?.parse()?,
                Short('h') | Long("help") => arguments.help = true,
                _ => return Err(argument.unexpected()),
            }
        }
        Ok(arguments)
    }
}

fn serve(arguments: Arguments) -> Result<(), Error> {
    // A signal's default action runs no destructor, so the appliance's folder would stay.
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM, SIGUSR1])
        .map_err(|error| failed("handle signals", error))?;
    let setup =
        Setup { credentials: credentials()?, first_port: arguments.port, tls: arguments.tls };
    let appliance = Appliance::set_up(setup).map_err(|error| failed("start", error))?;
    if let Some(lifetime) = arguments.token_lifetime {
        appliance.set_token_lifetime(lifetime);
    }
    print_variables(&appliance)?;
    // A command substitution ends when every process has closed its pipe.
    let null = File::options()
        .write(true)
        .open("/dev/null")
        .map_err(|error| failed("open /dev/null", error))?;
    rustix::stdio::dup2_stdout(null)
        .map_err(|error| failed("close standard output", error.into()))?;
    for signal in signals.forever() {
        match signal {
            SIGUSR1 => appliance.revoke_tokens(),
            _ => break,
        }
    }
    Ok(())
}

fn print_variables(appliance: &Appliance) -> Result<(), Error> {
    let known = appliance.credentials();
    let export = |name, value: &str| program::print(&format!("export {name}={}\n", quoted(value)));
    for (name, value) in [
        ("QOAUTH_URL", appliance.qoauth_url().as_str()),
        ("CONSOLE_URL", &appliance.console_url()),
        ("NC_URL", &appliance.nc_url()),
        ("CLIENT_ID", &known.client_id),
        ("CLIENT_SECRET", &known.client_secret),
        ("NC_USER", &known.username),
        ("NC_PASSWORD", &known.password),
    ] {
        export(name, value)?;
    }
    if let Some(ca) = appliance.ca_file() {
        export("SSL_CERT_FILE", path_text(ca)?)?;
    }
    // This line is the last: readers wait for it.
    export("SERVICE_PORT_LOCATOR", path_text(appliance.locator())?)
}

fn credentials() -> Result<Credentials, Error> {
    let mut credentials = Credentials::default();
    for (name, field) in [
        ("CLIENT_ID", &mut credentials.client_id),
        ("CLIENT_SECRET", &mut credentials.client_secret),
        ("NC_USER", &mut credentials.username),
        ("NC_PASSWORD", &mut credentials.password),
    ] {
        if let Some(value) = program::variable(name)? {
            *field = value;
        }
    }
    Ok(credentials)
}

fn path_text(path: &Path) -> Result<&str, Error> {
    path.to_str().ok_or_else(|| Error::config("the temporary folder's path is not UTF-8"))
}

fn failed(what: &str, error: std::io::Error) -> Error {
    Error::config(format!("could not {what}: {error}"))
}

/// A word, quoted for a shell.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}
