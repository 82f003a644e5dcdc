//! What needs an operating system.

pub(crate) mod env;
pub(crate) mod locator;
#[cfg(feature = "prompt")]
pub mod prompt;
pub(crate) mod transport;
