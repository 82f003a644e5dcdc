//! The transport trait.

use crate::error::Error;
use crate::wire::request::Request;
use crate::wire::response::Response;
use alloc::boxed::Box;
use alloc::sync::Arc;
use std::time::Instant;

/// Sends a request to a server and returns its answer.
///
/// [`Http`](crate::Http) is the built-in implementation. Write another for a TLS stack of your own, or for a
/// test that needs no socket:
///
/// ```
/// use minbearer::{Error, Request, Response, Transport, jsa};
/// use std::time::Instant;
///
/// struct Canned(&'static str);
///
/// impl Transport for Canned {
///     fn send(&self, request: &Request, _: Instant) -> Result<Response, Error> {
///         assert_eq!(request.url().host(), "qoauth");
///         Ok(Response::new(200, self.0))
///     }
/// }
///
/// # fn main() -> Result<(), Error> {
/// let config = jsa::Config::new("id", "secret")?
///     .with_qoauth_url("http://qoauth:8080")?;
/// let transport = Canned(r#"{"access_token": "abc"}"#);
/// let token = minbearer::get_token(&config, &transport)?;
/// assert_eq!(token.authorization(), "Bearer abc");
/// # Ok(()) }
/// ```
///
/// The next example uses [ureq](https://docs.rs/ureq) 3 with its feature `rustls-no-provider`, and rustls with its feature
/// `ring`. The CA is given in code: it needs no file, no environment variable, and not the feature `tls`.
///
#[cfg_attr(feature = "tls", doc = "```no_run")]
#[cfg_attr(not(feature = "tls"), doc = "```text")]
#[doc = include_str!("../../examples/support/own_transport.rs")]
/// ```
///
/// `minbearer::get_token(&config, &Ureq::trusting(ca_pem)?)` then gets a token from an `https` URL by any of the flows, and
/// `Ureq::through` does so through a SOCKS proxy or another that `Http::with_proxy` does not know.
/// `tests/servers/own_transport.rs` runs it. The copies that ureq makes of what is sent and received are not wiped: see
/// [A secret is never left behind](crate#a-secret-is-never-left-behind).
pub trait Transport: Send + Sync {
    /// Sends `request` once and reads the complete answer.
    ///
    /// An implementation returns by `deadline`, reads no more than
    /// [`max_answer_bytes`](Request::max_answer_bytes) of the body, follows no redirect, retries nothing and
    /// returns the answer whatever its status code is. It keeps no copy of URL, header fields and body, which hold
    /// secrets, and puts none of them into an error: [`Url::origin`](crate::Url::origin) is what may be shown.
    ///
    /// # Errors
    /// [`Error::timeout`] when the deadline has passed; [`Error::network`] when there was no connection or no
    /// complete HTTP answer; [`Error::malformed`] for a 2xx answer that is too large.
    fn send(&self, request: &Request, deadline: Instant) -> Result<Response, Error>;
}

macro_rules! forward {
    ($($to:ty),*) => {$(
        impl<T: Transport + ?Sized> Transport for $to {
            fn send(&self, request: &Request, deadline: Instant) -> Result<Response, Error> {
                (**self).send(request, deadline)
            }
        }
    )*};
}

forward!(&T, Box<T>, Arc<T>);
