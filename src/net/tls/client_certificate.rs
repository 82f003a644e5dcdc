//! The client's certificate and its key, from PEM ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)).

use super::certificate::Certificate;
use crate::error::Error;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use core::mem::take;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{Error as TlsError, InconsistentKeys};
use zeroize::Zeroizing;

const SUPPORTED_KEYS: &str = "use RSA from 2048 bits, P-256, P-384 or Ed25519";

pub(super) fn parse(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, Error> {
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
        Err(_) if version(&certified) < Some(3) => Err(Error::config(
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

/// The first key in a PEM text. It is decoded here so that every buffer is wiped.
fn read_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    /// Wraps what was decoded.
    type Make = fn(&mut Vec<u8>) -> Option<PrivateKeyDer<'static>>;
    const KINDS: [(&str, Make); 3] = [
        ("PRIVATE KEY", |der| Some(PrivatePkcs8KeyDer::from(take(der)).into())),
        ("RSA PRIVATE KEY", |der| Some(PrivatePkcs1KeyDer::from(take(der)).into())),
        ("EC PRIVATE KEY", |der| Some(sec1_in_pkcs8(der)?.into())),
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
        return make(&mut der).ok_or_else(|| wrong(&format!("cannot be used: {SUPPORTED_KEYS}")));
    }
    Err(wrong("holds no private key in PEM (-----BEGIN PRIVATE KEY-----)"))
}

/// SEC1 (RFC 5915) as PKCS #8 (RFC 5208 section 5). rustls can do this too, in buffers that it does not wipe.
///
/// ```text
/// SEQUENCE │ INTEGER 0 │ SEQUENCE { id-ecPublicKey, curve } │ OCTET STRING { SEC1 }
/// ```
fn sec1_in_pkcs8(sec1: &[u8]) -> Option<PrivatePkcs8KeyDer<'static>> {
    const P256: &[u8] = &[
        0x02, 1, 0, 0x30, 19, 0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 0x06, 8, 0x2a, 0x86,
        0x48, 0xce, 0x3d, 3, 1, 7,
    ];
    const P384: &[u8] = &[
        0x02, 1, 0, 0x30, 16, 0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 0x06, 5, 0x2b, 0x81,
        0x04, 0, 0x22,
    ];
    // SEC1 may leave out its curve. It starts with the version, 1, and the scalar, whose length shows the curve.
    let start = sec1.iter().position(|byte| *byte == 0x02)?;
    let before = match sec1.get(start..start + 5)? {
        [0x02, 1, 1, 0x04, 32] => P256,
        [0x02, 1, 1, 0x04, 48] => P384,
        _ => return None,
    };
    // A length is one byte, or 0x81 and one byte.
    let len = u8::try_from(sec1.len()).ok()?;
    let whole = u8::try_from(before.len() + 3 + sec1.len()).ok()?;
    let mut pkcs8 = Vec::with_capacity(3 + usize::from(whole));
    let mut add = |tag: u8, len: u8, content: &[u8]| {
        pkcs8.push(tag);
        if len >= 0x80 {
            pkcs8.push(0x81);
        }
        pkcs8.push(len);
        pkcs8.extend_from_slice(content);
    };
    add(0x30, if len < 0x80 { whole - 1 } else { whole }, before);
    add(0x04, len, sec1);
    Some(PrivatePkcs8KeyDer::from(pkcs8))
}
