//! Describes an answer without an OAuth error: a redirect, a page, JSON of another shape, plain text, a challenge. What it
//! says helps more than advice to check the credentials.

use super::json::without_byte_order_mark;
use super::redact::{redacted, redacted_part};
use super::response::Response;
use super::url::before;
use alloc::format;
use alloc::string::String;
use core::ops::Range;

/// Describes a 2xx body that is not JSON, in which a token may be: by its type alone, a page by its title too.
pub(crate) fn body_kind(response: &Response, secrets: &[&str], url: &str) -> String {
    let show = |text: &str| redacted(text, secrets);
    if response.body().is_empty() {
        return no_endpoint("it is empty", url);
    }
    if let Some(coding) = coding(response) {
        return format!(
            "it has the Content-Encoding {}, though `identity` was asked for; have compression turned off at the server or the proxy in between",
            show(coding)
        );
    }
    if let Some(page) = page(response, secrets) {
        return no_endpoint(&format!("it is not JSON but a page ({page})"), url);
    }
    match response.header("content-type") {
        Some(form) if form.starts_with("application/x-www-form-urlencoded") => String::from(
            "it is a form and not JSON, and only JSON is understood; have the server answer with JSON",
        ),
        content_type => {
            let content_type = show(content_type.unwrap_or("none"));
            no_endpoint(&format!("it is not one JSON object (Content-Type {content_type})"), url)
        }
    }
}

/// Asks after the token URL, beside what was found there.
pub(crate) fn no_endpoint(what: &str, url: &str) -> String {
    format!("{what}; is {url} the token endpoint's URL, and not the issuer's or a login page's?")
}

/// Describes a refusal without an OAuth error: the target of a redirect; else what its body says and its challenge. Empty if
/// there is none of these.
pub(crate) fn describe(response: &Response, secrets: &[&str]) -> String {
    let show = |text: &str| redacted(text, secrets);
    if let (300..=399, Some(location)) = (response.status(), response.header("location")) {
        // The query may hold the secret that was sent.
        return format!("it redirects to {}", before(&show(location), b"?#"));
    }
    let has_title = title(response.body()).is_some_and(|title| !title.is_empty());
    let mut said = match (coding(response), core::str::from_utf8(response.body())) {
        _ if response.body().is_empty() => String::new(),
        (Some(coding), _) => format!("its body has the Content-Encoding {}", show(coding)),
        // HAProxy's pages have no title; then their source says more than their type.
        (None, Ok(text)) => page(response, secrets)
            .filter(|_| has_title)
            .unwrap_or_else(|| show(without_byte_order_mark(text))),
        (None, Err(_)) => {
            let content_type = response.header("content-type").unwrap_or("none");
            format!("its body has the Content-Type {}", show(content_type))
        }
    };
    if let (401 | 403 | 407, Some(challenge)) = (response.status(), response.challenge()) {
        said.push_str(if said.is_empty() { "" } else { "; " });
        said.push_str("its challenge is ");
        said.push_str(&show(challenge));
    }
    said
}

fn coding(response: &Response) -> Option<&str> {
    response.header("content-encoding").filter(|name| !name.eq_ignore_ascii_case("identity"))
}

/// Describes a page of HTML by its content type and title.
fn page(response: &Response, secrets: &[&str]) -> Option<String> {
    let content_type = response.header("content-type");
    let body = response.body();
    let title = title(body);
    let is_html = content_type.is_some_and(|name| find(name.as_bytes(), "html").is_some());
    if !is_html && (title.is_none() || !body.trim_ascii_start().starts_with(b"<")) {
        return None;
    }
    let content_type = redacted(content_type.unwrap_or("a page"), secrets);
    // Without parameters such as the character set.
    let content_type = before(&content_type, b";");
    // A secret may reach into the title, so the whole page is searched.
    let title = match (core::str::from_utf8(body), title) {
        (Ok(text), Some(title)) => redacted_part(text, title, secrets),
        _ => String::new(),
    };
    let separator = if title.is_empty() { "" } else { ": " };
    Some(format!("{content_type}{separator}{title}"))
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
pub(crate) fn find(text: &[u8], part: &str) -> Option<usize> {
    text.windows(part.len()).position(|at| at.eq_ignore_ascii_case(part.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRETS: &[&str] = &["s?c#r\"t"];

    #[test]
    fn a_page_is_its_content_type_and_its_title() {
        for (body, expected) in [
            (&b"<html><TITLE> No cert\r\n </title>"[..], "text/html: No cert"),
            (b"<title lang=\"en\">403 Forbidden</title\n>", "text/html: 403 Forbidden"),
            (b"<title></title><title>2</title>", "<title></title><title>2</title>"),
            (b"<title>without an end", "<title>without an end"),
            (b"<title>no s?c#r\"t</title>", "text/html: no [redacted]"),
            (b"</title><titl", "</title><titl"),
        ] {
            let response = Response::new(400, body).with_header("content-type", "text/html");
            assert_eq!(describe(&response, SECRETS), expected, "{body:?}");
        }
        let page = Response::new(400, "\n<!doctype html><title>no content type</title>");
        assert_eq!(describe(&page, &[]), "a page: no content type");
        let page = Response::new(400, b"<title>not UTF-8 \xff</title>")
            .with_header("content-type", "text/html");
        assert_eq!(describe(&page, &[]), "its body has the Content-Type text/html");
        let reaching =
            Response::new(400, "<title>a secret</title>").with_header("content-type", "text/html");
        assert_eq!(describe(&reaching, &["secret</title>"]), "text/html: a [redacted]");
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
                "<Error><Code>AccessDenied</Code></Error>",
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
