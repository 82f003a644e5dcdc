//! The header's types for the calls without a network.

use core::ffi::{c_char, c_int, c_void};

/// `minbearer_action`
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Use = 1,
    Ask = 2,
    Wait = 3,
}

/// `minbearer_step`
#[repr(C)]
pub struct Step {
    pub(crate) action: Action,
    pub(crate) has_token: c_int,
    pub(crate) until: u64,
}

/// `minbearer_bytes`
#[repr(C)]
pub struct Bytes {
    pub(crate) bytes: *const c_void,
    pub(crate) size: usize,
}

/// `minbearer_target`
#[repr(C)]
pub struct Target {
    pub(crate) host: *const c_char,
    pub(crate) port: u16,
    pub(crate) tls: c_int,
    pub(crate) milliseconds: u32,
}
