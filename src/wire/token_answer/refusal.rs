//! A refusal of a token request: the status and the OAuth error
//! ([RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)) become the kind, the server's own words and
//! what to try.

use super::{AnswerReader, HAS_NO_READER, TokenAnswer, decoded};
use crate::error::{Error, Kind, Refusal};
use crate::wire::challenge::parameter;
use crate::wire::error_code::{registered, shown_code};
use crate::wire::json::Value;
use crate::wire::not_json::{self, says_any};
use crate::wire::redact::redacted;
use crate::wire::request::Request;
use crate::wire::response::Response;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
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

const WANTS_TOKEN: &str =
    "this URL wants a token, so it may be an API's: give the token endpoint's URL";

impl AnswerReader<'_> {
    /// The error for a refusal: the server's own text, and what to try.
    pub(super) fn refusal(&self, response: &Response, answer: TokenAnswer) -> Error {
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

#[cfg(test)]
mod tests;
