//! What needs more than a Rust toolchain: openssl and python3, root, or the images that `.ci/firmware` builds. Plain `cargo test`
//! leaves it out.

mod support;

mod tools {
    mod firmware;
    #[cfg(feature = "tls")]
    mod openssl;
    #[cfg(feature = "tls")]
    mod set_user_id;
}
