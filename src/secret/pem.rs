//! Private keys in PEM ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)), decoded here so that every buffer is wiped.

use crate::error::Error;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// A private key as DER.
pub(crate) enum KeyDer {
    /// [RFC 5958](https://www.rfc-editor.org/rfc/rfc5958)
    Pkcs8(Zeroizing<Vec<u8>>),
    /// An RSA key of [RFC 8017 appendix A.1.2](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2).
    Pkcs1(Zeroizing<Vec<u8>>),
}

/// The first key in a PEM text, whose name and whose supported kinds an error gives. SEC1 is returned as PKCS #8.
pub(crate) fn read_key(name: &str, pem: &[u8], supported: &str) -> Result<KeyDer, Error> {
    let wrong = |what: &str| Error::config(format!("{name} {what}"));
    let text = core::str::from_utf8(pem).map_err(|_| wrong("is not PEM"))?;
    if text.trim_ascii().is_empty() {
        return Err(wrong("is empty"));
    }
    if text.contains("ENCRYPTED") {
        return Err(wrong("is encrypted; decrypt it: openssl pkey -in FILE -out PLAIN"));
    }
    if let Some(der) = section(text, "PRIVATE KEY").map_err(wrong)? {
        return Ok(KeyDer::Pkcs8(der));
    }
    if let Some(der) = section(text, "RSA PRIVATE KEY").map_err(wrong)? {
        return Ok(KeyDer::Pkcs1(der));
    }
    if let Some(der) = section(text, "EC PRIVATE KEY").map_err(wrong)? {
        let pkcs8 = sec1_in_pkcs8(&der);
        return pkcs8
            .map(KeyDer::Pkcs8)
            .ok_or_else(|| wrong(&format!("cannot be used: {supported}")));
    }
    Err(wrong("holds no private key in PEM (-----BEGIN PRIVATE KEY-----)"))
}

/// The first section of that label, or what is wrong with it.
pub(crate) fn section(text: &str, label: &str) -> Result<Option<Zeroizing<Vec<u8>>>, &'static str> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let Some((_, rest)) = text.split_once(begin.as_str()) else { return Ok(None) };
    let (body, _) = rest.split_once(end.as_str()).ok_or("is cut short")?;
    let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
    base64.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let mut der = Zeroizing::new(vec![0; base64.len() / 4 * 3 + 3]);
    let base64 = core::str::from_utf8(&base64).unwrap_or_default();
    let len = Base64::decode(base64, &mut der).map_err(|_| "is not base64")?.len();
    der.truncate(len);
    Ok(Some(der))
}

/// SEC1 (RFC 5915) as PKCS #8 (RFC 5208 section 5). rustls can do this too, in buffers that it does not wipe.
///
/// ```text
/// SEQUENCE │ INTEGER 0 │ SEQUENCE { id-ecPublicKey, curve } │ OCTET STRING { SEC1 }
/// ```
fn sec1_in_pkcs8(sec1: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
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
    let mut pkcs8 = Zeroizing::new(Vec::with_capacity(3 + usize::from(whole)));
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
    Some(pkcs8)
}
