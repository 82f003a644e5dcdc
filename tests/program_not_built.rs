//! Says so where `minbearer` itself is not tested. In the repository the dev-dependencies turn `cli` on; a published
//! package cannot depend on itself, so there it takes `cargo test --features cli`.
#![cfg(not(feature = "cli"))]

#[test]
#[ignore = "the program is tested with --features cli"]
fn the_program_is_tested() {
    panic!("`minbearer` is not built: run this with --features cli");
}
