//! The three flows and an API call: how a firmware uses the crate.

use crate::network::{Deadline, Network};
use crate::settings::Settings;
use core::time::Duration;
use minbearer::schedule::{self, Fraction};
use minbearer::{Error, Request, Response, Token};

/// With this limit a heap of 8 KiB has room for the answer's body and the token, whatever a server sends.
const MAX_ANSWER_BYTES: usize = 1536;
const API_TIMEOUT: Duration = Duration::from_secs(10);

/// Gets a token by the flow that the settings name.
pub fn get_token(settings: &Settings, network: &mut dyn Network) -> Result<Token, Error> {
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
        _ => Err(Error::config("no such flow in this image")),
    }
}

/// When to renew a token that has a lifetime. Renew one without a lifetime when the API answers 401.
pub fn renew_after(token: &Token, random_bits: u64) -> Option<Duration> {
    let random = Fraction::from_bits(random_bits);
    token.lifetime().map(|lifetime| schedule::renew_after(lifetime, random))
}

/// Calls the API once.
pub fn call_api(url: &str, token: &Token, network: &mut dyn Network) -> Result<Response, Error> {
    let request = Request::get(url)?.with_header("Authorization", token.authorization())?;
    let (_, response) = send(request, API_TIMEOUT, network)?;
    response.error_for_status()
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
