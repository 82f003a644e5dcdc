//! The flow, configured by the command line and the environment.

use super::arguments::{Arguments, TlsFiles};
use super::table;
use minbearer::client_credentials::ClientAuthentication;
use minbearer::internal::{required_variable, variable};
use minbearer::prompt::password_from_env;
use minbearer::{
    Error, Flow, Http, Request, Response, SecretSource, Token, Transport, Url, accelerator,
    client_credentials, jsa,
};
#[cfg(feature = "tls")]
use std::path::Path;
use std::time::Instant;

/// A flow and the files for its transport.
pub struct Client {
    flow: Configured,
    tls: TlsFiles,
}

enum Configured {
    Jsa(jsa::Config),
    Accelerator(accelerator::Config),
    ClientCredentials(client_credentials::Config),
}

impl Client {
    /// Reads the environment, and asks for a password if one is needed and no file holds it.
    pub fn new(arguments: Arguments) -> Result<Client, Error> {
        let flow = match arguments.flow {
            table::Flow::Jsa => {
                Configured::Jsa(jsa::Config::from_env()?.with_timeout(arguments.timeout))
            }
            table::Flow::Accelerator => Configured::Accelerator(accelerator(&arguments)?),
            table::Flow::ClientCredentials => {
                Configured::ClientCredentials(client_credentials(&arguments)?)
            }
        };
        Ok(Client { flow, tls: arguments.tls })
    }

    /// Gets a token with one request. The files for TLS are read anew, as those of the secrets are: certificates
    /// are replaced while the program runs.
    pub fn get_token(&self) -> Result<Token, Error> {
        let flow: &dyn Flow = match &self.flow {
            Configured::Jsa(config) => config,
            Configured::Accelerator(config) => config,
            Configured::ClientCredentials(config) => config,
        };
        minbearer::get_token(flow, &self.tls)
    }

    /// A line about the scopes that were asked for and not granted; nothing if there are none.
    pub fn narrower_scope(&self, token: &Token) -> Option<String> {
        let Configured::ClientCredentials(config) = &self.flow else { return None };
        let mut missing = String::new();
        for scope in config.missing_scopes(token) {
            missing.push(' ');
            missing += scope;
        }
        (!missing.is_empty())
            .then(|| format!("the token's scope is narrower than asked for: without{missing}"))
    }
}

fn accelerator(arguments: &Arguments) -> Result<accelerator::Config, Error> {
    let (url, username) = match arguments.operands.as_slice() {
        [url, username] => (url.as_str(), username.clone()),
        [url] => (url.as_str(), user()?),
        _ => return Err(Error::config("a URL is missing")),
    };
    // The URL is checked before a password is asked for, and typing that takes nothing off the timeout.
    let unasked = SecretSource::from_fn(|| Ok("".into()));
    let _ = accelerator::Config::new(url, username.as_str(), unasked)?;
    let password = password_from_env(arguments.timeout)?;
    let config = accelerator::Config::new(url, username, password)?.with_timeout(arguments.timeout);
    Ok(if arguments.rfc6750 { config.with_rfc6750_header() } else { config })
}

fn user() -> Result<String, Error> {
    variable("USER")?.ok_or_else(|| Error::config("no USERNAME is given and $USER is not set"))
}

fn client_credentials(arguments: &Arguments) -> Result<client_credentials::Config, Error> {
    let url = arguments.operands.first().map(String::as_str).unwrap_or_default();
    let parsed = Url::parse("the token URL", url)?;
    // The library's own error would name its method.
    if !parsed.is_https() && !parsed.is_loopback() && !arguments.plain_http {
        return Err(Error::config(format!(
            "the token URL is plain http to {}, which exposes the secret to the network: use https, or allow it by --plain-http",
            parsed.host()
        )));
    }
    let is_known_by_certificate = cfg!(feature = "tls") && arguments.tls.certificate.is_some();
    let mut config = if is_known_by_certificate && ClientAuthentication::from_env()?.is_none() {
        let client_id = required_variable("CLIENT_ID")?;
        client_credentials::Config::new(url, client_id, ClientAuthentication::none())?
    } else {
        client_credentials::Config::from_env(url)?
    };
    config = config.with_timeout(arguments.timeout);
    for scope in &arguments.scopes {
        config = config.with_scope(scope);
    }
    for (name, value) in &arguments.parameters {
        config = config.with_parameter(name, value)?;
    }
    if let Some(name) = &arguments.grant_type {
        config = config.with_grant_type(name);
    }
    if arguments.basic {
        config = config.with_basic()?;
    }
    Ok(if arguments.plain_http { config.with_plain_http() } else { config })
}

/// Reads the files within the deadline of the request, and sends it.
impl Transport for TlsFiles {
    fn send(&self, request: &Request, deadline: Instant) -> Result<Response, Error> {
        http(self, request, deadline)?.send(request, deadline)
    }
}

#[cfg(not(feature = "tls"))]
fn http(_: &TlsFiles, _: &Request, _: Instant) -> Result<Http, Error> {
    Ok(Http::new())
}

#[cfg(feature = "tls")]
fn http(files: &TlsFiles, request: &Request, deadline: Instant) -> Result<Http, Error> {
    use minbearer::internal::read_regular;
    /// A system's bundle of CAs has 200 to 500 KiB.
    const MAX_BYTES: usize = 1024 * 1024;
    let read = |option: &str, path: &Path| {
        read_regular(&format!("the {option} file"), path, MAX_BYTES, deadline)
    };
    let mut http = Http::new();
    if let Some(ca) = &files.ca {
        http = http.with_ca(&read("--cacert", ca)?)?;
    }
    if let (Some(certificate), Some(key)) = (&files.certificate, &files.key) {
        http = http.with_client_certificate(&read("--cert", certificate)?, &read("--key", key)?)?;
    }
    if let Some(name) = &files.server_name {
        http = http.with_server_name(request.url().host(), name)?;
    }
    Ok(http)
}
