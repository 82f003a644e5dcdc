//! One file per documented system, each two pure functions: one that builds the token request and one
//! that reads the answer. What stands between them is a [`Transport`](crate::Transport).

pub mod accelerator;
pub mod client_credentials;
pub mod jsa;

use core::time::Duration;

#[cfg(feature = "std")]
use crate::{
    error::Error,
    os::transport::Transport,
    wire::http::{Request, Response},
    wire::token::Token,
};
#[cfg(feature = "std")]
use std::time::Instant;

/// How long a whole call may take unless the caller says otherwise.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// A way to get a token.
///
/// The three flows of this crate implement it on their `Config`; a flow of your own does by building a
/// [`Request`] and reading the [`Response`] with [`Token::from_answer`]. A [`Session`](crate::Session) takes any.
#[cfg(feature = "std")]
pub trait Flow {
    /// How long one call of [`get_token`] may take as a whole.
    fn timeout(&self) -> Duration;

    /// Builds the token request. This may ask the operating system: where the service is, what the
    /// password is.
    ///
    /// # Errors
    /// Whatever stands in the way, [`Kind::Timeout`](crate::Kind::Timeout) if the deadline passes first.
    fn prepare(&self, deadline: Instant) -> Result<Request, Error>;

    /// Reads the answer to `request`.
    ///
    /// # Errors
    /// [`Kind::Refused`](crate::Kind::Refused) and [`Kind::Malformed`](crate::Kind::Malformed).
    fn read(&self, request: &Request, response: Response) -> Result<Token, Error>;
}

/// Gets a token by any flow over any transport, with one request and within the flow's timeout.
///
/// # Errors
/// Those of the flow and of the transport. None of them holds a secret.
#[cfg(feature = "std")]
pub fn get_token<F: Flow + ?Sized>(flow: &F, transport: &dyn Transport) -> Result<Token, Error> {
    get_token_by(flow, transport, deadline_after(flow.timeout()))
}

#[cfg(feature = "std")]
pub(crate) fn get_token_by<F: Flow + ?Sized>(
    flow: &F,
    transport: &dyn Transport,
    deadline: Instant,
) -> Result<Token, Error> {
    let request = flow.prepare(deadline)?;
    let response = transport.send(&request, deadline)?;
    flow.read(&request, response)
}

/// A deadline that long from now. A timeout longer than a day is taken for a day: `Instant` has an end.
#[cfg(feature = "std")]
pub(crate) fn deadline_after(timeout: Duration) -> Instant {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    Instant::now() + timeout.min(DAY)
}
