//! The three flows and an API call: how a firmware uses the crate.

use crate::board;
use crate::network::{Deadline, Network};
use crate::settings::Settings;
use core::time::Duration;
use minbearer::{AfterRefusal, Error, Lifecycle, Request, Response, Step, Token};

/// With this limit a heap of 8 KiB has room for the answer's body and the token, whatever a server sends.
const MAX_ANSWER_BYTES: usize = 1536;
/// In an image without a flow the compiler then leaves out what needs a token.
const HAS_FLOW: bool =
    cfg!(any(feature = "jsa", feature = "accelerator", feature = "client-credentials"));
const API_TIMEOUT: Duration = Duration::from_secs(10);

/// Gets a token by the flow that the settings name.
fn get_token(settings: &Settings, network: &mut dyn Network) -> Result<Token, Error> {
    match settings.flow {
        #[cfg(feature = "jsa")]
        "jsa" => {
            let config = minbearer::jsa::Config::new(settings.id, settings.secret)?
                .with_qoauth_url(settings.token_url)?;
            let request = config.request(config.port().unwrap_or(80))?;
            let (request, response) = send(request, config.timeout(), network)?;
            config.read_answer(&request, response)
        }
        #[cfg(feature = "accelerator")]
        "accelerator" => {
            let config = minbearer::accelerator::Config::new(
                settings.token_url,
                settings.id,
                settings.secret,
            )?;
            let (request, response) = send(config.request()?, config.timeout(), network)?;
            config.read_answer(&request, response)
        }
        #[cfg(feature = "client-credentials")]
        "client-credentials" => {
            // Plain http because the tests' server has no TLS.
            let config = minbearer::client_credentials::Config::new(
                settings.token_url,
                settings.id,
                settings.secret,
            )?
            .with_plain_http();
            let (request, response) = send(config.request()?, config.timeout(), network)?;
            config.read_answer(&request, response)
        }
        _ => Err(no_token()),
    }
}

/// A device that calls an API. When to ask for a token is `Lifecycle`'s to say.
#[derive(Default)]
pub struct Device {
    life: Lifecycle,
    clock: Clock,
    token: Option<Token>,
    error: Option<Error>,
}

impl Device {
    /// Calls the API once with the token that is good now, or, after a 401, twice.
    pub fn poll(
        &mut self,
        settings: &Settings,
        network: &mut dyn Network,
    ) -> Result<Response, Error> {
        let answer = self.call(settings, network)?;
        // After a rejection the machine may want another token at once.
        if answer.status() == 401 && self.life.next(self.clock.now()) == Step::Ask {
            drop(answer); // frees memory: the heap may be small
            return self.call(settings, network);
        }
        Ok(answer)
    }

    fn call(&mut self, settings: &Settings, network: &mut dyn Network) -> Result<Response, Error> {
        let token = self.token(settings, network)?;
        let answer = call_api(settings.api_url, token, network)?;
        let used = self.life.generation();
        match answer.status() {
            200..=299 => self.life.accepted(used),
            401 => drop(self.life.rejected(used, self.clock.now())),
            _ => {}
        }
        Ok(answer)
    }

    /// The token that is good now, by a request if the machine says so.
    pub fn token(
        &mut self,
        settings: &Settings,
        network: &mut dyn Network,
    ) -> Result<&Token, Error> {
        if !HAS_FLOW {
            return Err(no_token());
        }
        loop {
            match self.life.next(self.clock.now()) {
                Step::Ask => self.ask(settings, network)?,
                Step::Use => return self.token.as_ref().ok_or_else(no_token),
                Step::Failed(_) => return Err(self.error.clone().unwrap_or_else(no_token)),
                // A product would sleep until then.
                Step::Wait(_) => {}
            }
        }
    }

    fn ask(&mut self, settings: &Settings, network: &mut dyn Network) -> Result<(), Error> {
        self.life.asking(self.clock.now());
        let outcome = get_token(settings, network);
        let (now, random) = (self.clock.now(), board::random_bits() as u32);
        match outcome {
            Ok(token) => {
                self.life.obtained(&token, now, random);
                (self.token, self.error) = (Some(token), None);
            }
            Err(error) => {
                self.life.failed(&error, AfterRefusal::Pause, now, random);
                if self.life.next(now) != Step::Use {
                    self.error = Some(error.clone());
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// How long until the token is due.
    pub fn due_in(&mut self) -> Option<Duration> {
        let now = self.clock.now();
        self.life.next_request(now).map(|next| next.saturating_sub(now))
    }
}

/// The time since the start, by the board's clock, which wraps around: read it more often than that.
#[derive(Default)]
struct Clock {
    last: u32,
    ticks: u64,
}

impl Clock {
    fn now(&mut self) -> Duration {
        let ticks = board::ticks();
        self.ticks += u64::from(ticks.wrapping_sub(self.last));
        self.last = ticks;
        let second = u64::from(board::TICKS_PER_SECOND);
        let rest = self.ticks % second * 1_000_000 / second;
        Duration::from_secs(self.ticks / second) + Duration::from_micros(rest)
    }
}

fn call_api(url: &str, token: &Token, network: &mut dyn Network) -> Result<Response, Error> {
    let request = Request::get(url)?.with_header("Authorization", token.authorization())?;
    send(request, API_TIMEOUT, network).map(|(_, response)| response)
}

fn send(
    request: Request,
    timeout: Duration,
    network: &mut dyn Network,
) -> Result<(Request, Response), Error> {
    let request = request.with_max_answer_bytes(MAX_ANSWER_BYTES);
    let mut answer = request.incoming();
    network.exchange(request.url(), &request.to_bytes(), Deadline::after(timeout), &mut answer)?;
    Ok((request, answer.finish()?))
}

fn no_token() -> Error {
    Error::config("no such flow in this image")
}
