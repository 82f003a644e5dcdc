//! Verifies a server's certificate: by rustls's own checks, or, if it is itself trusted, by its name and dates.
//!
//! The checks of a chain are those of rustls's `WebPkiServerVerifier`, in its order. That verifier would link 16 KB more,
//! for revocation lists, of which none is ever read here.

use super::certificate::{Certificate, Key};
use super::failure::Rejected;
use super::roots::Anchors;
use alloc::format;
use alloc::string::String;
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
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, SignatureScheme};

/// The longest chain of which webpki would use all.
const MAX_INTERMEDIATES: usize = 6;
const MAX_INTERMEDIATE_BYTES: usize = 16 * 1024;
/// A CA has a second certificate while it changes to another root.
const MAX_OF_ONE_NAME: usize = 2;

/// Verifies as rustls does, but for a certificate that is itself trusted.
pub(super) struct Verifier {
    anchors: Arc<Anchors>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// rustls requires this. It prints no fields, so that no code for that is linked.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

impl Verifier {
    pub(super) fn new(provider: &CryptoProvider, anchors: Arc<Anchors>) -> Verifier {
        Verifier { anchors, algorithms: provider.signature_verification_algorithms }
    }

    /// A certificate that is itself trusted needs no issuer: its name and its dates have to hold, and, in the handshake,
    /// the signature of its key. What it says about its purpose (CA:TRUE, extended key usage) does not matter.
    fn check_pinned(
        &self,
        der: &CertificateDer<'_>,
        certificate: &Certificate<'_>,
        server: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let (not_before, not_after) = (certificate.not_before, certificate.not_after);
        if now < not_before {
            return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
        }
        if now > not_after {
            return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
        }
        if certificate.has_subject_alt_name {
            return verify_server_name(&ParsedCertificate::try_from(der)?, server);
        }
        if certificate.has_common_name(server) {
            return Ok(());
        }
        let expected = server.to_owned();
        let presented =
            certificate.common_names().map(|name| format!("CommonName({name:?})")).collect();
        Err(CertificateError::NotValidForNameContext { expected, presented }.into())
    }

    /// Verifies by webpki, which parses every intermediate again on each of up to 200,000 paths and looks at no deadline.
    /// So there are few of them here, and few paths: see `benches/tls.md`.
    fn check_chain(
        &self,
        der: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let bytes: usize = intermediates.iter().map(|intermediate| intermediate.len()).sum();
        if intermediates.len() > MAX_INTERMEDIATES || bytes > MAX_INTERMEDIATE_BYTES {
            return Err(Rejected::LongChain.into());
        }
        let read: Vec<_> =
            intermediates.iter().filter_map(|der| Some((der, Certificate::read(der)?))).collect();
        let are_many = |subject: &[u8]| {
            read.iter().filter(|(_, other)| other.subject == subject).count() > MAX_OF_ONE_NAME
        };
        if read.iter().any(|(_, intermediate)| are_many(intermediate.subject)) {
            return Err(Rejected::AmbiguousChain.into());
        }
        // webpki does not look at the key usage.
        let issuers: Vec<_> = read
            .iter()
            .filter(|(_, certificate)| certificate.why_not_sign().is_none())
            .map(|(der, _)| CertificateDer::from(der.as_ref()))
            .collect();
        let certificate = ParsedCertificate::try_from(der)?;
        let (roots, algorithms) = (&self.anchors.issuers, self.algorithms.all);
        verify_server_cert_signed_by_trust_anchor(&certificate, roots, &issuers, now, algorithms)
            .map_err(|error| match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                self.why_unknown(der, &read).map_or(error, Error::from)
            }
            error => self.explain(error, der, &issuers),
        })?;
        verify_server_name(&certificate, server)
    }

    /// Which certificate has the name of an issuer, and may not sign: one that the server sent, or one that was given.
    fn why_unknown(
        &self,
        der: &CertificateDer<'_>,
        read: &[(&CertificateDer<'_>, Certificate<'_>)],
    ) -> Option<Rejected> {
        let of_server = Certificate::read(der);
        let is_self_signed = of_server.as_ref().is_some_and(|it| it.issuer == it.subject);
        let why = |it: &Certificate<'_>| {
            let mut sent = read.iter().map(|(_, sent)| sent).chain(&of_server);
            sent.any(|sent| sent.issuer == it.subject).then(|| it.why_not_sign()).flatten()
        };
        let mut given = self.anchors.pins.iter().filter(|_| !is_self_signed);
        let mut sent = read.iter().filter(|(sent, _)| *sent != der);
        let (whose, why) = match given.find_map(|pin| why(&Certificate::read(pin)?)) {
            Some(why) => ("the certificate that was given for the server's CA", why),
            None => (
                "an intermediate certificate that the server sent",
                sent.find_map(|(_, certificate)| why(certificate))?,
            ),
        };
        Some(Rejected::MayNotSign { whose, why })
    }

    /// Says whose fault it is, and that a key is not supported, where webpki reports a wrong signature or an unknown
    /// algorithm.
    fn explain(
        &self,
        error: Error,
        der: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Error {
        let Error::InvalidCertificate(error) = error else { return error };
        let read = |der| Certificate::read(der);
        let sent: Vec<_> =
            core::iter::once(der).chain(intermediates).filter_map(|der| read(der)).collect();
        let is_about_a_key = matches!(
            error,
            CertificateError::BadSignature
                | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
                | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        );
        let of_key = if is_about_a_key { self.unsupported_key(&sent) } else { None };
        if let Some(rejected) = of_key {
            return rejected.into();
        }
        // webpki does not say whose they are.
        let mut at_fault = sent.iter().enumerate().filter(|(_, sent)| match &error {
            CertificateError::ExpiredContext { not_after, .. } => sent.not_after == *not_after,
            CertificateError::NotValidYetContext { not_before, .. } => {
                sent.not_before == *not_before
            }
            CertificateError::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id,
                ..
            } => sent.signature == signature_algorithm_id,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                !sent.is_for_servers
            }
            _ => false,
        });
        let name = match at_fault.next() {
            Some((1.., intermediate)) => common_name(intermediate),
            _ => return error.into(),
        };
        Rejected::Intermediate { name, error }.into()
    }

    fn unsupported_key(&self, sent: &[Certificate<'_>]) -> Option<Rejected> {
        let of_sent = sent.iter().enumerate().find_map(|(at, certificate)| {
            let whose = if at == 0 { "the server's certificate" } else { "an intermediate CA" };
            Some(Rejected::UnsupportedKey { whose, kind: certificate.key.unsupported()? })
        });
        let is_named = |root: &&TrustAnchor<'_>| {
            sent.iter().any(|certificate| certificate.issuer == root.subject.as_ref())
        };
        let of_a_root = || {
            let mut named = self.anchors.issuers.roots.iter().filter(is_named);
            named.find_map(|root| {
                let kind = Key::read(&root.subject_public_key_info)?.unsupported()?;
                Some(Rejected::UnsupportedKey { whose: "a trusted CA", kind })
            })
        };
        of_sent.or_else(of_a_root)
    }

    /// Verifies the handshake's signature by the key of a certificate that webpki does not read: a pinned one of version 1.
    fn verify_by_key(
        &self,
        message: &[u8],
        key: &Key<'_>,
        signed: &DigitallySignedStruct,
        is_tls13: bool,
    ) -> Result<HandshakeSignatureValid, Error> {
        let is_of_tls12 = matches!(
            signed.scheme,
            SignatureScheme::RSA_PKCS1_SHA256
                | SignatureScheme::RSA_PKCS1_SHA384
                | SignatureScheme::RSA_PKCS1_SHA512
        );
        let mapping = self.algorithms.mapping.iter().find(|(scheme, _)| *scheme == signed.scheme);
        let algorithms = match mapping {
            Some((_, algorithms)) if !(is_tls13 && is_of_tls12) => *algorithms,
            _ => return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into()),
        };
        // In TLS 1.3 the scheme decides about the curve too (RFC 8446 section 4.2.3).
        let count = if is_tls13 { 1 } else { algorithms.len() };
        let is_valid = algorithms.iter().take(count).any(|algorithm| {
            algorithm.public_key_alg_id().as_ref() == key.algorithm
                && algorithm.verify_signature(key.bits, message, signed.signature()).is_ok()
        });
        if is_valid {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(CertificateError::BadSignature.into())
        }
    }

    fn check_handshake(
        &self,
        message: &[u8],
        der: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
        is_tls13: bool,
    ) -> Result<HandshakeSignatureValid, Error> {
        let outcome = match Certificate::read(der) {
            Some(certificate) if certificate.version < 3 => {
                self.verify_by_key(message, &certificate.key, signed, is_tls13)
            }
            _ if is_tls13 => verify_tls13_signature(message, der, signed, &self.algorithms),
            _ => verify_tls12_signature(message, der, signed, &self.algorithms),
        };
        outcome.map_err(|error| match self.explain(error, der, &[]) {
            Error::InvalidCertificate(
                CertificateError::BadSignature
                | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
            ) => Rejected::NotItsKey.into(),
            error => error,
        })
    }
}

/// As it came. It is cut when it is shown, after a search for secrets.
fn common_name(certificate: &Certificate<'_>) -> Option<String> {
    certificate.common_names().next().map(String::from)
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
        let certificate = Certificate::read(end_entity);
        match &certificate {
            Some(certificate) if self.anchors.pins.iter().any(|pin| pin == end_entity) => {
                self.check_pinned(end_entity, certificate, server_name, now)?;
            }
            Some(Certificate { version: 1 | 2, .. }) => return Err(Rejected::NotVersion3.into()),
            Some(Certificate { is_ca: true, .. }) => return Err(Rejected::MarkedAsCa.into()),
            _ => self.check_chain(end_entity, intermediates, server_name, now)?,
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_handshake(message, certificate, signature, false)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_handshake(message, certificate, signature, true)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(all(test, feature = "tls-ring"))]
mod tests {
    use super::*;
    use core::time::Duration;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use rustls::RootCertStore;

    /// Both dates are part of the period (RFC 5280 section 4.1.2.5).
    #[test]
    fn a_pin_is_valid_from_its_first_second_to_its_last() {
        let mut params = CertificateParams::new(["localhost".into()]).unwrap();
        params.not_before = date_time_ymd(2000, 3, 1);
        params.not_after = date_time_ymd(2000, 3, 2);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let pin = certificate.der();
        let pins = Vec::from([pin.clone()]);
        let anchors = Anchors { issuers: RootCertStore::empty(), pins };
        let provider = rustls::crypto::ring::default_provider();
        let verifier = Verifier::new(&provider, Arc::new(anchors));
        let server = ServerName::try_from("localhost").unwrap();
        // date -u -d 2000-03-01 +%s
        for (after, is_valid) in [(-1, false), (0, true), (86_400, true), (86_401, false)] {
            let second = 951_868_800_u64.checked_add_signed(after).unwrap();
            let now = UnixTime::since_unix_epoch(Duration::from_secs(second));
            let outcome = verifier.verify_server_cert(pin, &[], &server, &[], now);
            assert_eq!(outcome.is_ok(), is_valid, "{after}: {outcome:?}");
        }
    }
}
