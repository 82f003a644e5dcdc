//! The answer to a token request ([RFC 6749 section 5](https://www.rfc-editor.org/rfc/rfc6749#section-5)).
//!
//! The members of the JSON are slices of the body that was received, and a token is decoded from there straight into
//! the one buffer that [`Token`] keeps. So it is in memory at most twice, and once when the body is dropped.

pub(crate) mod advice;
mod refusal;

use super::json::{Members, Unreadable, Value, read_members, seconds};
use super::redact::{MIN_SEARCHED_BYTES, redacted};
use super::request::Request;
use super::response::Response;
use super::token::{BEARER, Token, check};
use super::words::says_any;
use super::{jwt, not_json};
use crate::error::{Error, HAS_NO_READER};
use crate::life::Lifetime;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use zeroize::Zeroizing;

/// What an answer has that is not OAuth's.
const NO_OAUTH_ANSWER: &str =
    "; have the server send access_token at the top level, or give an OAuth token endpoint's URL";

/// The length of 128 random bits in base64: a shorter word is no token.
const MIN_TOKEN_BYTES: usize = 22;

/// How much of the names of members is shown.
const MAX_NAMES_BYTES: usize = 80;

/// Reads the answer to a flow's token request.
pub(crate) struct AnswerReader<'a> {
    pub(crate) request: &'a Request,
    /// The separator of type and token in the header value: a space (RFC 6750) or a colon (Accelerator).
    pub(crate) separator: char,
    /// The names of further string members to keep.
    pub(crate) members: &'a [String],
    /// What to check after a refusal.
    pub(crate) advice: &'a str,
    /// Whether the flow has `--scope`, `--parameter`, `--basic` and `--request-header`.
    pub(crate) has_options: bool,
    /// Whether the flow makes its token URL of scheme, host and port.
    pub(crate) makes_url: bool,
    /// Whether an assertion was sent, whose times the server compares with its clock.
    pub(crate) is_assertion: bool,
}

impl Token {
    /// Reads the token in an answer of [RFC 6749 section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1), for a
    /// `Flow` of your own. `request` is the request that was answered; its secrets are redacted in the error.
    ///
    /// # Errors
    /// [`Kind::Refused`](crate::Kind::Refused) and [`Kind::Unavailable`](crate::Kind::Unavailable) for a status other
    /// than 2xx or an `error`;
    /// [`Kind::Malformed`](crate::Kind::Malformed) for an answer without a usable token of type Bearer.
    pub fn from_answer(request: &Request, response: Response) -> Result<Token, Error> {
        let advice = "check the credentials";
        let (has_options, makes_url, is_assertion) = (false, false, false);
        AnswerReader {
            request,
            separator: ' ',
            members: &[],
            advice,
            has_options,
            makes_url,
            is_assertion,
        }
        .read_answer(response)
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
    /// What League's servers and the older Hydra say beside a description that is always the same.
    hint: Option<Value<'a>>,
    /// Those that the caller asked for, by name.
    further: Vec<(&'a str, Option<Value<'a>>)>,
    /// Whether there are others, which may say more than `error`.
    has_others: bool,
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
                let asked_for = further.find(|(known, _)| *known == name).map(|(_, slot)| slot);
                let is_hint = !HAS_NO_READER && matches!(name, "hint" | "error_hint");
                self.has_others |= !is_hint;
                return asked_for.or(match self.hint {
                    None if is_hint => Some(&mut self.hint),
                    _ => None,
                });
            }
        })
    }
}

/// What names have that are of a message.
const MESSAGES: &str = "msg/message/description/detail/reason/faultstring/title";

/// The names of an object's first members, and the member that is a message, such as `errmsg`.
#[derive(Default)]
struct Names<'a> {
    names: String,
    message: Option<Value<'a>>,
}

impl<'a> Members<'a> for Names<'a> {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'a>>> {
        if self.names.len() < MAX_NAMES_BYTES {
            self.names.push_str(if self.names.is_empty() { "" } else { ", " });
            // A token may stand where a name belongs.
            self.names.push_str(match name {
                "access_token" => "an empty access_token",
                _ if name.len() < MIN_TOKEN_BYTES => name,
                _ => "…",
            });
        }
        let is_found = matches!(self.message, Some(Value::Text(text)) if text.has_words());
        let is_message = !is_found && says_any(name.as_bytes(), MESSAGES);
        is_message.then(|| {
            self.message = None;
            &mut self.message
        })
    }
}

impl<'a> Names<'a> {
    fn of(json: &'a [u8]) -> Names<'a> {
        let mut names = Names::default();
        let _ = read_members(json, &mut names);
        names
    }

    /// The message, if it is no single word, which may be a token; each word in it that may be one is left out.
    fn words(&self, secrets: &[&str]) -> String {
        let mut out = String::new();
        let Some(Value::Text(text)) = self.message else { return out };
        if !text.has_words() {
            return out;
        }
        for word in redacted(&text.decoded(), secrets).split_ascii_whitespace() {
            out.push_str(if out.is_empty() { "" } else { " " });
            // Before the ellipsis at the end of a text that was cut is the start of a word.
            let is_shown = !word.as_bytes().ends_with("…".as_bytes())
                && word.bytes().filter(u8::is_ascii).count() < MIN_TOKEN_BYTES;
            out.push_str(if is_shown { word } else { "…" });
        }
        out
    }
}

impl<'a> AnswerReader<'a> {
    /// Returns the token of an answer that is 2xx and one JSON object, without `error`, with an
    /// `access_token` that is valid in a header and of type Bearer.
    // Apart, so that its stack does not lie under the exchange where a program has one flow.
    #[inline(never)]
    pub(crate) fn read_answer(&self, mut response: Response) -> Result<Token, Error> {
        response.make_readable();
        let answer = self.parse(&response);
        let error = answer.as_ref().ok().and_then(|answer| answer.error);
        let is_refusal = match error {
            // Some servers write `"error": null` or `"error": ""` beside a token.
            None | Some(Value::Null) => {
                let has_error = || not_json::error_parameter(&response, "error");
                not_json::is_form(&response) && has_error().is_some_and(|error| !error.is_empty())
            }
            Some(Value::Text(error)) => error.max_len() > 0,
            Some(_) => true,
        };
        if !response.is_success() || is_refusal {
            let answer = answer.unwrap_or_default();
            return Err(self.refusal(&response, answer));
        }
        let answer = answer.map_err(|error| match error {
            Unreadable::NotJson => {
                let secrets = self.secrets("");
                self.malformed(&not_json::body_kind(&response, &secrets, &self.url_advice()))
            }
            Unreadable::Twice(name) => self.malformed(&format!(
                "its member {name} is there twice, so that it can be read in two ways; have the server send it once"
            )),
        })?;
        let is_there = match answer.access_token {
            None | Some(Value::Null) => false,
            Some(Value::Text(text)) => text.max_len() > 0,
            Some(_) => true,
        };
        if !is_there {
            return Err(self.malformed(&self.without_token(&response)));
        }
        let received_at = response.received_at;
        let mut token = self.accept(answer, received_at)?;
        drop(response); // frees memory for the claims of a JWT
        // Beside an `expires_in`, a clock that is wrong must not shorten the lifetime.
        let expires_in = token.lifetime.usable();
        let now = if expires_in.is_some() { None } else { received_at };
        if let Some(own) = jwt::lifetime(token.access_token(), now) {
            let own = Lifetime::of_seconds(own, received_at);
            let is_shorter = own.usable().is_some_and(|own| Some(own) < expires_in);
            if expires_in.is_none() || is_shorter {
                token.lifetime = own;
            }
        }
        Ok(token)
    }

    /// Parses an answer that is one JSON object.
    fn parse<'b>(&'b self, response: &'b Response) -> Result<TokenAnswer<'b>, Unreadable> {
        let further = self.members.iter().map(|name| (name.as_str(), None)).collect();
        let mut answer = TokenAnswer { further, ..TokenAnswer::default() };
        read_members(response.body(), &mut answer)?;
        Ok(answer)
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
                let known = name.trim_ascii();
                // Apigee's default is the name of its own policy.
                if ["", BEARER, "BearerToken"].iter().any(|name| known.eq_ignore_ascii_case(name)) {
                    return Ok(());
                }
                let access_token = decoded(answer.access_token);
                let name = redacted(&name, &self.secrets(&access_token));
                Err(self
                    .malformed(&format!("its token_type is `{name}`; only Bearer is supported; have the server issue Bearer tokens to this client")))
            }
            Some(_) => {
                Err(self.malformed("its token_type is not a string; have the server send Bearer"))
            }
        }
    }

    /// The header value, in a buffer that is large enough from the start.
    fn render(&self, answer: &TokenAnswer) -> Result<Zeroizing<String>, Error> {
        let access_token = match answer.access_token {
            Some(Value::Text(access_token)) => access_token,
            _ => {
                return Err(
                    self.malformed("its access_token is not a string; have the server send one")
                );
            }
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

    /// Says what an answer without a token has instead: names alone, since a token may be in a value; but of a message the
    /// words.
    fn without_token(&self, response: &Response) -> String {
        if HAS_NO_READER {
            return String::from("it has no access_token; is this the token endpoint?");
        }
        let members = Names::of(response.body());
        let secrets = self.secrets("");
        let names = redacted(&members.names, &secrets);
        let (what, note) = match names.as_str() {
            "" => ("it has no access_token: it is empty JSON", ""),
            _ => ("it has no access_token, but ", " (no values are shown: one may be a token)"),
        };
        let words = members.words(&secrets);
        if !words.is_empty() {
            let advice = "; do what it says";
            let or = match self.makes_url {
                true => "",
                false => ", or give an OAuth token endpoint's URL: this is no OAuth answer",
            };
            return [what, &names, ", and says: ", &words, advice, or].concat();
        }
        let has = |words| says_any(response.body(), words);
        let advice = if !self.makes_url && has("\"token_endpoint\"") {
            "; it is the server's metadata: give the URL that its token_endpoint has"
        } else if !self.makes_url && has("token\"/\"token_type\"/\"expires_in\"") {
            NO_OAUTH_ANSWER
        } else {
            return [what, &names, note, &self.url_advice()].concat();
        };
        [what, &names, note, advice].concat()
    }

    /// Asks after the token URL, or what a flow makes it of.
    fn url_advice(&self) -> String {
        let url = self.token_url();
        match self.makes_url {
            true => ["; check scheme, host and port: another server may answer at ", &url].concat(),
            false => {
                let advice = "; give the OAuth token endpoint's URL: ";
                [advice, &url, " may be an issuer's or a login page's"].concat()
            }
        }
    }

    /// The token URL as it may be shown: its query may hold the secret.
    fn token_url(&self) -> String {
        redacted(self.request.url().without_query(), &self.secrets(""))
    }

    /// What a text of the server is searched for: the secrets that were sent, and the token that came, if the answer repeats
    /// it.
    fn secrets<'b>(&'b self, access_token: &'b str) -> Vec<&'b str> {
        let is_long = access_token.len() >= MIN_SEARCHED_BYTES;
        let mut secrets = Vec::new();
        for secret in self.request.secrets() {
            secrets.push(secret);
        }
        if is_long {
            secrets.push(access_token);
        }
        secrets
    }

    fn malformed(&self, what: &str) -> Error {
        let server = self.request.url().host_and_port();
        Error::malformed(format!("cannot use the answer of {server} to the token request: {what}"))
            .of_token_request()
    }
}

/// The text of a member, or an empty one.
fn decoded(value: Option<Value>) -> Zeroizing<String> {
    match value {
        Some(Value::Text(text)) => text.decoded(),
        _ => Zeroizing::default(),
    }
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
