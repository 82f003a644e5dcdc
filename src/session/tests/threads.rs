//! Many threads share one session.

use super::*;
use std::sync::Barrier;

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

    for next in 4..50 {
        let rejected = session.token().unwrap();
        let tokens = at_once(16, || {
            pass(61 * next); // the clock of a new thread starts anew
            session.renew(&rejected)
        });
        all(&next.to_string(), tokens);
        assert_eq!(requests(&server) as u64, next, "after another 401");
    }
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
fn a_panic_in_the_flow_leaves_the_session_usable() {
    let server = Arc::new(Server { panicking: true.into(), ..Server::default() });
    let session = session(&server);
    let panicked = thread::scope(|scope| scope.spawn(|| session.token().is_ok()).join());
    assert!(panicked.is_err());
    server.panicking.store(false, Ordering::SeqCst);
    pass(1);
    assert_eq!(token(&session).as_deref(), Ok("2"));
}

#[test]
fn a_waiting_thread_keeps_its_own_deadline() {
    let server = Arc::new(Server { pause: Duration::from_millis(1500), ..Server::default() });
    let config = Config::new("http://localhost/token", "id", "secret").unwrap();
    let session = with_fake_clock(config.with_timeout(Duration::from_millis(200)), &server);
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
    fn check_unwind<T: UnwindSafe + RefUnwindSafe>() {}
    check::<Session>();
    check_unwind::<Session>();
    check_unwind::<crate::jsa::Config>();
    check_unwind::<crate::Http>();
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
fn threads_whose_token_was_rejected_wait_for_one_request_and_get_its_error() {
    let server = Arc::new(Server { pause: Duration::from_millis(200), ..Server::default() });
    let session = session(&server);
    let rejected = session.token().unwrap();
    server.down.store(true, Ordering::SeqCst);
    let outcomes = at_once(8, || {
        pass(2);
        session.renew(&rejected).map_err(|error| error.kind())
    });
    for outcome in outcomes {
        assert_eq!(outcome.err(), Some(Kind::Network), "the rejected token is no answer");
    }
    assert_eq!(requests(&server), 2);
}

#[test]
fn a_thread_that_waits_for_another_s_request_sleeps() {
    std::thread_local! {
        static READS: Cell<u32> = const { Cell::new(0) };
    }
    let server = Arc::new(Server { pause: Duration::from_millis(200), ..Server::default() });
    let config = Config::new("http://localhost/token", "id", "secret").unwrap();
    let session = with_clock(config, &server, || {
        READS.set(READS.get() + 1);
        fake_now()
    });
    let rejected = session.token().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            pass(2);
            session.renew(&rejected)
        });
        while requests(&server) < 2 {
            thread::yield_now();
        }
        pass(9); // the request takes longer than a second
        READS.set(0);
        assert_eq!(session.renew(&rejected).unwrap().access_token(), "2");
        assert!(READS.get() < 10, "the clock was read {} times", READS.get());
    });
}
