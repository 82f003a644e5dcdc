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
//! | `tls-ring` | | the same without TLS 1.2, which `tls12` adds; 46 KB less in a static program |
//! | `tls-no-provider` | | the same for a program that installs a provider of cryptography itself |
//! | `prompt` | | `prompt::password`: a password typed at a terminal, not echoed |
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
//! would be handed the credentials. TLS is 1.2 or 1.3. What to do instead:
//!
//! | case | what to do |
//! | --- | --- |
//! | private CA | let the environment variable `SSL_CERT_FILE` name a PEM file with the CA's certificate, or several; or `SSL_CERT_DIR` a folder of such files. They stand in for the system's CAs |
//! | self-signed server certificate | it is its own root: the same, with the server's certificate. `openssl s_client -connect HOST:443 </dev/null \| openssl x509` shows it; compare its fingerprint with the server's before you trust it |
//! | … and it is marked as a CA | it may then sign, but not serve, and is refused. `openssl req -x509` marks what it makes, unless told: `openssl req -x509 -newkey rsa:2048 -noenc -days 365 -subj /CN=HOST -addext subjectAltName=DNS:HOST -addext basicConstraints=critical,CA:FALSE -keyout server.key -out server.pem` |
//! | wrong name | use a name that the certificate has; the error lists them. A line in `/etc/hosts` can give that name to an address. A common name does not count, only `subjectAltName` |
//! | an address instead of a name | the certificate needs the address in its `subjectAltName` (`IP:192.0.2.7`); else use a name that it has |
//! | expired, or not valid yet | have it renewed; or set the device's clock, which the error shows |
//! | a CA given in code, or another TLS library | a [`Transport`] of your own; its documentation has one |
//!
//! The two variables are the exception to promise 8. rustls-native-certs, under minreq, reads them once in a process,
//! at the first `https` request, and takes no path from a caller. (On Apple's systems it is the keychain that
//! decides, and neither is read.) After a change, start the program again. This crate looks at them only when no
//! certificate was found or the issuer is unknown, to say what is wrong with the file. A file that is missing, empty
//! or not PEM is then of [`Kind::Config`]; everything else that fails in TLS is of [`Kind::Network`].
//!
//! **A program with a rustls of its own** shares with this crate rustls's one default provider of cryptography in a
//! process. minreq's rustls brings aws-lc-rs, which is therefore compiled in any case; `tls` adds ring and, unless
//! the program has installed a provider, installs it at the first `https` request. The linker then drops aws-lc-rs.
//! But where both are compiled in, rustls does not choose for anyone: `ClientConfig::builder()` panics in the program
//! until a provider is installed. So
//!
//! - install one at the start of `main`, before anything uses TLS, as
//!   `rustls::crypto::ring::default_provider().install_default()`: this crate then uses that; or
//! - if nothing in the program uses rustls's feature `ring`, take `tls-aws-lc`: then only aws-lc-rs is compiled,
//!   rustls chooses it by itself as before, and this crate installs the same. With both features on, it is ring.
//!
//! `install_default` after this crate's first `https` request returns an error: do not unwrap it. aws-lc-rs
//! also offers a post-quantum key exchange, which ring does not have. Both need a C compiler to build.
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
//! own allocator. What swap, a core dump and the environment block hold is out of reach, and over TLS what rustls
//! keeps.
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
