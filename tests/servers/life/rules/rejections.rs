//! When a token that was accepted, or has replaced one that was, is taken for dead.

use super::*;

/// Replaces the token; then it is in use for a second.
fn replace(life: &mut Lifecycle, now: f64) {
    life.asking(at(now));
    life.obtained(None, at(now), LEAST);
}

/// How many rejections, up to nine, the current token takes until it is replaced.
fn rejections(life: &mut Lifecycle, now: f64) -> usize {
    let generation = life.generation();
    (1..9).take_while(|_| life.rejected(generation, at(now)) == Rejection::Keep).count() + 1
}

#[test]
fn a_token_that_replaced_a_living_one_can_be_dead_before_it_was_accepted_and_the_next_cannot() {
    let mut life = obtained(None, LEAST);
    // Until the pause is 16 s.
    for now in [200.0, 201.0, 203.0, 207.0, 215.0] {
        assert_eq!(rejections(&mut life, now), 1, "{now}");
        replace(&mut life, now);
    }
    assert_eq!(rejections(&mut life, 217.0), 9, "it was never accepted");
    life.accepted(life.generation());
    replace(&mut life, 218.0);
    // The longest run that meant nothing had nine.
    assert_eq!(rejections(&mut life, 219.0), 9);
    assert_eq!(rejections(&mut life, 219.0), 9);
    assert_eq!(rejections(&mut life, 219.0), 1, "nineteen are more than twice as many");
    replace(&mut life, 219.0);
    for _ in 0..9 {
        assert_eq!(rejections(&mut life, 221.0), 9, "no living token was replaced");
    }
}
