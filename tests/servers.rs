//! The library against servers: hostile ones, widely used ones as they are and as their documentation has them, ones in
//! virtual time, the loopback appliance, a proxy, and those whose certificates are wrong. The published archive leaves
//! these tests out.

mod support;

mod servers {
    mod as_they_are;
    mod assertions;
    mod client_credentials;
    mod documented;
    mod exchange;
    mod hostile;
    mod json;
    mod refusals;
    mod signing;
    mod stock;
    // Servers that are functions.
    mod life;

    // The appliance.
    mod interface;
    mod own_transport;
    mod rotation;
    mod secret_files;

    // HTTPS.
    mod credentials_go_nowhere_else;
    mod https_without_tls12;
    mod proxy;
    mod tls_certificate;
    mod tls_client_certificate;
    mod tls_exchange;
    mod tls_provider;
    mod tls_roots;
    mod tls_silence;
    mod tls_trust;
}
