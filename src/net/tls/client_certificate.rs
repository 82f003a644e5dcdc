//! The client's certificate and its key, from PEM ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)).

use super::certificate::Certificate;
use super::pem;
use crate::error::Error;
use crate::secret::pem::{KeyDer, read_key};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem::take;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{Error as TlsError, InconsistentKeys};
use zeroize::Zeroizing;

const SUPPORTED_KEYS: &str = "use RSA from 2048 bits, P-256, P-384 or Ed25519";

pub(super) fn parse(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, Error> {
    let certificates: Vec<_> = pem::certificates(chain).collect();
    if certificates.is_empty() {
        let what = pem::why_none(chain);
        return Err(Error::config(format!("the client certificate {what}")));
    }
    // The buffer goes from one type that wipes it to another.
    let key = match read_key("the client key", key, SUPPORTED_KEYS)? {
        KeyDer::Pkcs8(mut der) => PrivatePkcs8KeyDer::from(take(&mut *der)).into(),
        KeyDer::Pkcs1(mut der) => PrivatePkcs1KeyDer::from(take(&mut *der)).into(),
    };
    let key = load(&Zeroizing::new(key))?;
    let certified = CertifiedKey::new(certificates, key);
    match certified.keys_match() {
        Ok(()) | Err(TlsError::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(TlsError::InconsistentKeys(_)) => Err(Error::config(
            "the client key does not belong to the client certificate, which must come first in its file",
        )),
        Err(_) if version(&certified).is_some_and(|version| version < 3) => Err(Error::config(
            "the client certificate is not of X.509 version 3; have it issued again, with an extension, as openssl x509 -req -extfile does",
        )),
        Err(error) => Err(Error::config(format!("the client certificate cannot be used: {error}"))),
    }
}

fn version(certified: &CertifiedKey) -> Option<u8> {
    Some(Certificate::read(certified.cert.first()?)?.version)
}

/// Loads the key by the program's provider, or else by ring's signing code, which nothing else links.
fn load(key: &PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
    let loaded = match CryptoProvider::get_default() {
        Some(provider) => provider.key_provider.load_private_key(key.clone_key()),
        #[cfg(feature = "tls-ring")]
        None => rustls::crypto::ring::sign::any_supported_type(key),
        #[cfg(not(feature = "tls-ring"))]
        None => Err(TlsError::General("no provider of cryptography is installed".into())),
    };
    loaded.map_err(|error| {
        Error::config(format!("the client key cannot be used: {error}; {SUPPORTED_KEYS}"))
    })
}
