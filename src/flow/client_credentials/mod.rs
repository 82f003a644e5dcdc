//! The client credentials grant of [RFC 6749 section
//! 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4): a program gets a token for itself, without a user.
//!
//! Use it with any OAuth 2.0 authorization server at which your program is registered as a *confidential client*: it
//! has a client id and a client secret, and you know the token endpoint's URL. JSA and Accelerator have their own flows.
//!
//! ```no_run
//! # fn main() -> Result<(), minbearer::Error> {
//! use minbearer::{Secret, client_credentials};
//!
//! let secret = Secret::from_file("/run/secrets/client_secret")?;
//! let url = "https://auth.example/token";
//! let config = client_credentials::Config::new(url, "my-client", secret)?
//!     .with_scope("read");
//! let token = client_credentials::get_token(&config)?;
//! # Ok(()) }
//! ```
//!
//! [`ClientAuthentication`] has the ways in which a client can authenticate, and how to find out which one a server
//! expects. A secret goes into the body unless told otherwise.
//!
#![doc = include_str!("other_grants.md")]
//!
//! # A secret that rotates
//!
//! [`SecretSource::file`](crate::SecretSource::file) reads the secret or the assertion anew for each request, through
//! symbolic links, so that a replaced file is found; after a refusal the session looks once a second whether it was
//! replaced. If the file is empty, absent or half-written when a
//! [`Session`](crate::Session) renews its token, the session keeps the token that it has and tries again while that is
//! valid. Write the new secret to another file and rename it over the old one, as Kubernetes does; then no request
//! reads half of it.
//!
#![doc = include_str!("servers.md")]
//!
#![doc = include_str!("signed_servers.md")]

mod authentication;
#[cfg(feature = "std")]
pub(crate) mod environment;
mod signed_assertion;

use authentication::ASSERTION_ADVICE;
pub use authentication::ClientAuthentication;
use authentication::clocks;
#[cfg(feature = "std")]
use environment::{Needs, from_env};
pub use signed_assertion::{Algorithm, SignedAssertion, SigningInput, SigningKey};

use crate::error::{Error, Kind};
#[cfg(feature = "std")]
use crate::flow::{self, Flow};
#[cfg(feature = "std")]
use crate::net::http::Http;
#[cfg(feature = "std")]
use crate::secret::{AfterRefusal, after_refusal_of};
use crate::secret::{Deadline, Recipient, Secret, SecretSource, Supplied, check_text};
use crate::wire::redact::MIN_SEARCHED_BYTES;
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
#[cfg(feature = "std")]
use std::time::Instant;
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
const GRANT_TYPE: &str = "client_credentials";

/// The configuration of the flow: the token endpoint and the client's credentials.
#[must_use]
pub struct Config {
    token_url: Url,
    /// Empty if none is sent.
    client_id: SecretSource,
    authentication: ClientAuthentication,
    grant_type: Option<String>,
    /// Space-separated, RFC 6749 section 3.3.
    scope: String,
    parameters: Vec<(String, ParameterValue)>,
    headers: Vec<(String, SecretSource)>,
    answer_members: Vec<String>,
    plain_http: bool,
    timeout: Duration,
}

/// The value of a parameter.
enum ParameterValue {
    /// Wiped like a secret, but not redacted.
    Plain(Secret),
    Secret(SecretSource),
}

impl Config {
    /// Makes a configuration from the token endpoint's URL, the client id, and the client authentication: a secret,
    /// which then goes into the body, or a [`ClientAuthentication`]. The URL's own query is kept. No scope is asked for,
    /// and the timeout is 10 s.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a URL that [`Url::parse`] refuses, and for an id or secret that is empty or
    /// has a control character or a byte order mark. With [`ClientAuthentication::none`] the id may be empty, for a
    /// [grant](Self::with_grant_type) that needs none.
    pub fn new(
        token_url: &str,
        client_id: impl Into<SecretSource>,
        authentication: impl Into<ClientAuthentication>,
    ) -> Result<Config, Error> {
        let (client_id, authentication) = (client_id.into(), authentication.into());
        if !is_left_out(&client_id) || !authentication.is_none() {
            client_id.check(CLIENT_ID)?;
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

    /// Asks for a scope, or for several separated by spaces, in addition to those asked for before.
    /// [`missing_scopes`](Self::missing_scopes) returns those that were not granted.
    pub fn with_scope(mut self, scope: &str) -> Config {
        if !self.scope.is_empty() && !scope.is_empty() {
            self.scope.push(' ');
        }
        self.scope.push_str(scope);
        self
    }

    /// Adds a form parameter that the server needs, such as `audience` or `resource`
    /// ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)). The same name may be added again. A value is not redacted in
    /// errors: it must not be a secret.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for an empty name and for the parameters that the flow sends itself:
    /// `grant_type`, `client_id`, `client_secret`, `client_assertion`, `client_assertion_type` and `scope`.
    pub fn with_parameter(mut self, name: &str, value: &str) -> Result<Config, Error> {
        check_parameter(name)?;
        self.parameters.push((name.into(), ParameterValue::Plain(value.into())));
        Ok(self)
    }

    /// Adds a form parameter whose value is a secret: the token that is exchanged, an assertion. It is read anew for each
    /// request, wiped, and redacted in errors. See [Other grants](self#other-grants).
    ///
    /// # Errors
    /// As for [`with_parameter`](Self::with_parameter), and for a fixed value that is empty or has a control character or a
    /// byte order mark.
    pub fn with_secret_parameter(
        mut self,
        name: &str,
        value: impl Into<SecretSource>,
    ) -> Result<Config, Error> {
        check_parameter(name)?;
        let value = value.into();
        value.check(&parameter(name))?;
        self.parameters.push((name.into(), ParameterValue::Secret(value)));
        Ok(self)
    }

    /// Adds a header field to the token request, such as the key of a gateway before the server. Its value may be a
    /// [`SecretSource`], which is read anew for each request. It is wiped like a secret and, if it has five characters or
    /// more, redacted in errors.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for what [`Request::with_header`] refuses, and for the headers that the
    /// flow sends itself: `Authorization`, `Accept` and `Content-Type`.
    pub fn with_header(
        mut self,
        name: &str,
        value: impl Into<SecretSource>,
    ) -> Result<Config, Error> {
        let value = value.into();
        check_header(name, value.fixed().unwrap_or_default())?;
        if RESERVED_HEADERS.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
            return Err(Error::config(format!(
                "the header {name} cannot be added: the flow sends it itself"
            )));
        }
        self.headers.push((name.into(), value));
        Ok(self)
    }

    /// Sets another `grant_type` than `client_credentials`, for a server that has its own name for this grant, as Zoom has
    /// [`account_credentials`](https://developers.zoom.us/docs/internal-apps/s2s-oauth/), or for [another
    /// grant](self#other-grants).
    pub fn with_grant_type(mut self, name: &str) -> Config {
        self.grant_type = Some(name.into());
        self
    }

    /// Keeps a string member of the answer, which [`Token::member`] then returns: Salesforce's
    /// [`instance_url`](https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_client_credentials_flow.htm).
    /// May be called for several names.
    pub fn with_answer_member(mut self, name: &str) -> Config {
        self.answer_members.push(name.into());
        self
    }

    /// Sends the secret as Basic instead of in the body: see [`ClientAuthentication::basic`].
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) if the client authenticates by an assertion or a certificate: there is no
    /// secret to send. That is why this setting can fail and a scope cannot.
    pub fn with_basic(mut self) -> Result<Config, Error> {
        self.authentication = self.authentication.into_basic()?;
        Ok(self)
    }

    /// Replaces the client authentication: the C library has it after the other settings.
    #[doc(hidden)]
    pub fn with_authentication(
        mut self,
        authentication: impl Into<ClientAuthentication>,
    ) -> Result<Config, Error> {
        self.authentication = authentication.into();
        self.authentication.check()?;
        Ok(self)
    }

    /// Sends the secret as Basic without form-encoding, as curl does: see [`ClientAuthentication::unencoded`].
    ///
    /// # Errors
    /// As for [`with_basic`](Self::with_basic).
    pub fn with_basic_unencoded(self) -> Result<Config, Error> {
        let mut config = self.with_basic()?;
        config.authentication = config.authentication.unencoded();
        Ok(config)
    }

    /// Allows a token URL with plain `http` to another host than loopback. Anyone on the network between can then read
    /// the secret and the token; RFC 6749 forbids it. See
    /// [Credentials go nowhere else](crate#credentials-go-nowhere-else).
    pub fn with_plain_http(mut self) -> Config {
        self.plain_http = true;
        self
    }

    /// Sets the time limit for a whole call, a day at most.
    pub fn with_timeout(mut self, timeout: Duration) -> Config {
        self.timeout = timeout;
        self
    }

    /// The time limit for a whole call.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Builds the token request.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for plain `http` beyond loopback, unless
    /// [`with_plain_http`](Self::with_plain_http) allows it, and for a malformed assertion; those of the function or
    /// file that supplies the secret or the assertion.
    pub fn request(&self) -> Result<Request, Error> {
        self.request_before(None)
    }

    fn request_before(&self, deadline: Deadline) -> Result<Request, Error> {
        let url = &self.token_url;
        if !url.is_https() && !url.is_loopback() && !self.plain_http {
            return Err(Error::config(format!(
                "the token URL is plain http to {}, which exposes the secret to the network: use https, or allow it by --plain-http (Config::with_plain_http)",
                url.host()
            )));
        }
        let client_id = match &self.client_id {
            left_out if is_left_out(left_out) && self.grant_type.is_some() => None,
            client_id => Some(client_id.supply(CLIENT_ID, deadline)?),
        };
        let to = Recipient { client_id: client_id.as_deref(), token_url: url.as_str() };
        let mut values = Vec::with_capacity(self.parameters.len());
        for (name, value) in &self.parameters {
            values.push(match value {
                ParameterValue::Plain(text) => Supplied::Kept(text),
                ParameterValue::Secret(source) => {
                    source.supply_for(&parameter(name), to, deadline)?
                }
            });
        }
        let mut others = Vec::with_capacity(1 + self.parameters.len());
        if !self.scope.is_empty() {
            check_text("the scope", &self.scope)?;
            others.push(("scope", self.scope.as_str()));
        }
        others.extend(
            self.parameters
                .iter()
                .map(|(name, _)| name.as_str())
                .zip(values.iter().map(|value| &**value)),
        );
        let grant_type = self.grant_type.as_deref().unwrap_or(GRANT_TYPE);
        check_text("the grant type", grant_type)?;
        let grant_type = ("grant_type", grant_type);
        let request = Request::for_token(Method::Post, url.clone());
        let mut request = self.authentication.add_to(request, to, grant_type, &others, deadline)?;
        for ((_, value), supplied) in self.parameters.iter().zip(&values) {
            if matches!(value, ParameterValue::Secret(_)) {
                request = request.with_secret(&**supplied);
            }
        }
        for (name, source) in &self.headers {
            let value = source.supply(&format!("the value of the header {name}"), deadline)?;
            check_header(name, &value)?;
            request.push_header(name, Zeroizing::new(String::from(&*value)));
            if value.len() >= MIN_SEARCHED_BYTES {
                request = request.with_secret(&*value);
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
        let is_assertion = self.sends_assertion();
        let clocks = if is_assertion { clocks(&response) } else { None };
        let advice = match self.authentication.advice(request) {
            _ if is_assertion && self.authentication.is_none() => ASSERTION_ADVICE,
            advice => advice,
        };
        let reader = AnswerReader {
            request,
            separator: ' ',
            advice,
            members: &self.answer_members,
            has_options: true,
            makes_url: false,
            is_assertion,
        };
        reader.read_answer(response).map_err(|error| match clocks {
            Some(clocks) if error.kind() == Kind::Refused => error.with_note(&clocks),
            _ => error,
        })
    }

    /// Whether an assertion is sent, which the server compares with its clock: of the client, or as the grant.
    fn sends_assertion(&self) -> bool {
        self.authentication.is_assertion()
            || self.parameters.iter().any(|(name, _)| name == "assertion")
    }

    /// The scopes that were asked for and that the server did not grant; none if its answer has no `scope`.
    pub fn missing_scopes<'a>(&'a self, token: &'a Token) -> impl Iterator<Item = &'a str> {
        let asked = token.scope().map(|_| self.scope.as_str()).unwrap_or_default();
        let granted = token.scope().unwrap_or_default();
        // Some servers, GitHub's among them, put commas between.
        fn is_separator(character: char) -> bool {
            matches!(character, ' ' | ',')
        }
        asked.split(is_separator).filter(move |scope| {
            !scope.is_empty() && !granted.split(is_separator).any(|granted| granted == *scope)
        })
    }
}

const CLIENT_ID: &str = "the client id";

/// Whether there is no client id: it is the fixed empty text.
fn is_left_out(client_id: &SecretSource) -> bool {
    client_id.fixed() == Some("")
}

/// How an error calls a parameter.
fn parameter(name: &str) -> String {
    format!("the parameter {name}")
}

fn check_parameter(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::config("a parameter's name must not be empty"));
    }
    if RESERVED_PARAMETERS.contains(&name) {
        return Err(Error::config(format!(
            "the parameter {name} cannot be added: the flow sends it itself"
        )));
    }
    Ok(())
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
impl Config {
    /// Makes a configuration from the token endpoint's URL, `CLIENT_ID` or the file that `CLIENT_ID_FILE` names, and
    /// [`ClientAuthentication::from_env`]. Prefer a file to a variable for the secret: see
    /// [`jsa::Config::from_env`](crate::jsa::Config::from_env).
    ///
    /// # Errors
    /// As for [`new`](Self::new), naming the variable that is missing, empty or wrong.
    pub fn from_env(token_url: &str) -> Result<Config, Error> {
        from_env(token_url, Needs::Secret)
    }
}

#[cfg(feature = "std")]
impl Flow for Config {
    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn prepare(&self, deadline: Instant) -> Result<Request, Error> {
        self.request_before(Some(deadline))
    }

    fn read_answer(&self, request: &Request, response: Response) -> Result<Token, Error> {
        self.read_answer(request, response)
    }

    fn after_refusal(&self) -> AfterRefusal {
        let secrets = self.parameters.iter().filter_map(|(_, value)| match value {
            ParameterValue::Secret(source) => Some(source),
            ParameterValue::Plain(_) => None,
        });
        let sources = secrets.chain(self.authentication.source()).chain([&self.client_id]);
        after_refusal_of(sources.chain(self.headers.iter().map(|(_, source)| source)))
    }

    fn allows_plain_http(&self) -> bool {
        !self.token_url.is_https()
    }
}

/// Gets a token with one request.
///
/// # Errors
/// Any [`Kind`](crate::Kind) but `Locator` and `Status`; none holds the secret.
#[cfg(feature = "std")]
pub fn get_token(config: &Config) -> Result<Token, Error> {
    flow::get_token::<dyn Flow>(config, &Http::new())
}

#[cfg(test)]
mod tests;
