//! Assertions made and signed for each request ([RFC 7523](https://www.rfc-editor.org/rfc/rfc7523)): what they say, and
//! their form, the compact one of JWS ([RFC 7515 section 3.1](https://www.rfc-editor.org/rfc/rfc7515#section-3.1)).
//!
//! ```text
//! {"alg":"ES256","typ":"JWT"}      {"iss":"id","sub":"id","aud":"https://…","jti":"…","iat":…,"exp":…}      64 bytes
//!            │ base64url                              │ base64url                                              │ base64url
//! eyJhbGciOiJFUzI1NiIs…        .   eyJpc3MiOiJpZCIsInN1YiI6…                     .   DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx…
//! └────────────── the signing input, which is what the key signs ───────────────┘
//! ```

mod key;

pub use key::SigningKey;

use crate::error::Error;
use crate::secret::{Recipient, Secret};
use crate::wire::json::{is_number, push_quoted, quoted_max_len};
use crate::wire::time::{RELEASED, Utc};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64ct::{Base64UrlUnpadded, Encoding};
use core::fmt;
use core::time::Duration;
use zeroize::Zeroizing;

/// Servers' limits start at five minutes:
/// [SMART](https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html) allows no more.
const MAX_LIFETIME: Duration = Duration::from_secs(300);
const DEFAULT_LIFETIME: Duration = Duration::from_secs(60);

/// How an assertion is signed ([RFC 7518 section 3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1), [RFC
/// 8037](https://www.rfc-editor.org/rfc/rfc8037)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSA by PKCS #1 v1.5 with SHA-256, which every server knows.
    Rs256,
    /// RSA by PKCS #1 v1.5 with SHA-384.
    Rs384,
    /// RSA by PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    const ALL: [Algorithm; 6] = [
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Ps256,
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::EdDsa,
    ];

    /// The name in an assertion's `alg`: `RS256`, `RS384`, `PS256`, `ES256`, `ES384` or `EdDSA`.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Rs384 => "RS384",
            Algorithm::Ps256 => "PS256",
            Algorithm::Es256 => "ES256",
            Algorithm::Es384 => "ES384",
            Algorithm::EdDsa => "EdDSA",
        }
    }

    /// Finds the algorithm of that name.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for any other name, `HS256` and `none` among them.
    pub fn from_name(name: &str) -> Result<Algorithm, Error> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or_else(|| {
            Error::config(
                "the signing algorithm is none of RS256, RS384, PS256, ES256, ES384 and EdDSA",
            )
        })
    }

    /// The shortest and the longest signature, in bytes. RSA's is as long as its key.
    fn signature_bytes(self) -> (usize, usize) {
        match self {
            Algorithm::Rs256 | Algorithm::Rs384 | Algorithm::Ps256 => (256, 512),
            Algorithm::Es256 | Algorithm::EdDsa => (64, 64),
            Algorithm::Es384 => (96, 96),
        }
    }
}

/// An assertion that is made and signed for each request, instead of a secret: a JWT of [RFC
/// 7523](https://www.rfc-editor.org/rfc/rfc7523). It is a [`SecretSource`](crate::SecretSource).
///
/// Unless it is told otherwise, issuer and subject are the client id and the audience is the token endpoint's URL, both
/// of the [`Config`](super::Config) that it is given to, and both are left out if no client id is sent; it expires a minute after it was made; and no two have the
/// same `jti`, so that a server that accepts each once is content. The assertion is wiped and redacted like a secret.
///
/// ```no_run
/// use minbearer::client_credentials::{
///     ClientAuthentication, Config, SignedAssertion, SigningKey,
/// };
///
/// # #[cfg(feature = "sign")]
/// # fn main() -> Result<(), minbearer::Error> {
/// // private_key_jwt: the client authenticates by the assertion
/// let key = SigningKey::file("/etc/app/key.pem");
/// let assertion = SignedAssertion::new(key).with_key_id("2026-11");
/// let config = Config::new(
///     "https://auth.example/token",
///     "my-client",
///     ClientAuthentication::assertion(assertion),
/// )?;
/// # Ok(()) }
/// # #[cfg(not(feature = "sign"))]
/// # fn main() {}
/// ```
///
/// An assertion names the time, and a server refuses one from another. If the device's clock lies before this crate's
/// release, the request fails before anything is sent, with [`Kind::Config`](crate::Kind::Config). If the server
/// refuses an assertion, and its own clock differs by more than a minute, the error gives both times.
///
/// # A key that is elsewhere
///
/// [`signing_input`](Self::signing_input) makes what is to be signed, from a time and random bits, and needs neither
/// feature nor operating system: a secure element or a TPM signs, and
/// [`with_signature`](SigningInput::with_signature) adds the signature.
///
/// ```
/// use core::time::Duration;
/// use minbearer::client_credentials::{Algorithm, SignedAssertion};
///
/// # fn main() -> Result<(), minbearer::Error> {
/// # fn sign_by_secure_element(_: &[u8]) -> [u8; 64] { [7; 64] }
/// let (url, id) = ("https://auth.example/token", "my-client");
/// let now = Duration::from_secs(1_800_000_000);
/// let random = [0; 16];
/// let assertion = SignedAssertion::new(Algorithm::Es256);
/// let input = assertion.signing_input(id, url, now, random)?;
/// let signature = sign_by_secure_element(input.as_bytes());
/// let secret = input.with_signature(&signature)?;
/// # assert_eq!(secret.expose().split('.').count(), 3);
/// # Ok(()) }
/// ```
#[must_use]
pub struct SignedAssertion {
    key: SigningKey,
    algorithm: Option<Algorithm>,
    key_id: Option<String>,
    lifetime: Duration,
    /// Names, and values as JSON.
    claims: Vec<(String, Zeroizing<String>)>,
}

impl SignedAssertion {
    /// Makes an assertion that this key signs: a [`SigningKey`], or an [`Algorithm`] for
    /// [`signing_input`](Self::signing_input) alone.
    pub fn new(key: impl Into<SigningKey>) -> SignedAssertion {
        SignedAssertion {
            key: key.into(),
            algorithm: None,
            key_id: None,
            lifetime: DEFAULT_LIFETIME,
            claims: Vec::new(),
        }
    }

    /// Sets the algorithm, for an RSA key: it has three, and RS256 is the default. Any other key has one. If the key
    /// cannot sign by it, the request fails.
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> SignedAssertion {
        self.algorithm = Some(algorithm);
        self
    }

    /// Sets the header's `kid`: the name under which the server knows the key.
    pub fn with_key_id(mut self, key_id: &str) -> SignedAssertion {
        self.key_id = Some(key_id.into());
        self
    }

    /// Sets another issuer, `iss`, than the client id.
    pub fn with_issuer(self, issuer: &str) -> SignedAssertion {
        self.set("iss", quoted(issuer))
    }

    /// Sets another subject, `sub`, than the client id: the user whom Salesforce or DocuSign lets the client act for.
    pub fn with_subject(self, subject: &str) -> SignedAssertion {
        self.set("sub", quoted(subject))
    }

    /// Sets another audience, `aud`, than the token endpoint's URL, such as the server's issuer identifier.
    pub fn with_audience(self, audience: &str) -> SignedAssertion {
        self.set("aud", quoted(audience))
    }

    /// Sets how long after it was made the assertion expires: whole seconds, from 1 s to 5 min; 60 s unless set.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for any other time.
    pub fn with_lifetime(mut self, lifetime: Duration) -> Result<SignedAssertion, Error> {
        if !(Duration::from_secs(1)..=MAX_LIFETIME).contains(&lifetime) {
            return Err(Error::config(
                "an assertion's lifetime must be from 1 s to 5 min: servers refuse longer ones",
            ));
        }
        self.lifetime = lifetime;
        Ok(self)
    }

    /// Adds a claim whose value is a string, such as Google's and DocuSign's `scope`. The same name again replaces it.
    /// The value is wiped, but not redacted in errors.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for an empty name, and for `jti`, `iat` and `exp`, which are made anew for
    /// each assertion.
    pub fn with_claim(self, name: &str, value: &str) -> Result<SignedAssertion, Error> {
        check_claim(name)?;
        Ok(self.set(name, quoted(value)))
    }

    /// Adds a claim whose value is a number, as JSON writes it ([RFC 8259 section
    /// 6](https://www.rfc-editor.org/rfc/rfc8259#section-6)).
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) as for [`with_claim`](Self::with_claim), and for what is no number.
    pub fn with_number_claim(self, name: &str, number: &str) -> Result<SignedAssertion, Error> {
        check_claim(name)?;
        if !is_number(number) {
            return Err(Error::config(format!(
                "the value of the claim {name} is not a number of JSON, like 7 or -1.5e3"
            )));
        }
        Ok(self.set(name, Zeroizing::new(number.into())))
    }

    fn set(mut self, name: &str, value: Zeroizing<String>) -> SignedAssertion {
        self.claims.retain(|(known, _)| known != name);
        self.claims.push((name.into(), value));
        self
    }

    /// Makes what the key has to sign. An empty client id is none. `now` is the time since 1970 and `random` is never the same twice; both end up in
    /// the assertion.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a time before this crate's release, and for a key that cannot be read
    /// or cannot sign by the algorithm.
    pub fn signing_input(
        &self,
        client_id: &str,
        token_url: &str,
        now: Duration,
        random: [u8; 16],
    ) -> Result<SigningInput, Error> {
        let key = self.key.load(None)?;
        let algorithm = key.algorithm(self.algorithm)?;
        let client_id = Some(client_id).filter(|id| !id.is_empty());
        let to = Recipient { client_id, token_url };
        self.input(algorithm, key.thumbprint(None)?, to, now.as_secs(), random)
    }

    fn input(
        &self,
        algorithm: Algorithm,
        thumbprint: Option<[u8; 32]>,
        to: Recipient,
        now: u64,
        random: [u8; 16],
    ) -> Result<SigningInput, Error> {
        if now < RELEASED {
            return Err(Error::config(format!(
                "the device's clock says {}, so that no server would accept an assertion: set the clock",
                Utc(now)
            )));
        }
        let mut header =
            Object::with_room_for(100 + self.key_id.as_deref().map_or(0, quoted_max_len));
        header.add_text("alg", algorithm.name());
        header.add_text("typ", "JWT");
        if let Some(key_id) = &self.key_id {
            header.add_text("kid", key_id);
        }
        if let Some(thumbprint) = thumbprint {
            header.add_text("x5t#S256", &Base64UrlUnpadded::encode_string(&thumbprint));
        }
        let mut claims = Object::with_room_for(self.max_claims_bytes(to));
        let defaults = [("iss", to.client_id), ("sub", to.client_id), ("aud", Some(to.token_url))];
        for (name, default) in defaults {
            if let (Some(text), false) = (default, self.claims.iter().any(|(set, _)| set == name)) {
                claims.add_text(name, text);
            }
        }
        for (name, value) in &self.claims {
            claims.add(name, value);
        }
        claims.add_text("jti", &Base64UrlUnpadded::encode_string(&random));
        claims.add("iat", &now.to_string());
        claims.add("exp", &now.saturating_add(self.lifetime.as_secs()).to_string());
        Ok(SigningInput::new(algorithm, &header.finish(), &claims.finish()))
    }

    /// The claims' longest form, so that their buffer does not grow.
    fn max_claims_bytes(&self, to: Recipient) -> usize {
        let further =
            self.claims.iter().map(|(name, value)| quoted_max_len(name) + value.len() + 2);
        160 + 2 * to.client_id.map_or(0, quoted_max_len)
            + quoted_max_len(to.token_url)
            + further.sum::<usize>()
    }
}

impl fmt::Debug for SignedAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedAssertion").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

fn check_claim(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::config("a claim's name must not be empty"));
    }
    if ["jti", "iat", "exp"].contains(&name) {
        return Err(Error::config(format!(
            "the claim {name} cannot be set: it is made anew for each assertion"
        )));
    }
    Ok(())
}

fn quoted(text: &str) -> Zeroizing<String> {
    let mut quoted = Zeroizing::new(String::with_capacity(quoted_max_len(text)));
    push_quoted(text, &mut quoted);
    quoted
}

/// A JSON object that is being written.
struct Object(Zeroizing<String>);

impl Object {
    fn with_room_for(bytes: usize) -> Object {
        let mut text = Zeroizing::new(String::with_capacity(bytes));
        text.push('{');
        Object(text)
    }

    /// Adds a member whose value is JSON already.
    fn add(&mut self, name: &str, value: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        push_quoted(name, &mut self.0);
        self.0.push(':');
        self.0.push_str(value);
    }

    fn add_text(&mut self, name: &str, value: &str) {
        self.add(name, &quoted(value));
    }

    fn finish(mut self) -> Zeroizing<String> {
        self.0.push('}');
        self.0
    }
}

/// What the key has to sign ([RFC 7515 section 5.1](https://www.rfc-editor.org/rfc/rfc7515#section-5.1)):
/// [`SignedAssertion::signing_input`] makes it.
#[must_use]
pub struct SigningInput {
    algorithm: Algorithm,
    /// The assertion as far as it goes, with room for the signature.
    jwt: Zeroizing<Vec<u8>>,
    len: usize,
}

impl SigningInput {
    fn new(algorithm: Algorithm, header: &str, claims: &str) -> SigningInput {
        let encoded_len = |bytes: usize| (bytes * 4).div_ceil(3);
        let (_, signature) = algorithm.signature_bytes();
        let parts = encoded_len(header.len()) + encoded_len(claims.len());
        let mut jwt = Zeroizing::new(Vec::with_capacity(parts + encoded_len(signature) + 2));
        push_base64url(header.as_bytes(), &mut jwt);
        jwt.push(b'.');
        push_base64url(claims.as_bytes(), &mut jwt);
        let len = jwt.len();
        SigningInput { algorithm, jwt, len }
    }

    /// The bytes to sign. For an algorithm that signs a hash (all but EdDSA), the signer makes it.
    pub fn as_bytes(&self) -> &[u8] {
        self.jwt.get(..self.len).unwrap_or_default()
    }

    /// Returns the assertion with this signature. ECDSA's is the two numbers one after the other, each as long as the
    /// curve's ([RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)), as secure elements make it,
    /// and not ASN.1, as OpenSSL does.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a signature whose length is not the algorithm's.
    pub fn with_signature(mut self, signature: &[u8]) -> Result<Secret, Error> {
        let (least, most) = self.algorithm.signature_bytes();
        if !(least..=most).contains(&signature.len()) {
            let name = self.algorithm.name();
            return Err(Error::config(format!(
                "a signature by {name} has {least} to {most} bytes and this one {}; one by ECDSA must be its two numbers, not ASN.1",
                signature.len()
            )));
        }
        self.jwt.push(b'.');
        push_base64url(signature, &mut self.jwt);
        // It is ASCII; and the buffer goes from one type that wipes it to another.
        let jwt = String::from_utf8(core::mem::take(&mut *self.jwt)).unwrap_or_default();
        Ok(Secret::from(jwt))
    }
}

impl fmt::Debug for SigningInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningInput").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// Appends to a buffer that has room for it.
fn push_base64url(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + Base64UrlUnpadded::encoded_len(bytes), 0);
    // The place has the length that this needs, so it cannot fail.
    let _ = Base64UrlUnpadded::encode(bytes, out.get_mut(start..).unwrap_or_default());
}

#[cfg(feature = "std")]
mod supply {
    use super::*;
    use crate::os::clock::utc_now;
    use crate::os::random::random;
    use crate::secret::{AfterRefusal, Deadline, SecretSource, Supply};
    use alloc::boxed::Box;

    impl From<SignedAssertion> for SecretSource {
        fn from(assertion: SignedAssertion) -> SecretSource {
            SecretSource::supplied_by(Box::new(assertion))
        }
    }

    impl Supply for SignedAssertion {
        fn supply(&self, _: Deadline) -> Result<Secret, Error> {
            Err(Error::config(
                "an assertion that is signed for each request belongs into ClientAuthentication::assertion or Config::with_secret_parameter",
            ))
        }

        fn supply_for(&self, to: Recipient, deadline: Deadline) -> Result<Secret, Error> {
            let key = self.key.load(deadline)?;
            let algorithm = key.algorithm(self.algorithm)?;
            let Utc(now) = utc_now();
            // It has to be new, not secret.
            let jti = (u128::from(random()) << 64 | u128::from(random())).to_be_bytes();
            let input = self.input(algorithm, key.thumbprint(deadline)?, to, now, jti)?;
            let signature = key.sign(algorithm, input.as_bytes())?;
            input.with_signature(&signature)
        }

        fn after_refusal(&self) -> AfterRefusal {
            self.key.after_refusal()
        }

        fn description(&self) -> &'static str {
            "an assertion that is signed for each request"
        }
    }
}

#[cfg(test)]
mod tests;
