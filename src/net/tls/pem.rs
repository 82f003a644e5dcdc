//! Certificates in PEM ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)), as editors and older versions of OpenSSL write it too.

use super::certificate::Certificate;
use alloc::vec;
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use rustls::pki_types::CertificateDer;

/// Some editors start a file with it, so that it is inside a text that was put together of several.
const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// The certificates in a PEM text, whatever else is in it. What is not base64 is left out.
pub(super) fn certificates(pem: &[u8]) -> impl Iterator<Item = CertificateDer<'static>> {
    let mut lines = lines(pem);
    // Of the certificate that a line is in.
    let mut base64 = None;
    core::iter::from_fn(move || {
        lines.find_map(|line| {
            match line {
                b"-----BEGIN CERTIFICATE-----" | b"-----BEGIN X509 CERTIFICATE-----" => {
                    base64 = Some(Vec::new());
                }
                _ if line.starts_with(b"-----") => {
                    let base64 = base64.take().filter(|_| line.starts_with(b"-----END "))?;
                    let mut der = vec![0; base64.len()];
                    // As a text it shares the decoder's code with other callers.
                    let base64 = core::str::from_utf8(&base64).ok()?;
                    let len = Base64::decode(base64, &mut der).ok()?.len();
                    der.truncate(len);
                    return Some(CertificateDer::from(der));
                }
                _ => base64.iter_mut().for_each(|base64| base64.extend_from_slice(line)),
            }
            None
        })
    })
}

/// What is wrong with a text in which there is no certificate.
pub(super) fn why_none(content: &[u8]) -> &'static str {
    if content.trim_ascii().is_empty() {
        "is empty"
    } else if Certificate::read(content).is_some() {
        "is a certificate in DER; convert it: openssl x509 -inform DER -in FILE"
    } else if content.starts_with(&[0xff, 0xfe]) || content.starts_with(&[0xfe, 0xff]) {
        "is UTF-16; save it as UTF-8"
    } else if lines(content).any(|line| line == b"-----BEGIN TRUSTED CERTIFICATE-----") {
        "holds a TRUSTED CERTIFICATE, which OpenSSL alone reads; convert it: openssl x509 -in FILE"
    } else {
        "holds no PEM certificate (-----BEGIN CERTIFICATE-----)"
    }
}

/// The lines of a text, without white space at their ends.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = text.split(|byte| matches!(byte, b'\n' | b'\r'));
    lines.map(|line| line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line).trim_ascii())
}
