//! The examples run as programs: what they print, and how they fail.

use crate::support::hostile::{Server, Step};
use crate::support::processes::{ODD_SECRET, odd_appliance};
use crate::support::processes::{command, run, run_with_input};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

#[test]
fn quickstart_runs_both_flows_and_prints_no_whole_token() {
    let outcome = run("quickstart", &[], &[]);
    assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{outcome:?}");
    assert!(outcome.out.contains(r#"["events", "flows", "simarc"]"#), "{outcome:?}");
    assert!(outcome.out.contains(r#""owner": "rose""#), "{outcome:?}");
    let longest = outcome
        .out
        .split_whitespace()
        .filter(|word| word.len() >= 40 && !word.contains('/'))
        .count();
    assert_eq!(longest, 0, "a token is in {}", outcome.out);
    let outcome = run("quickstart", &[], &[("CLIENT_SECRET", "hunter2")]);
    assert_eq!(outcome.status, Some(6), "{outcome:?}");
    assert!(
        outcome.err.contains("invalid_client") && !outcome.err.contains("hunter2"),
        "{outcome:?}"
    );
}

#[test]
fn appliance_prints_shell_lines_that_configure_the_other_programs() {
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
    let outcome =
        run("background_process", &[], &[&evaluated[..], &[("POLL_COUNT", "1")]].concat());
    assert!(outcome.out.contains(" response=["), "{outcome:?}");
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
    // A server that issues tokens but does not have this API.
    let outcome =
        run_with_input("rest_101", &[&appliance.qoauth_url(), "rose"], &[], input.as_bytes());
    outcome.expect_failure("rest_101", 6, "404");
}

#[test]
fn an_empty_variable_is_named_by_every_program() {
    for (program, arguments, name) in [
        ("quickstart", &[][..], "CLIENT_ID"),
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
fn a_program_that_has_no_arguments_refuses_one() {
    for program in ["quickstart", "background_process"] {
        run(program, &["--what"], &[]).expect_failure(program, 2, "`--what`");
    }
}

/// JSON strings may contain unescaped control characters above U+007F, which terminals interpret.
#[test]
fn control_characters_in_an_answer_are_escaped() {
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
