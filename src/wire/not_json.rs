//! Describes an answer without an OAuth error: a redirect, a page, JSON of another shape, plain text, a challenge. What it
//! says helps more than advice to check the credentials.

use super::challenge::parameter;
use super::form;
use super::json::without_byte_order_mark;
use super::redact::{latin_1, redacted, redacted_part, redacted_uncut};
use super::response::Response;
use super::url::before;
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
    !HAS_NO_READER && find(content_type.as_bytes(), "x-www-form-urlencoded").is_some()
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
    let is_html = content_type.is_some_and(|name| find(name.as_bytes(), "html").is_some());
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
    let is_known = |word: &str| {
        let has = |text: &str| find(text.as_bytes(), word).is_some();
        has("HTTP error response - ") || has(&code) || has(reason)
    };
    if is_refusal
        && (shown.split_ascii_whitespace().all(is_known)
            || find(shown.as_bytes(), "HTTP Status ") == Some(0))
    {
        let rest = without_tags(&redacted_uncut(text, title.end..text.len(), secrets));
        let is_in = |text: &str, part: &str| find(text.as_bytes(), part).is_some();
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
        let is = |name: &str| find(rest.as_bytes().get(..name.len()).unwrap_or_default(), name);
        let (end, len) = match (is("<style"), is("<script")) {
            (Some(_), _) => ("</style", 0),
            (_, Some(_)) => ("</script", 0),
            _ => (">", 1),
        };
        let end = find(rest.as_bytes(), end).map_or(rest.len(), |at| at + len);
        rest = rest.get(end..).unwrap_or_default();
    }
    out
}

/// Where the title of a page stands.
fn title(page: &[u8]) -> Option<Range<usize>> {
    let tag = find(page, "<title")?;
    // After its attributes.
    let start = tag + page.get(tag..)?.iter().position(|byte| *byte == b'>')? + 1;
    let len = find(page.get(start..)?, "</title")?;
    Some(start..start + len)
}

/// Where a text has another, which is compared without case.
pub(super) fn find(text: &[u8], part: &str) -> Option<usize> {
    text.windows(part.len().max(1)).position(|at| at.eq_ignore_ascii_case(part.as_bytes()))
}

/// Whether a text has one of these words, which a slash separates, in any case.
pub(crate) fn says_any(text: &[u8], words: &str) -> bool {
    words.split('/').any(|words| find(text, words).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const SECRETS: &[&str] = &["s?c#r\"t"];

    #[test]
    fn a_page_is_its_content_type_and_its_title() {
        for (body, expected) in [
            (&b"<html><TITLE> No cert\r\n </title>"[..], "text/html: No cert"),
            (b"<title lang=\"en\">403 Forbidden</title\n>", "text/html: 403 Forbidden"),
            (b"<title></title><title>2</title>", "text/html: 2"),
            (b"<title>without an end", "text/html: without an end"),
            (b"<title>no s?c#r\"t</title>", "text/html: no [redacted]"),
            (b"</title><titl", "text/html"),
            (b"<title>Mistake</title><p>400", "text/html: Mistake"),
        ] {
            let response = Response::new(400, body).with_header("content-type", "text/html");
            assert_eq!(describe(&response, SECRETS), expected, "{body:?}");
        }
        let page = Response::new(400, "\n<!doctype html><title>no content type</title>");
        assert_eq!(describe(&page, &[]), "a page without a type: no content type");
        let page = Response::new(400, b"<title>not UTF-8 \xff</title>")
            .with_header("content-type", "text/html");
        assert_eq!(describe(&page, &[]), "its body has the Content-Type text/html");
        let reaching =
            Response::new(400, "<title>a secret</title>").with_header("content-type", "text/html");
        assert_eq!(describe(&reaching, &["secret</title>"]), "text/html: a [redacted]");
    }

    #[test]
    fn a_page_whose_title_repeats_the_status_line_is_its_text() {
        for (body, expected) in [
            ("<title>400 No</title>\n<h1>No</h1>\n<p>It is <b>Monday</b>.", "No It is Monday ."),
            ("<title>400 No</title><hr>", "400 No"),
            ("<title>No</title><p>It is Monday", "It is Monday"),
            ("<title>403 No</title>", "403 No"),
            ("<title>400 Nothing</title><p>It is Monday", "400 Nothing"),
            // A title of the status line's words alone is no more than that.
            ("<title>Error</title><p>It is Monday", "Error It is Monday"),
            (
                "<title>Error 400 - NO</title><p>HTTP Error 400 - No: it is Monday",
                "HTTP Error 400 - No: it is Monday",
            ),
            (
                "<title>HTTP Status 400 – Bad</title>It is Monday",
                "HTTP Status 400 – Bad It is Monday",
            ),
            ("<title>Error</title>", "Error"),
            ("<title>No errors</title><p>It is Monday", "No errors"),
            // What is for no person.
            ("<style>p { color: red }</style>It<script>a < b</script> is Monday", "It is Monday"),
            ("<STYLE type=x>a>b</STYLE>It is Monday", "It is Monday"),
            ("It is Monday<script>no end", "It is Monday"),
            ("It <b is Monday", "It"),
            ("It is <a href=x", "It is"),
            ("<title>Error</title><p>hunter2", "[redacted]"),
            ("<title></title><p>s?c#r\"t</p>", "[redacted]"),
            ("<script>s?c#r\"t</script>no s?c#r\"t", "no [redacted]"),
            // What tags part, and what is a tag in the secret, is redacted too.
            ("<p>s?c<br>r\"t</p>", "s?c r\"t"),
            ("<p>a <tag> b</p>", "[redacted]"),
            ("<p>in two<hr>parts</p>", "[redacted]"),
        ] {
            let head = format!("HTTP/1.1 400 No\r\nContent-Type: text/html\r\n\r\n{body}");
            let response = Response::from_bytes(head.as_bytes()).unwrap();
            let secrets = ["s?c#r\"t", "a <tag> b", "in two parts", "Error hunter2"];
            assert_eq!(describe(&response, &secrets), format!("text/html: {expected}"), "{body}");
        }
    }

    #[test]
    fn json_and_plain_text_are_shown() {
        for (content_type, body, expected) in [
            (
                "application/json",
                &b"{\"message\":\"no s?c#r\\\"t\"}"[..],
                "{\"message\":\"no [redacted]\"}",
            ),
            ("text/plain", b"Unauthorized\n", "Unauthorized"),
            (
                "application/xml",
                b"<Error><Code>AccessDenied</Code></Error>",
                "application/xml: AccessDenied",
            ),
            (
                "application/octet-stream",
                b"\xff\xfe",
                "its body has the Content-Type application/octet-stream",
            ),
            ("text/plain", b"", ""),
        ] {
            let response = Response::new(400, body).with_header("content-type", content_type);
            assert_eq!(describe(&response, SECRETS), expected, "{body:?}");
        }
        let coded = Response::new(400, "x").with_header("content-encoding", "br");
        assert_eq!(describe(&coded, &[]), "its body has the Content-Encoding br");
    }

    #[test]
    fn a_redirect_is_shown_without_its_query_and_a_challenge_after_the_body() {
        for (status, (name, value), body, expected) in [
            (
                302,
                ("location", "https://h:1/a?client_secret=x"),
                "",
                "it redirects to https://h:1/a",
            ),
            (307, ("location", "/b#c"), "", "it redirects to /b"),
            (302, ("location", "/s?c#r\"t/b?c"), "", "it redirects to /[redacted]/b"),
            (302, ("location", "https://u:pw@h:1/x@y?z"), "", "it redirects to https://h:1/x@y"),
            (
                302,
                ("location", "https://s?c#r\"t@h/x"),
                "",
                "it redirects to https://[redacted]@h/x",
            ),
            (302, ("location", "https://u%40v:p@w@h/x"), "", "it redirects to https://h/x"),
            (302, ("location", "//u:pw@h/x"), "", "it redirects to //h/x"),
            (302, ("location", "https:\\\\u:pw@h/x"), "", "it redirects to https:\\\\h/x"),
            (302, ("location", "https://u:pw@h?a@b"), "", "it redirects to https://h"),
            (302, ("location", "/@u/x"), "", "it redirects to /@u/x"),
            (304, ("location", "/b"), "", ""),
            (400, ("location", "/b"), "text", "text"),
            (
                401,
                ("www-authenticate", "Basic realm=\"s?c#r\"t\""),
                "",
                "its challenge is Basic realm=\"[redacted]\"",
            ),
            (401, ("www-authenticate", "Negotiate"), "text", "text; its challenge is Negotiate"),
            (400, ("www-authenticate", "Negotiate"), "text", "text"),
        ] {
            let response = Response::new(status, body).with_header(name, value);
            assert_eq!(describe(&response, SECRETS), expected, "{status} {value}");
        }
    }
}
