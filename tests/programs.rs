//! The examples' command lines: what they print, and how they fail.

#[path = "support/appliance.rs"]
mod appliance;
#[path = "support/hostile.rs"]
mod hostile;
#[path = "support/programs.rs"]
mod programs;

use appliance::{Appliance, Credentials};
use hostile::{Server, Step};
use programs::{Outcome, command, run, run_with_input};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Every character that a URL, a form or a shell could trip over.
const ODD_SECRET: &str = "s3cr3t&=+%#/?é Zq7";

fn odd_appliance() -> Appliance {
    let credentials = Credentials {
        client_secret: ODD_SECRET.into(),
        password: ODD_SECRET.into(),
        ..Credentials::default()
    };
    Appliance::start(credentials).expect("the appliance starts")
}

fn jsa(appliance: &Appliance, arguments: &[&str], more: &[(&str, &str)]) -> Outcome {
    let locator = appliance.locator().to_str().unwrap();
    let mut variables = vec![
        ("CLIENT_ID", appliance.credentials().client_id.as_str()),
        ("CLIENT_SECRET", appliance.credentials().client_secret.as_str()),
        ("QOAUTH_HOST", "127.0.0.1"),
        ("SERVICE_PORT_LOCATOR", locator),
    ];
    for (name, value) in more {
        variables.retain(|(known, _)| known != name);
        variables.push((name, value));
    }
    variables.retain(|(_, value)| *value != "unset");
    run("get_token", &[&["jsa"], arguments].concat(), &variables)
}

fn get(url: &str, authorization: &str) -> u16 {
    minreq::get(url)
        .with_header("Authorization", authorization)
        .with_timeout(10)
        .send()
        .unwrap()
        .status_code
}

#[test]
fn get_token_jsa_runs_the_locator_and_prints_a_token_that_the_console_takes() {
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
fn get_token_jsa_takes_the_secret_from_a_file_and_the_service_from_a_url() {
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
fn get_token_accelerator_sends_the_password_as_it_is() {
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
        let outcome = run_with_input("get_token", &arguments, variables, input.as_bytes());
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

/// qoauth takes the same grant as a form.
#[test]
fn get_token_client_credentials_takes_any_token_url() {
    let appliance = odd_appliance();
    let url = appliance.qoauth_url() + "/token";
    let variables =
        [("CLIENT_ID", appliance.credentials().client_id.as_str()), ("CLIENT_SECRET", ODD_SECRET)];
    let outcome =
        run("get_token", &["client-credentials", &url, "--scope", "ADMIN", "--header"], &variables);
    assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{outcome:?}");
    let header = outcome.out.trim_end().strip_prefix("Authorization: ").expect("a header");
    assert_eq!(get(&(appliance.console_url() + "/api/ariel/databases"), header), 200);
    let plain = ["client-credentials", "http://auth.example/token"];
    run("get_token", &plain, &variables).expect_failure("get_token", 2, "with_plain_http");
    let wrong = [variables[0], ("CLIENT_SECRET", "hunter2")];
    run("get_token", &["client-credentials", &url], &wrong).expect_failure(
        "get_token",
        6,
        "invalid_client",
    );
}

#[test]
fn get_token_names_what_is_wrong_with_its_settings() {
    let appliance = odd_appliance();
    let missing = "/nonexistent/file";
    for (more, part) in [
        (&[("CLIENT_ID", "unset")][..], "CLIENT_ID is not set"),
        (&[("CLIENT_ID", "")], "CLIENT_ID is empty"),
        (&[("CLIENT_SECRET", "unset")], "neither CLIENT_SECRET nor CLIENT_SECRET_FILE"),
        (&[("CLIENT_SECRET", "")], "CLIENT_SECRET is empty"),
        (&[("CLIENT_SECRET_FILE", "/dev/null")], "both set"),
        (&[("CLIENT_SECRET", "unset"), ("CLIENT_SECRET_FILE", missing)], missing),
        (&[("CLIENT_SECRET", "unset"), ("CLIENT_SECRET_FILE", "/")], "/ is a directory"),
        (
            &[("CLIENT_SECRET", "unset"), ("CLIENT_SECRET_FILE", "/dev/null")],
            "/dev/null is not a regular file",
        ),
        (&[("CLIENT_SECRET", "unset"), ("CLIENT_SECRET_FILE", "")], "CLIENT_SECRET_FILE is empty"),
        (&[("QOAUTH_HOST", "")], "QOAUTH_HOST is empty"),
        (&[("QOAUTH_HOST", "a b")], "QOAUTH_HOST has a host"),
        (&[("SERVICE_PORT_LOCATOR", "")], "SERVICE_PORT_LOCATOR is empty"),
        (&[("QOAUTH_URL", "htp://h")], "QOAUTH_URL does not start with http"),
        (&[("QOAUTH_URL", "http://h:80a")], "QOAUTH_URL has a port"),
        (&[("QOAUTH_URL", "http://h/token")], "QOAUTH_URL has a path"),
    ] {
        jsa(&appliance, &[], more).expect_failure("get_token", 2, part);
    }
    assert_eq!(appliance.qoauth_requests(), 0);
    for (arguments, part) in [
        (&[][..], "which flow"),
        (&["saml"], "unknown flow"),
        (&["jsa", "more"], "too many"),
        (&["accelerator"], "needs a URL"),
        (&["accelerator", "http://h", "rose", "more"], "too many"),
        (&["accelerator", "http://h"], "$USER"),
        (&["accelerator", "http://h\n:1", "rose"], "the Accelerator URL"),
        (&["accelerator", "http://h:99999", "rose"], "the Accelerator URL has a port"),
        (&["accelerator", "http://u:hunter2@h", "rose"], "user info"),
        (&["accelerator", "http://h", "rose"], "no password"),
        (&["client-credentials"], "needs a TOKEN_URL"),
        (&["client-credentials", "http://h", "more"], "too many"),
        (&["client-credentials", "https://h"], "CLIENT_ID is not set"),
        (&["jsa", "--basic"], "--basic"),
        (&["accelerator", "http://h", "rose", "--scope", "x"], "--scope"),
        (&["client-credentials", "http://h", "--scope"], "--scope"),
        (&["jsa", "--what"], "--what"),
        (&["jsa", "--wh\n\u{1b}[2Jat\u{9b}"], "[2Jat"),
        (&["jsa", "--timeout"], "--timeout"),
        (&["jsa", "--timeout", "0"], "above 0"),
        (&["jsa", "--timeout", "-1"], "above 0"),
        (&["jsa", "--timeout", "NaN"], "above 0"),
        (&["jsa", "--timeout", "1e99"], "above 0"),
        (&["jsa", "--timeout", "soon"], "above 0"),
    ] {
        run("get_token", arguments, &[]).expect_failure("get_token", 2, part);
    }
}

#[test]
fn get_token_tells_the_kinds_of_failure_apart() {
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
        (
            &[("SERVICE_PORT_LOCATOR", "/bin/echo"), ("QOAUTH_HOST", "127.0.0.1")],
            3,
            "`127.0.0.1\\n`",
        ),
        (&[("SERVICE_PORT_LOCATOR", "/bin/echo"), ("QOAUTH_HOST", "0")], 3, "`0\\n`"),
        (&[("SERVICE_PORT_LOCATOR", "/bin/true")], 3, "printed nothing"),
        (&[("QOAUTH_URL", &closed_url)], 4, "refused"),
        (&[("QOAUTH_URL", "http://nonexistent.invalid:80")], 4, "nonexistent.invalid"),
        (&[("QOAUTH_URL", &silent_url)], 5, "in time"),
        (&[("QOAUTH_URL", &not_a_token)], 6, "no token endpoint"),
    ] {
        let outcome = jsa(&appliance, &["--timeout", "1"], more);
        outcome.expect_failure("get_token", status, part);
        assert!(!outcome.err.contains("hunter2") && !outcome.err.contains("s3cr3t"), "{outcome:?}");
    }
    // The locator's answer is only the port: the host stays the one that was configured.
    assert!(
        jsa(&appliance, &[], &[("CLIENT_SECRET", "x")])
            .err
            .contains(&format!("127.0.0.1:{qoauth_port} "))
    );
    let outcome = run_with_input(
        "get_token",
        &["accelerator", &appliance.nc_url(), "rose"],
        &[],
        b"hunter2\n",
    );
    outcome.expect_failure("get_token", 6, "401");
    assert!(!outcome.err.contains("hunter2"), "{outcome:?}");
}

#[test]
fn quickstart_shows_both_flows_and_no_token_whole() {
    let outcome = run("quickstart", &[], &[]);
    assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{outcome:?}");
    assert!(outcome.out.contains(r#"["events", "flows", "simarc"]"#), "{outcome:?}");
    assert!(outcome.out.contains(r#""owner": "rose""#), "{outcome:?}");
    let longest = outcome
        .out
        .split_whitespace()
        .filter(|word| word.len() >= 40 && !word.contains('/'))
        .count();
    assert_eq!(longest, 0, "a token stands in {}", outcome.out);
    let outcome = run("quickstart", &[], &[("CLIENT_SECRET", "hunter2")]);
    assert_eq!(outcome.status, Some(6), "{outcome:?}");
    assert!(
        outcome.err.contains("invalid_client") && !outcome.err.contains("hunter2"),
        "{outcome:?}"
    );
}

#[test]
fn appliance_prints_shell_lines_that_the_other_programs_run_on() {
    let variables = [("CLIENT_SECRET", "it's; $odd `secret` \\"), ("NC_PASSWORD", ODD_SECRET)];
    let mut appliance = command("appliance", &variables).stdout(Stdio::piped()).spawn().unwrap();
    let lines: Vec<String> = BufReader::new(appliance.stdout.as_mut().unwrap())
        .lines()
        .take(8)
        .map(Result::unwrap)
        .collect();
    let script = format!(
        "{}\nfor v in QOAUTH_URL CONSOLE_URL NC_URL CLIENT_ID CLIENT_SECRET NC_USER NC_PASSWORD SERVICE_PORT_LOCATOR; do eval \"printf '%s\\n' \\\"\\$$v\\\"\"; done",
        lines.join("\n")
    );
    let shell = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    let printed = String::from_utf8(shell.stdout).unwrap();
    let values: Vec<&str> = printed.lines().collect();
    let &[qoauth, console, nc, id, secret, user, password, locator] = values.as_slice() else {
        panic!("eight values, not {values:?}")
    };
    assert_eq!((secret, password), (variables[0].1, ODD_SECRET));

    let evaluated = [
        ("QOAUTH_URL", qoauth),
        ("CONSOLE_URL", console),
        ("NC_URL", nc),
        ("CLIENT_ID", id),
        ("CLIENT_SECRET", secret),
        ("NC_USER", user),
        ("NC_PASSWORD", password),
        ("SERVICE_PORT_LOCATOR", locator),
    ];
    let token = run("get_token", &["jsa", "--header"], &evaluated).out;
    let header = token.trim_end().strip_prefix("Authorization: ").expect("a header");
    assert_eq!(get(&format!("{console}/api/ariel/databases"), header), 200);
    let outcome = run("quickstart", &[], &evaluated);
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    assert!(outcome.out.contains(console) && outcome.out.contains("\"owner\""), "{outcome:?}");
    appliance.kill().unwrap();
    appliance.wait().unwrap();
}

#[test]
fn rest_101_prints_the_project_indented() {
    let appliance = odd_appliance();
    let nc_url = appliance.nc_url();
    let url = [("NC_URL", nc_url.as_str()), ("NC_USER", "rose")];
    let input = format!("{ODD_SECRET}\n");
    for (arguments, variables) in [(&[][..], &url[..]), (&[nc_url.as_str(), "rose"], &[])] {
        let outcome = run_with_input("rest_101", arguments, variables, input.as_bytes());
        assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{outcome:?}");
        assert!(
            outcome.out.starts_with("{\n  \"id\": 1,\n") && outcome.out.ends_with("}\n"),
            "{outcome:?}"
        );
    }
    run("rest_101", &[], &[]).expect_failure("rest_101", 2, "NC_URL is not set");
    run("rest_101", &["http://h:0"], &url[1..]).expect_failure("rest_101", 2, "port");
    run("rest_101", &["http://h", "a", "b"], &url).expect_failure("rest_101", 2, "too many");
    let outcome = run_with_input("rest_101", &[], &url, b"hunter2\n");
    outcome.expect_failure("rest_101", 6, "401");
    assert!(!outcome.err.contains("hunter2"), "{outcome:?}");
    // A server that knows tokens but not this API.
    let outcome =
        run_with_input("rest_101", &[&appliance.qoauth_url(), "rose"], &[], input.as_bytes());
    outcome.expect_failure("rest_101", 6, "404");
}

#[test]
fn a_password_that_never_comes_is_not_waited_for() {
    let mut child = command("get_token", &[])
        .args(["accelerator", "http://127.0.0.1:9", "rose", "--timeout", "0.2"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example starts");
    // It is half a line, and more may come for as long as this end is open.
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
    outcome.expect_failure("get_token", 5, "standard input");
    assert!(!outcome.err.contains("hunt"), "{outcome:?}");
}

#[test]
fn an_empty_variable_is_named_by_every_program() {
    for (program, arguments, name) in [
        ("get_token", &["accelerator", "http://h"][..], "USER"),
        ("get_token", &["accelerator", "http://h", "rose"], "NC_PASSWORD_FILE"),
        ("quickstart", &[], "CLIENT_ID"),
        ("appliance", &[], "CLIENT_SECRET"),
        ("rest_101", &[], "NC_URL"),
        ("rest_101", &["http://h"], "NC_USER"),
        ("background_process", &[], "POLL_COUNT"),
    ] {
        let outcome = run(program, arguments, &[(name, "")]);
        outcome.expect_failure(program, 2, &format!("{name} is empty"));
    }
}

#[test]
fn a_program_without_arguments_refuses_one() {
    for program in ["quickstart", "appliance", "background_process"] {
        run(program, &["--what"], &[]).expect_failure(program, 2, "`--what`");
    }
}

/// JSON's strings may hold the control characters above U+007F as they are, and terminals obey them.
#[test]
fn an_answer_with_control_characters_is_shown_with_escapes() {
    let json = "{\"access_token\":\"abcde\",\n\t\"name\":\"\u{9b}2J\u{9d}0;x\u{9c}\"}";
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{json}", json.len());
    let server = Server::script(vec![Step::Request, Step::send(answer)]);
    let url = server.url();
    let variables = [
        ("CLIENT_ID", "id"),
        ("CLIENT_SECRET", "secret"),
        ("QOAUTH_URL", &url),
        ("CONSOLE_URL", &url),
        ("NC_URL", &url),
        ("NC_USER", "rose"),
        ("NC_PASSWORD", "secret"),
        ("POLL_COUNT", "1"),
    ];
    for program in ["quickstart", "background_process", "rest_101"] {
        let outcome = run_with_input(program, &[], &variables, b"secret\n");
        assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{outcome:?}");
        assert!(outcome.out.contains(r"\u009b2J\u009d0;x\u009c"), "{outcome:?}");
        let bare = |character: char| character.is_control() && character != '\n';
        assert!(!outcome.out.contains(bare), "{outcome:?}");
    }
}
