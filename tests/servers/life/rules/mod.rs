//! Each rule to the second, with the least and the most random bits.

mod after_refusal;
mod rejections;

use super::{at, refused};
use minbearer::{AfterRefusal, Error, Lifecycle, Lifetime, Rejection, Step};
use std::time::Duration;

const LEAST: u32 = 0;
const MOST: u32 = u32::MAX;

fn rounded(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}

/// A machine with a token that was requested at 100 s.
fn obtained(lifetime: impl Into<Lifetime>, random: u32) -> Lifecycle {
    let mut life = Lifecycle::new();
    assert_eq!(life.next(at(100.0)), Step::Ask);
    life.asking(at(100.0));
    life.obtained(lifetime, at(100.0), random);
    life
}

fn failed(life: &mut Lifecycle, error: &Error, now: f64, random: u32) {
    life.asking(at(now));
    life.failed(error, AfterRefusal::Pause, at(now), random);
}

#[test]
fn a_token_is_renewed_at_90_percent_or_a_minute_before_its_end_less_a_random_tenth() {
    for (lifetime, latest, earliest) in
        [(10, 9.0, 8.0), (600, 540.0, 480.0), (3600, 3540.0, 3180.0)]
    {
        for (random, due) in [(LEAST, latest), (MOST, earliest)] {
            let life = obtained(Duration::from_secs(lifetime), random);
            let next = life.next_request(at(101.0)).unwrap();
            assert_eq!(rounded(next), 100.0 + due, "{lifetime} s");
            assert_eq!(life.fresh_until(), Some(next));
            assert_eq!(life.next(next - at(0.001)), Step::Use, "{lifetime} s");
            assert_eq!(life.next(next), Step::Ask, "{lifetime} s");
        }
    }
    let life = obtained(None, MOST);
    assert_eq!((life.next_request(at(1e9)), life.next(at(1e9))), (None, Step::Use));
    assert_eq!(life.fresh_until(), Some(Duration::MAX));
}

#[test]
fn the_lifetime_counts_from_the_beginning_of_the_request() {
    let mut life = Lifecycle::new();
    life.asking(at(100.0));
    life.obtained(at(100.0), at(108.0), LEAST);
    assert_eq!((life.end(), life.next_request(at(109.0))), (Some(at(200.0)), Some(at(190.0))));
}

#[test]
fn pauses_grow_from_a_second_to_a_minute_and_after_a_refusal_the_longest_comes_first() {
    let network =
        [[1.0, 2.0], [2.0, 4.0], [4.0, 8.0], [8.0, 16.0], [16.0, 32.0], [30.0, 60.0], [30.0, 60.0]];
    for (error, pauses) in [
        (Error::network("down"), &network[..]),
        (Error::timeout("late"), &network),
        (Error::malformed("nonsense"), &network),
        (Error::config("absent"), &network),
        (refused(500, None), &network),
        (refused(401, None), &[[30.0, 60.0], [30.0, 60.0]]),
    ] {
        for (column, random) in [LEAST, MOST].into_iter().enumerate() {
            let mut life = Lifecycle::new();
            for (number, pause) in pauses.iter().enumerate() {
                let now = 100.0 * (number + 1) as f64;
                failed(&mut life, &error, now, random);
                let next = life.next_request(at(now)).unwrap();
                assert_eq!(rounded(next - at(now)), pause[column], "{error} {number}");
                assert_eq!(life.next(next - at(0.001)), Step::Failed(next), "{error} {number}");
                assert_eq!(life.next(next), Step::Ask, "{error} {number}");
            }
            life.asking(at(2000.0));
            life.obtained(at(10.0), at(2000.0), LEAST);
            failed(&mut life, &Error::network("down"), 2009.0, random);
            let next = rounded(life.next_request(at(2009.0)).unwrap());
            assert_eq!(next, 2009.0 + network[0][column], "a token brings the first pause back");
        }
    }
}

#[test]
fn while_the_old_token_is_valid_it_is_used() {
    let mut life = obtained(at(100.0), LEAST);
    assert_eq!((life.next(at(190.0)), life.is_asking()), (Step::Ask, false));
    life.asking(at(190.0));
    assert!(life.is_asking());
    assert_eq!(life.next(at(199.9)), Step::Use, "another thread asks");
    assert_eq!(life.next(at(200.0)), Step::Wait(None), "it has ended");
    life.failed(&refused(401, None), AfterRefusal::Pause, at(191.0), LEAST);
    assert_eq!(life.next(at(199.9)), Step::Use, "in a pause");
    assert_eq!(life.next(at(200.0)), Step::Failed(at(221.0)), "it has ended");
}

#[test]
fn no_request_begins_within_a_second_of_the_beginning_of_another() {
    let ended = at(105.3);
    let end = |life: &mut Lifecycle, how: u32| {
        life.asking(at(105.0));
        match how {
            0 => life.obtained(Duration::from_nanos(1), ended, MOST),
            1 => life.failed(&refused(401, None), AfterRefusal::AskAgain, ended, LEAST),
            2 => life.failed(&Error::network("down"), AfterRefusal::Changed, ended, LEAST),
            3 => life.failed(&refused(401, None), AfterRefusal::Changed, ended, LEAST),
            _ => life.abandoned(),
        }
    };
    for how in 0..=4 {
        for is_woken in [false, true] {
            let mut life = Lifecycle::new();
            end(&mut life, how);
            if is_woken {
                life.wake();
            }
            let is_pause = how == 2 && !is_woken;
            let earliest = at(if is_pause { 106.3 } else { 106.0 });
            for now in [105.3, 105.999] {
                let expected = match how {
                    0 => Step::Use,
                    _ if is_pause => Step::Failed(earliest),
                    _ => Step::Wait(Some(earliest)),
                };
                assert_eq!(life.next(at(now)), expected, "{how} at {now}, woken: {is_woken}");
                assert_eq!(life.next_request(at(now)), Some(earliest), "{how} at {now}");
            }
            assert_eq!(life.next(earliest), Step::Ask, "{how}, woken: {is_woken}");
        }
    }
    // A request that took longer than that.
    let mut life = Lifecycle::new();
    life.asking(at(100.0));
    life.obtained(at(1.0), at(105.0), LEAST);
    assert_eq!(life.next(at(105.0)), Step::Ask);
}

#[test]
fn wake_ends_a_pause_asks_for_a_good_token_anew_and_during_a_request_causes_another() {
    let mut life = obtained(None, LEAST);
    life.wake();
    assert_eq!(life.fresh_until(), None);
    assert_eq!(life.next(at(105.0)), Step::Ask, "a good token");
    failed(&mut life, &refused(401, Some(at(3600.0))), 105.0, MOST);
    assert_eq!(life.next(at(110.0)), Step::Use);
    life.wake();
    assert_eq!(life.next(at(110.0)), Step::Ask, "a pause");
    life.asking(at(110.0));
    life.wake();
    assert_eq!(life.next(at(110.1)), Step::Use, "a request is running");
    life.obtained(None, at(110.2), LEAST);
    assert_eq!(life.next(at(111.2)), Step::Ask, "another one");
    life.asking(at(111.2));
    life.obtained(None, at(111.2), LEAST);
    assert_eq!(life.next(at(200.0)), Step::Use, "and no third");
}

#[test]
fn every_renews_after_that_time_at_the_latest_and_a_token_in_a_file_at_80_percent() {
    for (every, lifetime, latest, earliest) in [
        (None, Some(1000.0), 800.0, 720.0),
        (Some(10.0), Some(1000.0), 10.0, 9.0),
        (Some(5000.0), Some(1000.0), 800.0, 720.0),
        (Some(10.0), None, 10.0, 9.0),
    ] {
        for (random, due) in [(LEAST, latest), (MOST, earliest)] {
            let mut life = Lifecycle::new().in_file();
            if let Some(every) = every {
                life = life.every(at(every));
            }
            life.asking(at(100.0));
            life.obtained(lifetime.map(at), at(100.0), random);
            let next = rounded(life.next_request(at(100.0)).unwrap());
            assert_eq!(next, 100.0 + due, "{every:?} {lifetime:?}");
        }
    }
}

#[test]
fn the_first_rejection_after_a_minute_without_any_replaces_and_further_ones_after_pauses_that_double()
 {
    let mut life = obtained(None, LEAST);
    let mut now = 200.0;
    // The pause before the n-th replacement; none before the first.
    for (number, pause) in [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0].into_iter().enumerate()
    {
        let generation = life.generation();
        if number > 0 {
            let rejection = life.rejected(generation, at(now + pause - 0.001));
            assert_eq!(rejection, Rejection::Keep, "before the pause of {pause} s is over");
            assert_eq!(life.next(at(now + pause - 0.001)), Step::Use);
        }
        now += pause;
        assert_eq!(life.rejected(generation, at(now)), Rejection::Replace, "after {pause} s");
        assert_eq!(life.next(at(now)), Step::Ask, "after {pause} s");
        life.asking(at(now));
        assert_eq!(life.next(at(now)), Step::Use, "others use the old one");
        life.obtained(None, at(now), LEAST);
        assert_eq!(life.rejected(generation, at(now)), Rejection::Replaced);
    }
    now += 61.0;
    let generation = life.generation();
    assert_eq!(life.rejected(generation, at(now)), Rejection::Replace, "a quiet minute");
    life.asking(at(now));
    life.obtained(None, at(now), LEAST);
    let generation = life.generation();
    assert_eq!(life.rejected(generation, at(now + 0.999)), Rejection::Keep);
    assert_eq!(life.rejected(generation, at(now + 1.0)), Rejection::Replace, "the first pause");
}

#[test]
fn a_token_that_no_one_accepts_any_more_is_replaced_at_once_though_not_within_a_second() {
    let mut life = obtained(None, LEAST);
    // The pauses are long by now, 50 s with these random bits.
    let mut now = 200.0;
    for _ in 0..8 {
        assert_eq!(life.rejected(life.generation(), at(now)), Rejection::Replace);
        life.asking(at(now));
        life.obtained(None, at(now), MOST);
        now += 55.0;
    }
    now -= 50.0;
    let generation = life.generation();
    let run = |life: &mut Lifecycle, length: u32, now: f64| {
        for _ in 0..length {
            assert_eq!(life.rejected(generation, at(now)), Rejection::Keep);
        }
    };
    run(&mut life, 100, now); // it was not accepted yet, so these say nothing
    life.accepted(generation);
    run(&mut life, 200, now); // the longest run was 100
    assert_eq!(life.rejected(generation, at(now)), Rejection::Replace, "run 201");

    // The longest run outlives the token; the run and the acceptance do not.
    life.asking(at(now));
    life.obtained(None, at(now), LEAST);
    let generation = life.generation();
    let run = |life: &mut Lifecycle, length: u32, now: f64| {
        for _ in 0..length {
            assert_eq!(life.rejected(generation, at(now)), Rejection::Keep);
        }
    };
    life.accepted(generation);
    run(&mut life, 250, now + 0.5); // within the second
    assert_eq!(life.rejected(generation, at(now + 1.0)), Rejection::Replace);
}

#[test]
fn a_rejection_within_a_second_of_the_first_token_waits_for_the_second_to_end() {
    let mut life = obtained(None, LEAST);
    assert_eq!(life.rejected(1, at(100.1)), Rejection::Replace);
    assert_eq!((life.next(at(100.1)), life.next_request(at(100.1))), (Step::Use, Some(at(101.0))));
    assert_eq!(life.rejected(1, at(100.2)), Rejection::Replace, "another thread waits too");
    assert_eq!(life.next(at(101.0)), Step::Ask);
}

#[test]
fn a_replacement_that_failed_is_wanted_until_an_api_accepts_the_token() {
    let mut life = obtained(None, LEAST);
    assert_eq!(life.rejected(1, at(200.0)), Rejection::Replace);
    failed(&mut life, &Error::network("down"), 200.0, MOST);
    assert_eq!(life.rejected(1, at(201.0)), Rejection::Failed);
    assert_eq!(life.next(at(201.0)), Step::Use, "it may serve another call");
    assert_eq!(life.next(at(202.0)), Step::Ask, "without another rejection");
    life.accepted(1);
    assert_eq!(life.next(at(202.0)), Step::Use, "it is alive");
    assert_eq!(life.rejected(1, at(1000.0)), Rejection::Replace, "a failure is no replacement");
}

#[test]
fn a_clock_that_was_set_back_ends_every_pause_and_makes_no_token_immortal() {
    let mut life = obtained(at(1000.0), LEAST);
    assert_eq!(life.next(at(50.0)), Step::Ask, "it is not known when the token ends");
    failed(&mut life, &refused(401, Some(at(3600.0))), 5000.0, MOST);
    assert_eq!(life.next(at(6000.0)), Step::Failed(at(8600.0)));
    assert_eq!(life.next(at(4999.0)), Step::Ask);
}

#[test]
fn a_rejection_during_a_request_is_answered_by_its_token_and_counts_as_the_first() {
    let mut life = obtained(at(100.0), LEAST);
    life.asking(at(190.0)); // it is due
    assert_eq!(life.rejected(1, at(190.1)), Rejection::Replace);
    life.obtained(at(100.0), at(190.2), LEAST);
    assert_eq!(life.rejected(2, at(191.1)), Rejection::Keep, "within the pause of a second");
    assert_eq!(life.rejected(2, at(191.2)), Rejection::Replace);
}

#[test]
fn what_is_said_of_an_old_token_says_nothing_of_the_current_one() {
    let mut life = obtained(None, LEAST);
    life.asking(at(110.0));
    life.obtained(None, at(110.0), LEAST);
    assert_eq!(life.rejected(2, at(200.0)), Rejection::Replace);
    failed(&mut life, &Error::network("down"), 200.0, LEAST);
    life.accepted(1);
    assert_eq!(life.rejected(2, at(200.5)), Rejection::Failed, "token 2 is still rejected");
    assert_eq!(life.rejected(1, at(200.5)), Rejection::Replaced);
    assert_eq!(life.rejected(3, at(200.5)), Rejection::Replaced);
}

#[test]
fn wake_ends_the_pause_after_a_replacement() {
    let mut life = obtained(None, LEAST);
    for now in [200.0, 201.0, 203.0, 207.0] {
        assert_eq!(life.rejected(life.generation(), at(now)), Rejection::Replace, "{now}");
        life.asking(at(now));
        life.obtained(None, at(now), LEAST);
    }
    assert_eq!(life.rejected(life.generation(), at(210.0)), Rejection::Keep, "8 s");
    life.wake();
    life.asking(at(211.0));
    life.obtained(None, at(211.0), LEAST);
    assert_eq!(life.rejected(life.generation(), at(212.0)), Rejection::Replace);
}

#[test]
fn a_quiet_minute_counts_from_the_last_rejection_though_the_request_took_long() {
    let mut life = obtained(None, LEAST);
    let mut now = 200.0;
    for pause in [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0] {
        now += pause;
        assert_eq!(life.rejected(life.generation(), at(now)), Rejection::Replace, "{now}");
        life.asking(at(now));
        let took = if pause == 32.0 { 9.0 } else { 0.0 };
        life.obtained(None, at(now + took), LEAST);
    }
    assert_eq!(life.rejected(life.generation(), at(now + 61.0)), Rejection::Replace);
}

/// Found by the fuzz target `life`: the pause after a change outlasted the other, and was told with that one's end.
#[test]
fn a_changed_secret_is_never_tried_later_than_the_same_one_would_be() {
    let mut life = Lifecycle::new();
    for (now, pause) in [(100.0, 0.0), (103.0, 2.0), (106.0, 4.0), (111.0, 8.0), (120.0, 16.0)] {
        life.asking(at(now));
        life.failed(&refused(401, None), AfterRefusal::Changed, at(now), MOST);
        let next = rounded(life.next_request(at(now)).unwrap());
        assert_eq!(next, now + f64::max(pause, 1.0), "after {now} s");
    }
    // A file that is absent by now is no refusal; its first pauses are shorter than those after changes.
    let mut life = Lifecycle::new();
    for now in [100.0, 110.0, 120.0] {
        life.asking(at(now));
        life.failed(&Error::config("absent"), AfterRefusal::Changed, at(now), LEAST);
        let next = life.next_request(at(now)).unwrap();
        assert_eq!(life.next(next), Step::Ask, "after {now} s");
        assert!(next <= at(now + 4.0), "{next:?}");
    }
}

#[test]
fn what_was_woken_for_is_asked_for_until_it_is_there() {
    let mut life = obtained(None, LEAST);
    life.wake();
    failed(&mut life, &Error::network("down"), 105.0, LEAST);
    assert_eq!(life.next(at(105.5)), Step::Use);
    assert_eq!(life.next_request(at(105.5)), Some(at(106.0)));
    assert_eq!(life.next(at(106.0)), Step::Ask, "the old token has no end");
    life.asking(at(106.0));
    life.obtained(None, at(106.0), LEAST);
    assert_eq!(life.next_request(at(107.0)), None);
}

/// A slow call whose answer comes after its token was replaced.
#[test]
fn a_late_acceptance_of_an_old_token_does_not_make_rejections_of_the_current_one_a_death() {
    let mut life = obtained(None, LEAST);
    for now in [200.0, 201.0, 203.0, 207.0] {
        assert_eq!(life.rejected(life.generation(), at(now)), Rejection::Replace, "{now}");
        life.asking(at(now));
        life.obtained(None, at(now), LEAST);
    }
    life.accepted(life.generation() - 1);
    for now in [209.0, 209.1, 209.2, 209.3, 209.4] {
        assert_eq!(life.rejected(life.generation(), at(now)), Rejection::Keep, "{now}");
    }
}
