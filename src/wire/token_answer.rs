//! The answer to a token request ([RFC 6749 section 5](https://www.rfc-editor.org/rfc/rfc6749#section-5)).
//!
//! The members of the JSON are slices of the body that was received, and a token is decoded from there straight into
//! the one buffer that [`Token`] keeps. So it is in memory at most twice, and once when the body is dropped.

use super::json::{Members, Value, read_members, seconds};
use super::redact::{MIN_SEARCHED_BYTES, redacted};
use super::request::Request;
use super::response::Response;
use super::retry_after::retry_after;
use super::token::{BEARER, Token, check};
use super::{jwt, not_json};
use crate::error::{Error, Kind, Refusal};
use crate::life::Lifetime;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use zeroize::Zeroizing;

/// Reads the answer to a flow's token request.
pub(crate) struct AnswerReader<'a> {
    pub(crate) request: &'a Request,
    /// The separator of type and token in the header value: a space (RFC 6750) or a colon (Accelerator).
    pub(crate) separator: char,
    /// The names of further string members to keep.
    pub(crate) members: &'a [String],
    /// What to check after a refusal.
    pub(crate) advice: &'a str,
}

impl Token {
    /// Reads the token in an answer of [RFC 6749 section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1), for a
    /// `Flow` of your own. `request` is the request that was answered; its secrets are redacted in the error.
    ///
    /// # Errors
    /// [`Kind::Refused`](crate::Kind::Refused) for a status other than 2xx or an `error`;
    /// [`Kind::Malformed`](crate::Kind::Malformed) for an answer without a usable token of type Bearer.
    pub fn from_answer(request: &Request, response: Response) -> Result<Token, Error> {
        let advice = "check the credentials";
        AnswerReader { request, separator: ' ', members: &[], advice }.read_answer(response)
    }
}

/// The members of a token answer that are read (RFC 6749 sections 5.1 and 5.2).
#[derive(Default)]
struct TokenAnswer<'a> {
    access_token: Option<Value<'a>>,
    token_type: Option<Value<'a>>,
    expires_in: Option<Value<'a>>,
    scope: Option<Value<'a>>,
    error: Option<Value<'a>>,
    error_description: Option<Value<'a>>,
    error_uri: Option<Value<'a>>,
    /// Those that the caller asked for, by name.
    further: Vec<(&'a str, Option<Value<'a>>)>,
}

impl<'a> Members<'a> for TokenAnswer<'a> {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'a>>> {
        Some(match name {
            "access_token" => &mut self.access_token,
            "token_type" => &mut self.token_type,
            "expires_in" => &mut self.expires_in,
            "scope" => &mut self.scope,
            "error" => &mut self.error,
            "error_description" => &mut self.error_description,
            "error_uri" => &mut self.error_uri,
            _ => {
                let mut further = self.further.iter_mut();
                return further.find(|(known, _)| *known == name).map(|(_, slot)| slot);
            }
        })
    }
}

impl<'a> AnswerReader<'a> {
    /// Returns the token of an answer that is 2xx and one JSON object, without `error`, with an
    /// `access_token` that is valid in a header and of type Bearer.
    pub(crate) fn read_answer(&self, response: Response) -> Result<Token, Error> {
        let answer = self.parse(&response);
        let is_refusal = match &answer {
            // Some servers write `"error": null` beside a token.
            Some(answer) => !matches!(answer.error, None | Some(Value::Null)),
            None => false,
        };
        if !response.is_success() || is_refusal {
            let (refusal, said, advice) = self.refusal(&response, &answer.unwrap_or_default());
            drop(response); // frees memory for the message: the heap may be small
            return Err(refused(self.request, refusal, &said, advice));
        }
        let Some(answer) = answer else {
            let kind = not_json::body_kind(&response, &|text| self.show(text, None));
            return Err(self.malformed(&format!("it is not one JSON object ({kind})")));
        };
        let received_at = response.received_at;
        let mut token = self.accept(answer, received_at)?;
        drop(response); // frees memory for the claims of a JWT
        if token.lifetime.usable().is_none() {
            if let Some(lifetime) = jwt::lifetime(token.access_token(), received_at) {
                token.lifetime = Lifetime::of_seconds(Some(lifetime), received_at);
            }
        }
        Ok(token)
    }

    /// Parses an answer that is one JSON object.
    fn parse<'b>(&'b self, response: &'b Response) -> Option<TokenAnswer<'b>> {
        let further = self.members.iter().map(|name| (name.as_str(), None)).collect();
        let mut answer = TokenAnswer { further, ..TokenAnswer::default() };
        read_members(response.body(), &mut answer).ok()?;
        Some(answer)
    }

    /// The token in an answer that is no refusal.
    fn accept(&self, mut answer: TokenAnswer, clock: Option<u64>) -> Result<Token, Error> {
        self.check_type(&answer)?;
        let authorization = self.render(&answer)?;
        let scope = match answer.scope {
            Some(Value::Text(scope)) => Some(scope.decoded()).filter(|scope| is_scope(scope)),
            _ => None,
        };
        let mut members = Vec::new();
        for name in self.members {
            if let Some(Some(Value::Text(text))) = answer.slot(name) {
                members.push((name.clone(), text.decoded()));
            }
        }
        Ok(Token {
            authorization,
            scope: scope.map(|scope| String::from(scope.as_str())),
            lifetime: lifetime(answer.expires_in, clock),
            members,
        })
    }

    fn check_type(&self, answer: &TokenAnswer) -> Result<(), Error> {
        match answer.token_type {
            // RFC 6749 requires the member; servers that leave it out mean Bearer.
            None | Some(Value::Null) => Ok(()),
            Some(Value::Text(name)) => {
                let name = name.decoded();
                if name.eq_ignore_ascii_case(BEARER) {
                    return Ok(());
                }
                let name = self.show(&name, answer.access_token);
                Err(self
                    .malformed(&format!("its token_type is `{name}`; only Bearer is supported")))
            }
            Some(_) => Err(self.malformed("its token_type is not a string")),
        }
    }

    /// The header value, in a buffer that is large enough from the start.
    fn render(&self, answer: &TokenAnswer) -> Result<Zeroizing<String>, Error> {
        let access_token = match answer.access_token {
            Some(Value::Text(access_token)) => access_token,
            Some(_) => return Err(self.malformed("its access_token is not a string")),
            None => return Err(self.malformed("it has no access_token")),
        };
        let mut value =
            Zeroizing::new(String::with_capacity(BEARER.len() + 1 + access_token.max_len()));
        value.push_str(BEARER);
        value.push(self.separator);
        access_token.decode_into(&mut value);
        check(value.get(BEARER.len() + 1..).unwrap_or_default())
            .map_err(|what| self.malformed(&format!("its access_token {what}")))?;
        Ok(value)
    }

    /// Makes a server's text safe to print: without the secrets that were sent, and without the token that came, if the
    /// answer repeats it.
    fn show(&self, text: &str, access_token: Option<Value>) -> String {
        let access_token = match access_token {
            Some(Value::Text(access_token)) => access_token.decoded(),
            _ => Zeroizing::default(),
        };
        let is_long = access_token.len() >= MIN_SEARCHED_BYTES;
        let secrets = self.request.secrets().chain(is_long.then_some(access_token.as_str()));
        redacted(text, &secrets.collect::<Vec<_>>())
    }

    fn malformed(&self, what: &str) -> Error {
        let server = self.request.url().host_and_port();
        Error::malformed(format!("cannot use the answer of {server}: {what}"))
    }

    /// The server's refusal, its own text, and what to try.
    fn refusal(&self, response: &Response, answer: &TokenAnswer) -> (Refusal, String, &'a str) {
        let show = |text: &str| self.show(text, answer.access_token);
        let member = |value: Option<Value>| match value {
            Some(Value::Text(text)) => Some(show(&text.decoded())),
            _ => None,
        };
        let refusal = Refusal {
            status: response.status(),
            error: member(answer.error),
            error_description: member(answer.error_description),
            error_uri: member(answer.error_uri),
            retry_after: retry_after(response.header("retry-after"), response.header("date")),
            ..Refusal::default()
        };
        let mut said = String::new();
        let mut append = |before: &str, words: &str| {
            if !words.is_empty() {
                said.extend([before, words]);
            }
        };
        append(" ", &show(response.reason().trim_ascii()));
        let words = if answer.error.is_none() { not_json::describe(response, &show) } else { None };
        match (&refusal.error, &words) {
            (Some(error), _) => append(": ", error),
            (None, Some(words)) => append(": ", words),
            (None, None) if response.is_success() => {
                append(": ", "its answer has an `error` that is not a string")
            }
            (None, None) => {}
        }
        append(": ", refusal.error_description.as_deref().unwrap_or_default());
        append(" ", refusal.error_uri.as_deref().unwrap_or_default());
        let advice = match refusal.status {
            300..=399 => "redirects are not followed; give the URL that it redirects to",
            404 | 405 => "there is no token endpoint at this address",
            _ if is_unavailable(&refusal) => "the server cannot answer now; try again later",
            _ if words.is_some() => {
                "this is not the answer of a token server; a proxy in between may have refused"
            }
            _ => self.advice,
        };
        (refusal, said, advice)
    }
}

impl Error {
    /// Makes an error of kind [`Refused`](Kind::Refused), or [`Unavailable`](Kind::Unavailable) for 429 and 5xx, for a flow of your own. `words` is the
    /// server's text: it is cut to 256 characters, control characters are escaped, and the secrets that
    /// [`Request::with_secret`] named are redacted.
    pub fn refused(request: &Request, status: u16, words: &str) -> Error {
        let secrets: Vec<&str> = request.secrets().collect();
        let words = redacted(words.trim_ascii(), &secrets);
        let message = if words.is_empty() { words } else { format!(": {words}") };
        refused(request, Refusal { status, ..Refusal::default() }, &message, "")
    }
}

/// The error for a refusal. `said` is the server's text.
fn refused(request: &Request, refusal: Refusal, said: &str, advice: &str) -> Error {
    let (server, status) = (request.url().host_and_port(), refusal.status);
    let advice = if advice.is_empty() { String::new() } else { format!(" ({advice})") };
    let message = format!("{server} refused the token request: {status}{said}{advice}");
    let kind = if is_unavailable(&refusal) { Kind::Unavailable } else { Kind::Refused };
    Error::of_refusal(kind, message, refusal)
}

/// Whether the server is not able to answer now, as opposed to refusing.
fn is_unavailable(refusal: &Refusal) -> bool {
    matches!(refusal.status, 429 | 500..=599)
        || refusal.error.as_deref() == Some("temporarily_unavailable")
}

fn is_scope(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x7E) && byte != b'"' && byte != b'\\')
}

/// What `expires_in` says.
fn lifetime(expires_in: Option<Value>, clock: Option<u64>) -> Lifetime {
    match expires_in {
        None => Lifetime::Absent,
        Some(Value::Null) => Lifetime::Null,
        Some(value) => Lifetime::of_seconds(number(value), clock),
    }
}

/// A number of seconds, or one in a string, as some servers send it.
fn number(value: Value) -> Option<Duration> {
    match value {
        Value::Number(number) => seconds(number),
        Value::Text(text) => seconds(text.decoded().trim_ascii()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
