//! ring's cryptography, without what no server needs and what would be linked for nothing.
//!
//! Left out are ChaCha20-Poly1305 (52 KB), which servers have beside AES-GCM; QUIC; and signing, which only a client
//! certificate needs: `client_certificate` has it. rustls's own lists are not used, since all that they name would be
//! linked. `benches/tls.md` has the bytes.

use super::plaintext::{Collecting, suite13};
use crate::error::Error;
use alloc::sync::Arc;
use alloc::vec;
use ring::rand::{SecureRandom, SystemRandom};
use rustls::crypto::cipher::Tls13AeadAlgorithm;
use rustls::crypto::ring::cipher_suite::{TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384};
use rustls::crypto::ring::kx_group::{SECP256R1, SECP384R1, X25519};
use rustls::crypto::{
    CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom as Random, WebPkiSupportedAlgorithms,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use rustls::{SignatureScheme, SupportedCipherSuite, Tls13CipherSuite};
use webpki::ring::{
    ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P384_SHA256, ECDSA_P384_SHA384, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    RSA_PSS_2048_8192_SHA256_LEGACY_KEY, RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
};

type Aead13 = Collecting<&'static dyn Tls13AeadAlgorithm>;

static AES_128_GCM: Aead13 = Collecting(tls13(&TLS13_AES_128_GCM_SHA256).aead_alg);
static AES_256_GCM: Aead13 = Collecting(tls13(&TLS13_AES_256_GCM_SHA384).aead_alg);
static AES_128_GCM_SHA256: Tls13CipherSuite =
    suite13(tls13(&TLS13_AES_128_GCM_SHA256), &AES_128_GCM);
static AES_256_GCM_SHA384: Tls13CipherSuite =
    suite13(tls13(&TLS13_AES_256_GCM_SHA384), &AES_256_GCM);

/// At compile time only.
const fn tls13(suite: &SupportedCipherSuite) -> &'static Tls13CipherSuite {
    match suite.tls13() {
        Some(suite) => suite,
        None => panic!("a suite of TLS 1.2"),
    }
}

static SIGNATURES: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        ECDSA_P256_SHA256,
        ECDSA_P256_SHA384,
        ECDSA_P384_SHA256,
        ECDSA_P384_SHA384,
        ED25519,
        RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
        RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_2048_8192_SHA384,
        RSA_PKCS1_2048_8192_SHA512,
        // Some CAs have signed in this form, against RFC 4055.
        RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
        RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
        RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    ],
    mapping: &[
        (SignatureScheme::ECDSA_NISTP384_SHA384, &[ECDSA_P384_SHA384, ECDSA_P256_SHA384]),
        (SignatureScheme::ECDSA_NISTP256_SHA256, &[ECDSA_P256_SHA256, ECDSA_P384_SHA256]),
        (SignatureScheme::ED25519, &[ED25519]),
        (SignatureScheme::RSA_PSS_SHA512, &[RSA_PSS_2048_8192_SHA512_LEGACY_KEY]),
        (SignatureScheme::RSA_PSS_SHA384, &[RSA_PSS_2048_8192_SHA384_LEGACY_KEY]),
        (SignatureScheme::RSA_PSS_SHA256, &[RSA_PSS_2048_8192_SHA256_LEGACY_KEY]),
        (SignatureScheme::RSA_PKCS1_SHA512, &[RSA_PKCS1_2048_8192_SHA512]),
        (SignatureScheme::RSA_PKCS1_SHA384, &[RSA_PKCS1_2048_8192_SHA384]),
        (SignatureScheme::RSA_PKCS1_SHA256, &[RSA_PKCS1_2048_8192_SHA256]),
    ],
};

pub(super) fn own() -> Result<Arc<CryptoProvider>, Error> {
    let suites = [&AES_128_GCM_SHA256, &AES_256_GCM_SHA384].map(SupportedCipherSuite::Tls13);
    let suites = suites.into_iter();
    #[cfg(feature = "tls12")]
    let suites = suites.chain(tls12::suites());
    Ok(Arc::new(CryptoProvider {
        cipher_suites: suites.collect(),
        kx_groups: vec![X25519, SECP256R1, SECP384R1],
        signature_verification_algorithms: SIGNATURES,
        secure_random: &Ring,
        key_provider: &Ring,
    }))
}

#[cfg(feature = "tls12")]
mod tls12 {
    use crate::net::tls::plaintext::{Collecting, suite12};
    use rustls::crypto::cipher::Tls12AeadAlgorithm;
    use rustls::crypto::ring::cipher_suite::{
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    };
    use rustls::{SupportedCipherSuite, Tls12CipherSuite};

    type Aead = Collecting<&'static dyn Tls12AeadAlgorithm>;
    type Suite = SupportedCipherSuite;

    static AES_128: Aead = Collecting(tls12(&TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256).aead_alg);
    static AES_256: Aead = Collecting(tls12(&TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384).aead_alg);

    static SUITES: [Tls12CipherSuite; 4] = [
        suite12(tls12(&TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256), &AES_128),
        suite12(tls12(&TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384), &AES_256),
        suite12(tls12(&TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256), &AES_128),
        suite12(tls12(&TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384), &AES_256),
    ];

    pub(super) fn suites() -> impl Iterator<Item = Suite> {
        SUITES.iter().map(Suite::Tls12)
    }

    /// At compile time only.
    const fn tls12(suite: &Suite) -> &'static Tls12CipherSuite {
        match suite {
            Suite::Tls12(suite) => suite,
            Suite::Tls13(_) => panic!("a suite of TLS 1.3"),
        }
    }
}

/// Random numbers by ring; no keys, since nothing is signed.
#[derive(Debug)]
struct Ring;

impl Random for Ring {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        SystemRandom::new().fill(buffer).map_err(|_| GetRandomFailed)
    }
}

impl KeyProvider for Ring {
    fn load_private_key(
        &self,
        _: PrivateKeyDer<'static>,
    ) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("no private key is read here".into()))
    }
}
