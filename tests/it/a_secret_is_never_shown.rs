//! Errors redact credentials that a server sends back, wherever in its answer they are.

use crate::support::hostile::{Server, Step};
use crate::support::leaks::{everything_shown, leaked, spellings};
use base64ct::{Base64, Encoding};
use minbearer::client_credentials::{self, ClientAuthentication};
use minbearer::{Error, Kind, SecretSource, accelerator, jsa};
use std::time::Duration;

const SECRET: &str = "s3cr3t&=+%#/?é Zq7";
const ASSERTION: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJteS1jbGllbnQifQ.Zq7c2lnbmF0dXJl-_s3cr3t";
const TIMEOUT: Duration = Duration::from_secs(10);

struct Caller {
    name: &'static str,
    /// What the flow sends and no error may show.
    secret: &'static str,
    call: fn(&str) -> Result<minbearer::Token, Error>,
}

const CALLERS: &[Caller] = &[
    Caller {
        name: "jsa",
        secret: SECRET,
        call: |url| {
            let config = jsa::Config::new("id", SECRET)?.with_qoauth_url(url)?;
            jsa::get_token(&config.with_timeout(TIMEOUT))
        },
    },
    Caller {
        name: "accelerator",
        secret: SECRET,
        call: |url| {
            let config = accelerator::Config::new(url, "rose", SECRET)?;
            accelerator::get_token(&config.with_timeout(TIMEOUT))
        },
    },
    Caller {
        name: "accelerator, password from a function",
        secret: SECRET,
        call: |url| {
            let password = SecretSource::from_fn(|| Ok(SECRET.into()));
            let config = accelerator::Config::new(url, "rose", password)?;
            accelerator::get_token(&config.with_timeout(TIMEOUT))
        },
    },
    Caller {
        name: "client_credentials",
        secret: SECRET,
        call: |url| client_credentials(url, ClientAuthentication::body(SECRET)),
    },
    Caller {
        name: "client_credentials, Basic",
        secret: SECRET,
        call: |url| client_credentials(url, ClientAuthentication::basic(SECRET)),
    },
    Caller {
        name: "client_credentials, Basic, unencoded",
        secret: SECRET,
        call: |url| client_credentials(url, ClientAuthentication::basic(SECRET).unencoded()),
    },
    Caller {
        name: "client_credentials, an assertion",
        secret: ASSERTION,
        call: |url| client_credentials(url, ClientAuthentication::assertion(ASSERTION)),
    },
];

fn client_credentials(
    url: &str,
    authentication: ClientAuthentication,
) -> Result<minbearer::Token, Error> {
    let config = client_credentials::Config::new(&format!("{url}/t"), "id", authentication)?;
    client_credentials::get_token(&config.with_timeout(TIMEOUT))
}

/// An answer with `ECHO` where the credentials go, and whether our error shows that part of the answer.
struct Place {
    name: &'static str,
    status_line: &'static str,
    headers: &'static str,
    body: &'static str,
    kind: Kind,
    shown: bool,
}

const JSON: &str = "Content-Type: application/json\r\n";

#[rustfmt::skip]
const PLACES: &[Place] = &[
    Place { name: "error", status_line: "401 No", headers: JSON, body: r#"{"error":"ECHO"}"#, kind: Kind::Refused, shown: true },
    Place { name: "error_description", status_line: "400 No", headers: JSON, body: r#"{"error":"x","error_description":"for ECHO, ECHO"}"#, kind: Kind::Refused, shown: true },
    Place { name: "error_uri", status_line: "403 No", headers: JSON, body: r#"{"error":"x","error_uri":"https://e/?q=ECHO"}"#, kind: Kind::Refused, shown: true },
    Place { name: "error with status 200", status_line: "200 OK", headers: JSON, body: r#"{"error":"ECHO","access_token":"t"}"#, kind: Kind::Refused, shown: true },
    Place { name: "another member", status_line: "401 No", headers: JSON, body: r#"{"error":"x","request":"ECHO","ECHO":1}"#, kind: Kind::Refused, shown: true },
    Place { name: "the reason", status_line: "401 No ECHO", headers: "", body: "", kind: Kind::Refused, shown: true },
    Place { name: "a Location", status_line: "302 Found", headers: "Location: http://127.0.0.1:9/?ECHO\r\n", body: "", kind: Kind::Refused, shown: false },
    Place { name: "a Location's path", status_line: "302 Found", headers: "Location: http://127.0.0.1:9/ECHO/x\r\n", body: "", kind: Kind::Refused, shown: true },
    Place { name: "a challenge", status_line: "401 No", headers: "WWW-Authenticate: Basic realm=\"ECHO\"\r\n", body: "", kind: Kind::Refused, shown: true },
    Place { name: "a page's title", status_line: "502 No", headers: "Content-Type: text/html\r\n", body: "<title>\nECHO\n</title>", kind: Kind::Unavailable, shown: true },
    Place { name: "a page", status_line: "500 No", headers: "Content-Type: text/html\r\n", body: "<pre>ECHO</pre>", kind: Kind::Unavailable, shown: true },
    Place { name: "token_type", status_line: "200 OK", headers: JSON, body: r#"{"access_token":"t","token_type":"ECHO"}"#, kind: Kind::Malformed, shown: true },
    Place { name: "an invalid token", status_line: "200 OK", headers: JSON, body: "{\"access_token\":\"ECHO \\n\"}", kind: Kind::Malformed, shown: false },
    Place { name: "the body alone", status_line: "200 OK", headers: "", body: "ECHO", kind: Kind::Malformed, shown: false },
    Place { name: "the content type", status_line: "200 OK", headers: "Content-Type: text/ECHO\r\n", body: "x", kind: Kind::Malformed, shown: true },
    Place { name: "the content encoding", status_line: "200 OK", headers: "Content-Encoding: ECHO\r\n", body: "x", kind: Kind::Malformed, shown: true },
    Place { name: "a transfer coding", status_line: "200 OK", headers: "Transfer-Encoding: ECHO\r\n", body: "x", kind: Kind::Network, shown: false },
    Place { name: "a length", status_line: "200 OK", headers: "Content-Length: ECHO\r\n", body: "x", kind: Kind::Network, shown: false },
    Place { name: "a line without a colon", status_line: "200 OK", headers: "ECHO\r\n", body: "x", kind: Kind::Network, shown: false },
    Place { name: "a chunk's length", status_line: "200 OK", headers: "Transfer-Encoding: chunked\r\n", body: "ECHO\r\n", kind: Kind::Network, shown: false },
    Place { name: "the status", status_line: "ECHO 200 OK", headers: "", body: "x", kind: Kind::Network, shown: false },
];

fn answer(place: &Place, echo: &str) -> Vec<u8> {
    let Place { status_line, headers, body, .. } = place;
    format!("HTTP/1.1 {status_line}\r\nConnection: close\r\n{headers}\r\n{body}")
        .replace("ECHO", echo)
        .into_bytes()
}

#[test]
fn credentials_that_are_sent_back_are_redacted_everywhere() {
    let basic = Base64::encode_string(b"id:s3cr3t%26%3D%2B%25%23%2F%3F%C3%A9%20Zq7");
    let unencoded = Base64::encode_string(format!("id:{SECRET}").as_bytes());
    for Caller { name, secret, call } in CALLERS {
        let mut echoes = spellings(secret);
        match *name {
            "client_credentials, Basic" => echoes.push(basic.clone()),
            "client_credentials, Basic, unencoded" => echoes.push(unencoded.clone()),
            _ => {}
        }
        for place in PLACES {
            for echo in &echoes {
                let script = vec![Step::Request, Step::send(answer(place, echo))];
                let server = Server::script(script);
                let at = format!("{name}, {}, {echo}", place.name);
                let error = call(&server.url()).expect_err(&at);
                assert_eq!(error.kind(), place.kind, "{at}: {error}");
                let half = &secret[..secret.len() / 2];
                assert_eq!(leaked(&error, &[secret, half, &basic, &unencoded]), None, "{at}");
                assert_eq!(error.to_string().contains("[redacted]"), place.shown, "{at}: {error}");
            }
        }
    }
}

#[test]
fn terminal_escape_sequences_are_escaped() {
    const ESCAPES: &str = "\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\u{8}\u{0}\u{7f}\u{202e}\u{200b}";
    const ESCAPED: &str = "\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{9b}31m\\u{8}";
    // JSON must contain them as escapes, which are decoded. In a head, control characters of ASCII are not HTTP, and
    // bytes above 0x7F are data.
    let in_json: String = ESCAPES.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let (in_head, escaped_in_head) =
        ("\u{9b}31m\u{202e}x\u{200b}", "\\u{9b}31m\\u{202e}x\\u{200b}");
    for place in PLACES.iter().filter(|place| place.shown) {
        let (echo, escaped) = match place.body {
            // The JSON is shown as it came.
            _ if place.name == "another member" => (in_json.as_str(), in_json.as_str()),
            json if json.starts_with('{') => (in_json.as_str(), ESCAPED),
            page if page.contains("ECHO") => (ESCAPES, ESCAPED),
            _ => (in_head, escaped_in_head),
        };
        let server = Server::script(vec![Step::Request, Step::send(answer(place, echo))]);
        let error = (CALLERS[0].call)(&server.url()).expect_err(place.name);
        let shown = everything_shown(&error);
        assert!(error.to_string().contains(escaped), "{}: {shown:?}", place.name);
        let bare = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{200b}".contains(c);
        assert!(!shown.contains(bare), "{}: {shown:?}", place.name);
    }
}

#[test]
fn a_long_error_is_cut_and_shows_no_part_of_a_secret_at_the_cut() {
    for padding in 200..=260 {
        let text = "x".repeat(padding) + SECRET;
        let body =
            format!(r#"{{"error":"{text}","error_description":"{text}","error_uri":"{text}"}}"#);
        let bytes = format!("HTTP/1.1 401 {text}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let server = Server::script(vec![Step::Request, Step::send(bytes)]);
        let error = (CALLERS[0].call)(&server.url()).expect_err("a refusal");
        let text = error.to_string();
        assert!(
            text.chars().count() < 4 * 256 + 200,
            "{padding}: {} characters",
            text.chars().count()
        );
        assert!(!everything_shown(&error).contains("s3"), "{padding}: {error}");
    }
}
