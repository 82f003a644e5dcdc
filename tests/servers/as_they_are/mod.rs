//! What servers, gateways and proxies send as they are, and what comes of it: a token, or an error whose message alone
//! tells an operator what to do.
//!
//! Each row has its source: a report of a user of another program, a server's documentation, or a server as `.ci/interop`
//! runs it. The bytes are the source's, shortened where they say nothing, with other names and secrets.

mod ambiguous;
mod client_certificates;
mod no_token;
mod oauth_errors;
mod other_refusals;
mod understood;

use crate::support::hostile::{Server, Step};
#[cfg(feature = "tls")]
use crate::support::tls::{self, Authority, Key};
use minbearer::client_credentials::ClientAuthentication;
use minbearer::{Error, Http, Kind, Request, Session, Token, client_credentials, get_token};
use std::time::Duration;

const CLIENT_ID: &str = "client-7";
const SECRET: &str = "p&ss-w0rd/Zq7=";

/// What the server sends.
enum Sent {
    /// A status line and JSON.
    Json(&'static str, &'static str),
    /// A status line, header fields and a body.
    Answer(&'static str, &'static [&'static str], &'static str),
    /// All bytes.
    Raw(&'static str),
    /// All bytes, in Latin-1.
    Latin1(&'static str),
    /// To a client that sends an assertion.
    ToAssertion(&'static Sent),
    /// The same over TLS.
    #[cfg(feature = "tls")]
    OverTls(&'static Sent),
}

enum Right {
    /// An access token, and its lifetime in seconds.
    Token(&'static str, Option<u64>),
    /// A kind and the whole message, with `SERVER` for host and port.
    Error(Kind, &'static str),
}

use Right::Error as Says;
#[cfg(feature = "tls")]
use Sent::OverTls;
use Sent::{Answer, Json, Latin1, Raw, ToAssertion};

const HTML: &str = "Content-Type: text/html";
/// `{"alg":"RS256"}`, `{}` and a signature of another time.
const ASSERTION: &str = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";
const PLAIN: &str = "Content-Type: text/plain; charset=utf-8";

fn bytes(sent: &Sent) -> Vec<u8> {
    let answer = |status: &str, headers: &[&str], body: &str| {
        let headers: String = headers.iter().map(|field| format!("{field}\r\n")).collect();
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
    };
    let text = match sent {
        Json(status, body) => answer(status, &["Content-Type: application/json"], body),
        Answer(status, headers, body) => answer(status, headers, body),
        Raw(text) => String::from(*text),
        Latin1(text) => return text.chars().map(|c| u8::try_from(c).unwrap()).collect(),
        ToAssertion(sent) => return bytes(sent),
        #[cfg(feature = "tls")]
        OverTls(sent) => return bytes(sent),
    };
    text.into_bytes()
}

fn ask(sent: &Sent) -> (Result<Token, Error>, String) {
    let server = Server::script(vec![Step::Request, Step::send(bytes(sent))]);
    #[cfg(feature = "tls")]
    if let OverTls(_) = sent {
        let authority = Authority::new("a CA", Key::P256);
        let config = authority.issue(&["127.0.0.1"]).config();
        let outside = tls::Server::terminating_tls(config, server.port());
        let http = Http::new().with_ca(tls::pem(authority.certificate())).unwrap();
        return ask_at(&format!("https://127.0.0.1:{}/token", outside.port()), SECRET, &http);
    }
    let url = format!("{}/token", server.url());
    match sent {
        ToAssertion(_) => ask_at(&url, ClientAuthentication::assertion(ASSERTION), &Http::new()),
        _ => ask_at(&url, SECRET, &Http::new()),
    }
}

/// The outcome, and the host and port.
fn ask_at(
    url: &str,
    authentication: impl Into<ClientAuthentication>,
    http: &Http,
) -> (Result<Token, Error>, String) {
    let config = client_credentials::Config::new(url, CLIENT_ID, authentication).unwrap();
    let config = config.with_scope("read").with_timeout(Duration::from_secs(5));
    let server = url.split('/').nth(2).unwrap();
    (get_token(&config, http), String::from(server))
}

#[test]
fn what_a_server_sends_is_understood_or_its_error_says_what_to_do() {
    let mut wrong = Vec::new();
    for (index, (source, sent, right)) in rows().enumerate() {
        let (outcome, server) = ask(sent);
        let (got, expected) = match (&outcome, right) {
            (Ok(token), Right::Token(expected, lifetime)) => (
                format!("{} for {:?}", token.access_token(), token.lifetime()),
                format!("{expected} for {:?}", lifetime.map(Duration::from_secs)),
            ),
            (Err(error), Says(kind, expected)) => (
                format!("{:?}: {error}", error.kind()).replace(&server, "SERVER"),
                format!("{kind:?}: {expected}"),
            ),
            (Ok(token), Says(..)) => (format!("{token:?}"), String::from("an error")),
            (Err(error), Right::Token(..)) => (error.to_string(), String::from("a token")),
        };
        if let Err(error) = &outcome {
            assert!(error.is_token_request(), "{source}: {error}");
            assert!(!error.to_string().contains("ss-w0rd"), "{source}: {error}");
        }
        if got != expected {
            wrong.push(format!("{index}. {source}\n     got: {got}\nexpected: {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows().count(), wrong.join("\n"));
}

#[test]
fn each_row_has_a_source_of_its_own_kind() {
    assert!(rows().count() >= 190, "{} rows", rows().count());
    for (source, ..) in rows() {
        assert!(source.len() > 10, "{source}");
    }
}

/// The source, what is sent, and what comes of it.
type Row = (&'static str, Sent, Right);

fn rows() -> impl Iterator<Item = &'static Row> {
    let rooms = [
        understood::ROWS,
        oauth_errors::ROWS,
        client_certificates::ROWS,
        other_refusals::ROWS,
        no_token::ROWS,
        ambiguous::ROWS,
    ];
    rooms.into_iter().flatten()
}

/// Flows whose requests are fixed have no options; and whatever was sent may have white space at an end.
#[test]
fn each_flow_names_the_options_that_it_has_and_white_space_in_what_it_sent() {
    use minbearer::{Response, accelerator, jsa};
    const SPACE: &str = "an id or secret that was sent begins or ends with white space";
    let refused = |flow: &str, (id, secret): (&str, &str), status, body: &str| {
        let answer = Response::new(status, body);
        match flow {
            "jsa" => {
                let config = jsa::Config::new(id, secret).unwrap();
                config.read_answer(&config.request(1).unwrap(), answer)
            }
            "accelerator" => {
                let config = accelerator::Config::new("http://[::1]", id, secret).unwrap();
                config.read_answer(&config.request().unwrap(), answer)
            }
            _ => {
                let secret = match flow {
                    "basic" => ClientAuthentication::basic(secret),
                    _ => ClientAuthentication::body(secret),
                };
                let config = client_credentials::Config::new("http://[::1]/t", id, secret).unwrap();
                config.read_answer(&config.request().unwrap(), answer)
            }
        }
        .unwrap_err()
        .to_string()
    };
    for flow in ["jsa", "accelerator", "body", "basic"] {
        for (id, secret, is_named) in [
            ("id-123", "s3cr3t", false),
            ("id-123 ", "s3cr3t", true),
            ("\u{a0}id-123", "s3cr3t", true),
            ("id-123", "s3cr3t\u{a0}", true),
            ("id 123", "s3 cr3t", false),
        ] {
            let error = refused(flow, (id, secret), 401, r#"{"error":"invalid_client"}"#);
            assert_eq!(error.contains(SPACE), is_named, "{flow} {id:?} {secret:?}: {error}");
        }
        for (status, body) in [
            (401, ""),
            (422, ""),
            (403, "No API key"),
            (400, "duplicated parameter"),
            (400, r#"{"error":"invalid_request"}"#),
            (400, r#"{"error":"invalid_scope"}"#),
        ] {
            let error = refused(flow, ("id-123", "s3cr3t"), status, body);
            let has_options = matches!(flow, "body" | "basic");
            assert_eq!(error.contains("--"), has_options, "{flow}: {error}");
        }
        // Nor has it one whose path could be wrong.
        for (status, body) in [
            (401, ""),
            (404, ""),
            (403, ""),
            (302, ""),
            (418, ""),
            (400, "Client sent an HTTP request to an HTTPS server."),
            (404, r#"{"error":"invalid_client"}"#),
            (400, r#"{"error":"invalid_request"}"#),
        ] {
            let error = refused(flow, ("id-123", "s3cr3t"), status, body);
            let url = if matches!(flow, "body" | "basic") { "the token URL" } else { "the URL" };
            assert!(error.contains(url), "{flow} {status}: {error}");
        }
        // A flow that makes its URL of host and port is given no token endpoint's.
        for status in [403, 415, 422] {
            let body = r#"{"message":"Invalid token provided"}"#;
            let error = refused(flow, ("id-123", "s3cr3t"), status, body);
            let has_url = matches!(flow, "body" | "basic");
            assert_eq!(error.contains("token endpoint's URL"), has_url, "{flow}: {error}");
            assert_eq!(error.contains("check scheme, host and port"), !has_url, "{error}");
        }
        for body in ["", "<html>", "[]", r#"{"token":"x"}"#, r#"{"message":"not here"}"#] {
            let error = refused(flow, ("id-123", "s3cr3t"), 200, body);
            let has_url = matches!(flow, "body" | "basic");
            assert_eq!(error.contains("OAuth token endpoint"), has_url, "{flow}: {error}");
            let asks =
                error.contains("; check scheme, host and port: another server may answer at ");
            let says = error.contains("; do what it says");
            assert!(has_url || asks || says, "{flow}: {error}");
        }
    }
    let error = refused("jsa", ("id-123", "s3cr3t"), 401, r#"{"error":"invalid_client"}"#);
    assert!(error.ends_with("(check client id and secret against the app's authorized service)"));
}

/// What an API says of a token, over a session.
#[test]
fn what_an_api_refuses_is_said_with_its_own_words() {
    const TOKEN: &str = "t0k3n-of-the-session";
    for (source, sent, message, fields) in API_ROWS {
        let body = format!("{{\"access_token\":\"{TOKEN}\"}}");
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let tokens = Server::script(vec![Step::Request, Step::send(answer)]);
        let api = Server::script(vec![Step::Request, Step::send(bytes(sent))]);
        let url = format!("{}/token", tokens.url());
        let config = client_credentials::Config::new(&url, CLIENT_ID, SECRET).unwrap();
        let session = Session::new(config);
        let response = session.send(Request::get(&format!("{}/api", api.url())).unwrap()).unwrap();
        let error = response.error_for_status().unwrap_err();
        let server = format!("127.0.0.1:{}", api.port());
        assert_eq!(error.kind(), Kind::Status, "{source}");
        assert!(!error.is_token_request(), "{source}");
        assert_eq!(error.to_string().replace(&server, "SERVER"), *message, "{source}");
        let refusal = error.refusal().unwrap();
        let got = [refusal.error(), refusal.scope(), refusal.body()];
        assert_eq!(got, *fields, "{source}");
    }
}

/// Behind one gateway, host and port do not tell them apart.
#[test]
fn a_token_request_and_an_api_call_are_told_apart_in_every_network_message() {
    use minbearer::{Method, Transport, Url};
    use std::time::Instant;
    let scripts: [(&str, Vec<Step>); 6] = [
        ("closed without an answer", vec![Step::Request]),
        ("not answered in time", vec![Step::Request, Step::Hold]),
        ("does not start with a status line", vec![Step::Request, Step::send("SSH-2.0-x\r\n")]),
        (
            "two lengths",
            vec![
                Step::Request,
                Step::send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
            ],
        ),
        (
            "cut short",
            vec![Step::Request, Step::send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")],
        ),
        (
            "larger than 10 bytes",
            vec![Step::Request, Step::send("HTTP/1.1 200 OK\r\n\r\n{\"a\": \"some more\"}")],
        ),
    ];
    let check = |url: &str, part: &str| {
        let url = Url::parse("URL", url).unwrap();
        let requests = [
            ("token request", Request::for_token(Method::Post, url.clone())),
            ("API call", Request::to(Method::Get, url.clone())),
        ];
        for (what, request) in requests {
            let request = request.with_max_answer_bytes(10);
            let deadline = Instant::now() + Duration::from_millis(300);
            let error = Http::new().send(&request, deadline).unwrap_err().to_string();
            let start = format!("the {what} to {}:{} ", url.host(), url.port());
            assert!(error.starts_with(&start) && error.contains(part), "{part}: {error}");
            // Advice about ports is for an answer without a status line.
            let is_http = error.contains("two lengths") || error.contains("cut short");
            assert!(!is_http || !error.contains("port?"), "{error}");
        }
    };
    for (part, script) in scripts {
        let server = Server::script(script);
        check(&server.url(), part);
    }
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check(&format!("http://{unused}"), "nothing listens there");
    check("http://a-name.invalid", "");
}

#[test]
fn a_coding_is_refused_and_the_program_named_in_each_request() {
    let answer = "HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"t0k3n\"}";
    let server = Server::script(vec![Step::Request, Step::send(answer)]);
    let config = client_credentials::Config::new(&server.url(), CLIENT_ID, SECRET).unwrap();
    let session = Session::new(config);
    session.send(Request::get(&server.url()).unwrap()).unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        let head = String::from_utf8(request).unwrap().to_lowercase();
        let agent = concat!("\r\nuser-agent: minbearer/", env!("CARGO_PKG_VERSION"), "\r\n");
        assert!(head.contains("\r\naccept-encoding: identity\r\n"), "{head}");
        assert!(head.contains(agent), "{head}");
    }
}

type ApiRow = (&'static str, Sent, &'static str, [Option<&'static str>; 3]);

const API_ROWS: &[ApiRow] = &[
    (
        "RFC 9110 section 15.4.5: nothing newer",
        Answer("304 Not Modified", &[], ""),
        "the answer of SERVER to the API call has the status 304: what was asked for has not changed",
        [None, None, Some("")],
    ),
    (
        "RFC 9110 section 15.4.1: several choices, and no Location",
        Answer("300 Multiple Choices", &[PLAIN], "/api or /v2/api"),
        "the answer of SERVER to the API call has the status 300: see what the body of the answer says, and the API's documentation",
        [None, None, Some("/api or /v2/api")],
    ),
    (
        "RFC 9110 section 15.4.3: Found",
        Answer("302 Found", &["Location: /login"], ""),
        "the answer of SERVER to the API call has the status 302: a redirect, which is not followed",
        [None, None, Some("")],
    ),
    (
        "RFC 9110 section 15: a status above 599",
        Answer("999 Request denied", &[], ""),
        "the answer of SERVER to the API call has the status 999: the server cannot answer now; try again later",
        [None, None, Some("")],
    ),
    (
        "RFC 6750 section 3.1: insufficient_scope",
        Answer(
            "403 Forbidden",
            &["WWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"read write\""],
            "",
        ),
        "the answer of SERVER to the API call has the status 403: the token lacks a scope that this call needs; ask for it, and have it granted to this client; its challenge is Bearer error=\"insufficient_scope\", scope=\"read write\"",
        [Some("insufficient_scope"), Some("read write"), Some("")],
    ),
    (
        "RFC 6750 section 3's example",
        Answer(
            "401 Unauthorized",
            &[
                "WWW-Authenticate: Bearer error=\"invalid_token\", error_description=\"The access token expired\"",
            ],
            "",
        ),
        "the answer of SERVER to the API call has the status 401: the API rejects this token: it may have expired, be of another server than the API trusts, or be meant for another API; its challenge is Bearer error=\"invalid_token\", error_description=\"The access token expired\"",
        [Some("invalid_token"), None, Some("")],
    ),
    (
        "django-oauth-toolkit's resource views, to a token that was revoked",
        Answer("403 Forbidden", &["Content-Type: text/html; charset=utf-8"], ""),
        "the answer of SERVER to the API call has the status 403: the API does not allow this with this token; have the right granted to this client",
        [None, None, Some("")],
    ),
    (
        "an echo of the request",
        Answer(
            "400 Bad Request",
            &[PLAIN],
            "unknown field in\r\nAuthorization: Bearer t0k3n-of-the-session",
        ),
        "the answer of SERVER to the API call has the status 400: see what the body of the answer says, and the API's documentation",
        [None, None, Some("unknown field in Authorization: Bearer [redacted]")],
    ),
    (
        "QRadar's API errors: ibmsecuritydocs.github.io, http_response",
        Json(
            "422 Unprocessable Entity",
            r#"{"http_response":{"code":422},"code":2000,"message":"Query syntax error"}"#,
        ),
        "the answer of SERVER to the API call has the status 422: see what the body of the answer says, and the API's documentation",
        [
            None,
            None,
            Some(r#"{"http_response":{"code":422},"code":2000,"message":"Query syntax error"}"#),
        ],
    ),
    (
        "an API that answers in ISO-8859-1",
        Latin1(
            "HTTP/1.1 404 Not Found\r\nContent-Length: 31\r\n\r\nnichts für t0k3n-of-the-session",
        ),
        "the answer of SERVER to the API call has the status 404: this API has no such resource",
        [None, None, Some("nichts für [redacted]")],
    ),
    (
        "RFC 9110 section 15.6.2: Not Implemented",
        Answer("501 Not Implemented", &[], "no"),
        "the answer of SERVER to the API call has the status 501: the server does not support this",
        [None, None, Some("no")],
    ),
];
