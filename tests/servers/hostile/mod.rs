//! A table of hostile servers, one row per behaviour. Every caller runs each row, which must end in the expected outcome,
//! in time, and show no secret.
//!
//! The rows are in the modules. A new caller is one entry in [`CALLERS`].

mod body;
mod connection;
mod head;
mod json;
mod status;

use crate::support::hostile::{Port, Server, Step};
use crate::support::leaks::leaked;
use crate::support::timing::{Stopwatch, within};
use minbearer::client_credentials::{self, ClientAuthentication};
use minbearer::{
    Error, Http, Kind, NetworkCause, Request, Response, Session, Token, Transport, accelerator, jsa,
};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const SECRET: &str = "s3cr3t&=+%#/?é Zq7";
const PASSWORD: &str = "p4ssw0rd&=+%#/?é Zq7";
/// In the servers' answers and in the API caller's header.
const TOKEN: &str = "t0k3n.eyJ9.Zq7-_~+/=";

/// A call must return this much after its timeout at the latest.
const GRACE: Duration = Duration::from_millis(500);
/// A call that is still there this much after its timeout has no deadline.
const ENDLESS: Duration = Duration::from_secs(30);
/// The timeout of a row that ends by itself: long enough for a busy machine.
const AMPLE: Duration = Duration::from_secs(5);
/// The timeout of a row that must end at its deadline.
const SHORT: Duration = Duration::from_secs(1);
/// More than there are cores, because most rows wait.
const RUNNERS: usize = 24;

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// With the token.
    Token,
    /// With an API answer of this status.
    Status(u16),
    Failed(Kind),
    /// With [`Kind::Network`] for this cause.
    Network(NetworkCause),
}

const UNREACHABLE: Outcome = Outcome::Network(NetworkCause::Connect);
const CUT: Outcome = Outcome::Network(NetworkCause::CutShort);
const NOT_HTTP: Outcome = Outcome::Network(NetworkCause::NotHttp);
/// Where timing decides whether the client sees the end of the connection or a reset, and in which step.
const HUNG_UP: Outcome = Outcome::Failed(Kind::Network);
const LATE: Outcome = Outcome::Failed(Kind::Timeout);
const REFUSED: Outcome = Outcome::Failed(Kind::Refused);
const UNAVAILABLE: Outcome = Outcome::Failed(Kind::Unavailable);
const MALFORMED: Outcome = Outcome::Failed(Kind::Malformed);
const GOOD: Outcome = Outcome::Token;
const OK: Outcome = Outcome::Status(200);

impl Outcome {
    fn is_as_expected(self, expected: Outcome) -> bool {
        use NetworkCause::{Connect, CutShort, Io};
        let is_hung_up = matches!(self, Outcome::Network(Connect | CutShort | Io));
        self == expected || (expected == HUNG_UP && is_hung_up)
    }
}

struct Row {
    name: String,
    port: fn(Vec<Step>) -> Port,
    script: Vec<Step>,
    /// What a token caller gets.
    token: Outcome,
    /// What an API caller gets.
    api: Outcome,
}

impl Row {
    /// A server that reads the request and then follows the script.
    fn new(name: impl Into<String>, script: Vec<Step>, token: Outcome, api: Outcome) -> Row {
        let script = [vec![Step::Request], script].concat();
        Row::raw(name, script, token, api)
    }

    /// A server that follows the script once it has accepted the connection.
    fn raw(name: impl Into<String>, script: Vec<Step>, token: Outcome, api: Outcome) -> Row {
        Row { name: name.into(), port: Port::Script, script, token, api }
    }

    /// A server that sends `bytes` and closes; all callers end the same way.
    fn sends(name: impl Into<String>, bytes: impl AsRef<[u8]>, all: Outcome) -> Row {
        Row::new(name, vec![Step::send(bytes)], all, all)
    }

    /// The same with a good answer.
    fn good(name: impl Into<String>, bytes: impl AsRef<[u8]>) -> Row {
        Row::new(name, vec![Step::send(bytes)], GOOD, OK)
    }

    fn timeout(&self) -> Duration {
        if [self.token, self.api].contains(&LATE) { SHORT } else { AMPLE }
    }
}

/// The body of a good token answer.
fn good_json() -> String {
    format!(r#"{{"access_token":"{TOKEN}","token_type":"Bearer","expires_in":3600}}"#)
}

/// A whole answer with this status line, further header lines and body.
fn answer(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len()).into_bytes();
    for header in headers {
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

enum Received {
    Token(Token),
    Response(Response),
}

struct Caller {
    name: &'static str,
    expected: fn(&Row) -> Outcome,
    call: fn(url: &str, timeout: Duration) -> Result<Received, Error>,
}

const CALLERS: &[Caller] = &[
    Caller {
        name: "jsa",
        expected: |row| row.token,
        call: |url, timeout| {
            let config = jsa::Config::new("id", SECRET)?.with_qoauth_url(url)?;
            jsa::get_token(&config.with_timeout(timeout)).map(Received::Token)
        },
    },
    Caller {
        name: "accelerator",
        expected: |row| row.token,
        call: |url, timeout| {
            let config = accelerator::Config::new(url, "rose", PASSWORD)?;
            accelerator::get_token(&config.with_timeout(timeout)).map(Received::Token)
        },
    },
    Caller {
        name: "client_credentials",
        expected: |row| row.token,
        call: |url, timeout| {
            let url = format!("{url}/token");
            let basic = ClientAuthentication::basic(SECRET);
            let config = client_credentials::Config::new(&url, "id", basic)?;
            client_credentials::get_token(&config.with_timeout(timeout)).map(Received::Token)
        },
    },
    Caller {
        name: "an API call",
        expected: |row| row.api,
        call: |url, timeout| {
            let request = Request::get(&format!("{url}/api?secret=s3cr3t%26%3D%2B%25"))?
                .with_header("Authorization", &format!("Bearer {TOKEN}"))?;
            Http::new().send(&request, Instant::now() + timeout).map(Received::Response)
        },
    },
    Caller {
        name: "Session::send",
        expected: |row| row.api,
        call: |url, timeout| {
            let config = jsa::Config::new("id", SECRET)?.with_qoauth_url("http://qoauth")?;
            let session = Session::with_transport(config.with_timeout(timeout), FixedToken);
            let request = Request::get(&format!("{url}/api?secret=s3cr3t%26%3D%2B%25"))?;
            session.send(request).map(Received::Response)
        },
    },
];

/// Answers the token request itself, and makes the API call over [`Http`].
struct FixedToken;

impl Transport for FixedToken {
    fn send(&self, request: &Request, deadline: Instant) -> Result<Response, Error> {
        match request.url().host() {
            "qoauth" => Ok(Response::new(200, good_json())),
            _ => Http::new().send(request, deadline),
        }
    }
}

/// Runs one row by one caller, and returns what was wrong.
fn run(row: &Row, caller: &Caller, trap: &str) -> Result<(), String> {
    let script = row.script.iter().cloned().map(|step| with_trap_url(step, trap)).collect();
    let server = Server::start((row.port)(script));
    let (call, url, timeout) = (caller.call, server.url(), row.timeout());
    let (received, elapsed) = within(timeout + ENDLESS, move || {
        let start = Stopwatch::start();
        (call(&url, timeout), start.elapsed())
    });
    let connections = server.connections();

    let outcome = match &received {
        Ok(Received::Token(token)) if token.access_token() == TOKEN => Outcome::Token,
        Ok(Received::Token(token)) => return Err(format!("another token: {token:?}")),
        Ok(Received::Response(response)) => Outcome::Status(response.status()),
        Err(error) => match error.network_cause() {
            Some(cause) => Outcome::Network(cause),
            None => Outcome::Failed(error.kind()),
        },
    };
    let expected = (caller.expected)(row);
    if !outcome.is_as_expected(expected) {
        let error = received.err().map(|error| error.to_string()).unwrap_or_default();
        return Err(format!("{outcome:?} instead of {expected:?} {error}"));
    }
    if elapsed > row.timeout() + GRACE {
        return Err(format!("took {elapsed:?} with a timeout of {:?}", row.timeout()));
    }
    // A session calls once more after a 401 only.
    let again = caller.name == "Session::send" && outcome == Outcome::Status(401);
    if connections > if again { 2 } else { 1 } {
        return Err(format!("{connections} connections"));
    }
    // The base64 of the Basic credentials, and the part of the secret that is in the API caller's URL.
    let basic = "aWQ6czNjcjN0JTI2JTNEJTJCJTI1JTIzJTJGJTNGJUMzJUE5JTIwWnE3";
    let secrets = [SECRET, PASSWORD, TOKEN, basic, "s3cr3t", "p4ssw0rd", "t0k3n"];
    let (shown, leak) = match &received {
        Ok(Received::Token(token)) => (format!("{token:?}"), None),
        Ok(Received::Response(response)) => (format!("{response:?}"), None),
        Err(error) => (format!("{error}"), leaked(error, &secrets)),
    };
    match leak
        .or_else(|| secrets.iter().find(|secret| shown.contains(**secret)).map(|_| shown.clone()))
    {
        Some(leak) => Err(format!("shows {leak}")),
        None if shown.chars().any(char::is_control) => {
            Err(format!("control characters: {shown:?}"))
        }
        None => Ok(()),
    }
}

/// Replaces `TRAP` in what is sent by the URL of a server to which no one may connect.
fn with_trap_url(step: Step, trap: &str) -> Step {
    match step {
        Step::Send(bytes) if bytes.windows(4).any(|window| window == b"TRAP") => {
            let text = String::from_utf8(bytes).expect("UTF-8");
            Step::send(text.replace("TRAP", trap))
        }
        other => other,
    }
}

fn rows() -> Vec<Row> {
    [connection::rows(), head::rows(), body::rows(), status::rows(), json::rows()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn every_call_to_a_hostile_server_ends_as_expected_in_time_and_shows_no_secret() {
    let rows = rows();
    assert!(rows.len() >= 411, "{} rows", rows.len());
    let trap = Server::script(vec![Step::Request, Step::send(answer("200 OK", &[], good_json()))]);
    let trap_url = trap.url();

    let jobs: Vec<_> =
        rows.iter().flat_map(|row| CALLERS.iter().map(move |caller| (row, caller))).collect();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..RUNNERS {
            scope.spawn(|| {
                while let Some((row, caller)) = jobs.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let mut outcome = run(row, caller, &trap_url);
                    if outcome.as_ref().is_err_and(|what| what.starts_with("took ")) {
                        // Others may have had the processors.
                        outcome = run(row, caller, &trap_url);
                    }
                    if let Err(what) = outcome {
                        wrong
                            .lock()
                            .unwrap()
                            .push(format!("{} ({}): {what}", row.name, caller.name));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), jobs.len(), wrong.join("\n"));
    assert_eq!(trap.connections(), 0, "a redirect was followed");
    println!("{} rows, {} calls", rows.len(), jobs.len());
}

#[test]
fn no_two_rows_have_the_same_name() {
    let rows = rows();
    let mut names: Vec<_> = rows.iter().map(|row| &row.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}
