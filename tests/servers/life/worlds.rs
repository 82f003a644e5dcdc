//! Worlds that have broken a rule before, each in virtual time: what a world costs in requests and in calls.

use super::*;

#[test]
fn of_two_nodes_one_rejects_every_token_and_a_thousand_calls_cost_twelve_requests() {
    // The token server is busy after twenty.
    let mut shell = Shell::new(|number, _| match number {
        ..=20 => Ok(Lifetime::Absent),
        _ => Err((refused(429, None), AfterRefusal::Pause)),
    });
    let mut outcomes = [0, 0, 0];
    for call in 0..1000 {
        match shell.call(|_, _| if call % 2 == 0 { 200 } else { 401 }) {
            Ok(200) => outcomes[0] += 1,
            Ok(_) => outcomes[1] += 1,
            Err(()) => outcomes[2] += 1,
        }
        shell.pass(0.0001);
    }
    assert!(shell.count() <= 12, "{} requests", shell.count());
    assert_eq!(outcomes, [500, 500, 0], "served, rejected, without a token");
}

#[test]
fn of_two_nodes_at_random_one_rejects_every_token_and_no_call_is_without_one() {
    let mut shell = Shell::new(|number, _| match number {
        ..=20 => Ok(Lifetime::Absent),
        _ => Err((refused(429, None), AfterRefusal::Pause)),
    });
    let mut random = Random(1);
    let mut without = 0;
    for _ in 0..36_000 {
        let is_good = random.is_one_in(2);
        let outcome = shell.call(|_, _| if is_good { 200 } else { 401 });
        without += usize::from(outcome.is_err() && is_good);
        shell.pass(0.1);
    }
    assert!(shell.count() <= 90, "{} requests in an hour", shell.count());
    assert_eq!(without, 0, "a good token was there all the time");
}

#[test]
fn an_endpoint_that_works_and_a_forbidden_one_in_turn_cost_twelve_requests_in_a_thousand_calls() {
    for pause in [0.0001, 0.001, 0.01] {
        let mut shell = Shell::good();
        for call in 0..1000 {
            let expected = if call % 2 == 0 { 200 } else { 401 };
            assert_eq!(shell.call(|_, _| expected), Ok(expected));
            shell.pass(pause);
        }
        assert!(shell.count() <= 12, "{} requests, a call each {pause} s", shell.count());
    }
}

#[test]
fn a_forbidden_endpoint_polled_for_an_hour_costs_eighty_requests_and_a_revocation_two_calls() {
    for seed in 0..40 {
        let mut shell = Shell::good();
        shell.random = Random(seed);
        let revoked_at = at(1000.0 + 200.0 + 81.83 * seed as f64);
        let (mut lost, mut revoked) = (0, None);
        for tick in 0..36_000 {
            if shell.now >= revoked_at && revoked.is_none() {
                revoked = Some(shell.life.generation());
            }
            let api =
                |used: u64| if revoked.is_some_and(|revoked| used <= revoked) { 401 } else { 200 };
            assert_eq!(shell.call(|_, _| 401), Ok(401));
            if tick % 50 == 0 {
                lost += usize::from(shell.call(|used, _| api(used)) != Ok(200));
            }
            shell.pass(0.1);
        }
        assert!(lost <= 2, "{lost} calls lost, seed {seed}");
        assert!(shell.count() <= 80, "{} requests, seed {seed}", shell.count());
    }
}

#[test]
fn a_token_revoked_each_hundred_seconds_costs_no_call_and_a_request_each() {
    let mut shell = Shell::good();
    let mut issued = at(1000.0);
    for second in 0..4000 {
        // Revoked when the next hundred seconds begin.
        let hundred = |time: Duration| time.as_secs() / 100;
        let (now, generation) = (shell.now, shell.life.generation());
        let is_revoked = hundred(issued) != hundred(now);
        let outcome =
            shell.call(|used, _| if is_revoked && used == generation { 401 } else { 200 });
        assert_eq!(outcome, Ok(200), "second {second}");
        if shell.life.generation() != generation {
            issued = now;
        }
        shell.now = at(1000.0) + Duration::from_secs(second + 1);
    }
    assert_eq!(shell.count(), 40);
}

#[test]
fn a_forbidden_endpoint_alone_and_an_api_that_rejects_all_for_ten_minutes_cost_few_requests() {
    let mut shell = Shell::good();
    for _ in 0..36_000 {
        assert_eq!(shell.call(|_, _| 401), Ok(401));
        shell.pass(0.1);
    }
    assert!(shell.count() <= 80, "{} requests in an hour", shell.count());

    let mut shell = Shell::good();
    for second in 0..3000 {
        let is_ill = (1000..1600).contains(&second);
        let expected = if is_ill { 401 } else { 200 };
        assert_eq!(shell.call(|_, _| expected), Ok(expected));
        shell.pass(1.0);
    }
    assert!(shell.count() <= 24, "{} requests", shell.count());
}

/// The order of calls decides whether a run of rejections begins with a new token. No order may cost a request a round.
#[test]
fn forbidden_endpoints_in_rounds_cost_few_requests_in_whatever_order_they_begin() {
    for round in [&[401, 200][..], &[401, 401, 401, 200], &[401, 401, 401, 401, 401, 401, 401, 200]]
    {
        for start in 0..round.len() {
            for pause in [0.3, 1.0, 1.3] {
                let mut shell = Shell::good();
                let mut calls = round.iter().cycle().skip(start);
                while shell.now < at(4600.0) {
                    let expected = *calls.next().unwrap();
                    assert_eq!(shell.call(|_, _| expected), Ok(expected));
                    shell.pass(pause);
                }
                let count = shell.count();
                assert!(
                    count <= 80,
                    "{count} requests in an hour: {round:?} from {start}, {pause} s"
                );
            }
        }
    }
}

#[test]
fn a_lifetime_of_a_microsecond_costs_a_request_a_second_at_most() {
    let mut shell = Shell::new(|_, _| Ok(Lifetime::Usable(Duration::from_micros(1))));
    for _ in 0..1000 {
        assert!(shell.token().is_ok());
        shell.pass(0.01);
    }
    assert!((9..=11).contains(&shell.count()), "{} requests in 10 s", shell.count());
}

#[test]
fn a_wrong_secret_of_a_machine_is_sent_once_in_half_a_minute_and_a_person_is_asked_at_once() {
    let wrong = |after| move |_, _| Err((refused(401, None), after));
    let mut machine = Shell::new(wrong(AfterRefusal::Pause));
    for _ in 0..29_000 {
        assert_eq!(machine.token(), Err(()));
        machine.pass(0.001);
    }
    assert_eq!(machine.count(), 1);
    let mut person = Shell::new(wrong(AfterRefusal::AskAgain));
    person.latency = at(3.0); // the typing
    for _ in 0..5 {
        assert_eq!(person.token(), Err(()));
        person.pass(0.001);
    }
    assert_eq!(person.count(), 5);
    assert!(person.now < at(1000.0) + at(5.0 * 3.0) + SECOND * 5);
}

#[test]
fn a_secret_that_was_corrected_is_tried_by_the_next_call_and_one_that_stays_wrong_is_not_sent_often()
 {
    let corrected = at(1013.0);
    let mut shell = Shell::new(move |_, now| {
        if now >= corrected {
            Ok(Lifetime::Absent)
        } else {
            Err((refused(401, None), AfterRefusal::Pause))
        }
    });
    shell.looks.0 =
        Box::new(
            move |now| {
                if now >= corrected { AfterRefusal::Changed } else { AfterRefusal::Pause }
            },
        );
    while shell.token().is_err() {
        shell.pass(0.01);
    }
    assert!(shell.now <= corrected + at(1.1), "{:?}", shell.now);
    assert_eq!(shell.count(), 2);
    assert!((12..=14).contains(&shell.looks.1), "{} looks in 13 s", shell.looks.1);

    // A file that changes all the time, and is always wrong.
    let mut shell = Shell::new(|_, _| Err((refused(401, None), AfterRefusal::Pause)));
    shell.looks.0 = Box::new(|_| AfterRefusal::Changed);
    while shell.now < at(1000.0 + 600.0) {
        assert_eq!(shell.token(), Err(()));
        shell.pass(0.05);
    }
    assert!((15..=25).contains(&shell.count()), "{} requests in 600 s", shell.count());
}

#[test]
fn retry_after_is_obeyed_up_to_an_hour() {
    for (said, obeyed) in [(0, 1), (1, 1), (120, 120), (3600, 3600), (3601, 3600), (u64::MAX, 3600)]
    {
        for status in [429, 503] {
            let busy = refused(status, Some(Duration::from_secs(said)));
            let mut shell = Shell::new(move |_, _| Err((busy.clone(), AfterRefusal::Pause)));
            assert_eq!(shell.token(), Err(()));
            let next = shell.life.next_request(shell.now).unwrap() - shell.now;
            assert_eq!(next, Duration::from_secs(obeyed), "{said} after {status}");
            while shell.count() < 2 {
                assert_eq!(shell.token(), Err(()));
                shell.pass(0.5);
            }
            let [(_, ended), (began, _)] = shell.requests[..] else { panic!("two requests") };
            assert!(began - ended >= Duration::from_secs(obeyed), "{said} after {status}");
        }
    }
    // A refusal that names a time beyond the longest pause.
    let mut shell = Shell::new(|_, _| Err((refused(403, Some(at(600.0))), AfterRefusal::Pause)));
    assert_eq!(shell.token(), Err(()));
    assert_eq!(shell.life.next_request(shell.now), Some(shell.now + at(600.0)));
}

/// 10,000 devices get a token in the same second and renew it for a day. `cargo test fleet -- --nocapture` prints the
/// peak.
#[test]
fn a_fleet_started_in_one_second_does_not_renew_in_one_second() {
    const DEVICES: usize = 10_000;
    let mut random = Random(42);
    let mut peak = |is_spread: bool| {
        let mut requests_in_second = vec![0_usize; 24 * 3600];
        for _ in 0..DEVICES {
            let mut now = SECOND.mul_f64(f64::from(random.bits32()) / 2_f64.powi(32));
            let mut life = Lifecycle::new();
            loop {
                life.asking(now);
                let bits = if is_spread { random.bits32() } else { 0 };
                life.obtained(Duration::from_secs(3600), now, bits);
                now = life.next_request(now).unwrap();
                match requests_in_second.get_mut(now.as_secs() as usize) {
                    Some(requests) => *requests += 1,
                    None => break,
                }
            }
        }
        requests_in_second.into_iter().max().unwrap_or_default()
    };
    let (with, without) = (peak(true), peak(false));
    println!(
        "peak of token requests a second, 10,000 devices, tokens of one hour: {without} without the random part, {with} with it"
    );
    assert_eq!(without, DEVICES, "the worst case, for comparison");
    assert!(with < DEVICES / 100, "{with}");
}
