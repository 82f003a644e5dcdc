use super::*;
use crate::flow::client_credentials::Config;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;
use core::time::Duration;
use std::sync::Barrier;
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
    /// The one token that the API takes, if it is particular.
    accepted: Option<&'static str>,
    pause: Duration,
}

impl Transport for &Server {
    fn send(&self, request: &Request, _: Instant) -> Result<Response, Error> {
        if request.url().path_and_query() == "/api" {
            self.calls.fetch_add(1, Ordering::SeqCst);
            let sent = request.headers().filter(|(name, _)| *name == "Authorization");
            let sent: Vec<&str> = sent.map(|(_, value)| value).collect();
            let taken = self.accepted.is_none_or(|accepted| sent == [accepted]);
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

std::thread_local!(static AHEAD: Cell<Duration> = const { Cell::new(Duration::ZERO) });

/// The clock, put ahead by what [`pass`] was told in this thread.
fn fake_now() -> Instant {
    Instant::now() + AHEAD.get()
}

fn pass(seconds: u64) {
    AHEAD.set(AHEAD.get() + Duration::from_secs(seconds));
}

fn session(server: &Server) -> Session<Config, &Server> {
    let config = Config::new("http://localhost/token", "id", "secret").unwrap();
    let mut session = Session::with_transport(config, server);
    session.now = fake_now;
    session
}

fn token(session: &Session<Config, &Server>) -> Result<String, Kind> {
    session.token().map(|token| String::from(token.access_token())).map_err(|error| error.kind())
}

fn requests(server: &Server) -> usize {
    server.requests.load(Ordering::SeqCst)
}

#[test]
fn a_token_is_kept_until_it_is_due() {
    let server = Server { lifetime: 1000, ..Server::default() };
    let session = session(&server);
    for (passed, expected) in [(0, "1"), (799, "1"), (142, "2"), (799, "2"), (60_000, "3")] {
        pass(passed);
        assert_eq!(token(&session).as_deref(), Ok(expected), "after {passed} s more");
    }
    assert_eq!(requests(&server), 3);
}

#[test]
fn a_token_without_a_lifetime_is_kept_for_ever() {
    let server = Server::default();
    let session = session(&server);
    assert_eq!(token(&session).as_deref(), Ok("1"));
    pass(100_000_000);
    assert_eq!(token(&session).as_deref(), Ok("1"));
}

/// Starts all threads at once, and says what each one got.
fn at_once<R: Send>(threads: usize, act: impl Fn() -> R + Sync) -> Vec<R> {
    let barrier = Barrier::new(threads);
    thread::scope(|scope| {
        let started: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    act()
                })
            })
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn sixty_four_threads_cause_one_request_at_the_start_at_expiry_and_after_a_401() {
    let server = Server { lifetime: 1000, pause: Duration::from_millis(30), ..Server::default() };
    let session = session(&server);
    let all = |expected: &str, tokens: Vec<Result<Arc<Token>, Error>>| {
        for token in tokens {
            assert_eq!(token.unwrap().access_token(), expected);
        }
    };
    all("1", at_once(64, || session.token()));
    assert_eq!(requests(&server), 1, "at the start");

    all(
        "2",
        at_once(64, || {
            pass(1001);
            session.token()
        }),
    );
    assert_eq!(requests(&server), 2, "at expiry");

    let rejected = session.token().unwrap();
    all("3", at_once(64, || session.renew(&rejected)));
    assert_eq!(requests(&server), 3, "after a 401");
    assert_eq!(session.renew(&rejected).unwrap().access_token(), "3");
    assert_eq!(requests(&server), 3, "with a token that is no longer the current one");
}

#[test]
fn sixty_four_threads_get_one_requests_error() {
    let server =
        Server { down: true.into(), pause: Duration::from_millis(30), ..Server::default() };
    let session = session(&server);
    for error in at_once(64, || session.token().unwrap_err()) {
        assert_eq!(error.kind(), Kind::Network, "{error}");
    }
    assert_eq!(requests(&server), 1);
}

#[test]
fn while_one_thread_renews_the_others_are_served_the_old_token() {
    let server = Server { lifetime: 1000, pause: Duration::from_millis(30), ..Server::default() };
    let session = session(&server);
    session.token().unwrap();
    let mut tokens = at_once(8, || {
        pass(950);
        session.token().unwrap().access_token().parse::<u32>().unwrap()
    });
    tokens.sort_unstable();
    assert_eq!(tokens, [1, 1, 1, 1, 1, 1, 1, 2]);
}

#[test]
fn an_outage_is_survived_and_the_server_is_not_hammered() {
    let server = Server { lifetime: 1000, ..Server::default() };
    let session = session(&server);
    assert_eq!(token(&session).as_deref(), Ok("1"));
    server.down.store(true, Ordering::SeqCst);
    pass(905);
    let asked = |seconds: u64, expected: Result<&str, Kind>| {
        let before = requests(&server);
        for _ in 0..seconds {
            assert_eq!(token(&session).as_deref(), expected.as_ref().map(|token| *token));
            assert_eq!(
                token(&session).as_deref(),
                expected.as_ref().map(|token| *token),
                "twice a second"
            );
            pass(1);
        }
        requests(&server) - before
    };
    let in_90_s = asked(90, Ok("1"));
    assert!((5..=8).contains(&in_90_s), "{in_90_s} requests in 90 s, while the old token lives");
    pass(10);
    let in_600_s = asked(600, Err(Kind::Network));
    assert!((10..=21).contains(&in_600_s), "{in_600_s} requests in 600 s, when it is dead");

    server.down.store(false, Ordering::SeqCst);
    pass(61);
    assert!(token(&session).is_ok(), "back");
    server.down.store(true, Ordering::SeqCst);
    pass(1001);
    assert_eq!(token(&session), Err(Kind::Network));
    pass(3);
    server.down.store(false, Ordering::SeqCst);
    assert!(token(&session).is_ok(), "a success brings the pauses back to the first");
}

#[test]
fn a_refusal_is_not_asked_again_for_half_a_minute() {
    let server = Server { refusing: true.into(), ..Server::default() };
    let session = session(&server);
    for passed in [0, 10, 10, 9] {
        pass(passed);
        assert_eq!(token(&session), Err(Kind::Refused));
    }
    assert_eq!(requests(&server), 1);
    pass(32);
    assert_eq!(token(&session), Err(Kind::Refused));
    assert_eq!(requests(&server), 2);
}

#[test]
fn a_rejected_token_is_never_served_again() {
    let server = Server { lifetime: 1000, ..Server::default() };
    let session = session(&server);
    let rejected = session.token().unwrap();
    server.down.store(true, Ordering::SeqCst);
    assert_eq!(session.renew(&rejected).unwrap_err().kind(), Kind::Network);
    assert_eq!(token(&session), Err(Kind::Network));
    assert_eq!(requests(&server), 2, "the second call falls into the pause");
}

#[test]
fn a_401_renews_and_sends_once_more_and_no_more() {
    for (accepted, status, sent, expected_requests, expected_calls) in [
        (None, 200, "Bearer 1", 1, 1),
        (Some("Bearer 1"), 200, "Bearer 1", 1, 1),
        (Some("Bearer 2"), 200, "Bearer 2", 2, 2),
        (Some("Bearer 3"), 401, "Bearer 2", 2, 2),
    ] {
        let server = Server { accepted, ..Server::default() };
        let session = session(&server);
        let request = Request::get("http://localhost/api")
            .unwrap()
            .with_header("Authorization", "mine")
            .unwrap();
        let response = session.send(request).unwrap();
        assert_eq!((response.status(), response.text().unwrap()), (status, sent), "{accepted:?}");
        assert_eq!(requests(&server), expected_requests, "{accepted:?}");
        assert_eq!(server.calls.load(Ordering::SeqCst), expected_calls, "{accepted:?}");
    }
}

#[test]
fn an_api_that_takes_no_token_does_not_make_the_token_server_pay() {
    let server = Server { accepted: Some("Bearer none"), ..Server::default() };
    let session = session(&server);
    for second in 0..600 {
        for _ in 0..3 {
            let response = session.send(Request::get("http://localhost/api").unwrap()).unwrap();
            assert_eq!(response.status(), 401, "{second}");
        }
        pass(1);
    }
    let in_600_s = requests(&server);
    assert!((12..=26).contains(&in_600_s), "{in_600_s} requests for 1,800 calls");
}

#[test]
fn a_token_that_is_dead_on_arrival_is_shared_all_the_same() {
    // It lives for a second, and the answer takes longer.
    let server = Server { lifetime: 1, pause: Duration::from_millis(1100), ..Server::default() };
    let session = session(&server);
    for token in at_once(64, || session.token()) {
        assert_eq!(token.unwrap().access_token(), "1");
    }
    assert_eq!(requests(&server), 1);
}

#[test]
fn a_call_in_a_hurry_leaves_no_pause_behind() {
    let server = Server { late: true.into(), ..Server::default() };
    let session = session(&server);
    let hurried = session.obtain(Instant::now() + Duration::from_millis(1));
    assert_eq!(hurried.unwrap_err().kind(), Kind::Timeout);
    assert_eq!(token(&session), Err(Kind::Timeout));
    assert_eq!(requests(&server), 2, "the call that had all its time asked for itself");
    assert_eq!(token(&session), Err(Kind::Timeout));
    assert_eq!(requests(&server), 2, "and its failure is followed by a pause");
}

#[test]
fn a_panic_in_the_flow_leaves_the_session_usable() {
    let server = Server { panicking: true.into(), ..Server::default() };
    let session = session(&server);
    let panicked = thread::scope(|scope| scope.spawn(|| session.token().is_ok()).join());
    assert!(panicked.is_err());
    server.panicking.store(false, Ordering::SeqCst);
    assert_eq!(token(&session).as_deref(), Ok("2"));
}

#[test]
fn a_waiting_thread_keeps_its_own_deadline() {
    let server = Server { pause: Duration::from_millis(1500), ..Server::default() };
    let mut session = session(&server);
    session.flow = Config::new("http://localhost/token", "id", "secret")
        .unwrap()
        .with_timeout(Duration::from_millis(200));
    let outcomes = at_once(2, || {
        let start = Instant::now();
        let outcome = session.token().map_err(|error| error.kind());
        (outcome.err(), start.elapsed() < Duration::from_millis(700))
    });
    assert!(outcomes.contains(&(Some(Kind::Timeout), true)), "{outcomes:?}");
}

#[test]
fn a_session_is_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<Session<crate::jsa::Config>>();
    check::<Session<crate::accelerator::Config>>();
    check::<Session<Config>>();
}
