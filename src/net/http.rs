//! One HTTP exchange, over std's sockets.

use crate::error::{Error, NetworkCause};
#[cfg(feature = "tls-no-provider")]
use crate::net::proxy::Proxy;
use crate::net::socket::{ConnectError, Socket, describe_io};
use crate::net::tls::{self, Tls};
use crate::net::transport::Transport;
#[cfg(feature = "tls-no-provider")]
use crate::secret::SecretSource;
use crate::wire::incoming::Incoming;
use crate::wire::request::Request;
use crate::wire::response::Response;
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::io::{ErrorKind, Read, Write};
use std::time::Instant;
use zeroize::Zeroize;

/// The built-in transport: one connection for each request, closed after its answer.
///
/// Every wait ends at the deadline ([Every wait has a deadline](crate#every-wait-has-a-deadline)) and leaves no socket,
/// thread or secret behind, except a thread that waits for the system. A name is looked up on a thread of its own, since
/// the system's resolver takes no deadline; after a timeout that thread lives on until the resolver gives up. It holds
/// nothing but the name. An address and `localhost` need no such thread. CA files too are read on a thread, which lives on
/// if their mount does not answer.
///
/// The addresses of a name are tried in turn; an address that does not answer gets an equal share of the remaining time.
///
/// A static musl program asks DNS for IPv4 and IPv6 addresses together. If the DNS server answers NXDOMAIN to one of the
/// two questions, musl reports no address at all, although the other question has one: let the DNS server answer with
/// no data, or use an address.
#[cfg_attr(
    feature = "tls-no-provider",
    doc = "

A clone shares its TLS sessions with the original. The second request to a server resumes the session of the first, which
saves a round of public-key cryptography, so keep one `Http` or one [`Session`](crate::Session)."
)]
#[derive(Clone, Default)]
pub struct Http {
    tls: Tls,
    #[cfg(feature = "tls-no-provider")]
    proxy: Option<Proxy>,
}

impl Http {
    /// Makes a transport that trusts, for `https`, the system's CAs, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR`
    /// name: see [TLS](crate#tls).
    pub fn new() -> Http {
        Http::default()
    }

    /// Trusts the CAs in this PEM text and no others: neither the system's nor those of the environment. TLS sessions
    /// of earlier connections are not resumed.
    ///
    /// A certificate in it that may sign (basic constraint CA:TRUE, and keyCertSign if it has a key usage) is an issuer.
    /// Each is also a pin: a server that presents the same certificate is accepted if it is for that server and in its
    /// time, whatever else the certificate says. A pin without a `subjectAltName` is for the server that its common name
    /// names. So an appliance's self-signed certificate can be trusted alone.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a text that is empty, in DER or without a PEM certificate.
    #[cfg(feature = "tls-no-provider")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))] // which is what most want, and turns that one on
    pub fn with_ca(self, pem: impl AsRef<[u8]>) -> Result<Http, Error> {
        Ok(Http { tls: self.tls.with_ca(pem.as_ref())?, ..self })
    }

    /// Trusts the CAs in this PEM text too, as [`with_ca`](Self::with_ca) does: beside the system's or those of the
    /// environment, or beside those that `with_ca` gave.
    ///
    /// # Errors
    /// As for [`with_ca`](Self::with_ca).
    #[cfg(feature = "tls-no-provider")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn with_added_ca(self, pem: impl AsRef<[u8]>) -> Result<Http, Error> {
        Ok(Http { tls: self.tls.with_added_ca(pem.as_ref())?, ..self })
    }

    /// For this host alone, a name or an address as the URL has it: asks for (SNI) and verifies the certificate of another
    /// name. For appliances that are reached by an address which their certificate does not have. The certificate that
    /// QRadar makes for itself is for `localhost.localdomain`:
    ///
    /// ```
    /// # fn main() -> Result<(), minbearer::Error> {
    /// use minbearer::Http;
    ///
    /// let name = "localhost.localdomain";
    /// let http = Http::new().with_server_name("192.0.2.7", name)?;
    /// # Ok(()) }
    /// ```
    ///
    /// The server is then anyone who has a certificate of a trusted CA for that name, so trust that CA alone, or the
    /// certificate itself: [`with_ca`](Self::with_ca).
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a name that is neither a DNS name nor an address.
    #[cfg(feature = "tls-no-provider")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn with_server_name(self, host: &str, name: &str) -> Result<Http, Error> {
        Ok(Http { tls: self.tls.with_server_name(host, name)?, ..self })
    }

    /// Presents a client certificate to servers that ask for one: the certificate chain in PEM, the client's own
    /// certificate first, and its key in PEM (PKCS #8, PKCS #1 or SEC1). The caller has to wipe the texts.
    ///
    /// The key is wiped where it was decoded. ring, which signs with it, does not wipe what it parses, and that stays in
    /// memory after drop: the scalar of a P-256 key, or `p`, `q`, `d`, `dP` and `dQ` of an RSA key. A provider of
    /// cryptography that the program installs gets a copy of the DER; rustls's provider for ring does not wipe it.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a text that is empty or has no certificate or key, for an encrypted key,
    /// and for a key that does not belong to the certificate.
    #[cfg(feature = "tls-no-provider")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn with_client_certificate(
        self,
        chain_pem: impl AsRef<[u8]>,
        key_pem: impl AsRef<[u8]>,
    ) -> Result<Http, Error> {
        let tls = self.tls.with_client_certificate(chain_pem.as_ref(), key_pem.as_ref())?;
        Ok(Http { tls, ..self })
    }

    /// Sends everything through this HTTP proxy: token requests and API calls, those to this machine too. The proxy is
    /// asked for a tunnel by `CONNECT` ([RFC 9110 section
    /// 9.3.6](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6)) and looks up the server's name. It learns host and
    /// port; the request goes through the tunnel inside TLS, and its certificate is verified as without a proxy. A proxy
    /// that breaks TLS open, as some companies have, needs its CA: [`with_ca`](Self::with_ca).
    ///
    /// `url` is `http://HOST:PORT`. A request to an `http` URL is then an error of [`Kind::Config`](crate::Kind::Config):
    /// the proxy would read it. What minreq sends for a session does not go through it. No proxy is ever taken from the environment
    /// ([Credentials go nowhere else](crate#credentials-go-nowhere-else)). For a SOCKS proxy, or one that is reached by
    /// TLS, implement [`Transport`]: its page has an example.
    ///
    /// What the proxy refuses is an error of [`Kind::Network`](crate::Kind::Network) with the cause
    /// [`NetworkCause::Proxy`] and the proxy's words. Its answer has the limits of an answer's head and is read within the
    /// deadline.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), minbearer::Error> {
    /// use minbearer::{Http, SecretSource};
    ///
    /// let password = SecretSource::file("/run/secrets/proxy");
    /// let http = Http::new()
    ///     .with_proxy("http://proxy.example:3128")?
    ///     .with_proxy_credentials("rose", password)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) for a URL that [`Url::parse`](crate::Url::parse) refuses, user info among it,
    /// and for one with a path, a query or `https`.
    #[cfg(feature = "tls-no-provider")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn with_proxy(self, url: &str) -> Result<Http, Error> {
        Ok(Http { proxy: Some(Proxy::new(url)?), ..self })
    }

    /// Sends user and password as Basic ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)) to the proxy, in the
    /// `CONNECT` alone. It goes over plain `http`: who can read the network between here and the proxy can read it. It is
    /// not sent to the server.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config) if no proxy is set, for a user that is empty or has a colon, and for a user or
    /// a fixed password with a control character.
    #[cfg(feature = "tls-no-provider")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn with_proxy_credentials(
        self,
        user: impl Into<String>,
        password: impl Into<SecretSource>,
    ) -> Result<Http, Error> {
        let Some(proxy) = self.proxy else {
            return Err(Error::config("the proxy's credentials are set before its URL"));
        };
        let proxy = Some(proxy.with_credentials(user.into(), password.into())?);
        Ok(Http { proxy, tls: self.tls })
    }
}

/// Gives a transport another one's proxy, for the program, which reads certificates anew for each request.
#[cfg_attr(not(feature = "tls-no-provider"), allow(unused_variables))]
pub fn with_proxy_of(http: Http, other: &Http) -> Http {
    #[cfg(feature = "tls-no-provider")]
    return Http { proxy: other.proxy.clone(), ..http };
    #[cfg(not(feature = "tls-no-provider"))]
    http
}

// rustls's types lack these. The state that `Http` keeps is complete before it is stored, so a panic cannot break it.
impl UnwindSafe for Http {}
impl RefUnwindSafe for Http {}

impl Transport for Http {
    fn send(&self, request: &Request, deadline: Instant) -> Result<Response, Error> {
        self.exchange(request, deadline).map_err(|error| error.describe(request, &self.way()))
    }
}

impl Http {
    fn exchange(&self, request: &Request, deadline: Instant) -> Result<Response, ExchangeError> {
        let url = request.url();
        if url.is_https() {
            self.tls.make_ready(deadline).map_err(ExchangeError::Prepare)?;
        }
        let mut socket = self.connect(request, deadline)?;
        let bytes = request.to_bytes();
        let mut incoming = request.incoming();
        if url.is_https() {
            let mut wrong = None;
            let outcome = self.tls.exchange(url, &mut socket, &bytes, &mut |bytes| {
                incoming.push(bytes).unwrap_or_else(|error| {
                    wrong = Some(error);
                    true
                })
            });
            if let Some(error) = wrong {
                return Err(ExchangeError::Answer(error));
            }
            if let Err(failure) = outcome {
                return Err(match incoming.finish() {
                    Err(error) if failure.is_truncation() => ExchangeError::Answer(error),
                    _ => ExchangeError::Tls(failure),
                });
            }
        } else {
            let written = socket.write_all(&bytes);
            drop(bytes);
            let read = read_answer(&mut socket, &mut incoming);
            // A server that refuses a request before all of it is sent may close the connection.
            if let (Err(error), false) = (written, matches!(read, Ok(true))) {
                return Err(ExchangeError::Io(error));
            }
            read?;
        }
        incoming.finish().map_err(ExchangeError::Answer)
    }

    /// How the server is reached, for errors: what a server does through a proxy may be the proxy's doing.
    fn way(&self) -> String {
        #[cfg(feature = "tls-no-provider")]
        if let Some(proxy) = &self.proxy {
            return format!(" through the proxy {}", proxy.name());
        }
        String::new()
    }

    fn connect(&self, request: &Request, deadline: Instant) -> Result<Socket, ExchangeError> {
        let url = request.url();
        #[cfg(feature = "tls-no-provider")]
        if let Some(proxy) = &self.proxy {
            let socket = proxy.connect(request, &doing(request), deadline);
            return socket.map_err(ExchangeError::Proxy);
        }
        let socket = Socket::connect(url, deadline).map_err(ExchangeError::Connect)?;
        if url.is_https() {
            socket.send_at_once();
        }
        Ok(socket)
    }
}

/// Reads until the answer is complete, and returns whether it is.
fn read_answer(socket: &mut Socket, incoming: &mut Incoming) -> Result<bool, ExchangeError> {
    let mut buffer = [0; 4096];
    loop {
        let read = socket.read(&mut buffer).map_err(ExchangeError::Io)?;
        if read == 0 {
            return Ok(false);
        }
        let bytes = &mut buffer[..read];
        let pushed = incoming.push(bytes);
        bytes.zeroize(); // all of the buffer would take as long as all else that this library does in an exchange
        if pushed.map_err(ExchangeError::Answer)? {
            return Ok(true);
        }
    }
}

/// Why an exchange failed, before its server is named.
enum ExchangeError {
    /// TLS could not be prepared.
    Prepare(tls::Failure),
    Connect(ConnectError),
    /// Described already.
    #[cfg(feature = "tls-no-provider")]
    Proxy(Error),
    Io(std::io::Error),
    Tls(tls::Failure),
    /// The answer is not valid.
    Answer(Error),
}

impl ExchangeError {
    fn is_timeout(&self) -> bool {
        match self {
            ExchangeError::Connect(ConnectError::Lookup(error) | ConnectError::Connect(error))
            | ExchangeError::Io(error) => error.kind() == ErrorKind::TimedOut,
            ExchangeError::Prepare(failure) | ExchangeError::Tls(failure) => failure.is_timeout(),
            #[cfg(feature = "tls-no-provider")]
            ExchangeError::Proxy(_) => false,
            ExchangeError::Answer(_) => false,
        }
    }

    fn describe(self, request: &Request, way: &str) -> Error {
        let (doing, url) = (doing(request) + way, request.url());
        match self {
            #[cfg(feature = "tls-no-provider")]
            ExchangeError::Prepare(failure) if failure.is_timeout() => Error::timeout(format!(
                "the {doing} was not sent: reading the CA files took too long; does their mount answer?"
            )),
            ExchangeError::Connect(ConnectError::Lookup(error))
                if error.kind() == ErrorKind::TimedOut =>
            {
                Error::timeout(format!(
                    "the {doing} was not sent: looking up the name took too long; does DNS answer here?"
                ))
            }
            error if error.is_timeout() => Error::timeout(format!(
                "the {doing} was not answered in time; is the server up, and can it be reached from here?"
            )),
            ExchangeError::Connect(ConnectError::Lookup(error)) => Error::network(format!(
                "the {doing} failed: the name {} could not be looked up: {error}; is it spelled right, and does DNS answer here?",
                url.host()
            ))
            .with_network_cause(NetworkCause::Lookup)
            .with_source(error),
            ExchangeError::Connect(ConnectError::Connect(error)) => {
                describe_io(&doing, error).with_network_cause(NetworkCause::Connect)
            }
            #[cfg(feature = "tls-no-provider")]
            ExchangeError::Proxy(error) => error,
            ExchangeError::Io(error) => describe_io(&doing, error),
            ExchangeError::Prepare(failure) | ExchangeError::Tls(failure) => {
                failure.describe(&doing, request)
            }
            ExchangeError::Answer(error) => {
                let message = format!("the {doing} failed: {error}");
                match error.network_cause() {
                    Some(cause) => Error::network(message).with_network_cause(cause),
                    None => Error::malformed(message),
                }
            }
        }
    }
}

/// What is done, for errors. The token server and the API may be behind one gateway.
fn doing(request: &Request) -> String {
    format!("{} to {}", request.what(), request.url().host_and_port())
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}
