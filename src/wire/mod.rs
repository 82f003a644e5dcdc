//! Bytes in, values out: no I/O, no clock, no environment.

pub(crate) mod basic;
pub(crate) mod challenge;
mod error_code;
pub(crate) mod form;
pub(crate) mod headers;
pub(crate) mod incoming;
pub(crate) mod json;
mod jwt;
pub(crate) mod not_json;
pub(crate) mod redact;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod retry_after;
pub(crate) mod time;
pub(crate) mod token;
pub(crate) mod token_answer;
pub(crate) mod url;
mod words;
