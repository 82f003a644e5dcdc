#[path = "tests/failures.rs"]
mod failures;
#[path = "tests/rejection.rs"]
mod rejection;
#[path = "tests/rotation.rs"]
mod rotation;
#[path = "tests/threads.rs"]
mod threads;

use super::*;
use crate::error::Kind;
use crate::flow::client_credentials::Config;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::Cell;
use core::time::Duration;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// A token server and an API in memory. Tokens are numbered in the order of the requests.
#[derive(Default)]
struct Server {
    requests: AtomicUsize,
    calls: AtomicUsize,
    lifetime: usize,
    down: AtomicBool,
    /// Whether the API does not answer.
    silent: AtomicBool,
    refusing: AtomicBool,
    panicking: AtomicBool,
    late: AtomicBool,
    /// The only token that the API accepts, if not all.
    accepted: Option<&'static str>,
    /// How many of the first tokens are revoked.
    revoked: AtomicUsize,
    pause: Duration,
}

impl Transport for Server {
    fn send(&self, request: &Request, _: Instant) -> Result<Response, Error> {
        if request.url().path_and_query().starts_with("/never") {
            return Ok(Response::new(401, ""));
        }
        if request.url().path_and_query() == "/api" {
            self.calls.fetch_add(1, Ordering::SeqCst);
            if self.silent.load(Ordering::SeqCst) {
                return Err(Error::network("silent"));
            }
            let sent = request.headers().filter(|(name, _)| *name == "Authorization");
            let sent: Vec<&str> = sent.map(|(_, value)| value).collect();
            let number = sent.first().and_then(|sent| sent.strip_prefix("Bearer ")?.parse().ok());
            let revoked = self.revoked.load(Ordering::SeqCst);
            let taken = self.accepted.is_none_or(|accepted| sent == [accepted])
                && number.is_none_or(|number: usize| number > revoked);
            return Ok(Response::new(if taken { 200 } else { 401 }, sent.join(",")));
        }
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        thread::sleep(self.pause);
        assert!(!self.panicking.load(Ordering::SeqCst), "told to panic");
        if self.late.load(Ordering::SeqCst) {
            return Err(Error::timeout("late"));
        }
        if self.down.load(Ordering::SeqCst) {
            return Err(Error::network("down"));
        }
        if self.refusing.load(Ordering::SeqCst) {
            return Ok(Response::new(401, r#"{"error":"invalid_client"}"#));
        }
        let lifetime = self.lifetime;
        Ok(Response::new(200, format!(r#"{{"access_token":"{number}","expires_in":{lifetime}}}"#)))
    }
}

std::thread_local! {
    static AHEAD: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    /// The time spent in suspend, which the monotonic clock does not count.
    static SUSPENDED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The clocks, advanced by [`pass`] in this thread.
fn fake_now() -> Moment {
    let now = Moment::now();
    Moment {
        monotonic: now.monotonic + AHEAD.get(),
        wall: now.wall + AHEAD.get() + SUSPENDED.get(),
    }
}

fn pass(seconds: u64) {
    AHEAD.set(AHEAD.get() + Duration::from_secs(seconds));
}

fn session(server: &Arc<Server>) -> Session {
    let config = Config::new("http://localhost/token", "id", "secret").unwrap();
    let mut session = Session::with_transport(config, Arc::clone(server));
    session.now = fake_now;
    session
}

fn token(session: &Session) -> Result<String, Kind> {
    session.token().map(|token| String::from(token.access_token())).map_err(|error| error.kind())
}

fn requests(server: &Server) -> usize {
    server.requests.load(Ordering::SeqCst)
}

#[test]
fn a_token_is_kept_until_it_is_due() {
    let server = Arc::new(Server { lifetime: 1000, ..Server::default() });
    let session = session(&server);
    for (passed, expected) in [(0, "1"), (799, "1"), (142, "2"), (799, "2"), (60_000, "3")] {
        pass(passed);
        assert_eq!(token(&session).as_deref(), Ok(expected), "after {passed} s more");
    }
    assert_eq!(requests(&server), 3);
}

#[test]
fn a_token_without_a_lifetime_is_kept_for_ever() {
    let server = Arc::new(Server::default());
    let session = session(&server);
    assert_eq!(token(&session).as_deref(), Ok("1"));
    pass(100_000_000);
    assert_eq!(token(&session).as_deref(), Ok("1"));
}

#[test]
fn the_next_attempt_is_when_the_token_is_due() {
    let server = Arc::new(Server { lifetime: 1000, ..Server::default() });
    let session = session(&server);
    let now = fake_now().monotonic;
    assert!(session.next_attempt().unwrap() <= fake_now().monotonic, "nothing is cached");
    session.token().unwrap();
    let due = session.next_attempt().unwrap() - now;
    assert!((800..=941).contains(&due.as_secs()), "{due:?}");
    for lifetime in [None, Some(Duration::MAX), Some(Duration::from_secs(315_360_001))] {
        let token = Token::new("t", lifetime).unwrap();
        let endless = Session::with_token(Config::new("http://h", "i", "s").unwrap(), token);
        assert_eq!(endless.next_attempt(), None, "{lifetime:?}");
        assert_eq!(endless.token().unwrap().access_token(), "t", "no request is made");
    }
}

#[test]
fn a_token_does_not_outlive_a_suspend() {
    let server = Arc::new(Server { lifetime: 1000, ..Server::default() });
    let session = session(&server);
    assert_eq!(token(&session).as_deref(), Ok("1"));
    SUSPENDED.set(Duration::from_secs(700));
    assert_eq!(token(&session).as_deref(), Ok("1"));
    SUSPENDED.set(Duration::from_secs(1001));
    server.down.store(true, Ordering::SeqCst);
    assert_eq!(token(&session), Err(Kind::Network), "it has ended by the wall clock");
    server.down.store(false, Ordering::SeqCst);
    pass(3);
    assert_eq!(token(&session).as_deref(), Ok("3"));
    SUSPENDED.set(Duration::ZERO);
    assert_eq!(token(&session).as_deref(), Ok("3"), "a wall clock set back changes nothing");
}
