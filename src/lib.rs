//! Gets a bearer token from a token server and returns the `Authorization` header value. Synchronous and small.
//!
//! The crate is for static binaries on small appliances and in empty container images: no async runtime, no shell,
//! perhaps a wrong clock. It has three flows:
//!
//! | module | for | what goes over the wire |
//! | --- | --- | --- |
//! | [`jsa`] | apps of version 1 of the app framework of JSA and IBM QRadar, the same platform | client credentials to the local `qoauth`, whose port the port locator prints |
//! | [`accelerator`] | Altair Accelerator (`vovserver` REST API v3) | user name and password for a JSON Web Token |
//! | [`client_credentials`] | any OAuth 2.0 server, [RFC 6749 section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4) | client id, and a secret in the body or as Basic, an assertion, or a certificate |
//!
//! ```no_run
//! # fn main() -> Result<(), minbearer::Error> {
//! use minbearer::{Request, SecretSource, Session};
//! use minbearer::{accelerator, client_credentials, jsa};
//!
//! // JSA: CLIENT_ID and CLIENT_SECRET from the environment,
//! // the port from /service_port_locator.py
//! let token = jsa::get_token(&jsa::Config::from_env()?)?;
//! println!("Authorization: {}", token.authorization());
//!
//! // Accelerator
//! let url = "http://host:6271/project";
//! let config = accelerator::Config::new(url, "rose", "password")?;
//! let token = accelerator::get_token(&config)?;
//!
//! // RFC 6749 section 4.4
//! let (url, id) = ("https://auth.example/token", "my-client");
//! let secret = SecretSource::file("/run/secrets/client_secret");
//! let config = client_credentials::Config::new(url, id, secret)?
//!     .with_scope("read");
//! let token = client_credentials::get_token(&config)?;
//!
//! // A token that renews itself, shared between threads
//! let session = Session::new(jsa::Config::from_env()?);
//! let request = Request::get("https://console/api/ariel/databases")?;
//! let reply = session.send(request)?;
//! # Ok(()) }
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `std` | yes | `get_token`, [`Session`], [`Http`], [`Transport`], files, the environment, the port locator; Unix only |
//! | `minreq` | yes | [minreq](https://docs.rs/minreq) for a program's own API calls: [`Token::authorize`], `Session::send_minreq` |
//! | `miniserde` | yes | [miniserde](https://docs.rs/miniserde) for the JSON of an API's answers: `Response::json` |
//! | `tls` | | `https` URLs, TLS 1.2 and 1.3, with ring as the cryptography: see [TLS](#tls) |
//! | `tls-ring` | | the same without TLS 1.2, which `tls12` adds |
//! | `tls-no-provider` | | the same for a program that installs a provider of cryptography itself |
//! | `sign` | | assertions signed here, by ring: [`SignedAssertion`](client_credentials::SignedAssertion) |
//! | `log` | | a record for each step in the life of a session's token, for the facade [log](https://docs.rs/log) |
//! | `prompt` | | `prompt::password`: a password typed at a terminal, not echoed |
//!
//! # Without an operating system
//!
//! Without `std` the crate is `no_std + alloc`. Each flow is then two functions without I/O: `request` builds the token
//! request, `read_answer` reads the answer. Your program moves the bytes between them, over a modem, its own network
//! stack or a TLS library:
//!
//! ```
//! # extern crate alloc;
#![doc = include_str!("../examples/support/bare_metal.rs")]
//! let token = get_token().unwrap();
//! assert_eq!(token.authorization(), "Bearer abc");
//! ```
//!
//! A program without an HTTP client uses [`Request::to_bytes`] and [`Request::incoming`]. A program with one reads the
//! request through its methods and makes the response with [`Response::new`]. [`Lifecycle`] says when to renew.
//!
//! # TLS
//!
//! The server's certificate chain and host name are always verified. No option turns that off: an unverified server
//! would receive the credentials. What a certificate must have, whose is trusted, and what is not checked:
//! [the trust anchors of TLS](#the-trust-anchors-of-tls).
//!
//! The feature `tls` supports TLS 1.3 and 1.2, the AES-GCM cipher suites, key exchange on X25519, P-256 and P-384, and
//! certificates with RSA (2048 to 8192 bits), P-256, P-384 and Ed25519 keys. A server that has only P-521 or only
//! ChaCha20-Poly1305 cannot be reached; ChaCha20-Poly1305 would add 52 KB to a static program.
//!
//! If the program installs a provider of cryptography (aws-lc-rs, its FIPS build, all of ring) with
//! `rustls::crypto::CryptoProvider::install_default`, that provider is used with everything it supports;
//! `tls-no-provider` is for such programs. This crate installs none.
//!
//! A server may send six intermediate certificates of 16 KiB together, and two of one name.
//!
//! | case | what to do |
//! | --- | --- |
//! | private CA | `Http::with_ca`, or set `SSL_CERT_FILE` to its certificate |
//! | private CA beside the system's | `Http::with_added_ca` |
//! | self-signed server certificate | trust the server's certificate itself, in the same way. `openssl s_client -connect HOST:443 </dev/null \| openssl x509` shows it; compare its fingerprint with the server's before you trust it |
//! | an address instead of a name | the certificate needs the address in its `subjectAltName` (`IP:192.0.2.7`); else use a name that it has, or `Http::with_server_name` |
//! | QRadar's own certificate, which is for `localhost.localdomain` | `Http::with_server_name(address, "localhost.localdomain")` with `with_ca`; the program: `--server-name localhost.localdomain` with `--cacert` |
//! | the server requires a client certificate | `Http::with_client_certificate` |
//! | another TLS library | implement [`Transport`]; its documentation has an example |
//!
//! What to do after an error depends on its message. The kind is [`Kind::Network`] with the cause
//! [`NetworkCause::Tls`], unless the table names another:
//!
//! | the message has | what to do |
//! | --- | --- |
//! | `signed by none of` | trust the server's CA; the server must send intermediates |
//! | `a CA of that name is trusted, but with another key` | the CA was renewed: fetch its new certificate |
//! | `does not have the key of its certificate` | the server's key was replaced and its certificate was not, or another server answers there |
//! | `an intermediate certificate that the server sent may not sign`, `the certificate that was given for the server's CA may not sign` | have that certificate issued as a CA's (`basicConstraints` with `CA:TRUE`), or trust the server's certificate itself |
//! | `more than six intermediate certificates`, `more than two …` | let the server send only the certificates between its own and a root |
//! | `has an RSA key of less than 2048 bits`, `has a P-521 key`, `has a key on another curve` | have that certificate issued with another type of key |
//! | `not for HOST but for NAMES`, `names no host at all` | use one of those names in the URL, in `Http::with_server_name` or `--server-name`, or have the certificate issued for HOST; only `subjectAltName` counts, not the common name, unless the certificate itself is trusted |
//! | `expired at …`, `not valid before …` | renew that certificate, or set the device's clock, whose time the message shows; if it is an intermediate one, let the server send the current one |
//! | `marked as that of a CA`, `not meant for servers`, `not of X.509 version 3` | trust that certificate itself, or have it issued as a server certificate |
//! | `a signature that is not supported` | have it issued with SHA-256 or SHA-384; SHA-512 is supported with RSA alone |
//! | `no TLS version that is supported here` | let the server speak TLS 1.2 or 1.3 |
//! | `refused the TLS handshake` | let the server offer ECDHE with AES-GCM, and a supported type of key |
//! | `asks for a client certificate` | use a client certificate of a CA that the server trusts, and that has not expired |
//! | `the answer is not TLS` | wrong port, or the server speaks plain HTTP there |
//! | `does not speak HTTP/1.1 there` | wrong port |
//! | `closed the connection in the TLS handshake` | wrong port, or a proxy or firewall in between |
//! | `(SSL_CERT_FILE) cannot be read`, `is empty`, `holds no PEM certificate`, `in DER`, `a TRUSTED CERTIFICATE`, `is UTF-16`, `is a directory`, `is not a regular file` | of [`Kind::Config`]: correct that file |
//! | `SSL_CERT_DIR names no directory that holds a PEM certificate of a CA` | of [`Kind::Config`]: correct the path |
//! | `this system has no CA certificates` | of [`Kind::Config`]: trust a CA by one of the ways above |
//! | ``needs TLS: build minbearer with its feature `tls` `` | of [`Kind::Config`]: build it with that feature |
//!
//! Certificates are read at the first request and kept for as long as the [`Http`] or the [`Session`] lives. A failure to
//! read them is not cached: a file that is mounted later is found at the next request.
//!
// The promises and their limits, which stand in that file alone.
#![cfg_attr(doc, doc = "", doc = include_str!("../SECURITY.md"))]
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
// The page above links to items that need `std`.
#![cfg_attr(not(feature = "std"), allow(rustdoc::broken_intra_doc_links))]
// Each item's page names the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod error;
mod flow;
mod life;
mod secret;
mod wire;

// Last, since rustdoc lists the methods in the order of the modules, and these add to `Token`.
#[cfg(feature = "std")]
mod net;
#[cfg(feature = "std")]
mod os;
#[cfg(feature = "std")]
mod session;

/// What the program, the C library and the examples share with the library. It is no part of the interface, and changes
/// without notice.
#[cfg(feature = "std")]
#[doc(hidden)]
pub mod internal {
    pub use crate::error::{add_note, on_a_line};
    pub use crate::flow::client_credentials::environment::{
        Needs as ClientNeeds, from_env as client_credentials_from_env,
    };
    pub use crate::life::pause;
    pub use crate::net::http::with_proxy_of;
    #[cfg(feature = "tls-no-provider")]
    pub use crate::net::tls::certificate::{Certificate, Key as CertificateKey};
    pub use crate::os::clock::utc_now;
    pub use crate::os::env::{client_secret, optional as variable, required_client_id};
    pub use crate::os::files::{read_regular, shown_path};
    pub use crate::os::random::{random, random_u32};
    pub use crate::os::secret_file::secret_file;
    pub use crate::wire::json::{push_quoted, written_seconds};
    pub use crate::wire::time::{RELEASED, Utc};
}

/// What the C library needs without an operating system too, on the same terms.
#[doc(hidden)]
pub mod internal_memory {
    use crate::error::Error;
    pub use crate::error::digits;

    /// Makes an error for want of memory.
    pub fn out_of_memory(message: &str) -> Error {
        Error::out_of_memory(message)
    }

    /// Whether memory was wanting, and nothing is wrong with what the server sent.
    pub fn is_out_of_memory(error: &Error) -> bool {
        error.is_out_of_memory()
    }
}

/// Private functions for the fuzz targets; cargo-fuzz sets the `cfg`.
#[cfg(all(fuzzing, feature = "std"))]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::os::locator::{printed_port, shown_stderr};
}

pub use error::{Error, Kind, NetworkCause, Refusal};
#[cfg(feature = "std")]
pub use flow::{Flow, get_token};
pub use flow::{accelerator, client_credentials, jsa};
pub use life::{Lifecycle, Lifetime, Rejection, Step};
#[cfg(feature = "std")]
pub use net::http::Http;
#[cfg(feature = "std")]
pub use net::transport::Transport;
#[cfg(feature = "prompt")]
pub use os::prompt;
pub use secret::{AfterRefusal, Secret, SecretSource};
#[cfg(feature = "std")]
pub use session::Session;
pub use wire::incoming::Incoming;
pub use wire::request::{Method, Request};
pub use wire::response::Response;
pub use wire::token::Token;
pub use wire::url::Url;

#[cfg(feature = "miniserde")]
pub use ::miniserde;
#[cfg(feature = "minreq")]
pub use ::minreq;
