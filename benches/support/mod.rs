//! `tests/support/` for the benchmarks.

#[path = "../../tests/support/mod.rs"]
mod shared;
pub use shared::*;
