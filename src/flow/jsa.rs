//! JSA, the Juniper Secure Analytics platform (IBM QRadar is the same).
//!
//! An app on the platform gets its token from the local `qoauth` service. A program of the platform,
//! the port locator, prints the port that the service has at the moment; the credentials go into the
//! query of one `GET`, as the platform's app documentation has it, and the answer says nothing of a
//! lifetime: a token is good until the API answers 401. The document is the app framework's
//! [OAuth bearer token](https://ibmsecuritydocs.github.io/qradar_appfw_v1/c_appframework_oauth_bearer.html).
//!
//! ```no_run
//! # fn main() -> Result<(), minbearer::Error> {
//! use minbearer::jsa;
//!
//! let token = jsa::get_token(&jsa::Config::from_env()?)?;
//! let reply = minreq::get("https://console/api/ariel/databases")
//!     .with_header("Authorization", token.authorization())
//!     .send();
//! # Ok(()) }
//! ```

use crate::error::Error;
use crate::secret::Secret;
use crate::wire::form::encode_pairs;
use crate::wire::http::{Method, Request, Response};
use crate::wire::token::{Answer, Token};
use crate::wire::url::Url;
use alloc::string::String;
use core::time::Duration;

/// The name that the platform's service discovery knows `qoauth` by.
pub const DEFAULT_HOST: &str = "qoauth.service.consul";
/// Where the platform's images keep the port locator.
pub const DEFAULT_LOCATOR: &str = "/service_port_locator.py";

/// What the flow needs: credentials, and where the service is.
#[derive(Debug)]
pub struct Config {
    client_id: String,
    client_secret: Secret,
    service: Url,
    port: Option<u16>,
    timeout: Duration,
    #[cfg(feature = "std")]
    locator: std::path::PathBuf,
}

impl Config {
    /// The credentials that the platform gave the app. The service is [`DEFAULT_HOST`], its port comes
    /// from [`DEFAULT_LOCATOR`], and a call may take 10 s. No environment variable is read.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for an empty id or secret.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Result<Config, Error> {
        let (client_id, client_secret) = (client_id.into(), client_secret.into());
        if client_id.is_empty() || client_secret.is_empty() {
            return Err(Error::config("the client id and the client secret must not be empty"));
        }
        Ok(Config {
            client_id,
            client_secret,
            service: Url::for_host("the default host", DEFAULT_HOST)?,
            port: None,
            timeout: super::DEFAULT_TIMEOUT,
            #[cfg(feature = "std")]
            locator: DEFAULT_LOCATOR.into(),
        })
    }

    /// The service's scheme, host and port; no locator is run. The platform documents both `http` and
    /// `https` for it.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a URL that [`Url::parse`] refuses, or one with a path or query.
    pub fn with_qoauth_url(self, url: &str) -> Result<Config, Error> {
        self.with_url_named("the qoauth URL", url)
    }

    fn with_url_named(mut self, name: &str, url: &str) -> Result<Config, Error> {
        self.service = parse_origin(name, url)?;
        self.port = Some(self.service.port());
        Ok(self)
    }

    /// Another name of the service than [`DEFAULT_HOST`]: the locator's argument and the URL's host.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for what is neither a name nor an IPv4 address.
    pub fn with_qoauth_host(self, host: &str) -> Result<Config, Error> {
        self.with_host_named("the qoauth host", host)
    }

    fn with_host_named(mut self, name: &str, host: &str) -> Result<Config, Error> {
        self.service = Url::for_host(name, host)?;
        self.port = None;
        Ok(self)
    }

    /// How long a call may take as a whole, the locator included; a day at most.
    pub fn with_timeout(mut self, timeout: Duration) -> Config {
        self.timeout = timeout;
        self
    }

    /// The service's port, if it is known without a locator.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Builds the token request for the service on that port.
    pub fn request(&self, port: u16) -> Request {
        let query = encode_pairs(
            "/token?",
            &[
                ("grant_type", "client_credentials"),
                ("client_id", &self.client_id),
                ("client_secret", self.client_secret.expose()),
            ],
        );
        Request::for_token(Method::Get, self.service.at(port, &query))
    }

    /// Reads the answer to [`request`](Self::request).
    ///
    /// # Errors
    /// [`Kind::Refused`](crate::Kind::Refused) for a status other than 2xx or an `error`;
    /// [`Kind::Malformed`](crate::Kind::Malformed) for an answer without a usable token.
    pub fn read(&self, request: &Request, response: Response) -> Result<Token, Error> {
        let answer = Answer {
            request,
            secrets: &[self.client_secret.expose()],
            separator: ' ',
            advice: "check CLIENT_ID and CLIENT_SECRET against the app's authorized service",
        };
        answer.read(response)
    }
}

fn parse_origin(name: &str, url: &str) -> Result<Url, Error> {
    let url = Url::parse(name, url)?;
    if url.path_and_query() != "/" {
        return Err(Error::config(alloc::format!("{name} has a path or a query; leave that out")));
    }
    Ok(url)
}

#[cfg(feature = "std")]
mod with_std {
    use super::*;
    use crate::flow::{self, Flow};
    use crate::os::env;
    use crate::os::locator::locate;
    use crate::os::transport::Minreq;
    use crate::wire::json::{Members, Value};
    use alloc::format;
    use std::path::{Path, PathBuf};
    use std::time::Instant;

    impl Config {
        /// The settings of the environment:
        ///
        /// | variable | meaning |
        /// | --- | --- |
        /// | `CLIENT_ID` | the client id |
        /// | `CLIENT_SECRET` | the client secret, or else |
        /// | `CLIENT_SECRET_FILE` | the file that holds it; one trailing newline is dropped |
        /// | `QOAUTH_URL` | optional: see [`with_qoauth_url`](Self::with_qoauth_url) |
        /// | `QOAUTH_HOST` | optional: see [`with_qoauth_host`](Self::with_qoauth_host) |
        /// | `SERVICE_PORT_LOCATOR` | optional: see [`with_locator`](Self::with_locator) |
        ///
        /// A secret in a file is the better choice: the environment block is a copy that nobody can
        /// wipe, and `/proc/<pid>/environ` and every child process show it.
        ///
        /// # Errors
        /// [`Kind::Config`](crate::Kind::Config), naming the variable that is missing, empty or wrong, or both
        /// variables of the secret where both are set.
        pub fn from_env() -> Result<Config, Error> {
            let mut config = Config::new(env::required("CLIENT_ID")?, env::client_secret()?)?;
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

        /// Another locator program than [`DEFAULT_LOCATOR`]. It is run with the service's name as its
        /// one argument and prints the port. Its standard output and standard error are sockets, which it writes to but
        /// cannot open by name (`/dev/stderr`).
        pub fn with_locator(mut self, program: impl Into<PathBuf>) -> Config {
            self.locator = program.into();
            self
        }
    }

    impl Flow for Config {
        fn timeout(&self) -> Duration {
            self.timeout
        }

        fn prepare(&self, deadline: Instant) -> Result<Request, Error> {
            let port = match self.port {
                Some(port) => port,
                None => locate(&self.locator, self.service.host(), deadline, &self.client_secret)?,
            };
            Ok(self.request(port))
        }

        fn read(&self, request: &Request, response: Response) -> Result<Token, Error> {
            self.read(request, response)
        }
    }

    /// Scheme, host and port of the console, whose REST API takes the token: `CONSOLE_URL`, else `https` to
    /// `QRADAR_CONSOLE_FQDN`, else to `QRADAR_CONSOLE_IP`, else to `console_ip` in the app's `manifest.json`, in the
    /// working folder, in `/opt/app-root` or in `/`.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config), naming the variable or file that is missing, empty or wrong.
    pub fn console_url_from_env() -> Result<String, Error> {
        if let Some(url) = env::optional("CONSOLE_URL")? {
            return Ok(String::from(Url::parse("CONSOLE_URL", &url)?.origin()));
        }
        let (name, host) =
            match (env::optional("QRADAR_CONSOLE_FQDN")?, env::optional("QRADAR_CONSOLE_IP")?) {
                (Some(host), _) => (String::from("QRADAR_CONSOLE_FQDN"), host),
                (None, Some(host)) => (String::from("QRADAR_CONSOLE_IP"), host),
                (None, None) => console_ip_of_manifest()?,
            };
        Ok(String::from(parse_origin(&name, &format!("https://{host}"))?.origin()))
    }

    const MAX_MANIFEST_BYTES: usize = 1024 * 1024;

    fn console_ip_of_manifest() -> Result<(String, String), Error> {
        const FOLDERS: [&str; 3] = ["", "/opt/app-root/", "/"];
        let paths = FOLDERS.map(|folder| format!("{folder}manifest.json"));
        let Some(path) = paths.into_iter().find(|path| Path::new(path).exists()) else {
            return Err(Error::config(
                "the console is not known: CONSOLE_URL, QRADAR_CONSOLE_FQDN and QRADAR_CONSOLE_IP are not set, and there is no manifest.json",
            ));
        };
        let mut manifest = env::read_file("the manifest", Path::new(&path), MAX_MANIFEST_BYTES)?;
        let members = Members::read(manifest.as_mut_slice())
            .map_err(|_| Error::config(format!("the manifest {path} is not one JSON object")))?;
        match members.console_ip.and_then(Value::into_text) {
            Some(host) => Ok((format!("console_ip in {path}"), String::from(host.as_str()))),
            None => Err(Error::config(format!(
                "the console is not known: CONSOLE_URL, QRADAR_CONSOLE_FQDN and QRADAR_CONSOLE_IP are not set, and {path} has no console_ip"
            ))),
        }
    }

    /// Gets a token: runs the locator where the port is not known, and makes one request.
    ///
    /// # Errors
    /// Every [`Kind`](crate::Kind); none holds the secret.
    pub fn get_token(config: &Config) -> Result<Token, Error> {
        flow::get_token::<dyn Flow>(config, &Minreq)
    }
}

#[cfg(feature = "std")]
pub use with_std::{console_url_from_env, get_token};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_the_documented_one() {
        let config = Config::new("id&1", "s3cr3t&=+%#/?é Zq7").unwrap();
        assert_eq!(
            config.request(8080).url().as_str(),
            "http://qoauth.service.consul:8080/token?grant_type=client_credentials&client_id=id%261\
             &client_secret=s3cr3t%26%3D%2B%25%23%2F%3F%C3%A9%20Zq7"
        );
    }

    #[test]
    fn a_url_replaces_the_locator_and_a_host_brings_it_back() {
        let config = Config::new("id", "secret").unwrap().with_qoauth_url("https://h:9/").unwrap();
        assert_eq!(config.port(), Some(9));
        assert!(config.request(9).url().as_str().starts_with("https://h:9/token?"));
        let config = config.with_qoauth_host("g").unwrap();
        assert_eq!(config.port(), None);
        assert!(config.request(1).url().as_str().starts_with("http://g:1/token?"));
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
}
