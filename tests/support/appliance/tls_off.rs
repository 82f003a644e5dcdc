//! Replaces `tls.rs` in a build without the feature `tls`.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::http::Stream;
use super::listener::Connection;

/// Never constructed.
pub enum Tls {}

impl Tls {
    pub fn new(_folder: &Path) -> io::Result<Self> {
        Err(io::Error::new(
            ErrorKind::Unsupported,
            "this build has no TLS: it needs the feature tls",
        ))
    }

    pub fn ca_file(&self) -> &Path {
        match *self {}
    }

    pub fn client_certificate_file(&self) -> &Path {
        match *self {}
    }

    pub fn client_key_file(&self) -> &Path {
        match *self {}
    }

    pub fn serve(
        &self,
        _connection: &mut Connection,
        _exchange: impl FnOnce(&mut dyn Stream, bool) -> io::Result<()>,
    ) -> io::Result<()> {
        match *self {}
    }
}
