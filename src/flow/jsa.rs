//! JSA, the Juniper Secure Analytics platform (IBM QRadar is the same): apps of **version 1 of its app framework**.
//!
//! Such an app gets its token from the local `qoauth` service. The port locator, a program of the platform, prints the
//! current port of the service. One `GET` request has the credentials in its query, as the platform documents under
//! [OAuth bearer token](https://ibmsecuritydocs.github.io/qradar_appfw_v1/c_appframework_oauth_bearer.html).
//! The answer states no lifetime: a token is valid until the API answers 401.
//!
//! ```no_run
//! # fn main() -> Result<(), minbearer::Error> {
//! use minbearer::{Request, Session, jsa};
//!
//! let session = Session::new(jsa::Config::from_env()?);
//! let request = Request::get("https://console/api/ariel/databases")?;
//! let reply = session.send(request)?;
//! println!("{}", reply.error_for_status()?.json_text()?);
//! # Ok(()) }
//! ```
//!
//! The secret is in the request's query, and any proxy in between writes that into its access log (see SECURITY.md).
//! Use this flow only within the platform's own network.
//!
//! An app of version 2 needs no token request: the platform sets `SEC_ADMIN_TOKEN` in the app's environment, and the
//! app sends it as the header field `SEC`. `background_process` in `examples/` works with both versions.

use crate::error::Error;
#[cfg(feature = "std")]
use crate::flow::{self, Flow};
#[cfg(feature = "std")]
use crate::net::http::Http;
#[cfg(feature = "std")]
use crate::os::{env, locator::locate};
#[cfg(feature = "std")]
use crate::secret::{AfterRefusal, after_refusal_of};
use crate::secret::{Deadline, SecretSource, Supplied};
use crate::wire::form::encode_pairs;
use crate::wire::request::{Method, Request};
use crate::wire::response::Response;
use crate::wire::token::Token;
use crate::wire::token_answer::AnswerReader;
use crate::wire::url::Url;
use core::time::Duration;
#[cfg(feature = "std")]
use std::{path::PathBuf, time::Instant};

/// The name of `qoauth` in the platform's service discovery.
pub const DEFAULT_HOST: &str = "qoauth.service.consul";
/// The path of the port locator in the platform's images.
pub const DEFAULT_LOCATOR: &str = "/service_port_locator.py";

/// The configuration of the flow: the credentials, and the address of the service.
#[derive(Debug)]
#[must_use]
pub struct Config {
    client_id: SecretSource,
    client_secret: SecretSource,
    service: Url,
    port: Option<u16>,
    timeout: Duration,
    #[cfg(feature = "std")]
    locator: PathBuf,
}

impl Config {
    /// Makes a configuration from the credentials that the platform gave the app. The service is
    /// [`DEFAULT_HOST`], [`DEFAULT_LOCATOR`] finds its port, and the timeout is 10 s. No environment variable is read.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for an id or secret that is empty or has a control character or a byte order
    /// mark.
    pub fn new(
        client_id: impl Into<SecretSource>,
        client_secret: impl Into<SecretSource>,
    ) -> Result<Config, Error> {
        let (client_id, client_secret) = (client_id.into(), client_secret.into());
        client_id.check(CLIENT_ID)?;
        client_secret.check(CLIENT_SECRET)?;
        Ok(Config {
            client_id,
            client_secret,
            service: Url::for_host("the default host", false, DEFAULT_HOST)?,
            port: None,
            timeout: super::DEFAULT_TIMEOUT,
            #[cfg(feature = "std")]
            locator: DEFAULT_LOCATOR.into(),
        })
    }

    /// Sets the service's scheme, host and port, so that no locator is run. The platform documents both `http`
    /// and `https` for it.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a URL that [`Url::parse`] refuses, or one with a path or query.
    pub fn with_qoauth_url(self, url: &str) -> Result<Config, Error> {
        self.with_url_named("the qoauth URL", url)
    }

    fn with_url_named(mut self, name: &str, url: &str) -> Result<Config, Error> {
        self.service = Url::parse_origin(name, url)?;
        self.port = Some(self.service.port());
        Ok(self)
    }

    /// Sets another name of the service than [`DEFAULT_HOST`], for the locator's argument and the URL's host. With
    /// `https://` before it the request goes over TLS: the platform documents both schemes.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) if it is neither a name nor an address.
    pub fn with_qoauth_host(self, host: &str) -> Result<Config, Error> {
        self.with_host_named("the qoauth host", host)
    }

    fn with_host_named(mut self, name: &str, host: &str) -> Result<Config, Error> {
        let (is_https, host) = match host.strip_prefix("https://") {
            Some(host) => (true, host),
            None => (false, host.strip_prefix("http://").unwrap_or(host)),
        };
        self.service = Url::for_host(name, is_https, host)?;
        self.port = None;
        Ok(self)
    }

    /// Replaces the secret: the C library has it after the other settings.
    #[doc(hidden)]
    pub fn with_client_secret(mut self, secret: impl Into<SecretSource>) -> Result<Config, Error> {
        self.client_secret = secret.into();
        self.client_secret.check(CLIENT_SECRET)?;
        Ok(self)
    }

    /// Sets the time limit for a whole call, the locator included, a day at most.
    pub fn with_timeout(mut self, timeout: Duration) -> Config {
        self.timeout = timeout;
        self
    }

    /// The service's port, if it is known without a locator.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The time limit for a whole call.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Builds the token request for the service on that port.
    ///
    /// # Errors
    /// Those of the functions or files that supply id and secret; [`Kind::Config`](crate::Kind::Config) for what
    /// [`new`](Self::new) refuses.
    pub fn request(&self, port: u16) -> Result<Request, Error> {
        Ok(self.request_with(port, &self.supply(None)?))
    }

    fn supply(&self, deadline: Deadline) -> Result<Credentials<'_>, Error> {
        Ok(Credentials {
            id: self.client_id.supply(CLIENT_ID, deadline)?,
            secret: self.client_secret.supply(CLIENT_SECRET, deadline)?,
        })
    }

    fn request_with(&self, port: u16, client: &Credentials) -> Request {
        let query = encode_pairs(
            "/token?",
            &[
                ("grant_type", "client_credentials"),
                ("client_id", &client.id),
                ("client_secret", &client.secret),
            ],
        );
        let mut request = Request::for_token(Method::Get, self.service.at(port, &query));
        request.note_outer_space(&client.id);
        request.with_secret(&*client.secret)
    }

    /// Reads the answer to [`request`](Self::request).
    ///
    /// # Errors
    /// [`Kind::Refused`](crate::Kind::Refused) and [`Kind::Unavailable`](crate::Kind::Unavailable) for a status other
    /// than 2xx or an `error`; [`Kind::Malformed`](crate::Kind::Malformed) for an answer without a usable token.
    pub fn read_answer(&self, request: &Request, response: Response) -> Result<Token, Error> {
        let reader = AnswerReader {
            request,
            separator: ' ',
            members: &[],
            advice: "check client id and secret against the app's authorized service",
            has_options: false,
            makes_url: true,
            is_assertion: false,
        };
        reader.read_answer(response)
    }
}

const CLIENT_ID: &str = "the client id";
const CLIENT_SECRET: &str = "the client secret";

/// The credentials for one request.
struct Credentials<'a> {
    id: Supplied<'a>,
    secret: Supplied<'a>,
}

#[cfg(feature = "std")]
impl Config {
    /// Makes a configuration from environment variables:
    ///
    /// | variable | meaning |
    /// | --- | --- |
    /// | `CLIENT_ID`, `CLIENT_SECRET` | the credentials; one trailing newline is dropped, as in files |
    /// | `CLIENT_ID_FILE`, `CLIENT_SECRET_FILE` | instead: the file that holds it, read anew for each request, as by [`SecretSource::file`] |
    /// | `QOAUTH_URL` | optional: see [`with_qoauth_url`](Self::with_qoauth_url) |
    /// | `QOAUTH_HOST` | optional: see [`with_qoauth_host`](Self::with_qoauth_host) |
    /// | `SERVICE_PORT_LOCATOR` | optional: see [`with_locator`](Self::with_locator) |
    ///
    /// Prefer a file for the secret: [`Secret::from_env`](crate::Secret::from_env) says why.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config), naming the variable that is missing, empty or wrong, or both
    /// variables of the id or the secret where both are set.
    pub fn from_env() -> Result<Config, Error> {
        let client_id = env::required_client_id()?;
        let client_secret = env::client_secret()?
            .ok_or_else(|| Error::config("neither CLIENT_SECRET nor CLIENT_SECRET_FILE is set"))?;
        let mut config = Config::new(client_id, client_secret)?;
        if let Some(host) = env::optional("QOAUTH_HOST")? {
            config = config.with_host_named("QOAUTH_HOST", &host)?;
        }
        if let Some(url) = env::optional("QOAUTH_URL")? {
            config = config.with_url_named("QOAUTH_URL", &url)?;
        }
        if let Some(program) = env::optional("SERVICE_PORT_LOCATOR")? {
            config = config.with_locator(program);
        }
        Ok(config)
    }

    /// Sets another locator program than [`DEFAULT_LOCATOR`]. It is run with the service's name as its
    /// one argument and prints the port. Its environment has neither `CLIENT_SECRET` nor any variable whose
    /// value contains the secret (or equals it, if the secret is shorter than 5 bytes). Its standard output and
    /// standard error are sockets: it can write to them but not open them by name (`/dev/stderr`).
    ///
    /// It leads a process group of its own. If it still runs when the call ends, the whole group is killed. So it
    /// cannot read from the terminal, and if a signal ends the program meanwhile (a terminal's Ctrl-C or hangup,
    /// `timeout`), the locator runs on.
    pub fn with_locator(mut self, program: impl Into<PathBuf>) -> Config {
        self.locator = program.into();
        self
    }
}

#[cfg(feature = "std")]
impl Flow for Config {
    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn prepare(&self, deadline: Instant) -> Result<Request, Error> {
        let client = self.supply(Some(deadline))?;
        flow::check_time_left(deadline)?;
        let port = match self.port {
            Some(port) => port,
            None => locate(&self.locator, self.service.host(), deadline, &client.secret)?,
        };
        Ok(self.request_with(port, &client))
    }

    fn read_answer(&self, request: &Request, response: Response) -> Result<Token, Error> {
        self.read_answer(request, response)
    }

    fn after_refusal(&self) -> AfterRefusal {
        after_refusal_of([&self.client_id, &self.client_secret].into_iter())
    }

    fn allows_plain_http(&self) -> bool {
        !self.service.is_https()
    }
}

/// Gets a token: runs the locator if the port is not known, and makes one request.
///
/// # Errors
/// Any [`Kind`](crate::Kind) but `Status`; none holds the secret.
#[cfg(feature = "std")]
pub fn get_token(config: &Config) -> Result<Token, Error> {
    flow::get_token::<dyn Flow>(config, &Http::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_the_documented_one() {
        let config = Config::new("id&1", "s3cr3t&=+%#/?é Zq7").unwrap();
        assert_eq!(
            config.request(8080).unwrap().url().as_str(),
            "http://qoauth.service.consul:8080/token?grant_type=client_credentials&client_id=id%261\
             &client_secret=s3cr3t%26%3D%2B%25%23%2F%3F%C3%A9%20Zq7"
        );
    }

    #[test]
    fn a_url_replaces_the_locator_and_a_host_brings_it_back() {
        let config = Config::new("id", "secret").unwrap().with_qoauth_url("https://h:9/").unwrap();
        assert_eq!(config.port(), Some(9));
        assert!(config.request(9).unwrap().url().as_str().starts_with("https://h:9/token?"));
        let config = config.with_qoauth_host("g").unwrap();
        assert_eq!(config.port(), None);
        assert!(config.request(1).unwrap().url().as_str().starts_with("http://g:1/token?"));
        let config = config.with_qoauth_host("https://g").unwrap();
        assert_eq!(config.port(), None);
        assert!(config.request(1).unwrap().url().as_str().starts_with("https://g:1/token?"));
    }

    #[test]
    fn empty_credentials_and_a_url_with_a_path_are_refused() {
        assert!(Config::new("", "secret").is_err());
        assert!(Config::new("id", "").is_err());
        let with_url = |url| Config::new("id", "secret").unwrap().with_qoauth_url(url);
        for url in ["http://h/token", "http://h/?a", "http://h:0/", "h:80"] {
            assert!(with_url(url).is_err(), "{url}");
        }
    }

    #[test]
    #[cfg(feature = "std")]
    fn the_locator_is_not_started_when_supplying_the_secret_took_all_the_time() {
        let config = Config::new("id", "secret").unwrap().with_locator("/nowhere/at/all");
        assert_eq!(config.prepare(Instant::now()).unwrap_err().kind(), crate::Kind::Timeout);
        let later = Instant::now() + Duration::from_secs(60);
        assert_eq!(config.prepare(later).unwrap_err().kind(), crate::Kind::Locator);
    }
}
