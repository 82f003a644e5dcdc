//! Random numbers for names and times, not for secrets: the keys that std makes for its hash maps.

use std::hash::{BuildHasher, Hasher, RandomState};

pub fn random_bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

pub fn random() -> u32 {
    (random_bits() >> 32) as u32
}
