//! An HTTP proxy, which is asked by `CONNECT` for a tunnel to the server
//! ([RFC 9110 section 9.3.6](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6)).
//!
//! ```text
//! here ── CONNECT auth.example:443 ──► proxy ── TCP ──► auth.example:443
//!      ◄────────── 200 ───────────────
//!      ═════════ TLS with the server, which the proxy passes on ═══════►
//! ```
//!
//! The proxy learns host and port, and nothing of the request.

use crate::error::{Error, NetworkCause};
use crate::net::socket::{ConnectError, Socket};
use crate::secret::{SecretSource, Supplied, check_text, joined};
use crate::wire::basic::{BASIC, basic};
use crate::wire::challenge::has_scheme;
use crate::wire::incoming::TunnelAnswer;
use crate::wire::not_json;
use crate::wire::redact::redacted;
use crate::wire::response::Response;
use crate::wire::url::Url;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::io::{ErrorKind, Read, Write};
use std::time::Instant;
use zeroize::Zeroizing;

/// How much of the page is kept with which a proxy refuses: a title stands at its start.
const MAX_PAGE_BYTES: usize = 64 * 1024;
const PASSWORD: &str = "the proxy's password";

#[derive(Clone)]
pub(crate) struct Proxy {
    url: Url,
    credentials: Option<Arc<Credentials>>,
}

struct Credentials {
    user: String,
    password: SecretSource,
}

/// The credentials of one `CONNECT`.
struct Authorization<'a> {
    password: Supplied<'a>,
    value: Zeroizing<String>,
}

impl Proxy {
    pub(crate) fn new(url: &str) -> Result<Proxy, Error> {
        let url = Url::parse_origin("the proxy URL", url)?;
        if url.is_https() {
            return Err(Error::config(
                "the proxy URL is https; write http: the connection to the proxy is plain, and TLS with the server goes through it",
            ));
        }
        Ok(Proxy { url, credentials: None })
    }

    pub(crate) fn with_credentials(
        self,
        user: String,
        password: SecretSource,
    ) -> Result<Proxy, Error> {
        check_text("the proxy's user", &user)?;
        if user.as_bytes().contains(&b':') {
            return Err(Error::config("the proxy's user has a colon, which Basic cannot send"));
        }
        password.check(PASSWORD)?;
        Ok(Proxy { credentials: Some(Arc::new(Credentials { user, password })), ..self })
    }

    /// Connects to the server through the proxy. `doing` says in an error which request it is for.
    pub(crate) fn connect(
        &self,
        server: &Url,
        doing: &str,
        deadline: Instant,
    ) -> Result<Socket, Error> {
        if !server.is_https() {
            return Err(Error::config(format!(
                "the {doing} is plain http, which the proxy would read: a proxy is for https alone"
            )));
        }
        let authorization = match self.credentials.as_deref() {
            Some(Credentials { user, password }) => {
                let password = password.supply(PASSWORD, Some(deadline))?;
                let value = basic(user, &password, false);
                Some(Authorization { password, value })
            }
            None => None,
        };
        let mut socket =
            Socket::connect(&self.url, deadline).map_err(|error| self.unreachable(doing, error))?;
        socket.send_at_once();
        let request = connect_request(server, authorization.as_ref());
        let written = socket.write_all(request.as_bytes());
        // A proxy may refuse before it has read everything, and close.
        let said = match (read_answer(&mut socket), written) {
            (Ok(answer), _) if answer.is_success() => return Ok(socket),
            (Ok(answer), _) => self.refusal(server, authorization.as_ref(), &answer),
            (Err(NoAnswer::Io(error)), _) if error.kind() == ErrorKind::TimedOut => {
                return Err(self.late(doing));
            }
            (Err(NoAnswer::CutShort), _) => {
                format!("the answer of the proxy {} was cut short", self.name())
            }
            (Err(NoAnswer::Io(error)), _) | (Err(NoAnswer::Closed), Err(error)) => {
                format!("the connection to the proxy {} broke: {error}", self.name())
            }
            (Err(NoAnswer::Closed), Ok(())) => {
                format!(
                    "the proxy {} closed the connection without an answer; is it an HTTP proxy?",
                    self.name()
                )
            }
            (Err(NoAnswer::Invalid(error)), _) => {
                format!(
                    "the proxy {} did not answer like one: {error}; is it an HTTP proxy?",
                    self.name()
                )
            }
        };
        Err(Error::network(format!("the {doing} failed: {said}"))
            .with_network_cause(NetworkCause::Proxy))
    }

    /// Host and port.
    pub(crate) fn name(&self) -> String {
        self.url.host_and_port()
    }

    fn late(&self, doing: &str) -> Error {
        Error::timeout(format!(
            "the {doing} was not sent: the proxy {} did not open a tunnel in time; is it up, and can it reach the server?",
            self.name()
        ))
    }

    fn unreachable(&self, doing: &str, error: ConnectError) -> Error {
        let proxy = self.name();
        match error {
            ConnectError::Lookup(error) | ConnectError::Connect(error)
                if error.kind() == ErrorKind::TimedOut =>
            {
                self.late(doing)
            }
            ConnectError::Lookup(error) => Error::network(format!(
                "the {doing} failed: the name of the proxy {proxy} could not be looked up: {error}"
            ))
            .with_network_cause(NetworkCause::Lookup)
            .with_source(error),
            ConnectError::Connect(error) => Error::network(format!(
                "the {doing} failed: no connection to the proxy {proxy}: {error}; is its address right, and its port?"
            ))
            .with_network_cause(NetworkCause::Connect)
            .with_source(error),
        }
    }

    /// What the proxy said, and what to try.
    fn refusal(
        &self,
        server: &Url,
        authorization: Option<&Authorization>,
        answer: &Response,
    ) -> String {
        let secrets: Vec<&str> = match authorization {
            Some(Authorization { password, value }) => {
                Vec::from([&**password, value.strip_prefix(BASIC).unwrap_or_default()])
            }
            None => Vec::new(),
        };
        let show = |text: &str| redacted(text, &secrets);
        let mut said = format!("the proxy {} answered {}", self.name(), answer.status());
        if !answer.reason().is_empty() {
            said.push(' ');
            said += &show(answer.reason());
        }
        // RFC 9209; squid has its own field.
        let detail = answer.header("proxy-status").or_else(|| answer.header("x-squid-error"));
        let page = Some(not_json::describe(answer, &secrets)).filter(|page| !page.is_empty());
        for words in detail.map(show).into_iter().chain(page) {
            said += " (";
            said += &words;
            said.push(')');
        }
        let server = server.host_and_port();
        said += &match (answer.status(), authorization) {
            // tinyproxy answers 401 to a wrong password.
            (401 | 407, _) if !offers_basic(answer) => {
                let challenge = answer.header("proxy-authenticate").unwrap_or("nothing");
                format!(
                    "; it wants another authentication than Basic, which is all there is here: {}",
                    show(challenge)
                )
            }
            (401 | 407, None) => String::from(
                "; it wants a user and a password: --proxy-user and PROXY_PASSWORD_FILE, or Http::with_proxy_credentials",
            ),
            (401 | 407, Some(_)) => {
                String::from("; it does not accept the user and the password for it")
            }
            (429, _) => String::from("; it is busy: try again later"),
            // squid answers 503 if it cannot connect.
            (503, _) => format!("; it may be busy: try again later; or can it reach {server}?"),
            // A web server has no such method.
            (400..=499 | 501, _) => format!("; does it allow CONNECT to {server}?"),
            (500.., _) => format!("; can it reach {server}?"),
            _ => String::from("; is it an HTTP proxy?"),
        };
        said
    }
}

/// Whether a 407 offers Basic; one that names no scheme may.
fn offers_basic(answer: &Response) -> bool {
    let mut challenges = answer
        .headers()
        .filter(|(name, _)| name.eq_ignore_ascii_case("proxy-authenticate"))
        .map(|(_, value)| value)
        .peekable();
    challenges.peek().is_none() || challenges.any(|value| has_scheme(value, "Basic"))
}

fn connect_request(server: &Url, authorization: Option<&Authorization>) -> Zeroizing<String> {
    let server = server.host_and_port();
    let credentials: &[&str] = match authorization {
        Some(Authorization { value, .. }) => &["Proxy-Authorization: ", value, "\r\n"],
        None => &[],
    };
    let start = ["CONNECT ", &server, " HTTP/1.1\r\nHost: ", &server, "\r\n"];
    let agent = concat!("User-Agent: minbearer/", env!("CARGO_PKG_VERSION"), "\r\n");
    joined(&[&start, credentials, &[agent, "\r\n"]].concat())
}

/// Why there is no answer.
enum NoAnswer {
    /// It is not HTTP, its head is too long, or it goes on after its end.
    Invalid(Error),
    Io(std::io::Error),
    /// Before its first byte.
    Closed,
    /// In its head.
    CutShort,
}

/// Reads the answer. Of a refusal the head is enough: the page may break off.
fn read_answer(socket: &mut Socket) -> Result<Response, NoAnswer> {
    let mut answer = TunnelAnswer::new(MAX_PAGE_BYTES);
    let mut buffer = Zeroizing::new([0; 4096]);
    let mut closed = NoAnswer::Closed;
    let end = loop {
        match socket.read(&mut *buffer) {
            Ok(0) => break closed,
            Ok(read) => {
                closed = NoAnswer::CutShort;
                if answer.push(&buffer[..read]).map_err(NoAnswer::Invalid)? {
                    break closed;
                }
            }
            Err(error) => break NoAnswer::Io(error),
        }
    };
    answer.so_far().ok_or(end)
}
