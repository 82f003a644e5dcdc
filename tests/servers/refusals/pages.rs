//! How an answer without an OAuth error is described: a page, JSON of another shape, plain text, a redirect.

use minbearer::{Method, Request, Response, Token, Url};

/// What the error says between the status line and what to try.
fn describe(response: Response, secrets: &[&str]) -> String {
    let mut request = Request::for_token(Method::Post, Url::parse("URL", "http://h/").unwrap());
    for secret in secrets {
        request = request.with_secret(*secret);
    }
    let start = format!("h:80 refused the token request: {}", response.status());
    let error = Token::from_answer(&request, response).unwrap_err().to_string();
    let said = error.strip_prefix(&start).expect("a refusal").rsplit_once(" (").unwrap().0;
    let said = said.strip_prefix(" No").unwrap_or(said);
    String::from(said.strip_prefix(": ").unwrap_or(said))
}

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
        assert_eq!(describe(response, SECRETS), expected, "{body:?}");
    }
    let page = Response::new(400, "\n<!doctype html><title>no content type</title>");
    assert_eq!(describe(page, &[]), "a page without a type: no content type");
    let page = Response::new(400, b"<title>not UTF-8 \xff\0</title>")
        .with_header("content-type", "text/html");
    assert_eq!(describe(page, &[]), "its body has the Content-Type text/html");
    let reaching =
        Response::new(400, "<title>a secret</title>").with_header("content-type", "text/html");
    assert_eq!(describe(reaching, &["secret</title>"]), "text/html: a [redacted]");
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
        ("<title>HTTP Status 400 – Bad</title>It is Monday", "HTTP Status 400 – Bad It is Monday"),
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
        assert_eq!(describe(response, &secrets), format!("text/html: {expected}"), "{body}");
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
            b"\xff\xfe\0",
            "its body has the Content-Type application/octet-stream",
        ),
        ("text/plain", b"", ""),
    ] {
        let response = Response::new(400, body).with_header("content-type", content_type);
        assert_eq!(describe(response, SECRETS), expected, "{body:?}");
    }
    let coded = Response::new(400, "x").with_header("content-encoding", "br");
    assert_eq!(describe(coded, &[]), "its body has the Content-Encoding br");
}

#[test]
fn a_redirect_is_shown_without_its_query_and_a_challenge_after_the_body() {
    for (status, (name, value), body, expected) in [
        (302, ("location", "https://h:1/a?client_secret=x"), "", "it redirects to https://h:1/a"),
        (307, ("location", "/b#c"), "", "it redirects to /b"),
        (302, ("location", "/s?c#r\"t/b?c"), "", "it redirects to /[redacted]/b"),
        (302, ("location", "https://u:pw@h:1/x@y?z"), "", "it redirects to https://h:1/x@y"),
        (302, ("location", "https://s?c#r\"t@h/x"), "", "it redirects to https://[redacted]@h/x"),
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
        assert_eq!(describe(response, SECRETS), expected, "{status} {value}");
    }
}
