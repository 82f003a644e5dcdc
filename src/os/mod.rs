//! What needs an operating system, but for the network.

pub(crate) mod clock;
pub(crate) mod deadline;
pub(crate) mod env;
pub(crate) mod files;
pub(crate) mod locator;
#[cfg(feature = "prompt")]
pub mod prompt;
pub(crate) mod random;
pub(crate) mod secret_file;
