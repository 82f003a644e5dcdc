//! Altair Accelerator: the `vovserver` REST API, version 3.
//!
//! The flow posts user name and password to `/api/v3/token` and gets a JSON Web Token, as the manual says under
//! [REST API](https://2021.help.altair.com/2021.2/accelerator/html/bookshelf/topics/tutorials/rest_resource_paths.htm).
//! The vendor's client joins type and token with a colon, `Bearer:<jwt>`, and sends that as the `Authorization` value;
//! so does this flow, unless [`with_rfc6750_header`](Config::with_rfc6750_header) asks for the standard form.
//! There is no refresh token: when the token has expired, the flow needs the password again.
//!
//! ```no_run
//! # fn main() -> Result<(), minbearer::Error> {
//! use minbearer::accelerator;
//!
//! let url = "http://host:6271/project";
//! let config = accelerator::Config::new(url, "rose", "password")?;
//! let token = accelerator::get_token(&config)?;
//! # Ok(()) }
//! ```
//!
//! An interactive program can ask until the password is right, and give the token to a session:
//!
//! ```no_run
//! # fn ask_for_the_password() -> Result<minbearer::Secret, minbearer::Error> { Ok("p".into()) }
//! # fn main() -> Result<(), minbearer::Error> {
//! use minbearer::{Kind, SecretSource, Session, accelerator};
//! use std::time::Duration;
//!
//! let ask = SecretSource::interactive(ask_for_the_password);
//! let config = accelerator::Config::new("http://host:6271/project", "rose", ask)?
//!     .with_timeout(Duration::from_secs(300)); // the time to type counts
//! let token = loop {
//!     match accelerator::get_token(&config) {
//!         Err(error) if error.kind() == Kind::Refused => eprintln!("{error}"),
//!         outcome => break outcome?,
//!     }
//! };
//! let session = Session::new(config).with_token(token);
//! # Ok(()) }
//! ```

use crate::error::Error;
#[cfg(feature = "std")]
use crate::flow::{self, Flow};
#[cfg(feature = "std")]
use crate::net::http::Http;
#[cfg(feature = "std")]
use crate::secret::AfterRefusal;
use crate::secret::{Deadline, SecretSource, check_text};
use crate::wire::request::{Method, Request};
use crate::wire::response::Response;
use crate::wire::token::Token;
use crate::wire::token_answer::AnswerReader;
use crate::wire::url::Url;
use alloc::string::String;
use core::fmt;
use core::time::Duration;
#[cfg(feature = "std")]
use std::time::Instant;

/// The configuration of the flow: the server, the user name, and the password or its source.
#[must_use]
pub struct Config {
    token_url: Url,
    username: String,
    password: SecretSource,
    separator: char,
    timeout: Duration,
}

impl Config {
    /// Makes a configuration from any URL of the project, of which scheme, host and port are used. A fixed password
    /// stays in memory as long as this value does; [`SecretSource::from_fn`] is called each time a token is needed, and
    /// its time counts towards the timeout, which is 10 s.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a URL that [`Url::parse`] refuses, and for a user name or
    /// password that is empty or has a control character or a byte order mark.
    pub fn new(
        url: &str,
        username: impl Into<String>,
        password: impl Into<SecretSource>,
    ) -> Result<Config, Error> {
        let (username, password) = (username.into(), password.into());
        check_text("the user name", &username)?;
        password.check(PASSWORD)?;
        let token_url = Url::parse("the Accelerator URL", url)?.at_path("/api/v3/token");
        let timeout = super::DEFAULT_TIMEOUT;
        Ok(Config { token_url, username, password, separator: ':', timeout })
    }

    /// Joins type and token with a space, `Bearer <jwt>`, as [RFC 6750 section
    /// 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1) says, instead of the vendor's colon.
    pub fn with_rfc6750_header(mut self) -> Config {
        self.separator = ' ';
        self
    }

    /// Replaces the password: the C library has it after the other settings.
    #[doc(hidden)]
    pub fn with_password(mut self, password: impl Into<SecretSource>) -> Result<Config, Error> {
        self.password = password.into();
        self.password.check(PASSWORD)?;
        Ok(self)
    }

    /// Sets the time limit for a whole call, a day at most. A function that supplies the password is not interrupted.
    pub fn with_timeout(mut self, timeout: Duration) -> Config {
        self.timeout = timeout;
        self
    }

    /// The time limit for a whole call.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Builds the token request. Calls the function that supplies the password, if there is one.
    ///
    /// # Errors
    /// Those of the function or file; [`Kind::Config`](crate::Kind::Config) if it supplied an empty password.
    pub fn request(&self) -> Result<Request, Error> {
        self.request_before(None)
    }

    fn request_before(&self, deadline: Deadline) -> Result<Request, Error> {
        let password = self.password.supply(PASSWORD, deadline)?;
        let mut request = Request::for_token(Method::Post, self.token_url.clone())
            .with_form(&[("username", &self.username), ("password", &password)]);
        request.note_outer_space(&self.username);
        Ok(request.with_secret(&*password))
    }

    /// Reads the answer to [`request`](Self::request).
    ///
    /// # Errors
    /// [`Kind::Refused`](crate::Kind::Refused) and [`Kind::Unavailable`](crate::Kind::Unavailable) for a status other
    /// than 2xx or an `error`; [`Kind::Malformed`](crate::Kind::Malformed) for an answer without a usable token.
    pub fn read_answer(&self, request: &Request, response: Response) -> Result<Token, Error> {
        let reader = AnswerReader {
            request,
            separator: self.separator,
            members: &[],
            advice: "check the user name and the password",
            has_options: false,
            makes_url: true,
            is_assertion: false,
        };
        reader.read_answer(response)
    }
}

const PASSWORD: &str = "the password";

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("token_url", &self.token_url)
            .field("username", &self.username)
            .field("password", &self.password)
            .finish_non_exhaustive()
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
        self.password.after_refusal()
    }

    fn allows_plain_http(&self) -> bool {
        !self.token_url.is_https()
    }
}

/// Gets a token with one request.
///
/// # Errors
/// Any [`Kind`](crate::Kind) but `Locator` and `Status`; none holds the password.
#[cfg(feature = "std")]
pub fn get_token(config: &Config) -> Result<Token, Error> {
    flow::get_token::<dyn Flow>(config, &Http::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    const PASSWORD: &str = "p=&+%#/?é Zq7";

    #[test]
    fn the_request_is_the_documented_one() {
        for url in ["http://h:6271/project?a=b", "http://h:6271"] {
            let request = Config::new(url, "rose", PASSWORD).unwrap().request().unwrap();
            assert_eq!(request.url().as_str(), "http://h:6271/api/v3/token");
            assert_eq!(request.method(), Method::Post);
            assert_eq!(
                request.body(),
                Some(&b"username=rose&password=p%3D%26%2B%25%23%2F%3F%C3%A9%20Zq7"[..])
            );
        }
        let request = Config::new("https://h/x", "rose", "p").unwrap().request().unwrap();
        assert_eq!(request.url().as_str(), "https://h/api/v3/token");
    }

    #[test]
    fn the_header_has_the_vendors_colon_unless_told_otherwise() {
        let config = || Config::new("http://h", "rose", PASSWORD).unwrap();
        for (config, expected) in
            [(config(), "Bearer:a.b.c"), (config().with_rfc6750_header(), "Bearer a.b.c")]
        {
            let answer = Response::new(200, r#"{"access_token":"a.b.c","token_type":"Bearer"}"#);
            let token = config.read_answer(&config.request().unwrap(), answer).unwrap();
            assert_eq!((token.authorization(), token.access_token()), (expected, "a.b.c"));
        }
    }

    #[test]
    fn a_password_sent_back_is_replaced_wherever_it_came_from() {
        let answer = || Response::new(401, alloc::format!("{{\"error\":\"no {PASSWORD}\"}}"));
        let asked = SecretSource::from_fn(|| Ok(PASSWORD.into()));
        for password in [asked, SecretSource::from(PASSWORD)] {
            let config = Config::new("http://h", "rose", password).unwrap();
            let error = config.read_answer(&config.request().unwrap(), answer()).unwrap_err();
            assert!(error.to_string().contains("no [redacted]"), "{error}");
        }
    }

    #[test]
    fn an_empty_user_name_or_password_is_refused_before_anything_is_sent() {
        assert!(Config::new("http://h", "", "p").is_err());
        assert!(Config::new("http://h", "rose", "").is_err());
        let asked = SecretSource::from_fn(|| Ok("".into()));
        assert!(Config::new("http://h", "rose", asked).unwrap().request().is_err());
    }

    #[test]
    fn a_function_that_fails_keeps_its_own_error() {
        let asked = SecretSource::from_fn(|| Err(Error::locator("the keyring is locked")));
        let error = Config::new("http://h", "rose", asked).unwrap().request().unwrap_err();
        assert_eq!(error.to_string(), "the keyring is locked");
        assert_eq!(error.kind(), crate::Kind::Locator);
    }
}
