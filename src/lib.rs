//! Gets a bearer token and hands back the `Authorization` header: synchronous, small, careful.
//!
//! Three flows, for programs that are linked into static binaries and run where there is no async
//! runtime, no shell and perhaps the wrong time:
//!
//! | module | for | what goes over the wire |
//! | --- | --- | --- |
//! | [`jsa`] | apps on JSA (IBM QRadar is the same) | client credentials to the local `qoauth`, found by the port locator |
//! | [`accelerator`] | Altair Accelerator (`vovserver` REST API v3) | user name and password for a JSON Web Token |
//! | [`client_credentials`] | any OAuth 2.0 server, [RFC 6749 section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4) | client id and secret, in the body or as Basic |
//!
//! ```no_run
//! # fn main() -> Result<(), minbearer::Error> {
//! use minbearer::{Request, SecretSource, Session, accelerator, client_credentials, jsa};
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
//! let config = client_credentials::Config::new(url, id, secret)?.with_scope("read");
//! let token = client_credentials::get_token(&config)?;
//!
//! // A token that renews itself, shared between threads
//! let session = Session::new(jsa::Config::from_env()?);
//! let reply = session.send(Request::get("https://console/api/ariel/databases")?)?;
//! # Ok(()) }
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `std` | yes | `get_token`, [`Session`], [`Http`], [`Transport`], files, the environment, the port locator; Unix only |
//! | `minreq` | yes | [minreq](https://docs.rs/minreq) for a program's own API calls: [`Token::authorize`], `Session::send_minreq` |
//! | `tls` | | `https` URLs, TLS 1.2 and 1.3, with ring as the cryptography: see [TLS](#tls) |
//! | `tls-ring` | | the same without TLS 1.2, which `tls12` adds |
//! | `tls-no-provider` | | the same for a program that installs a provider of cryptography itself |
//! | `prompt` | | `prompt::password`: a password typed at a terminal, not echoed |
//! | `cli` | | the program `minbearer` |
//!
//! # Without an operating system
//!
//! Without `std` the crate is `no_std + alloc`. Each flow is then its two pure functions: `request`
//! builds the token request, `read_answer` reads the answer, and the bytes between them are yours to move, over a
//! modem, a network stack of your own, or a TLS library on top of one:
//!
//! ```
//! # extern crate alloc;
#![doc = include_str!("../examples/support/bare_metal.rs")]
//! let token = get_token().unwrap();
//! assert_eq!(token.authorization(), "Bearer abc");
//! ```
//!
//! [`Request::to_bytes`] and [`Request::incoming`] are for a program without an HTTP client; one that has a client takes
//! the request apart by its methods and builds the response with [`Response::new`]. [`schedule`] says when to renew.
//!
//! # TLS
//!
//! The server's certificate is verified, its name included, and nothing turns that off: a server that could be anyone
//! would be handed the credentials. TLS is 1.3 or 1.2, with AES-GCM and key exchange on X25519, P-256 or P-384; keys are
//! RSA from 2048 bits, P-256, P-384 or Ed25519. A server that has ChaCha20-Poly1305 or P-521 alone is not reached by the
//! cryptography that comes with `tls`: the first would cost 52 KB in a static program. A provider that the program
//! installs (`rustls::crypto::CryptoProvider::install_default`: aws-lc-rs, its FIPS build, all of ring) is used instead,
//! with all that it has; `tls-no-provider` is for such programs. This crate installs none.
//!
//! Trusted are the system's CAs. `SSL_CERT_FILE` (a PEM file) and `SSL_CERT_DIR` (folders of such files) stand in for
//! them; **with both set both count**, as with OpenSSL, so neither is a pin. The pin is `Http::with_ca`, which looks at no
//! variable.
//!
//! | case | what to do |
//! | --- | --- |
//! | private CA | `Http::with_ca`, or let `SSL_CERT_FILE` name its certificate |
//! | self-signed server certificate | it is its own root: the same, with the server's certificate. `openssl s_client -connect HOST:443 </dev/null \| openssl x509` shows it; compare its fingerprint with the server's before you trust it |
//! | … and it is marked as a CA | it may then sign, but not serve, and is refused. `openssl req -x509` marks what it makes, unless told `-addext basicConstraints=critical,CA:FALSE` |
//! | wrong name | use a name that the certificate has; the error lists them. A common name does not count, only `subjectAltName` |
//! | an address instead of a name | the certificate needs the address in its `subjectAltName` (`IP:192.0.2.7`); else use a name that it has |
//! | expired, or not valid yet | have it renewed; or set the device's clock, which the error shows |
//! | the server knows clients by certificate | `Http::with_client_certificate` |
//! | another TLS library | a [`Transport`] of your own; its documentation has one |
//!
//! What an error says, and what to do; it is of [`Kind::Network`] with [`NetworkCause::Tls`] unless noted:
//!
//! | the message has | what to do |
//! | --- | --- |
//! | `signed by none of the CAs in …` | trust the server's CA; the server must send intermediates |
//! | `a CA of that name is trusted, but with another key` | the CA was renewed: fetch its new certificate |
//! | `has an RSA key of less than 2048 bits`, `has a P-521 key` | have that certificate issued with another kind of key |
//! | `not for HOST but for NAMES`, `names no host at all` | use one of those names in the URL, or have it issued for HOST |
//! | `expired at …`, `not valid before …` | have it renewed, or set the device's clock |
//! | `marked as that of a CA`, `not meant for servers` | have it issued as a server's |
//! | `signed in a way that is not taken` | have it issued with SHA-256 |
//! | `no TLS version that is taken here` | let the server speak TLS 1.2 or 1.3 |
//! | `refused the TLS handshake` | offer ECDHE with AES-GCM, and a key that is taken |
//! | `wants a client certificate`, `does not accept the client certificate` | give it one of a CA that it trusts |
//! | `the answer is not TLS` | wrong port, or plain HTTP there |
//! | `cut the TLS handshake off`, `hung up` | wrong port, or a proxy or firewall in between |
//! | `(SSL_CERT_FILE) cannot be read`, `is empty`, `holds no PEM certificate`, `in DER`, `is a folder`, `is not a regular file` | of [`Kind::Config`]: correct that file |
//! | `SSL_CERT_DIR names no folder that holds a PEM certificate` | of [`Kind::Config`]: correct the path |
//! | `this system has no CA certificates` | of [`Kind::Config`]: trust a CA by one of the ways above |
//! | ``needs TLS: build minbearer with its feature `tls` `` | of [`Kind::Config`]: build it so |
//!
//! A failure to read certificates is not remembered: one that is mounted later is found at the next request. Once they were
//! read they stay for as long as the [`Http`] or the [`Session`] lives.
//!
//! # Promises
//!
//! Each has a test that was seen to fail when it was broken; SECURITY.md has them with their limits.
//!
//! ## A secret is never shown
//!
//! Not in `Debug`, `Display`, a panic, a log line or a URL in an error. Text that a server sent is cut to 256
//! characters, its control characters are escaped, and the secret or password in it is replaced, in the spellings that
//! servers produce: percent-encoded, JSON-escaped, HTML-escaped, Basic credentials.
//!
//! ## A secret is never left behind
//!
//! Every buffer that held one is wiped when it is dropped and never reallocated while it holds one, with the system's
//! own allocator, over TLS too. What swap, a core dump and the environment block hold is out of reach, and what rustls
//! keeps: of each decrypted record one byte, and the key of a client certificate.
//!
//! ## Every wait has a deadline
//!
//! The locator, DNS, connect, the TLS handshake, one record of TLS, a byte a second. 10 s for the whole call unless the
//! `Config` says otherwise; the call returns within it, plus half a second, and leaves no socket, no process and no
//! thread behind, but for a name lookup that the resolver does not give up.
//!
//! ## Every input has a size
//!
//! 8 KiB for an answer's head, 64 KiB for a token answer, 1 MiB for an API answer, 256 bytes for a port, 8 KiB for a
//! token, 16 KiB for a secret's file.
//!
//! ## Credentials go nowhere else
//!
//! Redirects are refused, no proxy is taken from the environment, and no feature that another crate turns on in a
//! shared dependency changes where or how they travel. A doubtful URL is a configuration error before a socket opens.
//! `localhost` is the loopback addresses, without a lookup. `client_credentials` refuses plain `http` beyond loopback
//! unless told otherwise.
//!
//! ## A header cannot be forged
//!
//! An access token with a byte outside `0x21..=0x7E` is a malformed answer.
//!
//! ## What the server says is believed only when complete
//!
//! A body shorter than its `Content-Length`, a chunked body without its last chunk, trailing bytes after the JSON, a
//! status other than 2xx, or an `error` never yields a token.
//!
//! ## No panic on any input
//!
//! No `unsafe`, no process lost because a thread, a descriptor or memory for a socket could not be had, and no
//! environment variable read but by functions whose names say `from_env` and, for TLS roots, `SSL_CERT_FILE` and
//! `SSL_CERT_DIR`.
//!
//! ## One request per `get_token`
//!
//! The only retry in the crate is a [`Session`]'s, once, after a 401.

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
// The page above is written for `std`.
#![cfg_attr(not(feature = "std"), allow(rustdoc::broken_intra_doc_links))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod error;
mod flow;
#[cfg(feature = "std")]
mod os;
mod secret;
mod session;
mod wire;

/// What the fuzz targets reach beyond the public interface; cargo-fuzz sets the `cfg`.
#[cfg(all(fuzzing, feature = "std"))]
#[doc(hidden)]
pub mod fuzzing {
    use crate::os::locator;
    use alloc::string::String;

    /// Reads what a locator printed.
    pub fn printed_port(printed: &[u8], secret: &str) -> Result<u16, String> {
        locator::printed_port(printed, secret)
    }

    /// Makes a locator's standard error fit to be shown.
    pub fn shown_complaint(complaint: &[u8], secret: &str) -> String {
        locator::shown_complaint(complaint, secret)
    }
}

pub use error::{Error, Failure, Kind, NetworkCause, Refusal};
#[cfg(feature = "std")]
pub use flow::{Flow, get_token};
pub use flow::{accelerator, client_credentials, jsa};
#[cfg(feature = "std")]
pub use os::http::Http;
#[cfg(feature = "minreq")]
pub use os::minreq::Minreq;
#[cfg(feature = "prompt")]
pub use os::prompt;
#[cfg(feature = "std")]
pub use os::transport::Transport;
pub use secret::{Secret, SecretSource};
#[cfg(feature = "std")]
pub use session::Session;
pub use session::schedule;
pub use wire::incoming::Incoming;
pub use wire::request::{Method, Request};
pub use wire::response::Response;
pub use wire::token::Token;
pub use wire::url::Url;
