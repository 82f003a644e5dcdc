//! Tests that measure memory or time, and so run one at a time, by themselves.

#[path = "../../../tests/support/mod.rs"]
mod support;

mod day;
mod memory_bounds;

static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
