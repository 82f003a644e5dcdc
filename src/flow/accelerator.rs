//! Altair Accelerator: the `vovserver` REST API, version 3.
//!
//! User name and password are posted to `/api/v3/token`, and a JSON Web Token comes back, as the manual has it under
//! [REST API](https://2021.help.altair.com/2021.2/accelerator/html/bookshelf/topics/tutorials/rest_resource_paths.htm).
//! The vendor's client joins type and token with a colon, `Bearer:<jwt>`, and sends that as the `Authorization` value;
//! so does this flow, unless [`with_rfc6750_header`](Config::with_rfc6750_header) asks for the standard form.
//! There is no refresh token: when the token has expired, the password is needed again.
//!
//! ```no_run
//! # fn main() -> Result<(), minbearer::Error> {
//! use minbearer::accelerator;
//!
//! let config = accelerator::Config::new("http://host:6271/project", "rose", "password")?;
//! let token = accelerator::get_token(&config)?;
//! # Ok(()) }
//! ```

use crate::error::Error;
use crate::secret::Secret;
use crate::wire::form::{decode, encode_pairs};
use crate::wire::http::{Method, Request, Response};
use crate::wire::token::{Answer, Token};
use crate::wire::url::Url;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::time::Duration;
use zeroize::Zeroizing;

type AskPassword = Box<dyn Fn() -> Result<Secret, Error> + Send + Sync>;

enum Password {
    Known(Secret),
    Asked(AskPassword),
}

/// What the flow needs: the server, a user name and the password, or a function that supplies it.
pub struct Config {
    server: Url,
    username: String,
    password: Password,
    separator: char,
    timeout: Duration,
}

impl Config {
    /// Any URL of the project: its scheme, host and port are used. The password stays in memory as long as this
    /// value does. A call may take 10 s.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a URL that [`Url::parse`] refuses, and for an empty user
    /// name or password.
    pub fn new(
        url: &str,
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Result<Config, Error> {
        let password = password.into();
        check_password(&password)?;
        Config::build(url, username.into(), Password::Known(password))
    }

    /// As [`new`](Self::new), but the password is asked for each time a token is needed, and wiped
    /// once it was sent. Time that `ask` takes counts as part of the call.
    ///
    /// # Errors
    /// As for [`new`](Self::new); those of `ask` come out of `get_token`.
    pub fn from_fn(
        url: &str,
        username: impl Into<String>,
        ask: impl Fn() -> Result<Secret, Error> + Send + Sync + 'static,
    ) -> Result<Config, Error> {
        Config::build(url, username.into(), Password::Asked(Box::new(ask)))
    }

    fn build(url: &str, username: String, password: Password) -> Result<Config, Error> {
        if username.is_empty() {
            return Err(Error::config("the user name must not be empty"));
        }
        let server = Url::parse("the Accelerator URL", url)?.with_path("/api/v3/token");
        Ok(Config { server, username, password, separator: ':', timeout: super::DEFAULT_TIMEOUT })
    }

    /// Joins type and token with a space, `Bearer <jwt>`, as [RFC 6750 section
    /// 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1) has it, instead of the vendor's colon.
    pub fn with_rfc6750_header(mut self) -> Config {
        self.separator = ' ';
        self
    }

    /// How long a call may take as a whole, a day at most; a function that supplies the password is not cut short.
    pub fn with_timeout(mut self, timeout: Duration) -> Config {
        self.timeout = timeout;
        self
    }

    /// Builds the token request. Asks for the password where a function supplies it.
    ///
    /// # Errors
    /// Those of the function; [`Kind::Config`](crate::Kind::Config) if it supplied an empty password.
    pub fn request(&self) -> Result<Request, Error> {
        match &self.password {
            Password::Known(password) => Ok(self.request_with(password)),
            Password::Asked(ask) => {
                let password = ask()?;
                check_password(&password)?;
                Ok(self.request_with(&password))
            }
        }
    }

    fn request_with(&self, password: &Secret) -> Request {
        let form =
            encode_pairs("", &[("username", &self.username), ("password", password.expose())]);
        Request::for_token(Method::Post, self.server.with_path("/api/v3/token")).with_form(form)
    }

    /// Reads the answer to [`request`](Self::request).
    ///
    /// # Errors
    /// [`Kind::Refused`](crate::Kind::Refused) for a status other than 2xx or an `error`;
    /// [`Kind::Malformed`](crate::Kind::Malformed) for an answer without a usable token.
    pub fn read(&self, request: &Request, response: Response) -> Result<Token, Error> {
        // A password that a function supplied is kept nowhere but in the request's form.
        let password = match &self.password {
            Password::Known(password) => password,
            Password::Asked(_) => &Secret::from(sent_password(request)),
        };
        let answer = Answer {
            request,
            secrets: &[password.expose()],
            separator: self.separator,
            advice: "check the user name and the password",
        };
        answer.read(response)
    }
}

fn sent_password(request: &Request) -> Zeroizing<String> {
    let form = request.body().and_then(|body| core::str::from_utf8(body).ok()).unwrap_or_default();
    decode(form.rsplit('=').next().unwrap_or_default())
}

fn check_password(password: &Secret) -> Result<(), Error> {
    if password.is_empty() {
        return Err(Error::config("the password must not be empty"));
    }
    Ok(())
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("server", &self.server)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "std")]
mod with_std {
    use super::*;
    use crate::flow::{self, Flow};
    use crate::os::transport::Minreq;
    use std::time::Instant;

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
    /// Every [`Kind`](crate::Kind) but `Locator`; none holds the password.
    pub fn get_token(config: &Config) -> Result<Token, Error> {
        flow::get_token::<dyn Flow>(config, &Minreq)
    }
}

#[cfg(feature = "std")]
pub use with_std::get_token;

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
            let token = config.read(&config.request().unwrap(), answer).unwrap();
            assert_eq!((token.authorization(), token.access_token()), (expected, "a.b.c"));
        }
    }

    #[test]
    fn a_password_sent_back_is_replaced_wherever_it_came_from() {
        let answer = || Response::new(401, alloc::format!("{{\"error\":\"no {PASSWORD}\"}}"));
        let asked = Config::from_fn("http://h", "rose", || Ok(PASSWORD.into())).unwrap();
        for config in [asked, Config::new("http://h", "rose", PASSWORD).unwrap()] {
            let error = config.read(&config.request().unwrap(), answer()).unwrap_err();
            assert!(error.to_string().contains("no [redacted]"), "{error}");
        }
    }

    #[test]
    fn an_empty_user_name_or_password_is_refused_before_anything_is_sent() {
        assert!(Config::new("http://h", "", "p").is_err());
        assert!(Config::new("http://h", "rose", "").is_err());
        assert!(Config::from_fn("http://h", "rose", || Ok("".into())).unwrap().request().is_err());
    }
}
