//! The life of a token: inputs in any order, with any times. Each step is a byte that selects it, a byte for how much time
//! passes and a byte for its argument.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minbearer::{
    AfterRefusal, Error, Lifecycle, Lifetime, Method, Rejection, Request, Step, Token, Url,
};
use std::time::Duration;

/// 1 ns to 2¹²⁷ ns, doubling every second value.
fn duration(byte: u8) -> Duration {
    let nanos = 1_u128 << (byte / 2);
    let nanos = nanos + if byte % 2 == 0 { 0 } else { nanos / 2 };
    let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX);
    Duration::new(seconds, (nanos % 1_000_000_000) as u32)
}

fuzz_target!(|data: &[u8]| {
    let url = Url::parse("the URL", "http://h").unwrap();
    let request = Request::to(Method::Get, url);
    let mut life = Lifecycle::new();
    let mut now = Duration::ZERO;
    // As long as the clock only goes on, and an outcome follows a beginning, the rules can be checked.
    let mut last: Option<Duration> = None;
    let mut goes_on = true;
    for step in data.chunks_exact(3) {
        let (kind, time, argument) = (step[0], step[1], step[2]);
        if kind & 0x80 == 0 {
            now = now.saturating_add(duration(time));
        } else {
            (now, last, goes_on) = (duration(time), None, false);
        }
        if now == Duration::MAX {
            // The clock has come to its end, where no second can pass.
            return;
        }
        let random = u32::from(argument) << 24;
        match kind & 0x0F {
            0 | 1 => {
                if life.next(now) == Step::Ask {
                    assert!(!life.is_asking(), "two requests at once");
                    if let Some(last) = last {
                        assert!(now - last >= Duration::from_secs(1), "two within a second");
                    }
                    life.asking(now);
                    last = Some(now);
                }
            }
            2 => {
                (life, last) = (Lifecycle::new().in_file().every(duration(argument)), None);
            }
            3 => life.obtained(&Token::new("t", duration(argument)).unwrap(), now, random),
            4 => life.obtained(Lifetime::Unusable, now, random),
            5 => life.obtained(Lifetime::Null, now, random),
            6 => life.failed(&Error::network("down"), AfterRefusal::Pause, now, random),
            7 => {
                let refused = Error::refused(&request, 400 + u16::from(argument), "no");
                let after = [AfterRefusal::Pause, AfterRefusal::AskAgain, AfterRefusal::Changed];
                life.failed(&refused, after[usize::from(argument % 3)], now, random);
            }
            8 => life.abandoned(),
            9 => life.accepted(life.generation()),
            10 => {
                let generation = life.generation().wrapping_sub(u64::from(argument % 2));
                let rejection = life.rejected(generation, now);
                let is_old = argument % 2 == 1 || life.generation() == 0;
                assert_eq!(rejection == Rejection::Replaced, is_old);
            }
            11 => life.wake(),
            12 => life.looked(AfterRefusal::Changed, now),
            13 => life.looked(AfterRefusal::Pause, now),
            _ => {}
        }
        let next = life.next(now);
        if let Some(until) = life.fresh_until().filter(|_| goes_on) {
            assert!(
                now >= until || next == Step::Use || next == Step::Ask,
                "{next:?} before {until:?}"
            );
        }
        if let Some(request) = life.next_request(now).filter(|_| goes_on && !life.is_asking()) {
            assert!(request >= now || life.next(now) == Step::Ask, "{request:?} at {now:?}");
            assert_eq!(life.next(request), Step::Ask, "at {request:?}");
        }
        let _ = (life.end(), life.look_at(now));
    }
});
