//! Servers that answer with another status than 200.

use super::*;

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let code = |status: &str| status[..3].parse::<u16>().expect("a status starts with its code");
    for status in ["201 Created", "202 Accepted", "203 Non-Authoritative", "206 Partial", "299 Odd"]
    {
        let sent = vec![Step::send(answer(status, &[], good_json()))];
        rows.push(Row::new(status, sent, GOOD, Outcome::Status(code(status))));
    }
    for status in ["204 No Content", "204 No Content, and a body"] {
        let body = if status.contains("body") { good_json() } else { String::new() };
        let sent = vec![Step::send(answer(status, &[], body))];
        rows.push(Row::new(status, sent, MALFORMED, Outcome::Status(204)));
    }
    let mut refused = |name: String, sent: Vec<u8>, status: &str| {
        let status = code(status);
        // `invalid_client` does not pass by itself, whatever the status; nor does 501.
        let passes = status == 429 || (status != 501 && !name.ends_with("with JSON"));
        let token = if matches!(status, 429 | 500..) && passes { UNAVAILABLE } else { REFUSED };
        rows.push(Row::new(name, vec![Step::send(sent)], token, Outcome::Status(status)));
    };
    for status in [
        "300 Multiple Choices",
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "304 Not Modified",
        "305 Use Proxy",
        "306 Unused",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let sent = answer(status, &["Location: TRAP/api/v3/token"], good_json());
        refused(format!("{status} to another server"), sent, status);
    }
    for (name, headers) in [
        ("a redirect to nowhere", &[][..]),
        ("a redirect to itself", &["Location: /token"]),
        ("a redirect to a file", &["Location: file:///etc/passwd"]),
        ("a redirect to no URL", &["Location: ://\\"]),
        ("two redirects", &["Location: TRAP/a", "Location: TRAP/b"]),
        ("a refresh", &["Refresh: 0; url=TRAP/", "Content-Location: TRAP/", "Link: <TRAP/>"]),
    ] {
        refused(name.into(), answer("302 Found", headers, ""), "302");
    }
    for status in [
        "400 Bad Request",
        "401 Unauthorized",
        "402 Payment Required",
        "403 Forbidden",
        "404 Not Found",
        "405 Method Not Allowed",
        "407 Proxy Authentication Required",
        "408 Request Timeout",
        "418 I'm a teapot",
        "429 Too Many Requests",
        "431 Request Header Fields Too Large",
        "451 Unavailable For Legal Reasons",
        "499 Odd",
        "500 Internal Server Error",
        "501 Not Implemented",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
        "599 Odd",
        "600 Odd",
        "999 Request denied",
    ] {
        let oauth = r#"{"error":"invalid_client","error_description":"no such client"}"#;
        refused(format!("{status} with JSON"), answer(status, &[], oauth), status);
        refused(format!("{status} with HTML"), answer(status, &[], "<html>no</html>"), status);
        refused(format!("{status} with a token"), answer(status, &[], good_json()), status);
    }
    for (name, sent) in [
        ("no body", answer("401 No", &[], "")),
        ("no body and no length", b"HTTP/1.1 401 No\r\n\r\n".to_vec()),
        (
            "no body in chunks",
            b"HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
        ),
        ("JSON without a length", b"HTTP/1.0 401 No\r\n\r\n{\"error\":\"no\"}".to_vec()),
        ("a challenge", answer("401 No", &["WWW-Authenticate: Basic realm=\"x\""], "")),
        ("Retry-After", answer("401 No", &["Retry-After: 0"], "")),
        ("JSON that is cut short", answer("401 No", &[], "{\"error\":\"no")),
        ("an array", answer("401 No", &[], "[\"error\"]")),
        ("bytes that are not UTF-8", answer("401 No", &[], b"\xff\xfe\0")),
        ("64 KiB of text", answer("401 No", &[], "x".repeat(64 * 1024))),
        ("1 MiB of text", answer("401 No", &[], "x".repeat(1024 * 1024))),
        ("a megabyte and more of text", answer("401 No", &[], "x".repeat(1024 * 1024 + 1))),
        (
            "an error of 60 KB",
            answer("401 No", &[], format!("{{\"error\":\"{}\"}}", "x".repeat(60_000))),
        ),
    ] {
        refused(format!("401 with {name}"), sent, "401");
    }
    rows.push(Row::sends(
        "401 whose body is short of its length",
        b"HTTP/1.1 401 No\r\nContent-Length: 99\r\n\r\n{\"error\":\"no\"}",
        CUT,
    ));
    rows
}
