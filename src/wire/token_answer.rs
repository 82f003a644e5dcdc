//! The answer to a token request ([RFC 6749 section 5](https://www.rfc-editor.org/rfc/rfc6749#section-5)).
//!
//! The members of the JSON are slices of the body that was received, and a token is decoded from there straight into
//! the one buffer that [`Token`] keeps. So it is in memory at most twice, and once when the body is dropped.

use super::challenge::parameter;
use super::error_code::{registered, shown_code};
use super::json::{Members, Unreadable, Value, read_members, seconds};
use super::redact::{MIN_SEARCHED_BYTES, redacted};
use super::request::Request;
use super::response::Response;
use super::token::{BEARER, Token, check};
use super::{jwt, not_json};
use crate::error::{Error, HAS_NO_READER, Kind, MAX_SHOWN_CHARS, Refusal, digits};
use crate::life::Lifetime;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use zeroize::Zeroizing;

/// What a server wants that misses a client certificate, or does not accept the one that it got.
pub(crate) const CLIENT_CERTIFICATE: &str = "the server asks for a client certificate that it trusts and that has not expired: --cert and --key, in code Http::with_client_certificate";

/// What a server says that misses a client certificate, or does not accept that which came: so nginx, IIS, Kong, Keycloak
/// and WSO2; Duende `mTLS`; Apache, which asks for it after the handshake.
const NO_CERTIFICATE: &str = "client cert/SSL cert/TLS cert/transport cert/mTLS/post-handshake";

/// What is said without an OAuth error, and the code that it stands for.
const MEANT: [(&str, &str); 3] = [
    ("supported grant/grant not", "unsupported_grant_type"),
    ("invalid token/authentication token/SEC header", "invalid_token"),
    ("unknown client/invalid client", "invalid_client"),
];

/// What an answer without a token has, and what to do then.
const WITHOUT_TOKEN: [(&str, &str); 2] = [
    (
        "\"token_endpoint\"",
        "; it is the server's metadata: give the URL that its token_endpoint has",
    ),
    (
        "\"access_token\"/\"token_type\"/\"expires_in\"",
        "; the server has to send access_token, at the top of its JSON",
    ),
];

const WANTS_TOKEN: &str =
    "this URL wants a token, so it may be an API's: give the token endpoint's URL";

/// The length of 128 random bits in base64: a shorter word is no token.
const MIN_TOKEN_BYTES: usize = 22;

/// The longest name of a member that is shown.
const MAX_NAME_BYTES: usize = 40;

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
                self.has_others = true;
                let mut further = self.further.iter_mut();
                return further.find(|(known, _)| *known == name).map(|(_, slot)| slot);
            }
        })
    }
}

/// The names of an object's members, in their order, and the one that is a message, such as `errmsg`.
#[derive(Default)]
struct Names<'a> {
    names: String,
    message: Option<Value<'a>>,
}

impl<'a> Members<'a> for Names<'a> {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'a>>> {
        if self.names.len() < MAX_SHOWN_CHARS {
            self.names.push_str(if self.names.is_empty() { "only " } else { ", " });
            // A token may stand where a name belongs.
            self.names.push_str(if name.len() > MAX_NAME_BYTES { "…" } else { name });
        }
        let is_message = self.message.is_none() && says_any(name.as_bytes(), "errmsg/message");
        is_message.then_some(&mut self.message)
    }
}

impl<'a> AnswerReader<'a> {
    /// Returns the token of an answer that is 2xx and one JSON object, without `error`, with an
    /// `access_token` that is valid in a header and of type Bearer.
    pub(crate) fn read_answer(&self, response: Response) -> Result<Token, Error> {
        let answer = self.parse(&response);
        let error = answer.as_ref().ok().and_then(|answer| answer.error);
        let is_refusal = match error {
            // Some servers write `"error": null` or `"error": ""` beside a token.
            None | Some(Value::Null) => false,
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
                self.malformed(&not_json::body_kind(&response, &secrets, &self.token_url()))
            }
            Unreadable::Twice(name) => self.malformed(&format!(
                "its member {name} is there twice, so that it can be read in two ways; the server has to send it once"
            )),
        })?;
        if answer.access_token.is_none() {
            return Err(self.malformed(&self.without_token(&response)));
        }
        let received_at = response.received_at;
        let mut token = self.accept(answer, received_at)?;
        drop(response); // frees memory for the claims of a JWT
        // Beside an `expires_in`, a clock that is wrong must not shorten the lifetime.
        let expires_in = token.lifetime.usable();
        let now = if expires_in.is_some() { None } else { received_at };
        if let Some(own) = jwt::lifetime(token.access_token(), now) {
            let own = Lifetime::of_seconds(Some(own), received_at);
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
                // Apigee's default is the name of its own policy.
                if [BEARER, "BearerToken"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
                    return Ok(());
                }
                let access_token = decoded(answer.access_token);
                let name = redacted(&name, &self.secrets(&access_token));
                Err(self
                    .malformed(&format!("its token_type is `{name}`; only Bearer is supported; have the server issue Bearer tokens to this client")))
            }
            Some(_) => Err(self.malformed("its token_type is not a string")),
        }
    }

    /// The header value, in a buffer that is large enough from the start.
    fn render(&self, answer: &TokenAnswer) -> Result<Zeroizing<String>, Error> {
        let access_token = match answer.access_token {
            Some(Value::Text(access_token)) => access_token,
            _ => return Err(self.malformed("its access_token is not a string")),
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

    /// Says what an answer without a token has instead: names alone, since a token may be in a value; but of a message in
    /// several words, none of which can be a token, the words.
    fn without_token(&self, response: &Response) -> String {
        if HAS_NO_READER {
            return String::from("it has no access_token; is this the token endpoint?");
        }
        let mut members = Names::default();
        let _ = read_members(response.body(), &mut members); // it was read before
        let show = |text: &str| redacted(text, &self.secrets(""));
        let message = decoded(members.message);
        let names = show(&members.names);
        let mut words = message.split_ascii_whitespace();
        if words.clone().count() > 1 && words.all(|word| word.len() < MIN_TOKEN_BYTES) {
            let message = show(&message);
            return format!(
                "it has no access_token, {names}, and says: {message}; go by its words"
            );
        }
        let (names, note) = match names.as_str() {
            "" => ("nor another member", ""),
            names => (names, " (no values are shown: one may be a token)"),
        };
        let what = format!("it has no access_token, {names}{note}");
        match WITHOUT_TOKEN.iter().find(|(words, _)| says_any(response.body(), words)) {
            Some((_, advice)) => what + advice,
            None => not_json::no_endpoint(&what, &self.token_url()),
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

    /// The error for a refusal: the server's own text, and what to try.
    fn refusal(&self, response: &Response, answer: TokenAnswer) -> Error {
        let access_token = decoded(answer.access_token);
        let secrets = self.secrets(&access_token);
        let show = |text: &str| redacted(text, &secrets);
        let challenge = response.challenge();
        let of_challenge = |name| Some(Zeroizing::new(parameter(challenge?, name)?));
        let of_body = |value: Option<Value>| match value {
            Some(Value::Text(text)) if text.max_len() > 0 => Some(text.decoded()),
            _ => None,
        };
        let (mut error, mut description) =
            (of_body(answer.error), of_body(answer.error_description));
        if error.is_none() {
            (error, description) = (of_challenge("error"), of_challenge("error_description"));
        }
        // What is decided, is decided by the text as it came.
        let code = error.as_ref().and_then(|error| registered(error));
        let has_description = description.is_some();
        let status = response.status();
        let refusal = Refusal {
            status,
            error: error.as_ref().map(|error| shown_code(error, &secrets)),
            error_description: description.map(|text| show(&text)),
            error_uri: of_body(answer.error_uri).map(|uri| show(&uri)),
            retry_after: response.retry_after(),
            challenge: challenge.map(show),
            ..Refusal::default()
        };
        let retry_after = response.header("retry-after").map(show).unwrap_or_default();
        // Many frameworks repeat the status code's name in a member `error`.
        // RFC 6750 section 3: the challenge of an API. RFC 6749 section 5.2 has the token endpoint answer with Basic.
        let is_bearer = challenge.is_some_and(|challenge| {
            challenge.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"))
        });
        let is_oauth =
            code.is_some() || (error.is_some() && matches!(status, 200..=299 | 400 | 401));
        let is_of_api = matches!(code, Some("invalid_token" | "insufficient_scope"));
        let (start, url) = (refused(self.request, status), self.token_url());
        let reason = show(response.reason());
        // Beside an `error` in a success, another member may be a token.
        let is_said_by_error =
            response.is_success() || (error.is_some() && (has_description || !answer.has_others));
        let described = match is_said_by_error {
            true => String::new(),
            false => not_json::describe(response, &secrets),
        };
        // Put together at once: a heap may be too small for a text that grows.
        let mut parts = Vec::from([start.as_str()]);
        append(&mut parts, " ", &reason);
        if is_said_by_error {
            append(&mut parts, ": ", refusal.error.as_deref().unwrap_or_default());
            append(&mut parts, ": ", refusal.error_description.as_deref().unwrap_or_default());
            append(&mut parts, " ", refusal.error_uri.as_deref().unwrap_or_default());
        } else {
            append(&mut parts, ": ", &described);
        }
        let kind = kind(status, code);
        // FastAPI's programs, Okta, AWS and QRadar say in words alone what a code stands for.
        let meant = match code {
            None if !is_oauth && !HAS_NO_READER => {
                MEANT.iter().find(|(words, _)| says_any(response.body(), words))
            }
            _ => None,
        };
        let code = meant.map_or(code, |(_, code)| Some(code));
        let mut before = " (";
        let advice = match (status, code) {
            _ if HAS_NO_READER => match kind {
                Kind::Unavailable => "the server cannot answer now: try again later",
                _ if is_oauth => self.advice,
                _ => "no OAuth error is in the answer: is this the token endpoint?",
            },
            (300..=399, _) => {
                "redirects are not followed; if that is the token endpoint's new URL, give it, and if it is a login page, have what is in between let this request through"
            }
            _ if kind == Kind::Unavailable => match status {
                429 => "the server limits how often it is asked; try again later",
                _ => {
                    "the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and its set-up"
                }
            },
            // Go's servers, nginx and Apache's say so; Keycloak wants it beyond its own network.
            _ if !self.request.url().is_https() && has_https(response.body()) => {
                "the server wants https here, and the token URL starts with http: write https in it, and the port of https if that is another"
            }
            _ if cfg!(feature = "tls-no-provider") && says_any(response.body(), NO_CERTIFICATE) => {
                match self.request.url().is_https() {
                    true => CLIENT_CERTIFICATE,
                    false => {
                        "the server asks for a client certificate, which needs https: write https in the token URL, and give --cert and --key, in code Http::with_client_certificate"
                    }
                }
            }
            (_, Some("invalid_token" | "insufficient_scope")) => WANTS_TOKEN,
            (401 | 403, None) if is_bearer && !is_oauth => WANTS_TOKEN,
            // Google, Entra: the times in an assertion.
            _ if is_oauth && says_any(response.body(), "clock/valid time") => {
                "the server's clock and the times in the assertion do not agree: check this machine's clock"
            }
            (_, Some("invalid_request")) => {
                "check the parameters that this server wants, such as scope, audience or resource, by --scope or --parameter, and how it wants the client to authenticate, such as by --basic"
            }
            (_, Some("invalid_scope" | "invalid_target" | "invalid_resource")) => {
                "check the scope, resource or audience, by --scope or --parameter: the server wants one, does not know it, or does not grant it to this client"
            }
            (_, Some("unsupported_grant_type")) => {
                "the server does not have this grant, or not for this client: have it allowed there"
            }
            // Keycloak says so to a wrong secret too; Salesforce and Cognito say `invalid_grant` to a client without the grant.
            (_, Some("unauthorized_client" | "invalid_grant")) => {
                "this client is not allowed this grant, or not at this URL: have it allowed at the server; or a wrong secret, assertion, token or password was sent"
            }
            (_, Some("access_denied")) => {
                "the server denies this client access: check what it is allowed there, the audience or scope, and the credentials"
            }
            _ if is_oauth || code.is_some() => self.advice,
            (401, _) => {
                append(&mut parts, " (no OAuth error is in the answer: ", self.advice);
                before = "; ";
                "or a gateway in between wants its own key or login: send that by --request-header; or this is not the token endpoint"
            }
            (415 | 422, _) => {
                "this URL takes no such form, so it may not be the token endpoint's; what it misses can be sent by --parameter"
            }
            (404 | 405, _) => {
                "there is no token endpoint at this address, or a proxy in between does not pass the request on"
            }
            (413 | 414 | 431, _) => {
                "the request is too large for the server, or for a proxy in between; send less, or have the limit raised there"
            }
            _ => {
                "no OAuth error is in the answer: go by its words, if any; else have this client, or this request at a proxy or firewall in between, allowed; or this is not the token endpoint"
            }
        };
        append(&mut parts, before, advice);
        append(&mut parts, "; its Retry-After is ", &retry_after);
        if kind == Kind::Refused && (!is_oauth || is_of_api || status == 404) {
            let doubt = if status == 404 || status == 405 { "; check the URL" } else { "" };
            append(&mut parts, "", doubt);
            append(&mut parts, "; the request went to ", &url);
        } else if kind == Kind::Refused && status >= 500 {
            append(&mut parts, "; ", "if that is right, see the server's log");
        }
        let has_space = |secret: &str| secret.trim_ascii().len() != secret.len();
        if kind == Kind::Refused && self.request.secrets().any(has_space) {
            append(
                &mut parts,
                "; ",
                "the secret that was sent begins or ends with a space or line break, is that right?",
            );
        }
        append(&mut parts, "", ")");
        Error::of_refusal(kind, parts.concat(), refusal).of_token_request()
    }
}

fn append<'a>(parts: &mut Vec<&'a str>, before: &'a str, words: &'a str) {
    if !words.is_empty() {
        parts.extend([before, words]);
    }
}

/// Whether a text names HTTPS, but not as the scheme of a URL. `str::contains` would link a searcher of 1.2 KB.
fn has_https(text: &[u8]) -> bool {
    text.windows(5).any(|part| part == b"HTTPS")
}

/// Whether a text has one of these words, which a slash separates, in any case.
fn says_any(text: &[u8], words: &str) -> bool {
    words.split('/').any(|words| not_json::find(text, words).is_some())
}

/// The text of a member, or an empty one.
fn decoded(value: Option<Value>) -> Zeroizing<String> {
    match value {
        Some(Value::Text(text)) => text.decoded(),
        _ => Zeroizing::default(),
    }
}

impl Error {
    /// Makes an error of kind [`Refused`](Kind::Refused), or [`Unavailable`](Kind::Unavailable) for 429 and 5xx but 501, for
    /// a flow of your own. `words` is the server's text: it is cut to 256 characters, control characters are escaped, and the
    /// secrets that [`Request::with_secret`] named are redacted.
    pub fn refused(request: &Request, status: u16, words: &str) -> Error {
        let secrets: Vec<&str> = request.secrets().collect();
        let words = redacted(words, &secrets);
        let separator = if words.is_empty() { "" } else { ": " };
        let message = format!("{}{separator}{words}", refused(request, status));
        let refusal = Refusal { status, ..Refusal::default() };
        Error::of_refusal(kind(status, None), message, refusal).of_token_request()
    }
}

/// The start of the message for a refusal.
fn refused(request: &Request, status: u16) -> String {
    let status = digits(status.into());
    format!("{} refused the token request: {status}", request.url().host_and_port())
}

/// Whether the server is not able to answer now, or refuses.
fn kind(status: u16, code: Option<&str>) -> Kind {
    match (status, code) {
        // Auth0 limits requests with 429 and `access_denied`.
        (429, _) | (_, Some("temporarily_unavailable")) => Kind::Unavailable,
        (501, _) => Kind::Refused,
        (500..=599, None | Some("server_error" | "slow_down")) => Kind::Unavailable,
        _ => Kind::Refused,
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
