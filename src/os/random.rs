//! Random bits for names, times and a `jti`, not for secrets: of the keys that std makes for its hash maps, which are the
//! system's random bits, new for each thread, and other ones for each map.

use std::hash::{BuildHasher, Hasher, RandomState};

/// 64 of them.
pub fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// 32 of them, to spread what many devices do.
pub fn random_u32() -> u32 {
    (random() >> 32) as u32
}
