//! The flow, configured by the command line and the environment.

#[cfg(feature = "tls")]
use super::advice;
use super::arguments::{Arguments, Basic, TlsFiles, Value};
use super::table;
use minbearer::client_credentials::ClientAuthentication;
use minbearer::internal::{
    ClientNeeds, Utc, client_credentials_from_env, on_a_line, required_client_id, secret_file,
    utc_now, variable, with_proxy_of,
};
use minbearer::prompt::password_from_env;
use minbearer::{
    AfterRefusal, Error, Flow, Http, Request, Response, SecretSource, Token, Transport,
    accelerator, client_credentials, jsa,
};
#[cfg(feature = "tls")]
use std::path::Path;
use std::time::Instant;

/// A flow and the files for its transport.
pub struct Client {
    flow: Configured,
    network: Network,
}

/// The settings for the transport, which is made anew for each request.
struct Network {
    tls: TlsFiles,
    /// Has the proxy, whose password may come through a pipe, once.
    base: Http,
    #[cfg(feature = "tls")]
    has_proxy: bool,
}

pub struct Obtained {
    pub token: Token,
    /// The device's time before the request, in seconds since 1970. The token's lifetime began after it.
    pub requested: u64,
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
            table::FlowName::Jsa => {
                Configured::Jsa(jsa::Config::from_env()?.with_timeout(arguments.timeout))
            }
            table::FlowName::Accelerator => Configured::Accelerator(accelerator(&arguments)?),
            table::FlowName::ClientCredentials => {
                Configured::ClientCredentials(client_credentials(&arguments)?)
            }
        };
        let network = Network {
            base: base(&arguments)?,
            #[cfg(feature = "tls")]
            has_proxy: arguments.proxy.is_some(),
            tls: arguments.tls,
        };
        Ok(Client { flow, network })
    }

    /// Gets a token with one request. The files for TLS are read anew, as those of the secrets are: certificates
    /// are replaced while the program runs.
    pub fn get_token(&self) -> Result<Obtained, Error> {
        let Utc(requested) = utc_now();
        let token = minbearer::get_token(self.flow(), &self.network)?;
        Ok(Obtained { token, requested })
    }

    /// Whether another request soon after a failed one can end otherwise.
    pub fn after_refusal(&self) -> AfterRefusal {
        self.flow().after_refusal()
    }

    fn flow(&self) -> &dyn Flow {
        match &self.flow {
            Configured::Jsa(config) => config,
            Configured::Accelerator(config) => config,
            Configured::ClientCredentials(config) => config,
        }
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

/// The grant in which an assertion says who asks (RFC 7523 section 2.1).
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn client_credentials(arguments: &Arguments) -> Result<client_credentials::Config, Error> {
    let url = arguments.operands.first().map(String::as_str).unwrap_or_default();
    let is_jwt_bearer = arguments.grant_type.as_deref() == Some(JWT_BEARER);
    let needs = if arguments.grant_type.is_some() {
        ClientNeeds::Nothing
    } else if arguments.tls.certificate.is_some() {
        ClientNeeds::Id
    } else {
        ClientNeeds::Secret
    };
    let mut config = match arguments.signing.assertion()? {
        Some(assertion) if is_jwt_bearer => client_credentials_from_env(url, needs)?
            .with_secret_parameter("assertion", assertion)?,
        Some(_) if ClientAuthentication::from_env()?.is_some() => {
            return Err(Error::config(
                "--sign-key is given, and the environment has a client secret or an assertion too: remove one of them",
            ));
        }
        Some(assertion) => {
            let authentication = ClientAuthentication::assertion(assertion);
            client_credentials::Config::new(url, required_client_id()?, authentication)?
        }
        None => client_credentials_from_env(url, needs)?,
    };
    config = config.with_timeout(arguments.timeout);
    for scope in &arguments.scopes {
        config = config.with_scope(scope);
    }
    for (name, value) in &arguments.parameters {
        config = match value {
            Value::Text(text) => config.with_parameter(name, text)?,
            Value::File(path) => {
                let file =
                    secret_file(format!("the --parameter {} file", on_a_line(name)), path.clone());
                config.with_secret_parameter(name, file)?
            }
        };
    }
    for (name, value) in &arguments.request_headers {
        config = match value {
            Value::Text(text) => config.with_header(name, text)?,
            Value::File(path) => {
                let file = secret_file(format!("the --request-header {name} file"), path.clone());
                config.with_header(name, file)?
            }
        };
    }
    if let Some(name) = &arguments.grant_type {
        config = config.with_grant_type(name);
    }
    config = match arguments.basic {
        Some(Basic::Encoded) => config.with_basic()?,
        Some(Basic::Unencoded) => config.with_basic_unencoded()?,
        None => config,
    };
    Ok(if arguments.plain_http { config.with_plain_http() } else { config })
}

/// Reads the files within the deadline of the request, and sends it. Certificates are replaced while the program runs.
impl Transport for Network {
    fn send(&self, request: &Request, deadline: Instant) -> Result<Response, Error> {
        let http = http(&self.tls, request, deadline)?;
        let sent = with_proxy_of(http, &self.base).send(request, deadline);
        // What failed before, such as a locator, needs no proxy.
        #[cfg(feature = "tls")]
        let sent = sent.map_err(|error| match self.has_proxy {
            true => error,
            false => advice::add(error, request.url()),
        });
        sent
    }
}

#[cfg(not(feature = "tls"))]
fn base(_: &Arguments) -> Result<Http, Error> {
    Ok(Http::new())
}

#[cfg(feature = "tls")]
fn base(arguments: &Arguments) -> Result<Http, Error> {
    let Some(url) = &arguments.proxy else { return Ok(Http::new()) };
    let http = Http::new().with_proxy(url)?;
    match (&arguments.proxy_user, variable("PROXY_PASSWORD_FILE")?) {
        (Some(user), Some(path)) => http.with_proxy_credentials(
            user,
            secret_file("the PROXY_PASSWORD_FILE file".into(), path.into()),
        ),
        (Some(_), None) => {
            Err(Error::config("--proxy-user is given, and PROXY_PASSWORD_FILE is not set"))
        }
        (None, Some(_)) => {
            Err(Error::config("PROXY_PASSWORD_FILE is set, and --proxy-user is not given"))
        }
        (None, None) => Ok(http),
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
