//! A table of hostile port locators, one row per behaviour. Each must end in the expected error, in time, and leave no
//! process behind.
#![cfg(target_os = "linux")] // it looks into /proc

#[path = "../support/mod.rs"]
mod support;

use crate::support::executable::write_executable;
use crate::support::leaks::leaked;
use minbearer::{Kind, jsa};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const SECRET: &str = "s3cr3t&=+%#/?é Zq7";
const SERVICE: &str = "127.0.0.1";
/// A call must return this much after its timeout at the latest.
const GRACE: Duration = Duration::from_millis(500);
/// The timeout for a locator that ends by itself.
const AMPLE: Duration = Duration::from_secs(5);
/// The timeout for a locator that must be killed.
const SHORT: Duration = Duration::from_secs(1);

/// Tests that look for zombies, which are children of this process, must not run at the same time.
static ALONE: Mutex<()> = Mutex::new(());

enum File {
    /// A shell script after its first line; `$PORT` is a port where nothing listens.
    Script(&'static str),
    /// An executable file with this content.
    Whole(&'static [u8]),
    NotExecutable,
    Directory,
    Absent,
    /// A path that goes through a file which is not a directory.
    Within,
    /// A link to itself.
    Loop,
}

use File::*;

struct Row {
    name: &'static str,
    file: File,
    expected: Kind,
    /// What the message must contain.
    part: &'static str,
}

const fn row(name: &'static str, file: File, expected: Kind, part: &'static str) -> Row {
    Row { name, file, expected, part }
}

/// The locator's port was used: nothing listens there.
const FOUND: (Kind, &str) = (Kind::Network, "nothing listens there");

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("prints a port", Script("echo $PORT"), FOUND.0, FOUND.1),
    row("prints a port and no newline", Script("printf $PORT"), FOUND.0, FOUND.1),
    row("prints a port and \\r\\n", Script("printf '%s\\r\\n' $PORT"), FOUND.0, FOUND.1),
    row("prints a port amid blanks and empty lines", Script("printf ' \\n\\t%s \\n\\n' $PORT"), FOUND.0, FOUND.1),
    row("prints a port a byte at a time",
        Script("p=$PORT; while [ -n \"$p\" ]; do printf %.1s \"$p\"; p=${p#?}; sleep 0.03; done"), FOUND.0, FOUND.1),
    row("prints a port and complains at length", Script("head -c 3000000 /dev/zero >&2; echo $PORT"), FOUND.0, FOUND.1),
    row("prints a port after it closed its standard error", Script("exec 2>&-; sleep 0.05; echo $PORT"), FOUND.0, FOUND.1),
    row("leaves a grandchild that holds its output", Script("nap; echo $PORT"), FOUND.0, FOUND.1),
    row("leaves a grandchild in a session of its own", Script("setsid sleep 6 & left; echo $PORT"), FOUND.0, FOUND.1),
    row("leaves a grandchild that complains without end", Script("yes >&2 & left; echo $PORT"), FOUND.0, FOUND.1),
    row("leaves a grandchild that prints blanks without end", Script("while :; do printf ' '; sleep 0.01; done & left; echo $PORT"), FOUND.0, FOUND.1),

    row("silent", Script("exec sleep 6"), Kind::Timeout, "in time"),
    row("slow", Script("nap; wait; echo $PORT"), Kind::Timeout, "in time"),
    row("hanging with TERM ignored", Script("trap '' TERM INT HUP QUIT; while :; do sleep 0.2; done"), Kind::Timeout, "in time"),
    row("closing its output and hanging", Script("exec >&- 2>&-; exec sleep 6"), Kind::Timeout, "in time"),
    row("printing a port, closing its output and hanging", Script("echo $PORT; exec >&- 2>&-; exec sleep 6"), Kind::Timeout, "in time"),
    row("printing a port and hanging", Script("echo $PORT; exec sleep 6"), Kind::Timeout, "in time"),
    row("hanging behind a grandchild that holds its output", Script("nap; wait"), Kind::Timeout, "in time"),
    row("complaining without end", Script("exec yes >&2"), Kind::Timeout, "in time"),
    row("printing blanks, slowly, without end", Script("while :; do printf ' '; sleep 0.05; done"), Kind::Timeout, "in time"),
    row("hanging in its parent's process group", Script("exec perl -e 'setpgrp(0, getpgrp(getppid())); sleep 6'"), Kind::Timeout, "in time"),
    row("stopped", Script("kill -STOP $$"), Kind::Timeout, "in time"),
    row("busy", Script("while :; do :; done"), Kind::Timeout, "in time"),

    row("endless", Script("exec yes"), Kind::Locator, "more than 256 bytes"),
    row("endless beside a grandchild", Script("nap; exec yes"), Kind::Locator, "more than 256 bytes"),
    row("endless without a newline", Script("exec cat /dev/zero"), Kind::Locator, "more than 256 bytes"),
    row("257 bytes", Script("printf %257s 80"), Kind::Locator, "more than 256 bytes"),
    row("endless, with TERM and PIPE ignored", Script("trap '' TERM PIPE; while :; do echo xxxxxxxxxxxxxxxx; done 2>/dev/null"), Kind::Locator, "more than 256 bytes"),

    row("prints nothing", Script(":"), Kind::Locator, "printed nothing"),
    row("prints blanks", Script("printf ' \\n '"), Kind::Locator, "printed nothing; a port was expected"),
    row("two lines", Script("echo $PORT; echo $PORT"), Kind::Locator, "a port from 1 to 65535 was expected"),
    row("two ports", Script("echo 80 81"), Kind::Locator, "`80 81`"),
    row("zero", Script("echo 0"), Kind::Locator, "`0`"),
    row("a leading zero", Script("echo 080"), Kind::Locator, "`080`"),
    row("a plus sign", Script("echo +80"), Kind::Locator, "`+80`"),
    row("a minus sign", Script("echo -80"), Kind::Locator, "`-80`"),
    row("65536", Script("echo 65536"), Kind::Locator, "`65536`"),
    row("more digits than any number has", Script("printf %0200d 1"), Kind::Locator, "`0000"),
    row("hexadecimal", Script("echo 0x50"), Kind::Locator, "`0x50`"),
    row("a fraction", Script("echo 80.0"), Kind::Locator, "`80.0`"),
    row("an exponent", Script("echo 8e1"), Kind::Locator, "`8e1`"),
    row("a thousands separator", Script("echo 8,080"), Kind::Locator, "`8,080`"),
    row("a host and a port", Script("echo h:80"), Kind::Locator, "`h:80`"),
    row("words", Script("echo no such service"), Kind::Locator, "`no such service`"),
    row("digits of another script", Script("printf '\\331\\250\\331\\240'"), Kind::Locator, "`٨٠`"),
    row("not UTF-8", Script("printf '80\\377'"), Kind::Locator, "`80\u{fffd}`"),
    row("a blank that is not ASCII", Script("printf '80\\302\\240'"), Kind::Locator, "a port from"),
    row("a NUL after the port", Script("printf '80\\0'"), Kind::Locator, "`80\\u{0}`"),
    row("escapes for terminals", Script("printf '\\033[2J\\033]0;x\\007'"), Kind::Locator, "`\\u{1b}[2J\\u{1b}]0;x\\u{7}`"),
    row("the secret itself", Script("printf 's3cr3t&=+%%#/?é Zq7'"), Kind::Locator, "`[redacted]`"),

    row("failing", Script("exit 1"), Kind::Locator, "exit status: 1"),
    row("failing after a port", Script("echo $PORT; exit 3"), Kind::Locator, "exit status: 3"),
    row("failing with words on standard error", Script("echo 'no such service' >&2; exit 4"), Kind::Locator, "exit status: 4): no such service"),
    row("failing with the secret on standard error", Script("echo 'bad s3cr3t&=+%#/?é Zq7, s3cr3t%26%3d%2b%25%23%2f%3f%c3%a9+Zq7' >&2; exit 4"), Kind::Locator, "bad [redacted], [redacted]"),
    row("failing with the secret behind blanks", Script("printf '%1005ss3cr3t&=+%%#/?é Zq7' '' >&2; exit 4"), Kind::Locator, ": [redacted]"),
    row("failing with escapes on standard error", Script("printf 'a\\033[31mb\\nc\\r\\302\\233d' >&2; exit 4"), Kind::Locator, "a\\u{1b}[31mb c\\u{d}\\u{9b}d"),
    row("failing with a long text on standard error", Script("printf x%0100000d 1 >&2; exit 4"), Kind::Locator, "0000…"),
    row("failing with bytes that are no text", Script("printf '\\377\\376' >&2; exit 4"), Kind::Locator, "\u{fffd}\u{fffd}"),
    row("failing while a grandchild holds its output", Script("nap; exit 4"), Kind::Locator, "exit status: 4"),
    row("killed", Script("kill -KILL $$"), Kind::Locator, "signal: 9"),
    row("killed after a port", Script("echo $PORT; kill -KILL $$"), Kind::Locator, "signal: 9"),
    row("crashing", Script("kill -SEGV $$"), Kind::Locator, "signal: 11"),

    row("absent", Absent, Kind::Locator, "SERVICE_PORT_LOCATOR"),
    row("a path through a file", Within, Kind::Locator, "could not start"),
    row("a link to itself", Loop, Kind::Locator, "could not start"),
    row("not executable", NotExecutable, Kind::Locator, "is it an executable file?"),
    row("a directory", Directory, Kind::Locator, "is it an executable file?"),
    row("a missing interpreter", Whole(b"#!/nonexistent/python3\nprint(80)\n"), Kind::Locator, "the interpreter that its first line names is missing"),
    row("an interpreter that is a directory", Whole(b"#!/\n"), Kind::Locator, "could not start"),
    row("an empty file", Whole(b""), Kind::Locator, "could not start"),
    row("a file that is not a program", Whole(b"\x7fELF and nothing else"), Kind::Locator, "could not start"),
];

/// A script records its process id and those of the children that it leaves behind.
const PREAMBLE: &str = r#"#!/bin/sh
echo $$ >"$0.pid"
left() { echo $! >>"$0.left"; }
nap() { sleep 6 & left; }
"#;

fn prepare(folder: &Path, index: usize, file: &File, port: u16) -> PathBuf {
    let path = folder.join(format!("locator-{index}"));
    match file {
        Script(script) => {
            let script = format!("{PREAMBLE}PORT={port}\n{script}\n");
            write_executable(&path, script.as_bytes());
        }
        Whole(content) => write_executable(&path, content),
        NotExecutable => {
            write_executable(&path, b"#!/bin/sh\necho 80\n");
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("a mode");
        }
        Directory => std::fs::create_dir(&path).expect("a directory"),
        Absent => {}
        Within => {
            write_executable(&path, b"");
            return path.join("locator");
        }
        Loop => std::os::unix::fs::symlink(&path, &path).expect("a link"),
    }
    path
}

/// State and parent of a process, from `/proc/<pid>/stat`; `None` once it is gone.
fn state_and_parent(pid: u32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses and may contain any character.
    let mut fields = stat.rsplit(')').next()?.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// The children of this process, zombies among them.
fn children() -> BTreeSet<u32> {
    let processes = std::fs::read_dir("/proc").expect("/proc");
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| {
        state_and_parent(pid).is_some_and(|(_, parent)| parent == std::process::id())
    })
    .collect()
}

fn config(program: &Path, timeout: Duration) -> jsa::Config {
    let config = jsa::Config::new("id", SECRET).unwrap().with_qoauth_host(SERVICE).unwrap();
    config.with_locator(program).with_timeout(timeout)
}

/// Runs one row, and returns what was wrong.
fn run(row: &Row, program: &Path) -> Result<(), String> {
    let timeout = if row.expected == Kind::Timeout { SHORT } else { AMPLE };
    let start = Instant::now();
    let outcome = jsa::get_token(&config(program, timeout));
    let elapsed = start.elapsed();
    let error = outcome.err().ok_or("a token")?;
    if error.kind() != row.expected || !error.to_string().contains(row.part) {
        return Err(format!(
            "{:?} `{error}` instead of {:?} `{}`",
            error.kind(),
            row.expected,
            row.part
        ));
    }
    if elapsed > timeout + GRACE {
        return Err(format!("took {elapsed:?} with a timeout of {timeout:?}"));
    }
    if let Some(leak) = leaked(&error, &[SECRET, "s3cr3t"]) {
        return Err(format!("shows {leak}"));
    }
    let text = error.to_string();
    if text.chars().any(char::is_control) || text.chars().count() > 256 + 400 {
        return Err(format!("control characters or too long: {text:?}"));
    }
    if let Script(_) = row.file {
        let pid = std::fs::read_to_string(program.with_extension("pid"));
        let pid: u32 = pid.ok().and_then(|pid| pid.trim().parse().ok()).ok_or("was not run")?;
        if let Some((state, parent)) = state_and_parent(pid) {
            if parent == std::process::id() {
                return Err(format!("still exists, in state {state}"));
            }
        }
        // What it has started ends with it if it is killed. If it ends by itself, that is its own affair.
        let is_killed = row.expected == Kind::Timeout || row.part == "more than 256 bytes";
        for pid in left_behind(program).filter(|_| is_killed) {
            let deadline = Instant::now() + GRACE;
            // An orphan may stay a zombie: that is up to process 1.
            while state_and_parent(pid).is_some_and(|(state, _)| state != 'Z') {
                if Instant::now() > deadline {
                    return Err(format!("its child {pid} still runs"));
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
    Ok(())
}

/// The processes that a locator has recorded as its children.
fn left_behind(program: &Path) -> impl Iterator<Item = u32> {
    let left = std::fs::read_to_string(program.with_extension("left")).unwrap_or_default();
    let pids: Vec<_> = left.lines().filter_map(|pid| pid.parse().ok()).collect();
    pids.into_iter()
}

#[test]
fn every_hostile_locator_ends_in_the_expected_error_in_time_and_leaves_no_process() {
    let _alone = ALONE.lock();
    assert!(ROWS.len() >= 30, "{} rows", ROWS.len());
    let folder = tempfile::tempdir().unwrap();
    // A port that is bound, so that no one else gets it, and on which nothing listens.
    let taken = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    taken.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let port = taken.local_addr().unwrap().as_socket().unwrap().port();
    let programs: Vec<_> = ROWS
        .iter()
        .enumerate()
        .map(|(index, row)| prepare(folder.path(), index, &row.file, port))
        .collect();
    assert_eq!(children(), BTreeSet::new(), "before the first locator ran");
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for (row, program) in ROWS.iter().zip(&programs) {
            let wrong = &wrong;
            scope.spawn(move || {
                if let Err(what) = run(row, program) {
                    wrong.lock().unwrap().push(format!("{}: {what}", row.name));
                }
            });
        }
    });
    end_grandchildren(&programs);
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), ROWS.len(), wrong.join("\n"));
    assert_eq!(children(), BTreeSet::new(), "children, or zombies, are left");
}

/// Ends the grandchildren that locators leave on purpose, which would soon end by themselves.
fn end_grandchildren(programs: &[PathBuf]) {
    for program in programs {
        for pid in left_behind(program) {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            if ["sleep", "yes"].contains(&name.trim()) || name.starts_with("locator-") {
                let kill = Command::new("/bin/sh")
                    .args(["-c", "kill $1", "sh"])
                    .arg(pid.to_string())
                    .status();
                assert!(kill.is_ok(), "a shell");
            }
        }
    }
}

/// The check of the table above can fail.
#[test]
fn the_check_sees_a_child_that_was_not_waited_for() {
    let _alone = ALONE.lock();
    let mut child = Command::new("/bin/true").spawn().unwrap();
    let deadline = Instant::now() + AMPLE;
    while state_and_parent(child.id()).is_some_and(|(state, _)| state != 'Z') {
        assert!(Instant::now() < deadline, "the child did not become a zombie");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(children(), BTreeSet::from([child.id()]));
    child.wait().unwrap();
    assert_eq!(children(), BTreeSet::new());
}
