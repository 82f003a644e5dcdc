//! The answer to a token request ([RFC 6749 section 5](https://www.rfc-editor.org/rfc/rfc6749#section-5)).

use super::json::{Members, Value, read_masked, read_members};
use super::jwt::lifetime_seconds;
use super::redact;
use super::request::Request;
use super::response::Response;
use super::retry_after::retry_after;
use super::token::{BEARER, Token, check, render};
use crate::error::{Error, Refusal};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use zeroize::Zeroizing;

/// The shortest token that is looked for where it may not be shown: a shorter one is found in any text.
const MIN_REDACTED_TOKEN_BYTES: usize = 5;
/// A lifetime above this is taken for a mistake (milliseconds, a date), and the token for one whose
/// lifetime is unknown.
const MAX_LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// How a flow reads the answer to its token request.
pub(crate) struct AnswerReader<'a> {
    pub(crate) request: &'a Request,
    /// What stands between type and token in the header: a space (RFC 6750) or a colon (Accelerator).
    pub(crate) separator: char,
    /// The names of further text members to keep.
    pub(crate) members: &'a [String],
    /// What to check after a refusal.
    pub(crate) advice: &'a str,
}

impl AnswerReader<'_> {
    /// The token in an answer that is 2xx, one JSON object, without `error`, with an `access_token` fit
    /// for a header, and of type Bearer.
    pub(crate) fn read_answer(&self, mut response: Response) -> Result<Token, Error> {
        let members: Result<TokenAnswer, _> = read_members(response.body_mut());
        if !response.is_success() {
            return Err(self.refused(response, members.ok()));
        }
        let members =
            members.map_err(|_| self.malformed(&not_json(&response, &self.redacted(None))))?;
        // Some servers write `"error": null` beside a token.
        if !matches!(members.error, None | Some(Value::Null)) {
            return Err(self.refused(response, Some(members)));
        }
        self.parse(members, &response)
    }

    fn parse(&self, mut members: TokenAnswer, response: &Response) -> Result<Token, Error> {
        self.check_type(members.token_type.as_ref(), members.access_token.as_ref())?;
        let access_token = match members.access_token.take() {
            Some(Value::Text(access_token)) => access_token,
            Some(_) => return Err(self.malformed("its access_token is not a string")),
            None => return Err(self.malformed("it has no access_token")),
        };
        check(&access_token).map_err(|what| self.malformed(&format!("its access_token {what}")))?;
        let expires_in = members.expires_in.as_ref().and_then(seconds).and_then(plausible);
        let of_the_jwt = || lifetime_seconds(&access_token, response.received_at);
        let scope = members.scope.take().and_then(Value::into_text);
        Ok(Token {
            authorization: render(&access_token, self.separator),
            scope: scope.filter(|scope| is_scope(scope)).map(|scope| String::from(scope.as_str())),
            lifetime: expires_in.or_else(|| of_the_jwt().and_then(plausible)),
            members: self.further_members(response),
        })
    }

    /// What was asked to be kept beside the token.
    fn further_members(&self, response: &Response) -> Vec<(String, Zeroizing<String>)> {
        if self.members.is_empty() {
            return Vec::new();
        }
        let all: AllMembers = read_masked(response.body()).unwrap_or_default();
        let wanted = |(name, value): (String, Option<Value>)| {
            Some((name, value?.into_text()?)).filter(|(name, _)| self.members.contains(name))
        };
        all.0.into_iter().filter_map(wanted).collect()
    }

    /// What may not be shown: the secrets that were sent, and the token that came, if the answer repeats it.
    fn redacted<'a>(&'a self, access_token: Option<&'a Value>) -> Vec<&'a str> {
        let token = match access_token {
            Some(Value::Text(token)) if token.len() >= MIN_REDACTED_TOKEN_BYTES => {
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
                let name = redact::redacted(name, &self.redacted(access_token));
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

    fn refused(&self, response: Response, members: Option<TokenAnswer>) -> Error {
        let is_json = members.as_ref().is_some_and(|members| members.error.is_some());
        let TokenAnswer { access_token, error, error_description, error_uri, .. } =
            members.unwrap_or_default();
        let secrets = self.redacted(access_token.as_ref());
        let (status, is_success) = (response.status(), response.is_success());
        let retry_after = retry_after(&response);
        let reason = redact::redacted(response.reason().trim_ascii(), &secrets);
        let words = if is_json { None } else { words_without_json(&response, &secrets) };
        drop(response); // on a small heap the message needs its room
        let show = |value| match value {
            Some(Value::Text(value)) => Some(redact::redacted(&value, &secrets)),
            _ => None,
        };
        let mut refusal = Refusal {
            status,
            error: show(error),
            error_description: show(error_description),
            error_uri: show(error_uri),
            retry_after,
            ..Refusal::default()
        };
        let server = self.request.url().host_and_port();
        let mut message = format!("{server} refused the token request: {status}");
        if !reason.is_empty() {
            message.extend([" ", &reason]);
        }
        if refusal.error.is_none() && is_success {
            message.push_str(": its answer has an `error` that is no text");
        }
        for (separator, part) in
            [(": ", &refusal.error), (": ", &refusal.error_description), (" ", &refusal.error_uri)]
        {
            if let Some(part) = part {
                message.extend([separator, part]);
            }
        }
        if let Some(words) = &words {
            message.extend([": ", words]);
        }
        let is_unavailable =
            is_unavailable(status) || refusal.error.as_deref() == Some("temporarily_unavailable");
        let advice = match status {
            300..=399 => "redirects are not followed; give the URL that it redirects to",
            404 | 405 => "there is no token endpoint at this address",
            _ if is_unavailable => "the server has trouble of its own; try again later",
            _ if words.is_some() => {
                "this is no answer of a token server; a proxy before it may have refused"
            }
            _ => self.advice,
        };
        message.extend([" (", advice, ")"]);
        refusal.message = message;
        by_status(refusal, is_unavailable)
    }
}

/// The members of a token answer (RFC 6749 sections 5.1 and 5.2) that are read.
#[derive(Default)]
struct TokenAnswer {
    access_token: Option<Value>,
    token_type: Option<Value>,
    expires_in: Option<Value>,
    scope: Option<Value>,
    error: Option<Value>,
    error_description: Option<Value>,
    error_uri: Option<Value>,
}

impl Members for TokenAnswer {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value>> {
        Some(match name {
            "access_token" => &mut self.access_token,
            "token_type" => &mut self.token_type,
            "expires_in" => &mut self.expires_in,
            "scope" => &mut self.scope,
            "error" => &mut self.error,
            "error_description" => &mut self.error_description,
            "error_uri" => &mut self.error_uri,
            _ => return None,
        })
    }
}

/// All members: which of them are wanted is known at run time.
#[derive(Default)]
struct AllMembers(Vec<(String, Option<Value>)>);

impl Members for AllMembers {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value>> {
        self.0.push((String::from(name), None));
        self.0.last_mut().map(|(_, slot)| slot)
    }
}

/// What a refusal that is no JSON with `error` says of itself: where it redirects to, what a 401 asks for, or, for a
/// page, its content type and title. Secrets are redacted before anything is cut, so that half of one is not left.
fn words_without_json(response: &Response, secrets: &[&str]) -> Option<String> {
    let redacted = |text| redact::redacted(text, secrets);
    if let (300..=399, Some(location)) = (response.status(), response.header("location")) {
        // Its query may hold what was sent.
        let location = redacted(location);
        let end = location.find(['?', '#']).unwrap_or(location.len());
        return Some(format!("it redirects to {}", location.get(..end).unwrap_or_default()));
    }
    if let (401, Some(challenge)) = (response.status(), response.header("www-authenticate")) {
        let challenge = redacted(challenge);
        let realm = challenge.split_once("realm=\"").and_then(|(_, rest)| rest.split_once('"'));
        if let Some((realm, _)) = realm {
            return Some(format!("realm {realm}"));
        }
    }
    let content_type = response.header("content-type")?;
    if content_type.starts_with("application/json") {
        return None;
    }
    let title = response.text().ok().and_then(title).unwrap_or_default();
    let separator = if title.is_empty() { "" } else { ": " };
    Some(redacted(&format!("{content_type}{separator}{title}")))
}

/// What stands between `<title>` and `</title>`.
fn title(page: &str) -> Option<&str> {
    let find = |text: &str, tag: &str| {
        text.as_bytes().windows(tag.len()).position(|at| at.eq_ignore_ascii_case(tag.as_bytes()))
    };
    let start = find(page, "<title>")? + "<title>".len();
    let title = page.get(start..)?;
    Some(title.get(..find(title, "</title>")?)?.trim_ascii())
}

/// Whether the server cannot answer now, rather than would not.
fn is_unavailable(status: u16) -> bool {
    matches!(status, 429 | 500..=599)
}

fn by_status(refusal: Refusal, is_unavailable: bool) -> Error {
    let refusal = Box::new(refusal);
    if is_unavailable { Error::Unavailable(refusal) } else { Error::Refused(refusal) }
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
    format!("it is not one JSON object ({})", redact::redacted(&what, secrets))
}

impl Error {
    /// An [`Error::Refused`], or [`Error::Unavailable`] for 429 and 5xx, for a flow of your own. `words` are the
    /// server's: they are cut to 256 characters, control characters are escaped, and the secrets that
    /// [`Request::with_secret`] named are replaced.
    pub fn refused(request: &Request, status: u16, words: &str) -> Error {
        let secrets: Vec<&str> = request.secrets().collect();
        let mut message =
            format!("{} refused the token request: {status}", request.url().host_and_port());
        let words = redact::redacted(words.trim_ascii(), &secrets);
        if !words.is_empty() {
            message = format!("{message}: {words}");
        }
        by_status(Refusal { message, status, ..Refusal::default() }, is_unavailable(status))
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
        let answer =
            AnswerReader { request: &request, separator: ' ', members: &[], advice: "advice" };
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

    #[test]
    fn a_null_error_beside_a_token_is_none() {
        assert_eq!(read(200, r#"{"access_token":"t","error":null}"#).unwrap().access_token(), "t");
    }

    #[test]
    fn without_a_usable_expires_in_a_jwt_says_how_long_it_lives() {
        // {"iat":1700000000,"exp":1700003600}
        let jwt = "e30.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMzYwMH0.c2ln";
        for (member, seconds) in [
            ("", 3600),
            (r#","expires_in":null"#, 3600),
            (r#","expires_in":"soon""#, 3600),
            (r#","expires_in":-1"#, 3600),
            (r#","expires_in":60"#, 60),
        ] {
            let token = read(200, &format!("{{\"access_token\":\"{jwt}\"{member}}}")).unwrap();
            assert_eq!(token.lifetime(), Some(Duration::from_secs(seconds)), "{member}");
        }
    }

    #[test]
    fn members_that_were_asked_for_are_kept() {
        let request = Request::for_token(Method::Get, Url::parse("URL", "http://h/").unwrap());
        let members = &["instance_url".into(), "absent".into(), "number".into()];
        let answer = AnswerReader { request: &request, separator: ' ', members, advice: "" };
        let body = r#"{"access_token":"t","instance_url":"https:\/\/x","number":7,"other":"y"}"#;
        let token = answer.read_answer(Response::new(200, body)).unwrap();
        assert_eq!(token.member("instance_url"), Some("https://x"));
        assert_eq!(
            [token.member("absent"), token.member("number"), token.member("other")],
            [None; 3]
        );
    }

    #[test]
    fn a_refusal_that_is_no_json_is_shown_by_what_it_says_of_itself() {
        for (status, name, value, body, part) in [
            (
                400,
                "Content-Type",
                "text/html",
                "<TITLE> No required SSL certificate was sent </title>",
                "400: text/html: No required SSL certificate was sent (this is no answer of a token server",
            ),
            (502, "Content-Type", "text/html", "<html>", "502: text/html (the server has trouble"),
            (
                401,
                "WWW-Authenticate",
                "Basic realm=\"proxy hunter2\"",
                "",
                "401: realm proxy [redacted] (this is no",
            ),
            (
                302,
                "Location",
                "https://sso.example/login?next=hunter2",
                "",
                "302: it redirects to https://sso.example/login (redirects are not followed",
            ),
            (401, "Content-Type", "application/json", "{}", "401 (advice)"),
        ] {
            let request =
                Request::for_token(Method::Get, Url::parse("URL", "http://h:1/").unwrap())
                    .with_secret("hunter2");
            let answer =
                AnswerReader { request: &request, separator: ' ', members: &[], advice: "advice" };
            let response = Response::new(status, body).with_header(name, value);
            let error = answer.read_answer(response).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_server_that_cannot_answer_now_is_told_from_one_that_will_not() {
        for (status, body, kind) in [
            (429, "", Kind::Unavailable),
            (503, "", Kind::Unavailable),
            (400, r#"{"error":"temporarily_unavailable"}"#, Kind::Unavailable),
            (400, r#"{"error":"invalid_client"}"#, Kind::Refused),
        ] {
            assert_eq!(read(status, body).unwrap_err().kind(), kind, "{status} {body}");
        }
    }
}
