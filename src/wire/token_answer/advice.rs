//! What to try after a refusal. What is sure counts for more than what is likely, and a server's words for more than a code
//! that has many causes. `tests/servers/as_they_are/` has the servers whose words these are.

use super::AnswerReader;
use crate::error::{HAS_NO_READER, Kind};
use crate::wire::json::Value;
use crate::wire::response::Response;
use crate::wire::url::before;
use crate::wire::words::{has_word, position, says_any};
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

/// What a server says that wants https: Keycloak, oauthlib, OpenIddict, Kong and others.
const WANTS_HTTPS: &str = "https required/accepts https/use https protocol/must use https/SSL required/https is required/ssl is required/must use ssl/requires https/utilize https";

const WANTS_TOKEN: &str =
    "this URL wants a token, so it may be an API's: give the token endpoint's URL";
const NO_TENANT: &str = "check the tenant, realm or domain in the token URL";
const NO_CLIENT: &str = "check the client id, then the tenant, realm or domain in the token URL: this client is not there";
const NO_CONSENT: &str =
    "the server wants a person's consent first: have an administrator grant it";
const OFTEN: &str = "the server limits how often it is asked: try again later";
const NO_GRANT: &str = "the server does not have this grant, or not for this client: have it allowed|, or give the server's name for it by --grant-type";

// What a row asks of a refusal, as bits.
/// Its words are OAuth error codes, after spaces. Else they are what the answer says, after slashes.
const CODE: u8 = 1;
const OAUTH: u8 = 2;
const NO_OAUTH: u8 = 4;
/// It answers an assertion.
const ASSERTION: u8 = 8;
/// It answers anything else: a secret, a certificate.
const OTHER: u8 = 16;
/// It answers a secret.
const SECRET: u8 = 32;
const STATUS_401: u8 = 64;
/// No condition: the URL is shown then, which may be wrong. It is without an OAuth error.
const SHOWS_URL: u8 = 128;

/// Those bits, the words, and what to try. The advice of the flow stands for an empty one. The first row counts.
const ROWS: [(u8, &str, &str); 34] = [
    // UAA says it of an assertion.
    (CODE | OAUTH | ASSERTION, "invalid_token", ""),
    (CODE | SHOWS_URL, "invalid_token insufficient_scope", WANTS_TOKEN),
    (
        CODE,
        "invalid_scope invalid_target invalid_resource",
        "the server wants another scope, resource or audience, or has to grant this one|: check --scope and --parameter first",
    ),
    (CODE, "unsupported_grant_type", NO_GRANT),
    (
        CODE,
        "invalid_dpop_proof use_dpop_nonce",
        "the server wants DPoP, which is not supported: have it switched off for this client",
    ),
    (
        CODE | SHOWS_URL,
        "authorization_pending expired_token",
        "this is an error of the device flow: check the token URL and the grant",
    ),
    (
        CODE,
        "consent_required interaction_required login_required insufficient_user_authentication",
        NO_CONSENT,
    ),
    // Salesforce of a user.
    (OAUTH, "approved this consumer", NO_CONSENT),
    // Entra.
    (
        OAUTH | ASSERTION,
        "key used is expired",
        "register a new certificate or key for this client there: this one has expired",
    ),
    // Google, Entra, Okta and Keycloak, of an assertion's times.
    (
        OAUTH | ASSERTION | SHOWS_URL,
        "a clock/clock skew/valid time/in the future/not yet valid/token is not active/token is expired/assertion is expired/assertion has expired/jwt has expired/jwt expired",
        "check this machine's clock; if it is right, make a new assertion: it is too old, or valid for too long",
    ),
    // Keycloak and Google, of its key.
    (OAUTH | ASSERTION, "signature", ""),
    (
        OAUTH | OTHER,
        "private_key_jwt",
        "authenticate as the server says|: by a certificate (--cert, --key) or an assertion (CLIENT_ASSERTION_FILE)",
    ),
    // Entra, Azure AD B2C and Adobe, which have read it.
    (
        OAUTH,
        "invalid client secret/secret does not match/secret mismatch/client secret keys/invalid client_secret",
        "check the secret, its value and not its id, and whether it has expired",
    ),
    // Hydra, Authelia, Ping, WSO2 and Spring.
    (
        OAUTH | SECRET,
        "client_secret_basic/client_secret_post/unsupported client authentication/: unsupported authentication method/: authentication_method",
        "the server wants the secret sent another way|: try --basic, or leave it out",
    ),
    // oidc-provider, django-oauth-toolkit, Okta, Keycloak, Entra and others. Salesforce says `no client credentials user` of
    // something else.
    (
        OAUTH | SECRET,
        "credentials were not found/no client credentials found/secret not provided/or 'client_secret'/secret is required/secret is missing/missing client secret/missing client_secret",
        "the server found no secret, or a proxy removes it|: try --basic, or leave it out",
    ),
    // SAP and Kong, as `invalid_request`.
    (
        OAUTH,
        "unsupported grant/invalid grant_type/type client_credentials is not/type client_credentials not/grant type not supported/grant_type not supported",
        NO_GRANT,
    ),
    // Zitadel, Google, WSO2 and Entra. Hydra and Doorkeeper say `unknown client` and then other causes.
    (
        OAUTH | SHOWS_URL,
        "client not found/client was not found/client could not be found/not found in the directory",
        NO_CLIENT,
    ),
    // Entra, Salesforce, Keycloak.
    (
        OAUTH | SHOWS_URL,
        "invalid_tenant/AADSTS90002/specified tenant/no tenant/no such tenant/no such realm/wrong tenant/tenant not found/this domain/realm not",
        NO_TENANT,
    ),
    // Google, Keycloak, Entra, Zoom, Salesforce and WSO2.
    (
        OAUTH | SHOWS_URL,
        "client was deleted/client is disabled/client disabled/) is disabled/client has been disabled/app has been disabled/application has been disabled/is inactive/not in active state",
        "the server deleted or disabled this client: have it enabled or registered anew",
    ),
    (
        OAUTH | SHOWS_URL,
        "blocked/is locked/account locked/ip restricted",
        "the server blocks this client or this machine's address: wait as it says, or have it allowed there; then check id and secret",
    ),
    // Salesforce.
    (OAUTH, "rate exceeded", OFTEN),
    // Keycloak's `unauthorized_client`.
    (OAUTH, "invalid client", ""),
    // FastAPI's programs, Okta, AWS and QRadar.
    (NO_OAUTH, "supported grant/grant not", NO_GRANT),
    (
        NO_OAUTH,
        "invalid token\"/invalid token provided/missing authentication token/SEC header",
        WANTS_TOKEN,
    ),
    (NO_OAUTH, "unknown client", NO_CLIENT),
    // Keycloak.
    (NO_OAUTH, "realm does not exist", NO_TENANT),
    (NO_OAUTH, "invalid client", ""),
    (
        CODE,
        "invalid_request",
        "check the token URL, then look up what the server wants|: a scope (--scope), an audience (--parameter) or the secret as Basic (--basic)",
    ),
    (
        CODE,
        "unauthorized_client",
        "have this grant, client credentials or service account, allowed for this client there; if it is, check the secret",
    ),
    // Salesforce and Cognito say it to a client without the grant.
    (
        CODE,
        "invalid_grant",
        "check the assertion, token, password or secret; if it is right, have this grant allowed for this client there",
    ),
    // Auth0 and ServiceNow refuse a wrong secret so.
    (CODE | STATUS_401, "access_denied server_error", ""),
    (
        CODE,
        "access_denied",
        "check audience and scope; if they are right, have this client allowed what it asks for",
    ),
    // IBM's IAM, whose grant it is.
    (NO_OAUTH, "API key could not be found", "check the API key that was sent"),
    // Kong, Azure, AWS and Apigee.
    (
        NO_OAUTH,
        "API key/invalid ApiKey/subscription key",
        "a gateway wants its own key|: send it by --request-header",
    ),
];

/// What is known of a refusal.
pub(super) struct Refused<'a> {
    pub(super) reader: &'a AnswerReader<'a>,
    pub(super) response: &'a Response,
    /// What the member `error` is that is no text.
    pub(super) error: Option<Value<'a>>,
    pub(super) kind: Kind,
    /// A registered one, or `invalid_token` for an API's challenge.
    pub(super) code: Option<&'a str>,
    /// Whether it has an OAuth error.
    pub(super) is_oauth: bool,
}

pub(super) struct Advice<'a> {
    /// One sentence. What follows a bar is how the program does it, for a flow that has options.
    text: [&'a str; 3],
    /// Whether the URL is shown, which may be wrong.
    pub(super) shows_url: bool,
}

impl<'a> Advice<'a> {
    pub(super) fn push_to(&self, parts: &mut Vec<&'a str>, reader: &AnswerReader) {
        for text in self.text {
            let advice = before(text, b"|");
            // A flow that makes its URL was given another one.
            let is_other = reader.makes_url && !HAS_NO_READER;
            let named = if is_other { position(advice.as_bytes(), "token URL") } else { None };
            let at = named.unwrap_or(advice.len());
            parts.push(advice.get(..at).unwrap_or_default());
            parts.push(advice.get(at + "token ".len()..).unwrap_or_default());
            if reader.has_options {
                parts.push(text.get(advice.len() + 1..).unwrap_or_default());
            }
        }
    }
}

impl<'a> Refused<'a> {
    pub(super) fn advice(&self) -> Advice<'a> {
        if HAS_NO_READER {
            return self.to_try(self.short_advice());
        }
        let first = self.of_no_error().or_else(|| self.of_connection());
        let mut advice = first.or_else(|| self.of_row()).unwrap_or_else(|| self.of_status());
        // A flow that makes its URL can be given no other path.
        if self.reader.makes_url && says_any(advice.text[1].as_bytes(), "token endpoint's URL") {
            advice.text[1] = "another server may answer there: check scheme, host and port";
        }
        advice
    }

    /// For a device without an operating system.
    fn short_advice(&self) -> &'a str {
        match self.kind {
            Kind::Unavailable => "the server cannot answer now: try again later",
            _ if self.is_oauth => self.reader.advice,
            _ => "no OAuth error was read: is this the token endpoint?",
        }
    }

    fn to_try(&self, advice: &'a str) -> Advice<'a> {
        let shows_url = !self.is_oauth || self.response.status() == 404;
        Advice { text: ["", advice, ""], shows_url }
    }

    fn says(&self, words: &str) -> bool {
        says_any(self.response.body(), words)
    }

    /// What is no refusal of the credentials: a success, a redirect, a parameter that came twice, a server that cannot answer.
    fn of_no_error(&self) -> Option<Advice<'a>> {
        Some(match self.response.status() {
            200..=299 if !self.is_oauth => Advice {
                text: [
                    "its member error is ",
                    self.error.map_or("", type_name),
                    ", where OAuth has a text: see by curl or in the server's log what failed; if nothing did, have the server leave it out",
                ],
                ..self.to_try("")
            },
            304 => self.to_try(
                "no 304 fits this request: have the cache or proxy in between let it through",
            ),
            300..=399 if self.response.header("location").is_none() => self.to_try(
                "redirects are not followed, and this one has no Location: check the token URL",
            ),
            300..=399 => self.to_try(
                "redirects are not followed: give that URL if it is the token endpoint's; if it is a login page's, have the proxy let this request through",
            ),
            _ if self.says(SENT_TWICE) => self.to_try(
                "a parameter came twice: take it out of the token URL's query|, and out of --parameter",
            ),
            status if status == 429 || self.code == Some("slow_down") => {
                self.to_try(OFTEN)
            }
            _ if self.kind != Kind::Unavailable => return None,
            600.. => self.to_try(
                "the server, or a filter before it, denies this: check the token URL, then have this machine let through",
            ),
            _ => self.to_try(
                "the server, or one behind it, cannot answer now: try again later, and if it lasts, see its log and settings",
            ),
        })
    }

    /// Another port, another scheme or a client certificate is wanted.
    fn of_connection(&self) -> Option<Advice<'a>> {
        const HAS_TLS: bool = cfg!(feature = "tls-no-provider");
        let is_https = self.reader.request.url().is_https();
        let advice = match is_https {
            // Go's servers, nginx and Apache's say so at the port for https; Keycloak at another, beyond its own network.
            false if self.says("HTTP request to an HTTPS/plain HTTP") => {
                "this port is for https: write https in the token URL"
            }
            false if self.says(WANTS_HTTPS) => {
                "the server wants https: write https and its port in the token URL"
            }
            _ if HAS_TLS && self.says(AFTER_HANDSHAKE) => {
                "the server asks for the client certificate only after the request, and no option helps: have it ask in the TLS handshake, in Apache by SSLVerifyClient for the whole virtual host"
            }
            _ if !HAS_TLS || !self.says(NO_CERTIFICATE) => return None,
            _ if !self.reader.is_assertion && self.says("private_key_jwt") => return None,
            true => CLIENT_CERTIFICATE,
            false => {
                "the server asks for a client certificate, which goes by https alone: give its https URL, and the certificate by --cert and --key, in code Http::with_client_certificate"
            }
        };
        Some(self.to_try(advice))
    }

    fn bits(&self) -> u8 {
        let has_secret = self.reader.request.secrets().next().is_some();
        let oauth = if self.is_oauth { OAUTH } else { NO_OAUTH };
        let sent = match self.reader.is_assertion {
            true => ASSERTION,
            false if has_secret => OTHER | SECRET,
            false => OTHER,
        };
        oauth | sent | if self.response.status() == 401 { STATUS_401 } else { 0 }
    }

    /// What the code and the words say.
    fn of_row(&self) -> Option<Advice<'a>> {
        let bits = self.bits();
        let row = ROWS.iter().find(|(wanted, words, _)| {
            let is_in_place = wanted & !(bits | CODE | SHOWS_URL) == 0;
            is_in_place
                && match wanted & CODE {
                    0 => self.says(words),
                    _ => self.code.is_some_and(|code| has_word(words, code)),
                }
        });
        let mut advice = match row {
            Some((.., "")) => self.to_try(self.reader.advice),
            Some((.., advice)) => self.to_try(advice),
            None if self.is_oauth => self.to_try(self.reader.advice),
            None => return None,
        };
        // A server whose words are known has been reached at the right path.
        let is_by_words = row.is_some_and(|(wanted, ..)| wanted & CODE == 0);
        if self.is_oauth && self.response.status() == 404 && !is_by_words {
            advice.text[0] = "check the path of the token URL; if it is right, ";
        }
        advice.shows_url |= row.is_some_and(|(wanted, ..)| wanted & SHOWS_URL != 0);
        Some(advice)
    }

    /// What the status alone says.
    fn of_status(&self) -> Advice<'a> {
        const NO_ERROR: &str = "no OAuth error was read: ";
        match self.response.status() {
            401 => Advice {
                text: [
                    NO_ERROR,
                    self.reader.advice,
                    "; then the token URL, and whether a gateway wants its own key or login| (--request-header)",
                ],
                shows_url: true,
            },
            404 | 405 => self.to_try(
                "check the token URL: no token endpoint is there, or a proxy does not pass the request on",
            ),
            413 | 414 | 431 => self.to_try(
                "the request is too large for the server, or for a proxy in between; send less, or have the limit raised there",
            ),
            415 => self.to_try("this URL takes no form: give the token endpoint's URL"),
            422 => self.to_try(
                "this URL takes another form: give the token endpoint's URL|, or send what is missing by --parameter",
            ),
            _ => Advice {
                text: [
                    NO_ERROR,
                    "check the token URL; if it is right, do what the server says, or have this allowed at the server, proxy or firewall",
                    "",
                ],
                ..self.to_try("")
            },
        }
    }
}

/// What the member `error` is that is no text.
fn type_name(value: Value) -> &'static str {
    match value {
        Value::Boolean(name) => name,
        Value::Nested(_) => "an object or a list",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::request::{Method, Request};

    /// What a device without an operating system prints.
    #[test]
    fn where_nobody_reads_a_long_text_the_advice_is_short() {
        let request = Request::new(Method::Post, "http://h/").unwrap();
        let reader = AnswerReader {
            request: &request,
            separator: ' ',
            members: &[],
            advice: "check the credentials",
            has_options: false,
            makes_url: false,
            is_assertion: false,
        };
        for (kind, is_oauth, advice) in [
            (Kind::Unavailable, true, "the server cannot answer now: try again later"),
            (Kind::Unavailable, false, "the server cannot answer now: try again later"),
            (Kind::Refused, true, "check the credentials"),
            (Kind::Refused, false, "no OAuth error was read: is this the token endpoint?"),
        ] {
            let (response, code) = (&Response::new(401, ""), None);
            let refused = Refused { reader: &reader, response, error: None, kind, code, is_oauth };
            assert_eq!(refused.short_advice(), advice);
        }
    }
}
