//! A 401 from an API: what it means for the token, and for the token server.

use super::*;

#[test]
fn a_rejected_token_is_used_until_there_is_another_and_the_error_is_not_lost() {
    let server = Arc::new(Server { lifetime: 1000, ..Server::default() });
    let session = session(&server);
    let rejected = session.token().unwrap();
    server.down.store(true, Ordering::SeqCst);
    assert_eq!(session.renew(&rejected).unwrap_err().kind(), Kind::Network);
    assert_eq!(token(&session).as_deref(), Ok("1"));
    server.revoked.store(1, Ordering::SeqCst);
    pass(1);
    let error = session.send(Request::get("http://localhost/api").unwrap()).unwrap_err();
    assert!(error.is_token_request(), "why the call was not made again: {error}");
    assert_eq!(requests(&server), 2, "these calls fall into the pause");
    server.down.store(false, Ordering::SeqCst);
    pass(2);
    assert_eq!(token(&session).as_deref(), Ok("3"));
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
fn a_revoked_token_beside_a_forbidden_endpoint_costs_two_calls_at_most() {
    let server = Arc::new(Server::default());
    let session = session(&server);
    for round in 0..20 {
        pass(10);
        assert_eq!(call(&session, "/never"), 401);
        assert_eq!(call(&session, "/api"), 200);
        server.revoked.store(requests(&server), Ordering::SeqCst);
        pass(1);
        let lost = (0..10).take_while(|_| call(&session, "/api") == 401).count();
        assert!(lost <= 2, "{lost} calls lost in round {round}");
    }
    assert!(requests(&server) <= 50, "{}", requests(&server));
}

#[test]
fn only_2xx_accepts_a_token_and_only_401_rejects_it() {
    for (status, expected) in [
        (Some(200), Verdict::Accepted),
        (Some(299), Verdict::Accepted),
        (Some(302), Verdict::Unknown),
        (Some(401), Verdict::Rejected),
        (Some(403), Verdict::Unknown),
        (Some(500), Verdict::Unknown),
        (None, Verdict::Unknown), // no answer
    ] {
        assert!(Verdict::of_status(status) == expected, "{status:?}");
    }
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
fn a_rejection_of_the_second_call_too_tells_that_the_old_token_was_alive() {
    let server = Arc::new(Server::default());
    let session = with_frozen_clock(&server);
    session.token().unwrap();
    // Until the pause is half a minute.
    for pause in [1, 1, 2, 4, 8, 16] {
        pass(pause);
        assert_eq!(call(&session, "/never"), 401);
    }
    let before = requests(&server);
    for (round, requested) in [(1, 1), (2, 1)] {
        pass(2);
        assert_eq!(call(&session, "/api"), 200);
        for _ in 0..3 {
            assert_eq!(call(&session, "/never"), 401);
        }
        assert_eq!(requests(&server) - before, requested, "in round {round}");
    }
}

#[test]
fn a_401_within_a_second_of_the_last_request_is_the_answer_where_that_second_does_not_end_in_time()
{
    let server = Arc::new(Server::default());
    let config = Config::new("http://localhost/token", "id", "secret").unwrap();
    let session = with_fake_clock(config.with_timeout(Duration::from_millis(300)), &server);
    let rejected = session.token().unwrap();
    assert_eq!(session.renew(&rejected).unwrap().access_token(), "1");
    assert_eq!(requests(&server), 1);
}
