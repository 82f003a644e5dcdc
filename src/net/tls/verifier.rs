//! Verifies a server's certificate by rustls's own checks, with a better error for unsupported keys.
//!
//! The checks are those of rustls's `WebPkiServerVerifier`, in its order. That verifier would link 16 KB more, for
//! revocation lists, of which none is ever read here.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

/// A key of a type that is not supported.
#[derive(Debug)]
pub(super) struct UnsupportedKey {
    whose: &'static str,
    kind: &'static str,
}

impl UnsupportedKey {
    /// Looks at a DER SubjectPublicKeyInfo, with or without its outer header.
    fn find(whose: &'static str, key: &[u8]) -> Option<UnsupportedKey> {
        const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
        const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
        /// The length with 2048 bits and the exponent 3; with 65537 it is two more.
        const MIN_RSA_BYTES: usize = 288;
        let has = |oid: &[u8]| contains(key.get(..40).unwrap_or(key), oid);
        if has(RSA) && key.len() < MIN_RSA_BYTES {
            Some(UnsupportedKey { whose, kind: "an RSA key of less than 2048 bits" })
        } else if has(P521) {
            Some(UnsupportedKey { whose, kind: "a P-521 key" })
        } else {
            None
        }
    }
}

impl fmt::Display for UnsupportedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnsupportedKey { whose, kind } = self;
        write!(f, "{whose} has {kind}")
    }
}

impl core::error::Error for UnsupportedKey {}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len().max(1)).any(|at| at == part)
}

/// Verifies as rustls does. A wrong signature is also reported for an unsupported key, so the keys are then looked at.
pub(super) struct Verifier {
    roots: Arc<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// rustls requires this. It prints no fields, so that no code for that is linked.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

impl Verifier {
    pub(super) fn new(provider: &CryptoProvider, roots: Arc<RootCertStore>) -> Verifier {
        Verifier { roots, algorithms: provider.signature_verification_algorithms }
    }

    fn explain(&self, error: Error, certificates: &[&CertificateDer<'_>]) -> Error {
        let is_about_a_key = matches!(
            error,
            Error::InvalidCertificate(
                CertificateError::BadSignature
                    | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
                    | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            )
        );
        if !is_about_a_key {
            return error;
        }
        match self.unsupported_key(certificates) {
            Some(key) => CertificateError::Other(OtherError(Arc::new(key))).into(),
            None => error,
        }
    }

    /// Finds an unsupported key. The server's certificate is the first.
    fn unsupported_key(&self, certificates: &[&CertificateDer<'_>]) -> Option<UnsupportedKey> {
        let sent = certificates.iter().enumerate().find_map(|(at, certificate)| {
            let whose = if at == 0 { "the server's certificate" } else { "an intermediate CA" };
            let parsed = ParsedCertificate::try_from(*certificate).ok()?;
            UnsupportedKey::find(whose, &parsed.subject_public_key_info())
        });
        // The issuer's name is somewhere in the certificate that it signed.
        let is_named = |root: &&TrustAnchor<'_>| {
            certificates.iter().any(|certificate| contains(certificate, &root.subject))
        };
        sent.or_else(|| {
            let mut named = self.roots.roots.iter().filter(is_named);
            named.find_map(|root| {
                UnsupportedKey::find("a trusted CA", &root.subject_public_key_info)
            })
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.roots,
            intermediates,
            now,
            self.algorithms.all,
        )
        .map_err(|error| {
            let certificates: Vec<_> = core::iter::once(end_entity).chain(intermediates).collect();
            self.explain(error, &certificates)
        })?;
        verify_server_name(&certificate, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
            .map_err(|error| self.explain(error, &[certificate]))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
            .map_err(|error| self.explain(error, &[certificate]))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;

    /// The start and the length of a SubjectPublicKeyInfo: openssl pkey -pubout -outform DER, less the outer header.
    #[test]
    fn an_unsupported_key_is_detected_by_its_start() {
        const RSA: &[u8] =
            &[0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0, 3];
        const P256: &[u8] = &[
            0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce,
            0x3d, 3, 1, 7, 3,
        ];
        const P521: &[u8] = &[
            0x30, 0x10, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x23, 3,
        ];
        let weak = Some("it has an RSA key of less than 2048 bits");
        for (start, len, expected) in [
            (RSA, 159, weak),
            (RSA, 162, weak),
            (RSA, 282, weak), // 1984 bits
            (RSA, 290, None), // 2048 bits
            (RSA, 546, None),
            (P256, 89, None),
            (P521, 155, Some("it has a P-521 key")),
            (&[], 0, None),
        ] {
            let mut key = vec![0xff; len];
            key.get_mut(..start.len()).unwrap().copy_from_slice(start);
            let found = UnsupportedKey::find("it", &key).map(|key| key.to_string());
            assert_eq!(found.as_deref(), expected, "{len}");
        }
    }
}
