//! Where the program's credentials come from, and what it says about those that cannot be right.

use crate::support::appliance::Appliance;
use crate::support::hostile::{Server, Step};
use crate::support::processes::{ODD_SECRET, odd_appliance};
use crate::support::processes::{command, run, run_with_input};
use crate::support::renewing::Renewing;
use rustix::process::Signal;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use tempfile::TempDir;

fn in_folder(folder: &TempDir, name: &str, content: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn token_url(appliance: &Appliance) -> String {
    appliance.qoauth_url() + "/token"
}

/// The bodies of the requests that a server got, which answers each with a token.
fn sent(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let server = Server::script(vec![
        Step::Request,
        Step::send("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"access_token\":\"t\"}"),
    ]);
    let url = server.url() + "/t";
    let outcome = run("minbearer", &[&["client-credentials", &url], arguments].concat(), variables);
    assert_eq!((outcome.status, outcome.out.as_str()), (Some(0), "t\n"), "{outcome:?}");
    String::from_utf8(server.requests().concat()).unwrap()
}

fn fifo(folder: &TempDir) -> String {
    let path = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Of both commands, from variables and from files.
#[test]
fn a_secret_or_id_with_a_line_break_or_a_byte_order_mark_is_named_and_not_sent() {
    let appliance = odd_appliance();
    let (url, qoauth) = (token_url(&appliance), appliance.qoauth_url());
    let folder = tempfile::tempdir().unwrap();
    let id = appliance.credentials().client_id.as_str();
    for (content, part) in [
        ("hunter2\n\n", "ends in a line break"),
        ("hunter2\r\n\r\n", "ends in a line break"),
        ("\u{feff}hunter2", "has a byte order mark"),
        ("hun\tter2", "has a control character, U+0009"),
        ("hunter2\u{7f}", "has a control character, U+007F"),
    ] {
        let file = in_folder(&folder, "content", content);
        for (variables, name) in [
            ([("CLIENT_ID", id), ("CLIENT_SECRET", content)], "CLIENT_SECRET"),
            ([("CLIENT_ID", id), ("CLIENT_SECRET_FILE", &file)], file.as_str()),
            ([("CLIENT_ID", content), ("CLIENT_SECRET", ODD_SECRET)], "CLIENT_ID"),
            ([("CLIENT_ID_FILE", &file), ("CLIENT_SECRET", ODD_SECRET)], &file),
        ] {
            for arguments in [&["client-credentials", &url][..], &["jsa"]] {
                let variables = [&variables[..], &[("QOAUTH_URL", &qoauth)]].concat();
                let outcome = run("minbearer", arguments, &variables);
                outcome.expect_failure("minbearer", 2, part);
                assert!(outcome.err.contains(name), "{name} is not in {outcome:?}");
                assert!(!outcome.err.contains("hun"), "{outcome:?}");
            }
        }
    }
    assert_eq!(appliance.qoauth_requests(), 0);
}

#[test]
fn one_line_break_is_dropped_and_a_space_and_other_alphabets_are_sent() {
    let folder = tempfile::tempdir().unwrap();
    for (content, expected) in [
        ("s", "s"),
        ("s\n", "s"),
        ("s\r\n", "s"),
        (" s ", "%20s%20"),
        ("s \n", "s%20"),
        ("é密\n", "%C3%A9%E5%AF%86"),
    ] {
        let file = in_folder(&folder, "content", content);
        for variables in [
            [("CLIENT_ID", content), ("CLIENT_SECRET", content)],
            [("CLIENT_ID_FILE", &file), ("CLIENT_SECRET_FILE", &file)],
        ] {
            let request = sent(&[], &variables);
            let body = format!("&client_id={expected}&client_secret={expected}");
            assert!(request.ends_with(&body), "{content:?}: {request}");
        }
    }
    let both = [("CLIENT_ID", "i"), ("CLIENT_ID_FILE", "/f"), ("CLIENT_SECRET", "s")];
    let outcome = run("minbearer", &["jsa"], &both);
    outcome.expect_failure("minbearer", 2, "CLIENT_ID and CLIENT_ID_FILE are both set");
}

#[test]
fn the_first_sign_of_a_parameter_or_header_decides_between_text_and_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = in_folder(&folder, "a=b", "from the file\n");
    let arguments = [
        "--parameter=audience=x@y",
        &format!("--parameter=subject_token@{file}"),
        "--request-header=X-A=k@/dev/null",
        &format!("--request-header=X-B@{file}"),
        "--request-header=X-C==",
    ];
    let request = sent(&arguments, &[("CLIENT_ID", "i"), ("CLIENT_SECRET", "s")]);
    for part in [
        "&audience=x%40y&subject_token=from%20the%20file",
        "\r\nX-A: k@/dev/null\r\nX-B: from the file\r\nX-C: =\r\n",
    ] {
        assert!(request.contains(part), "{part} is not in {request}");
    }
    let client = [("CLIENT_ID", "i"), ("CLIENT_SECRET", "s")];
    let two_lines = in_folder(&folder, "two", "a\nb\n");
    for (option, part) in [
        ("--parameter=name", "--parameter is not of the form NAME=VALUE or NAME@FILE"),
        ("--parameter==v", "a parameter's name must not be empty"),
        ("--parameter@f", "unknown option"),
        ("--parameter=scope=v", "the parameter scope cannot be added"),
        ("--request-header=X-A", "--request-header is not of the form NAME=VALUE or NAME@FILE"),
        ("--request-header=Host=h", "the header Host is derived from the request"),
        ("--request-header=Authorization=h", "the header Authorization cannot be added"),
        (&format!("--request-header=X@{two_lines}"), "/two has a control character, U+000A"),
        (&format!("--parameter=t@{two_lines}"), "the parameter t in /"),
        ("--parameter=t@/dev/absent", "/dev/absent cannot be read"),
    ] {
        let url = "http://127.0.0.1:9/t";
        run("minbearer", &["client-credentials", url, option], &client).expect_failure(
            "minbearer",
            2,
            part,
        );
    }
}

#[test]
fn another_grant_needs_no_client() {
    let folder = tempfile::tempdir().unwrap();
    let assertion = format!("--parameter=assertion@{}", in_folder(&folder, "jwt", "e30.e30.c2ln"));
    let grant = "--grant-type=urn:ietf:params:oauth:grant-type:jwt-bearer";
    let start = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
    for (variables, client) in [
        (&[][..], ""),
        (&[("CLIENT_ID", "i")], "&client_id=i"),
        (&[("CLIENT_ID", "i"), ("CLIENT_SECRET", "s")], "&client_id=i&client_secret=s"),
    ] {
        let request = sent(&[grant, &assertion], variables);
        let body = format!("\r\n\r\n{start}{client}&assertion=e30.e30.c2ln");
        assert!(request.ends_with(&body), "{request}");
    }
    let secret = [("CLIENT_SECRET", "s")];
    run("minbearer", &["client-credentials", "http://127.0.0.1:9/", grant], &secret)
        .expect_failure("minbearer", 2, "neither CLIENT_ID nor CLIENT_ID_FILE is set");
}

#[test]
fn basic_is_sent_encoded_or_as_curl_sends_it() {
    let client = [("CLIENT_ID", "i"), ("CLIENT_SECRET", "c2VjcmV0/w==")];
    for (option, expected) in [
        ("--basic", "Basic aTpjMlZqY21WMCUyRnclM0QlM0Q="), // i:c2VjcmV0%2Fw%3D%3D
        ("--basic-unencoded", "Basic aTpjMlZqY21WMC93PT0="), // i:c2VjcmV0/w==
    ] {
        let request = sent(&[option], &client);
        assert!(request.contains(expected), "{option}: {request}");
        assert!(!request.contains("client_secret"), "{option}: {request}");
    }
    let url = "http://127.0.0.1:9/t";
    run("minbearer", &["client-credentials", url, "--basic", "--basic-unencoded"], &client)
        .expect_failure("minbearer", 2, "exclude one another");
    let server = Server::script(vec![
        Step::Request,
        Step::send("HTTP/1.1 401 No\r\nContent-Length: 26\r\n\r\n{\"error\":\"invalid_client\"}"),
    ]);
    run("minbearer", &["client-credentials", &server.url(), "--basic"], &client).expect_failure(
        "minbearer",
        6,
        "--basic-unencoded, in code ClientAuthentication::unencoded",
    );
}

#[test]
fn a_pipe_is_read_once_and_its_secret_kept_for_renewals() {
    let appliance = odd_appliance();
    let folder = tempfile::tempdir().unwrap();
    let (pipe, file) = (fifo(&folder), folder.path().join("token"));
    let id = appliance.credentials().client_id.as_str();
    let variables = [("CLIENT_ID", id), ("CLIENT_SECRET_FILE", &pipe)];
    let mut command = command("minbearer", &variables);
    command.args(["client-credentials", &token_url(&appliance), "--every", "1000"]);
    command.args(["--renew", "--output", file.to_str().unwrap()]);
    let mut renewing = Renewing::of(command.stderr(Stdio::piped()).spawn().unwrap());
    std::fs::write(&pipe, format!("{ODD_SECRET}\n")).unwrap(); // it waits for a reader
    let first = renewing.wait_for_token(&file, "");
    renewing.signal(Signal::HUP);
    renewing.wait_for_token(&file, &first);
    assert_eq!(appliance.last_secret().as_deref(), Some(ODD_SECRET));
}

#[test]
fn standard_input_is_a_source_if_it_is_no_terminal() {
    let appliance = odd_appliance();
    let url = token_url(&appliance);
    let id = appliance.credentials().client_id.as_str();
    let variables = [("CLIENT_ID", id), ("CLIENT_SECRET_FILE", "/dev/stdin")];
    let secret = format!("{ODD_SECRET}\n");
    let arguments = ["client-credentials", &url];
    let outcome = run_with_input("minbearer", &arguments, &variables, secret.as_bytes());
    assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "a pipe");

    // Node.js gives its children a socket.
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut child = command("minbearer", &variables);
    let child = child.args(arguments).stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)));
    let child = child.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    ours.write_all(secret.as_bytes()).unwrap();
    drop(ours);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "a socket: {output:?}");

    let folder = tempfile::tempdir().unwrap();
    let file = in_folder(&folder, "secret", &secret);
    for (stdin, status) in [(Path::new(&file), Some(0)), (Path::new("/dev/null"), Some(2))] {
        let mut child = command("minbearer", &variables);
        let stdin = std::fs::File::open(stdin).unwrap();
        let output = child.args(arguments).stdin(stdin).output().unwrap();
        assert_eq!(output.status.code(), status, "{output:?}");
    }
    assert_eq!(appliance.qoauth_requests(), 3);
}

#[test]
fn a_pipe_that_does_not_end_is_a_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = fifo(&folder);
    for variable in ["CLIENT_SECRET_FILE", "CLIENT_ID_FILE"] {
        let other = if variable == "CLIENT_ID_FILE" { "CLIENT_SECRET" } else { "CLIENT_ID" };
        let arguments = ["client-credentials", "http://127.0.0.1:9/", "--timeout", "0.3"];
        run("minbearer", &arguments, &[(variable, &pipe), (other, "x")]).expect_failure(
            "minbearer",
            5,
            "/pipe is a pipe that did not end in time",
        );
    }
}
