//! The pause after a refusal: the looks at the secret in it, and what ends it.

use super::*;

/// A refusal at 100 s, followed by a pause of 30 s.
fn paused(error: &Error) -> Lifecycle {
    let mut life = Lifecycle::new();
    failed(&mut life, error, 100.0, LEAST);
    life
}

#[test]
fn a_secret_is_looked_at_once_a_second_until_it_has_changed_or_the_pause_is_over() {
    let mut life = paused(&refused(401, None));
    assert_eq!(life.look_at(at(100.5)), Some(at(101.0)));
    for now in [101.0, 102.0, 105.5] {
        assert_eq!(life.look_at(at(now)), Some(at(now)), "it is time");
        life.looked(AfterRefusal::Pause, at(now));
        assert_eq!(life.look_at(at(now + 0.5)), Some(at(now + 1.0)));
    }
    assert_eq!(life.next(at(107.0)), Step::Failed(at(130.0)));
    life.looked(AfterRefusal::Changed, at(107.0));
    assert_eq!(life.next(at(107.0)), Step::Ask);
    assert_eq!(life.look_at(at(110.0)), None, "it has changed");
    life.looked(AfterRefusal::Pause, at(110.0));
    assert_eq!(life.next(at(110.0)), Step::Ask, "it has changed all the same");

    let life = paused(&refused(401, None));
    assert_eq!(life.look_at(at(129.9)), Some(at(129.9)));
    assert_eq!(life.look_at(at(130.0)), None, "the pause is over");
}

#[test]
fn no_secret_is_looked_at_during_a_request_or_after_a_failure_that_is_no_refusal() {
    let mut life = paused(&refused(401, None));
    life.asking(at(110.0));
    assert_eq!(life.look_at(at(112.0)), None, "a request is running");
    let mut life = paused(&refused(503, Some(at(30.0))));
    assert_eq!(life.next(at(110.0)), Step::Failed(at(130.0)));
    assert_eq!(life.look_at(at(110.0)), None, "the server has not refused");
    life.looked(AfterRefusal::Changed, at(110.0));
    assert_eq!(life.next(at(110.0)), Step::Failed(at(130.0)), "a change does not mend it");
    assert_eq!(Lifecycle::new().look_at(at(100.0)), None);
}

#[test]
fn a_rejection_after_wake_is_answered_by_a_request_though_the_last_one_failed() {
    let mut life = obtained(None, LEAST);
    failed(&mut life, &refused(401, None), 110.0, LEAST);
    assert_eq!(life.rejected(1, at(120.0)), Rejection::Failed);
    life.wake();
    assert_eq!(life.rejected(1, at(120.0)), Rejection::Replace);
    assert_eq!(life.next(at(120.0)), Step::Ask);
}
