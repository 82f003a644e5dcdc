//! What the program's port locator is given, and what its exit status means.
#![cfg(target_os = "linux")] // it looks into /proc

use crate::support::executable::write_executable;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

const SECRET: &str = "s3cr3t&=+%#/?é Zq7";
const SERVICE: &str = "127.0.0.1";

/// The descriptors of this process that every child inherits: those without close-on-exec.
fn inheritable() -> BTreeSet<u32> {
    let descriptors = std::fs::read_dir("/proc/self/fdinfo").expect("/proc/self/fdinfo");
    let mut numbers = BTreeSet::from([0, 1, 2]);
    for entry in descriptors.flatten() {
        let Ok(info) = std::fs::read_to_string(entry.path()) else { continue };
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = u32::from_str_radix(flags.expect("flags").trim(), 8).expect("octal flags");
        const CLOSE_ON_EXEC: u32 = 0o2_000_000;
        if flags & CLOSE_ON_EXEC == 0 {
            numbers.insert(entry.file_name().to_str().unwrap().parse().unwrap());
        }
    }
    numbers
}

/// Runs `minbearer` with a known environment and a locator that records its arguments, environment and descriptors.
#[test]
fn a_locator_gets_one_argument_no_secret_and_no_descriptor() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("locator");
    write_executable(
        &program,
        b"#!/bin/sh\nenv >\"$0.env\"\nprintf '%s\\n' \"$#\" \"$@\" >\"$0.args\"\nreadlink /proc/$$/fd/0 >\"$0.stdin\"\n\
          wc -c >>\"$0.stdin\"\n(exec ls -l /proc/$$/fd >\"$0.fds\")\necho 1\n",
    );
    let status = Command::new(env!("CARGO_BIN_EXE_minbearer"))
        .args(["--timeout", "5", "jsa"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("CLIENT_ID", "the-id")
        .env("CLIENT_SECRET", SECRET)
        .env("QOAUTH_HOST", SERVICE)
        .env("SERVICE_PORT_LOCATOR", &program)
        .env("ANOTHER", "variable")
        .env("A_COPY", SECRET)
        .env("A_URL", format!("http://user:{SECRET}@host/"))
        .stdin(Stdio::piped()) // not null, to show that the library sets the locator's
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(4), "nothing listens on port 1");
    let read =
        |extension: &str| std::fs::read_to_string(program.with_extension(extension)).unwrap();
    let environment = read("env");
    assert!(
        !environment.contains("s3cr3t") && !environment.contains("CLIENT_SECRET"),
        "{environment}"
    );
    for kept in ["ANOTHER=variable", "CLIENT_ID=the-id", "QOAUTH_HOST=127.0.0.1", "PATH="] {
        assert!(environment.contains(kept), "{kept} is not in {environment}");
    }
    assert_eq!(read("args"), format!("1\n{SERVICE}\n"));
    let stdin = read("stdin");
    let stdin: Vec<_> = stdin.split_whitespace().collect();
    assert_eq!(stdin, ["/dev/null", "0"]);
    let fds = read("fds");
    let descriptors = fds.lines().filter_map(|line| {
        let (before, target) = line.split_once(" -> ")?;
        // The shell has a descriptor of its own, for the script.
        let is_ours = Path::new(target) != program;
        before.split(' ').next_back()?.parse().ok().filter(|_| is_ours)
    });
    let ours: BTreeSet<u32> = descriptors.collect();
    let allowed = inheritable();
    assert!(
        ours.is_subset(&allowed) && ours.is_superset(&BTreeSet::from([0, 1, 2])),
        "{fds}, allowed {allowed:?}"
    );
}

/// With SIGCHLD ignored the kernel keeps no exit status, so a locator that prints a port may still have failed.
#[test]
fn a_locator_whose_exit_status_is_lost_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("locator");
    for (script, part) in [
        ("echo 1\nexit 1\n", "this program ignores SIGCHLD"),
        ("echo 1\nexit 0\n", "this program ignores SIGCHLD"),
        ("exit 1\n", "printed nothing"),
    ] {
        write_executable(&program, format!("#!/bin/sh\n{script}").as_bytes());
        let output = Command::new("env")
            .arg("--ignore-signal=CHLD")
            .arg(env!("CARGO_BIN_EXE_minbearer"))
            .arg("jsa")
            .env("CLIENT_ID", "the-id")
            .env("CLIENT_SECRET", SECRET)
            .env("QOAUTH_HOST", SERVICE)
            .env("SERVICE_PORT_LOCATOR", &program)
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{script}: {message}");
        assert!(message.contains(part), "{script}: {message}");
    }
}
