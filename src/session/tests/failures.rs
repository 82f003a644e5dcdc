//! A token server that fails or refuses: what is served meanwhile, and how soon it is asked again.

use super::*;

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
    let machine = crate::SecretSource::from_fn(|| Ok("wrong".into()));
    for source in ["wrong".into(), machine] {
        let server = Arc::new(Server { refusing: true.into(), ..Server::default() });
        let config = Config::new("http://localhost/token", "id", source).unwrap();
        let session = with_fake_clock(config, &server);
        for passed in [0, 1, 9, 10, 9] {
            pass(passed);
            assert_eq!(token(&session), Err(Kind::Refused));
        }
        assert_eq!(requests(&server), 1);
        pass(32);
        assert_eq!(token(&session), Err(Kind::Refused));
        assert_eq!(requests(&server), 2);
    }
}

#[test]
fn an_error_from_memory_says_when_it_was_seen_and_when_the_next_attempt_is() {
    let server = Arc::new(Server { down: true.into(), ..Server::default() });
    let session = with_frozen_clock(&server);
    let first = session.token().unwrap_err().to_string();
    assert!(!first.contains("seen"), "{first}");
    let again = session.token().unwrap_err().to_string();
    // The pause is a second at least, and less than two.
    assert!(again.ends_with(" (seen 0 s ago; the next attempt is in 2 s)"), "{again}");
}

#[test]
fn retry_after_is_obeyed_up_to_an_hour() {
    struct Busy(&'static str);
    impl Transport for Busy {
        fn send(&self, _: &Request, _: Instant) -> Result<Response, Error> {
            let response = Response::new(503, "").with_header("Retry-After", self.0);
            Ok(response.with_header("Date", "Sun, 29 Nov 2026 19:27:09 GMT"))
        }
    }
    for (value, at_least, at_most) in [
        ("30", 29, 30),
        ("3600", 3599, 3600),
        ("9999", 3599, 3600),
        ("0", 0, 1),
        ("300.5", 300, 301),
        ("Sun, 29 Nov 2026 19:37:09 GMT", 599, 600),
        ("Sunday, 29-Nov-26 19:37:09 GMT", 599, 600),
        ("Sun Nov 29 19:37:09 2026", 599, 600),
    ] {
        let config = Config::new("http://localhost/token", "id", "secret").unwrap();
        let session = Session::with_transport(config, Busy(value));
        assert_eq!(token(&session), Err(Kind::Unavailable));
        let pause = session.next_attempt().unwrap().as_secs();
        assert!((at_least..=at_most).contains(&pause), "{value}: {pause}");
    }
}

#[test]
fn a_timeout_in_a_call_with_little_time_starts_no_pause() {
    let server = Arc::new(Server { late: true.into(), ..Server::default() });
    let session = session(&server);
    let outcome = session.0.token(|| Instant::now() + Duration::from_millis(1));
    assert_eq!(outcome.err().unwrap().kind(), Kind::Timeout);
    pass(1);
    assert_eq!(token(&session), Err(Kind::Timeout));
    assert_eq!(requests(&server), 2, "the call that had all its time asked for itself");
    assert_eq!(token(&session), Err(Kind::Timeout));
    assert_eq!(requests(&server), 2, "and its failure is followed by a pause");
}

#[test]
fn a_thread_that_waits_gets_no_error_of_an_earlier_request() {
    let server = Arc::new(Server { pause: Duration::from_millis(200), ..Server::default() });
    let session = session(&server);
    server.down.store(true, Ordering::SeqCst);
    assert_eq!(token(&session), Err(Kind::Network));
    pass(3);
    server.late.store(true, Ordering::SeqCst);
    let ahead = AHEAD.get();
    thread::scope(|scope| {
        let with_little_time = scope.spawn(|| {
            AHEAD.set(ahead);
            session.0.token(|| Instant::now() + Duration::from_secs(1)).err().unwrap().kind()
        });
        while requests(&server) < 2 {
            thread::yield_now();
        }
        assert_eq!(token(&session), Err(Kind::Timeout), "it asks for itself");
        assert_eq!(with_little_time.join().unwrap(), Kind::Timeout);
    });
    assert_eq!(requests(&server), 3);
}

#[test]
fn after_a_refusal_the_password_function_is_called_again_at_once() {
    let server = Arc::new(Server::default());
    let typed = std::sync::Mutex::new(["right", "", "wrong"].to_vec());
    let ask = move || Ok(typed.lock().unwrap().pop().unwrap().into());
    let config = Config::new("http://localhost/token", "id", crate::SecretSource::interactive(ask));
    let session = with_fake_clock(config.unwrap(), &server);
    server.refusing.store(true, Ordering::SeqCst);
    assert_eq!(token(&session), Err(Kind::Refused));
    server.refusing.store(false, Ordering::SeqCst);
    // A person has taken a second to type; a call that comes sooner waits.
    pass(1);
    assert_eq!(token(&session), Err(Kind::Config), "an empty entry");
    let start = Instant::now();
    assert_eq!(token(&session).as_deref(), Ok("2"));
    assert!(start.elapsed() > Duration::from_millis(900), "{:?}", start.elapsed());
}
