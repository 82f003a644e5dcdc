//! The flows, one file per documented system. Each is two pure functions: one builds the token request, one
//! reads the answer. A [`Transport`](crate::Transport) moves the bytes between them.

pub mod accelerator;
pub mod client_credentials;
#[cfg(feature = "std")]
mod get_token;
pub mod jsa;

use core::time::Duration;

/// The time limit for a whole call unless the caller sets another.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(feature = "std")]
pub use get_token::{Flow, get_token};
#[cfg(feature = "std")]
pub(crate) use get_token::{check_time_left, deadline_after, get_token_before};
