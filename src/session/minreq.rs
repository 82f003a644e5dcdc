//! A session's API calls over [minreq](https://docs.rs/minreq).

use super::{Session, Verdict};
use crate::error::Error;
use crate::net::minreq::send_before;

impl Session {
    /// Sends a request as [`send`](Self::send) does, but by minreq, for calls that need what [`Http`](crate::Http) does
    /// not have: the system's TLS. The session's transport and proxy are not used. Redirects are off, since minreq 3.0.0 sends
    /// `Authorization` along to another origin. What is left of the flow's timeout counts, in whole seconds, rounded up, or the
    /// request's own timeout if that is shorter. A panic of minreq is returned as an error.
    ///
    /// The request must not have an `Authorization` header field: minreq would send both. It keeps copies of the token
    /// that are not wiped. Over plain `http` it is sent unprotected, to any host: minreq does not tell a request's URL, so
    /// this cannot refuse one as [`send`](Self::send) does.
    ///
    /// # Errors
    /// Those of [`token`](Self::token); [`Kind::Timeout`](crate::Kind::Timeout) if the deadline passed;
    /// [`Kind::Config`](crate::Kind::Config) for an `https` URL without minreq's feature `https`;
    /// [`Kind::Network`](crate::Kind::Network) for all else that minreq reports. Any status is an `Ok`.
    pub fn send_minreq(&self, request: minreq::Request) -> Result<minreq::Response, Error> {
        let deadline = self.deadline();
        let verdict = |outcome: &Result<minreq::Response, Error>| {
            Verdict::of_status(outcome.as_ref().ok().map(|response| response.status_code))
        };
        self.call_before(deadline, verdict, |token| send_before(request.clone(), token, deadline))?
    }
}
