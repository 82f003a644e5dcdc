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
//! There are four ways to say who the client is, and no key is read or signature made in any of them:
//!
//! - **A secret in the body**, beside the rest of the form ([RFC 6749 section
//!   2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1); servers call it `client_secret_post`). It is the
//!   default here.
//! - **A secret as Basic**, in the `Authorization` header ([the same
//!   section](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1), `client_secret_basic`):
//!   [`ClientAuthentication::basic`]. The section has id and secret encoded as in a form before they are joined with a
//!   colon. Some servers do not decode them, and refuse a right secret that has a `+`, a `/` or a `=`;
//!   [`unencoded`](ClientAuthentication::unencoded) is for those.
//! - **An assertion**, a JWT that someone else signs, instead of a secret ([RFC 7521 section
//!   4.2](https://www.rfc-editor.org/rfc/rfc7521#section-4.2) and [RFC 7523 section
//!   2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2), `private_key_jwt`): [`ClientAuthentication::assertion`].
//!   Kubernetes projects one into a file and keeps it fresh; SPIFFE's agent hands one out; a function of yours may have
//!   a TPM sign one.
//! - **A certificate**, shown while the connection is set up; the form has the client's id alone ([RFC 8705 section
//!   2](https://www.rfc-editor.org/rfc/rfc8705#section-2), `tls_client_auth` and `self_signed_tls_client_auth`):
//!   [`ClientAuthentication::none`], over an `Http` with a client certificate.
//!
//! To tell which one a server wants: its metadata (`/.well-known/openid-configuration` or, [RFC
//! 8414](https://www.rfc-editor.org/rfc/rfc8414), `/.well-known/oauth-authorization-server`) lists
//! `token_endpoint_auth_methods_supported`, and means `client_secret_basic` where it leaves that out; the client's
//! registration may say; and the wrong one is refused as `invalid_client` with the right secret.
//!
//! # A secret that rotates
//!
//! [`SecretSource::file`](crate::SecretSource::file) reads the secret or the assertion anew for each request, through
//! symbolic links, so that a file which is replaced by another is found. If the file is empty, absent or half-written
//! just when a [`Session`](crate::Session) renews its token, the session serves the token that it has and tries again
//! while that lives. Write the new secret beside the old one and rename it, as Kubernetes does, and no request meets half
//! of it.
//!
#![doc = include_str!("client_credentials/servers.md")]

mod authentication;

pub use authentication::ClientAuthentication;

use crate::error::Error;
use crate::wire::request::{Method, Request, check_header};
use crate::wire::response::Response;
use crate::wire::token::Token;
use crate::wire::token_answer::AnswerReader;
use crate::wire::url::Url;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use zeroize::Zeroizing;

/// The parameters that the flow itself sends.
const RESERVED_PARAMETERS: [&str; 6] = [
    "grant_type",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "scope",
];
/// The headers that the flow itself sends.
const RESERVED_HEADERS: [&str; 3] = ["authorization", "accept", "content-type"];
/// The shortest value of an added header that is kept out of messages: a shorter one is found in any text.
const MIN_REDACTED_HEADER_BYTES: usize = 5;
const GRANT_TYPE: &str = "client_credentials";

/// What the flow needs: a token endpoint, and who the client is.
#[must_use]
pub struct Config {
    token_url: Url,
    client_id: String,
    authentication: ClientAuthentication,
    grant_type: Option<String>,
    /// Space-separated, RFC 6749 section 3.3.
    scope: String,
    parameters: Vec<(String, Zeroizing<String>)>,
    headers: Vec<(String, Zeroizing<String>)>,
    answer_members: Vec<String>,
    plain_http: bool,
    timeout: Duration,
}

impl Config {
    /// The token endpoint's URL, whose own query is kept, the client's id and how the client proves who it is: a
    /// secret, which then goes into the body, or a [`ClientAuthentication`]. No scope is asked for, and a call may
    /// take 10 s.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a URL that [`Url::parse`] refuses, and for an empty id or secret.
    pub fn new(
        token_url: &str,
        client_id: impl Into<String>,
        authentication: impl Into<ClientAuthentication>,
    ) -> Result<Config, Error> {
        let (client_id, authentication) = (client_id.into(), authentication.into());
        if client_id.is_empty() {
            return Err(Error::config("the client id must not be empty"));
        }
        authentication.check()?;
        Ok(Config {
            token_url: Url::parse("the token URL", token_url)?,
            client_id,
            authentication,
            grant_type: None,
            scope: String::new(),
            parameters: Vec::new(),
            headers: Vec::new(),
            answer_members: Vec::new(),
            plain_http: false,
            timeout: super::DEFAULT_TIMEOUT,
        })
    }

    /// Asks for a scope, or for several with spaces between; added to those asked for before.
    /// [`missing_scopes`](Self::missing_scopes) says afterwards which were not granted.
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
    /// [`Kind::Config`](crate::Kind::Config) for an empty name and for the parameters that the flow sends itself:
    /// `grant_type`, `client_id`, `client_secret`, `client_assertion`, `client_assertion_type` and `scope`.
    pub fn with_parameter(mut self, name: &str, value: &str) -> Result<Config, Error> {
        if name.is_empty() {
            return Err(Error::config("a parameter's name must not be empty"));
        }
        if RESERVED_PARAMETERS.contains(&name) {
            return Err(Error::config(format!(
                "the parameter {name} cannot be added: the flow sends it itself"
            )));
        }
        self.parameters.push((name.into(), Zeroizing::new(value.into())));
        Ok(self)
    }

    /// Adds a header to the token request, such as the key of a gateway before the server. Its value is wiped like a
    /// secret and, if it has five characters or more, replaced where the server sends it back.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for what [`Request::with_header`] refuses, and for the headers that the
    /// flow sends itself: `Authorization`, `Accept` and `Content-Type`.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Config, Error> {
        check_header(name, value)?;
        if RESERVED_HEADERS.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
            return Err(Error::config(format!(
                "the header {name} cannot be added: the flow sends it itself"
            )));
        }
        self.headers.push((name.into(), Zeroizing::new(value.into())));
        Ok(self)
    }

    /// Another `grant_type` than `client_credentials`, for a server that has its own name for this grant: Zoom's
    /// [`account_credentials`](https://developers.zoom.us/docs/internal-apps/s2s-oauth/).
    pub fn with_grant_type(mut self, name: &str) -> Config {
        self.grant_type = Some(name.into());
        self
    }

    /// Keeps a text member of the answer, which [`Token::member`] then returns: Salesforce's
    /// [`instance_url`](https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_client_credentials_flow.htm).
    /// The same for several names.
    pub fn with_answer_member(mut self, name: &str) -> Config {
        self.answer_members.push(name.into());
        self
    }

    /// Sends the secret as Basic instead of in the body: see [`ClientAuthentication::basic`].
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) where there is no secret but an assertion or a certificate.
    pub fn with_basic(mut self) -> Result<Config, Error> {
        self.authentication = self.authentication.into_basic()?;
        Ok(self)
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

    /// How long a call may take as a whole.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Builds the token request.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for plain `http` beyond loopback, unless
    /// [`with_plain_http`](Self::with_plain_http) allows it, and for an assertion that is none; those of the function
    /// or file that supplies secret or assertion.
    pub fn request(&self) -> Result<Request, Error> {
        let url = &self.token_url;
        if !url.is_https() && !url.is_loopback() && !self.plain_http {
            return Err(Error::config(format!(
                "the token URL is plain http to {}, which shows the secret to everyone on the way: use https, or allow it by Config::with_plain_http",
                url.host()
            )));
        }
        let grant_type = ("grant_type", self.grant_type.as_deref().unwrap_or(GRANT_TYPE));
        let mut others = Vec::new();
        if !self.scope.is_empty() {
            others.push(("scope", self.scope.as_str()));
        }
        others.extend(self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let request = Request::for_token(Method::Post, url.clone());
        let mut request =
            self.authentication.add_to(request, &self.client_id, grant_type, &others)?;
        for (name, value) in &self.headers {
            request.push_header(name, value.clone());
            if value.len() >= MIN_REDACTED_HEADER_BYTES {
                request = request.with_secret(value.as_str());
            }
        }
        Ok(request)
    }

    /// Reads the answer to [`request`](Self::request).
    ///
    /// # Errors
    /// [`Kind::Refused`](crate::Kind::Refused) and [`Kind::Unavailable`](crate::Kind::Unavailable) for a status other
    /// than 2xx or an `error`, with the fields of
    /// [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2) in the
    /// [`Refusal`](crate::Refusal); [`Kind::Malformed`](crate::Kind::Malformed) for an answer without a usable
    /// token, or with one that is not of type Bearer.
    pub fn read_answer(&self, request: &Request, response: Response) -> Result<Token, Error> {
        let secret = request.secrets().next().unwrap_or_default();
        let advice = self.authentication.advice(&self.client_id, secret);
        let answer =
            AnswerReader { request, separator: ' ', advice, members: &self.answer_members };
        answer.read_answer(response)
    }

    /// Which of the scopes asked for the server says it did not grant; none where it does not say.
    pub fn missing_scopes<'a>(&'a self, token: &'a Token) -> impl Iterator<Item = &'a str> {
        let asked = token.scope().map(|_| self.scope.as_str()).unwrap_or_default();
        let granted = token.scope().unwrap_or_default();
        asked.split(' ').filter(move |scope| {
            !scope.is_empty() && !granted.split(' ').any(|granted| granted == *scope)
        })
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("token_url", &self.token_url)
            .field("client_id", &self.client_id)
            .field("authentication", &self.authentication)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "std")]
mod with_std {
    use super::*;
    use crate::flow::{self, Flow};
    use crate::os::env;
    use crate::os::http::Http;
    use std::time::Instant;

    impl Config {
        /// The token endpoint's URL, with `CLIENT_ID` and what [`ClientAuthentication::from_env`] finds in the
        /// environment. What [`jsa::Config::from_env`](crate::jsa::Config::from_env) says of secrets there holds here
        /// too.
        ///
        /// # Errors
        /// As for [`new`](Self::new), naming the variable that is missing, empty or wrong.
        pub fn from_env(token_url: &str) -> Result<Config, Error> {
            let client_id = env::required("CLIENT_ID")?;
            let authentication = ClientAuthentication::from_env()?.ok_or_else(|| {
                Error::config(
                    "none of CLIENT_SECRET, CLIENT_SECRET_FILE and CLIENT_ASSERTION_FILE is set",
                )
            })?;
            Config::new(token_url, client_id, authentication)
        }
    }

    impl Flow for Config {
        fn timeout(&self) -> Duration {
            self.timeout
        }

        fn prepare(&self, _: Instant) -> Result<Request, Error> {
            self.request()
        }

        fn read_answer(&self, request: &Request, response: Response) -> Result<Token, Error> {
            self.read_answer(request, response)
        }

        fn is_asked(&self) -> bool {
            self.authentication.is_asked()
        }
    }

    /// Gets a token with one request.
    ///
    /// # Errors
    /// Every [`Kind`](crate::Kind) but `Locator`; none holds the secret.
    pub fn get_token(config: &Config) -> Result<Token, Error> {
        flow::get_token::<dyn Flow>(config, &Http::new())
    }
}

#[cfg(feature = "std")]
pub use with_std::get_token;

#[cfg(test)]
mod servers;
#[cfg(test)]
mod tests;
