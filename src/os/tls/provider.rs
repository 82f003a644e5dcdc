//! Whose cryptography TLS uses: that of the program, if it has installed a provider, or else ring's.

use super::plaintext::collecting;
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

/// ring's, less what no server needs and what would be linked for nothing: ChaCha20-Poly1305 and key exchange on P-384,
/// which servers have beside AES-GCM and X25519 or P-256, and signing, which only a client certificate needs
/// ([`client_certificate`](super::client_certificate) brings it).
#[cfg(feature = "tls-ring")]
fn own() -> Result<Arc<CryptoProvider>, Error> {
    use alloc::vec;
    use rustls::crypto::ring::{cipher_suite, default_provider, kx_group};

    static OWN: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let provider = OWN.get_or_init(|| {
        let whole = default_provider();
        Arc::new(collecting(&CryptoProvider {
            cipher_suites: vec![
                cipher_suite::TLS13_AES_128_GCM_SHA256,
                cipher_suite::TLS13_AES_256_GCM_SHA384,
                #[cfg(feature = "tls12")]
                cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                #[cfg(feature = "tls12")]
                cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                #[cfg(feature = "tls12")]
                cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                #[cfg(feature = "tls12")]
                cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            ],
            kx_groups: vec![kx_group::X25519, kx_group::SECP256R1],
            signature_verification_algorithms: whole.signature_verification_algorithms,
            secure_random: whole.secure_random,
            key_provider: &NoKeys,
        }))
    });
    Ok(provider.clone())
}

#[cfg(not(feature = "tls-ring"))]
fn own() -> Result<Arc<CryptoProvider>, Error> {
    Err(Error::config(
        "TLS has no provider of cryptography: install one at the start of the program (rustls::crypto::CryptoProvider::install_default), or build minbearer with its feature `tls`",
    ))
}

#[cfg(feature = "tls-ring")]
#[derive(Debug)]
struct NoKeys;

#[cfg(feature = "tls-ring")]
impl rustls::crypto::KeyProvider for NoKeys {
    fn load_private_key(
        &self,
        _: rustls::pki_types::PrivateKeyDer<'static>,
    ) -> Result<Arc<dyn rustls::sign::SigningKey>, rustls::Error> {
        Err(rustls::Error::General("no private key is read here".into()))
    }
}
