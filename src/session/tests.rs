mod failures;
#[cfg(not(target_arch = "mips"))]
mod model;
#[cfg(feature = "log")]
mod records;
mod rejection;
mod rotation;
mod threads;

use super::*;
use crate::error::Kind;
use crate::flow::Flow;
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
        let lifetime = match self.lifetime {
            0 => String::new(),
            lifetime => format!(r#","expires_in":{lifetime}"#),
        };
        Ok(Response::new(200, format!(r#"{{"access_token":"{number}"{lifetime}}}"#)))
    }
}

std::thread_local! {
    static AHEAD: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The clock, advanced by [`pass`] in this thread.
fn fake_now() -> Duration {
    crate::os::clock::now() + AHEAD.get()
}

/// A clock that stands still but for [`pass`].
fn frozen_now() -> Duration {
    AHEAD.get()
}

fn pass(seconds: u64) {
    AHEAD.set(AHEAD.get() + Duration::from_secs(seconds));
}

fn session(server: &Arc<Server>) -> Session {
    with_fake_clock(Config::new("http://localhost/token", "id", "secret").unwrap(), server)
}

fn with_fake_clock(flow: impl Flow + 'static, server: &Arc<impl Transport + 'static>) -> Session {
    with_clock(flow, server, fake_now)
}

fn with_clock(
    flow: impl Flow + 'static,
    server: &Arc<impl Transport + 'static>,
    now: fn() -> Duration,
) -> Session {
    let mut shared = Shared::new(Box::new(flow), Box::new(Arc::clone(server)));
    shared.now = now;
    Session(Arc::new(shared))
}

fn with_frozen_clock(server: &Arc<Server>) -> Session {
    with_clock(Config::new("http://localhost/token", "id", "secret").unwrap(), server, frozen_now)
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
fn a_token_is_due_to_the_nanosecond() {
    let server = Arc::new(Server { lifetime: 1000, ..Server::default() });
    let session = with_frozen_clock(&server);
    assert_eq!(token(&session).as_deref(), Ok("1"));
    let due = session.next_attempt().unwrap();
    AHEAD.set(due - Duration::from_nanos(1));
    assert_eq!(token(&session).as_deref(), Ok("1"));
    AHEAD.set(due);
    assert_eq!(token(&session).as_deref(), Ok("2"));
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
    assert_eq!(session.next_attempt(), Some(Duration::ZERO), "nothing is cached");
    assert_eq!(session.valid_for(), None, "nothing is cached");
    session.token().unwrap();
    let due = session.next_attempt().unwrap();
    assert!((799..=940).contains(&due.as_secs()), "{due:?}");
    pass(300);
    assert_eq!(session.valid_for().unwrap().as_secs(), 699);
    pass(701);
    assert_eq!(session.valid_for(), Some(Duration::ZERO));
    for lifetime in [None, Some(Duration::MAX), Some(Duration::from_secs(315_360_001))] {
        let token = Token::new("t", lifetime).unwrap();
        let endless = Session::new(Config::new("http://h", "i", "s").unwrap()).with_token(token);
        assert_eq!(endless.next_attempt(), None, "{lifetime:?}");
        assert_eq!(endless.valid_for(), None, "{lifetime:?}");
        assert_eq!(endless.token().unwrap().access_token(), "t", "no request is made");
    }
}

#[test]
fn a_clone_shares_the_token_and_a_session_can_start_with_one() {
    let server = Arc::new(Server::default());
    let session = session(&server).with_token(Token::new("mine", None).unwrap());
    assert_eq!(format!("{session:?}"), "Session { .. }", "no token is shown");
    let clone = session.clone();
    assert_eq!(token(&clone).as_deref(), Ok("mine"));
    assert_eq!(clone.renew(&session.token().unwrap()).unwrap().access_token(), "1");
    assert_eq!(token(&session).as_deref(), Ok("1"));
    assert_eq!(requests(&server), 1);
}

#[test]
fn wake_asks_at_the_next_call_in_a_pause_and_with_a_good_token() {
    let server = Arc::new(Server { refusing: true.into(), ..Server::default() });
    let session = session(&server);
    assert_eq!(token(&session), Err(Kind::Refused));
    pass(2);
    assert_eq!(token(&session), Err(Kind::Refused));
    assert_eq!(requests(&server), 1, "a pause");
    server.refusing.store(false, Ordering::SeqCst);
    session.wake();
    assert_eq!(session.next_attempt(), Some(Duration::ZERO));
    assert_eq!(token(&session).as_deref(), Ok("2"));
    pass(2);
    session.wake();
    assert_eq!(token(&session).as_deref(), Ok("3"), "a good token too");
    session.wake();
    assert_eq!(token(&session).as_deref(), Ok("3"), "not twice in a second");
    pass(1);
    assert_eq!(token(&session).as_deref(), Ok("4"));
}

/// No function of the caller runs under the lock: each of these would wait for itself for ever.
#[test]
fn a_flow_and_a_transport_that_use_their_session_do_not_lock_themselves_out() {
    use crate::secret::AfterRefusal;
    use std::sync::OnceLock;

    #[derive(Default)]
    struct Selfish(OnceLock<Session>);

    impl Selfish {
        fn touch(&self) {
            let session = self.0.get().unwrap();
            session.wake();
            session.next_attempt();
            session.valid_for();
        }
    }

    impl Flow for Selfish {
        fn timeout(&self) -> Duration {
            self.touch();
            Duration::from_secs(9)
        }

        fn prepare(&self, _: Instant) -> Result<Request, Error> {
            self.touch();
            Request::get("http://localhost/token")
        }

        fn read_answer(&self, request: &Request, _: Response) -> Result<Token, Error> {
            self.touch();
            Err(Error::refused(request, 401, "no"))
        }

        fn after_refusal(&self) -> AfterRefusal {
            self.touch();
            AfterRefusal::Changed
        }
    }

    impl Transport for Selfish {
        fn send(&self, _: &Request, _: Instant) -> Result<Response, Error> {
            self.touch();
            Ok(Response::new(200, ""))
        }
    }

    let selfish = Arc::new(Selfish::default());
    let session = Session::with_transport(Arc::clone(&selfish), Arc::clone(&selfish));
    assert!(selfish.0.set(session.clone()).is_ok());
    assert_eq!(token(&session), Err(Kind::Refused));
    session.call(|_| selfish.touch(), |()| panic!("there is no token")).unwrap_err();
}

#[test]
fn a_token_goes_over_plain_http_beyond_loopback_only_where_that_is_said() {
    let flow = |url: &str| Config::new(url, "id", "secret").unwrap().with_plain_http();
    let api = || Request::get("http://console/api").unwrap();
    for (token_url, request, is_sent) in [
        ("https://auth.example/token", api(), false),
        ("https://auth.example/token", api().with_plain_http(), true),
        ("https://auth.example/token", Request::get("https://console/api").unwrap(), true),
        ("https://auth.example/token", Request::get("http://127.0.0.1/api").unwrap(), true),
        ("http://auth.example/token", api(), true),
    ] {
        let server = Arc::new(Server::default());
        let session = Session::with_transport(flow(token_url), Arc::clone(&server));
        let said = alloc::format!("{token_url} {request:?}");
        let outcome = session.send(request);
        assert_eq!(outcome.is_ok(), is_sent, "{said}");
        if let Err(error) = outcome {
            assert_eq!(error.kind(), Kind::Config);
            assert!(error.to_string().contains("Request::with_plain_http"), "{error}");
            assert_eq!(requests(&server), 0, "not even a token is asked for: {said}");
        }
    }
    let jsa = crate::jsa::Config::new("id", "secret").unwrap();
    let accelerator = crate::accelerator::Config::new("http://vov:6271/p", "rose", "p").unwrap();
    assert!(jsa.allows_plain_http() && accelerator.allows_plain_http());
    assert!(!jsa.with_qoauth_url("https://qoauth").unwrap().allows_plain_http());
}
