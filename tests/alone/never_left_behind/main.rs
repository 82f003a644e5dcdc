//! A secret is never left behind: none is left in memory, with the system's own allocator.
//!
//! Each row runs a flow in a child process (this test program as the [`subject`]), reads the whole memory of that process
//! from outside, including stacks, and counts the copies of secret and token, and of the first half of each.
//!
//! `cargo test --release --test never_left_behind -- --nocapture` prints the table.

#![cfg(target_os = "linux")] // it reads /proc/<pid>/mem

#[path = "../../support/mod.rs"]
mod support;

use crate::support::hostile;
#[cfg(feature = "prompt")]
use crate::support::terminal;
#[cfg(feature = "tls")]
use crate::support::tls;

#[cfg(feature = "tls")]
mod key;
mod observer;
#[cfg(all(feature = "sign", feature = "tls"))]
mod signing;
mod subject;
#[cfg(feature = "prompt")]
mod typed;

use observer::{Copies, Row, each};

/// How the bytes travel.
const WAYS: &[&str] = if cfg!(feature = "tls") { &["http", "https"] } else { &["http"] };
const FLOWS: [&str; 9] = [
    "jsa",
    "jsa, by pipe",
    "accelerator",
    "accelerator, by function",
    "client credentials, body",
    "client credentials, basic",
    "client credentials, assertion",
    // Another grant, whose parameter and header are read from a file for each request.
    "client credentials, parameter by function",
    // It starts the locator as a child. Its environment has a copy of the secret, under a name that is not the platform's.
    "jsa, with a locator",
];
const OUTCOMES: [&str; 10] = [
    "success",
    "success, escaped",
    "success, in chunks",
    "refusal",
    "refusal, a page",
    "malformed answer",
    "malformed answer, a page",
    "malformed answer, without a token",
    "cut connection",
    "timeout",
];

const NONE: Copies = Copies { secret: 0, token: 0 };

/// The copies that are not the library's: the one in the environment.
fn given(flow: &str) -> usize {
    usize::from(flow == "jsa, with a locator")
}

fn rows(mode: &'static str, outcomes: &[&'static str]) -> Vec<Row> {
    let mut rows = Vec::new();
    for way in WAYS {
        // A service that the locator finds is reached over plain HTTP.
        for flow in FLOWS.into_iter().filter(|flow| *way == "http" || !flow.ends_with("locator")) {
            rows.extend(outcomes.iter().map(|outcome| Row { way, flow, mode, outcome }));
        }
    }
    rows
}

#[test]
fn the_scan_finds_copies_in_use_and_copies_that_were_freed_unwiped() {
    for way in WAYS {
        for (mode, in_use) in [("copy kept", 1), ("copy dropped", 0)] {
            let row = Row { way, flow: "jsa", mode, outcome: "success" };
            let copies = row.run().copies();
            println!("{mode}: {copies:?}");
            // A buffer that grew may leave a second copy.
            assert!(copies.secret > in_use && copies.token > in_use, "{mode}: {copies:?}");
        }
    }
}

#[test]
fn after_drop_the_process_holds_no_copy() {
    let rows = rows("dropped", &OUTCOMES);
    let copies = each(&rows, |row| row.run().copies());
    println!("| way | flow | outcome | secret | token |\n| --- | --- | --- | --- | --- |");
    for (Row { way, flow, outcome, .. }, Copies { secret, token }) in rows.iter().zip(&copies) {
        println!("| {way} | {flow} | {outcome} | {} | {token} |", secret - given(flow));
    }
    for (row, copies) in rows.iter().zip(copies) {
        assert_eq!(copies, Copies { secret: given(row.flow), token: 0 }, "{row:?}");
    }
}

#[cfg(feature = "tls")]
#[test]
fn an_installed_provider_leaves_no_copy() {
    for outcome in ["success", "success, in chunks", "refusal"] {
        let way = "https, an installed provider";
        let row = Row { way, flow: "jsa", mode: "dropped", outcome };
        assert_eq!(row.run().copies(), NONE, "{row:?}");
    }
}

#[test]
fn an_error_that_is_kept_holds_no_copy() {
    let failures: Vec<_> =
        OUTCOMES.into_iter().filter(|outcome| !outcome.starts_with("success")).collect();
    let rows = rows("error kept", &failures);
    for (row, copies) in rows.iter().zip(each(&rows, |row| row.run().copies())) {
        assert_eq!(copies, Copies { secret: given(row.flow), ..NONE }, "{row:?}");
    }
}

#[test]
fn a_session_holds_one_copy_of_secret_and_token() {
    for mode in ["session", "session, renewed", "session, after an API call"] {
        let rows = rows(mode, &["success"]);
        for (row, copies) in rows.iter().zip(each(&rows, |row| row.run().copies())) {
            let secret = usize::from(!row.flow.ends_with("by function")) + given(row.flow);
            println!("{row:?}: {copies:?}");
            assert_eq!(copies, Copies { secret, token: 1 }, "{row:?}");
        }
    }
}

#[test]
fn a_dropped_session_leaves_no_copy() {
    let rows = rows("session dropped", &["success"]);
    for (row, copies) in rows.iter().zip(each(&rows, |row| row.run().copies())) {
        assert_eq!(copies, Copies { secret: given(row.flow), ..NONE }, "{row:?}");
    }
}
