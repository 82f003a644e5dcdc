//! A session: a token that renews itself.

#[cfg(feature = "std")]
mod cached;
#[cfg(feature = "std")]
mod failed;
#[cfg(feature = "std")]
mod rejection;
#[cfg(feature = "std")]
mod renewing;

// Last, since rustdoc lists the methods in the order of the modules.
#[cfg(feature = "minreq")]
mod minreq;

#[cfg(feature = "std")]
pub use renewing::Session;
