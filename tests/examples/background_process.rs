//! The JSA app's background process: its log, its settings, what ends it, and what it survives.

use crate::support::appliance::{Appliance, Credentials};
use crate::support::processes::{command, run};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

const ANSWER: &str = r#"response=["events", "flows", "simarc"]"#;

struct Process {
    child: Child,
    log: BufReader<ChildStdout>,
}

impl Process {
    fn start(appliance: &Appliance, poll_seconds: &str) -> Process {
        let mut child =
            command("background_process", &variables(appliance, &appliance.console_url()))
                .env("POLL_SECONDS", poll_seconds)
                .stdout(Stdio::piped())
                .spawn()
                .expect("the example starts");
        let log = BufReader::new(child.stdout.take().expect("piped"));
        Process { child, log }
    }

    /// The next line without its timestamp, which is checked.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.log.read_line(&mut line).expect("a log");
        let (time, rest) =
            line.trim_end().split_once(' ').unwrap_or_else(|| panic!("no time in {line:?}"));
        let shape: String =
            time.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        assert_eq!(shape, "9999-99-99T99:99:99Z", "{line}");
        rest.to_owned()
    }

    /// Reads up to the next line with this start, and returns it.
    fn line_like(&mut self, start: &str) -> String {
        for _ in 0..1000 {
            let line = self.line();
            if line.starts_with(start) {
                return line;
            }
        }
        panic!("no line starts with {start}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn variables<'a>(appliance: &'a Appliance, console: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("CLIENT_ID", &appliance.credentials().client_id),
        ("CLIENT_SECRET", &appliance.credentials().client_secret),
        ("QOAUTH_HOST", "127.0.0.1"),
        ("SERVICE_PORT_LOCATOR", appliance.locator().to_str().expect("UTF-8")),
        ("CONSOLE_URL", console),
    ]
}

fn appliance() -> Appliance {
    Appliance::start(Credentials::default()).expect("the appliance starts")
}

#[test]
fn a_token_revoked_between_two_polls_is_renewed_without_a_failed_poll() {
    let appliance = appliance();
    let mut process = Process::start(&appliance, "0.02");
    assert_eq!(process.line(), ANSWER);
    appliance.revoke_tokens();
    for _ in 0..20 {
        assert_eq!(process.line(), ANSWER);
    }
    assert_eq!(appliance.qoauth_requests(), 2);
    // Another within a minute may cost polls: the console may forbid the call. The token is replaced after a pause.
    appliance.revoke_tokens();
    let polls = (0..500).find(|_| process.line() == ANSWER && appliance.qoauth_requests() == 3);
    assert!(polls.is_some(), "{} requests", appliance.qoauth_requests());
}

#[test]
fn qoauth_is_found_after_it_moved_to_another_port() {
    let appliance = appliance();
    let mut process = Process::start(&appliance, "0.02");
    assert_eq!(process.line(), ANSWER);
    appliance.move_qoauth().expect("it moves");
    appliance.revoke_tokens();
    for _ in 0..20 {
        assert_eq!(process.line(), ANSWER);
    }
}

#[test]
fn a_console_that_is_down_is_logged_and_polled_until_it_is_up() {
    let appliance = appliance();
    let mut process = Process::start(&appliance, "0.02");
    assert_eq!(process.line(), ANSWER);
    appliance.stop_console();
    let error = process.line_like("Error: ");
    assert!(error.contains("127.0.0.1:"), "{error}");
    assert!(process.line().starts_with("Error: "), "it goes on");
    appliance.start_console().expect("it starts again");
    process.line_like(ANSWER);
}

/// The console of another appliance knows none of the tokens.
#[test]
fn a_401_of_the_console_says_once_that_changes_may_not_be_deployed() {
    let (appliance, other) = (appliance(), appliance());
    let console = other.console_url();
    let outcome = run(
        "background_process",
        &[],
        &[&variables(&appliance, &console)[..], &[("POLL_COUNT", "3"), ("POLL_SECONDS", "0.1")]]
            .concat(),
    );
    let lines: Vec<&str> = outcome.out.lines().collect();
    assert_eq!(lines.len(), 3, "{outcome:?}");
    assert!(
        lines.iter().all(|line| line.contains(" Error: ") && line.contains("401")),
        "{lines:?}"
    );
    let advised = lines
        .iter()
        .map(|line| line.contains("was \"Deploy Changes\" pressed"))
        .collect::<Vec<_>>();
    assert_eq!(advised, [true, false, false], "{lines:?}");
}

#[test]
fn poll_count_ends_it_and_every_line_is_whole() {
    let appliance = appliance();
    let console = appliance.console_url();
    let counted =
        [&variables(&appliance, &console)[..], &[("POLL_SECONDS", "0.01"), ("POLL_COUNT", "3")]]
            .concat();
    let outcome = run("background_process", &[], &counted);
    assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{outcome:?}");
    assert_eq!(outcome.out.matches(ANSWER).count(), 3, "{outcome:?}");
    assert_eq!(outcome.out.matches('\n').count(), 3, "{outcome:?}");
}

#[test]
fn a_full_disk_does_not_end_it_and_a_closed_log_does() {
    let appliance = appliance();
    let console = appliance.console_url();
    let counted =
        [&variables(&appliance, &console)[..], &[("POLL_SECONDS", "0.01"), ("POLL_COUNT", "9")]]
            .concat();
    let full = std::fs::File::create("/dev/full").expect("it is there");
    let output = command("background_process", &counted).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let (unread, _) = UnixStream::pair().expect("a pair");
    let output =
        command("background_process", &counted).stdout(OwnedFd::from(unread)).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn wrong_settings_are_named() {
    let appliance = appliance();
    let console = appliance.console_url();
    let good = variables(&appliance, &console);
    for (name, value, part) in [
        ("POLL_SECONDS", "0", "POLL_SECONDS"),
        ("POLL_SECONDS", "soon", "POLL_SECONDS"),
        ("POLL_SECONDS", "1e30", "POLL_SECONDS"),
        ("POLL_COUNT", "-1", "POLL_COUNT"),
        ("POLL_COUNT", "0", "POLL_COUNT"),
        ("CONSOLE_URL", "console", "CONSOLE_URL does not start with http"),
        ("CLIENT_ID", "", "CLIENT_ID is empty"),
    ] {
        let mut variables: Vec<_> =
            good.iter().copied().filter(|(known, _)| *known != name).collect();
        variables.push((name, value));
        run("background_process", &[], &variables).expect_failure("background_process", 2, part);
    }
    let with_path = [&good[..4], &[("QRADAR_CONSOLE_IP", "127.0.0.1/x")]].concat();
    let outcome = run("background_process", &[], &with_path);
    outcome.expect_failure("background_process", 2, "QRADAR_CONSOLE_IP has a path");
    let unknown = run("background_process", &[], &good[..4]);
    unknown.expect_failure("background_process", 2, "QRADAR_CONSOLE_FQDN");
}

#[test]
fn the_console_comes_from_fqdn_then_address_then_manifest() {
    let appliance = appliance();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("manifest.json"),
        r#"{"name": "x", "console_ip": "127.0.0.3"}"#,
    )
    .unwrap();
    for (more, host) in [
        (
            &[("QRADAR_CONSOLE_FQDN", "127.0.0.1"), ("QRADAR_CONSOLE_IP", "127.0.0.2")][..],
            "127.0.0.1",
        ),
        (&[("QRADAR_CONSOLE_IP", "127.0.0.2")], "127.0.0.2"),
        (&[("QRADAR_CONSOLE_IP", "::1")], "[::1]"),
        (&[], "127.0.0.3"),
    ] {
        let variables = [&variables(&appliance, "")[..4], &[("POLL_COUNT", "1")], more].concat();
        let output =
            command("background_process", &variables).current_dir(&folder).output().unwrap();
        // Nothing listens there, so the poll fails and is logged. A build without TLS ends with status 2.
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains(host), "{said}");
        let is_logged = said.contains("Error: ") && output.status.success();
        assert!(is_logged || output.status.code() == Some(2), "{said}");
    }
}

#[test]
fn the_launch_script_sets_ssl_cert_file_and_does_not_wait() {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/background_process/src_deps/init/launch_background_process.sh"
    );
    let bundle = match std::path::Path::new("/store/consolecert.pem").exists() {
        true => "/store/consolecert.pem",
        false => "/etc/pki/tls/certs/ca-bundle.crt",
    };
    for (set, expected) in [(None, bundle), (Some("/my/ca.pem"), "/my/ca.pem")] {
        let mut launch = std::process::Command::new("sh");
        launch.arg(script).env("BACKGROUND_PROCESS", "env").env_remove("SSL_CERT_FILE");
        launch.envs(set.map(|file| ("SSL_CERT_FILE", file)));
        let output = launch.output().expect("sh runs");
        let log = String::from_utf8_lossy(&output.stdout);
        assert!(log.contains(&format!("\nSSL_CERT_FILE={expected}\n")), "{log}");
    }
}

#[test]
fn sigterm_ends_it_at_once() {
    let appliance = appliance();
    let mut process = Process::start(&appliance, "3600");
    assert_eq!(process.line(), ANSWER);
    let start = Instant::now();
    let id = rustix::process::Pid::from_child(&process.child);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it is sent");
    let status = process.child.wait().expect("it ends");
    assert!(status.success(), "{status}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn between_polls_it_has_one_thread_and_no_child() {
    let appliance = appliance();
    let mut process = Process::start(&appliance, "3600");
    assert_eq!(process.line(), ANSWER);
    // The kernel may list an ended thread for a moment.
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let usage = Usage::of(process.child.id());
        if (usage.threads, usage.children) == (1, 0) {
            break;
        }
        assert!(Instant::now() < deadline, "{usage:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A process's memory, descriptors, threads and children, from `/proc`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Usage {
    resident_kib: usize,
    descriptors: usize,
    threads: usize,
    children: usize,
}

impl Usage {
    fn of(pid: u32) -> Usage {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).expect("a known field");
            line.split_whitespace().nth(1).and_then(|value| value.parse().ok()).expect("a number")
        };
        let count = |path: String| std::fs::read_dir(path).map_or(0, Iterator::count);
        // Children include zombies.
        let children =
            std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        Usage {
            resident_kib: field("VmRSS:"),
            descriptors: count(format!("/proc/{pid}/fd")),
            threads: field("Threads:"),
            children: children.split_whitespace().count(),
        }
    }

    fn most(samples: &VecDeque<Usage>) -> Usage {
        samples.iter().fold(Usage::default(), |most, usage| Usage {
            resident_kib: most.resident_kib.max(usage.resident_kib),
            descriptors: most.descriptors.max(usage.descriptors),
            threads: most.threads.max(usage.threads),
            children: most.children.max(usage.children),
        })
    }
}

/// `SOAK_SECONDS=120 cargo test --release --test examples background_process:: -- --ignored --nocapture`
#[test]
#[ignore = "takes SOAK_SECONDS (20 if not set) of polling every millisecond"]
fn soak() {
    let seconds =
        std::env::var("SOAK_SECONDS").map_or(20, |text| text.parse().expect("a number of seconds"));
    let appliance = appliance();
    let mut process = Process::start(&appliance, "0.001");
    let pid = process.child.id();
    let (start, end) = (Instant::now(), Instant::now() + Duration::from_secs(seconds));
    let mut samples = VecDeque::new();
    let (mut answers, mut errors, mut next) = (0_u64, 0_u64, 0);
    while Instant::now() < end {
        let line = process.line();
        if line == ANSWER {
            answers += 1
        } else {
            errors += 1
        }
        // One fault and one sample every tenth of a second.
        let tenth = start.elapsed().as_millis() / 100;
        if tenth >= next {
            next = tenth + 1;
            samples.push_back(Usage::of(pid));
            // A token is asked for once a second at most, so revocations are five seconds apart.
            match tenth % 50 {
                0 => appliance.revoke_tokens(),
                2 | 32 => appliance.move_qoauth().expect("it moves"),
                7 | 17 | 27 | 37 | 47 => {
                    appliance.stop_console();
                    appliance.start_console().expect("it starts again");
                }
                _ => {}
            }
        }
    }
    let quarter = samples.len() / 4;
    let first = Usage::most(&samples.iter().copied().take(quarter).collect());
    let last = Usage::most(&samples.iter().copied().skip(samples.len() - quarter).collect());
    let tokens = appliance.qoauth_requests();
    println!(
        "{seconds} s: {answers} answers, {errors} errors, {tokens} tokens; most in the first quarter {first:?}, in the last {last:?}"
    );
    assert!(answers > 20 * seconds && tokens as u64 > seconds / 10, "it polled and renewed");
    assert!(errors < answers / 10, "{errors} of {answers}");
    // Heap fragmentation changes the number of pages. Two minutes are some 60,000 polls: a leak of five bytes a poll
    // would exceed this bound.
    assert!(last.resident_kib <= first.resident_kib + 256, "{first:?} {last:?}");
    assert!(last.descriptors <= first.descriptors + 2, "{first:?} {last:?}");
    assert!(last.threads <= first.threads.max(3), "{first:?} {last:?}");
    assert!(last.children <= 1, "{first:?} {last:?}");
}
