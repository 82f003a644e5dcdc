//! Bytes in, values out: no I/O, no clock, no environment.

pub(crate) mod form;
pub(crate) mod http;
pub(crate) mod json;
pub(crate) mod jwt;
pub(crate) mod message;
pub(crate) mod redact;
pub(crate) mod token;
pub(crate) mod url;
