//! The integration tests that the published archive has: a module a promise or a subject, each against a scripted server or
//! none. `tests/servers.rs` has those that want more of a server, `tests/alone/` what needs a process, an allocator or
//! features of its own, and the rule of the floors.

mod it {
    // The promises, as SECURITY.md has them. That a secret is never left behind is tests/alone/never_left_behind.
    mod a_header_cannot_be_forged;
    mod a_secret_is_never_shown;
    mod believed_only_when_complete;
    mod credentials_go_nowhere_else;
    mod every_input_has_a_size;
    mod every_wait_has_a_deadline;
    mod no_panic_on_any_input;
    mod one_request_per_get_token;

    // The library.
    mod credentials_from_env;
    mod https_without_tls;
    mod own_flow;
}

/// Of `tests/support/`, what needs no appliance: the archive leaves the rest out.
#[path = "support"] // for rustfmt, which looks elsewhere
#[allow(dead_code)] // of each this binary uses a part
mod support {
    pub mod environment;
    pub mod executable;
    pub mod flows;
    pub mod hostile;
    pub mod leaks;
    pub mod listener;
    pub mod timing;
}
