//! The provider of cryptography for TLS: the one that the program has installed, or else ring's.

use super::plaintext::collecting;
#[cfg(feature = "tls-ring")]
use super::ring::own;
use crate::error::Error;
use alloc::sync::Arc;
use rustls::crypto::CryptoProvider;
use std::sync::OnceLock;

/// The process's provider, or one for this crate only. Either collects what it decrypts; the process's is not changed.
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
