//! A token, and the answer it comes in.

use super::http::{Request, Response};
use super::json::{Members, Value};
use super::{jwt, redact};
use crate::error::{Error, Refusal};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use zeroize::Zeroizing;

/// The longest access token taken.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// The shortest token that is looked for where it may not be shown: a shorter one is found in any text.
const MIN_UNSHOWN_TOKEN_BYTES: usize = 5;
/// A lifetime above this is taken for a mistake (milliseconds, a date), and the token for one whose
/// lifetime is unknown.
const MAX_LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

const BEARER: &str = "Bearer";

/// An access token, kept in one buffer: the value of the `Authorization` header, which is wiped when
/// the token is dropped. `Debug` does not show it.
pub struct Token {
    authorization: Zeroizing<String>,
    scope: Option<String>,
    lifetime: Option<Duration>,
}

impl Token {
    /// The token in an answer of [RFC 6749 section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1), for a
    /// `Flow` of your own: `request` is what was asked, and the secrets it carried are replaced where the answer
    /// repeats them.
    ///
    /// # Errors
    /// [`Kind::Refused`](crate::Kind::Refused) for a status other than 2xx or an `error`;
    /// [`Kind::Malformed`](crate::Kind::Malformed) for an answer without a usable token of type Bearer.
    pub fn from_answer(
        request: &Request,
        response: Response,
        secrets: &[&str],
    ) -> Result<Token, Error> {
        Answer { request, secrets, separator: ' ', advice: "check the credentials" }.read(response)
    }

    /// The value for the `Authorization` header, such as `Bearer 2YotnFZFEjr1zCsicMWpAA`.
    pub fn authorization(&self) -> &str {
        &self.authorization
    }

    /// The token alone: a slice of [`authorization`](Self::authorization).
    pub fn access_token(&self) -> &str {
        &self.authorization[BEARER.len() + 1..]
    }

    /// The token's type ([RFC 6749 section 7.1](https://www.rfc-editor.org/rfc/rfc6749#section-7.1)):
    /// `Bearer`, however the server spelt it; another type is refused.
    pub fn token_type(&self) -> &str {
        &self.authorization[..BEARER.len()]
    }

    /// The scope that the server says it granted. A server may leave it out where it is what was asked
    /// for; one with characters that no scope has
    /// ([RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)) counts as left out.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// How long the token lives, counted from when it was issued: `expires_in`, or for a JSON Web
    /// Token `exp - iat`, so that a device with a wrong clock still renews on time. `None` where the
    /// server does not say, or says nonsense: not a number, not positive, above ten years.
    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// How a flow reads the answer to its token request.
pub(crate) struct Answer<'a> {
    pub(crate) request: &'a Request,
    /// What may not be shown if the server sends it back.
    pub(crate) secrets: &'a [&'a str],
    /// What stands between type and token in the header: a space (RFC 6750) or a colon (Accelerator).
    pub(crate) separator: char,
    /// What to check after a refusal.
    pub(crate) advice: &'a str,
}

impl Answer<'_> {
    /// The token in an answer that is 2xx, one JSON object, without `error`, with an `access_token` fit
    /// for a header, and of type Bearer.
    pub(crate) fn read(&self, mut response: Response) -> Result<Token, Error> {
        let members = Members::read(response.body_mut());
        if !response.is_success() {
            return Err(self.refused(&response, members.unwrap_or_default()));
        }
        let mut members =
            members.map_err(|_| self.malformed(&not_json(&response, self.secrets)))?;
        if members.error.is_some() {
            return Err(self.refused(&response, members));
        }
        self.check_type(members.token_type.as_ref(), members.access_token.as_ref())?;
        let access_token = match members.access_token.take() {
            Some(Value::Text(access_token)) => access_token,
            Some(_) => return Err(self.malformed("its access_token is not a string")),
            None => return Err(self.malformed("it has no access_token")),
        };
        if access_token.is_empty() {
            return Err(self.malformed("its access_token is empty"));
        }
        if access_token.len() > MAX_TOKEN_BYTES {
            return Err(self.malformed("its access_token is longer than 8 KiB"));
        }
        if !is_visible(&access_token) {
            return Err(self.malformed("its access_token has a byte that cannot stand in a header"));
        }
        let lifetime = match &members.expires_in {
            Some(value) => seconds(value).and_then(plausible),
            None => jwt::lifetime_seconds(&access_token).and_then(plausible),
        };
        Ok(Token {
            authorization: self.render(&access_token),
            scope: members
                .scope
                .take()
                .and_then(Value::into_text)
                .filter(|scope| is_scope(scope))
                .map(|scope| String::from(scope.as_str())),
            lifetime,
        })
    }

    /// What may not be shown: the secrets that were sent, and the token that came, if the answer repeats it.
    fn unshown<'a>(&'a self, access_token: Option<&'a Value>) -> Vec<&'a str> {
        let token = match access_token {
            Some(Value::Text(token)) if token.len() >= MIN_UNSHOWN_TOKEN_BYTES => {
                Some(token.as_str())
            }
            _ => None,
        };
        self.secrets.iter().copied().chain(token).collect()
    }

    fn check_type(
        &self,
        token_type: Option<&Value>,
        access_token: Option<&Value>,
    ) -> Result<(), Error> {
        match token_type {
            // RFC 6749 requires the member; servers that leave it out mean Bearer.
            None | Some(Value::Null) => Ok(()),
            Some(Value::Text(name)) if name.eq_ignore_ascii_case(BEARER) => Ok(()),
            Some(Value::Text(name)) => {
                let name = redact::shown(name, &self.unshown(access_token));
                Err(self
                    .malformed(&format!("its token_type is `{name}`; only Bearer is supported")))
            }
            Some(_) => Err(self.malformed("its token_type is not a string")),
        }
    }

    fn render(&self, access_token: &str) -> Zeroizing<String> {
        let mut value =
            Zeroizing::new(String::with_capacity(BEARER.len() + 1 + access_token.len()));
        value.push_str(BEARER);
        value.push(self.separator);
        value.push_str(access_token);
        value
    }

    fn malformed(&self, what: &str) -> Error {
        Error::malformed(format!("cannot use the answer of {}: {what}", self.request.url()))
    }

    fn refused(&self, response: &Response, members: Members) -> Error {
        let unshown = self.unshown(members.access_token.as_ref());
        let show = |value: &Option<Value>| match value {
            Some(Value::Text(value)) => Some(redact::shown(value, &unshown)),
            _ => None,
        };
        let mut refusal = Refusal {
            status: response.status(),
            error: show(&members.error),
            error_description: show(&members.error_description),
            error_uri: show(&members.error_uri),
            ..Refusal::default()
        };
        let mut message =
            format!("{} refused the token request: {}", self.request.url(), refusal.status);
        let reason = redact::shown(response.reason().trim(), &unshown);
        if !reason.is_empty() {
            message = format!("{message} {reason}");
        }
        if refusal.error.is_none() && response.is_success() {
            message.push_str(": its answer has an `error` that is no text");
        }
        for (separator, part) in
            [(": ", &refusal.error), (": ", &refusal.error_description), (" ", &refusal.error_uri)]
        {
            if let Some(part) = part {
                message = format!("{message}{separator}{part}");
            }
        }
        let advice = match refusal.status {
            300..=399 => {
                "it redirects, and redirects are not followed; give the URL that it redirects to"
            }
            404 | 405 => "there is no token endpoint at this address",
            429 | 500..=599 => "the server has trouble of its own; try again later",
            _ => self.advice,
        };
        refusal.message = format!("{message} ({advice})");
        Error::Refused(Box::new(refusal))
    }
}

fn not_json(response: &Response, secrets: &[&str]) -> String {
    let encoding =
        response.header("content-encoding").filter(|name| !name.eq_ignore_ascii_case("identity"));
    let what = match (response.body().is_empty(), encoding, response.header("content-type")) {
        (true, ..) => return String::from("it is empty"),
        (_, Some(encoding), _) => format!("Content-Encoding {encoding}, which was not asked for"),
        (_, _, Some(content_type)) => format!("Content-Type {content_type}"),
        _ => String::from("no Content-Type"),
    };
    format!("it is not one JSON object ({})", redact::shown(&what, secrets))
}

/// The bytes that cannot end a header line or split its value.
fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x21..=0x7E))
}

fn is_scope(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x7E) && byte != b'"' && byte != b'\\')
}

/// A number, or one in a string, as some servers send it.
fn seconds(value: &Value) -> Option<f64> {
    match value {
        Value::Text(text) => miniserde::json::from_str(text).ok(),
        value => value.number(),
    }
}

fn plausible(seconds: f64) -> Option<Duration> {
    let lifetime = Duration::try_from_secs_f64(seconds).ok()?;
    (lifetime > Duration::ZERO && lifetime <= MAX_LIFETIME).then_some(lifetime)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::wire::http::Method;
    use crate::wire::url::Url;
    use alloc::string::ToString;

    fn read(status: u16, body: &str) -> Result<Token, Error> {
        let request =
            Request::for_token(Method::Get, Url::parse("URL", "http://h:1/?s=hunter2").unwrap());
        let answer =
            Answer { request: &request, secrets: &["hunter2"], separator: ' ', advice: "advice" };
        answer.read(Response::new(status, body))
    }

    #[test]
    fn a_token_is_one_header_value() {
        let token = read(
            200,
            r#"{"access_token":"abc","token_type":"bEARER","scope":"ADMIN","expires_in":60}"#,
        )
        .unwrap();
        assert_eq!(
            (
                token.authorization(),
                token.access_token(),
                token.token_type(),
                token.scope(),
                token.lifetime()
            ),
            ("Bearer abc", "abc", "Bearer", Some("ADMIN"), Some(Duration::from_secs(60)))
        );
        assert_eq!(token.authorization.len(), token.authorization.capacity());
        assert!(!format!("{token:?}").contains("abc"));
    }

    #[test]
    fn an_odd_lifetime_is_unknown_and_no_failed_login() {
        for (member, expected) in [
            ("3600", Some(3600.0)),
            ("\"3600\"", Some(3600.0)),
            ("\" 60.5 \"", Some(60.5)),
            ("0.5", Some(0.5)),
            ("3.6e3", Some(3600.0)),
            ("315360000", Some(315_360_000.0)),
            ("315360001", None),
            ("null", None),
            ("0", None),
            ("-1", None),
            ("-0.0", None),
            ("1e300", None),
            ("1e400", None),
            ("-1e400", None),
            ("\"1e400\"", None),
            ("99999999999999999999999", None),
            ("\"\"", None),
            ("\"soon\"", None),
            ("\"inf\"", None),
            ("\"NaN\"", None),
            ("true", None),
            ("[60]", None),
            ("{\"s\":60}", None),
        ] {
            let token = read(200, &format!("{{\"access_token\":\"t\",\"expires_in\":{member}}}"));
            let lifetime = token.unwrap_or_else(|error| panic!("{member}: {error}")).lifetime();
            assert_eq!(lifetime, expected.map(Duration::from_secs_f64), "{member}");
        }
    }

    #[test]
    fn what_is_not_a_usable_token_is_malformed_and_named() {
        let long = "x".repeat(8193);
        for (body, part) in [
            ("", "empty"),
            ("hello", "not one JSON object"),
            ("{}", "no access_token"),
            ("{\"access_token\":null}", "not a string"),
            ("{\"access_token\":7}", "not a string"),
            ("{\"access_token\":\"\"}", "empty"),
            ("{\"access_token\":\"a b\"}", "header"),
            ("{\"access_token\":\"a\\r\\nX: y\"}", "header"),
            ("{\"access_token\":\"\\u00e9\"}", "header"),
            (&format!("{{\"access_token\":\"{long}\"}}"), "8 KiB"),
            ("{\"access_token\":\"t\",\"access_token\":\"t\"}", "not one JSON object"),
            ("{\"access_token\":\"t\"} {}", "not one JSON object"),
            ("{\"access_token\":\"t\",\"token_type\":\"mac\"}", "`mac`"),
            ("{\"access_token\":\"t\",\"token_type\":\"Bearer\\r\\n\"}", "`Bearer\\u{d}\\n`"),
            ("{\"access_token\":\"t\",\"token_type\":\"hunter2\"}", "`[redacted]`"),
            ("{\"access_token\":\"t\",\"token_type\":5}", "not a string"),
        ] {
            let error = read(200, body).unwrap_err();
            assert_eq!(error.kind(), Kind::Malformed, "{body}: {error}");
            assert!(error.to_string().contains(part), "{body}: {error}");
        }
    }

    #[test]
    fn an_error_member_or_another_status_never_yields_a_token() {
        let good = "\"access_token\":\"t\",\"token_type\":\"Bearer\"";
        for (status, body) in [
            (200, format!("{{{good},\"error\":\"an error\"}}")),
            (200, format!("{{{good},\"error\":null}}")),
            (200, format!("{{\"error\":{{}},{good}}}")),
            (199, format!("{{{good}}}")),
            (300, format!("{{{good}}}")),
            (302, String::new()),
            (401, String::from("<html>")),
            (503, format!("{{{good}}}")),
        ] {
            let error = read(status, &body).unwrap_err();
            assert_eq!(error.kind(), Kind::Refused, "{status} {body}: {error}");
            assert!(status != 200 || error.to_string().contains("error"), "{error}");
        }
    }

    #[test]
    fn a_token_that_the_answer_repeats_is_not_shown() {
        for body in [
            r#"{"access_token":"t0k3n","token_type":"t0k3n"}"#,
            r#"{"access_token":"t0k3n","error":"no t0k3n"}"#,
        ] {
            let error = read(200, body).unwrap_err().to_string();
            assert!(!error.contains("t0k3n") && error.contains("[redacted]"), "{error}");
        }
    }

    #[test]
    fn a_refusal_carries_the_fields_without_the_secret() {
        let body = r#"{"error":"invalid_client","error_description":"no \u001b[1m hunter2, hunter%32","error_uri":"https://e/"}"#;
        let Err(Error::Refused(refusal)) = read(401, body) else { panic!("not refused") };
        assert_eq!((refusal.status(), refusal.error()), (401, Some("invalid_client")));
        assert_eq!(refusal.error_description(), Some("no \\u{1b}[1m [redacted], [redacted]"));
        assert_eq!(refusal.error_uri(), Some("https://e/"));
        assert_eq!(
            refusal.to_string(),
            "h:1 refused the token request: 401: invalid_client: no \\u{1b}[1m [redacted], [redacted] https://e/ (advice)"
        );
    }
}
