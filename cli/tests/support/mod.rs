//! `tests/support/` of the library for the tests of the program.

#[path = "../../../tests/support/mod.rs"]
mod shared;
pub use shared::*;
