//! rustls's own verifier of certificates, with a better word for keys that it does not take.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Starts the text of an error that names a key.
pub(super) const WEAK_KEY: &str = "unsupported key: ";

/// Asks `web_pki`, and adds nothing to what it takes. Where it finds a signature wrong, which it also says of one by
/// a key that it does not take, the keys are looked at.
pub(super) fn naming_weak_keys(
    web_pki: Arc<WebPkiServerVerifier>,
    roots: Arc<RootCertStore>,
) -> Arc<dyn ServerCertVerifier> {
    Arc::new(Verifier { web_pki, roots })
}

#[derive(Debug)]
struct Verifier {
    web_pki: Arc<WebPkiServerVerifier>,
    roots: Arc<RootCertStore>,
}

impl Verifier {
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
        let weak = |whose: &str, key: &[u8]| {
            weak_key(key).map(|kind| Error::General(format!("{WEAK_KEY}{whose} has {kind}")))
        };
        for (at, certificate) in certificates.iter().enumerate() {
            let whose = if at == 0 { "the server's certificate" } else { "an intermediate CA" };
            if let Ok(parsed) = ParsedCertificate::try_from(*certificate) {
                if let Some(named) = weak(whose, &parsed.subject_public_key_info()) {
                    return named;
                }
            }
        }
        // Which of the roots it was is not known: one of those that could not have verified anything.
        let mut keys = self.roots.roots.iter().map(|root| root.subject_public_key_info.as_ref());
        keys.find_map(|key| weak("a trusted CA", key)).unwrap_or(error)
    }
}

/// What is said of a key (a DER SubjectPublicKeyInfo, with or without its outer header) that ring verifies nothing by.
fn weak_key(key: &[u8]) -> Option<&'static str> {
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
    /// One of 2048 bits has 290.
    const MIN_RSA_BYTES: usize = 256 + 20;
    let has = |oid: &[u8]| key.get(..40).unwrap_or(key).windows(oid.len()).any(|at| at == oid);
    if has(RSA) && key.len() < MIN_RSA_BYTES {
        Some("an RSA key of less than 2048 bits")
    } else if has(P521) {
        Some("a P-521 key")
    } else {
        None
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.web_pki
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .map_err(|error| {
                let certificates: Vec<_> =
                    core::iter::once(end_entity).chain(intermediates).collect();
                self.explain(error, &certificates)
            })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.web_pki
            .verify_tls12_signature(message, certificate, signature)
            .map_err(|error| self.explain(error, &[certificate]))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.web_pki
            .verify_tls13_signature(message, certificate, signature)
            .map_err(|error| self.explain(error, &[certificate]))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.web_pki.supported_verify_schemes()
    }
}
