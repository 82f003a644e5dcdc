//! The client credentials grant of [RFC 6749 section
//! 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4): a program gets a token for itself, no user
//! takes part.
//!
//! Choose it for any OAuth 2.0 authorization server that knows your program as a *confidential client*: you
//! have a token endpoint's URL, a client id and a client secret. For JSA and for Accelerator take their own flows.
//!
//! ```no_run
//! # fn main() -> Result<(), minbearer::Error> {
//! use minbearer::{Secret, client_credentials};
//!
//! let secret = Secret::from_file("/run/secrets/client_secret")?;
//! let config = client_credentials::Config::new("https://auth.example/token", "my-client", secret)?
//!     .with_scope("read");
//! let token = client_credentials::get_token(&config)?;
//! # Ok(()) }
//! ```
//!
//! # Where the secret goes
//!
//! Servers take the credentials in one of two places, and a few in only one of them. The body (`client_secret_post`)
//! is the default here; [`Config::with_basic`] puts them into an `Authorization` header (`client_secret_basic`). To
//! tell which one a server wants: its metadata (`/.well-known/openid-configuration` or, [RFC
//! 8414](https://www.rfc-editor.org/rfc/rfc8414), `/.well-known/oauth-authorization-server`) lists
//! `token_endpoint_auth_methods_supported`, and means `client_secret_basic` where it leaves that out; the client's
//! registration may say; and the wrong one is refused as `invalid_client` with the right secret.

use crate::error::Error;
use crate::secret::Secret;
use crate::wire::form::{encode_pairs, encoded_len, push_encoded};
use crate::wire::http::{Method, Request, Response};
use crate::wire::token::{Answer, Token};
use crate::wire::url::Url;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use core::fmt;
use core::time::Duration;
use zeroize::Zeroizing;

/// The parameters that the flow itself sends.
const RESERVED: [&str; 4] = ["grant_type", "client_id", "client_secret", "scope"];

/// What the flow needs: a token endpoint and credentials.
pub struct Config {
    token_url: Url,
    client_id: String,
    client_secret: Secret,
    /// Space-separated, RFC 6749 section 3.3.
    scope: String,
    parameters: Vec<(String, String)>,
    basic: bool,
    plain_http: bool,
    timeout: Duration,
}

impl Config {
    /// The token endpoint's URL, whose own query is kept, and the client's credentials. No scope is asked
    /// for, the credentials go into the body, and a call may take 10 s.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a URL that [`Url::parse`] refuses, and for an empty id or secret.
    pub fn new(
        token_url: &str,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Result<Config, Error> {
        let (client_id, client_secret) = (client_id.into(), client_secret.into());
        if client_id.is_empty() || client_secret.is_empty() {
            return Err(Error::config("the client id and the client secret must not be empty"));
        }
        Ok(Config {
            token_url: Url::parse("the token URL", token_url)?,
            client_id,
            client_secret,
            scope: String::new(),
            parameters: Vec::new(),
            basic: false,
            plain_http: false,
            timeout: super::DEFAULT_TIMEOUT,
        })
    }

    /// Asks for a scope, or for several with spaces between; added to those asked for before.
    pub fn with_scope(mut self, scope: &str) -> Config {
        if !self.scope.is_empty() && !scope.is_empty() {
            self.scope.push(' ');
        }
        self.scope.push_str(scope);
        self
    }

    /// Adds a form parameter that the server wants, such as `audience` or `resource`
    /// ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)). The same name may be given again.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for an empty name and for `grant_type`, `client_id`, `client_secret` and
    /// `scope`, which the flow sends itself.
    pub fn with_parameter(mut self, name: &str, value: &str) -> Result<Config, Error> {
        if name.is_empty() {
            return Err(Error::config("a parameter's name must not be empty"));
        }
        if RESERVED.contains(&name) {
            return Err(Error::config(alloc::format!(
                "the parameter {name} cannot be added: the flow sends it itself"
            )));
        }
        self.parameters.push((name.into(), value.into()));
        Ok(self)
    }

    /// Sends the credentials as HTTP Basic (`client_secret_basic`), id and secret form-encoded first
    /// ([RFC 6749 section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
    pub fn with_basic(mut self) -> Config {
        self.basic = true;
        self
    }

    /// Allows a token URL with plain `http` to another host than this one. Everyone on the way reads the
    /// secret and the token; the RFC forbids it.
    pub fn with_plain_http(mut self) -> Config {
        self.plain_http = true;
        self
    }

    /// How long a call may take as a whole; a day at most.
    pub fn with_timeout(mut self, timeout: Duration) -> Config {
        self.timeout = timeout;
        self
    }

    /// Builds the token request.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for plain `http` beyond loopback, unless
    /// [`with_plain_http`](Self::with_plain_http) allows it.
    pub fn request(&self) -> Result<Request, Error> {
        let url = &self.token_url;
        if !url.is_https() && !url.is_loopback() && !self.plain_http {
            return Err(Error::config(alloc::format!(
                "the token URL is plain http to {}, which shows the secret to everyone on the way: use https, or allow it by Config::with_plain_http",
                url.host()
            )));
        }
        let mut pairs = vec![("grant_type", "client_credentials")];
        if !self.basic {
            pairs.push(("client_id", &self.client_id));
            pairs.push(("client_secret", self.client_secret.expose()));
        }
        if !self.scope.is_empty() {
            pairs.push(("scope", &self.scope));
        }
        pairs.extend(self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let mut request = Request::for_token(Method::Post, url.with_path(url.path_and_query()))
            .with_form(encode_pairs("", &pairs));
        if self.basic {
            request.push_header("Authorization", self.basic_credentials());
        }
        Ok(request)
    }

    fn basic_credentials(&self) -> Zeroizing<String> {
        const SCHEME: &str = "Basic ";
        let (id, secret) = (self.client_id.as_str(), self.client_secret.expose());
        let mut pair =
            Zeroizing::new(String::with_capacity(encoded_len(id) + 1 + encoded_len(secret)));
        push_encoded(id, &mut pair);
        pair.push(':');
        push_encoded(secret, &mut pair);
        let mut encoded = Zeroizing::new(vec![0; Base64::encoded_len(pair.as_bytes())]);
        // The buffer is of the length that was asked for, so this cannot fail.
        let encoded = Base64::encode(pair.as_bytes(), &mut encoded).unwrap_or_default();
        let mut value = Zeroizing::new(String::with_capacity(SCHEME.len() + encoded.len()));
        value.push_str(SCHEME);
        value.push_str(encoded);
        value
    }

    /// Reads the answer to [`request`](Self::request).
    ///
    /// # Errors
    /// [`Kind::Refused`](crate::Kind::Refused) for a status other than 2xx or an `error`, with the fields of
    /// [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2) in the
    /// [`Refusal`](crate::Refusal); [`Kind::Malformed`](crate::Kind::Malformed) for an answer without a usable
    /// token, or with one that is not of type Bearer.
    pub fn read(&self, request: &Request, response: Response) -> Result<Token, Error> {
        let basic = request.headers().find(|(name, _)| *name == "Authorization");
        let basic = basic.and_then(|(_, value)| value.split(' ').nth(1)).unwrap_or_default();
        let answer = Answer {
            request,
            secrets: &[self.client_secret.expose(), basic],
            separator: ' ',
            advice: "check client id, secret and scope, and whether the server wants the secret in the body or as Basic",
        };
        answer.read(response)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("token_url", &self.token_url)
            .field("client_id", &self.client_id)
            .field("scope", &self.scope)
            .field("basic", &self.basic)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "std")]
mod with_std {
    use super::*;
    use crate::flow::{self, Flow};
    use crate::os::env;
    use crate::os::transport::Minreq;
    use std::time::Instant;

    impl Config {
        /// The token endpoint's URL, with `CLIENT_ID` and `CLIENT_SECRET` or `CLIENT_SECRET_FILE` from the
        /// environment. What [`jsa::Config::from_env`](crate::jsa::Config::from_env) says of secrets there holds here
        /// too.
        ///
        /// # Errors
        /// As for [`new`](Self::new), naming the variable that is missing, empty or wrong.
        pub fn from_env(token_url: &str) -> Result<Config, Error> {
            Config::new(token_url, env::required("CLIENT_ID")?, env::client_secret()?)
        }
    }

    impl Flow for Config {
        fn timeout(&self) -> Duration {
            self.timeout
        }

        fn prepare(&self, _: Instant) -> Result<Request, Error> {
            self.request()
        }

        fn read(&self, request: &Request, response: Response) -> Result<Token, Error> {
            self.read(request, response)
        }
    }

    /// Gets a token with one request.
    ///
    /// # Errors
    /// Every [`Kind`](crate::Kind) but `Locator`; none holds the secret.
    pub fn get_token(config: &Config) -> Result<Token, Error> {
        flow::get_token::<dyn Flow>(config, &Minreq)
    }
}

#[cfg(feature = "std")]
pub use with_std::get_token;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use alloc::string::ToString;

    const SECRET: &str = "s3cr3t&=+%#/?é Zq7";

    fn config(url: &str) -> Config {
        Config::new(url, "id:1", SECRET).unwrap()
    }

    fn body(request: &Request) -> &str {
        core::str::from_utf8(request.body().unwrap()).unwrap()
    }

    #[test]
    fn the_credentials_are_in_the_body_unless_told_otherwise() {
        let config = config("https://h/t?tenant=a%20b")
            .with_scope("read")
            .with_scope("write all")
            .with_parameter("audience", "https://api/?x=y")
            .unwrap();
        let request = config.request().unwrap();
        assert_eq!(
            request.url().as_str(),
            "https://h/t?tenant=a%20b",
            "the token URL's own query is kept"
        );
        assert_eq!(
            body(&request),
            "grant_type=client_credentials&client_id=id%3A1&client_secret=s3cr3t%26%3D%2B%25%23%2F%3F%C3%A9%20Zq7\
             &scope=read%20write%20all&audience=https%3A%2F%2Fapi%2F%3Fx%3Dy"
        );
        assert!(request.headers().all(|(name, _)| name != "Authorization"));
    }

    #[test]
    fn basic_credentials_are_form_encoded_first() {
        let request = config("https://h/t").with_basic().request().unwrap();
        assert_eq!(body(&request), "grant_type=client_credentials");
        let (_, value) = request.headers().find(|(name, _)| *name == "Authorization").unwrap();
        let pair = Base64::decode_vec(value.strip_prefix("Basic ").unwrap()).unwrap();
        assert_eq!(pair, b"id%3A1:s3cr3t%26%3D%2B%25%23%2F%3F%C3%A9%20Zq7");
    }

    #[test]
    fn basic_credentials_that_are_sent_back_are_replaced() {
        let config = config("https://h/t").with_basic();
        let request = config.request().unwrap();
        let (_, value) = request.headers().find(|(name, _)| *name == "Authorization").unwrap();
        let answer = Response::new(401, alloc::format!("{{\"error\":\"bad header {value}\"}}"));
        let error = config.read(&request, answer).unwrap_err();
        assert!(error.to_string().contains("bad header Basic [redacted]"), "{error}");
    }

    #[test]
    fn the_flows_own_parameters_cannot_be_overwritten() {
        for name in ["grant_type", "client_id", "client_secret", "scope", ""] {
            let error = config("https://h/t").with_parameter(name, "x").unwrap_err();
            assert_eq!(error.kind(), Kind::Config, "{name}");
        }
    }

    #[test]
    fn plain_http_beyond_loopback_names_the_method_that_allows_it() {
        for (url, allowed) in [
            ("http://h/t", false),
            ("http://10.0.0.1/t", false),
            ("http://127.0.0.1/t", true),
            ("http://localhost:1/t", true),
            ("https://h/t", true),
        ] {
            let outcome = config(url).request();
            assert_eq!(outcome.is_ok(), allowed, "{url}");
            if let Err(error) = outcome {
                assert_eq!(error.kind(), Kind::Config);
                assert!(error.to_string().contains("Config::with_plain_http"), "{error}");
            }
            assert!(config(url).with_plain_http().request().is_ok(), "{url}");
        }
    }

    #[test]
    fn empty_credentials_are_refused() {
        assert!(Config::new("https://h/t", "", "s").is_err());
        assert!(Config::new("https://h/t", "i", "").is_err());
    }
}
