//! What the two systems issue, and for how long it is good.

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
    /// Each with the moment it dies, if there is one and it can be told.
    tokens: Mutex<HashMap<String, Option<Instant>>>,
}

impl LiveTokens {
    pub fn insert(&self, token: String, lifetime: Option<Duration>) {
        let dies = lifetime.and_then(|lifetime| Instant::now().checked_add(lifetime));
        lock(&self.tokens).insert(token, dies);
    }

    pub fn contains(&self, token: &str) -> bool {
        let mut tokens = lock(&self.tokens);
        let now = Instant::now();
        tokens.retain(|_, dies| dies.is_none_or(|dies| now < dies));
        tokens.contains_key(token)
    }

    pub fn revoke(&self) {
        lock(&self.tokens).clear();
    }
}

/// 48 URL-safe characters, no two alike.
pub fn opaque() -> String {
    Base64UrlUnpadded::encode_string(&random::<36>())
}

/// A JSON Web Token in form; nobody can verify its signature, which is random bytes.
pub fn jwt(subject: &str, lifetime: Duration) -> String {
    let issued = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let expires = issued.saturating_add(whole_seconds(lifetime));
    let claims = format!(r#"{{"sub":{},"iat":{issued},"exp":{expires}}}"#, quoted(subject));
    [br#"{"alg":"HS256","typ":"JWT"}"#.as_slice(), claims.as_bytes(), &random::<32>()]
        .map(Base64UrlUnpadded::encode_string)
        .join(".")
}

/// A lifetime as `exp - iat` and `expires_in` say it: rounded up.
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
