//! One HTTP exchange, by minreq.

use crate::error::Error;
#[cfg(feature = "tls-aws-lc")]
use crate::os::tls;
use crate::secret::Buffer;
use crate::wire::http::{Method, Request, Response};
use crate::wire::message::{Framing, MAX_HEAD_BYTES, has_no_body};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Moves one request to a server and its answer back.
///
/// [`Minreq`] is the implementation that ships. Write another for a TLS stack of your own, or for a
/// test that needs no socket:
///
/// ```
/// use minbearer::{Error, Request, Response, Transport, jsa};
/// use std::time::Instant;
///
/// struct Canned(&'static str);
///
/// impl Transport for Canned {
///     fn send(&self, request: &Request, deadline: Instant) -> Result<Response, Error> {
///         assert_eq!(request.url().host(), "qoauth");
///         Ok(Response::new(200, self.0))
///     }
/// }
///
/// # fn main() -> Result<(), Error> {
/// let config = jsa::Config::new("id", "secret")?.with_qoauth_url("http://qoauth:8080")?;
/// let token = minbearer::get_token(&config, &Canned(r#"{"access_token": "abc"}"#))?;
/// assert_eq!(token.authorization(), "Bearer abc");
/// # Ok(()) }
/// ```
///
/// Here is [ureq](https://docs.rs/ureq) 3 with its feature `rustls-no-provider`, beside rustls with its feature `ring`.
/// The CA is given in code: this needs no file, no environment variable, and not the feature `tls`.
///
#[cfg_attr(feature = "tls", doc = "```no_run")]
#[cfg_attr(not(feature = "tls"), doc = "```text")]
#[doc = include_str!("../../tests/support/own_transport.rs")]
/// ```
///
/// `minbearer::get_token(&config, &Ureq::trusting(ca_pem)?)` then gets a token by any of the flows.
/// `tests/own_transport.rs` runs it. ureq's copies of what is sent and received are as much out of reach as
/// minreq's: see promise 2.
pub trait Transport {
    /// Sends `request` once and reads its answer whole.
    ///
    /// An implementation returns by `deadline`, reads no more than
    /// [`max_answer_bytes`](Request::max_answer_bytes) of the body, follows no redirect, retries nothing and
    /// answers with whatever status came. It keeps no copy of URL, headers and body, which hold secrets,
    /// and puts none of them into an error: [`Url::origin`](crate::Url::origin) is what may be shown.
    ///
    /// # Errors
    /// [`Error::timeout`] when the deadline has passed; [`Error::network`] when no connection or no
    /// complete HTTP answer came about; [`Error::malformed`] for a 2xx answer that is too large.
    fn send(&self, request: &Request, deadline: Instant) -> Result<Response, Error>;
}

/// The transport that ships: one connection for each request, by [minreq](https://docs.rs/minreq).
///
/// A thread makes the exchange, so that the deadline holds for DNS too, which has no timeout of its own. It is
/// minreq's where the deadline is whole seconds away, or up to a quarter of a second less, and the call may then end
/// that much late. After a timeout the thread stays until the socket's timeout ends it, less than a second later, or
/// the resolver gives up.
///
/// minreq 3.0.0 sets no timeout on what it reads in a TLS handshake. A server that takes the connection and is
/// silent there keeps a thread and a socket for as long as the connection lasts. After a timeout, therefore, the next
/// request to that server starts with a handshake that does end at the deadline, on a connection of its own which
/// carries no request; as long as that stays unanswered, nothing more is left behind.
///
/// minreq's copies of URL, headers and body are out of reach here; see promise 2 in the crate's documentation for
/// what wipes them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Minreq;

/// What minreq is told of the limit on a head, which it can be made to panic over: SECURITY.md has the story.
///
/// Where a panic aborts, the limit is left out rather than the process lost: whether minreq was built with overflow
/// checks cannot be told from here. Whoever knows that it was not turns on `head-limit`.
const MINREQ_HEAD_BUDGET: Option<usize> =
    if cfg!(any(panic = "unwind", feature = "head-limit")) { Some(MAX_HEAD_BYTES) } else { None };

/// How long after the deadline a call may return for want of a timer that has fractions of a second.
const MAX_OVERTIME: Duration = Duration::from_millis(250);

/// How minreq reports that it could not read a status line, a closed connection included.
const NO_STATUS_LINE: (u16, &str) = (503, "Server did not provide a status line");

impl Transport for Minreq {
    fn send(&self, request: &Request, deadline: Instant) -> Result<Response, Error> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Problem::Deadline.describe(request));
        }
        #[cfg(not(feature = "tls-aws-lc"))]
        if request.url().is_https() {
            return Err(Error::config(format!(
                "{} needs TLS: build minbearer with its feature `tls`",
                request.url().origin()
            )));
        }
        #[cfg(feature = "tls-aws-lc")]
        let server = request.url().is_https().then(|| tls::Server::of(request.url()));
        #[cfg(feature = "tls-aws-lc")]
        let knocked_at = server.clone();
        let outgoing = to_minreq(request, left);
        let max_answer_bytes = request.max_answer_bytes();
        let named = request.url().to_string();
        let exchange = move || {
            #[cfg(feature = "tls-aws-lc")]
            if knocked_at.is_some_and(|server| !server.answers(deadline)) {
                return Err(Problem::Deadline);
            }
            exchange(named, outgoing, max_answer_bytes)
        };
        let outcome = if is_minreqs_timer_enough(request, left) {
            // minreq panics for its header budget, and where it cannot start its thread; then here too.
            catch_unwind(AssertUnwindSafe(exchange)).ok()
        } else {
            in_a_worker(exchange, left)
        };
        let outcome = match outcome.unwrap_or(Err(Problem::Panicked)) {
            // minreq's own timeout, which is never before ours, can win the race to here.
            Err(_) if Instant::now() >= deadline => Err(Problem::Deadline),
            outcome => outcome,
        };
        #[cfg(feature = "tls-aws-lc")]
        if let (Some(server), Err(Problem::Deadline)) = (server, &outcome) {
            server.ran_out();
        }
        outcome.map_err(|problem| problem.describe(request))
    }
}

/// Whether minreq's timer, which has whole seconds, ends the exchange soon enough after the deadline. A worker costs
/// as much as the rest of an exchange with a server nearby, and most deadlines are whole seconds away.
fn is_minreqs_timer_enough(request: &Request, left: Duration) -> bool {
    !request.url().is_https() && Duration::from_secs(whole_seconds(left)) - left <= MAX_OVERTIME
}

/// What the exchange came to, or nothing if it panicked.
fn in_a_worker(
    exchange: impl FnOnce() -> Result<Response, Problem> + Send + 'static,
    left: Duration,
) -> Option<Result<Response, Problem>> {
    // The channel says only that the worker has ended: one for `()` is in minreq already.
    let (sender, receiver) = channel::<()>();
    let worker = std::thread::Builder::new().name(String::from("minbearer")).spawn(move || {
        let _sender = sender;
        exchange()
    });
    let worker = match worker {
        Ok(worker) => worker,
        Err(error) => return Some(Err(Problem::Io("could not start a thread", error))),
    };
    match receiver.recv_timeout(left) {
        // Nobody takes what the worker comes to after this, which drops it, and so wipes it.
        Err(RecvTimeoutError::Timeout) => Some(Err(Problem::Deadline)),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => worker.join().ok(),
    }
}

fn to_minreq(request: &Request, left: Duration) -> minreq::Request {
    let method = match request.method() {
        Method::Get => minreq::Method::Get,
        Method::Post => minreq::Method::Post,
        Method::Put => minreq::Method::Put,
        Method::Patch => minreq::Method::Patch,
        Method::Delete => minreq::Method::Delete,
    };
    // Whole seconds, rounded up. Without a timeout minreq would read MINREQ_TIMEOUT.
    let mut outgoing = minreq::Request::new(method, request.url().as_str())
        .with_timeout(whole_seconds(left))
        .with_follow_redirects(false)
        .with_max_status_line_length(MAX_HEAD_BYTES)
        .with_max_headers_size(MINREQ_HEAD_BUDGET)
        .with_header("Connection", "close")
        .with_headers(request.headers());
    if let Some(body) = request.body() {
        outgoing = outgoing.with_body(body);
    }
    outgoing
}

/// Rounded up.
fn whole_seconds(left: Duration) -> u64 {
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

/// What went wrong, before it is known to whom.
enum Problem {
    Deadline,
    Io(&'static str, std::io::Error),
    Minreq(minreq::Error),
    NotHttp(&'static str),
    CutShort,
    TooLarge(usize),
    /// Inside minreq, for one of the two reasons that are known.
    Panicked,
}

fn exchange(
    server: String,
    outgoing: minreq::Request,
    max_answer_bytes: usize,
) -> Result<Response, Problem> {
    let mut incoming = outgoing.send_lazy().map_err(Problem::Minreq)?;
    let status = incoming.status_code;
    let reason = core::mem::take(&mut incoming.reason_phrase);
    if (status, reason.as_str()) == NO_STATUS_LINE {
        return Err(Problem::NotHttp("it closed the connection or sent no HTTP status line"));
    }
    if !(200..600).contains(&status) {
        return Err(Problem::NotHttp("its status is not from 200 to 599"));
    }
    // minreq takes the last of several lengths, and reads any transfer coding but `chunked` as if it were none.
    let headers = incoming.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let framing = Framing::read(headers).map_err(Problem::NotHttp)?;
    let mut body = Buffer::default();
    if !has_no_body(status) {
        let mut whole =
            framing.content_length().is_none_or(|announced| announced <= max_answer_bytes);
        if whole {
            body = Buffer::with_capacity(
                framing.content_length().map_or(0, |announced| announced + 1),
            );
            whole = body
                .read_from(&mut incoming, max_answer_bytes)
                .map_err(|error| Problem::Io("the answer broke off", error))?;
        }
        if !whole {
            if (200..300).contains(&status) {
                return Err(Problem::TooLarge(max_answer_bytes));
            }
            body = Buffer::default(); // the status says enough
        // minreq takes the end of the connection for the end of the body, and of the head.
        } else if framing.is_cut_short(status, &body) {
            return Err(Problem::CutShort);
        }
    }
    let headers: Vec<_> = core::mem::take(&mut incoming.headers)
        .into_iter()
        .map(|(name, value)| (name, Zeroizing::new(value)))
        .collect();
    // What minreq's own limit let through, with a colon, a space and a line end to each.
    if headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum::<usize>()
        > MAX_HEAD_BYTES
    {
        return Err(Problem::NotHttp("its headers are longer than 8 KiB"));
    }
    Ok(Response::from_parts(server, status, reason, headers, body))
}

impl Problem {
    fn describe(self, request: &Request) -> Error {
        let (method, url) = (request.method().as_str(), request.url());
        let doing = format!("{method} request to {url}");
        #[cfg(feature = "tls-aws-lc")]
        if let (true, Problem::Minreq(error)) = (url.is_https(), &self) {
            if let Some(error) = tls::describe(&doing, url, error) {
                return error;
            }
        }
        match self {
            Problem::Deadline => Error::timeout(format!(
                "the {doing} was not answered in time; is the server up, and is the way to it open?"
            )),
            Problem::Io(what, error) => {
                Error::network(format!("the {doing} failed: {what}: {error}")).with_source(error)
            }
            Problem::Minreq(minreq::Error::IoError(error)) => {
                describe_io(&doing, url.host(), error)
            }
            Problem::Minreq(
                error @ (minreq::Error::HeadersOverflow | minreq::Error::StatusLineOverflow),
            ) => Error::network(format!(
                "the {doing} failed: the answer's head is longer than 8 KiB"
            ))
            .with_source(error),
            Problem::Minreq(error) => {
                Error::network(format!("the {doing} failed: {error}")).with_source(error)
            }
            Problem::NotHttp(what) => Error::network(format!(
                "the {doing} failed: the answer is not HTTP: {what}; is this the right port{}?",
                if url.is_https() { "" } else { ", and does it speak plain HTTP" }
            )),
            Problem::Panicked => Error::network(format!(
                "the {doing} failed: the answer's headers are out of bounds, or no thread could be started; is this the right port, and may the process have more threads?"
            )),
            Problem::CutShort => Error::network(format!(
                "the {doing} failed: the answer has no body or was cut short"
            )),
            Problem::TooLarge(limit) => Error::malformed(format!(
                "the answer to the {doing} is larger than {} KiB",
                limit / 1024
            )),
        }
    }
}

fn describe_io(doing: &str, host: &str, error: std::io::Error) -> Error {
    let text = error.to_string();
    let advice = match error.kind() {
        ErrorKind::ConnectionRefused => "; nothing listens there",
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => "; the server hung up",
        _ if text.contains("lookup address") => {
            return Error::network(format!(
                "the {doing} failed: the name {host} was not found: {text}"
            ))
            .with_source(error);
        }
        _ => "",
    };
    Error::network(format!("the {doing} failed: {text}{advice}")).with_source(error)
}
