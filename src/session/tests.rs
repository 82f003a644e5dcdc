#[path = "tests/rotation.rs"]
mod rotation;

use super::*;
use crate::error::Kind;
use crate::flow::client_credentials::Config;
use alloc::format;
use alloc::string::{String, ToString};
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

/// Runs `act` in that many threads at once, and returns what each one got.
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
    let server =
        Arc::new(Server { lifetime: 1000, pause: Duration::from_millis(30), ..Server::default() });
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
    let server = Arc::new(Server {
        down: true.into(),
        pause: Duration::from_millis(30),
        ..Server::default()
    });
    let session = session(&server);
    for error in at_once(64, || session.token().unwrap_err()) {
        assert_eq!(error.kind(), Kind::Network, "{error}");
    }
    assert_eq!(requests(&server), 1);
}

#[test]
fn while_one_thread_renews_the_others_are_served_the_old_token() {
    let server =
        Arc::new(Server { lifetime: 1000, pause: Duration::from_millis(30), ..Server::default() });
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
fn an_outage_is_survived_with_few_requests() {
    let server = Arc::new(Server { lifetime: 1000, ..Server::default() });
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
    assert!((10..=21).contains(&in_600_s), "{in_600_s} requests in 600 s, after it has ended");

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
    let server = Arc::new(Server { refusing: true.into(), ..Server::default() });
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
fn a_secret_that_is_right_again_is_found_while_the_token_lives() {
    let server = Arc::new(Server { lifetime: 300, ..Server::default() });
    let session = session(&server);
    assert_eq!(token(&session).as_deref(), Ok("1"));
    pass(275); // due, and half of the 25 s that are left is less than the pause after a refusal
    server.refusing.store(true, Ordering::SeqCst);
    assert_eq!(token(&session).as_deref(), Ok("1"), "refused, but alive");
    server.refusing.store(false, Ordering::SeqCst);
    pass(13);
    assert_eq!(token(&session).as_deref(), Ok("3"));
}

#[test]
fn a_secret_that_stays_wrong_is_sent_a_few_times_while_the_token_lives() {
    for lifetime in [60, 300, 3600] {
        let server = Arc::new(Server { lifetime, ..Server::default() });
        let session = session(&server);
        assert_eq!(token(&session).as_deref(), Ok("1"));
        server.refusing.store(true, Ordering::SeqCst);
        let mut seconds = 0;
        while token(&session).is_ok() {
            assert!(seconds <= lifetime, "a token was served after its end");
            pass(1);
            seconds += 1;
        }
        let refused = requests(&server) - 1;
        // It is due at most 420 s before its end: every 30 s until a minute is left, then in ever shorter pauses.
        assert!((2..=20).contains(&refused), "{refused} requests, {lifetime} s of life");
        pass(29);
        assert!(token(&session).is_err());
        assert!(requests(&server) - 1 - refused <= 1, "long pauses without a token");
    }
}

#[test]
fn a_rejected_token_is_never_served_again() {
    let server = Arc::new(Server { lifetime: 1000, ..Server::default() });
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
        let server = Arc::new(Server { accepted, ..Server::default() });
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
fn an_api_that_rejects_every_token_causes_few_token_requests() {
    let server = Arc::new(Server { accepted: Some("Bearer none"), ..Server::default() });
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
fn a_token_that_ends_before_it_arrives_is_still_shared() {
    // It lives for a second, and the answer takes longer.
    let server =
        Arc::new(Server { lifetime: 1, pause: Duration::from_millis(1100), ..Server::default() });
    let session = session(&server);
    for token in at_once(64, || session.token()) {
        assert_eq!(token.unwrap().access_token(), "1");
    }
    assert_eq!(requests(&server), 1);
}

#[test]
fn a_timeout_in_a_call_with_little_time_starts_no_pause() {
    let server = Arc::new(Server { late: true.into(), ..Server::default() });
    let session = session(&server);
    let outcome = session.obtain(Instant::now() + Duration::from_millis(1));
    assert_eq!(outcome.unwrap_err().kind(), Kind::Timeout);
    assert_eq!(token(&session), Err(Kind::Timeout));
    assert_eq!(requests(&server), 2, "the call that had all its time asked for itself");
    assert_eq!(token(&session), Err(Kind::Timeout));
    assert_eq!(requests(&server), 2, "and its failure is followed by a pause");
}

#[test]
fn a_panic_in_the_flow_leaves_the_session_usable() {
    let server = Arc::new(Server { panicking: true.into(), ..Server::default() });
    let session = session(&server);
    let panicked = thread::scope(|scope| scope.spawn(|| session.token().is_ok()).join());
    assert!(panicked.is_err());
    server.panicking.store(false, Ordering::SeqCst);
    assert_eq!(token(&session).as_deref(), Ok("2"));
}

#[test]
fn a_waiting_thread_keeps_its_own_deadline() {
    let server = Arc::new(Server { pause: Duration::from_millis(1500), ..Server::default() });
    let mut session = session(&server);
    let config = Config::new("http://localhost/token", "id", "secret").unwrap();
    session.flow = Box::new(config.with_timeout(Duration::from_millis(200)));
    let outcomes = at_once(2, || {
        let start = Instant::now();
        let outcome = session.token().map_err(|error| error.kind());
        (outcome.err(), start.elapsed() < Duration::from_millis(700))
    });
    assert!(outcomes.contains(&(Some(Kind::Timeout), true)), "{outcomes:?}");
}

/// Calls one path, and returns the status code.
fn call(session: &Session, path: &str) -> u16 {
    let request = Request::get(&format!("http://localhost{path}")).unwrap();
    session.send(request).unwrap().status()
}

#[test]
fn one_forbidden_endpoint_beside_others_costs_few_requests() {
    let server = Arc::new(Server::default());
    let session = session(&server);
    for _ in 0..1000 {
        assert_eq!(call(&session, "/never?offset=1"), 401);
        assert_eq!(call(&session, "/api"), 200);
        AHEAD.set(AHEAD.get() + Duration::from_millis(100));
    }
    let in_100_s = requests(&server);
    assert!((4..=12).contains(&in_100_s), "{in_100_s} requests in 100 s for 1,000 pairs");
}

#[test]
fn a_revoked_token_is_replaced_at_once_beside_a_forbidden_endpoint() {
    let server = Arc::new(Server::default());
    let session = session(&server);
    for _ in 0..20 {
        assert_eq!(call(&session, "/never"), 401);
        assert_eq!(call(&session, "/api"), 200);
        server.revoked.store(requests(&server), Ordering::SeqCst);
        assert_eq!(call(&session, "/api"), 200, "the call is made again");
    }
}

#[test]
fn renew_in_a_loop_causes_few_token_requests_and_still_replaces_a_revoked_token() {
    let server = Arc::new(Server::default());
    let session = session(&server);
    for _ in 0..1000 {
        let token = session.token().unwrap();
        session.renew(&token).unwrap();
        AHEAD.set(AHEAD.get() + Duration::from_millis(100));
    }
    let in_100_s = requests(&server);
    assert!((4..=12).contains(&in_100_s), "{in_100_s} requests in 100 s for 1,000 calls");
    pass(200);
    let rejected = session.token().unwrap();
    let copy = Token::new(rejected.access_token(), None).unwrap();
    let renewed = session.renew(&copy).unwrap();
    assert_ne!(renewed.access_token(), rejected.access_token(), "compared by value");
    assert_eq!(requests(&server), in_100_s + 1);
}

#[test]
fn a_call_over_any_client_is_repeated_once_and_then_pauses() {
    for (rejecting, expected_calls, expected_requests) in
        [(0, 1, 1), (1, 2, 2), (usize::MAX, 1001, 2)]
    {
        let server = Arc::new(Server::default());
        let session = session(&server);
        let mut calls = 0;
        for _ in 0..if rejecting > 1 { 1000 } else { 1 } {
            session
                .call(
                    |_| {
                        calls += 1;
                        if calls <= rejecting { 401 } else { 200 }
                    },
                    |status| *status == 401,
                )
                .unwrap();
        }
        assert_eq!((calls, requests(&server)), (expected_calls, expected_requests), "{rejecting}");
    }
}

#[test]
fn an_error_from_memory_says_when_it_was_seen_and_when_the_next_attempt_is() {
    let server = Arc::new(Server { down: true.into(), ..Server::default() });
    let session = session(&server);
    let first = session.token().unwrap_err().to_string();
    assert!(!first.contains("seen"), "{first}");
    let again = session.token().unwrap_err().to_string();
    assert!(again.contains("(seen 0 s ago; the next attempt is in "), "{again}");
    let next = session.next_attempt().unwrap();
    let pause = next - fake_now().monotonic;
    assert!(pause <= Duration::from_secs(2), "{pause:?}");
}

#[test]
fn retry_after_is_heeded_up_to_a_minute() {
    struct Busy(&'static str);
    impl Transport for Busy {
        fn send(&self, _: &Request, _: Instant) -> Result<Response, Error> {
            Ok(Response::new(503, "").with_header("Retry-After", self.0))
        }
    }
    for (value, at_least, at_most) in [("30", 29, 30), ("9999", 59, 60), ("0", 0, 1)] {
        let config = Config::new("http://localhost/token", "id", "secret").unwrap();
        let session = Session::with_transport(config, Busy(value));
        assert_eq!(token(&session), Err(Kind::Unavailable));
        let pause = (session.next_attempt().unwrap() - Instant::now()).as_secs();
        assert!((at_least..=at_most).contains(&pause), "{value}: {pause}");
    }
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
    let token = Token::new("t", None).unwrap();
    let endless = Session::with_token(Config::new("http://h", "i", "s").unwrap(), token);
    assert_eq!(endless.next_attempt(), None);
    assert_eq!(endless.token().unwrap().access_token(), "t", "no request is made");
}

#[test]
fn after_a_refusal_the_password_function_is_called_again_at_once() {
    let server = Arc::new(Server::default());
    let typed = std::sync::Mutex::new(["right", "", "wrong"].to_vec());
    let ask = move || Ok(typed.lock().unwrap().pop().unwrap().into());
    let config = Config::new("http://localhost/token", "id", crate::SecretSource::from_fn(ask));
    let mut session = Session::with_transport(config.unwrap(), Arc::clone(&server));
    session.now = fake_now;
    server.refusing.store(true, Ordering::SeqCst);
    assert_eq!(token(&session), Err(Kind::Refused));
    server.refusing.store(false, Ordering::SeqCst);
    assert_eq!(token(&session), Err(Kind::Config), "an empty entry");
    assert_eq!(token(&session).as_deref(), Ok("2"));
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

#[test]
fn a_session_is_send_and_sync() {
    fn check<T: Send + Sync>() {}
    fn check_unwind<T: UnwindSafe + RefUnwindSafe>() {}
    check::<Session>();
    check_unwind::<Session>();
    check_unwind::<crate::jsa::Config>();
}
