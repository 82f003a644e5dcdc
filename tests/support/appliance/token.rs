//! What the two systems issue.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64ct::{Base64UrlUnpadded, Encoding};

use super::message::quoted;

/// 48 URL-safe characters, no two alike.
pub fn opaque() -> String {
    Base64UrlUnpadded::encode_string(&random::<36>())
}

/// A JSON Web Token in form; nobody can verify its signature, which is random bytes.
pub fn jwt(subject: &str, lifetime: Duration) -> String {
    let issued = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let expires = issued
        .saturating_add(lifetime.as_secs())
        .saturating_add(u64::from(lifetime.subsec_nanos() > 0));
    let claims = format!(r#"{{"sub":{},"iat":{issued},"exp":{expires}}}"#, quoted(subject));
    [br#"{"alg":"HS256","typ":"JWT"}"#.as_slice(), claims.as_bytes(), &random::<32>()]
        .map(Base64UrlUnpadded::encode_string)
        .join(".")
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
