//! A flow over a transport: the trait, and the one request that gets a token.

use crate::error::Error;
use crate::net::transport::Transport;
use crate::os::clock::since_1970;
use crate::os::deadline::deadline_after;
use crate::secret::AfterRefusal;
use crate::wire::request::Request;
use crate::wire::response::Response;
use crate::wire::token::Token;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::time::Duration;
use std::time::Instant;

/// A way to get a token: builds the token request and reads its answer.
///
/// The three flows of this crate implement it on their `Config`. A flow of your own builds a [`Request`] and
/// reads the [`Response`]; a [`Session`](crate::Session) works with any flow. This example is not OAuth: it is the
/// [AppRole](https://developer.hashicorp.com/vault/api-docs/auth/approle#login-with-approle) login of HashiCorp
/// Vault, which takes JSON and answers with JSON of its own.
///
/// ```
#[doc = include_str!("../../examples/support/vault_approle.rs")]
/// ```
///
/// `tests/it/own_flow.rs` runs it against a scripted server. For an OAuth answer, `read_answer` can call
/// [`Token::from_answer`] and do nothing else.
pub trait Flow: Send + Sync {
    /// The time limit for one call of [`get_token`] as a whole.
    fn timeout(&self) -> Duration;

    /// Builds the token request. This may ask the operating system for the address of the service or the
    /// password.
    ///
    /// # Errors
    /// Of any kind; [`Kind::Timeout`](crate::Kind::Timeout) if the deadline passes first.
    fn prepare(&self, deadline: Instant) -> Result<Request, Error>;

    /// Reads the answer to `request`.
    ///
    /// # Errors
    /// [`Kind::Refused`](crate::Kind::Refused), [`Kind::Unavailable`](crate::Kind::Unavailable) and
    /// [`Kind::Malformed`](crate::Kind::Malformed).
    fn read_answer(&self, request: &Request, response: Response) -> Result<Token, Error>;

    /// Whether another request soon after a refusal can end otherwise. A [`Session`](crate::Session) asks this after a
    /// request that failed, and in the pause after a refusal once a second at most; without a lock.
    fn after_refusal(&self) -> AfterRefusal {
        AfterRefusal::Pause
    }

    /// Whether [`Session::send`](crate::Session::send) may send a token of this flow over plain `http` beyond
    /// loopback, without [`Request::with_plain_http`]: the flows of this crate say so if their own URL is plain.
    fn allows_plain_http(&self) -> bool {
        false
    }
}

macro_rules! forward {
    ($($to:ty),*) => {$(
        impl<F: Flow + ?Sized> Flow for $to {
            fn timeout(&self) -> Duration {
                (**self).timeout()
            }

            fn prepare(&self, deadline: Instant) -> Result<Request, Error> {
                (**self).prepare(deadline)
            }

            fn read_answer(&self, request: &Request, response: Response) -> Result<Token, Error> {
                (**self).read_answer(request, response)
            }

            fn after_refusal(&self) -> AfterRefusal {
                (**self).after_refusal()
            }

            fn allows_plain_http(&self) -> bool {
                (**self).allows_plain_http()
            }
        }
    )*};
}

forward!(&F, Box<F>, Arc<F>);

/// Gets a token by any flow over any transport.
///
/// It takes no longer than the flow's timeout, and sends [one request](crate#one-request-per-get_token).
///
/// # Errors
/// Those of the flow and of the transport. None of them holds a secret.
pub fn get_token<F: Flow + ?Sized>(flow: &F, transport: &dyn Transport) -> Result<Token, Error> {
    get_token_before(&flow, transport, deadline_after(flow.timeout()), &mut |_, _| {})
}

/// `answered` is shown the request and its token.
pub(crate) fn get_token_before(
    flow: &dyn Flow,
    transport: &dyn Transport,
    deadline: Instant,
    answered: &mut dyn FnMut(&Request, &Token),
) -> Result<Token, Error> {
    exchange(flow, transport, deadline, answered).map_err(Error::of_token_request)
}

fn exchange(
    flow: &dyn Flow,
    transport: &dyn Transport,
    deadline: Instant,
    answered: &mut dyn FnMut(&Request, &Token),
) -> Result<Token, Error> {
    let request = flow.prepare(deadline)?;
    check_time_left(deadline)?;
    let mut response = transport.send(&request, deadline)?;
    // Rounded up, so that the remaining lifetime of a token is never overestimated.
    response.received_at = since_1970().map(|since| since.as_secs() + 1);
    let token = flow.read_answer(&request, response)?;
    answered(&request, &token);
    Ok(token)
}

/// Supplying a secret may have taken all the time: a person may have been asked.
pub(crate) fn check_time_left(deadline: Instant) -> Result<(), Error> {
    if Instant::now() < deadline {
        return Ok(());
    }
    Err(Error::timeout(
        "no time was left for the request: the time to supply the secret and to find the port counts too; set a longer timeout",
    ))
}
