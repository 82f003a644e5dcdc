//! The loopback appliance and what else the library's tests share.

#[path = "../../../tests/support/mod.rs"]
mod shared;
pub use shared::*;
