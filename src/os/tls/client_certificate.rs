//! The client's certificate and its key, from PEM ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)).

use super::words;
use crate::error::Error;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{Error as TlsError, InconsistentKeys};
use zeroize::Zeroizing;

pub(super) fn read(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, Error> {
    let certificates: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(chain).filter_map(Result::ok).collect();
    if certificates.is_empty() {
        return Err(Error::config(if chain.trim_ascii().is_empty() {
            "the client certificate is empty"
        } else {
            "the client certificate holds no PEM certificate (-----BEGIN CERTIFICATE-----)"
        }));
    }
    let key = load(&Zeroizing::new(read_key(key)?))?;
    let certified = CertifiedKey::new(certificates, key);
    match certified.keys_match() {
        Ok(()) | Err(TlsError::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(TlsError::InconsistentKeys(_)) => Err(Error::config(
            "the client key does not belong to the client certificate, which must come first in its file",
        )),
        Err(TlsError::InvalidCertificate(error)) if words::is_not_version_3(&error) => {
            Err(Error::config(
                "the client certificate is not of X.509 version 3; have it issued again, with an extension, as openssl x509 -req -extfile does",
            ))
        }
        Err(error) => Err(Error::config(format!("the client certificate cannot be used: {error}"))),
    }
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
        Error::config(format!(
            "the client key cannot be used: {error}; use RSA from 2048 bits, P-256, P-384 or Ed25519"
        ))
    })
}

/// The first key in a PEM text. It is decoded here so that every buffer is wiped.
fn read_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    type Make = fn(Vec<u8>) -> PrivateKeyDer<'static>;
    const KINDS: [(&str, Make); 3] = [
        ("PRIVATE KEY", |der| PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der))),
        ("RSA PRIVATE KEY", |der| PrivateKeyDer::Pkcs1(PrivatePkcs1KeyDer::from(der))),
        ("EC PRIVATE KEY", |der| PrivateKeyDer::Sec1(PrivateSec1KeyDer::from(der))),
    ];
    let wrong = |what: &str| Error::config(format!("the client key {what}"));
    let text = core::str::from_utf8(pem).map_err(|_| wrong("is not PEM"))?;
    if text.trim_ascii().is_empty() {
        return Err(wrong("is empty"));
    }
    if text.contains("ENCRYPTED") {
        return Err(wrong("is encrypted; decrypt it: openssl pkey -in FILE -out PLAIN"));
    }
    for (label, make) in KINDS {
        let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
        let Some((_, rest)) = text.split_once(begin.as_str()) else { continue };
        let (body, _) = rest.split_once(end.as_str()).ok_or_else(|| wrong("is cut short"))?;
        let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
        base64.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
        let mut der = Zeroizing::new(vec![0; base64.len() / 4 * 3 + 3]);
        let base64 = core::str::from_utf8(&base64).unwrap_or_default();
        let len = Base64::decode(base64, &mut der).map_err(|_| wrong("is not base64"))?.len();
        der.truncate(len);
        return Ok(make(core::mem::take(&mut *der)));
    }
    Err(wrong("holds no private key in PEM (-----BEGIN PRIVATE KEY-----)"))
}
