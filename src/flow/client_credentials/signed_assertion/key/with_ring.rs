//! Signing by ring itself: rustls's signer makes ASN.1 of an ECDSA signature, and a JWT wants the two numbers.

use super::{Algorithm, Signer, SigningKey, Thumbprint, check};
use crate::error::Error;
use crate::os::files::{UNSET_TIMEOUT, read_file, shown_existing};
use crate::os::secret_file::secret_file;
use crate::secret::pem::{KeyDer, read_key, section};
use crate::secret::{Deadline, SecretSource};
use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use core::slice;
use ring::digest::{SHA256, digest};
use ring::error::KeyRejected;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PSS_SHA256, RsaKeyPair,
};
use std::path::{Path, PathBuf};
use std::time::Instant;
use zeroize::Zeroizing;

const SUPPORTED_KEYS: &str = "use RSA of 2048 to 4096 bits, P-256, P-384 or Ed25519";
/// The longest real certificates are a few KiB.
const MAX_FILE_BYTES: usize = 16 * 1024;

/// A key as ring has parsed it. ring 0.17 does not wipe it.
pub(super) enum PrivateKey {
    Rsa(Box<RsaKeyPair>),
    Ec(Algorithm, Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl SigningKey {
    /// A key in PEM: RSA of 2048 to 4096 bits, P-256, P-384 or Ed25519, in PKCS #8, PKCS #1 or SEC1. What is made of the
    /// text is wiped, but for what ring keeps: see SECURITY.md. The text is the caller's to wipe.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for any other key, one with a passphrase, and a text that holds none.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<SigningKey, Error> {
        let signer = Signer::Kept(PrivateKey::parse("the signing key", pem.as_ref())?);
        Ok(SigningKey { signer, thumbprint: Thumbprint::None })
    }

    /// A file or a pipe that holds the key, as for [`from_pem`](Self::from_pem): see [`SecretSource::file`]. A file is read
    /// anew for each request, so that the key may be replaced; what ring has parsed is then left in freed memory, each
    /// time.
    pub fn file(path: impl Into<PathBuf>) -> SigningKey {
        let signer = Signer::File(secret_file("the signing key's file".into(), path.into()));
        SigningKey { signer, thumbprint: Thumbprint::None }
    }

    /// Names the key's certificate, PEM, in the header's `x5t#S256`, as Entra wants it. The first in the text counts.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a text without a certificate, and for another key's.
    pub fn with_certificate(self, pem: impl AsRef<[u8]>) -> Result<SigningKey, Error> {
        let key = match &self.signer {
            Signer::Kept(key) => Some(key),
            _ => None,
        };
        let digest = thumbprint("the certificate of the signing key", pem.as_ref(), key)?;
        Ok(self.with_certificate_sha256(digest))
    }

    /// The same from a file, which is read anew for each request, as the key's own file.
    pub fn with_certificate_file(mut self, path: impl Into<PathBuf>) -> SigningKey {
        self.thumbprint = Thumbprint::File(path.into());
        self
    }
}

impl PrivateKey {
    pub(super) fn read(source: &SecretSource, deadline: Deadline) -> Result<PrivateKey, Error> {
        let pem = source.supply_unchecked(deadline)?;
        let file = source.shown_file().unwrap_or_default();
        PrivateKey::parse(&format!("the signing key {file}"), pem.as_bytes())
    }

    fn parse(name: &str, pem: &[u8]) -> Result<PrivateKey, Error> {
        let rejected = |error: KeyRejected| {
            Error::config(format!("{name} cannot be used: {error}; {SUPPORTED_KEYS}"))
        };
        let der = match read_key(name, pem, SUPPORTED_KEYS)? {
            KeyDer::Pkcs8(der) => der,
            KeyDer::Pkcs1(der) => {
                let key = RsaKeyPair::from_der(&der).map_err(rejected)?;
                return Ok(PrivateKey::Rsa(Box::new(key)));
            }
        };
        let algorithm = der.get(..OIDS_WITHIN.min(der.len())).unwrap_or_default();
        let is = |oid: &[u8]| algorithm.windows(oid.len()).any(|window| window == oid);
        if is(RSA) {
            let key = RsaKeyPair::from_pkcs8(&der).map_err(rejected)?;
            return Ok(PrivateKey::Rsa(Box::new(key)));
        }
        if is(ED25519) {
            let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(rejected)?;
            return Ok(PrivateKey::Ed25519(Box::new(key)));
        }
        // ring wants the public key beside the private one, and Java leaves it out.
        let rejected = |error: KeyRejected| {
            Error::config(format!(
                "{name} cannot be used: {error}; it may lack its public key, which openssl pkey -in FILE -out NEW adds"
            ))
        };
        for (curve, algorithm, signing) in [
            (P256, Algorithm::Es256, &ECDSA_P256_SHA256_FIXED_SIGNING),
            (P384, Algorithm::Es384, &ECDSA_P384_SHA384_FIXED_SIGNING),
        ] {
            if is(curve) {
                let key = EcdsaKeyPair::from_pkcs8(signing, &der, &SystemRandom::new());
                return Ok(PrivateKey::Ec(algorithm, Box::new(key.map_err(rejected)?)));
            }
        }
        Err(Error::config(format!("{name} is of another kind; {SUPPORTED_KEYS}")))
    }

    pub(super) fn algorithm(&self, set: Option<Algorithm>) -> Result<Algorithm, Error> {
        let its: &[Algorithm] = match self {
            PrivateKey::Rsa(_) => &[Algorithm::Rs256, Algorithm::Rs384, Algorithm::Ps256],
            PrivateKey::Ec(algorithm, _) => slice::from_ref(algorithm),
            PrivateKey::Ed25519(_) => &[Algorithm::EdDsa],
        };
        let first = its.first().copied().unwrap_or(Algorithm::Rs256);
        check(first, set.unwrap_or(first), its)
    }

    pub(super) fn sign(
        &self,
        algorithm: Algorithm,
        input: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let random = SystemRandom::new();
        let failed =
            |_| Error::config("the signing key cannot sign: the system gives no random bits");
        match self {
            PrivateKey::Rsa(key) => {
                let mut signature = Zeroizing::new(vec![0; key.public().modulus_len()]);
                match algorithm {
                    Algorithm::Ps256 => key.sign(&RSA_PSS_SHA256, &random, input, &mut signature),
                    Algorithm::Rs384 => key.sign(&RSA_PKCS1_SHA384, &random, input, &mut signature),
                    _ => key.sign(&RSA_PKCS1_SHA256, &random, input, &mut signature),
                }
                .map_err(failed)?;
                Ok(signature)
            }
            PrivateKey::Ec(_, key) => {
                let signature = key.sign(&random, input).map_err(failed)?;
                Ok(Zeroizing::new(signature.as_ref().to_vec()))
            }
            PrivateKey::Ed25519(key) => Ok(Zeroizing::new(key.sign(input).as_ref().to_vec())),
        }
    }

    /// As it stands in a certificate.
    fn public_key(&self) -> &[u8] {
        match self {
            PrivateKey::Rsa(key) => key.public_key().as_ref(),
            PrivateKey::Ec(_, key) => key.public_key().as_ref(),
            PrivateKey::Ed25519(key) => key.public_key().as_ref(),
        }
    }
}

/// The object identifiers of the kinds of keys: RFC 8017 appendix A.1, RFC 5480 section 2.1.1.1, RFC 8410 section 3. In
/// PKCS #8 they stand at the start.
const RSA: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const P256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[0x06, 5, 0x2b, 0x81, 0x04, 0, 0x22];
const ED25519: &[u8] = &[0x06, 3, 0x2b, 0x65, 0x70];
const OIDS_WITHIN: usize = 32;

pub(super) fn read_thumbprint(
    path: &Path,
    key: Option<&PrivateKey>,
    deadline: Deadline,
) -> Result<[u8; 32], Error> {
    let name = "the certificate of the signing key";
    let deadline = deadline.unwrap_or_else(|| Instant::now() + UNSET_TIMEOUT);
    let pem = read_file(name, path, MAX_FILE_BYTES, deadline)?;
    thumbprint(&format!("{name} {}", shown_existing(path)), &pem, key)
}

fn thumbprint(name: &str, pem: &[u8], key: Option<&PrivateKey>) -> Result<[u8; 32], Error> {
    let wrong = |what: &str| Error::config(format!("{name} {what}"));
    let text = core::str::from_utf8(pem).map_err(|_| wrong("is not PEM"))?;
    let der = section(text, "CERTIFICATE").map_err(wrong)?;
    let der = der.ok_or_else(|| wrong("holds no PEM certificate (-----BEGIN CERTIFICATE-----)"))?;
    if let Some(key) = key.map(PrivateKey::public_key) {
        // A certificate has its public key as it is.
        if !der.windows(key.len()).any(|window| window == key) {
            return Err(wrong("is not that of the key"));
        }
    }
    Ok(<[u8; 32]>::try_from(digest(&SHA256, &der).as_ref()).unwrap_or_default())
}
