//! Describes an answer without an OAuth error: a redirect, a page, JSON of another shape, plain text, a challenge. What it
//! says helps more than advice to check the credentials.

use super::json::without_byte_order_mark;
use super::redact::{redacted, redacted_part};
use super::response::Response;
use alloc::format;
use alloc::string::String;
use core::ops::Range;

/// Describes a 2xx body that is not JSON, in which a token may be: by its type alone, a page by its title too.
pub(crate) fn body_kind(response: &Response, secrets: &[&str]) -> String {
    let show = |text: &str| redacted(text, secrets);
    if response.body().is_empty() {
        return String::from("it is empty");
    }
    if let Some(coding) = coding(response) {
        return format!(
            "it has the Content-Encoding {}, though `identity` was asked for; have compression turned off at the server or the proxy in between",
            show(coding)
        );
    }
    if let Some(page) = page(response, secrets) {
        return format!(
            "it is not JSON but a page ({page}); the token URL has to be that of the token endpoint, not of the issuer or of the login page"
        );
    }
    match response.header("content-type") {
        Some(form) if form.starts_with("application/x-www-form-urlencoded") => String::from(
            "it is a form and not JSON, and only JSON is understood; have the server answer with JSON",
        ),
        Some(content_type) => {
            let content_type = show(content_type);
            format!(
                "it is not one JSON object (Content-Type {content_type}); is this the token endpoint's URL?"
            )
        }
        None => String::from(
            "it is not one JSON object (no Content-Type); is this the token endpoint's URL?",
        ),
    }
}

/// Describes a refusal without an OAuth error: the target of a redirect; else what its body says and its challenge.
pub(crate) fn describe(response: &Response, secrets: &[&str]) -> Option<String> {
    let show = |text: &str| redacted(text, secrets);
    if let (300..=399, Some(location)) = (response.status(), response.header("location")) {
        let mut target = show(location);
        // The query may hold the secret that was sent.
        target.truncate(
            target.bytes().position(|byte| b"?#".contains(&byte)).unwrap_or(target.len()),
        );
        return Some(format!("it redirects to {target}"));
    }
    let content_type = response.header("content-type");
    let body = match core::str::from_utf8(response.body()) {
        _ if response.body().is_empty() => String::new(),
        _ if coding(response).is_some() => format!(
            "its body has the Content-Encoding {}",
            show(coding(response).unwrap_or_default())
        ),
        text => match (page(response, secrets), text) {
            (Some(page), _) => page,
            (None, Ok(text)) => show(without_byte_order_mark(text)),
            (None, Err(_)) => {
                format!("its body has the Content-Type {}", show(content_type.unwrap_or("none")))
            }
        },
    };
    let challenge = response.challenge().filter(|_| matches!(response.status(), 401 | 403 | 407));
    match (body.is_empty(), challenge) {
        (true, None) => None,
        (true, Some(challenge)) => Some(format!("its challenge is {}", show(challenge))),
        (false, None) => Some(body),
        (false, Some(challenge)) => Some(format!("{body}; its challenge is {}", show(challenge))),
    }
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
fn find(text: &[u8], part: &str) -> Option<usize> {
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
            (b"<title></title><title>2</title>", "text/html"),
            (b"<title>without an end", "text/html"),
            (b"<title>no s?c#r\"t</title>", "text/html: no [redacted]"),
            (b"</title><titl", "text/html"),
        ] {
            let response = Response::new(400, body).with_header("content-type", "text/html");
            let expected = Some(expected);
            assert_eq!(describe(&response, SECRETS).as_deref(), expected, "{body:?}");
        }
        let page = Response::new(400, "\n<!doctype html><title>no content type</title>");
        assert_eq!(describe(&page, &[]).as_deref(), Some("a page: no content type"));
        let page = Response::new(400, b"<title>not UTF-8 \xff</title>")
            .with_header("content-type", "text/html");
        assert_eq!(describe(&page, &[]).as_deref(), Some("text/html"));
        let reaching =
            Response::new(400, "<title>a secret</title>").with_header("content-type", "text/html");
        assert_eq!(
            describe(&reaching, &["secret</title>"]).as_deref(),
            Some("text/html: a [redacted]")
        );
    }

    #[test]
    fn json_and_plain_text_are_shown() {
        for (content_type, body, expected) in [
            (
                "application/json",
                &b"{\"message\":\"no s?c#r\\\"t\"}"[..],
                Some("{\"message\":\"no [redacted]\"}"),
            ),
            ("text/plain", b"Unauthorized\n", Some("Unauthorized")),
            (
                "application/xml",
                b"<Error><Code>AccessDenied</Code></Error>",
                Some("<Error><Code>AccessDenied</Code></Error>"),
            ),
            (
                "application/octet-stream",
                b"\xff\xfe",
                Some("its body has the Content-Type application/octet-stream"),
            ),
            ("text/plain", b"", None),
        ] {
            let response = Response::new(400, body).with_header("content-type", content_type);
            assert_eq!(describe(&response, SECRETS).as_deref(), expected, "{body:?}");
        }
        let coded = Response::new(400, "x").with_header("content-encoding", "br");
        assert_eq!(describe(&coded, &[]).as_deref(), Some("its body has the Content-Encoding br"));
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
            assert_eq!(describe(&response, SECRETS).as_deref(), Some(expected), "{status} {value}");
        }
    }
}
