//! The exchange in processes of its own: without threads, descriptors or memory to be had, under a rain of signals,
//! with SIGPIPE not ignored, and with names that lead elsewhere or nowhere.
//!
//! It has no test harness: what is tested needs a process whose only thread is the one that asks. CI also builds it
//! with `panic = "abort"`.

#![cfg(target_os = "linux")]

#[path = "../support/hostile.rs"]
mod hostile;

mod limits;
mod names;
mod signals;

use hostile::{Port, Server, Step};
use minbearer::{Error, Kind, Token, jsa};
use std::process::Command;
use std::time::{Duration, Instant};

/// The variable that makes this process a child, and says which.
const CHILD: &str = "EXCHANGE_CHILD";
/// What a call that is to end by itself may take, and what one may that is to end late.
const AMPLE: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_millis(500);

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{\"access_token\":\"t0ke\"}";

fn main() {
    if let Ok(child) = std::env::var(CHILD) {
        match child.as_str() {
            "threads" => limits::without_threads(),
            "descriptors" => limits::without_descriptors(),
            "memory" => limits::without_memory(),
            "SIGPIPE" => signals::with_sigpipe_as_it_was(),
            "signals" => signals::in_a_rain_of_signals(),
            "names" => names::that_lead_elsewhere(),
            "resolver" => names::that_lead_nowhere(),
            other => panic!("no such child: {other}"),
        }
        return;
    }
    limits::run();
    signals::run();
    names::run();
}

/// This program as such a child, which is told some URLs or ports.
fn child(name: &str, told: &[(&str, String)]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the test's own path"));
    command.env(CHILD, name).envs(told.iter().map(|(name, value)| (name, value)));
    command
}

/// Runs a child and shows what it said if it failed.
fn run(name: &str, mut command: Command) {
    let output = command.output().expect("a child process");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {}\n{said}", output.status);
    // An `Error` that came of a panic would not end the process.
    assert!(!said.contains("panicked"), "{name}: {said}");
    println!("exchange_alone: {name}");
}

fn told(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} was not told"))
}

fn answering() -> Port {
    Port::Script(vec![Step::Request, Step::send(GOOD)])
}

fn get_token(url: &str, timeout: Duration) -> Result<Token, Error> {
    let config = jsa::Config::new("id", "secret")?.with_qoauth_url(url)?;
    jsa::get_token(&config.with_timeout(timeout))
}

fn expect_token(url: &str) {
    get_token(url, AMPLE).unwrap_or_else(|error| panic!("{url}: {error}"));
}

fn expect_kind(what: &str, outcome: Result<Token, Error>, kind: Kind) -> Error {
    let error = outcome.expect_err(what);
    assert_eq!(error.kind(), kind, "{what}: {error}");
    error
}

/// The call ends at its deadline.
fn expect_late(what: &str, call: impl FnOnce(Duration) -> Result<Token, Error>) {
    let start = Instant::now();
    expect_kind(what, call(SHORT), Kind::Timeout);
    let took = start.elapsed();
    assert!(took >= SHORT && took <= SHORT + GRACE, "{what}: {took:?}");
}
