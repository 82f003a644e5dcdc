//! [minreq](https://docs.rs/minreq) for a program's own API calls.

use crate::error::Error;
use crate::os::transport::Transport;
use crate::wire::request::{Method, Request};
use crate::wire::response::{Response, is_success};
use crate::wire::token::Token;
use alloc::format;
use alloc::vec::Vec;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

impl Token {
    /// Adds the `Authorization` header field to a request of [minreq](https://docs.rs/minreq), and turns redirects off:
    /// minreq 3.0.0 follows a hundred, and sends the field along to another origin.
    ///
    /// The request must not have that field: minreq cannot replace it, and would send both. To repeat a call, keep the
    /// request without it and authorize a clone. minreq keeps copies of the header that are not wiped.
    pub fn authorize(&self, request: minreq::Request) -> minreq::Request {
        request.with_header("Authorization", self.authorization()).with_follow_redirects(false)
    }
}

/// minreq as a [`Transport`], for a program that must send credentials through a proxy or with another TLS library.
///
/// **Other crates decide where the credentials go.** Cargo unifies features. If any crate of the program turns on
/// `minreq/proxy`, a proxy that the environment names receives the token request, over plain HTTP with the secret
/// in clear. `minreq/urlencoding` encodes a query twice. Which TLS library and which trust anchors are used depends on
/// all features that are on. [`Http`](crate::Http) has none of this.
///
/// Other differences of minreq 3.0.0 from `Http`: its timeout has whole seconds, rounded up here, and does not cover
/// the TLS handshake; a chunked body that is cut off looks complete; an answer's head has no reliable limit, and its
/// body is read whole before its size is checked; `[::1]` is not understood; and it keeps copies of URL, header fields
/// and body that are not wiped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Minreq;

impl Transport for Minreq {
    fn send(&self, request: &Request, deadline: Instant) -> Result<Response, Error> {
        let server = request.url().host_and_port();
        let method = match request.method() {
            Method::Get => minreq::Method::Get,
            Method::Post => minreq::Method::Post,
            Method::Put => minreq::Method::Put,
            Method::Patch => minreq::Method::Patch,
            Method::Delete => minreq::Method::Delete,
        };
        let mut outgoing = minreq::Request::new(method, request.url().as_str())
            .with_headers(request.headers())
            .with_follow_redirects(false);
        if let Some(body) = request.body() {
            outgoing = outgoing.with_body(body);
        }
        let answer = send_by(&server, outgoing, deadline)?;
        let status = answer.status_code;
        let headers = answer.headers.clone();
        let is_too_large = answer.as_bytes().len() > request.max_answer_bytes();
        if is_too_large && is_success(status) {
            return Err(Error::malformed(format!("the answer of {server} is too large")));
        }
        let body = if is_too_large { Vec::new() } else { answer.into_bytes() };
        let response = Response::new(status, body);
        Ok(headers
            .iter()
            .fold(response, |response, (name, value)| response.with_header(name, value)))
    }
}

/// Sends a request by minreq within the remaining time. A panic of minreq is an error.
pub(crate) fn send_by(
    server: &str,
    request: minreq::Request,
    deadline: Instant,
) -> Result<minreq::Response, Error> {
    let late = || {
        Error::timeout(format!(
            "the request to {server} was not answered in time; is the server up, and can it be reached from here?"
        ))
    };
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(late());
    }
    // Without a timeout minreq would read MINREQ_TIMEOUT.
    let request = request.with_timeout(left.as_secs() + u64::from(left.subsec_nanos() > 0));
    match catch_unwind(AssertUnwindSafe(|| request.send())) {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(_)) if Instant::now() >= deadline => Err(late()),
        Ok(Err(minreq::Error::IoError(error))) if is_timeout(&error) => Err(late()),
        Ok(Err(error)) => {
            Err(Error::network(format!("the request to {server} failed: {error}"))
                .with_source(error))
        }
        Err(_) => Err(Error::network(format!(
            "the request to {server} failed: minreq panicked; its answer's header fields are out of bounds, or no thread could be started"
        ))),
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock)
}
