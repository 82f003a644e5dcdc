//! Tests that measure memory or time, and so run one at a time, by themselves.

mod support;

mod alone {
    mod day;
    mod memory_bounds;
}

static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
