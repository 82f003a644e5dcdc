//! A token, and the answer it comes in.

use super::json::{Members, Value};
use super::request::Request;
use super::response::Response;
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
    pub fn from_answer(request: &Request, response: Response) -> Result<Token, Error> {
        let advice = "check the credentials";
        Answer { request, separator: ' ', members: &[], advice }.read_answer(response)
    }

    /// A token as a flow of your own has it, of type Bearer. `lifetime` is a `Duration` or `None`, and counts from
    /// when the token was issued.
    ///
    /// # Errors
    /// [`Kind::Malformed`](crate::Kind::Malformed) for an empty token, one longer than 8 KiB, and one with a byte outside
    /// `0x21..=0x7E`.
    pub fn new(access_token: &str, lifetime: impl Into<Option<Duration>>) -> Result<Token, Error> {
        check(access_token).map_err(|what| Error::malformed(format!("the access token {what}")))?;
        let authorization = render(access_token, ' ');
        Ok(Token { authorization, scope: None, lifetime: lifetime.into() })
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
    /// What stands between type and token in the header: a space (RFC 6750) or a colon (Accelerator).
    pub(crate) separator: char,
    /// The names of further text members to keep.
    pub(crate) members: &'a [String],
    /// What to check after a refusal.
    pub(crate) advice: &'a str,
}

impl Answer<'_> {
    /// The token in an answer that is 2xx, one JSON object, without `error`, with an `access_token` fit
    /// for a header, and of type Bearer.
    pub(crate) fn read_answer(&self, mut response: Response) -> Result<Token, Error> {
        let members = Members::read(response.body_mut());
        if !response.is_success() {
            return Err(self.refused(&response, members.unwrap_or_default()));
        }
        let mut members =
            members.map_err(|_| self.malformed(&not_json(&response, &self.unshown(None))))?;
        if members.error.is_some() {
            return Err(self.refused(&response, members));
        }
        self.check_type(members.token_type.as_ref(), members.access_token.as_ref())?;
        let access_token = match members.access_token.take() {
            Some(Value::Text(access_token)) => access_token,
            Some(_) => return Err(self.malformed("its access_token is not a string")),
            None => return Err(self.malformed("it has no access_token")),
        };
        check(&access_token).map_err(|what| self.malformed(&format!("its access_token {what}")))?;
        let lifetime = match &members.expires_in {
            Some(value) => seconds(value).and_then(plausible),
            None => jwt::lifetime_seconds(&access_token).and_then(plausible),
        };
        Ok(Token {
            authorization: render(&access_token, self.separator),
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
        self.request.secrets().chain(token).collect()
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

    fn malformed(&self, what: &str) -> Error {
        Error::malformed(format!(
            "cannot use the answer of {}: {what}",
            self.request.url().host_and_port()
        ))
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
        let mut message = format!(
            "{} refused the token request: {}",
            self.request.url().host_and_port(),
            refusal.status
        );
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
        let is_unavailable = matches!(refusal.status, 429 | 500..=599)
            || refusal.error.as_deref() == Some("temporarily_unavailable");
        let refusal = Box::new(refusal);
        if is_unavailable { Error::Unavailable(refusal) } else { Error::Refused(refusal) }
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

fn check(access_token: &str) -> Result<(), &'static str> {
    if access_token.is_empty() {
        Err("is empty")
    } else if access_token.len() > MAX_TOKEN_BYTES {
        Err("is longer than 8 KiB")
    // These bytes cannot end a header line or split its value.
    } else if !access_token.bytes().all(|byte| matches!(byte, 0x21..=0x7E)) {
        Err("has a byte that cannot stand in a header")
    } else {
        Ok(())
    }
}

fn render(access_token: &str, separator: char) -> Zeroizing<String> {
    let mut value = Zeroizing::new(String::with_capacity(BEARER.len() + 1 + access_token.len()));
    value.push_str(BEARER);
    value.push(separator);
    value.push_str(access_token);
    value
}

impl Error {
    /// An [`Error::Refused`], or [`Error::Unavailable`] for 429 and 5xx, for a flow of your own. `words` are the
    /// server's: they are cut to 256 characters, control characters are escaped, and the secrets that
    /// [`Request::with_secret`] named are replaced.
    pub fn refused(request: &Request, status: u16, words: &str) -> Error {
        let secrets: Vec<&str> = request.secrets().collect();
        let mut message =
            format!("{} refused the token request: {status}", request.url().host_and_port());
        let words = redact::shown(words.trim_ascii(), &secrets);
        if !words.is_empty() {
            message = format!("{message}: {words}");
        }
        let refusal = Box::new(Refusal { message, status, ..Refusal::default() });
        if matches!(status, 429 | 500..=599) {
            Error::Unavailable(refusal)
        } else {
            Error::Refused(refusal)
        }
    }
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
    use crate::wire::request::Method;
    use crate::wire::url::Url;
    use alloc::string::ToString;

    fn read(status: u16, body: &str) -> Result<Token, Error> {
        let request =
            Request::for_token(Method::Get, Url::parse("URL", "http://h:1/?s=hunter2").unwrap())
                .with_secret("hunter2");
        let answer = Answer { request: &request, separator: ' ', members: &[], advice: "advice" };
        answer.read_answer(Response::new(status, body))
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
            let expected = if status == 503 { Kind::Unavailable } else { Kind::Refused };
            assert_eq!(error.kind(), expected, "{status} {body}: {error}");
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
