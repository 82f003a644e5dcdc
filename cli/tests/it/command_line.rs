//! `minbearer`'s command line: what it prints, and how it fails.

use crate::support::processes;
use crate::support::terminal;

use crate::support::appliance::Appliance;
use crate::support::executable::{copy_executable, write_executable};
use crate::support::processes::{ODD_SECRET, get, jsa_variables, odd_appliance};
use processes::{Outcome, command, run_with_input};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Outcome {
    processes::run("minbearer", arguments, variables)
}

fn jsa(appliance: &Appliance, arguments: &[&str], more: &[(&str, &str)]) -> Outcome {
    let variables = jsa_variables(appliance, more);
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    run(&[&["jsa"], arguments].concat(), &variables)
}

#[test]
fn jsa_runs_the_locator_and_prints_a_token_that_the_console_accepts() {
    let appliance = odd_appliance();
    let outcome = jsa(&appliance, &[], &[]);
    assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{outcome:?}");
    let token = outcome.out.strip_suffix('\n').expect("one line");
    let console = appliance.console_url() + "/api/ariel/databases";
    assert_eq!(get(&console, &format!("Bearer {token}")), 200);
    assert_eq!(get(&console, "Bearer other"), 401);
    assert_eq!(appliance.last_secret().as_deref(), Some(ODD_SECRET));

    let outcome = jsa(&appliance, &["--header"], &[]);
    let header = outcome.out.strip_prefix("Authorization: ").expect("a header").trim_end();
    assert_eq!(get(&console, header), 200);
}

#[test]
fn jsa_reads_the_secret_from_a_file_and_the_service_from_a_url() {
    let appliance = odd_appliance();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{ODD_SECRET}\n")).unwrap();
    let more = [
        ("CLIENT_SECRET", "unset"),
        ("CLIENT_SECRET_FILE", file.path().to_str().unwrap()),
        ("QOAUTH_URL", &appliance.qoauth_url()),
        ("SERVICE_PORT_LOCATOR", "/nonexistent"),
    ];
    assert_eq!(jsa(&appliance, &["--timeout", "2.5"], &more).status, Some(0));
}

#[test]
fn accelerator_sends_the_password_unchanged() {
    let appliance = odd_appliance();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{ODD_SECRET}\n")).unwrap();
    let from_file = [("NC_PASSWORD_FILE", file.path().to_str().unwrap()), ("USER", "rose")];
    let url = &appliance.nc_url();
    let project = url.replace("/project", "/api/v3/project/1/project");
    for (arguments, variables, input) in [
        (vec!["accelerator", url, "rose"], &from_file[..1], String::new()),
        (vec!["accelerator", url], &from_file[..], String::from("not read")),
        (vec!["accelerator", url, "rose"], &[], format!("{ODD_SECRET}\nmore")),
        (vec!["--header", "accelerator", url, "rose"], &[], format!("{ODD_SECRET}\r\n")),
    ] {
        let outcome = run_with_input("minbearer", &arguments, variables, input.as_bytes());
        assert_eq!(
            (outcome.status, outcome.err.as_str()),
            (Some(0), ""),
            "{arguments:?}: {outcome:?}"
        );
        assert_eq!(appliance.last_password().as_deref(), Some(ODD_SECRET));
        let line = outcome.out.trim_end();
        let header =
            line.strip_prefix("Authorization: ").map_or(format!("Bearer:{line}"), String::from);
        assert!(header.starts_with("Bearer:ey"), "{header}");
        assert_eq!(get(&project, &header), 200, "{arguments:?}");
    }
}

/// qoauth also accepts the grant as a form.
#[test]
fn client_credentials_accepts_any_token_url() {
    let appliance = odd_appliance();
    let url = appliance.qoauth_url() + "/token";
    let variables =
        [("CLIENT_ID", appliance.credentials().client_id.as_str()), ("CLIENT_SECRET", ODD_SECRET)];
    let outcome = run(&["client-credentials", &url, "--scope", "ADMIN", "--header"], &variables);
    assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{outcome:?}");
    let header = outcome.out.trim_end().strip_prefix("Authorization: ").expect("a header");
    assert_eq!(get(&(appliance.console_url() + "/api/ariel/databases"), header), 200);
    let plain = ["client-credentials", "http://auth.example/token"];
    run(&plain, &variables).expect_failure("minbearer", 2, "--plain-http");
    let wrong = [variables[0], ("CLIENT_SECRET", "hunter2")];
    run(&["client-credentials", &url], &wrong).expect_failure("minbearer", 6, "invalid_client");
}

#[test]
fn a_wrong_setting_or_argument_is_named() {
    let appliance = odd_appliance();
    let missing = "/dev/absent";
    for (more, part) in [
        (&[("CLIENT_ID", "unset")][..], "neither CLIENT_ID nor CLIENT_ID_FILE is set"),
        (&[("CLIENT_ID", "")], "CLIENT_ID is empty"),
        (&[("CLIENT_SECRET", "unset")], "neither CLIENT_SECRET nor CLIENT_SECRET_FILE"),
        (&[("CLIENT_SECRET", "")], "CLIENT_SECRET is empty"),
        (&[("CLIENT_SECRET_FILE", "/dev/null")], "both set"),
        (&[("CLIENT_SECRET", "unset"), ("CLIENT_SECRET_FILE", missing)], missing),
        (
            &[("CLIENT_SECRET", "unset"), ("CLIENT_SECRET_FILE", "hunter2/Zq7+S3cret==")],
            "the CLIENT_SECRET_FILE file (not shown, because there is no such file or folder and it may be a secret) cannot be read",
        ),
        (&[("CLIENT_SECRET", "unset"), ("CLIENT_SECRET_FILE", "/")], "/ is a directory"),
        (
            &[("CLIENT_SECRET", "unset"), ("CLIENT_SECRET_FILE", "/dev/null")],
            "/dev/null is neither a regular file nor a pipe",
        ),
        (&[("CLIENT_SECRET", "unset"), ("CLIENT_SECRET_FILE", "")], "CLIENT_SECRET_FILE is empty"),
        (&[("QOAUTH_HOST", "")], "QOAUTH_HOST is empty"),
        (&[("QOAUTH_HOST", "a b")], "QOAUTH_HOST has a host"),
        (&[("SERVICE_PORT_LOCATOR", "")], "SERVICE_PORT_LOCATOR is empty"),
        (&[("QOAUTH_URL", "htp://h")], "QOAUTH_URL does not start with http"),
        (&[("QOAUTH_URL", "http://h:80a")], "QOAUTH_URL has a port"),
        (&[("QOAUTH_URL", "http://h/token")], "QOAUTH_URL has a path"),
    ] {
        jsa(&appliance, &[], more).expect_failure("minbearer", 2, part);
    }
    for (locator, part) in [
        ("hunter2/Zq7+S3cret==", "the port locator (not shown, because"),
        ("hunter2", "the port locator (not shown, because"),
        ("/dev/shm/absent", "the port locator /dev/shm/absent: No such file"),
    ] {
        let locator = [("SERVICE_PORT_LOCATOR", locator)];
        jsa(&appliance, &[], &locator).expect_failure("minbearer", 3, part);
    }
    assert_eq!(appliance.qoauth_requests(), 0);
    for (arguments, part) in [
        (
            &[][..],
            "expected minbearer jsa | minbearer accelerator URL [USERNAME] | minbearer client",
        ),
        (&["saml"], "unknown command: expected minbearer jsa |"),
        (
            &["jsa", "more"],
            "too many arguments; secrets are never arguments: expected minbearer jsa\n",
        ),
        (&["accelerator"], "an argument is missing: expected minbearer accelerator URL [USERNAME]"),
        (&["accelerator", "http://h", "rose", "hunter2"], "too many arguments"),
        (&["accelerator", "http://h"], "$USER"),
        (&["accelerator", "http://h\n:1", "rose"], "the Accelerator URL"),
        (&["accelerator", "http://h:99999", "rose"], "the Accelerator URL has a port"),
        (&["accelerator", "http://u:hunter2@h", "rose"], "user info"),
        (&["accelerator", "http://h", "rose"], "there is no password: set NC_PASSWORD_FILE"),
        (&["client-credentials"], "is missing: expected minbearer client-credentials TOKEN_URL"),
        (&["client-credentials", "http://h", "more"], "too many arguments"),
        (&["client-credentials", "https://h"], "neither CLIENT_ID nor CLIENT_ID_FILE is set"),
        (&["client-credentials", "https://h", "--parameter", "audience"], "NAME=VALUE"),
        (&["jsa", "--basic"], "--basic goes with client-credentials"),
        (&["jsa", "--rfc6750"], "--rfc6750 goes with accelerator"),
        (&["accelerator", "http://h", "rose", "--scope", "x"], "--scope goes with"),
        (&["client-credentials", "http://h", "--scope"], "expected --scope SCOPE"),
        (
            &["jsa", "--what"],
            "unknown option --what: expected --header --json --exec-credential --output",
        ),
        (&["jsa", "-w"], "is not shown because it may be a secret: expected --header --json"),
        (&["jsa", "-hunter2"], "an unknown option, which is not shown because it may be a secret"),
        (&["jsa", "-phunter2"], "which is not shown"),
        (&["jsa", "--hunter2"], "which is not shown"),
        (&["jsa", "--=hunter2"], "unknown option --: expected"),
        (&["jsa", "-hunter2=x"], "which is not shown"),
        (&["client-credentials", "--client-id", "x"], "set CLIENT_ID or CLIENT_ID_FILE"),
        (&["client-credentials", "--client-secret=hunter2"], "let CLIENT_SECRET_FILE name a file"),
        (&["client-credentials", "--secret", "hunter2"], "let CLIENT_SECRET_FILE name a file"),
        (&["accelerator", "--password", "hunter2"], "let NC_PASSWORD_FILE name a file"),
        (&["jsa", "--header", "--json"], "exclude one another"),
        (&["jsa", "--exec-credential", "--header"], "exclude one another"),
        (&["--check", "f"], "--check is given without --max-age SECONDS"),
        (&["--max-age", "5"], "--max-age is given without --check FILE"),
        (&["jsa", "--check", "f", "--max-age", "5"], "--check goes without a command"),
        (&["--check", "f", "--max-age", "5", "--renew"], "--renew does not go with --check"),
        (&["--check", "f", "--max-age", "0"], "--max-age is not a number of seconds above 0"),
        (&["client-credentials", "https://h", "--grant-type="], "the grant type must not be empty"),
        (&["--check", "", "--max-age", "5"], "the FILE of --check must not be empty"),
        (&["client-credentials", "--sign-key="], "the FILE of --sign-key must not be empty"),
        (&["jsa", "--cacert="], "the FILE of --cacert must not be empty"),
        (&["jsa", "--output="], "the FILE of --output must not be empty"),
        (&["accelerator", "--what"], "expected --rfc6750 --header --json"),
        (&["jsa", "--wh\n\u{1b}[2Jat\u{9b}"], "which is not shown"),
        (&["jsa", "--header=hunter2"], "--header takes no value"),
        (&["jsa", "--what=hunter2"], "unknown option --what: expected --header"),
        (&["--timeout=0", "jsa"], "above 0"),
        (&["jsa", "--", "--header"], "too many arguments"),
        (&["-"], "unknown command"),
        (&["jsa", "--timeout"], "expected --timeout SECONDS"),
        (&["jsa", "--timeout", "0"], "above 0"),
        (&["jsa", "--timeout", "-1"], "above 0"),
        (&["jsa", "--timeout", "NaN"], "above 0"),
        (&["jsa", "--timeout", "1e99"], "above 0"),
        (&["jsa", "--timeout", "soon"], "above 0"),
        (&["jsa", "--renew"], "--renew is given without --output FILE"),
        (&["jsa", "--mode", "600"], "--mode is given without --output FILE"),
        (&["jsa", "--every", "5"], "--every is given without --renew"),
        (&["jsa", "--every", "5", "--output", "f"], "--every is given without --renew"),
        (&["jsa", "--every", "0.9"], "1 or more"),
        (&["jsa", "--mode", "1000"], "octal"),
        (&["jsa", "--mode", "+644"], "octal"),
        (&["jsa", "--mode", "rw"], "octal"),
        (&["jsa", "--mode", ""], "octal"),
    ] {
        let outcome = run(arguments, &[]);
        outcome.expect_failure("minbearer", 2, part);
        assert!(!outcome.err.contains("hunter2"), "{outcome:?}");
    }
}

/// What names it is in the message, whatever it is.
#[test]
fn a_secret_s_file_that_is_absent_is_told_by_what_names_it() {
    let appliance = odd_appliance();
    let (qoauth, nc) = (appliance.qoauth_url() + "/token", appliance.nc_url());
    let (id, secret) = (("CLIENT_ID", "id"), ("CLIENT_SECRET", "secret"));
    let request = ["client-credentials", qoauth.as_str()];
    let proxied = ["--proxy", "http://127.0.0.1:9", "--proxy-user", "rose"];
    // Either may be a secret that was given in the place of a path, or is a path because its folder exists.
    for (file, shown) in [
        (
            "hunter2",
            "(not shown, because there is no such file or folder and it may be a secret) cannot be read: No such file",
        ),
        ("/dev/shm/absent", "/dev/shm/absent cannot be read: No such file"),
    ] {
        let (parameter, header) = (format!("p@{file}"), format!("X-Key@{file}"));
        for (arguments, variables, name) in [
            (&request[..], vec![("CLIENT_ID_FILE", file), secret], "CLIENT_ID_FILE"),
            (&request, vec![id, ("CLIENT_SECRET_FILE", file)], "CLIENT_SECRET_FILE"),
            (&request, vec![id, ("CLIENT_ASSERTION_FILE", file)], "CLIENT_ASSERTION_FILE"),
            (&["jsa"], vec![("CLIENT_ID_FILE", file), secret], "CLIENT_ID_FILE"),
            (&["accelerator", &nc, "rose"], vec![("NC_PASSWORD_FILE", file)], "NC_PASSWORD_FILE"),
            (
                &[&request[..1], &["https://127.0.0.1:9"], &proxied].concat(),
                vec![id, secret, ("PROXY_PASSWORD_FILE", file)],
                "PROXY_PASSWORD_FILE",
            ),
            (
                &[&request[..], &["--parameter", &parameter]].concat(),
                vec![id, secret],
                "--parameter p",
            ),
            (
                &[&request[..], &["--request-header", &header]].concat(),
                vec![id, secret],
                "--request-header X-Key",
            ),
        ] {
            let more = [("QOAUTH_URL", qoauth.trim_end_matches("/token"))];
            let outcome = run(arguments, &[variables, more.to_vec()].concat());
            outcome.expect_failure("minbearer", 2, &format!("the {name} file {shown}"));
            assert!(!outcome.err.contains("hunter2"), "{outcome:?}");
        }
    }
    assert_eq!(appliance.qoauth_requests(), 0);
}

#[test]
fn each_kind_of_failure_has_its_status() {
    let appliance = odd_appliance();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed_url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let qoauth_port = appliance.qoauth_url().rsplit(':').next().unwrap().to_owned();
    let not_a_token = appliance.console_url();
    for (more, status, part) in [
        (&[("CLIENT_SECRET", "hunter2")][..], 6, "invalid_client"),
        (&[("SERVICE_PORT_LOCATOR", "/nonexistent")], 3, "/nonexistent"),
        (&[("SERVICE_PORT_LOCATOR", "/bin/false")], 3, "exit status: 1"),
        (&[("SERVICE_PORT_LOCATOR", "/bin/echo"), ("QOAUTH_HOST", "127.0.0.1")], 3, "`127.0.0.1`"),
        (
            &[("SERVICE_PORT_LOCATOR", "/bin/echo"), ("QOAUTH_HOST", "0")],
            2,
            "a number but no IPv4 address",
        ),
        (&[("SERVICE_PORT_LOCATOR", "/bin/true")], 3, "printed nothing"),
        (&[("QOAUTH_URL", &closed_url)], 4, "refused"),
        (&[("QOAUTH_URL", "http://nonexistent.invalid:80")], 4, "nonexistent.invalid"),
        (&[("QOAUTH_URL", &silent_url)], 5, "in time"),
        (&[("QOAUTH_URL", &not_a_token)], 6, "no token endpoint"),
    ] {
        let outcome = jsa(&appliance, &["--timeout", "1"], more);
        outcome.expect_failure("minbearer", status, part);
        assert!(!outcome.err.contains("hunter2") && !outcome.err.contains("s3cr3t"), "{outcome:?}");
    }
    // The locator determines only the port: the host is the configured one.
    assert!(
        jsa(&appliance, &[], &[("CLIENT_SECRET", "x")])
            .err
            .contains(&format!("127.0.0.1:{qoauth_port} "))
    );
    let outcome = run_with_input(
        "minbearer",
        &["accelerator", &appliance.nc_url(), "rose"],
        &[],
        b"hunter2\n",
    );
    outcome.expect_failure("minbearer", 6, "401");
    assert!(!outcome.err.contains("hunter2"), "{outcome:?}");
}

#[test]
fn waiting_for_a_password_on_standard_input_ends_at_the_timeout() {
    let mut child = command("minbearer", &[])
        .args(["accelerator", "http://127.0.0.1:9", "rose", "--timeout", "0.2"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example starts");
    // Half a line: more may come for as long as this end is open.
    let mut open = child.stdin.take().expect("piped");
    open.write_all(b"hunt").unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while child.try_wait().expect("a status").is_none() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    let is_in_time = Instant::now() < deadline;
    drop(open);
    let outcome = Outcome::from(child.wait_with_output().expect("it ends"));
    assert!(is_in_time, "it waited for the rest: {outcome:?}");
    outcome.expect_failure("minbearer", 5, "standard input");
    assert!(!outcome.err.contains("hunt"), "{outcome:?}");
}

#[test]
fn help_fits_80_columns_and_lists_what_goes_with_the_command() {
    let (overview, jsa, other) =
        ("minbearer COMMAND --help", "SERVICE_PORT_LOCATOR", "--scope SCOPE...");
    for (arguments, has, has_not) in [
        (&["--help"][..], overview, "--output FILE"),
        (&["-h"], overview, "--output FILE"),
        (&["saml", "--help"], overview, "--output FILE"),
        (&["jsa", "--help", "--what"], jsa, "--scope"),
        (&["--help", "jsa"], jsa, "--scope"),
        (&["--header", "jsa", "-h"], jsa, "NC_PASSWORD_FILE"),
        (&["client-credentials", "--help"], other, "--rfc6750"),
        (&["accelerator", "--help"], "--rfc6750 ", "--scope"),
    ] {
        let outcome = run(arguments, &[]);
        assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{outcome:?}");
        let widest = outcome.out.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(80), "{widest:?}: {}", outcome.out);
        assert!(outcome.out.contains(has), "{has} is not in {}", outcome.out);
        assert!(!outcome.out.contains(has_not), "{has_not} is in {}", outcome.out);
        if has == overview {
            // One screen of 24 lines, of which one is left for the prompt.
            assert!(outcome.out.lines().count() < 24, "{}", outcome.out);
        } else {
            assert!(outcome.out.contains("\n  --output FILE "), "{}", outcome.out);
        }
    }
    let version = concat!("minbearer ", env!("CARGO_PKG_VERSION"));
    let features = match (cfg!(feature = "tls"), cfg!(feature = "sign")) {
        (true, true) => " (tls, sign)",
        (true, false) => " (tls)",
        (false, true) => " (sign)",
        (false, false) => "",
    };
    assert_eq!(run(&["--version"], &[]).out, format!("{version}{features}\n"));
    // An option that this build does not have is marked, and the mark explained.
    let help = run(&["client-credentials", "--help"], &[]).out;
    for (mark, is_built) in [("(tls)", cfg!(feature = "tls")), ("(sign)", cfg!(feature = "sign"))] {
        assert_eq!(help.contains(&format!("{mark}\n")), !is_built, "{help}");
        assert_eq!(help.contains(&format!("Options with {mark} need")), !is_built, "{help}");
    }
}

#[test]
fn json_says_until_when_the_token_is_valid() {
    let appliance = odd_appliance();
    let url = appliance.qoauth_url();
    let more = [("QOAUTH_URL", url.as_str())];
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let outcome = jsa(&appliance, &["--json"], &more);
    let found: serde_json::Value = serde_json::from_str(&outcome.out).expect("JSON");
    let console = appliance.console_url() + "/api/ariel/databases";
    let token = found["access_token"].as_str().unwrap();
    assert_eq!(get(&console, &format!("Bearer {token}")), 200);
    assert_eq!((&found["token_type"], &found["scope"]), (&"Bearer".into(), &"ADMIN".into()));
    assert_eq!(found.get("expires_at"), None, "JSA's tokens say no lifetime: {outcome:?}");
    assert_eq!(outcome.out.matches('\n').count(), 1, "{outcome:?}");

    appliance.set_token_lifetime(Duration::from_secs(3600));
    let before = now();
    let outcome = jsa(&appliance, &["--json"], &more);
    let found: serde_json::Value = serde_json::from_str(&outcome.out).expect("JSON");
    let expires = found["expires_at"].as_u64().expect("POSIX seconds");
    assert!((before + 3600..=now() + 3600).contains(&expires), "{outcome:?}");
}

#[test]
fn exec_credential_is_what_kubectl_reads() {
    let appliance = odd_appliance();
    appliance.set_token_lifetime(Duration::from_secs(3600));
    let url = appliance.qoauth_url();
    let outcome = jsa(&appliance, &["--exec-credential"], &[("QOAUTH_URL", url.as_str())]);
    let found: serde_json::Value = serde_json::from_str(&outcome.out).expect("JSON");
    assert_eq!(found["apiVersion"], "client.authentication.k8s.io/v1");
    assert_eq!(found["kind"], "ExecCredential");
    let status = found["status"].as_object().unwrap();
    let token = status["token"].as_str().unwrap();
    let console = appliance.console_url() + "/api/ariel/databases";
    assert_eq!(get(&console, &format!("Bearer {token}")), 200);
    let time = status["expirationTimestamp"].as_str().unwrap();
    let shape = |byte: u8| if byte.is_ascii_digit() { b'0' } else { byte };
    let shape: Vec<u8> = time.bytes().map(shape).collect();
    assert_eq!(shape, b"0000-00-00T00:00:00Z", "{time}");
}

/// No one reads its standard error, which is a full pipe, blocking or not.
#[test]
fn an_error_that_no_one_reads_does_not_keep_the_program() {
    for is_blocking in [true, false] {
        let (_reader, mut writer) = std::io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        while writer.write(&[b'#'; 4096]).is_ok_and(|written| written > 0) {}
        rustix::io::ioctl_fionbio(&writer, !is_blocking).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_minbearer"));
        let status = command.arg("--what").stderr(writer).status().unwrap();
        assert_eq!(status.code(), Some(2));
    }
}

#[test]
fn a_probe_is_red_once_the_file_is_older_than_the_age() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "abc").unwrap();
    let check = |path: &Path, max_age: &str| {
        run(&["--check", path.to_str().unwrap(), "--max-age", max_age], &[])
    };
    let set = |seconds_ago: i64| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        let time = UNIX_EPOCH + Duration::from_secs((now - seconds_ago) as u64);
        std::fs::File::options().append(true).open(&file).unwrap().set_modified(time).unwrap();
    };
    // The last was written in the future: a clock was set.
    for (seconds_ago, max_age, status) in
        [(0, "60", 0), (50, "60", 0), (61, "60", 1), (3, "2.5", 1), (1, "2.5", 0), (-3600, "1", 0)]
    {
        set(seconds_ago);
        let outcome = check(&file, max_age);
        let said = (outcome.status, outcome.out.as_str(), outcome.err.is_empty());
        assert_eq!(said, (Some(status), "", status == 0), "{seconds_ago} s: {outcome:?}");
        if status == 1 {
            outcome.expect_failure("minbearer", 1, "s ago, more than the");
        }
    }
    check(&folder.path().join("absent"), "60").expect_failure("minbearer", 1, "No such file");
    check(folder.path(), "60").expect_failure("minbearer", 1, "not a file");
}

/// The lines of a document from the one that starts with `start` up to `end`.
fn lines_of(document: &str, start: &str, end: &str) -> String {
    let text = document.split_once(start).unwrap_or_else(|| panic!("{start} is not there")).1;
    [start, text.split_once(end).expect("an end").0].concat()
}

/// A pipe from minbearer to curl would make the call without credentials. Each documented form is run as it stands, with
/// a curl that writes down what it is given on standard input.
#[test]
fn the_documented_calls_are_not_made_without_a_token() {
    let appliance = odd_appliance();
    let recipes = include_str!("../../../examples/recipes/README.md");
    let readme = include_str!("../../../README.md");
    let manual = include_str!("../../docs/minbearer.1").replace("\\-", "-").replace("\\e", "\\");
    let qoauth = appliance.qoauth_url();
    let program = processes::executable("minbearer");
    let folder = tempfile::tempdir().unwrap();
    let called = folder.path().join("called");
    let wrapper = format!("curl() {{ echo \"$*\" >'{0}'; cat >>'{0}'; }}\n", called.display());
    let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
    for script in [
        lines_of(recipes, "header=$(minbearer client-credentials", "```"),
        lines_of(readme, "header=$(minbearer client-credentials", "\n  minbearer"),
        lines_of(&manual, "header=$(minbearer jsa", ".EE"),
    ] {
        let script = script.replace("https://auth.example.com", &qoauth);
        let script = wrapper.clone() + &script.replace("https://auth.example", &qoauth);
        for (secret, is_called) in [("wrong", false), (ODD_SECRET, true)] {
            let more = [("QOAUTH_URL", qoauth.as_str()), ("CLIENT_SECRET", secret)];
            let mut shell = Command::new("sh");
            shell.args(["-c", &script]).env_clear().env("PATH", &path);
            shell.envs(jsa_variables(&appliance, &more));
            let outcome = Outcome::from(shell.output().expect("a shell"));
            assert_eq!(outcome.status == Some(0), is_called, "{outcome:?}");
            let given = std::fs::read_to_string(&called).unwrap_or_default();
            assert_eq!(given.contains(" -H @-"), is_called, "{script}: {given}");
            assert_eq!(given.contains("\nAuthorization: Bearer "), is_called, "{script}: {given}");
        }
        std::fs::remove_file(&called).unwrap();
    }

    // The app of the recipe for JSA, before minbearer has written the first token.
    let token = folder.path().join("header");
    let app = include_str!("../../../examples/recipes/jsa/app/poll.sh");
    for (content, is_called) in [("", false), ("Authorization: Bearer abc\n", true)] {
        std::fs::write(&token, content).unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", &(wrapper.clone() + app)]).env_clear().env("PATH", &path);
        shell.stdin(Stdio::null()).env("TOKEN", &token).env("POLL_COUNT", "1");
        let outcome = Outcome::from(shell.env("SSL_CERT_FILE", "ca").output().expect("a shell"));
        assert_eq!(called.exists(), is_called, "{outcome:?}");
        assert_eq!(outcome.out.starts_with("Error: there is no token in "), !is_called);
    }
}

/// The lines of curl that the app of the recipe for JSA takes for a rejected token, and then asks for another.
#[test]
fn the_app_for_jsa_asks_for_another_token_after_a_401_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (token, asked) = (folder.path().join("header"), folder.path().join("asked"));
    std::fs::write(&token, "Authorization: Bearer abc\n").unwrap();
    let app = include_str!("../../../examples/recipes/jsa/app/poll.sh");
    for (said, is_rejected) in [
        ("(22) The requested URL returned error: 401", true),
        ("(22) The requested URL returned error: 401 Unauthorized", true),
        ("(22) The requested URL returned error: 503", false),
        ("(7) Failed to connect to console port 4010 after 1 ms: Couldn't connect", false),
        ("(6) Could not resolve host: console401", false),
    ] {
        let stand_ins = format!(
            "curl() {{ echo \"curl: {said}\" >&2; return 22; }}\nsleep() {{ :; }}\nkill() {{ echo \"$*\" >'{}'; }}\n",
            asked.display()
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &(stand_ins + app)]).env_clear().env("PATH", "/usr/bin:/bin");
        shell.envs([("POLL_COUNT", "1"), ("SSL_CERT_FILE", "ca"), ("MINBEARER_PID", "7")]);
        let outcome = Outcome::from(shell.env("TOKEN", &token).output().expect("a shell"));
        assert_eq!(outcome.out, format!("Error: curl: {said}\n"), "{outcome:?}");
        let signal = std::fs::read_to_string(&asked).ok();
        assert_eq!(signal.as_deref(), is_rejected.then_some("-HUP 7\n"), "{said}");
        let _ = std::fs::remove_file(&asked);
    }
}

#[test]
fn client_credentials_authenticates_in_each_way() {
    let appliance = odd_appliance();
    let url = appliance.qoauth_url() + "/token";
    let jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJpZCJ9.c2ln";
    appliance.set_assertion(jwt);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{jwt}\n")).unwrap();
    let id = ("CLIENT_ID", appliance.credentials().client_id.as_str());
    let assertion = [id, ("CLIENT_ASSERTION_FILE", file.path().to_str().unwrap())];
    let secret = [id, ("CLIENT_SECRET", ODD_SECRET)];
    for (options, variables, status, part) in [
        (&[][..], &secret, 0, ""),
        (&["--basic"], &secret, 0, ""),
        (&[], &assertion, 0, ""),
        (&["--basic"], &assertion, 2, "Basic needs a client secret"),
        (&["--parameter", "audience=a=b"], &secret, 0, ""),
        (&["--parameter", "scope=x"], &secret, 2, "the flow sends it itself"),
        (&["--grant-type", "account_credentials"], &secret, 6, "unsupported_grant_type"),
    ] {
        let outcome = run(&[&["client-credentials", &url], options].concat(), variables);
        if status == 0 {
            assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{options:?}");
        } else {
            outcome.expect_failure("minbearer", status, part);
        }
    }
    let both = [id, secret[1], assertion[1]];
    run(&["client-credentials", &url], &both).expect_failure("minbearer", 2, "is set beside");
}

#[test]
fn rfc6750_separates_accelerators_header_by_a_space() {
    let appliance = odd_appliance();
    let password = format!("{ODD_SECRET}\n");
    for (options, start) in [
        (&["--header"][..], "Authorization: Bearer:ey"),
        (&["--header", "--rfc6750"], "Authorization: Bearer ey"),
    ] {
        let url = appliance.nc_url();
        let arguments = [&["accelerator", &url, "rose"], options].concat();
        let outcome = run_with_input("minbearer", &arguments, &[], password.as_bytes());
        assert!(outcome.out.starts_with(start), "{outcome:?}");
    }
}

#[test]
fn a_scope_narrower_than_asked_for_is_reported_in_one_line() {
    let appliance = odd_appliance();
    let url = appliance.qoauth_url() + "/token";
    let variables =
        [("CLIENT_ID", appliance.credentials().client_id.as_str()), ("CLIENT_SECRET", ODD_SECRET)];
    let outcome =
        run(&["client-credentials", &url, "--scope", "ADMIN READ", "--scope", "WRITE"], &variables);
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert!(outcome.out.len() > 40, "{outcome:?}");
    let line = "minbearer: the token's scope is narrower than asked for: without READ WRITE\n";
    assert_eq!(outcome.err, line);
}

/// A closed one is `/dev/null`, opened by std, and cannot be told from the one that Python's `subprocess.DEVNULL` passes.
#[test]
fn a_discarded_token_is_no_error_and_a_full_or_broken_standard_output_is_one() {
    let appliance = odd_appliance();
    let program = env!("CARGO_BIN_EXE_minbearer");
    let url = appliance.qoauth_url();
    let variables = jsa_variables(&appliance, &[("QOAUTH_URL", &url)]);
    let shell = |script: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", script, program]).env_clear().envs(variables.clone());
        Outcome::from(command.output().expect("a shell"))
    };
    for arguments in ["jsa", "--help", "--version"] {
        for to in [">&-", "1<>/dev/null", ">/dev/null"] {
            let outcome = shell(&format!("\"$0\" {arguments} {to}"));
            let said = (outcome.status, outcome.out.as_str(), outcome.err.as_str());
            assert_eq!(said, (Some(0), "", ""), "{arguments} {to}");
        }
    }
    for (script, status, part) in [
        ("\"$0\" jsa >/dev/full", 2, "could not write to standard output: No space left"),
        ("\"$0\" --help >/dev/full", 2, "could not write to standard output: No space left"),
        ("\"$0\" jsa 1</dev/null", 2, "could not write to standard output: Bad file"),
    ] {
        shell(script).expect_failure("minbearer", status, part);
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = command("minbearer", &[]);
    let outcome = Outcome::from(
        child
            .arg("--help")
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap(),
    );
    outcome.expect_failure("minbearer", 2, "Broken pipe");
    let folder = tempfile::tempdir().unwrap();
    let to_a_file = format!("cd '{}' && \"$0\" jsa --output token >&-", folder.path().display());
    let outcome = shell(&to_a_file);
    assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{outcome:?}");
}

/// A locator sees its parent while it waits: the limit on core files, and the owner of its files below `/proc`, who is
/// root if the program is not dumpable. Run as another user if this is root.
#[test]
fn no_core_is_dumped_and_the_memory_is_no_one_else_s() {
    const NOBODY: u32 = 65_534;
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen");
    let script = format!(
        "#!/bin/sh\nexec >'{}'\ncat /proc/$PPID/limits\nstat -c 'owned by %u' /proc/$PPID/mem\n\
         head -c 1 /proc/$PPID/environ >/dev/null && echo readable\necho 1 >&3\n",
        seen.display()
    );
    let locator = folder.path().join("locator");
    write_executable(&locator, script.replace("exec >", "exec 3>&1 >").as_bytes());
    let program = folder.path().join("minbearer");
    copy_executable(env!("CARGO_BIN_EXE_minbearer"), &program);
    for path in [folder.path(), &locator, &program] {
        std::fs::set_permissions(path, Permissions::from_mode(0o777)).unwrap();
    }
    let mut command = Command::new(&program);
    command.arg("jsa").env_clear().env("PATH", "/usr/bin:/bin");
    command.envs([("CLIENT_ID", "id"), ("CLIENT_SECRET", "secret"), ("QOAUTH_HOST", "127.0.0.1")]);
    command.env("SERVICE_PORT_LOCATOR", &locator);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let outcome = Outcome::from(command.output().unwrap());
    outcome.expect_failure("minbearer", 4, "");
    let seen = std::fs::read_to_string(seen).unwrap();
    let core = seen.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let values: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(values, ["0", "0"], "{core}");
    assert!(seen.ends_with("owned by 0\n"), "another process of the user can read it: {seen}");
}

#[test]
fn a_timeout_may_be_longer_than_any_number() {
    let appliance = odd_appliance();
    for timeout in ["86401", "18446744073709551616", &"9".repeat(99)] {
        let outcome = jsa(&appliance, &["--timeout", timeout], &[]);
        assert!(outcome.status == Some(0) && !outcome.out.is_empty(), "{timeout}: {outcome:?}");
    }
}

/// Runs `minbearer accelerator` at a terminal, by util-linux's `setsid --ctty`, and types when it asks. `lines` is a
/// setting of `stty`. Returns what the terminal showed too.
fn at_a_terminal(url: &str, typed: &[u8], lines: &str) -> (Outcome, String) {
    let (mut person, program_side, name) = terminal::open();
    let set = Command::new("stty").args(["-F", &name, lines]).status();
    assert!(set.expect("stty").success());
    let mut child = Command::new("setsid")
        .args(["--ctty", "--wait", env!("CARGO_BIN_EXE_minbearer"), "accelerator", url, "rose"])
        .env_clear()
        .stdin(program_side.try_clone().unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("setsid");
    let mut shown = Vec::new();
    while !shown.ends_with(b"Password: ") {
        let mut ready = [PollFd::new(&person, PollFlags::IN)];
        let time = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        if poll(&mut ready, Some(&time)).unwrap() > 0 {
            let mut byte = [0];
            person.read_exact(&mut byte).unwrap();
            shown.extend(byte);
        } else if let Some(status) = child.try_wait().unwrap() {
            panic!("it ended before it asked: {status}, {:?}", child.wait_with_output());
        }
    }
    assert!(!is_echoing(&name), "what is typed as soon as the prompt is there is echoed");
    person.write_all(typed).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("it still reads after the line was typed");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let outcome = Outcome::from(child.wait_with_output().unwrap());
    assert!(is_echoing(&name), "the echo stays off");
    let unread = rustix::io::ioctl_fionread(&program_side).unwrap();
    assert_eq!(unread, 0, "a part of the line is left for the shell, as a command");
    drop(program_side);
    // Reading fails once no process has the other end open.
    let _ = person.read_to_end(&mut shown);
    (outcome, String::from_utf8(shown).unwrap())
}

#[test]
fn a_password_is_asked_for_at_the_terminal_without_echo() {
    let appliance = odd_appliance();
    let typed = format!("{ODD_SECRET}\n");
    let (outcome, shown) = at_a_terminal(&appliance.nc_url(), typed.as_bytes(), "icanon");
    assert!(outcome.out.starts_with("ey"), "{outcome:?}");
    assert_eq!(appliance.last_password().as_deref(), Some(ODD_SECRET));
    assert_eq!(shown.trim_end(), "Password:", "the password is echoed");
}

#[test]
fn a_typed_line_is_read_to_its_end_and_without_it() {
    let appliance = odd_appliance();
    let longest = "x".repeat(4094);
    for (typed, lines, password) in [
        ("pw\n", "icanon", "pw"),
        ("pw\r", "icanon", "pw"), // the terminal makes a line feed of it
        ("pw\r", "raw", "pw"),
        ("pw\n", "raw", "pw"),
        ("pw\r\n", "-icrnl", "pw"),
        (&format!("{longest}\n"), "icanon", &longest),
    ] {
        let (outcome, _) = at_a_terminal(&appliance.nc_url(), typed.as_bytes(), lines);
        assert_eq!(appliance.last_password().as_deref(), Some(password), "{lines}: {outcome:?}");
    }
}

#[test]
fn a_typed_line_that_is_no_password_is_an_error() {
    // An ordinary terminal passes on 4,095 bytes of it.
    let (too_long, raw) = (format!("{}\n", "x".repeat(5000)), format!("{}\r", "x".repeat(9000)));
    for (typed, lines, part) in [
        (&b"\n"[..], "icanon", "the password must not be empty"),
        (b"\x04", "icanon", "end of file"),
        (b"unfinished\x04\x04", "icanon", "end of file"),
        (b"\xff\n", "icanon", "it is not UTF-8"),
        // Ctrl-Z, which suspends nothing here.
        (b"\x1apw\n", "icanon", "the password has a control character, U+001A"),
        (too_long.as_bytes(), "icanon", "it is longer than 4094 bytes"),
        (raw.as_bytes(), "raw", "it is longer than 4094 bytes"),
    ] {
        let (outcome, _) = at_a_terminal("http://127.0.0.1:9", typed, lines);
        outcome.expect_failure("minbearer", 2, part);
    }
}

/// Whether a terminal echoes what is typed, by coreutils' `stty`.
fn is_echoing(terminal: &str) -> bool {
    let settings = Command::new("stty").args(["-a", "-F", terminal]).output().expect("stty");
    !String::from_utf8_lossy(&settings.stdout).split_whitespace().any(|word| word == "-echo")
}
