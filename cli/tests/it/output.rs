//! `minbearer --output`: the file is written whole or not at all, and only a regular file is replaced.

use crate::support::processes;

use crate::support::appliance::Appliance;
use crate::support::executable::copy_executable;
use crate::support::processes::{get, jsa_variables, odd_appliance};
use processes::Outcome;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// `minbearer jsa` in that folder.
fn command(appliance: &Appliance, folder: &Path, options: &[&str]) -> Command {
    let url = appliance.qoauth_url();
    let variables = jsa_variables(appliance, &[("QOAUTH_URL", &url)]);
    let mut command = processes::command("minbearer", &[]);
    command.current_dir(folder).envs(variables).arg("jsa").args(options);
    command
}

fn run(appliance: &Appliance, folder: &Path, options: &[&str]) -> Outcome {
    Outcome::from(command(appliance, folder, options).output().expect("minbearer starts"))
}

#[track_caller]
fn expect_success(outcome: &Outcome) {
    let said = (outcome.status, outcome.out.as_str(), outcome.err.as_str());
    assert_eq!(said, (Some(0), "", ""), "{outcome:?}");
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_file_holds_the_token_alone_or_one_line() {
    let appliance = odd_appliance();
    let folder = tempfile::tempdir().unwrap();
    let console = appliance.console_url() + "/api/ariel/databases";
    let file = folder.path().join("token");
    // A bare name, a relative and an absolute path; a new file and one that is replaced.
    for name in ["token", "./token", file.to_str().unwrap()] {
        expect_success(&run(&appliance, folder.path(), &["--output", name]));
        let token = std::fs::read_to_string(&file).unwrap();
        assert!(token.bytes().all(|byte| byte.is_ascii_graphic()), "{token:?}");
        assert_eq!(get(&console, &format!("Bearer {token}")), 200);
        assert_eq!(names(folder.path()), ["token"], "a temporary file is left");
    }
    expect_success(&run(&appliance, folder.path(), &["--output", "token", "--header"]));
    let line = std::fs::read_to_string(&file).unwrap();
    let value = line.strip_prefix("Authorization: ").and_then(|line| line.strip_suffix('\n'));
    assert_eq!(get(&console, value.expect("a line")), 200, "{line:?}");
    for (option, member) in [("--json", "access_token"), ("--exec-credential", "status")] {
        expect_success(&run(&appliance, folder.path(), &["--output", "token", option]));
        let line = std::fs::read_to_string(&file).unwrap();
        let found: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert!(found.get(member).is_some() && line.ends_with("}\n"), "{line:?}");
    }
}

#[test]
fn a_file_is_replaced_and_not_written_into() {
    let appliance = odd_appliance();
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("token"), folder.path().join("other"));
    std::fs::write(&file, "the old token, longer than the new one ".repeat(10)).unwrap();
    std::fs::hard_link(&file, &other).unwrap();
    expect_success(&run(&appliance, folder.path(), &["--output", "token"]));
    assert_ne!(file.metadata().unwrap().ino(), other.metadata().unwrap().ino());
    assert!(std::fs::read_to_string(&other).unwrap().starts_with("the old token"));
    assert!(!std::fs::read_to_string(&file).unwrap().contains("old token"));
}

#[test]
fn the_mode_is_the_requested_one_whatever_the_umask() {
    let appliance = odd_appliance();
    let folder = tempfile::tempdir().unwrap();
    for umask in ["0000", "0022", "0777"] {
        for (options, mode) in [
            (&[][..], 0o600),
            (&["--mode", "644"], 0o644),
            (&["--mode", "0440"], 0o440),
            (&["--mode", "0666"], 0o666),
            (&["--mode", "0"], 0),
        ] {
            let program = command(&appliance, folder.path(), &[]);
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")]);
            shell.arg(program.get_program()).args(program.get_args()).args(["--output", "token"]);
            shell.args(options).current_dir(folder.path());
            shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
            expect_success(&Outcome::from(shell.output().unwrap()));
            let found = folder.path().join("token").metadata().unwrap().mode() & 0o7777;
            assert_eq!(found, mode, "{found:o} with umask {umask} and {options:?}");
        }
    }
}

/// The file is checked before anything is sent, and stays unchanged.
#[test]
fn nothing_but_a_regular_file_is_replaced() {
    let appliance = odd_appliance();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("file"), "kept").unwrap();
    std::os::unix::fs::symlink("file", path("link")).unwrap();
    std::os::unix::fs::symlink("nowhere", path("dangling")).unwrap();
    std::fs::create_dir(path("folder")).unwrap();
    mknodat(CWD, path("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = UnixListener::bind(path("socket")).unwrap();
    let before = names(folder.path());
    for (name, part) in [
        ("link", "the file link is a link; only a regular file is replaced"),
        ("dangling", "is a link"),
        ("folder", "is a folder"),
        (".", "is a folder"),
        ("..", "is a folder"),
        ("/", "is a folder"),
        ("fifo", "is a FIFO"),
        ("socket", "is a socket"),
        ("/dev/null", "is a device"),
        ("/dev/stdout", "is a link"),
        ("-", "leave --output out for standard output, or write ./-"),
        ("", "must not be empty"),
        ("new/", "is the name of a folder"),
        (
            "missing/token",
            "the file (not shown, because there is no such file or folder and it may be a secret) cannot be written: in its folder: No such file",
        ),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "the file (not shown, because"),
        ("file/token", "cannot be looked at: Not a directory"),
        ("a\nb/token", "not shown, because"),
    ] {
        for renew in [&[][..], &["--renew"]] {
            let options = [&["--output", name], renew].concat();
            let outcome = run(&appliance, folder.path(), &options);
            assert_eq!(
                (outcome.status, outcome.out.as_str()),
                (Some(2), ""),
                "{name}: {outcome:?}"
            );
            assert!(outcome.err.contains(part), "`{part}` is not in {outcome:?}");
            assert_eq!(outcome.err.lines().count(), 1, "{outcome:?}");
        }
    }
    assert_eq!(appliance.qoauth_requests(), 0, "a token was requested");
    assert_eq!(names(folder.path()), before);
    assert_eq!(std::fs::read_to_string(path("file")).unwrap(), "kept");
    assert_eq!(std::fs::read_link(path("link")).unwrap(), Path::new("file"));
    expect_success(&run(&appliance, folder.path(), &["--output", "./-"]));
}

/// Run as another user if this is root, who may write to any folder.
#[test]
fn a_folder_that_may_not_be_written_is_named_before_anything_is_sent() {
    const NOBODY: u32 = 65_534;
    let appliance = odd_appliance();
    let folder = tempfile::tempdir().unwrap();
    let is_root = rustix::process::geteuid().is_root();
    let folders = [
        ("closed", 0o555, "in the folder closed/: Permission denied"),
        ("sticky", 0o1777, "belongs to another user, and its folder is sticky"),
    ];
    let path = |name: &str| folder.path().join(name).join("token");
    for (name, mode, _) in folders {
        let inside = folder.path().join(name);
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(path(name), "kept").unwrap();
        std::fs::set_permissions(&inside, Permissions::from_mode(mode)).unwrap();
    }
    // In a folder that the other user can read.
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("minbearer");
    copy_executable(env!("CARGO_BIN_EXE_minbearer"), &program);
    let theirs = command(&appliance, folder.path(), &[]);
    for (name, _, part) in folders {
        let mut command = Command::new(&program);
        command.args(["jsa", "--output", &format!("{name}/token")]).current_dir(folder.path());
        command.envs(theirs.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        } else if name == "sticky" {
            println!("not run: only root can give a file to another user");
            continue;
        }
        let outcome = Outcome::from(command.output().unwrap());
        outcome.expect_failure("minbearer", 2, &format!("the file {name}/token "));
        outcome.expect_failure("minbearer", 2, part);
        assert_eq!(appliance.qoauth_requests(), 0, "a token was requested");
        assert_eq!(std::fs::read_to_string(path(name)).unwrap(), "kept");
    }
}

/// Skipped without the right to set these attributes.
#[test]
fn an_immutable_file_and_one_to_append_to_are_named_before_anything_is_sent() {
    let appliance = odd_appliance();
    let folder = tempfile::tempdir().unwrap();
    let theirs = command(&appliance, folder.path(), &[]);
    for attribute in ["i", "a"] {
        let script = format!(
            "printf kept >token && chattr +{attribute} token || exit 99\n\
             \"$0\" jsa --output token\necho \"$?\" $(cat token); chattr -{attribute} token"
        );
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_minbearer")]).current_dir(folder.path());
        command.envs(theirs.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let outcome = Outcome::from(command.output().unwrap());
        if outcome.status == Some(99) {
            println!("not run: attributes cannot be set here: {outcome:?}");
            return;
        }
        assert_eq!(outcome.out, "2 kept\n", "{outcome:?}");
        assert!(outcome.err.contains("the file token is immutable or append-only"), "{outcome:?}");
        assert_eq!(appliance.qoauth_requests(), 0, "a token was requested");
    }
}

/// A limit on file size, below a token's, makes the write fail half way, as a full disk does.
#[test]
fn a_failed_write_leaves_the_old_file_and_nothing_else() {
    let appliance = odd_appliance();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "kept").unwrap();
    let mut command = command(&appliance, folder.path(), &["--output", "token"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    appliance.set_delay(Duration::from_millis(300));
    let child = command.spawn().unwrap();
    let limit = Rlimit { current: Some(10), maximum: None };
    prlimit(Some(Pid::from_child(&child)), Resource::Fsize, limit).unwrap();
    let outcome = Outcome::from(child.wait_with_output().unwrap());
    outcome.expect_failure("minbearer", 2, "the file token cannot be written: File too large");
    assert_eq!(names(folder.path()), ["token"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("token")).unwrap(), "kept");
}

/// In a small file system of its own; skipped without the right to mount one.
#[test]
fn a_full_disk_and_a_read_only_one_are_named_and_the_old_file_is_kept() {
    let appliance = odd_appliance();
    let folder = tempfile::tempdir().unwrap();
    let theirs = command(&appliance, folder.path(), &[]);
    for (fault, part, requests) in [
        ("head -c 8192 /dev/zero >filler 2>/dev/null", "cannot be written: No space left", 1),
        ("mount -o remount,ro .", "in the folder .: Read-only file system", 1),
    ] {
        let script = format!(
            "mount -t tmpfs -o size=8k tmpfs \"$1\" && cd \"$1\" && printf kept >token || exit 99\n\
             {fault}\n\"$0\" jsa --output token\necho \"$?\" $(cat token) $(ls -A | grep -v filler)"
        );
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", &script]).current_dir("/");
        command.arg(env!("CARGO_BIN_EXE_minbearer")).arg(folder.path());
        command.envs(theirs.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let outcome = Outcome::from(command.output().unwrap());
        if outcome.status != Some(0) {
            println!("not run: no file system can be mounted here: {outcome:?}");
            return;
        }
        assert_eq!(outcome.out, "2 kept token\n", "{fault}: {outcome:?}");
        assert!(outcome.err.contains(part), "{fault}: {outcome:?}");
        assert_eq!(appliance.qoauth_requests(), requests, "{fault}: so far");
    }
}

/// It passes by itself, or by someone who makes room. Skipped without the right to mount a file system.
#[test]
fn a_full_disk_at_the_start_does_not_end_renew() {
    let appliance = odd_appliance();
    let folder = tempfile::tempdir().unwrap();
    let theirs = command(&appliance, folder.path(), &[]);
    let script = "mount -t tmpfs -o size=8k tmpfs \"$1\" && cd \"$1\" || exit 99\n\
                  head -c 8192 /dev/zero >filler 2>/dev/null\n\
                  \"$0\" jsa --output token --renew 2>\"$2\" & program=$!\n\
                  for _ in $(seq 1000); do grep -q 'No space left' \"$2\" && break; sleep 0.01; done\n\
                  rm filler\n\
                  for _ in $(seq 1000); do [ -s token ] && break; sleep 0.01; done\n\
                  [ -s token ] && echo written; kill $program; wait $program; echo $?";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script]).current_dir("/");
    let lines = tempfile::NamedTempFile::new().unwrap();
    command.arg(env!("CARGO_BIN_EXE_minbearer")).arg(folder.path()).arg(lines.path());
    command.envs(theirs.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let outcome = Outcome::from(command.output().unwrap());
    if outcome.status == Some(99) || outcome.status == Some(1) {
        println!("not run: no file system can be mounted here: {outcome:?}");
        return;
    }
    let lines = std::fs::read_to_string(lines.path()).unwrap();
    assert_eq!(outcome.out, "written\n0\n", "{outcome:?} {lines}");
}

/// A file that is mounted into a container cannot be replaced, and its readers would see the old one for ever. Skipped
/// without the right to mount one.
#[test]
fn a_mount_point_is_named_before_anything_is_sent() {
    let appliance = odd_appliance();
    let folder = tempfile::tempdir().unwrap();
    let theirs = command(&appliance, folder.path(), &[]);
    let script = "cd \"$1\" && printf kept >token && printf other >other || exit 99\n\
                  mount --bind other token || exit 99\n\
                  for more in '' --renew; do \"$0\" jsa --output token $more; echo $? $(cat token) $(ls -A); done";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script]).current_dir("/");
    command.arg(env!("CARGO_BIN_EXE_minbearer")).arg(folder.path());
    command.envs(theirs.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let outcome = Outcome::from(command.output().unwrap());
    if outcome.status != Some(0) {
        println!("not run: no file can be mounted here: {outcome:?}");
        return;
    }
    assert_eq!(outcome.out, "2 other other token\n".repeat(2), "{outcome:?}");
    let part =
        "the file token is a mount point, which cannot be replaced: mount its folder instead";
    assert_eq!(outcome.err.matches(part).count(), 2, "{outcome:?}");
    assert_eq!(appliance.qoauth_requests(), 0, "a token was requested");
}

/// Signals at about the time of the write, each a little later than the one before.
#[test]
fn a_signal_leaves_no_temporary_file() {
    let appliance = odd_appliance();
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    expect_success(&run(&appliance, folder.path(), &["--output", "token"]));
    let whole = start.elapsed();
    let signals = [Signal::TERM, Signal::INT, Signal::HUP];
    for (step, signal) in signals.into_iter().cycle().take(300).enumerate() {
        let mut child = command(&appliance, folder.path(), &["--output", "token"]).spawn().unwrap();
        std::thread::sleep(whole * step as u32 / 300);
        // It has not been waited for.
        kill_process(Pid::from_child(&child), signal).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(names(folder.path()), ["token"], "{signal:?} in step {step}: {status}");
    }
}

#[test]
fn without_a_token_no_file_is_written() {
    let appliance = odd_appliance();
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(&appliance, folder.path(), &["--output", "token"]);
    let outcome = Outcome::from(command.env("CLIENT_SECRET", "wrong").output().unwrap());
    outcome.expect_failure("minbearer", 6, "invalid_client");
    assert!(names(folder.path()).is_empty());
}
