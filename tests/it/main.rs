//! The integration tests, a module a promise or a subject. What needs a process, an allocator or features of its own is
//! in `tests/alone/`.

#[path = "../support/mod.rs"]
mod support;

// The promises: see SECURITY.md.
mod a_secret_is_never_shown;
mod every_wait_has_a_deadline;
mod hostile_servers;
mod no_panic_on_any_input;

// The library.
mod client_authentication;
mod exchange;
mod https_without_tls;
mod interface;
mod json;
mod own_flow;
mod own_transport;
mod proxy;
mod rotation;
mod servers_as_they_are;
mod tls_client_certificate;
mod tls_exchange;
mod tls_roots;
mod tls_trust;

// The examples, the documents.
mod background_process;
mod background_process_tls;
mod examples;
mod pages;
mod service_port_locator;
mod stock;
mod the_appliance;
