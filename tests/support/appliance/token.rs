//! The tokens of the two systems, and how long they are valid.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64ct::{Base64UrlUnpadded, Encoding};

use super::lock;
use super::message::quoted;

/// The tokens that a system accepts.
#[derive(Default)]
pub struct LiveTokens {
    /// Each token with the time at which it expires, if any.
    tokens: Mutex<HashMap<String, Option<Instant>>>,
}

impl LiveTokens {
    pub fn insert(&self, token: String, lifetime: Option<Duration>) {
        let expires = lifetime.and_then(|lifetime| Instant::now().checked_add(lifetime));
        lock(&self.tokens).insert(token, expires);
    }

    pub fn contains(&self, token: &str) -> bool {
        let mut tokens = lock(&self.tokens);
        let now = Instant::now();
        tokens.retain(|_, expires| expires.is_none_or(|expires| now < expires));
        tokens.contains_key(token)
    }

    pub fn revoke(&self) {
        lock(&self.tokens).clear();
    }
}

/// A new random token of 48 URL-safe characters.
pub fn opaque() -> String {
    Base64UrlUnpadded::encode_string(&random::<36>())
}

/// A well-formed JSON Web Token whose signature is random bytes.
pub fn jwt(subject: &str, lifetime: Duration) -> String {
    let issued = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let expires = issued.saturating_add(whole_seconds(lifetime));
    let claims = format!(r#"{{"sub":{},"iat":{issued},"exp":{expires}}}"#, quoted(subject));
    [br#"{"alg":"HS256","typ":"JWT"}"#.as_slice(), claims.as_bytes(), &random::<32>()]
        .map(Base64UrlUnpadded::encode_string)
        .join(".")
}

/// A lifetime as in `exp - iat` and `expires_in`: rounded up to whole seconds.
pub fn whole_seconds(lifetime: Duration) -> u64 {
    lifetime.as_secs().saturating_add(u64::from(lifetime.subsec_nanos() > 0))
}

fn random<const SIZE: usize>() -> [u8; SIZE] {
    let source = RandomState::new();
    let mut bytes = [0; SIZE];
    for (block, chunk) in bytes.chunks_mut(8).enumerate() {
        let word = source.hash_one(block).to_ne_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
    bytes
}
