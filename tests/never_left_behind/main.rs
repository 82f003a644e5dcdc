//! Promise 2: a secret is never left behind, with the system's own allocator.
//!
//! Each row runs a flow in a process of its own (this same test program, told to be the [`subject`]), and then reads that
//! process's whole memory from outside, stacks included, and counts the copies of the secret and of the token, the first
//! halves of either too.
//!
//! `cargo test --release --test never_left_behind -- --nocapture` prints the table.

#![cfg(target_os = "linux")] // it reads /proc/<pid>/mem

#[path = "../support/hostile.rs"]
mod hostile;
#[cfg(feature = "tls")]
#[path = "../support/tls.rs"]
mod tls;

#[cfg(feature = "tls")]
mod key;
mod observer;
mod subject;

use observer::{Copies, Row, each};

/// How the bytes travel.
const WAYS: &[&str] = if cfg!(feature = "tls") { &["http", "https"] } else { &["http"] };
const FLOWS: [&str; 7] = [
    "jsa",
    "accelerator",
    "accelerator, asked for",
    "client credentials, body",
    "client credentials, basic",
    "client credentials, assertion",
    // It starts a child, and the secret stands in its environment under another name than the platform's.
    "jsa, with a locator",
];
const OUTCOMES: [&str; 7] = [
    "success",
    "success, escaped",
    "success, in chunks",
    "refusal",
    "malformed answer",
    "cut connection",
    "timeout",
];

const NONE: Copies = Copies { secret: 0, token: 0 };

/// The copies that are none of the library's: that of the environment.
fn given(flow: &str) -> usize {
    usize::from(flow == "jsa, with a locator")
}

fn rows(mode: &'static str, outcomes: &[&'static str]) -> Vec<Row> {
    let mut rows = Vec::new();
    for way in WAYS {
        // What the locator finds is spoken to over plain HTTP.
        for flow in FLOWS.into_iter().filter(|flow| *way == "http" || !flow.ends_with("locator")) {
            rows.extend(outcomes.iter().map(|outcome| Row { way, flow, mode, outcome }));
        }
    }
    rows
}

#[test]
fn the_scanner_finds_what_is_left_in_use_and_what_was_dropped_unwiped() {
    for way in WAYS {
        for (mode, in_use) in [("copy kept", 1), ("copy dropped", 0)] {
            let row = Row { way, flow: "jsa", mode, outcome: "success" };
            let copies = row.run().copies();
            println!("{mode}: {copies:?}");
            // A copy can lie in two places, where it grew.
            assert!(copies.secret > in_use && copies.token > in_use, "{mode}: {copies:?}");
        }
    }
}

#[test]
fn after_drop_no_copy_is_left_in_the_whole_process() {
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
fn a_live_session_holds_one_copy_of_each() {
    for mode in ["session", "session, renewed", "session, after an API call"] {
        let rows = rows(mode, &["success"]);
        for (row, copies) in rows.iter().zip(each(&rows, |row| row.run().copies())) {
            let secret = usize::from(!row.flow.ends_with("asked for")) + given(row.flow);
            println!("{row:?}: {copies:?}");
            assert_eq!(copies, Copies { secret, token: 1 }, "{row:?}");
        }
    }
}

#[test]
fn a_session_that_is_dropped_leaves_no_copy() {
    let rows = rows("session dropped", &["success"]);
    for (row, copies) in rows.iter().zip(each(&rows, |row| row.run().copies())) {
        assert_eq!(copies, Copies { secret: given(row.flow), ..NONE }, "{row:?}");
    }
}
