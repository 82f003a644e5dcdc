//! The key that signs: in the program, in a file, or wherever a function has it.

use super::Algorithm;
use crate::error::Error;
#[cfg(feature = "std")]
use crate::secret::AfterRefusal;
use crate::secret::Deadline;
use alloc::format;
use core::fmt;

/// The key of a [`SignedAssertion`](super::SignedAssertion).
///
/// ```no_run
/// use minbearer::client_credentials::{Algorithm, SigningKey};
///
/// # #[cfg(feature = "sign")]
/// # fn main() -> Result<(), minbearer::Error> {
/// # fn sign_by_tpm(_: &[u8]) -> Result<Vec<u8>, minbearer::Error> { Ok(vec![7; 64]) }
/// // From a file, anew for each request: keys are replaced too
/// let key = SigningKey::file("/etc/app/key.pem");
/// // From the program
/// let pem = minbearer::Secret::from_file("/etc/app/key.pem")?;
/// let key = SigningKey::from_pem(pem.expose())?;
/// // In a TPM
/// let key = SigningKey::from_fn(Algorithm::Es256, sign_by_tpm);
/// # Ok(()) }
/// # #[cfg(not(feature = "sign"))]
/// # fn main() {}
/// ```
#[must_use]
pub struct SigningKey {
    signer: Signer,
    thumbprint: Thumbprint,
}

enum Signer {
    /// The program signs by itself.
    Elsewhere(Algorithm),
    #[cfg(feature = "std")]
    Function(Algorithm, function::Sign),
    #[cfg(feature = "sign")]
    Kept(with_ring::PrivateKey),
    #[cfg(feature = "sign")]
    File(crate::secret::SecretSource),
}

/// The certificate that `x5t#S256` names.
enum Thumbprint {
    None,
    Sha256([u8; 32]),
    #[cfg(feature = "sign")]
    File(std::path::PathBuf),
}

/// A key that is elsewhere: [`signing_input`](super::SignedAssertion::signing_input) makes what the program then has
/// signed. A request cannot use it.
impl From<Algorithm> for SigningKey {
    fn from(algorithm: Algorithm) -> SigningKey {
        SigningKey { signer: Signer::Elsewhere(algorithm), thumbprint: Thumbprint::None }
    }
}

impl SigningKey {
    /// Names the key's certificate in the header's `x5t#S256` ([RFC 7515 section
    /// 4.1.8](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.8)) by the SHA-256 of its DER.
    pub fn with_certificate_sha256(mut self, digest: [u8; 32]) -> SigningKey {
        self.thumbprint = Thumbprint::Sha256(digest);
        self
    }

    /// The key for one assertion.
    #[cfg_attr(not(feature = "sign"), allow(unused_variables))]
    pub(super) fn load(&self, deadline: Deadline) -> Result<Loaded<'_>, Error> {
        Ok(Loaded {
            from: self,
            #[cfg(feature = "sign")]
            read: match &self.signer {
                Signer::File(source) => Some(with_ring::PrivateKey::read(source, deadline)?),
                _ => None,
            },
        })
    }
}

#[cfg(feature = "std")]
impl SigningKey {
    pub(super) fn after_refusal(&self) -> AfterRefusal {
        match &self.signer {
            #[cfg(feature = "sign")]
            Signer::File(source) => source.after_refusal(),
            _ => AfterRefusal::Pause,
        }
    }
}

/// A key, read if it is in a file.
pub(super) struct Loaded<'a> {
    from: &'a SigningKey,
    #[cfg(feature = "sign")]
    read: Option<with_ring::PrivateKey>,
}

impl Loaded<'_> {
    /// The algorithm by which it signs: the one that was set, if it can, else its first.
    pub(super) fn algorithm(&self, set: Option<Algorithm>) -> Result<Algorithm, Error> {
        let first = match &self.from.signer {
            Signer::Elsewhere(algorithm) => *algorithm,
            #[cfg(feature = "std")]
            Signer::Function(algorithm, _) => *algorithm,
            #[cfg(feature = "sign")]
            Signer::Kept(_) | Signer::File(_) => match self.private() {
                Some(key) => return key.algorithm(set),
                None => Algorithm::Rs256, // never: one in a file has been read
            },
        };
        check(first, set.unwrap_or(first), &[first])
    }

    /// The SHA-256 of the certificate.
    #[cfg_attr(not(feature = "sign"), allow(unused_variables))]
    pub(super) fn thumbprint(&self, deadline: Deadline) -> Result<Option<[u8; 32]>, Error> {
        match &self.from.thumbprint {
            Thumbprint::None => Ok(None),
            Thumbprint::Sha256(digest) => Ok(Some(*digest)),
            #[cfg(feature = "sign")]
            Thumbprint::File(path) => {
                with_ring::read_thumbprint(path, self.private(), deadline).map(Some)
            }
        }
    }

    #[cfg(feature = "sign")]
    fn private(&self) -> Option<&with_ring::PrivateKey> {
        match &self.from.signer {
            Signer::Kept(key) => Some(key),
            _ => self.read.as_ref(),
        }
    }
}

/// Rejects an algorithm that is not among those of the key.
fn check(first: Algorithm, set: Algorithm, its: &[Algorithm]) -> Result<Algorithm, Error> {
    if its.contains(&set) {
        return Ok(set);
    }
    Err(Error::config(format!(
        "the signing key signs by {} and not by {}",
        first.name(),
        set.name()
    )))
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

#[cfg(feature = "std")]
mod function {
    use super::*;
    use alloc::boxed::Box;
    use alloc::vec::Vec;
    use core::panic::{RefUnwindSafe, UnwindSafe};
    use zeroize::Zeroizing;

    pub(super) type Sign = Box<dyn Fn(&[u8]) -> Result<Vec<u8>, Error> + Send + Sync>;

    impl SigningKey {
        /// A function that signs: it asks a TPM, a secure element or a service. It is called for each request with the
        /// bytes to sign, as [`SigningInput::as_bytes`](super::super::SigningInput::as_bytes) gives them, and returns
        /// the signature in the form of [`with_signature`](super::super::SigningInput::with_signature). Its error is
        /// returned unchanged, and its time counts towards the flow's timeout.
        pub fn from_fn(
            algorithm: Algorithm,
            sign: impl Fn(&[u8]) -> Result<Vec<u8>, Error> + Send + Sync + 'static,
        ) -> SigningKey {
            let signer = Signer::Function(algorithm, Box::new(sign));
            SigningKey { signer, thumbprint: Thumbprint::None }
        }
    }

    impl Loaded<'_> {
        #[cfg_attr(not(feature = "sign"), allow(unused_variables))]
        pub(crate) fn sign(
            &self,
            algorithm: Algorithm,
            input: &[u8],
        ) -> Result<Zeroizing<Vec<u8>>, Error> {
            match &self.from.signer {
                Signer::Function(_, sign) => return sign(input).map(Zeroizing::new),
                Signer::Elsewhere(_) => {}
                #[cfg(feature = "sign")]
                Signer::Kept(_) | Signer::File(_) => {
                    if let Some(key) = self.private() {
                        return key.sign(algorithm, input);
                    }
                }
            }
            Err(Error::config(
                "the assertion has an algorithm and no key: give it a SigningKey, or sign what signing_input makes",
            ))
        }
    }

    // A function that panicked is called again like any other; it leaves no state here.
    impl UnwindSafe for SigningKey {}
    impl RefUnwindSafe for SigningKey {}
}

#[cfg(feature = "sign")]
mod with_ring;
