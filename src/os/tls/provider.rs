//! Whose cryptography TLS uses: that of the program, if it has installed a provider, or else ring's.

use super::plaintext::collecting;
#[cfg(feature = "tls-ring")]
use super::ring::own;
use crate::error::Error;
use alloc::sync::Arc;
use rustls::crypto::CryptoProvider;
use std::sync::OnceLock;

/// The process's provider, which is left alone, or one for this crate only; either collects what it decrypts.
pub(super) fn current() -> Result<Arc<CryptoProvider>, Error> {
    static INSTALLED: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    match CryptoProvider::get_default() {
        Some(installed) => Ok(INSTALLED.get_or_init(|| Arc::new(collecting(installed))).clone()),
        None => own(),
    }
}

#[cfg(not(feature = "tls-ring"))]
fn own() -> Result<Arc<CryptoProvider>, Error> {
    Err(Error::config(
        "TLS has no provider of cryptography: install one at the start of the program (rustls::crypto::CryptoProvider::install_default), or build minbearer with its feature `tls`",
    ))
}
