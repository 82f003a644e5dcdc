//! Serves the loopback appliance until killed: qoauth, console and vovserver on 127.0.0.1, for real
//! clients of the two systems to try. Prints shell lines that say where and with which credentials:
//!
//! ```sh
//! eval "$(target/debug/examples/appliance & echo "APPLIANCE=$!")"
//! curl -G "$QOAUTH_URL/token" -d grant_type=client_credentials --data-urlencode "client_id=$CLIENT_ID" \
//!     --data-urlencode "client_secret=$CLIENT_SECRET"
//! curl "${NC_URL%/project}/api/v3/token" --data-urlencode "username=$NC_USER" \
//!     --data-urlencode "password=$NC_PASSWORD"
//! kill "$APPLIANCE"
//! ```
//!
//! `CLIENT_ID`, `CLIENT_SECRET`, `NC_USER` and `NC_PASSWORD`, where set, choose the credentials.

#[path = "../tests/support/appliance.rs"]
mod appliance;
mod program;

use appliance::{Appliance, Credentials};
use minbearer::Error;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    program::exit("appliance", serve())
}

fn serve() -> Result<(), Error> {
    program::no_arguments()?;
    // Ending by a signal runs no destructor, and the locator's folder would stay behind.
    let mut signals =
        Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(|error| failed("handle signals", error))?;
    let appliance = Appliance::start(credentials()?).map_err(|error| failed("start", error))?;
    let known = appliance.credentials();
    let locator = path_text(appliance.locator())?;
    for (name, value) in [
        ("QOAUTH_URL", appliance.qoauth_url().as_str()),
        ("CONSOLE_URL", &appliance.console_url()),
        ("NC_URL", &appliance.nc_url()),
        ("CLIENT_ID", &known.client_id),
        ("CLIENT_SECRET", &known.client_secret),
        ("NC_USER", &known.username),
        ("NC_PASSWORD", &known.password),
        ("SERVICE_PORT_LOCATOR", locator),
    ] {
        program::print(&["export ", name, "=", &quoted(value), "\n"])?;
    }
    // A command substitution ends when nobody holds its pipe any longer.
    let null = File::options()
        .write(true)
        .open("/dev/null")
        .map_err(|error| failed("open /dev/null", error))?;
    rustix::stdio::dup2_stdout(null)
        .map_err(|error| failed("close standard output", error.into()))?;
    signals.forever().next();
    Ok(())
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

/// A word as a shell reads it back.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}
