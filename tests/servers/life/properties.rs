//! Properties over random worlds: threads in any order, servers that refuse, throttle, are slow and lie about lifetimes,
//! APIs that revoke and forbid, clocks that jump. The seeds are fixed, so that a failure comes again.

use super::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Good,
    Down,
    Refusing,
    Throttling(u64),
}

struct World {
    life: Lifecycle,
    random: Random,
    now: Duration,
    mood: Mood,
    /// When the running request began, and when it ends.
    running: Option<(Duration, Duration)>,
    last: Option<Duration>,
    looked: Option<Duration>,
    /// Until when the current token is known to live, by what the server said; `None` for ever.
    living_until: Option<Option<Duration>>,
    last_usable: Option<Duration>,
    /// What was asked for by `Retry-After`.
    retry_until: Duration,
    /// Tokens up to this generation are revoked.
    revoked: u64,
    /// The tokens of calls that are under way.
    calls: Vec<u64>,
    requests: u64,
}

impl World {
    fn new(seed: u64) -> World {
        let mut random = Random(seed);
        let mut life = Lifecycle::new();
        if random.is_one_in(3) {
            life = life.in_file();
        }
        if random.is_one_in(4) {
            life = life.every(Duration::from_millis(random.below(10_000_000)));
        }
        World {
            life,
            now: Duration::from_secs(random.below(1_000_000)),
            random,
            mood: Mood::Good,
            running: None,
            last: None,
            looked: None,
            living_until: None,
            last_usable: None,
            retry_until: Duration::ZERO,
            revoked: 0,
            calls: Vec::new(),
            requests: 0,
        }
    }

    fn step(&mut self) {
        match self.random.below(16) {
            0..=3 => self.pass(),
            4..=7 => self.thread(),
            8 | 9 => self.finish(),
            10..=12 => self.report(),
            13 => self.look(),
            14 => match self.random.below(40) {
                0 => self.life.wake(),
                1 => self.revoked = self.life.generation(),
                2 | 3 => self.life.accepted(self.random.bits()),
                4 | 5 => {
                    let outcome = self.life.rejected(self.random.bits(), self.now);
                    assert_eq!(outcome, Rejection::Replaced, "of an unknown token");
                }
                _ => {}
            },
            _ if self.random.is_one_in(8) => {
                self.mood = match self.random.below(6) {
                    0 => Mood::Down,
                    1 => Mood::Refusing,
                    2 => Mood::Throttling(self.random.below(10_000)),
                    _ => Mood::Good,
                };
            }
            _ => {}
        }
        self.check();
    }

    /// Time passes: mostly little, now and then a night's suspend.
    fn pass(&mut self) {
        let unit = [1, 1000, 50_000, 1_000_000, 1_000_000, 20_000_000, 600_000_000, 40_000_000_000];
        let units = if self.random.is_one_in(20) { 8 } else { 6 };
        let unit = unit[self.random.below(units) as usize];
        self.now += Duration::from_micros(self.random.below(2 * unit));
    }

    fn is_alive(&self) -> bool {
        self.living_until.is_some_and(|until| until.is_none_or(|until| self.now < until))
    }

    fn check(&self) {
        let next = self.life.next(self.now);
        match next {
            Step::Use => assert!(self.life.generation() > 0, "there is a token"),
            Step::Ask => {
                assert!(self.running.is_none(), "one request at a time");
                let earliest = self.last.map_or(Duration::ZERO, |last| last + SECOND);
                assert!(self.now >= earliest, "two requests within a second");
            }
            Step::Wait(until) => {
                assert!(!self.is_alive(), "a good token is withheld");
                assert_eq!(until.is_none(), self.running.is_some(), "a wait without an end");
                assert!(until.is_none_or(|until| self.now < until && until <= self.now + SECOND));
            }
            Step::Failed(until) => {
                assert!(!self.is_alive(), "a good token is withheld");
                assert!(self.running.is_none() && self.now < until, "a pause that is over");
                let longest = self.now + at(60.0);
                assert!(until <= longest.max(self.retry_until), "a pause until {until:?}");
            }
        }
        if let Some(until) = self.life.fresh_until().filter(|until| self.now < *until) {
            assert_eq!(next, Step::Use, "fresh until {until:?}");
        }
        // Renewal never ends: where a lifetime is known, the next request is, and it is the next step by then.
        let request = self.life.next_request(self.now);
        if self.living_until != Some(None) {
            assert!(request.is_some(), "renewal has ended");
        }
        if let Some(request) = request.filter(|_| self.running.is_none()) {
            assert_eq!(self.life.next(request), Step::Ask, "at {request:?}");
            if let Some(before) = request.checked_sub(Duration::from_nanos(1)) {
                if before > self.now {
                    assert_ne!(self.life.next(before), Step::Ask, "before {request:?}");
                }
            }
        }
    }

    fn thread(&mut self) {
        match self.life.next(self.now) {
            Step::Ask => {
                self.life.asking(self.now);
                self.last = Some(self.now);
                let most = if self.random.is_one_in(4) { 10_000_000 } else { 50_000 };
                let latency = Duration::from_micros(self.random.below(most));
                self.running = Some((self.now, self.now + latency));
                self.requests += 1;
            }
            Step::Use => {
                self.calls.push(self.life.generation());
                if self.calls.len() > 20 {
                    self.calls.remove(0);
                }
            }
            Step::Wait(_) | Step::Failed(_) => {}
        }
    }

    fn finish(&mut self) {
        let Some((began, end)) = self.running else { return };
        self.now = self.now.max(end);
        self.running = None;
        let bits = self.random.bits32();
        if self.random.is_one_in(30) {
            return self.life.abandoned();
        }
        let (error, after) = match self.mood {
            Mood::Good => {
                let lifetime = match self.random.below(10) {
                    0 => Lifetime::Absent,
                    1 => Lifetime::Null,
                    2 => Lifetime::Unusable,
                    3 => Lifetime::Usable(Duration::from_nanos(self.random.below(1_000_000_000))),
                    _ => Lifetime::Usable(Duration::from_secs(1 + self.random.below(100_000))),
                };
                let usable = lifetime.usable().filter(|life| !life.is_zero());
                self.last_usable = usable.or(self.last_usable);
                let life = if lifetime == Lifetime::Absent { None } else { self.last_usable };
                self.living_until = Some(life.map(|life| began + life));
                if lifetime == Lifetime::Unusable && life.is_none() {
                    self.living_until = Some(Some(Duration::MAX)); // not known, but to be renewed
                }
                return self.life.obtained(lifetime, self.now, bits);
            }
            Mood::Down => (Error::network("down"), AfterRefusal::Pause),
            Mood::Refusing => (refused(401, None), self.after()),
            Mood::Throttling(seconds) => {
                let asked = Duration::from_secs(seconds);
                self.retry_until = self.now + asked.clamp(SECOND, at(3600.0));
                (refused(429, Some(asked)), AfterRefusal::Pause)
            }
        };
        self.life.failed(&error, after, self.now, bits);
    }

    fn after(&mut self) -> AfterRefusal {
        match self.random.below(8) {
            0 => AfterRefusal::AskAgain,
            1 => AfterRefusal::Changed,
            _ => AfterRefusal::Pause,
        }
    }

    fn report(&mut self) {
        if self.calls.is_empty() {
            return;
        }
        let call = self.random.below(self.calls.len() as u64) as usize;
        let used = self.calls.swap_remove(call);
        if used <= self.revoked || self.random.is_one_in(5) {
            let outcome = self.life.rejected(used, self.now);
            assert_eq!(outcome == Rejection::Replaced, used != self.life.generation());
            if outcome == Rejection::Replace && self.running.is_none() {
                let next = self.life.next_request(self.now);
                assert!(next.is_some_and(|next| next <= self.now + SECOND), "{next:?}");
            }
        } else if !self.random.is_one_in(5) {
            self.life.accepted(used);
        }
    }

    fn look(&mut self) {
        if self.life.look_at(self.now).is_some_and(|time| time <= self.now) {
            let earliest = self.looked.map_or(Duration::ZERO, |looked| looked + SECOND);
            assert!(self.now >= earliest, "looked twice within a second");
            self.looked = Some(self.now);
            let after = self.after();
            self.life.looked(after, self.now);
        }
    }

    /// The world is good from now on, but all tokens are revoked; a thread calls an API three times a second. It is
    /// served within the longest pause, or when the last `Retry-After` is over.
    fn heal(&mut self) {
        if let Some((_, end)) = self.running.take() {
            self.now = self.now.max(end);
            self.life.abandoned();
        }
        self.revoked = self.life.generation();
        let start = self.now;
        let latest = (start + at(61.0)).max(self.retry_until + SECOND);
        loop {
            match self.life.next(self.now) {
                Step::Ask => {
                    self.life.asking(self.now);
                    let bits = self.random.bits32();
                    self.life.obtained(at(3600.0), self.now, bits);
                    continue;
                }
                Step::Use if self.life.generation() > self.revoked => return,
                Step::Use => _ = self.life.rejected(self.life.generation(), self.now),
                Step::Wait(_) | Step::Failed(_) => {}
            }
            self.now += at(0.33);
            assert!(self.now <= latest, "no good token since {start:?}: {:?}", self.life);
        }
    }
}

#[test]
fn the_rules_hold_in_random_worlds() {
    let (mut requests, mut time) = (0, Duration::ZERO);
    for seed in 0..1000 {
        let mut world = World::new(seed);
        let start = world.now;
        for _ in 0..1500 {
            world.step();
        }
        time += world.now - start;
        requests += world.requests;
        world.heal();
    }
    let days = time.as_secs() / 86_400;
    println!("1,500,000 random steps, {days} days, {requests} requests");
    assert!(days > 1000 && requests > 20_000, "{days} days, {requests} requests");
}

/// Calls come a thousand times as often in some of these worlds as in others.
#[test]
fn rejections_cost_requests_by_time_and_not_by_calls() {
    let mut most = 0;
    for seed in 0..200 {
        let mut random = Random(seed);
        let mut shell = Shell::good();
        shell.random = Random(seed + 1);
        // An API whose endpoints are called in turn, or one at random.
        let kinds = 2 + random.below(15);
        let round: Vec<u16> =
            (0..kinds).map(|_| [200, 401, 401, 500][random.below(4) as usize]).collect();
        let is_in_turn = random.is_one_in(2);
        let pause = [0.01, 0.05, 0.3, 1.0, 2.1][random.below(5) as usize];
        let mut call = 0;
        while shell.now < at(1000.0 + 900.0) {
            call = if is_in_turn { (call + 1) % kinds } else { random.below(kinds) };
            let expected = round[call as usize];
            assert_eq!(shell.call(|_, _| expected), Ok(expected));
            shell.pass(pause);
        }
        let count = shell.count();
        assert!(
            count <= 35,
            "{count} requests in a quarter of an hour, seed {seed}: {round:?}, {pause} s"
        );
        most = most.max(count);
    }
    println!("at most {most} requests in a quarter of an hour");
}

#[test]
fn no_input_in_any_order_and_no_time_panics() {
    let times = [
        Duration::ZERO,
        Duration::from_nanos(1),
        SECOND,
        at(60.0),
        at(3600.0),
        at(1e9),
        Duration::from_secs(u64::MAX),
        Duration::MAX,
    ];
    let errors = [
        Error::network("down"),
        Error::config("absent"),
        refused(401, Some(Duration::MAX)),
        refused(503, Some(Duration::MAX)),
        refused(503, Some(Duration::ZERO)),
    ];
    for seed in 0..200 {
        let mut random = Random(seed);
        let mut life = Lifecycle::new();
        if random.is_one_in(2) {
            life = life.in_file();
        }
        if random.is_one_in(2) {
            life = life.every(times[random.below(8) as usize]);
        }
        let mut now = Duration::ZERO;
        for _ in 0..2000 {
            if random.is_one_in(3) {
                now = times[random.below(8) as usize];
            } else {
                now = now.saturating_add(Duration::from_nanos(random.bits()));
            }
            let bits = [0, u32::MAX, random.bits32()][random.below(3) as usize];
            let generation = [life.generation(), 0, u64::MAX][random.below(3) as usize];
            let after = [AfterRefusal::Pause, AfterRefusal::AskAgain, AfterRefusal::Changed];
            let after = after[random.below(3) as usize];
            match random.below(9) {
                0 => life.asking(now),
                1 => life.obtained(Lifetime::Usable(times[random.below(8) as usize]), now, bits),
                2 => life.obtained(Lifetime::Unusable, now, bits),
                3 => life.failed(&errors[random.below(5) as usize], after, now, bits),
                4 => life.abandoned(),
                5 => life.accepted(generation),
                6 => _ = life.rejected(generation, now),
                7 => life.wake(),
                _ => life.looked(after, now),
            }
            let _ = (life.next(now), life.next_request(now), life.fresh_until(), life.end());
            let _ = life.look_at(now);
        }
    }
}

/// A clock may be set, and a request may be lost with its thread: neither may stop renewal.
#[test]
fn renewal_goes_on_after_a_clock_that_jumps() {
    for seed in 0..2000 {
        let mut random = Random(seed);
        let mut life = Lifecycle::new();
        let mut now = Duration::from_secs(random.below(2_000_000));
        for _ in 0..20 {
            now += Duration::from_millis(random.below(3000));
            let bits = random.bits32();
            match random.below(7) {
                0 => life.asking(now),
                1 => life.obtained(Duration::from_secs(random.below(10_000)), now, bits),
                2 => life.obtained(None, now, bits),
                3 => life.failed(&Error::network("down"), AfterRefusal::Pause, now, bits),
                4 => life.failed(&refused(401, None), AfterRefusal::Pause, now, bits),
                5 => life.accepted(life.generation()),
                _ => _ = life.rejected(life.generation(), now),
            }
        }
        now = Duration::from_secs(random.below(2_000_000));
        if life.is_asking() {
            life.abandoned();
        }
        let mut world = World { life, random, now, ..World::new(seed) };
        world.heal();
    }
}
