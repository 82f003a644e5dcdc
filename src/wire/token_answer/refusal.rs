//! A refusal of a token request: the status and the OAuth error
//! ([RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)) become the kind, the server's own words and
//! what to try.

use super::advice::Refused;
use super::{AnswerReader, Names, TokenAnswer, decoded};
use crate::error::{Error, HAS_NO_READER, Kind, Refusal, digits};
use crate::wire::error_code::{registered, shown_code};
use crate::wire::json::Value;
use crate::wire::not_json::{self, error_parameter};
use crate::wire::redact::redacted;
use crate::wire::request::Request;
use crate::wire::response::Response;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use zeroize::Zeroizing;

impl AnswerReader<'_> {
    /// The error for a refusal: the server's own text, and what to try.
    pub(super) fn refusal(&self, response: &Response, answer: TokenAnswer) -> Error {
        let access_token = decoded(answer.access_token);
        let secrets = self.secrets(&access_token);
        let show = |text: &str| redacted(text, &secrets);
        let challenge = response.challenge();
        let [error, description, error_uri] = oauth_error(response, &answer);
        // What is decided, is decided by the text as it came.
        let code = error.as_ref().and_then(|error| registered(error));
        let has_description = description.is_some();
        let status = response.status();
        let refusal = Refusal {
            status,
            error: error.as_ref().map(|error| shown_code(error, &secrets)),
            error_description: description.map(|text| show(&text)),
            error_uri: error_uri.map(|uri| show(&uri)),
            retry_after: response.retry_after(),
            challenge: challenge.map(show),
            ..Refusal::default()
        };
        let retry_after = response.header("retry-after").map(show).unwrap_or_default();
        // Many frameworks repeat the status code's name in a member `error`.
        let is_oauth =
            code.is_some() || (error.is_some() && matches!(status, 200..=299 | 400 | 401));
        let (start, url) = (refused(self.request, status), self.token_url());
        let reason = show(response.reason());
        // Beside an `error` in a success, another member may be a token.
        let is_said_by_error =
            response.is_success() || (error.is_some() && (has_description || !answer.has_others));
        let described = match is_said_by_error {
            true => String::new(),
            false => not_json::describe(response, &secrets),
        };
        let words = match answer.error {
            _ if HAS_NO_READER || !response.is_success() || has_description => Names::default(),
            Some(Value::Nested(error)) => Names::of(error.as_bytes()),
            _ => Names::of(response.body()),
        };
        let words = words.words(&secrets);
        let hint = match text_of(answer.hint) {
            Some(hint) if !HAS_NO_READER => show(&hint),
            _ => String::new(),
        };
        // Put together at once: a heap may be too small for a text that grows.
        let mut parts = Vec::from([start.as_str()]);
        append(&mut parts, " ", &reason);
        if is_said_by_error {
            append(&mut parts, ": ", refusal.error.as_deref().unwrap_or_default());
            append(&mut parts, ": ", refusal.error_description.as_deref().unwrap_or_default());
            append(&mut parts, if has_description { " " } else { ": " }, &hint);
            append(&mut parts, ": ", &words);
            append(&mut parts, " ", refusal.error_uri.as_deref().unwrap_or_default());
        } else {
            append(&mut parts, ": ", &described);
        }
        let kind = kind(status, code);
        // The challenge of an API (RFC 6750 section 3); a token endpoint's is Basic (RFC 6749 section 5.2).
        let is_of_api = !is_oauth && challenge.is_some_and(is_bearer);
        let code = if is_of_api { Some("invalid_token") } else { code };
        let refused = Refused { reader: self, response, error: answer.error, kind, code, is_oauth };
        let advice = refused.advice();
        append(&mut parts, "", " (");
        advice.push_to(&mut parts, self);
        append(&mut parts, "; its Retry-After is ", &retry_after);
        // Or it is a date.
        let is_number = retry_after.as_bytes().first().is_some_and(u8::is_ascii_digit);
        append(&mut parts, "", if is_number { " seconds" } else { "" });
        if kind == Kind::Refused && advice.shows_url {
            append(&mut parts, "; the request went to ", &url);
        } else if kind == Kind::Refused && status >= 500 {
            append(&mut parts, "; ", "if that is right, see the server's log");
        }
        if kind == Kind::Refused && self.request.has_outer_space() {
            append(
                &mut parts,
                "; ",
                "an id or secret that was sent begins or ends with white space: is that right?",
            );
        }
        append(&mut parts, "", ")");
        Error::of_refusal(kind, parts.concat(), refusal).of_token_request()
    }
}

/// The OAuth error, its description and its URI, as they came: of the JSON, or else of a form or the challenge.
fn oauth_error(response: &Response, answer: &TokenAnswer) -> [Option<Zeroizing<String>>; 3] {
    match text_of(answer.error) {
        None => ["error", "error_description", "error_uri"].map(|it| error_parameter(response, it)),
        error => [error, text_of(answer.error_description), text_of(answer.error_uri)],
    }
}

/// A member that is a text, and not empty.
fn text_of(value: Option<Value>) -> Option<Zeroizing<String>> {
    match value {
        Some(Value::Text(text)) if text.max_len() > 0 => Some(text.decoded()),
        _ => None,
    }
}

fn is_bearer(challenge: &str) -> bool {
    challenge.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"))
}

fn append<'a>(parts: &mut Vec<&'a str>, before: &'a str, words: &'a str) {
    if !words.is_empty() {
        parts.extend([before, words]);
    }
}

impl Error {
    /// Makes an error of kind [`Refused`](Kind::Refused), or [`Unavailable`](Kind::Unavailable) for 429 and from 500 on but
    /// for 501, for a flow of your own. `words` is the server's text: it is cut to 256 characters, control characters are escaped, and the
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
        (429, _) => Kind::Unavailable,
        // ServiceNow refuses a wrong secret so.
        (401, Some("server_error")) => Kind::Refused,
        // What waiting mends, whatever the status (RFC 6749 section 4.1.2.1, RFC 8628 section 3.5).
        (_, Some("temporarily_unavailable" | "server_error" | "slow_down")) => Kind::Unavailable,
        (501, _) => Kind::Refused,
        // 600 to 999 are no statuses, and treated as 5xx (RFC 9110 section 15).
        (500.., None) => Kind::Unavailable,
        _ => Kind::Refused,
    }
}
