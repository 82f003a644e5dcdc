//! What `tests/support/` has, for the examples that run against the loopback appliance.

#[path = "../../tests/support/mod.rs"]
mod shared;
pub use shared::*;
