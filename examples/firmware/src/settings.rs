//! The device's settings.

use minbearer::Error;

/// Slices of one line, which contains the secret and is wiped.
pub struct Settings<'a> {
    pub flow: &'a str,
    pub token_url: &'a str,
    /// A client id or a user name.
    pub id: &'a str,
    /// A client secret or a password.
    pub secret: &'a str,
    pub api_url: &'a str,
    /// Whether to stop while the token is held, and again after it was dropped, so that the RAM can be read.
    pub stops: bool,
}

impl<'a> Settings<'a> {
    /// Reads `firmware FLOW TOKEN_URL ID SECRET API_URL [stop]`.
    pub fn parse(line: &'a str) -> Result<Settings<'a>, Error> {
        let mut words = line.split(' ').skip(1);
        let mut next = || words.next().ok_or_else(usage);
        let (flow, token_url, id) = (next()?, next()?, next()?);
        let (secret, api_url) = (next()?, next()?);
        let stops = match words.next() {
            None => false,
            Some("stop") => true,
            Some(_) => return Err(usage()),
        };
        Ok(Settings { flow, token_url, id, secret, api_url, stops })
    }
}

fn usage() -> Error {
    Error::config("the arguments are FLOW TOKEN_URL ID SECRET API_URL [stop]")
}
