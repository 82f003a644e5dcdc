//! Describes an answer that is not a token server's: a proxy's page, a redirect, a challenge. A description of the answer
//! helps more than advice to check the credentials.

use super::response::Response;
use alloc::format;
use alloc::string::String;

/// Describes a body that is not JSON. `show` is as for [`describe`].
pub(crate) fn body_kind(response: &Response, show: &dyn Fn(&str) -> String) -> String {
    let encoding =
        response.header("content-encoding").filter(|name| !name.eq_ignore_ascii_case("identity"));
    match (response.body().is_empty(), encoding, response.header("content-type")) {
        (true, ..) => String::from("it is empty"),
        (_, Some(encoding), _) => {
            format!("Content-Encoding {}, which was not asked for", show(encoding))
        }
        (_, _, Some(content_type)) => format!("Content-Type {}", show(content_type)),
        _ => String::from("no Content-Type"),
    }
}

/// Describes a refusal that is not JSON with `error`: the target of a redirect, the realm of a 401, or the content type
/// and title of a page. `show` makes a text safe to print. It comes before anything is cut off, which could leave half
/// a secret.
pub(crate) fn describe(response: &Response, show: &dyn Fn(&str) -> String) -> Option<String> {
    if let (300..=399, Some(location)) = (response.status(), response.header("location")) {
        let mut target = show(location);
        // The query may hold the secret that was sent.
        target.truncate(
            target.bytes().position(|byte| b"?#".contains(&byte)).unwrap_or(target.len()),
        );
        return Some(format!("it redirects to {target}"));
    }
    if let (401, Some(challenge)) = (response.status(), response.header("www-authenticate")) {
        if let Some(realm) = between(show(challenge).as_bytes(), "realm=\"", "\"") {
            return Some(format!("realm {realm}"));
        }
    }
    let content_type = response.header("content-type")?;
    if content_type.starts_with("application/json") {
        return None;
    }
    let title = between(response.body(), "<title", "</title").unwrap_or_default();
    // After its attributes.
    let title = title.split_once('>').unwrap_or_default().1.trim_ascii();
    let separator = if title.is_empty() { "" } else { ": " };
    Some(format!("{}{separator}{}", show(content_type), show(title)))
}

/// The text between two others, which are compared without case.
fn between<'a>(text: &'a [u8], start: &str, end: &str) -> Option<&'a str> {
    let find = |text: &[u8], part: &str| {
        text.windows(part.len()).position(|at| at.eq_ignore_ascii_case(part.as_bytes()))
    };
    let inside = text.get(find(text, start)? + start.len()..)?;
    core::str::from_utf8(inside.get(..find(inside, end)?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(response: &Response) -> Option<String> {
        super::describe(response, &|text| text.replace("s?c#r\"t", "[redacted]"))
    }

    #[test]
    fn a_page_is_its_content_type_and_its_title() {
        for (body, expected) in [
            (&b"<html><TITLE> No cert\r\n </title>"[..], "text/html: No cert"),
            (b"<title lang=\"en\">403 Forbidden</title\n>\xff", "text/html: 403 Forbidden"),
            (b"<title></title><title>2</title>", "text/html"),
            (b"<title>without an end", "text/html"),
            (b"<title>not UTF-8 \xff</title>", "text/html"),
            (b"</title><titl", "text/html"),
            (b"", "text/html"),
        ] {
            let response = Response::new(400, body).with_header("content-type", "text/html");
            assert_eq!(describe(&response).as_deref(), Some(expected), "{body:?}");
        }
        assert_eq!(describe(&Response::new(400, "<title>no content type</title>")), None);
        let json = Response::new(400, "{}").with_header("content-type", "application/json; a=b");
        assert_eq!(describe(&json), None);
    }

    #[test]
    fn a_redirect_is_shown_without_its_query_and_a_challenge_by_its_realm() {
        let page = ("content-type", "text/plain");
        for (status, (name, value), expected) in [
            (302, ("location", "https://h:1/a?client_secret=x"), "it redirects to https://h:1/a"),
            (307, ("location", "/b#c"), "it redirects to /b"),
            (302, ("location", "/s?c#r\"t/b?c"), "it redirects to /[redacted]/b"),
            (401, ("www-authenticate", "Basic realm=\"s?c#r\"t\""), "realm [redacted]"),
            (200, ("location", "/b"), "text/plain"),
            (401, ("www-authenticate", "Basic Realm=\"the proxy\", charset=x"), "realm the proxy"),
            (401, ("www-authenticate", "Negotiate"), "text/plain"),
            (403, ("www-authenticate", "Basic realm=\"x\""), "text/plain"),
        ] {
            let response = Response::new(status, "").with_header(page.0, page.1);
            let response = response.with_header(name, value);
            assert_eq!(describe(&response).as_deref(), Some(expected), "{status} {value}");
        }
    }
}
