//! One file per documented system, each two pure functions: one that builds the token request and one
//! that reads the answer. What stands between them is a [`Transport`](crate::Transport).

pub mod accelerator;
pub mod client_credentials;
pub mod jsa;

use core::time::Duration;

/// How long a whole call may take unless the caller says otherwise.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(feature = "std")]
pub use with_std::{Flow, get_token};
#[cfg(feature = "std")]
pub(crate) use with_std::{deadline_after, get_token_by};

#[cfg(feature = "std")]
mod with_std {
    use super::Duration;
    use crate::error::Error;
    use crate::os::transport::Transport;
    use crate::wire::request::Request;
    use crate::wire::response::Response;
    use crate::wire::token::Token;
    use alloc::boxed::Box;
    use alloc::sync::Arc;
    use std::time::{Instant, SystemTime};

    /// A way to get a token.
    ///
    /// The three flows of this crate implement it on their `Config`. A flow of your own builds a [`Request`] and
    /// reads the [`Response`]; a [`Session`](crate::Session) takes any. Here is one that is not OAuth's: HashiCorp
    /// Vault's [AppRole](https://developer.hashicorp.com/vault/api-docs/auth/approle#login-with-approle) login, which
    /// takes JSON and answers with a token of its own kind.
    ///
    /// ```
    #[doc = include_str!("../../examples/support/vault_approle.rs")]
    /// ```
    ///
    /// `tests/own_flow.rs` runs it against a scripted server. For an OAuth answer,
    /// [`Token::from_answer`] does all that `read_answer` has to.
    pub trait Flow: Send + Sync {
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
        /// [`Kind::Refused`](crate::Kind::Refused), [`Kind::Unavailable`](crate::Kind::Unavailable) and
        /// [`Kind::Malformed`](crate::Kind::Malformed).
        fn read_answer(&self, request: &Request, response: Response) -> Result<Token, Error>;

        /// Whether someone supplies the secret for each request, who may do better after a refusal. A
        /// [`Session`](crate::Session) then asks again at the next call, without a pause.
        fn is_asked(&self) -> bool {
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

                fn is_asked(&self) -> bool {
                    (**self).is_asked()
                }
            }
        )*};
    }

    forward!(&F, Box<F>, Arc<F>);

    /// Gets a token by any flow over any transport, with one request and within the flow's timeout.
    ///
    /// # Errors
    /// Those of the flow and of the transport. None of them holds a secret.
    pub fn get_token<F: Flow + ?Sized>(
        flow: &F,
        transport: &dyn Transport,
    ) -> Result<Token, Error> {
        get_token_by(&flow, transport, deadline_after(flow.timeout()))
    }

    pub(crate) fn get_token_by(
        flow: &dyn Flow,
        transport: &dyn Transport,
        deadline: Instant,
    ) -> Result<Token, Error> {
        let request = flow.prepare(deadline)?;
        let mut response = transport.send(&request, deadline)?;
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // Rounded up: what is left of a token's life must not come out longer than it is.
        response.received_at = since_1970.ok().map(|since| since.as_secs() + 1);
        flow.read_answer(&request, response)
    }

    /// A deadline that long from now. A timeout longer than a day is taken for a day: `Instant` has an end.
    pub(crate) fn deadline_after(timeout: Duration) -> Instant {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Instant::now() + timeout.min(DAY)
    }
}
