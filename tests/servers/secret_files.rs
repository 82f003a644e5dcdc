//! What is said of a secret's file that cannot be used.

use minbearer::client_credentials::{ClientAuthentication, Config};
use minbearer::{Flow, Kind, Secret, SecretSource, accelerator, jsa};
use std::time::Instant;

const MAX_BYTES: usize = 16 * 1024;

#[test]
fn a_file_is_read_within_the_deadline_of_the_call() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, "s").unwrap();
    let source = || SecretSource::file(&path);
    let url = "https://h/token";
    let flows: [&dyn Flow; 8] = [
        &jsa::Config::new(source(), "s").unwrap(),
        &Config::new(url, "id", "s").unwrap().with_header("X", source()).unwrap(),
        &Config::new(url, "id", "s").unwrap().with_secret_parameter("p", source()).unwrap(),
        &jsa::Config::new("id", source()).unwrap(),
        &accelerator::Config::new(url, "rose", source()).unwrap(),
        &Config::new(url, "id", source()).unwrap(),
        &Config::new(url, "id", ClientAuthentication::basic(source())).unwrap(),
        &Config::new(url, "id", ClientAuthentication::assertion(source())).unwrap(),
    ];
    for flow in flows {
        let error = flow.prepare(Instant::now()).err().unwrap();
        assert_eq!(error.kind(), Kind::Timeout, "{error}");
        let message = error.to_string();
        let part = "/secret was not read in time; does its mount answer?";
        assert!(message.starts_with("the secret file ") && message.ends_with(part), "{message}");
    }
}

#[test]
fn the_error_for_a_bad_secret_file_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    for (content, part) in [
        (&b""[..], "is empty"),
        (b"\n", "is empty"),
        (b"\r\n", "is empty"),
        (b"\xff", "not UTF-8"),
        (&[b's'; MAX_BYTES + 1], "larger than 16 KiB"),
    ] {
        std::fs::write(&path, content).unwrap();
        let message = Secret::from_file(&path).unwrap_err().to_string();
        assert!(message.contains(part) && message.contains("/secret"), "{message}");
    }
    for (path, part) in [
        ("/", "is a directory"),
        ("/dev/absent", "cannot be read"),
        ("/dev/zero", "not a regular file"),
    ] {
        let message = Secret::from_file(path).unwrap_err().to_string();
        assert!(message.contains(part) && message.contains(path), "{message}");
    }
}

#[test]
fn a_secret_in_the_place_of_a_path_is_not_shown() {
    for secret in [
        "S3cret-pass",
        "/S3cret",
        "kX9/2vQ+S3cret==",
        "/kX9/2vQ+S3cret==",
        "./no/S3cret",
        "\u{1b}S3cret",
        " ",
    ] {
        let message = Secret::from_file(secret).unwrap_err().to_string();
        assert!(message.contains("not shown, because there is no such file"), "{message}");
        assert!(!message.contains("S3cret"), "{message}");
    }
    // A part of a path that exists tells what is meant.
    for path in ["src/absent", "./absent", "Cargo.toml/x", "/dev/shm/absent"] {
        let message = Secret::from_file(path).unwrap_err().to_string();
        assert_eq!(message.contains(path), path != "Cargo.toml/x", "{message}");
    }
}
