//! What needs an operating system.

mod deadline;
pub(crate) mod env;
pub(crate) mod http;
pub(crate) mod locator;
#[cfg(feature = "minreq")]
pub(crate) mod minreq;
#[cfg(feature = "prompt")]
pub mod prompt;
mod socket;
pub(crate) mod transport;

#[cfg_attr(not(feature = "tls-no-provider"), path = "tls_off.rs")]
mod tls;
