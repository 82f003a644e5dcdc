//! The integration tests, a module a promise or a subject. What needs a process, an allocator or features of its own is
//! in `tests/alone/`.

mod support;

mod it {
    // The promises, as SECURITY.md has them. That a secret is never left behind is tests/alone/never_left_behind.
    mod a_header_cannot_be_forged;
    mod a_secret_is_never_shown;
    mod believed_only_when_complete;
    mod credentials_go_nowhere_else;
    mod every_input_has_a_size;
    mod every_wait_has_a_deadline;
    mod hostile_servers;
    mod no_panic_on_any_input;
    mod one_request_per_get_token;

    // The library.
    mod credentials_from_env;
    mod exchange;
    mod floors;
    mod https_without_tls;
    mod https_without_tls12;
    mod interface;
    mod json;
    mod own_flow;
    mod own_transport;
    mod proxy;
    mod rotation;
    mod servers_as_they_are;
    mod stock;
    mod tls_client_certificate;
    mod tls_exchange;
    mod tls_provider;
    mod tls_roots;
    mod tls_silence;
    mod tls_trust;
}
