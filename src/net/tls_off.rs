//! Stands in for `tls/` if the feature is off.

use crate::error::Error;
use crate::wire::request::Request;
use crate::wire::url::Url;
use alloc::format;
use std::io::{Read, Write};
use std::time::Instant;

#[derive(Clone, Default)]
pub(crate) struct Tls;

/// The program was built without TLS.
pub(crate) struct Failure;

impl Tls {
    /// Fails, before a socket is opened.
    pub(crate) fn make_ready(&self, _: Instant) -> Result<(), Failure> {
        Err(Failure)
    }

    pub(crate) fn exchange(
        &self,
        _: &Url,
        _: &mut (impl Read + Write),
        _: &[u8],
        _: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Failure> {
        Err(Failure)
    }
}

impl Failure {
    pub(crate) fn is_timeout(&self) -> bool {
        false
    }

    pub(crate) fn is_truncation(&self) -> bool {
        false
    }

    pub(crate) fn describe(self, _: &str, request: &Request) -> Error {
        let origin = request.url().origin();
        Error::config(format!("{origin} needs TLS: build minbearer with its feature `tls`"))
    }
}
