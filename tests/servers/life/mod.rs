//! The life of a token in virtual time: servers, APIs and threads are functions, and a day takes a millisecond.

mod properties;
mod rules;
mod worlds;

use minbearer::client_credentials::Config;
use minbearer::{AfterRefusal, Error, Lifecycle, Lifetime, Rejection, Response, Step};
use std::time::Duration;

const SECOND: Duration = Lifecycle::LEAST_BETWEEN_REQUESTS;

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// SplitMix64, with a seed: each run is the same.
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    fn is_one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn bits32(&mut self) -> u32 {
        (self.bits() >> 32) as u32
    }
}

fn refused(status: u16, retry_after: Option<Duration>) -> Error {
    let config = Config::new("https://h/token", "id", "secret").unwrap();
    let mut answer = Response::new(status, r#"{"error":"no"}"#);
    if let Some(time) = retry_after {
        answer = answer.with_header("Retry-After", &time.as_secs().to_string());
    }
    let error = config.read_answer(&config.request().unwrap(), answer).unwrap_err();
    assert_eq!(error.refusal().unwrap().retry_after().is_some(), retry_after.is_some());
    error
}

/// What the token server answers to the request of that number.
type Server = Box<dyn FnMut(u64, Duration) -> Result<Lifetime, (Error, AfterRefusal)>>;

/// A shell with one thread, as `Session` is one: it waits where a session's thread waits.
struct Shell {
    life: Lifecycle,
    now: Duration,
    random: Random,
    server: Server,
    /// How long a request takes.
    latency: Duration,
    /// What the flow says during a pause, and how often it was asked.
    looks: (Box<dyn Fn(Duration) -> AfterRefusal>, u64),
    /// When each request began and ended.
    requests: Vec<(Duration, Duration)>,
}

impl Shell {
    fn new(
        server: impl FnMut(u64, Duration) -> Result<Lifetime, (Error, AfterRefusal)> + 'static,
    ) -> Shell {
        Shell {
            life: Lifecycle::new(),
            now: at(1000.0),
            random: Random(7),
            server: Box::new(server),
            latency: Duration::from_micros(10),
            looks: (Box::new(|_| AfterRefusal::Pause), 0),
            requests: Vec::new(),
        }
    }

    /// One whose server always gives tokens without a lifetime.
    fn good() -> Shell {
        Shell::new(|_, _| Ok(Lifetime::Absent))
    }

    fn pass(&mut self, seconds: f64) {
        self.now += at(seconds);
    }

    fn ask(&mut self) -> Result<(), Error> {
        let began = self.now;
        if let Some((last, _)) = self.requests.last() {
            assert!(began >= *last + SECOND, "a request at {began:?}, the last at {last:?}");
        }
        self.life.asking(began);
        self.now += self.latency;
        self.requests.push((began, self.now));
        let outcome = (self.server)(self.requests.len() as u64, self.now);
        let random = self.random.bits32();
        match outcome {
            Ok(lifetime) => self.life.obtained(lifetime, self.now, random),
            Err((error, after)) => {
                self.life.failed(&error, after, self.now, random);
                return Err(error);
            }
        }
        Ok(())
    }

    /// The generation of the token that a call would use; an error if there is none.
    fn token(&mut self) -> Result<u64, ()> {
        loop {
            if self.life.look_at(self.now).is_some_and(|time| time <= self.now) {
                self.looks.1 += 1;
                let after = (self.looks.0)(self.now);
                self.life.looked(after, self.now);
                continue;
            }
            match self.life.next(self.now) {
                Step::Use => return Ok(self.life.generation()),
                Step::Ask => {
                    let outcome = self.ask();
                    let is_usable = self.life.next(self.now) == Step::Use;
                    if outcome.is_err() {
                        return if is_usable { Ok(self.life.generation()) } else { Err(()) };
                    }
                }
                Step::Failed(until) => {
                    assert!(until > self.now, "a pause that is over");
                    return Err(());
                }
                Step::Wait(until) => {
                    let until = until.expect("no other request is running");
                    assert!(until > self.now && until <= self.now + SECOND, "{until:?}");
                    self.now = until;
                }
            }
        }
    }

    /// A call of an API, which answers by the generation of the token with a status; made again after a 401 if the
    /// machine says so. Returns the last status, or an error if there was no token.
    fn call(&mut self, api: impl Fn(u64, Duration) -> u16) -> Result<u16, ()> {
        let used = self.token()?;
        let status = api(used, self.now);
        self.told(used, status)?;
        if status != 401 || self.life.generation() == used {
            return Ok(status);
        }
        let used = self.life.generation();
        let status = api(used, self.now);
        match status {
            200 => self.life.accepted(used),
            401 => _ = self.life.rejected(used, self.now),
            _ => {}
        }
        Ok(status)
    }

    /// Tells the machine, and makes the request that it wants.
    fn told(&mut self, used: u64, status: u16) -> Result<(), ()> {
        match status {
            200 => self.life.accepted(used),
            401 => match self.life.rejected(used, self.now) {
                Rejection::Replace => {
                    let next = self.life.next_request(self.now).expect("it is wanted");
                    assert!(next <= self.now + SECOND, "a wait until {next:?}");
                    self.now = next.max(self.now);
                    assert_eq!(self.life.next(self.now), Step::Ask);
                    return self.ask().map_err(drop);
                }
                Rejection::Failed => return Err(()),
                Rejection::Keep | Rejection::Replaced => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn count(&self) -> usize {
        self.requests.len()
    }
}
