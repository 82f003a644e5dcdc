//! A refusal of a token request: the status and the OAuth error
//! ([RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)) become the kind, the server's own words and
//! what to try.

use super::{AnswerReader, Names, TokenAnswer, decoded};
use crate::error::{Error, HAS_NO_READER, Kind, Refusal, digits};
use crate::wire::error_code::{registered, shown_code};
use crate::wire::json::Value;
use crate::wire::not_json::{self, error_parameter, find, says_any};
use crate::wire::redact::redacted;
use crate::wire::request::Request;
use crate::wire::response::Response;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What a server wants that misses a client certificate, or does not accept the one that it got.
pub(crate) const CLIENT_CERTIFICATE: &str = "the server asks for a client certificate that it trusts, that has not expired and is this client's: give one by --cert and --key, in code Http::with_client_certificate";

/// What a server says that misses a client certificate, or does not accept that which came: so nginx, IIS, Kong, Keycloak
/// and WSO2; Duende `mTLS`.
const NO_CERTIFICATE: &str =
    "client certificate/SSL certificate/TLS certificate/transport certificate/mTLS";

/// What Apache says where `SSLVerifyClient` is set for a path: it reads the request and then asks for the certificate,
/// by authentication after the handshake (TLS 1.3) or renegotiation (1.2). rustls has neither.
const AFTER_HANDSHAKE: &str = "post-handshake/renegotiat/re-negotiat";

/// WSO2 and Keycloak.
const SENT_TWICE: &str = "override existing key/duplicated parameter";

/// What a server says that wants https: Keycloak, oauthlib and others.
const WANTS_HTTPS: &str = "https required/SSL required/https is required/ssl is required/must use ssl/requires https/must use https/utilize https";

const NO_ERROR: &str = "no OAuth error was read: ";
const WANTS_TOKEN: &str =
    "this URL wants a token, so it may be an API's: give the token endpoint's URL";
const NO_TENANT: &str = "check the tenant, realm or domain in the token URL";
const NO_CLIENT: &str = "check the client id, then the tenant, realm or domain in the token URL: this client is not there";
const NO_GRANT: &str =
    "the server does not have this grant, or not for this client: have it allowed";
const BY_GRANT_TYPE: &str = ", or give the server's name for it by --grant-type";

/// Words of an answer and what to try then, if it has an OAuth error, and if it has none. The advice of the flow stands
/// for an empty one.
const SAID: [(bool, &str, &str); 10] = [
    // Zitadel, Google and Entra. Hydra and Doorkeeper say `unknown client` and then other causes.
    (true, "client not found/client was not found/not found in the directory", NO_CLIENT),
    // Entra, Salesforce.
    (true, "tenant/this domain", NO_TENANT),
    // Google, Keycloak and Entra.
    (
        true,
        "client was deleted/client is disabled/client disabled/) is disabled",
        "the server deleted or disabled this client: have it enabled or registered anew",
    ),
    (
        true,
        "blocked/account is locked/account locked",
        "the server blocks this client: wait as it says, or have it unblocked; then check id and secret",
    ),
    // Keycloak's `unauthorized_client`.
    (true, "invalid client", ""),
    // FastAPI's programs, Okta, AWS and QRadar.
    (false, "supported grant/grant not", NO_GRANT),
    (
        false,
        "invalid token\"/invalid token provided/missing authentication token/SEC header",
        WANTS_TOKEN,
    ),
    (false, "unknown client", NO_CLIENT),
    // Keycloak.
    (false, "realm does not exist", NO_TENANT),
    (false, "invalid client", ""),
];

impl AnswerReader<'_> {
    /// The error for a refusal: the server's own text, and what to try.
    pub(super) fn refusal(&self, response: &Response, answer: TokenAnswer) -> Error {
        let access_token = decoded(answer.access_token);
        let secrets = self.secrets(&access_token);
        let show = |text: &str| redacted(text, &secrets);
        let challenge = response.challenge();
        let of_body = |value: Option<Value>| match value {
            Some(Value::Text(text)) if text.max_len() > 0 => Some(text.decoded()),
            _ => None,
        };
        let mut error = of_body(answer.error);
        let (mut description, mut error_uri) =
            (of_body(answer.error_description), of_body(answer.error_uri));
        if error.is_none() {
            let of_others = |name| error_parameter(response, name);
            error = of_others("error");
            (description, error_uri) = (of_others("error_description"), of_others("error_uri"));
        }
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
        // Put together at once: a heap may be too small for a text that grows.
        let mut parts = Vec::from([start.as_str()]);
        append(&mut parts, " ", &reason);
        let words = match answer.error {
            _ if HAS_NO_READER || !response.is_success() || has_description => Names::default(),
            Some(Value::Nested(error)) => Names::of(error.as_bytes()),
            _ => Names::of(response.body()),
        };
        let words = words.words(&secrets);
        if is_said_by_error {
            append(&mut parts, ": ", refusal.error.as_deref().unwrap_or_default());
            append(&mut parts, ": ", refusal.error_description.as_deref().unwrap_or_default());
            append(&mut parts, ": ", &words);
            append(&mut parts, " ", refusal.error_uri.as_deref().unwrap_or_default());
        } else {
            append(&mut parts, ": ", &described);
        }
        let kind = kind(status, code);
        // The challenge of an API (RFC 6750 section 3); a token endpoint's is Basic (RFC 6749 section 5.2).
        let is_of_api = !is_oauth && challenge.is_some_and(is_bearer);
        let code = if is_of_api { Some("invalid_token") } else { code };
        append(&mut parts, "", " (");
        let doubts_url = self.push_advice(&mut parts, response, answer.error, kind, code, is_oauth);
        append(&mut parts, "; its Retry-After is ", &retry_after);
        // Or it is a date.
        let is_number = retry_after.as_bytes().first().is_some_and(u8::is_ascii_digit);
        append(&mut parts, "", if is_number { " seconds" } else { "" });
        if kind == Kind::Refused && doubts_url {
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

    /// Says what to try, and returns whether the URL may be wrong.
    fn push_advice<'b>(
        &'b self,
        parts: &mut Vec<&'b str>,
        response: &Response,
        error: Option<Value>,
        kind: Kind,
        code: Option<&'b str>,
        is_oauth: bool,
    ) -> bool {
        let status = response.status();
        let is_https = self.request.url().is_https();
        let says = |words| says_any(response.body(), words);
        let mut doubts_url = !is_oauth || status == 404;
        let (mut first, mut by) = ("", "");
        let advice = match status {
            _ if HAS_NO_READER => match kind {
                Kind::Unavailable => "the server cannot answer now: try again later",
                _ if is_oauth => self.advice,
                _ => "no OAuth error was read: is this the token endpoint?",
            },
            200..=299 if !is_oauth => {
                append(parts, "its member error is ", error.map_or("", type_name));
                ", where OAuth has a text: see by curl or in the server's log what failed; if nothing did, have the server leave it out"
            }
            304 => "no 304 fits this request: have the cache or proxy in between let it through",
            300..=399 if response.header("location").is_none() => {
                "redirects are not followed, and this one has no Location: check the token URL"
            }
            300..=399 => {
                "redirects are not followed: give that URL if it is the token endpoint's; if it is a login page's, have the proxy let this request through"
            }
            _ if says(SENT_TWICE) => {
                by = ", and out of --parameter";
                "a parameter came twice: take it out of the token URL's query"
            }
            _ if status == 429 || code == Some("slow_down") => {
                "the server limits how often it is asked: try again later"
            }
            600.. if kind == Kind::Unavailable => {
                "the server, or a filter before it, denies this: check the token URL, then have this machine let through"
            }
            _ if kind == Kind::Unavailable => {
                "the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and settings"
            }
            // Go's servers, nginx and Apache's say so at the port for https; Keycloak at another, beyond its own network.
            _ if !is_https && says("HTTP request to an HTTPS/plain HTTP") => {
                "this port is for https: write https in the token URL"
            }
            _ if !is_https && says(WANTS_HTTPS) => {
                "the server wants https: write https and its port in the token URL"
            }
            _ if cfg!(feature = "tls-no-provider") && says(AFTER_HANDSHAKE) => {
                "the server asks for the client certificate only after the request, and no option helps: have it ask in the TLS handshake, in Apache by SSLVerifyClient for the whole virtual host"
            }
            _ if cfg!(feature = "tls-no-provider")
                && says(NO_CERTIFICATE)
                && (self.is_assertion || !says("private_key_jwt")) =>
            {
                match is_https {
                    true => CLIENT_CERTIFICATE,
                    false => {
                        "the server asks for a client certificate, which goes by https alone: give its https URL, and the certificate by --cert and --key, in code Http::with_client_certificate"
                    }
                }
            }
            _ => {
                let said = SAID.iter().find(|(oauth, words, _)| *oauth == is_oauth && says(words));
                if status == 404 && is_oauth && said.is_none() {
                    first = "check the path of the token URL; if it is right, ";
                }
                let is =
                    |codes: &str| code.is_some_and(|code| find(codes.as_bytes(), code).is_some());
                match said {
                    _ if is("invalid_token insufficient_scope") => {
                        doubts_url = true;
                        WANTS_TOKEN
                    }
                    _ if is("invalid_scope invalid_target invalid_resource") => {
                        by = ": check --scope and --parameter first";
                        "the server wants another scope, resource or audience, or has to grant this one"
                    }
                    _ if is("unsupported_grant_type") => {
                        by = BY_GRANT_TYPE;
                        NO_GRANT
                    }
                    _ if is("invalid_dpop_proof use_dpop_nonce") => {
                        "the server wants DPoP, which is not supported: have it switched off for this client"
                    }
                    _ if is("authorization_pending expired_token") => {
                        doubts_url = true;
                        "this is an error of the device flow: check the token URL and the grant"
                    }
                    _ if is(
                        "consent_required interaction_required login_required insufficient_user_authentication",
                    ) =>
                    {
                        "the server wants a person's consent first: have an administrator grant it"
                    }
                    // Google and Entra, of an assertion's times.
                    _ if is_oauth && self.is_assertion && says("clock/valid time") => {
                        doubts_url = true;
                        "check this machine's clock; if it is right, make a new assertion: it is too old, or valid for too long"
                    }
                    _ if is_oauth && !self.is_assertion && says("private_key_jwt") => {
                        by = ": by a certificate (--cert, --key) or an assertion (CLIENT_ASSERTION_FILE)";
                        "authenticate as the server says"
                    }
                    // Entra and Azure AD B2C, which have read it.
                    _ if is_oauth && says("invalid client secret/client_secret does not match") => {
                        "check the secret, its value and not its id, and whether it has expired"
                    }
                    // oidc-provider, django-oauth-toolkit and others.
                    _ if is_oauth && says("credentials were not found/no client credentials") => {
                        by = ": try --basic, or leave it out";
                        "the server found no secret, or a proxy removes it"
                    }
                    Some((.., "")) => self.advice,
                    Some((.., advice)) => {
                        doubts_url = true;
                        by = if *advice == NO_GRANT { BY_GRANT_TYPE } else { "" };
                        advice
                    }
                    _ if is("invalid_request") => {
                        by = ": a scope (--scope), an audience (--parameter) or the secret as Basic (--basic)";
                        "check the token URL, then look up what the server wants"
                    }
                    _ if is("unauthorized_client") => {
                        "have this grant, client credentials or service account, allowed for this client there; if it is, check the secret"
                    }
                    // Salesforce and Cognito say it to a client without the grant.
                    _ if is("invalid_grant") => {
                        "check the assertion, token, password or secret; if it is right, have this grant allowed for this client there"
                    }
                    _ if is("access_denied") => {
                        "check audience and scope; if they are right, have this client allowed what it asks for"
                    }
                    _ if is_oauth => self.advice,
                    // Kong, Azure and AWS.
                    _ if says("API key/subscription key") => {
                        by = ": send it by --request-header";
                        "a gateway wants its own key"
                    }
                    _ => match status {
                        401 => {
                            append(parts, NO_ERROR, self.advice);
                            by = " (--request-header)";
                            "; then the token URL, and whether a gateway wants its own key or login"
                        }
                        404 | 405 => {
                            "check the token URL: no token endpoint is there, or a proxy does not pass the request on"
                        }
                        413 | 414 | 431 => {
                            "the request is too large for the server, or for a proxy in between; send less, or have the limit raised there"
                        }
                        415 => "this URL takes no form: give the token endpoint's URL",
                        422 => {
                            by = ", or send what is missing by --parameter";
                            "this URL takes another form: give the token endpoint's URL"
                        }
                        _ => {
                            first = NO_ERROR;
                            "check the token URL; if it is right, do what the server says, or have this allowed at the server, proxy or firewall"
                        }
                    },
                }
            }
        };
        append(parts, first, advice);
        append(parts, "", if self.has_options { by } else { "" });
        doubts_url
    }
}

fn is_bearer(challenge: &str) -> bool {
    challenge.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"))
}

/// What the member `error` is that is no text.
fn type_name(value: Value) -> &'static str {
    match value {
        Value::Boolean(name) => name,
        Value::Nested(_) => "an object or a list",
        _ => "a number",
    }
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
        // What waiting mends, whatever the status (RFC 6749 section 4.1.2.1, RFC 8628 section 3.5).
        (_, Some("temporarily_unavailable" | "server_error" | "slow_down")) => Kind::Unavailable,
        (501, _) => Kind::Refused,
        // 600 to 999 are no statuses, and treated as 5xx (RFC 9110 section 15).
        (500.., None) => Kind::Unavailable,
        _ => Kind::Refused,
    }
}
