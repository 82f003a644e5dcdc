//! `minbearer` and the example programs, run as processes, and what they are given: variables, an appliance with an odd
//! secret, a locator.

use super::appliance::{Appliance, Credentials};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The variables that the programs read. `command` removes all of them.
const SETTINGS: [&str; 21] = [
    "CLIENT_ID",
    "CLIENT_ID_FILE",
    "CLIENT_SECRET",
    "CLIENT_SECRET_FILE",
    "CLIENT_ASSERTION_FILE",
    "QOAUTH_URL",
    "QOAUTH_HOST",
    "SERVICE_PORT_LOCATOR",
    "NC_URL",
    "NC_USER",
    "NC_PASSWORD",
    "NC_PASSWORD_FILE",
    "PROXY_PASSWORD_FILE",
    "CONSOLE_URL",
    "QRADAR_CONSOLE_FQDN",
    "QRADAR_CONSOLE_IP",
    "POLL_SECONDS",
    "POLL_COUNT",
    "MINREQ_TIMEOUT",
    "USER",
    "NOTIFY_SOCKET",
];

/// `minbearer`, or the one that the variable `MINBEARER` names; or an example.
pub fn executable(name: &str) -> PathBuf {
    if name == "minbearer" {
        // Cargo tells it to the tests of the program's own package.
        let Some(built) = option_env!("CARGO_BIN_EXE_minbearer") else {
            panic!("it is not a test of the program")
        };
        return std::env::var_os("MINBEARER").unwrap_or_else(|| built.into()).into();
    }
    example(name)
}

/// An example that Cargo built beside this test.
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let profile =
        test.parent().and_then(|deps| deps.parent()).expect("target/<profile>/deps/<test>");
    let program = profile.join("examples").join(name);
    assert!(
        program.exists(),
        "{} is missing: `cargo test --examples` builds it",
        program.display()
    );
    program
}

/// A program with no other of its variables than these.
pub fn command(name: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(executable(name));
    for name in SETTINGS {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied()).stdin(Stdio::null());
    command
}

pub fn run(name: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome {
    Outcome::from(command(name, variables).args(arguments).output().expect("the program starts"))
}

pub fn run_with_input(
    name: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
    input: &[u8],
) -> Outcome {
    let mut child = command(name, variables)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // The program may end without reading its input.
    let _ = child.stdin.take().expect("piped").write_all(input);
    Outcome::from(child.wait_with_output().expect("the program ends"))
}

#[derive(Debug)]
pub struct Outcome {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Outcome {
            status: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
            err: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
        }
    }
}

impl Outcome {
    /// Checks that the program failed in the common way: this status, nothing on standard output, one line on standard
    /// error that starts with the program's name and contains `part`.
    pub fn expect_failure(&self, program: &str, status: i32, part: &str) {
        assert_eq!(self.status, Some(status), "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        assert_eq!(self.err.matches(char::is_control).count(), 1, "{self:?}");
        assert!(
            self.err.starts_with(&format!("{program}: ")) && self.err.ends_with('\n'),
            "{self:?}"
        );
        assert!(self.err.contains(part), "`{part}` is not in {self:?}");
    }
}

/// Contains the characters that are special in a URL, a form or a shell.
pub const ODD_SECRET: &str = "s3cr3t&=+%#/?é Zq7";

pub fn odd_appliance() -> Appliance {
    let credentials = Credentials {
        client_secret: ODD_SECRET.into(),
        password: ODD_SECRET.into(),
        ..Credentials::default()
    };
    Appliance::start(credentials).expect("the appliance starts")
}

/// The environment of a JSA app, with the variables of `more` replaced, or removed where their value is `unset`.
pub fn jsa_variables(appliance: &Appliance, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut variables = vec![
        ("CLIENT_ID", appliance.credentials().client_id.as_str()),
        ("CLIENT_SECRET", appliance.credentials().client_secret.as_str()),
        ("QOAUTH_HOST", "127.0.0.1"),
        ("SERVICE_PORT_LOCATOR", appliance.locator().to_str().unwrap()),
    ];
    for (name, value) in more {
        variables.retain(|(known, _)| known != name);
        variables.push((name, value));
    }
    variables.retain(|(_, value)| *value != "unset");
    variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// The status of an API call with this `Authorization` header.
pub fn get(url: &str, authorization: &str) -> u16 {
    minreq::get(url)
        .with_header("Authorization", authorization)
        .with_timeout(10)
        .send()
        .unwrap()
        .status_code
}
