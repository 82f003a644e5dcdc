//! The exchange in child processes: without threads, descriptors or memory available, under many signals, with SIGPIPE
//! not ignored, and with host names that resolve wrongly or never.
//!
//! There is no test harness, because the calls must be made by the only thread of a process. `.ci/exchange` builds this
//! with `panic = "abort"`.

#![cfg(target_os = "linux")]

#[path = "../../support/mod.rs"]
mod support;

mod limits;
mod names;
mod signals;

use crate::support::hostile::{Port, Server, Step};
use minbearer::{Error, Kind, Token, jsa};
use std::process::Command;
use std::time::{Duration, Instant};

/// The variable that makes this process a child, and says which.
const CHILD: &str = "EXCHANGE_CHILD";
/// The timeouts of a call that succeeds or fails by itself, and of one that must end at its deadline.
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
            "SIGPIPE" => signals::with_sigpipe_not_ignored(),
            "signals" => signals::under_many_signals(),
            "names" => names::that_resolve_wrongly(),
            "resolver" => names::that_never_resolve(),
            other => panic!("no such child: {other}"),
        }
        return;
    }
    limits::run();
    signals::run();
    names::run();
}

/// This program as the child `name`, with URLs or ports in variables.
fn child(name: &str, variables: &[(&str, String)]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the test's own path"));
    command.env(CHILD, name).envs(variables.iter().map(|(name, value)| (name, value)));
    command
}

/// Runs a child, and shows its output if it failed.
fn run(name: &str, mut command: Command) {
    let output = command.output().expect("a child process");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {}\n{said}", output.status);
    // A panic that became an `Error` would not end the process.
    assert!(!said.contains("panicked"), "{name}: {said}");
    println!("exchange_alone: {name}");
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
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
fn expect_late(what: &str, call: impl FnOnce(Duration) -> Result<Token, Error>) -> Error {
    let start = Instant::now();
    let error = expect_kind(what, call(SHORT), Kind::Timeout);
    let took = start.elapsed();
    assert!(took >= SHORT && took <= SHORT + GRACE, "{what}: {took:?}");
    error
}
