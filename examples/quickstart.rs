//! Both documented flows from end to end, with one API call each, step by step. The answers are read into types by
//! miniserde.
//!
//! Without settings it starts the loopback appliance inside this process and uses that; the port locator is a real
//! subprocess. With `CLIENT_ID` set it uses the real JSA service instead, with `NC_URL` set a real Accelerator. The
//! variables are those of `minbearer`; `CONSOLE_URL`, `QRADAR_CONSOLE_FQDN` or `QRADAR_CONSOLE_IP` name the console.

mod program;
mod support;

use minbearer::{
    Error, Http, Method, Request, Response, SecretSource, Token, Transport, Url, accelerator, jsa,
};
use std::process::ExitCode;
use std::time::Instant;
use support::appliance::{Appliance, Credentials};

#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    program::exit("quickstart", run())
}

fn run() -> Result<(), Error> {
    program::no_arguments()?;
    let appliance = Appliance::start(Credentials::default()).map_err(|error| {
        Error::config(format!("could not start the loopback appliance: {error}"))
    })?;
    jsa_flow(&appliance)?;
    accelerator_flow(&appliance)
}

fn jsa_flow(appliance: &Appliance) -> Result<(), Error> {
    let (config, console) = match program::variable("CLIENT_ID")? {
        Some(_) => (jsa::Config::from_env()?, program::console::url_from_env()?),
        None => {
            let console = Url::parse("the console URL", &appliance.console_url())?;
            (embedded_jsa(appliance)?, console)
        }
    };
    say(&["JSA: client credentials, from qoauth"])?;
    let token = jsa::get_token(&config)?;
    say_token(&token)?;
    let response = call(&console.with_path("/api/ariel/databases")?, &token)?;
    match response.json::<Vec<String>>() {
        Ok(databases) => {
            say(&["  read as Vec<String>: ", &databases.len().to_string(), " databases"])
        }
        Err(error) => say(&["  ", &error.to_string()]),
    }
}

/// The appliance's credentials, or another secret for it if only `CLIENT_SECRET` is set.
fn embedded_jsa(appliance: &Appliance) -> Result<jsa::Config, Error> {
    let credentials = appliance.credentials();
    let secret =
        program::variable("CLIENT_SECRET")?.unwrap_or_else(|| credentials.client_secret.clone());
    let config = jsa::Config::new(credentials.client_id.as_str(), secret)?
        .with_qoauth_host("127.0.0.1")?
        .with_locator(appliance.locator());
    Ok(config)
}

fn accelerator_flow(appliance: &Appliance) -> Result<(), Error> {
    let credentials = appliance.credentials();
    let (url, username, password) = match program::variable("NC_URL")? {
        Some(url) => (url, program::nc_user()?, nc_password()?),
        None => {
            (appliance.nc_url(), credentials.username.clone(), credentials.password.as_str().into())
        }
    };
    let config = accelerator::Config::new(&url, username, password)?;
    say(&["Accelerator: username and password for a JSON Web Token, from ", &url])?;
    let token = accelerator::get_token(&config)?;
    say_token(&token)?;
    let url = Url::parse("NC_URL", &url)?.with_path("/api/v3/project/1/project")?;
    match call(&url, &token)?.json::<Project>() {
        Ok(Project { name, owner }) => say(&["  read as Project: ", &name, " of ", &owner]),
        Err(error) => say(&["  ", &error.to_string()]),
    }
}

/// What is read of a project. Other members are ignored.
#[derive(miniserde::Deserialize)]
struct Project {
    name: String,
    owner: String,
}

/// `NC_PASSWORD`, which the example `appliance` prints, or else the password as `minbearer` reads it.
fn nc_password() -> Result<SecretSource, Error> {
    match program::variable("NC_PASSWORD")? {
        Some(password) => Ok(SecretSource::from(password)),
        None => minbearer::prompt::password_from_env(program::TIMEOUT),
    }
}

/// One API call, and its answer on a line.
fn call(url: &Url, token: &Token) -> Result<Response, Error> {
    let request = Request::to(Method::Get, url.clone())
        .with_header("Authorization", token.authorization())?;
    let response = Http::new().send(&request, Instant::now() + program::TIMEOUT)?;
    let response = response.error_for_status()?;
    let answer = program::json_on_a_line(response.json_text()?.trim_ascii());
    say(&["  API call: GET ", url.as_str(), "\n  answer: ", &answer])?;
    Ok(response)
}

/// Prints a token's properties and its first four characters.
fn say_token(token: &Token) -> Result<(), Error> {
    let start: String = token.access_token().chars().take(4).collect();
    let lifetime = match token.lifetime() {
        Some(lifetime) => format!("lives {} s", lifetime.as_secs()),
        None => String::from("lives until the API answers 401"),
    };
    let scope = token.scope().map(|scope| format!(", scope {scope}")).unwrap_or_default();
    let shown = format!(
        "{start}… ({} characters), {}{scope}, {lifetime}",
        token.access_token().len(),
        token.token_type()
    );
    say(&["  token: ", &shown])
}

fn say(parts: &[&str]) -> Result<(), Error> {
    program::print(&(parts.concat() + "\n"))
}
