//! How much memory a server can make the process use: `minbearer`'s largest address space above that at its start, against
//! servers that send without end, as fast as they can. The kernel knows it exactly; resident pages it counts by processor,
//! and may be wrong by 128 KiB for each.
//!
//! ```sh
//! cargo test --release -p minbearer-cli --test alone memory_bounds:: -- --nocapture   # prints the figures
//! ```
#![cfg(target_os = "linux")] // it reads /proc/<pid>/status

use crate::ALONE;
use crate::support::processes;

use crate::support::hostile::{Server, Step};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// An answer may have 16 KiB of head and 64 KiB of body, which is copied when its buffer grows. glibc asks for 132 KiB at
/// least.
const LIMIT_KIB: u64 = 256;

/// The largest address space so far.
fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it still runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// A socket pair whose second end has a full send buffer: a process that writes to it blocks, and can be measured.
fn full_pair() -> (UnixStream, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("a socket pair");
    theirs.set_nonblocking(true).expect("a socket");
    loop {
        match (&theirs).write(&[b'#'; 4096]) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    theirs.set_nonblocking(false).expect("a socket");
    (ours, theirs)
}

/// Runs `minbearer` with a timeout of a second against a server that sends `start` and then `more` without end, and
/// returns the peak above the start in KiB, and the exit status.
fn peak_above_start(start: &str, more: &[u8]) -> (u64, Option<i32>) {
    let quiet = Duration::from_millis(300);
    let more = more.repeat(64 * 1024 / more.len());
    let server = Server::script(vec![
        Step::Request,
        Step::Trickle(b"H".to_vec(), quiet),
        Step::send(&start[1..]),
        Step::Endless(more, Duration::ZERO),
    ]);
    let variables =
        [("CLIENT_ID", "id"), ("CLIENT_SECRET", "hunter2"), ("QOAUTH_URL", &server.url())];
    let (mut ours, theirs) = full_pair();
    let mut child = processes::command("minbearer", &variables)
        .args(["--timeout", "1", "jsa"])
        .stdout(Stdio::null())
        .stderr(Stdio::from(OwnedFd::from(theirs)))
        .spawn()
        .expect("minbearer starts");
    let begun = Instant::now();
    while server.connections() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "it did not connect");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(quiet / 2);
    let before = peak_kib(child.id());
    // After its deadline the process waits for three seconds to write the error line, since the buffer is full.
    std::thread::sleep(Duration::from_millis(1500));
    let peak = peak_kib(child.id());
    assert_eq!(child.try_wait().expect("a child"), None, "it ended before it was measured");
    ours.set_nonblocking(true).expect("a socket");
    let mut chunk = [0; 4096];
    while child.try_wait().expect("a child").is_none() {
        let _ = ours.read(&mut chunk); // makes room
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not end");
        std::thread::sleep(Duration::from_micros(100));
    }
    (peak - before, child.wait().expect("a child").code())
}

/// Runs rows of: name, what is sent first, what is sent without end, expected exit status.
fn check(rows: &[(&str, String, &str, i32)]) {
    std::thread::scope(|scope| {
        for (name, start, more, status) in rows {
            scope.spawn(move || {
                let (above, code) = peak_above_start(start, more.as_bytes());
                println!("{above:>9} KiB above the start: {name}");
                // A slow machine may not reach the limit before the timeout.
                assert!([Some(*status), Some(5)].contains(&code), "{name}: {code:?}");
                assert!(above < LIMIT_KIB, "{name}: {above} KiB above the start");
            });
        }
    });
}

#[test]
fn an_endless_body_needs_less_than_256_kib() {
    let _alone = ALONE.lock();
    let head = |framing: &str| format!("HTTP/1.1 200 OK\r\n{framing}\r\n");
    let refused = |framing: &str| format!("HTTP/1.1 403 No\r\n{framing}\r\n");
    let unavailable = |framing: &str| format!("HTTP/1.1 500 No\r\n{framing}\r\n");
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let announced = "Content-Length: 10000000000\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    check(&[
        ("a body of 10 GB, announced", head(announced), " ", 7),
        ("a body in chunks", head(chunked), chunk.as_str(), 7),
        ("a body in chunks of a byte", head(chunked), "1\r\n \r\n", 7),
        ("a body in one chunk", head(chunked) + "ffffffffffff\r\n", " ", 7),
        ("a body until close", head(""), " ", 7),
        ("a refusal's body, announced", refused(announced), " ", 6),
        ("a refusal's body until close", refused(""), " ", 6),
        ("a refusal's body in chunks", refused(chunked), chunk.as_str(), 6),
        ("an unavailable server's body", unavailable(announced), " ", 8),
    ]);
}

#[test]
fn an_endless_head_needs_less_than_256_kib() {
    let _alone = ALONE.lock();
    let head = "HTTP/1.1 200 OK\r\n";
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    check(&[
        ("a status line without end", "HTTP/1.1 200 ".into(), "x", 4),
        ("headers without end", head.into(), "X: y\r\n", 4),
        ("headers of one byte without end", head.into(), "X:\n", 4),
        ("one header without end", head.into(), "x", 4),
        ("interim answers without end", "HTTP/1.1 100\n\n".into(), "HTTP/1.1 100\n\n", 4),
        ("a line before a chunk without end", chunked.clone() + "1;", "x", 4),
        ("trailers without end", chunked + "0\r\n", "X: y\r\n", 4),
    ]);
}
