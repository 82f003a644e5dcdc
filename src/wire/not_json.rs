//! Describes an answer without an OAuth error: a redirect, a page, JSON of another shape, plain text, a challenge. What it
//! says helps more than advice to check the credentials.

use super::challenge::parameter;
use super::form;
use super::json::without_byte_order_mark;
use super::redact::{latin_1, redacted, redacted_part, redacted_uncut};
use super::response::Response;
use super::url::before;
use super::words::{has_word, position};
use crate::error::{HAS_NO_READER, digits};
use alloc::format;
use alloc::string::String;
use core::ops::Range;
use zeroize::Zeroizing;

/// An OAuth error's parameter that is not in JSON: in a form, as GitHub answers, or in the challenge.
pub(crate) fn error_parameter(response: &Response, name: &str) -> Option<Zeroizing<String>> {
    if !is_form(response) {
        return Some(Zeroizing::new(parameter(response.challenge()?, name)?));
    }
    let decoded = form::value(response.body(), name)?;
    match core::str::from_utf8(&decoded) {
        Ok(text) => Some(Zeroizing::new(String::from(text))),
        Err(_) => latin_1(&decoded),
    }
}

pub(crate) fn is_form(response: &Response) -> bool {
    let content_type = response.header("content-type").unwrap_or_default();
    !HAS_NO_READER && position(content_type.as_bytes(), "x-www-form-urlencoded").is_some()
}

/// Describes a 2xx body that is not JSON, in which a token may be: by its type alone, a page by its title too. `url_advice`
/// asks after the URL.
pub(crate) fn body_kind(response: &Response, secrets: &[&str], url_advice: &str) -> String {
    let show = |text: &str| redacted(text, secrets);
    if HAS_NO_READER {
        let content_type = show(response.header("content-type").unwrap_or("none"));
        return format!("it is not one JSON object (Content-Type {content_type})");
    }
    if response.body().is_empty() {
        return ["it is empty", url_advice].concat();
    }
    if let Some(coding) = coding(response) {
        let coding = show(coding);
        return ["it has the Content-Encoding ", &coding, ", though `identity` was asked for; have compression turned off at the server or the proxy in between"].concat();
    }
    if let Some(page) = page(response, secrets, false) {
        return ["it is not JSON but a page, sent as ", &page, url_advice].concat();
    }
    match response.header("content-type") {
        _ if is_form(response) => {
            String::from("it is form-encoded and not JSON; have the server answer with JSON")
        }
        content_type => {
            let content_type = show(content_type.unwrap_or("none"));
            ["it is not one JSON object (Content-Type ", &content_type, ")", url_advice].concat()
        }
    }
}

/// Describes a refusal without an OAuth error: the target of a redirect; else what its body says and its challenge. Empty if
/// there is none of these.
pub(crate) fn describe(response: &Response, secrets: &[&str]) -> String {
    let show = |text: &str| redacted(text, secrets);
    if let (300..=303 | 305..=399, Some(location)) =
        (response.status(), response.header("location"))
    {
        let Range { start, end } = user_info(location);
        let shown = redacted_part(location, 0..start, secrets)
            + &redacted_part(location, end..location.len(), secrets);
        // The query may hold the secret that was sent.
        return ["it redirects to ", before(&shown, b"?#")].concat();
    }
    let mut said = match (coding(response), core::str::from_utf8(response.body())) {
        _ if response.is_unread => String::from("its body is too large, and was left unread"),
        _ if response.body().is_empty() => String::new(),
        (Some(coding), _) => ["its body has the Content-Encoding ", &show(coding)].concat(),
        (None, Ok(text)) => {
            page(response, secrets, true).unwrap_or_else(|| show(without_byte_order_mark(text)))
        }
        (None, Err(_)) => {
            let content_type = response.header("content-type").unwrap_or("none");
            ["its body has the Content-Type ", &show(content_type)].concat()
        }
    };
    if let (401 | 403 | 407, Some(challenge)) = (response.status(), response.challenge()) {
        said.push_str(if said.is_empty() { "" } else { "; " });
        said.push_str("its challenge is ");
        said.push_str(&show(challenge));
    }
    said
}

/// Where the user info of a URL stands, with its `@` (RFC 3986 section 3.2.1); empty if there is none. An authority follows
/// two slashes, which may lean the other way, as browsers have it.
fn user_info(url: &str) -> Range<usize> {
    let is_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    let slashes = url.as_bytes().windows(2).position(|pair| pair.iter().all(is_slash));
    let start = slashes.map_or(url.len(), |at| at + 2);
    let authority = before(url.get(start..).unwrap_or_default(), b"/\\?#");
    let len = authority.bytes().rposition(|byte| byte == b'@').map_or(0, |at| at + 1);
    start..start + len
}

fn coding(response: &Response) -> Option<&str> {
    response.header("content-encoding").filter(|name| !name.eq_ignore_ascii_case("identity"))
}

/// Describes a page of HTML by its content type and title. In a refusal no token can be: a page whose title is missing, or
/// says no more than the status line as those of nginx, Tomcat and Express do, is described by its text, and so is XML.
/// Where every byte counts, a page is a text as any other.
fn page(response: &Response, secrets: &[&str], is_refusal: bool) -> Option<String> {
    if HAS_NO_READER {
        return None;
    }
    let content_type = response.header("content-type");
    let body = response.body();
    let title = title(body);
    let is_html = content_type.is_some_and(|name| position(name.as_bytes(), "html").is_some());
    let has_tags = body.trim_ascii_start().starts_with(b"<") && (is_refusal || title.is_some());
    if !is_html && !has_tags {
        return None;
    }
    let content_type = redacted(content_type.unwrap_or("a page without a type"), secrets);
    // Without parameters such as the character set.
    let content_type = before(&content_type, b";");
    let title = title.unwrap_or(0..0);
    let text = core::str::from_utf8(body).unwrap_or_default();
    // A secret may reach into the title, so the whole page is searched.
    let mut shown = redacted_part(text, title.clone(), secrets);
    // The words of a title that says no more than the status line, which Tomcat's does without sending a reason. Python's
    // `http.server` calls all pages `Error response`. They are not joined: the reason may have the secret.
    let (code, reason) = (digits(response.status().into()), response.reason());
    let line = ["HTTP error response -", &code, reason];
    let is_known = |word: &str| line.iter().any(|text| has_word(text, word));
    if is_refusal
        && (shown.split_ascii_whitespace().all(is_known)
            || position(shown.as_bytes(), "HTTP Status ") == Some(0))
    {
        let rest = without_tags(&redacted_uncut(text, title.end..text.len(), secrets));
        let is_in = |text: &str, part: &str| position(text.as_bytes(), part).is_some();
        let words = shown.strip_prefix(code.as_str()).unwrap_or(&shown).trim_ascii();
        let is_line = words.is_empty() || is_in(reason, words);
        if is_in(&rest, &shown) || (is_line && !rest.is_empty()) {
            shown.clear();
        }
        let all = Zeroizing::new([shown.as_str(), &rest].concat());
        // Once more: what was in two parts may be a secret.
        shown = redacted(&all, secrets);
    }
    let separator = if shown.is_empty() { "" } else { ": " };
    Some([content_type, separator, &shown].concat())
}

/// A page's text with a space for each tag, and for each style sheet and script. A secret of two words may come together.
fn without_tags(text: &str) -> Zeroizing<String> {
    // A space before each word, of which each but the first has a byte before it.
    let mut out = Zeroizing::new(String::with_capacity(text.len() + 1));
    let mut rest = text;
    while !rest.is_empty() {
        let words = before(rest, b"<");
        rest = rest.get(words.len()..).unwrap_or_default();
        for word in words.split_ascii_whitespace() {
            out.push(' ');
            out.push_str(word);
        }
        let is = |name: &str| position(rest.as_bytes().get(..name.len()).unwrap_or_default(), name);
        let (end, len) = match (is("<style"), is("<script")) {
            (Some(_), _) => ("</style", 0),
            (_, Some(_)) => ("</script", 0),
            _ => (">", 1),
        };
        let end = position(rest.as_bytes(), end).map_or(rest.len(), |at| at + len);
        rest = rest.get(end..).unwrap_or_default();
    }
    out
}

/// Where the title of a page stands.
fn title(page: &[u8]) -> Option<Range<usize>> {
    let tag = position(page, "<title")?;
    // After its attributes.
    let start = tag + page.get(tag..)?.iter().position(|byte| *byte == b'>')? + 1;
    let len = position(page.get(start..)?, "</title")?;
    Some(start..start + len)
}
