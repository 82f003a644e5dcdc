//! minreq 3.0.0's budget for the headers underflows. Here is every way to it that its source has, and that a program
//! which gets a token survives them.
//!
//! minreq takes `len + 2` off the budget for a line, as if it ended in `\r\n`, after it checked that `len` bytes and
//! what ends them fit. A line that ends in `\n`, or in the end of the connection, fits with one or two bytes less:
//!
//! | where | ends by | underflows if it leaves |
//! | --- | --- | --- |
//! | a header (`read_metadata`) | `\n` | 1 byte |
//! | a header | the connection | 0 or 1 |
//! | a trailer, with or without a colon (`read_trailers`) | `\n` | 1 |
//! | a trailer | the connection | 0 or 1 |
//! | the empty line after the trailers | `\n` | 1, and 0 if the connection ends it |
//!
//! The status line and the lines of a chunk's length have limits of their own, and nothing is taken off those.
//!
//! `GET_TOKEN` names another build of the example to run; `.ci/panic-abort` does so. With `GET_TOKEN_PANICS`
//! it may print more than one line on standard error.

#[path = "support/hostile.rs"]
mod hostile;
#[path = "support/programs.rs"]
mod programs;

use hostile::{Server, Step};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Stdio;
use std::time::{Duration, Instant};

const BUDGET: usize = 8192;
const FRAMING: &str = "Transfer-Encoding: chunked";
const LEFT_AFTER_FRAMING: usize = BUDGET - FRAMING.len() - 2;
const JSON: &str = r#"{"access_token":"t","token_type":"Bearer"}"#;

fn line(len: usize) -> String {
    format!("X: {}", "x".repeat(len - 3))
}

fn chunked(head: &str, trailers: &str) -> String {
    let len = JSON.len();
    format!("HTTP/1.1 200 OK\r\n{FRAMING}\r\n{head}\n{len:x}\r\n{JSON}\r\n0\r\n{trailers}")
}

/// A name, and what is sent.
fn ways() -> Vec<(&'static str, String)> {
    let head = |line: &str, rest: &str| format!("HTTP/1.1 200 OK\r\n{line}{rest}");
    let all_but_one = line(LEFT_AFTER_FRAMING - 2 - 1) + "\r\n";
    let body = format!("\n{JSON}");
    vec![
        ("a header, by a line feed", head(&line(BUDGET - 1), &format!("\n{body}"))),
        (
            "a line without a colon, by a line feed",
            head(&"x".repeat(BUDGET - 1), &format!("\n{body}")),
        ),
        ("the second header", head(&line(98), &format!("\r\n{}\n{body}", line(BUDGET - 100 - 1)))),
        ("a header, by the end, one byte left", head(&line(BUDGET - 1), "")),
        ("a header, by the end, none left", head(&line(BUDGET), "")),
        (
            "a trailer, by a line feed",
            chunked("", &format!("{}\n\n", line(LEFT_AFTER_FRAMING - 1))),
        ),
        (
            "a trailer without a colon",
            chunked("", &format!("{}\n", "x".repeat(LEFT_AFTER_FRAMING - 1))),
        ),
        ("a trailer, by the end", chunked("", &line(LEFT_AFTER_FRAMING))),
        ("the empty line after the trailers, by a line feed", chunked(&all_but_one, "\n")),
        ("the empty line after the trailers, by the end", chunked(&all_but_one, "")),
    ]
}

fn server(bytes: &str) -> Server {
    Server::script(vec![Step::Request, Step::send(bytes)])
}

/// When this fails, minreq was mended, and what stands around it can go.
#[test]
fn minreqs_header_budget_still_underflows() {
    const MENDED: &str = "minreq was mended: MINREQ_HEAD_BUDGET and the panic boundary in \
        src/os/transport.rs, the profile overrides in Cargo.toml and the pages about it can go";
    for (name, bytes) in ways() {
        let server = server(&bytes);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            minreq::get(server.url()).with_timeout(10).with_max_headers_size(BUDGET).send()
        }));
        // With overflow checks it panics; without, it takes what is more than its budget.
        match outcome {
            Err(_) | Ok(Ok(_)) => {}
            Ok(Err(error)) => panic!("{name}: {error}: {MENDED}"),
        }
    }
    // The budget holds where nothing underflows, so that taking the above is no matter of course.
    let over = format!("HTTP/1.1 200 OK\r\n{}\r\n\r\n{JSON}", line(BUDGET - 1));
    let server = server(&over);
    let outcome = minreq::get(server.url()).with_timeout(10).with_max_headers_size(BUDGET).send();
    assert!(matches!(outcome, Err(minreq::Error::HeadersOverflow)), "{outcome:?}");
}

/// Without overflow checks, what follows the crafted line has no limit.
#[test]
fn minreqs_header_budget_is_lifted_or_panics() {
    let crafted =
        format!("HTTP/1.1 200 OK\r\n{}\n{}\r\n", line(BUDGET - 1), "X: y\r\n".repeat(10_000));
    let server = server(&crafted);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        minreq::get(server.url()).with_timeout(10).with_max_headers_size(BUDGET).send()
    }));
    if let Ok(response) = outcome {
        let response = response.expect("minreq was mended: it noticed the excess");
        assert_eq!(response.headers.len(), 10_001);
    }
}

/// Runs the program, and returns its exit status and what it wrote to standard error.
fn get_token(server: &Server, timeout: &str) -> (Option<i32>, String) {
    let variables =
        [("CLIENT_ID", "id"), ("CLIENT_SECRET", "hunter2"), ("QOAUTH_URL", &server.url())];
    let mut command = programs::command("get_token", &variables);
    if let Some(path) = std::env::var_os("GET_TOKEN") {
        let settings: Vec<_> =
            command.get_envs().map(|(n, v)| (n.to_owned(), v.map(ToOwned::to_owned))).collect();
        command = std::process::Command::new(path);
        for (name, value) in settings {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }
    let output = command
        .args(["--timeout", timeout, "jsa"])
        .stdin(Stdio::null())
        .output()
        .expect("get_token starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn check(name: &str, server: &Server, timeout: u64, allowed: &[i32]) {
    let start = Instant::now();
    let (status, err) = get_token(server, &timeout.to_string());
    assert!(start.elapsed() < Duration::from_secs(timeout + 3), "{name}: {:?}", start.elapsed());
    assert!(status.is_some_and(|status| allowed.contains(&status)), "{name}: {status:?} {err}");
    let ours = err.lines().filter(|line| line.starts_with("get_token: ")).count();
    assert_eq!(ours, usize::from(status != Some(0)), "{name}: {err}");
    if std::env::var_os("GET_TOKEN_PANICS").is_none() {
        assert_eq!(err.lines().count(), ours, "{name}: {err}");
    }
    assert!(!err.contains("hunter2"), "{name}: {err}");
}

#[test]
fn get_token_survives_every_way_to_the_underflow() {
    for (name, bytes) in ways() {
        // A whole token comes with some of them: then 0, where nothing was checked.
        check(name, &server(&bytes), 10, &[0, 4]);
    }
}

#[test]
fn get_token_survives_a_head_without_end_behind_the_underflow() {
    let pause = Duration::from_millis(1);
    for (name, more) in [("headers", "X: y\r\n".repeat(100)), ("one header", "x".repeat(1000))] {
        let crafted = format!("HTTP/1.1 200 OK\r\n{}\n", line(BUDGET - 1));
        let script =
            vec![Step::Request, Step::send(crafted), Step::Endless(more.into_bytes(), pause)];
        check(name, &Server::script(script), 1, &[4, 5]);
    }
    let trailers = chunked("", &format!("{}\n", line(LEFT_AFTER_FRAMING - 1)));
    let endless = Step::Endless("X: y\r\n".repeat(100).into_bytes(), pause);
    let script = vec![Step::Request, Step::send(trailers), endless];
    check("trailers", &Server::script(script), 1, &[4, 5]);
}
