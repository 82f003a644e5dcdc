//! A call ends at its deadline, whatever it waits for, and leaves no connection open.

#![cfg(target_os = "linux")] // it looks into /proc

use crate::support::hostile::{Port, Server, Step};
use crate::support::timing::{Stopwatch, within};
use minbearer::{Error, Http, Kind, Request, Transport, jsa};
use std::time::{Duration, Instant};

const TIMEOUTS: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_millis(400), Duration::from_millis(1850)];
const GRACE: Duration = Duration::from_millis(500);
/// A call that is still there this much after its timeout has no deadline.
const ENDLESS: Duration = Duration::from_secs(30);
/// Between two pieces of a slow answer.
const PAUSE: Duration = Duration::from_millis(60);
/// More than the socket buffers of both sides hold: the server's are small.
const LARGE: usize = 6 * 1024 * 1024;

struct Row {
    name: &'static str,
    servers: fn() -> Vec<Server>,
    /// Used instead of the server's address.
    host: Option<&'static str>,
    call: fn(url: &str, timeout: Duration) -> Late,
}

/// How a call failed, and after how long.
type Late = Result<(Error, Duration), Error>;

fn get_token(url: &str, timeout: Duration) -> Late {
    let config = jsa::Config::new("id", "secret")?.with_qoauth_url(url)?.with_timeout(timeout);
    let asked = Stopwatch::start();
    let error = jsa::get_token(&config).expect_err("no token");
    Ok((error, asked.elapsed()))
}

/// The measured time excludes making and wiping the body.
fn post_much(url: &str, timeout: Duration) -> Late {
    let request = Request::post(url)?.with_body("text/plain", vec![b'x'; LARGE])?;
    let (asked, deadline) = (Stopwatch::start(), Instant::now() + timeout);
    let error = Http::new().send(&request, deadline).expect_err("no answer");
    Ok((error, asked.elapsed()))
}

const fn row(name: &'static str, servers: fn() -> Vec<Server>) -> Row {
    Row { name, servers, host: None, call: get_token }
}

const fn at_localhost(name: &'static str, servers: fn() -> Vec<Server>) -> Row {
    Row { name, servers, host: Some("localhost"), call: get_token }
}

const fn large(name: &'static str, servers: fn() -> Vec<Server>) -> Row {
    Row { name, servers, host: None, call: post_much }
}

fn one(port: Port) -> Vec<Server> {
    vec![Server::start(port)]
}

/// A server that sends the start of an answer and then repeats `piece` slowly, without end.
fn slowly(start: &str, piece: &str) -> Vec<Server> {
    let endless = Step::Endless(piece.into(), PAUSE);
    one(Port::Script(vec![Step::Request, Step::send(start), endless]))
}

fn silent() -> Port {
    Port::Script(vec![Step::Request, Step::Hold])
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

const ROWS: &[Row] = &[
    row("no connection is made", || one(Port::Full)),
    row("no connection is accepted", || one(Port::Idle)),
    row("silent from the start", || one(Port::Script(vec![Step::Hold]))),
    row("silent after the request", || one(silent())),
    row("silent within the head", || {
        one(Port::Script(vec![Step::Request, Step::send("HTTP/1.1 200 OK\r\n"), Step::Hold]))
    }),
    row("silent before the body's last byte", || {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}";
        one(Port::Script(vec![Step::Request, Step::send(answer), Step::Hold]))
    }),
    row("a slow reason", || slowly("HTTP/1.1 200 O", "K")),
    row("slow headers", || slowly("HTTP/1.1 200 OK\r\n", "X: y\r\n")),
    row("slow interim answers", || slowly("", "HTTP/1.1 102 Wait\r\n\r\n")),
    row("a slow body", || slowly("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", " ")),
    row("a slow body without a length", || slowly("HTTP/1.1 200 OK\r\n\r\n", " ")),
    row("slow chunks", || slowly(CHUNKED, "1\r\n \r\n")),
    row("a slow chunk-size line", || slowly(CHUNKED, "0")),
    row("slow trailers", || {
        slowly("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n")
    }),
    row("a refusal's slow body", || slowly("HTTP/1.1 500 No\r\n\r\n", "x")),
    at_localhost("no connection to either address of a name", || {
        Server::start_at_localhost(|| Port::Full, || Port::Full).into()
    }),
    at_localhost("a second address that is silent", || {
        Server::start_at_localhost(|| Port::Full, silent).into()
    }),
    at_localhost("a first address that is silent: the second is not tried", || {
        let answering = || Port::Script(vec![Step::Request, Step::send("HTTP/1.1 401 No\r\n\r\n")]);
        Server::start_at_localhost(silent, answering).into()
    }),
];

/// Each row is run once: a debug build takes long to write and wipe a large body.
const LARGE_ROWS: &[Row] = &[
    large("a large request that is not read", || one(Port::Idle)),
    large("a large request of which only the head is read", || {
        one(Port::Script(vec![Step::Sip(100, Duration::from_secs(60))]))
    }),
    large("a large request that is read slowly", || {
        one(Port::Script(vec![Step::Sip(64 * 1024, PAUSE)]))
    }),
    large("a large request that is read slowly and answered meanwhile", || {
        let interim = Step::send("HTTP/1.1 100 Continue\r\n\r\n");
        one(Port::Script(vec![interim, Step::Sip(64 * 1024, PAUSE)]))
    }),
];

fn run(row: &Row, timeout: Duration) {
    let name = format!("{}, {timeout:?}", row.name);
    let servers = (row.servers)();
    let url = match row.host {
        Some(host) => format!("http://{host}:{}", servers[0].port()),
        None => servers[0].url(),
    };
    // Others may have had the processors: a call without a deadline is late every time.
    for attempt in 1.. {
        let (call, url) = (row.call, url.clone());
        let (error, took) = within(timeout + ENDLESS, move || call(&url, timeout)).expect("a URL");
        assert_eq!(error.kind(), Kind::Timeout, "{name}: {error}");
        if took <= timeout + GRACE {
            break;
        }
        assert!(attempt < 3, "{name}: {took:?}");
    }
    let expected = servers.iter().map(Server::queued).sum();
    assert!(settles_at(expected, servers[0].port()), "{name}: a connection is still open");
}

/// Reads the table several times: it may lack a line while other connections come and go.
fn settles_at(expected: usize, port: u16) -> bool {
    let start = Instant::now();
    while client_sockets(port) != expected {
        if start.elapsed() > 10 * GRACE {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

/// How many sockets in use, of any process, are connected to that port or about to be.
fn client_sockets(port: u16) -> usize {
    let remote = format!(":{port:04X}");
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(std::fs::read_to_string);
    let lines = |table: &std::io::Result<String>| -> usize {
        let table = table.as_deref().unwrap_or_default().lines().map(str::split_whitespace);
        let in_use = table.filter(|line| {
            let (remote_address, inode) = (line.clone().nth(2), line.clone().nth(9));
            // A closed socket that waits for acknowledgements has inode 0.
            remote_address.is_some_and(|address| address.ends_with(&remote)) && inode != Some("0")
        });
        in_use.count()
    };
    tables.iter().map(lines).sum()
}

#[test]
fn every_wait_ends_at_the_deadline_and_leaves_no_connection_open() {
    std::thread::scope(|scope| {
        for row in ROWS {
            scope.spawn(move || TIMEOUTS.map(|timeout| run(row, timeout)));
        }
    });
}

#[test]
fn sending_a_large_request_ends_at_the_deadline() {
    for (row, timeout) in LARGE_ROWS.iter().zip(TIMEOUTS.into_iter().cycle()) {
        run(row, timeout);
    }
}

/// The check above can fail.
#[test]
fn the_check_sees_a_connection_that_is_left_open() {
    let server = Server::start(silent());
    let client = std::net::TcpStream::connect(("127.0.0.1", server.port())).expect("a connection");
    assert!(settles_at(1, server.port()) && !settles_at(0, server.port()));
    drop(client);
    assert!(settles_at(0, server.port()));
}

#[test]
fn a_deadline_that_has_passed_sends_nothing() {
    let server = Server::start(silent());
    for url in [server.url(), format!("http://localhost:{}", server.port())] {
        let error = Http::new().send(&Request::get(&url).unwrap(), Instant::now()).unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout, "{error}");
    }
    assert_eq!(server.connections(), 0);
}
