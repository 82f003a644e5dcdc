//! `minbearer --renew`: when it requests a token, what ends it, and what does not.

use crate::support::processes;

use crate::support::appliance::{Appliance, Credentials};
use crate::support::processes::{ODD_SECRET, get, jsa_variables, odd_appliance};
use crate::support::renewing::Renewing;
use rustix::process::{Resource, Rlimit, Signal, prlimit};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::FileExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::PathBuf;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

const SECOND: Duration = Duration::from_secs(1);

fn setting() -> (Appliance, TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    (odd_appliance(), folder, file)
}

#[test]
fn a_token_is_renewed_at_80_percent_of_its_lifetime_or_after_every() {
    for (lifetime, options, earliest, latest) in [
        (Some(4), &[][..], 2.8, 3.2),
        (Some(3600), &["--every", "2"], 1.8, 2.0),
        (None, &["--every", "1.5"], 1.3, 1.5),
        // There are never two requests within a second.
        (Some(1), &[], 1.0, 1.0),
    ] {
        let (appliance, _folder, file) = setting();
        if let Some(lifetime) = lifetime {
            appliance.set_token_lifetime(Duration::from_secs(lifetime));
        }
        let mut renewing = Renewing::jsa(&appliance, &file, options);
        let mut old = renewing.wait_for_token(&file, "");
        // By the file, which this test may see late.
        let written = || file.metadata().unwrap().modified().unwrap();
        let mut start = written();
        for _ in 0..2 {
            old = renewing.wait_for_token(&file, &old);
            let after = written().duration_since(start).unwrap().as_secs_f64();
            start = written();
            let is_in_time = (earliest - 0.1..latest + 0.5).contains(&after);
            assert!(is_in_time, "after {after} s: {lifetime:?} {options:?}");
        }
        renewing_said_one_line(&mut renewing, "a token is in /");
    }
}

#[test]
fn a_token_without_a_lifetime_is_renewed_only_by_sighup_and_one_line_says_so() {
    let (appliance, _folder, file) = setting();
    let mut renewing = Renewing::jsa(&appliance, &file, &["--header"]);
    let old = renewing.wait_for_token(&file, "");
    sleep(2 * SECOND);
    assert_eq!(appliance.qoauth_requests(), 1);
    renewing.signal(Signal::HUP);
    let new = renewing.wait_for_token(&file, &old);
    assert!(new.starts_with("Authorization: Bearer ") && new.ends_with('\n'), "{new:?}");
    let lines = renewing.lines();
    let [line] = lines.as_slice() else { panic!("not one line, but {lines:?}") };
    let (time, message) = line.split_at("2026-11-22T01:02:03Z".len());
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00Z", "{line}");
    assert!(message.starts_with(" minbearer: ") && message.contains("only SIGHUP"), "{line}");
}

#[test]
fn sighup_renews_at_once_but_never_twice_in_a_second() {
    let (appliance, _folder, file) = setting();
    let mut renewing = Renewing::jsa(&appliance, &file, &["--every", "1000"]);
    let start = Instant::now();
    renewing.wait_for_token(&file, "");
    while start.elapsed() < 3 * SECOND {
        renewing.signal(Signal::HUP);
        sleep(Duration::from_millis(20));
    }
    let requests = appliance.qoauth_requests();
    assert!((3..=4).contains(&requests), "{requests} requests in 3 s");
}

#[test]
fn sighup_ends_a_pause_and_causes_another_request_during_one() {
    let (appliance, _folder, file) = setting();
    // After a refusal the first pause is half a minute.
    appliance.set_secret("another");
    let mut renewing = Renewing::jsa(&appliance, &file, &["--every", "1000"]);
    renewing.wait_for_line("invalid_client");
    sleep(2 * SECOND);
    assert_eq!(renewing.lines().len(), 1, "{:?}", renewing.lines());
    appliance.set_secret(ODD_SECRET);
    renewing.signal(Signal::HUP);
    let old = renewing.wait_for_token(&file, "");

    appliance.set_delay(2 * SECOND);
    let before = appliance.qoauth_requests();
    sleep(SECOND);
    renewing.signal(Signal::HUP);
    sleep(SECOND);
    renewing.signal(Signal::HUP);
    let first = renewing.wait_for_token(&file, &old);
    renewing.wait_for_token(&file, &first);
    sleep(2 * SECOND);
    assert_eq!(appliance.qoauth_requests() - before, 2);
}

#[test]
fn sigterm_and_sigint_end_it_within_half_a_second_and_the_file_stays() {
    for signal in [Signal::TERM, Signal::INT] {
        let (appliance, folder, file) = setting();
        let mut renewing = Renewing::jsa(&appliance, &file, &["--every", "1000"]);
        let token = renewing.wait_for_token(&file, "");
        sleep(Duration::from_millis(50));
        // Between requests, and during one.
        for during_request in [false, true] {
            if during_request {
                appliance.set_delay(5 * SECOND);
                renewing = Renewing::jsa(&appliance, &file, &["--every", "1000"]);
                sleep(Duration::from_millis(500));
            }
            renewing.signal(signal);
            let (status, took) = renewing.wait_for_end();
            assert_eq!(status.code(), Some(0), "{signal:?} during a request: {during_request}");
            assert!(took < Duration::from_millis(500), "{took:?}: {signal:?} {during_request}");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), token);
        }
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "a temporary file is left"
        );
        assert_eq!(renewing.lines(), [""; 0]);
    }
}

#[test]
fn sigterm_ends_it_while_a_password_is_awaited_on_standard_input() {
    let (appliance, _folder, file) = setting();
    let mut command = processes::command("minbearer", &[]);
    command.args(["accelerator", &appliance.nc_url(), "rose", "--renew", "--output"]).arg(&file);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let _silent = child.stdin.take();
    let mut renewing = Renewing::of(child);
    renewing.wait_until("SIGTERM is handled", |it| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", it.id())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
        caught & 1 << (Signal::TERM.as_raw() - 1) != 0
    });
    renewing.signal(Signal::TERM);
    let (status, took) = renewing.wait_for_end();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_millis(500), "{took:?}");
}

#[test]
fn sigterm_ends_it_while_the_port_locator_hangs() {
    let (appliance, folder, file) = setting();
    let locator = folder.path().join("locator");
    let script = "printf '#!/bin/sh\\nexec sleep 3\\n' >\"$0\" && chmod 700 \"$0\"";
    let written = std::process::Command::new("sh").args(["-c", script]).arg(&locator).status();
    assert!(written.unwrap().success());
    let variables =
        jsa_variables(&appliance, &[("SERVICE_PORT_LOCATOR", locator.to_str().unwrap())]);
    let mut command = processes::command("minbearer", &[]);
    command.envs(variables).args(["jsa", "--renew", "--output"]).arg(&file);
    let mut renewing = Renewing::of(command.stderr(Stdio::piped()).spawn().unwrap());
    sleep(Duration::from_millis(500));
    renewing.signal(Signal::TERM);
    let (status, took) = renewing.wait_for_end();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_millis(500), "{took:?}");
}

#[test]
fn until_the_first_token_a_wrong_setting_ends_it() {
    let (appliance, _folder, file) = setting();
    for (more, part) in [
        (&[("CLIENT_ID", "unset")][..], "neither CLIENT_ID nor CLIENT_ID_FILE is set"),
        (&[("CLIENT_SECRET", "unset"), ("CLIENT_SECRET_FILE", "/dev/absent")], "/dev/absent"),
        (&[("QOAUTH_URL", "http://h:80a")], "QOAUTH_URL has a port"),
    ] {
        let mut renewing = Renewing::jsa_with(&appliance, &file, &[], more);
        assert_eq!(renewing.wait_for_end().0.code(), Some(2), "{more:?}");
        renewing_said_one_line(&mut renewing, part);
    }
    assert_eq!(appliance.qoauth_requests(), 0);
    // A file that cannot be written, too.
    appliance.set_delay(SECOND / 2);
    let mut renewing = Renewing::jsa(&appliance, &file, &[]);
    limit_files(&renewing, Some(10));
    assert_eq!(renewing.wait_for_end().0.code(), Some(2));
}

/// Its last lines may be read a moment after it ended.
#[track_caller]
fn renewing_said_one_line(renewing: &mut Renewing, part: &str) {
    let deadline = Instant::now() + 5 * SECOND;
    while renewing.lines().is_empty() && Instant::now() < deadline {
        sleep(Duration::from_millis(5));
    }
    let lines = renewing.lines();
    assert!(lines.len() == 1 && lines[0].contains(part), "`{part}` is not in {lines:?}");
    assert!(lines[0].contains("Z minbearer: "), "{lines:?}");
}

fn limit_files(renewing: &Renewing, bytes: Option<u64>) {
    // The hard limit is unchanged, so that the soft one can be raised again.
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(Some(renewing.pid()), Resource::Fsize, limit).unwrap();
}

#[test]
fn until_the_first_token_a_server_that_is_down_does_not_end_it() {
    for is_refused in [false, true] {
        let (appliance, _folder, file) = setting();
        if is_refused {
            appliance.set_secret("another");
        } else {
            appliance.begin_outage(None);
        }
        let mut renewing = Renewing::jsa(&appliance, &file, &[]);
        renewing.wait_for_line(if is_refused { "invalid_client" } else { "502" });
        assert!(!file.exists());
        appliance.end_outage();
        appliance.set_secret(ODD_SECRET);
        renewing.signal(Signal::HUP);
        renewing.wait_for_token(&file, "");
    }
}

#[test]
fn after_the_first_token_nothing_ends_it_but_a_signal() {
    let (appliance, folder, file) = setting();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, ODD_SECRET).unwrap();
    let more = [("CLIENT_SECRET", "unset"), ("CLIENT_SECRET_FILE", secret.to_str().unwrap())];
    let mut renewing = Renewing::jsa_with(&appliance, &file, &["--every", "1000"], &more);
    let first = renewing.wait_for_token(&file, "");

    // The secret's file is removed for a moment.
    std::fs::remove_file(&secret).unwrap();
    renewing.signal(Signal::HUP);
    renewing.wait_for_line("secret cannot be read: No such file");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), first);
    // The file exists again, with a new secret, which the server accepts.
    appliance.set_secret("rotated");
    std::fs::write(&secret, "rotated\n").unwrap();
    let second = renewing.wait_for_token(&file, &first);
    assert_eq!(appliance.last_secret().as_deref(), Some("rotated"));

    // The disk is full for a moment: the token is kept, and written later without another request.
    limit_files(&renewing, Some(10));
    sleep(SECOND);
    renewing.signal(Signal::HUP);
    renewing.wait_for_line("token cannot be written: File too large");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), second);
    let requests = appliance.qoauth_requests();
    limit_files(&renewing, None);
    let third = renewing.wait_for_token(&file, &second);
    assert_eq!(appliance.qoauth_requests(), requests, "the token was not kept");

    // The file has been replaced by a link.
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(&secret, &file).unwrap();
    sleep(SECOND);
    renewing.signal(Signal::HUP);
    renewing.wait_for_line("token is a link");
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "rotated\n");
    std::fs::remove_file(&file).unwrap();
    let fourth = renewing.wait_for_token(&file, &third);
    let console = appliance.console_url() + "/api/ariel/databases";
    assert_eq!(get(&console, &format!("Bearer {fourth}")), 200);
}

#[test]
fn the_file_is_named_when_its_folder_has_gone() {
    let (appliance, folder, _) = setting();
    let run = folder.path().join("run");
    std::fs::create_dir(&run).unwrap();
    let file = run.join("token");
    let mut renewing = Renewing::jsa(&appliance, &file, &["--every", "1000"]);
    renewing.wait_for_token(&file, "");
    std::fs::rename(&run, folder.path().join("away")).unwrap();
    sleep(SECOND);
    renewing.signal(Signal::HUP);
    renewing.wait_for_line(&format!("the file {} cannot be written: No such file", file.display()));
}

/// The next message of a program to its service manager.
#[track_caller]
fn message(socket: &UnixDatagram) -> String {
    let mut message = [0; 4096];
    loop {
        match socket.recv(&mut message) {
            // This process was stopped and goes on.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            outcome => {
                let length = outcome.expect("a message");
                break String::from_utf8(message[..length].into()).unwrap();
            }
        }
    }
}

#[test]
fn a_service_manager_is_told_of_the_first_token_and_how_it_is_at_each_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let name = format!("minbearer-test-{}", std::process::id());
    for (variable, socket) in [
        (path.to_str().unwrap(), UnixDatagram::bind(&path).unwrap()),
        (
            &format!("@{name}"),
            UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap(),
        ),
    ] {
        let (appliance, _folder, file) = setting();
        appliance.begin_outage(None);
        socket.set_read_timeout(Some(10 * SECOND)).unwrap();
        let more = [("NOTIFY_SOCKET", variable)];
        let renewing = Renewing::jsa_with(&appliance, &file, &["--every", "1000"], &more);
        let said = message(&socket);
        assert!(said.starts_with("STATUS=no token since the start: 1 failure since 2"), "{said}");
        assert!(said.contains("Z, or at SIGHUP: ") && said.contains("502"), "{said}");
        appliance.end_outage();
        renewing.signal(Signal::HUP);
        let said = loop {
            let said = message(&socket);
            if !said.starts_with("STATUS=no token since the start: ") {
                break said;
            }
        };
        let first = "READY=1\nSTATUS=a token is in the file; it says no lifetime; the next request is due at 2";
        assert!(said.starts_with(first), "{variable}: {said}");
        assert!(file.exists(), "it said so before the file was there");
        renewing.signal(Signal::HUP);
        let said = message(&socket);
        assert!(said.starts_with("STATUS=a token is in the file; "), "{said}");
        appliance.begin_outage(None);
        renewing.signal(Signal::HUP);
        let said = message(&socket);
        assert!(
            said.starts_with("STATUS=the old token, with no known end: 1 failure since"),
            "{said}"
        );
        assert_eq!(said.matches('\n').count(), 0, "{said}");
    }
    // Why it ends is told too.
    let (appliance, folder, _) = setting();
    let socket = UnixDatagram::bind(folder.path().join("socket")).unwrap();
    socket.set_read_timeout(Some(10 * SECOND)).unwrap();
    let more = [("NOTIFY_SOCKET", folder.path().join("socket").to_str().unwrap().to_owned())];
    let more = [(more[0].0, more[0].1.as_str())];
    let mut renewing = Renewing::jsa_with(&appliance, folder.path(), &[], &more);
    assert_eq!(renewing.wait_for_end().0.code(), Some(2));
    let said = message(&socket);
    assert!(
        said.starts_with("STATUS=the file /")
            && said.ends_with("is a folder; only a regular file is replaced"),
        "{said}"
    );

    let (appliance, _folder, file) = setting();
    let more = [("NOTIFY_SOCKET", "/nonexistent")];
    let mut renewing = Renewing::jsa_with(&appliance, &file, &["--every", "1"], &more);
    let old = renewing.wait_for_token(&file, "");
    renewing.wait_for_token(&file, &old);
    let lines = renewing.lines();
    let [_, line] = lines.as_slice() else { panic!("not two lines, but {lines:?}") };
    assert!(line.contains("could not notify NOTIFY_SOCKET: No such file"), "{lines:?}");
}

/// Or a service manager would end a healthy service.
#[test]
fn that_it_is_ready_is_told_until_it_was_heard() {
    let (appliance, folder, file) = setting();
    let path = folder.path().join("notify");
    let more = [("NOTIFY_SOCKET", path.to_str().unwrap())];
    let mut renewing = Renewing::jsa_with(&appliance, &file, &["--every", "1000"], &more);
    renewing.wait_for_line("could not notify NOTIFY_SOCKET");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(10 * SECOND)).unwrap();
    appliance.begin_outage(None);
    renewing.signal(Signal::HUP);
    let said = message(&socket);
    assert!(said.starts_with("READY=1\nSTATUS=the old token, "), "with a failure too: {said}");
    appliance.end_outage();
    renewing.signal(Signal::HUP);
    let said = message(&socket);
    assert!(said.starts_with("STATUS="), "once: {said}");
}

#[test]
fn a_kept_token_is_written_at_sighup_though_the_server_is_down_and_the_outage_goes_on() {
    let (appliance, _folder, file) = setting();
    let mut renewing = Renewing::jsa(&appliance, &file, &["--every", "1000"]);
    let first = renewing.wait_for_token(&file, "");
    limit_files(&renewing, Some(10));
    sleep(SECOND);
    renewing.signal(Signal::HUP);
    renewing.wait_for_line("token cannot be written: File too large");
    // So that nothing but SIGHUP brings a request.
    appliance.begin_outage(Some(1000 * SECOND));
    let refusals = |it: &mut Renewing| it.lines().iter().filter(|it| it.contains(" 502 ")).count();
    renewing.signal(Signal::HUP);
    renewing.wait_until("a failed request", |it| refusals(it) == 1);
    limit_files(&renewing, None);
    renewing.signal(Signal::HUP);
    renewing.wait_until("another one", |it| refusals(it) == 2);
    let second = std::fs::read_to_string(&file).unwrap();
    assert_ne!(second, first, "{:?}", renewing.lines());
    assert!(!renewing.lines().concat().contains("a token again"), "{:?}", renewing.lines());
    appliance.end_outage();
    renewing.signal(Signal::HUP);
    renewing.wait_for_token(&file, &second);
    renewing.wait_for_line("a token again after ");
}

#[test]
fn a_token_that_has_ended_is_not_written() {
    let (appliance, _folder, file) = setting();
    appliance.set_token_lifetime(3 * SECOND);
    let mut renewing = Renewing::jsa(&appliance, &file, &[]);
    let first = renewing.wait_for_token(&file, "");
    limit_files(&renewing, Some(10));
    renewing.wait_for_line("token cannot be written: File too large");
    appliance.begin_outage(None);
    renewing.wait_for_line("502");
    renewing.wait_for_line("the token ended before it could be written; the next attempt is in ");
    limit_files(&renewing, None);
    renewing.signal(Signal::HUP);
    let lines = renewing.lines().len();
    renewing.wait_until("another failure", |it| it.lines().len() > lines);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), first);
    assert!(!renewing.lines().concat().contains("a token again"), "{:?}", renewing.lines());
    appliance.end_outage();
    renewing.signal(Signal::HUP);
    renewing.wait_for_token(&file, &first);
    renewing.wait_for_line("a token again after ");
}

#[test]
fn a_lifetime_that_is_not_usable_is_not_called_none() {
    let folder = tempfile::tempdir().unwrap();
    for (lifetime, options, said) in [
        (&["0"], &[][..], "it says no usable lifetime; the next request is due at "),
        (&["\"soon\""], &["--every", "1000"], "it says no usable lifetime; the next request "),
        (&["null"], &["--every", "1000"], "it says no lifetime; the next request is due at "),
        (&["null"], &[], "the token says no lifetime, and there is no --every: only SIGHUP "),
    ] {
        let file = folder.path().join("token");
        let url = server_with_lifetimes(lifetime);
        let variables = [("CLIENT_ID", "id"), ("CLIENT_SECRET", "secret")];
        let mut command = processes::command("minbearer", &variables);
        command.args(["client-credentials", &url, "--renew", "--output"]).arg(&file).args(options);
        let mut renewing = Renewing::of(command.stderr(Stdio::piped()).spawn().unwrap());
        renewing.wait_for_line(said);
    }
}

/// A log that ends in a failure means that it lasts.
#[test]
fn a_line_says_when_a_failure_is_over_and_each_failure_how_to_end_the_pause() {
    let (appliance, _folder, file) = setting();
    let mut renewing = Renewing::jsa(&appliance, &file, &["--every", "1000"]);
    let first = renewing.wait_for_token(&file, "");
    renewing.wait_for_line("a token is in /");
    appliance.begin_outage(None);
    sleep(SECOND);
    renewing.signal(Signal::HUP);
    renewing.wait_until("a second failure", |it| it.lines().len() >= 3);
    for line in &renewing.lines()[1..3] {
        let pause =
            line.split_once("; the next attempt is in ").unwrap_or_else(|| panic!("{line}")).1;
        assert!(line.contains("502") && pause.ends_with(" s, or at SIGHUP"), "{line}");
    }
    appliance.end_outage();
    renewing.wait_for_token(&file, &first);
    renewing.wait_for_line(" minbearer: a token again after ");
    let lines = renewing.lines();
    let over = lines.last().unwrap();
    let failures = lines.len() - 2;
    assert!(over.contains(&format!("after {failures} failures in ")), "{lines:?}");
    renewing.signal(Signal::HUP);
    let second = std::fs::read_to_string(&file).unwrap();
    renewing.wait_for_token(&file, &second);
    assert_eq!(renewing.lines(), lines, "nothing is to be said of a renewal");
}

#[test]
fn a_piped_password_is_kept_for_renewals() {
    let (appliance, _folder, file) = setting();
    let mut command = processes::command("minbearer", &[]);
    command.args(["accelerator", &appliance.nc_url(), "rose", "--renew", "--output"]).arg(&file);
    command.args(["--every", "1"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{ODD_SECRET}").unwrap();
    let mut renewing = Renewing::of(child);
    let first = renewing.wait_for_token(&file, "");
    renewing.wait_for_token(&file, &first);
    assert_eq!(appliance.last_password().as_deref(), Some(ODD_SECRET));
    renewing_said_one_line(&mut renewing, "a token is in /");
}

#[test]
fn a_narrower_scope_is_reported_once() {
    let (appliance, _folder, file) = setting();
    let Credentials { client_id, client_secret, .. } = appliance.credentials();
    let variables = [("CLIENT_ID", client_id.as_str()), ("CLIENT_SECRET", client_secret)];
    let mut command = processes::command("minbearer", &variables);
    command.args(["client-credentials", &(appliance.qoauth_url() + "/token"), "--scope", "READ"]);
    command.args(["--every", "1", "--renew", "--output"]).arg(&file).stderr(Stdio::piped());
    let mut renewing = Renewing::of(command.spawn().unwrap());
    let first = renewing.wait_for_token(&file, "");
    renewing.wait_for_token(&file, &first);
    renewing.wait_until("two lines", |it| it.lines().len() >= 2);
    let lines = renewing.lines();
    let [scope, token] = lines.as_slice() else { panic!("not two lines, but {lines:?}") };
    assert!(scope.contains("narrower than asked for: without READ"), "{lines:?}");
    assert!(token.contains("a token is in /"), "{lines:?}");
}

/// Its buffers are wiped, and so is memory that its allocator frees.
#[test]
fn no_secret_and_no_token_is_in_memory_between_requests() {
    let (appliance, folder, file) = setting();
    let secret = "a-secret-that-is-nowhere-else";
    appliance.set_secret(secret);
    let secret_file = folder.path().join("secret");
    std::fs::write(&secret_file, secret).unwrap();
    let more = [("CLIENT_SECRET", "unset"), ("CLIENT_SECRET_FILE", secret_file.to_str().unwrap())];
    let mut renewing = Renewing::jsa_with(&appliance, &file, &["--every", "1000"], &more);
    let first = renewing.wait_for_token(&file, "");
    renewing.signal(Signal::HUP);
    let second = renewing.wait_for_token(&file, &first);
    sleep(Duration::from_millis(200));
    let memory = memory(renewing.id());
    let copies = |text: &str| {
        memory.iter().map(|region| memchr::memmem::find_iter(region, text).count()).sum::<usize>()
    };
    assert!(copies(secret_file.to_str().unwrap()) > 0, "the scan of its memory finds nothing");
    assert_eq!([secret, &first, &second].map(copies), [0, 0, 0]);
}

/// The writable memory of a process.
fn memory(id: u32) -> Vec<Vec<u8>> {
    let maps = std::fs::read_to_string(format!("/proc/{id}/maps")).unwrap();
    let memory = std::fs::File::open(format!("/proc/{id}/mem")).unwrap();
    let mut regions = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (start, end) = line.split_whitespace().next().unwrap().split_once('-').unwrap();
        let [start, end] = [start, end].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        let mut region = vec![0; usize::try_from(end - start).unwrap()];
        if memory.read_exact_at(&mut region, start).is_ok() {
            regions.push(region);
        }
    }
    regions
}

#[test]
fn retry_after_is_obeyed() {
    let (appliance, _folder, file) = setting();
    appliance.begin_outage(Some(30 * SECOND));
    let mut renewing = Renewing::jsa(&appliance, &file, &["--every", "1000"]);
    renewing.wait_for_line("502");
    // Its own first pause is up to 2 s.
    sleep(3 * SECOND);
    assert_eq!(renewing.lines().len(), 1, "{:?}", renewing.lines());
}

/// No one reads its standard error, which is a pipe with room for a few lines.
#[test]
fn a_line_that_would_block_is_dropped() {
    let (appliance, _folder, file) = setting();
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut stuffing = writer.try_clone().unwrap();
    // A pipe holds 64 KiB, or less if the user has many.
    let size = rustix::pipe::fcntl_getpipe_size(&writer).unwrap();
    stuffing.write_all(&vec![b'#'; size - 300]).unwrap();
    let url = appliance.qoauth_url();
    let variables = jsa_variables(&appliance, &[("QOAUTH_URL", &url)]);
    let mut command = processes::command("minbearer", &[]);
    command.envs(variables).args(["jsa", "--every", "1", "--renew", "--output"]).arg(&file);
    let mut renewing = Renewing::of(command.stderr(writer).spawn().unwrap());
    let mut token = renewing.wait_for_token(&file, "");
    for _ in 0..2 {
        // The failed request in the outage writes a line, or drops it.
        appliance.begin_outage(None);
        renewing.signal(Signal::HUP);
        sleep(Duration::from_millis(1200));
        appliance.end_outage();
        renewing.signal(Signal::HUP);
        token = renewing.wait_for_token(&file, &token);
    }
    renewing.signal(Signal::TERM);
    assert_eq!(renewing.wait_for_end().0.code(), Some(0));
    let mut said = String::new();
    drop((command, stuffing));
    reader.read_to_string(&mut said).unwrap();
    let lines = said.trim_start_matches('#');
    assert!(lines.lines().count() <= 3 && !lines.contains("Z minbearer: \n"), "{lines}");
}

/// Answers each token request with the next of these lifetimes, as JSON, and a token that is its number.
fn server_with_lifetimes(lifetimes: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (index, lifetime) in lifetimes.iter().enumerate() {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"client_secret=secret") {
                let mut byte = [0];
                connection.read_exact(&mut byte).unwrap();
                request.extend(byte);
            }
            let json = format!(r#"{{"access_token":"token-{index}","expires_in":{lifetime}}}"#);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", json.len());
            connection.write_all((head + &json).as_bytes()).unwrap();
        }
    });
    url
}

#[test]
fn renewal_goes_on_after_answers_whose_lifetime_is_not_usable() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 3600;
    let date: &'static str = format!("{now}").leak();
    let lifetimes = vec!["2", "0", "-1", "\"3600s\"", date, "null", "2"].leak();
    let url = server_with_lifetimes(lifetimes);
    let variables = [("CLIENT_ID", "id"), ("CLIENT_SECRET", "secret")];
    let mut command = processes::command("minbearer", &variables);
    command.args(["client-credentials", &url, "--renew", "--output"]).arg(&file);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut renewing = Renewing::of(command.spawn().unwrap());
    for index in 0..lifetimes.len() {
        let expected = format!("token-{index}");
        renewing.wait_until(&expected, |_| {
            std::fs::read_to_string(&file).is_ok_and(|token| token == expected)
        });
    }
}

#[test]
fn a_wrong_secret_in_a_file_is_tried_again_as_soon_as_it_is_corrected() {
    let (appliance, folder, file) = setting();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "wrong").unwrap();
    let path = secret.to_str().unwrap();
    let more = [("CLIENT_SECRET", "unset"), ("CLIENT_SECRET_FILE", path)];
    let mut renewing = Renewing::jsa_with(&appliance, &file, &[], &more);
    renewing.wait_for_line("invalid_client");
    std::fs::write(&secret, &appliance.credentials().client_secret).unwrap();
    // The pause after a refusal is half a minute at least, and `wait_for_token` waits less.
    renewing.wait_for_token(&file, "");
    assert_eq!(appliance.qoauth_requests(), 2, "one with the wrong secret, one with the right one");
}
