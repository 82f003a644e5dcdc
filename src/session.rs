//! A session: a token that renews itself.

pub mod schedule;

#[cfg(feature = "std")]
mod cached;
#[cfg(feature = "minreq")]
mod minreq;
#[cfg(feature = "std")]
mod rejection;
#[cfg(feature = "std")]
mod renewing;

#[cfg(feature = "std")]
pub use renewing::Session;
