//! What needs an operating system.

pub(crate) mod env;
pub(crate) mod locator;
#[cfg(feature = "prompt")]
pub mod prompt;
#[cfg(feature = "tls-aws-lc")]
mod tls;
pub(crate) mod transport;
