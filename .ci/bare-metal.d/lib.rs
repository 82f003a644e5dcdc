//! The documentation's example of a device, as its firmware would have it.
#![no_std]

extern crate alloc;

include!("../../tests/support/bare_metal.rs");
