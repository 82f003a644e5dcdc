//! Tests that need more than a Rust toolchain: strace, openssl, jq, proxies, or the servers that `.ci/interop` installs. Plain `cargo test` leaves
//! them out.

mod support;

mod tools {
    mod debian;
    mod faults;
    mod interop;
    mod openssl;
    mod proxies;
    mod recipes;
    mod servers;
}
