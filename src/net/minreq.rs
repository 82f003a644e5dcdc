//! [minreq](https://docs.rs/minreq) for a program's own API calls.

use crate::error::Error;
use crate::wire::token::Token;
use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write};
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;
use zeroize::Zeroizing;

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

/// Sends a request by minreq within the remaining time, or within its own timeout if that is shorter. A panic of minreq
/// is an error.
pub(crate) fn send_before(
    request: minreq::Request,
    token: &Token,
    deadline: Instant,
) -> Result<minreq::Response, Error> {
    let host = host(&request);
    let late = || {
        Error::timeout(format!(
            "the API call to {host} was not answered in time; is the server up, and can it be reached from here?"
        ))
    };
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(late());
    }
    let left = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    let timeout = own_timeout(&request, left);
    let (deadline, timeout) = match timeout {
        Some(seconds) => (Instant::now() + Duration::from_secs(seconds), seconds),
        // Without a timeout minreq would read MINREQ_TIMEOUT.
        None => (deadline, left),
    };
    let request = token.authorize(request).with_timeout(timeout);
    match catch_unwind(AssertUnwindSafe(|| request.send())) {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(_)) if Instant::now() >= deadline => Err(late()),
        Ok(Err(minreq::Error::IoError(error))) if is_timeout(&error) => Err(late()),
        Ok(Err(minreq::Error::HttpsFeatureNotEnabled)) => Err(Error::config(format!(
            "the API call to {host} was not sent: minreq needs its own feature `https` for an https URL"
        ))),
        Ok(Err(error)) => {
            Err(Error::network(format!("the API call to {host} failed: {error}"))
                .with_source(error))
        }
        Err(_) => Err(Error::network(format!(
            "the API call to {host} failed: minreq panicked; its answer's header fields are out of bounds, or no thread could be started"
        ))),
    }
}

/// The request's own timeout in seconds, if it is less than `below`. minreq does not tell it, but compares requests.
fn own_timeout(request: &minreq::Request, below: u64) -> Option<u64> {
    (1..below).find(|seconds| request.clone().with_timeout(*seconds) == *request)
}

/// The host that a request goes to. minreq shows its URL in `Debug` alone, right at the start:
///
/// ```text
/// Request { method: Get, url: "https://console/api?secret", params: …      ─►      console
/// ```
fn host(request: &minreq::Request) -> String {
    /// Takes the start of what is formatted, and ends the formatting.
    struct Start(Zeroizing<String>);

    impl fmt::Write for Start {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            const LONGEST: usize = 512;
            for character in text.chars() {
                if self.0.len() + character.len_utf8() > LONGEST {
                    return Err(fmt::Error);
                }
                self.0.push(character);
            }
            Ok(())
        }
    }

    let mut start = Start(Zeroizing::new(String::with_capacity(512)));
    let _ = write!(start, "{request:?}"); // it ends early
    let url = start.0.split_once("url: \"").and_then(|(_, rest)| rest.split_once("://"));
    let authority = url.and_then(|(_, rest)| rest.split(['/', '?', '#', '"', '\\']).next());
    let host = authority.map(|authority| authority.rsplit('@').next().unwrap_or_default());
    host.filter(|host| !host.is_empty()).map_or_else(|| String::from("the API"), String::from)
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock)
}
