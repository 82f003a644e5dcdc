//! A refusal of a token request: the status and the OAuth error
//! ([RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)) become the kind, the server's own words and
//! what to try.

use super::{AnswerReader, TokenAnswer, decoded};
use crate::error::{Error, HAS_NO_READER, Kind, Refusal, digits};
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
pub(crate) const CLIENT_CERTIFICATE: &str = "the server asks for a client certificate that it trusts and that has not expired: give one by --cert and --key, in code Http::with_client_certificate";

/// What a server says that misses a client certificate, or does not accept that which came: so nginx, IIS, Kong, Keycloak
/// and WSO2; Duende `mTLS`.
const NO_CERTIFICATE: &str = "client cert/SSL cert/TLS cert/transport cert/mTLS";

/// What Apache says where `SSLVerifyClient` is set for a path: it reads the request and then asks for the certificate,
/// by authentication after the handshake (TLS 1.3) or renegotiation (1.2). rustls has neither.
const AFTER_HANDSHAKE: &str = "post-handshake/renegotiat/re-negotiat";

/// What is said without an OAuth error, and the code that it stands for.
const MEANT: [(&str, &str); 3] = [
    ("supported grant/grant not", "unsupported_grant_type"),
    ("invalid token/authentication token/SEC header", "invalid_token"),
    ("unknown client/invalid client", "invalid_client"),
];

const WANTS_TOKEN: &str =
    "this URL wants a token, so it may be an API's: give the token endpoint's URL";

/// Entra has the tenant in the token URL, and Salesforce and Auth0 their customer's domain.
const WRONG_PLACE: &str = "tenant/this domain";

/// Zitadel, Google and others. Hydra and Doorkeeper go on after `unknown client`, to other causes.
const UNKNOWN_CLIENT: &str = "client not found/client was not found/unknown client\"";

/// Google, Keycloak and Entra.
const CLIENT_GONE: &str =
    "was deleted/was disabled/client is disabled/client disabled/) is disabled";

/// WSO2 and Keycloak.
const SENT_TWICE: &str = "override existing key/duplicated parameter";

/// Kong, Azure and AWS.
const GATEWAY_KEY: &str = "API key/subscription key/apikey";

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
        let (advice, doubts_url) = self.advice(response, answer.error, kind, code, is_oauth);
        parts.push(" (");
        parts.extend(advice);
        append(&mut parts, "; its Retry-After is ", &retry_after);
        if retry_after.bytes().all(|byte| byte.is_ascii_digit()) && !retry_after.is_empty() {
            parts.push(" seconds");
        }
        if kind == Kind::Refused && doubts_url {
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
    /// What to try, in up to three parts, and whether the URL may be wrong.
    fn advice<'b>(
        &'b self,
        response: &Response,
        error: Option<Value>,
        kind: Kind,
        code: Option<&str>,
        is_oauth: bool,
    ) -> ([&'b str; 3], bool) {
        let status = response.status();
        let is_https = self.request.url().is_https();
        let mut doubts_url = !is_oauth || status == 404;
        let says = |words| says_any(response.body(), words);
        // RFC 6750 section 3: the challenge of an API. RFC 6749 section 5.2 has the token endpoint answer with Basic.
        let is_bearer = response.challenge().is_some_and(|challenge| {
            challenge.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"))
        });
        let advice = match (status, code) {
            _ if HAS_NO_READER => match kind {
                Kind::Unavailable => "the server cannot answer now: try again later",
                _ if is_oauth => self.advice,
                _ => "no OAuth error is in the answer: is this the token endpoint?",
            },
            (200..=299, _) if !is_oauth => {
                let parts = [
                    "its member error is ",
                    error.map_or("", type_name),
                    " and not a text: see the server's documentation or log for what it means, and have it left out where there is a token",
                ];
                return (parts, doubts_url);
            }
            (304, _) => {
                "a 304 answers a conditional request, which this was not: is a cache in between?"
            }
            (300..=399, _) if response.header("location").is_none() => {
                "no Location says where else to ask: check the token URL"
            }
            (300..=399, _) => {
                "redirects are not followed: if that is the token endpoint's new URL, give it; if it is a login page, have the proxy that sends it let this request through"
            }
            _ if says(SENT_TWICE) => {
                "the server got a parameter twice: leave it out of the token URL's query, or give it by --parameter once; if it was sent once, see the server's log"
            }
            _ if kind == Kind::Unavailable => match status {
                429 => "the server limits how often it is asked: try again later",
                _ => {
                    "the server, or one behind it, cannot answer now: try again later, and if it lasts, have its log and its settings for this client checked"
                }
            },
            // Go's servers, nginx and Apache's say so at the port for https; Keycloak at another, beyond its own network.
            _ if !is_https && has_https(response.body()) => match says("HTTP request/plain HTTP") {
                true => "this port is for https: write https instead of http in the token URL",
                false => {
                    "the server wants https: write https instead of http in the token URL, and the port that it has for https"
                }
            },
            _ if cfg!(feature = "tls-no-provider") && says(AFTER_HANDSHAKE) => {
                "the server asks for the client certificate only after the request, and this client sends one only in the TLS handshake, so that no option helps: have the server ask in the handshake, in Apache by SSLVerifyClient for the whole virtual host"
            }
            _ if cfg!(feature = "tls-no-provider") && says(NO_CERTIFICATE) => match is_https {
                true => CLIENT_CERTIFICATE,
                false => {
                    "the server asks for a client certificate, which goes by https alone: give its https URL, and the certificate by --cert and --key, in code Http::with_client_certificate"
                }
            },
            (_, Some("invalid_token" | "insufficient_scope")) => {
                doubts_url = true;
                WANTS_TOKEN
            }
            (401 | 403, None) if is_bearer && !is_oauth => WANTS_TOKEN,
            // Google, Entra: the times in an assertion.
            _ if is_oauth && says("clock/valid time") => {
                "the server's clock and the times in the assertion do not agree: check this machine's clock"
            }
            (_, None | Some("invalid_client" | "unauthorized_client" | "invalid_grant"))
                if says(UNKNOWN_CLIENT) =>
            {
                doubts_url = true;
                "the server does not know this client: check the client id, and that the token URL is of the server, realm or tenant where it is registered"
            }
            (_, None | Some("invalid_client" | "unauthorized_client"))
                if is_oauth && says(CLIENT_GONE) =>
            {
                "the server has deleted or disabled this client: have it enabled or registered anew there, and give its id and secret"
            }
            (_, None | Some("invalid_request" | "unauthorized_client" | "invalid_grant"))
                if is_oauth && says(WRONG_PLACE) =>
            {
                doubts_url = true;
                "check the tenant or domain in the token URL, and the client id: the server does not have this client or grant there"
            }
            // Keycloak, to a wrong secret.
            (_, Some("unauthorized_client")) if says("invalid client") => self.advice,
            (404, _) if is_oauth => {
                let first = "check the path of the token URL; if it is right, ";
                return ([first, advice_by_code(code).unwrap_or(self.advice), ""], doubts_url);
            }
            _ if is_oauth || code.is_some() => advice_by_code(code).unwrap_or(self.advice),
            (401 | 403, _) if says(GATEWAY_KEY) => {
                "a gateway in between wants its own key: send it by --request-header, in code Config::with_header"
            }
            (401, _) => {
                let parts = [
                    "no OAuth error is in the answer: ",
                    self.advice,
                    "; or a gateway in between wants its own key or login: send that by --request-header; or this is not the token endpoint",
                ];
                return (parts, doubts_url);
            }
            (404 | 405, _) => {
                "check the token URL and its path: there is no token endpoint, or a proxy in between does not pass the request on"
            }
            (413 | 414 | 431, _) => {
                "the request is too large for the server, or for a proxy in between; send less, or have the limit raised there"
            }
            (415, _) => {
                "a token endpoint takes a form, and this URL does not: give the token endpoint's URL"
            }
            (422, _) => {
                "this URL wants other parameters than a client has: if it is the token endpoint, send what the answer names by --parameter, else give the token endpoint's URL"
            }
            _ => {
                "no OAuth error is in the answer, so a proxy, firewall or other service may have sent it: do what it says, have this client and its request allowed there, or correct the token URL"
            }
        };
        ([advice, "", ""], doubts_url)
    }
}

/// What to try after an error code that says more than that the credentials are wrong.
fn advice_by_code(code: Option<&str>) -> Option<&'static str> {
    Some(match code? {
        "invalid_request" => {
            "the server cannot use the request as it is: see its documentation for the parameters that it wants, such as scope, audience or resource, by --scope or --parameter, and whether it wants the secret by --basic"
        }
        "invalid_scope" | "invalid_target" | "invalid_resource" => {
            "ask for another scope, resource or audience, by --scope or --parameter, or have this one granted to this client: the server wants one, does not know it, or does not grant it"
        }
        "unsupported_grant_type" => {
            "the server does not have this grant, or not for this client: have it allowed there"
        }
        // Keycloak says so to a wrong secret too; Salesforce and Cognito say `invalid_grant` to a client without the grant.
        "unauthorized_client" | "invalid_grant" => {
            "this client may not use this grant: have it allowed at the server, as client credentials or a service account; if it is allowed, check the secret, or the assertion, token or password that was sent"
        }
        "access_denied" => {
            "the server denies this client what it asks for: have it allowed there, or check the audience and scope, by --parameter and --scope, and the credentials"
        }
        _ => return None,
    })
}

/// What a member is that is no text.
fn type_name(value: Value) -> &'static str {
    match value {
        Value::Number(_) => "a number",
        Value::Other(b'{') => "an object",
        Value::Other(b'[') => "a list",
        _ => "true",
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
        (429, _) | (_, Some("temporarily_unavailable")) => Kind::Unavailable,
        (501, _) => Kind::Refused,
        // 600 to 999 are no statuses, and treated as 5xx (RFC 9110 section 15).
        (500.., None | Some("server_error" | "slow_down")) => Kind::Unavailable,
        _ => Kind::Refused,
    }
}

#[cfg(test)]
mod tests;
