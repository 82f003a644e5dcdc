//! Moves the bytes: the transport, and the exchange over std's sockets.

pub(crate) mod http;
#[cfg(feature = "minreq")]
pub(crate) mod minreq;
#[cfg(feature = "tls-no-provider")]
mod proxy;
mod socket;
pub(crate) mod transport;

#[cfg_attr(not(feature = "tls-no-provider"), path = "tls_off.rs")]
pub(crate) mod tls;
