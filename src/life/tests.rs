//! What an answer says of the lifetime, by the device's clock. `tests/servers/life/` has the rules and worlds in virtual time.

use super::*;
use crate::client_credentials::Config;
use crate::wire::response::Response;
use alloc::format;

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

const LEAST: u32 = 0;

fn obtained(lifetime: impl Into<Lifetime>, random: u32) -> Lifecycle {
    let mut life = Lifecycle::new();
    life.asking(at(100.0));
    life.obtained(lifetime, at(100.0), random);
    life
}

#[test]
fn after_lifetimes_that_are_not_usable_the_last_usable_one_counts_and_renewal_never_ends() {
    const CLOCK: u64 = 1_800_000_000;
    let config = Config::new("https://h/token", "id", "secret").unwrap();
    let request = config.request().unwrap();
    let read = |expires_in: &str| {
        let mut answer = Response::new(200, format!(r#"{{"access_token":"t"{expires_in}}}"#));
        answer.received_at = Some(CLOCK);
        Lifetime::from(&config.read_answer(&request, answer).unwrap())
    };
    for said in [
        "0",
        "-1",
        "0.0",
        "-3600",
        r#""3600s""#,
        r#""""#,
        r#""soon""#,
        "true",
        "{}",
        "[3600]",
        "null",
        "1800003600",
        "1800003600000",
        r#""1800003600""#,
        "1799996400",
        "1800003600.5",
        "1831536000", // a year later
    ] {
        let said = read(&format!(r#","expires_in":{said}"#));
        for (life, latest) in [(Lifecycle::new(), 540), (Lifecycle::new().in_file(), 480)] {
            let mut life = life;
            for (number, lifetime) in
                [read(r#","expires_in":600"#), said, said].into_iter().enumerate()
            {
                let now = at(1000.0 * (number + 1) as f64);
                assert_eq!(life.next(now), Step::Ask, "{said:?}, request {number}");
                life.asking(now);
                life.obtained(lifetime, now, 0);
                assert_eq!(life.next_request(now), Some(now + at(f64::from(latest))), "{said:?}");
                assert_eq!(life.end(), Some(now + at(600.0)), "{said:?}");
            }
        }
        // Without a usable one the pauses grow, and do not end.
        let mut life = Lifecycle::new().in_file();
        let mut now = at(1000.0);
        for pause in [2, 4, 8, 16, 32, 60, 60, 60] {
            life.asking(now);
            life.obtained(said, now, u32::MAX);
            if said == Lifetime::Null {
                assert_eq!(life.next_request(now), None, "null alone is as no lifetime at all");
                break;
            }
            let next = life.next_request(now).unwrap();
            assert_eq!((next - now).as_secs_f64().round() as u64, pause, "{said:?}");
            assert_eq!(life.next(next - at(0.1)), Step::Use, "the token is used meanwhile");
            now = next;
        }
    }
    // For ever.
    for said in [
        "",
        r#","expires_in":315360001"#,
        r#","expires_in":1831708800"#, // as a date it is two days more than a year later
        r#","expires_in":2147483647"#,
        r#","expires_in":4294967295"#,
        r#","expires_in":9223372036854775807"#,
        r#","expires_in":18446744073709551615"#,
    ] {
        assert_eq!(read(said), Lifetime::Absent, "{said}");
        let mut life = obtained(at(100.0), LEAST);
        life.asking(at(190.0));
        life.obtained(read(said), at(190.0), LEAST);
        assert_eq!((life.next_request(at(190.0)), life.end()), (None, None), "{said}");
    }
    assert_eq!(read(r#","expires_in":0"#), Lifetime::Unusable);
    assert_eq!(read(r#","expires_in":"3600""#), Lifetime::Usable(at(3600.0)));
    assert_eq!(read(r#","expires_in":315360000"#), Lifetime::Usable(at(315_360_000.0)));
}
