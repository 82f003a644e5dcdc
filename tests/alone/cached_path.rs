//! A cached token costs no allocation and no system call except the clock's.
//!
//! There is no test harness: the system-call test ends its process, which must have one thread only.

use minbearer::{Error, Request, Response, Session, Transport, jsa};
use std::hint::black_box;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::Instant;

/// The variable that makes this process the child of [`survives_sealed`] and names its action.
const SEALED: &str = "CACHED_PATH_SEALED";
const CALLS: usize = 1000;

/// JSA's answer has no lifetime, so the session reads no clock. The second answer has one.
const WITHOUT_LIFETIME: &str = r#"{"access_token": "abc", "token_type": "Bearer"}"#;
const WITH_LIFETIME: &str =
    r#"{"access_token": "abc", "token_type": "Bearer", "expires_in": 86400}"#;

struct Canned(&'static str);

impl Transport for Canned {
    fn send(&self, _: &Request, _: Instant) -> Result<Response, Error> {
        Ok(Response::new(200, self.0))
    }
}

/// A session that has its token.
fn session(answer: &'static str) -> Session {
    let config = jsa::Config::new("id", "secret").expect("credentials");
    let config = config.with_qoauth_url("http://qoauth").expect("a URL");
    let session = Session::with_transport(config, Canned(answer));
    session.token().expect("a first token");
    session
}

fn main() {
    if let Ok(what) = std::env::var(SEALED) {
        return sealed(&what);
    }
    no_allocation();
    no_system_call_but_the_clocks();
    println!("cached_path: no allocation, no system call but the clock's");
}

fn no_allocation() {
    let counted = allocation_counter::measure(|| drop(black_box(Box::new(1))));
    assert_eq!(counted.count_total, 1, "the counter counts");
    for answer in [WITHOUT_LIFETIME, WITH_LIFETIME] {
        let session = session(answer);
        let counted = allocation_counter::measure(|| {
            for _ in 0..CALLS {
                session.token().expect("the cached token");
            }
        });
        assert_eq!(counted.count_total, 0, "{answer}: {counted:?}");
    }
}

fn no_system_call_but_the_clocks() {
    assert!(!survives_sealed("system call"), "seccomp allowed another system call");
    assert!(survives_sealed("without lifetime"), "a cached token took a system call");
    // Where the clock is read without a system call, as on most machines, the session may make none either.
    assert_eq!(survives_sealed("with lifetime"), survives_sealed("clock"), "more than the clock's");
}

/// Whether a process that seccomp restricts to read, write and exit completes `what`.
fn survives_sealed(what: &str) -> bool {
    let output = Command::new(std::env::current_exe().expect("the test's own path"))
        .env(SEALED, what)
        .stdin(Stdio::null())
        .output()
        .expect("a child process");
    // The kernel kills it in any case, as the exit itself makes a forbidden call.
    assert_eq!(output.status.signal(), Some(9), "{what}: {output:?}");
    output.stdout == b"done"
}

fn sealed(what: &str) {
    use rustix::thread::{SecureComputingMode, set_secure_computing_mode};
    let (bare, lasting) = (session(WITHOUT_LIFETIME), session(WITH_LIFETIME));
    let mut out = std::io::stdout().lock();
    set_secure_computing_mode(SecureComputingMode::Strict).expect("seccomp");
    for _ in 0..CALLS {
        match what {
            "system call" => _ = black_box(rustix::process::getpid()),
            "without lifetime" => _ = black_box(bare.token()),
            "with lifetime" => _ = black_box(lasting.token()),
            "clock" => _ = black_box(Instant::now()),
            _ => unreachable!("{what}"),
        }
    }
    let _ = out.write_all(b"done").and_then(|()| out.flush());
}
