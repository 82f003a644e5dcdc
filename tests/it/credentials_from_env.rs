//! The settings that `client_credentials` reads from the environment. Each case runs this test again as a child process
//! with its own variables.

use minbearer::client_credentials::{ClientAuthentication, Config};
use std::process::Command;

const URL: &str = "https://auth.example/token";
const VARIABLES: [&str; 5] =
    ["CLIENT_ID", "CLIENT_ID_FILE", "CLIENT_SECRET", "CLIENT_SECRET_FILE", "CLIENT_ASSERTION_FILE"];

/// Prints the authentication that the environment selects, and the body of a request or the error.
#[test]
#[ignore = "child process of the other test"]
fn child() {
    match ClientAuthentication::from_env() {
        Ok(way) => println!("way: {way:?}"),
        Err(error) => println!("way: {error}"),
    }
    match Config::from_env(URL).and_then(|config| config.request()) {
        Ok(request) => println!("body: {}", String::from_utf8_lossy(request.body().unwrap())),
        Err(error) => println!("{:?}: {error}", error.kind()),
    }
}

fn outcome(variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    VARIABLES.iter().for_each(|name| {
        command.env_remove(name);
    });
    let output = command
        .args(["--exact", "it::credentials_from_env::child", "--ignored", "--nocapture"])
        .env("CLIENT_ID", "id")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_environment_selects_the_client_authentication() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let secret = file("secret", "s3cr3t\n");
    let assertion = file("assertion", "e30.e30.c2ln\n");
    let (no_jwt, empty) = (file("no-jwt", "s3cr3t"), file("empty", ""));
    let absent = folder.path().join("absent").into_os_string().into_string().unwrap();
    let body = |rest: &str| format!("body: grant_type=client_credentials&client_id=id{rest}");

    for (variables, way, then) in [
        (&[("CLIENT_SECRET", "s")][..], "Body", &*body("&client_secret=s")),
        (&[("CLIENT_SECRET_FILE", &secret)], "Body", &body("&client_secret=s3cr3t")),
        (
            &[("CLIENT_ASSERTION_FILE", &assertion)],
            "Assertion",
            &body(
                "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
                 &client_assertion=e30.e30.c2ln",
            ),
        ),
        (
            &[],
            "way: None",
            "Config: none of CLIENT_SECRET, CLIENT_SECRET_FILE and CLIENT_ASSERTION_FILE is set",
        ),
        // More than one is ambiguous.
        (
            &[("CLIENT_SECRET", "s"), ("CLIENT_ASSERTION_FILE", &assertion)],
            "CLIENT_ASSERTION_FILE is set beside a client secret",
            "Config: ",
        ),
        (
            &[("CLIENT_SECRET_FILE", &secret), ("CLIENT_ASSERTION_FILE", &assertion)],
            "CLIENT_ASSERTION_FILE is set beside a client secret",
            "Config: ",
        ),
        (
            &[("CLIENT_SECRET", "s"), ("CLIENT_SECRET_FILE", &secret)],
            "CLIENT_SECRET and CLIENT_SECRET_FILE are both set",
            "Config: ",
        ),
        (&[("CLIENT_SECRET", "")], "CLIENT_SECRET is empty", "Config: "),
        (&[("CLIENT_SECRET_FILE", "")], "CLIENT_SECRET_FILE is empty", "Config: "),
        (&[("CLIENT_ASSERTION_FILE", "")], "CLIENT_ASSERTION_FILE is empty", "Config: "),
        (
            &[("CLIENT_SECRET", "s"), ("CLIENT_ID", "")],
            "Body",
            "Config: the environment variable CLIENT_ID is empty",
        ),
        (
            &[("CLIENT_SECRET", "s"), ("CLIENT_ID_FILE", &secret)],
            "Body",
            "Config: CLIENT_ID and CLIENT_ID_FILE are both set; remove one of them",
        ),
        (
            &[("CLIENT_SECRET", "s\n\n")],
            "the environment variable CLIENT_SECRET ends in a line break",
            "Config: ",
        ),
        // The file is read for each request.
        (&[("CLIENT_ASSERTION_FILE", &absent)], "Assertion", &absent),
        (&[("CLIENT_ASSERTION_FILE", &empty)], "Assertion", &empty),
        (&[("CLIENT_ASSERTION_FILE", &no_jwt)], "Assertion", "is not a JWT"),
    ] {
        let outcome = outcome(variables);
        let printed: Vec<&str> = outcome
            .lines()
            .filter(|line| line.contains(": ") && !line.starts_with("test "))
            .collect();
        let [said, done] = printed[..] else { panic!("{variables:?}: {outcome}") };
        assert!(said.contains(way), "{variables:?}: {said}");
        assert!(done.contains(then), "{variables:?}: {done}");
        assert!(!said.contains("s3cr3t") && !said.contains("c2ln"), "{said}");
    }
}
