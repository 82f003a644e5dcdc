//! The program against two more authorization servers that others wrote, django-oauth-toolkit and
//! @node-oauth/oauth2-server, of other families than those of `interop`: what they say to each mistake is the message that
//! an operator sees. `.ci/interop` installs both and runs this.
//!
//! The bytes that they send are rows in `tests/servers/as_they_are/`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SECRET: &str = "s3cr3t&=+%#/? Zq7";
const CREDENTIALS: &str = "check client id and secret, and whether the server wants the secret as Basic: --basic, in code ClientAuthentication::basic";
const SCOPE: &str = "the server wants another scope, resource or audience, or has to grant this one: check --scope and --parameter first";
const NO_GRANT: &str = "have this grant, client credentials or service account, allowed for this client there; if it is, check the secret";
const UNSUPPORTED: &str = "the server does not have this grant, or not for this client: have it allowed, or give the server's name for it by --grant-type";
const NO_ENDPOINT: &str = "check the token URL: no token endpoint is there, or a proxy does not pass the request on; the request went to http://SERVER/nowhere";

/// A running server, ended when dropped.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    /// Starts it, and waits until it has printed its port.
    fn start(command: &mut Command) -> Server {
        let mut process = command
            .env("SECRET", SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut line).expect("a line");
        let port = line.strip_prefix("port ").and_then(|port| port.trim().parse().ok());
        let port = port.unwrap_or_else(|| panic!("a port, and not {line:?}"));
        Server { process, port }
    }

    /// The program's exit status, its output and its error.
    fn ask(&self, client: (&str, &str), path: &str, options: &[&str]) -> (i32, String, String) {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let started = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_minbearer"))
            .env_clear()
            .envs([("CLIENT_ID", client.0), ("CLIENT_SECRET", client.1)])
            .args(["client-credentials", &url])
            .args(options)
            .output()
            .expect("the program runs");
        assert!(started.elapsed() < Duration::from_secs(11), "{path}");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let error = text(output.stderr).replace(&format!("127.0.0.1:{}", self.port), "SERVER");
        (output.status.code().unwrap_or(-1), text(output.stdout), error)
    }

    fn check(&self, name: &str, words: &[(&str, &str); 6]) {
        let good = ("client", SECRET);
        let (status, token, error) = self.ask(good, "/token", &["--scope", "read write"]);
        assert_eq!((status, error.as_str()), (0, ""), "{name}: a secret in the body");
        assert!(token.trim_end().bytes().all(|byte| byte.is_ascii_graphic()), "{name}: {token}");
        type Case<'a> = (&'a str, (&'a str, &'a str), &'a str, &'a [&'a str]);
        let cases: [Case; 6] = [
            ("a wrong secret", ("client", "wrong-secret"), "/token", &[]),
            ("no such client", ("nobody", SECRET), "/token", &[]),
            ("an unknown scope", good, "/token", &["--scope", "unknown"]),
            ("a client without the grant", ("other-grant", SECRET), "/token", &[]),
            ("another grant", good, "/token", &["--grant-type", "made_up"]),
            ("another path", good, "/nowhere", &[]),
        ];
        for ((case, client, path, options), (said, advice)) in cases.into_iter().zip(words) {
            let (status, output, error) = self.ask(client, path, options);
            let expected =
                format!("minbearer: SERVER refused the token request: {said} ({advice})\n");
            assert_eq!((status, output.as_str(), error), (6, "", expected), "{name}: {case}");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn packages(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run .ci/interop"))
}

#[test]
fn django_oauth_toolkit() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(
        Command::new("python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/servers/django_server.py"))
            .env("PYTHONPATH", packages("DJANGO"))
            .env("DATABASE", folder.path().join("database"))
            .stderr(Stdio::null()),
    );
    server.check(
        "django-oauth-toolkit",
        &[
            ("401 Unauthorized: invalid_client", CREDENTIALS),
            ("401 Unauthorized: invalid_client", CREDENTIALS),
            ("400 Bad Request: invalid_scope", SCOPE),
            ("400 Bad Request: unauthorized_client", NO_GRANT),
            ("400 Bad Request: unsupported_grant_type", UNSUPPORTED),
            ("404 Not Found: text/html: Not Found The requested resource was not found on this server.", NO_ENDPOINT),
        ],
    );
}

#[test]
fn node_oauth2_server() {
    let server = Server::start(
        Command::new("node")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/servers/node_server.mjs"))
            .env("PACKAGES", packages("NODE_OAUTH2_SERVER")),
    );
    server.check(
        "@node-oauth/oauth2-server",
        &[
            ("400 Bad Request: invalid_client: Invalid client: client is invalid", CREDENTIALS),
            ("400 Bad Request: invalid_client: Invalid client: client is invalid", CREDENTIALS),
            ("400 Bad Request: invalid_scope: Invalid scope: Requested scope is invalid", SCOPE),
            (
                "400 Bad Request: unauthorized_client: Unauthorized client: `grant_type` is invalid",
                NO_GRANT,
            ),
            (
                "400 Bad Request: unsupported_grant_type: Unsupported grant type: `grant_type` is invalid",
                UNSUPPORTED,
            ),
            ("404 Not Found: text/html: Error Cannot POST /nowhere", NO_ENDPOINT),
        ],
    );
}
