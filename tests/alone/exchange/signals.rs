//! Signals that interrupt a call, and SIGPIPE, which would end the process.

use super::*;
use minbearer::{Http, Request, Transport};
use rustix::process::{Signal, getpid, kill_process};
use signal_hook::consts::{SIGPIPE, SIGUSR1};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// More than the socket buffers of both sides hold.
const LARGE: usize = 6 * 1024 * 1024;
/// The time between two signals. The calls take many times as long.
const PAUSE: Duration = Duration::from_millis(2);

pub fn run() {
    let resetting = Server::script(vec![Step::Reset]);
    let leaving = Server::script(vec![Step::Drop]);
    let half_read = Server::script(vec![Step::Request, Step::Reset]);
    let variables = [
        ("RESETTING", resetting.url()),
        ("LEAVING", leaving.url()),
        ("HALF_READ", half_read.url()),
    ];
    super::run("SIGPIPE is not raised where it is not ignored", child("SIGPIPE", &variables));

    let slow = Step::Trickle(GOOD.into(), Duration::from_millis(7));
    let slow = Server::script(vec![Step::Request, slow]);
    let good = Server::start(answering());
    let silent = Server::script(vec![Step::Request, Step::Hold]);
    let full = Server::start(Port::Full);
    let sipping = Server::script(vec![Step::Sip(64 * 1024, Duration::from_millis(20))]);
    let variables = [
        ("SLOW", slow.url()),
        ("SILENT", silent.url()),
        ("FULL", full.url()),
        ("SIPPING", sipping.url()),
        // The service's port, for `printenv` as the locator.
        ("127.0.0.1", good.port().to_string()),
    ];
    super::run(
        "an interrupted call continues with the time that is left",
        child("signals", &variables),
    );
}

fn large(url: &str) -> Request {
    Request::post(url).unwrap().with_body("text/plain", vec![b'x'; LARGE]).unwrap()
}

fn send(request: &Request, timeout: Duration) -> Result<Token, Error> {
    Http::new().send(request, Instant::now() + timeout)?;
    Token::new("t", None)
}

/// A flag that is set when the signal is raised. A handler replaces the default action, so the signal is not ignored.
fn watch(signal: i32) -> Arc<AtomicBool> {
    let seen = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal, Arc::clone(&seen)).expect("a handler");
    seen
}

pub fn with_sigpipe_not_ignored() {
    let seen = watch(SIGPIPE);
    let mut gone = Command::new("/bin/true").stdin(Stdio::piped()).spawn().expect("a child");
    let mut pipe = gone.stdin.take().expect("a pipe");
    gone.wait().expect("its end");
    assert!(pipe.write_all(b"x").is_err());
    assert!(seen.swap(false, Ordering::SeqCst), "the handler does not work");

    for url in ["RESETTING", "LEAVING", "HALF_READ"].map(variable) {
        for outcome in [send(&large(&url), AMPLE), get_token(&url, AMPLE)] {
            expect_kind(&url, outcome, Kind::Network);
            assert!(!seen.load(Ordering::SeqCst), "{url} raised SIGPIPE");
        }
    }
}

pub fn under_many_signals() {
    let seen = watch(SIGUSR1);
    thread::spawn(|| {
        // The kernel delivers it to the main thread, which has not blocked it.
        while kill_process(getpid(), Signal::USR1).is_ok() {
            thread::sleep(PAUSE);
        }
    });
    let silent = variable("SILENT");
    let mut stream = TcpStream::connect(silent.trim_start_matches("http://")).expect("a server");
    stream.set_read_timeout(Some(SHORT)).expect("a socket");
    let error = stream.read(&mut [0]).expect_err("nothing to read");
    assert_eq!(error.kind(), ErrorKind::Interrupted, "the signals do not interrupt calls");

    expect_token(&variable("SLOW"));
    expect_late("silence", |timeout| get_token(&silent, timeout));
    expect_late("a full queue", |timeout| get_token(&variable("FULL"), timeout));
    let request = large(&variable("SIPPING"));
    expect_late("a large request", |timeout| send(&request, timeout));
    let located = |locator: &str, service: &str, timeout| {
        let config = jsa::Config::new("id", "secret")?.with_qoauth_host(service)?;
        jsa::get_token(&config.with_locator(locator).with_timeout(timeout))
    };
    located("/usr/bin/printenv", "127.0.0.1", AMPLE).expect("a token after the locator");
    expect_late("a locator", |timeout| located("/bin/sleep", "infinity", timeout));
    assert!(seen.load(Ordering::SeqCst));
}
