//! The flows, a file or a folder per documented system. Each is two functions without a network: one builds the token
//! request, for which it may read the secret's file, and one reads the answer. A [`Transport`](crate::Transport) moves the
//! bytes between them.

pub mod accelerator;
pub mod client_credentials;
#[cfg(feature = "std")]
mod exchange;
pub mod jsa;

use core::time::Duration;

/// The time limit for a whole call unless the caller sets another.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(feature = "std")]
pub use exchange::{Flow, get_token};
#[cfg(feature = "std")]
pub(crate) use exchange::{check_time_left, get_token_before};
