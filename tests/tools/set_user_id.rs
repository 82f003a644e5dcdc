//! A program with more rights than its user lets the user decide nothing about whom it trusts. Needs root, to make one.

use crate::support::executable::copy_executable;
use crate::support::tls::{Authority, Key, Server};
use minbearer::{Http, Request, Transport};
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;
use std::time::{Duration, Instant};

const NOBODY: u32 = 65_534;

#[test]
fn a_set_user_id_program_ignores_the_variables_of_its_user() {
    if let Some(url) = std::env::var_os("SERVER") {
        // The child.
        let request = Request::get(url.to_str().unwrap()).unwrap();
        let outcome = Http::new().send(&request, Instant::now() + Duration::from_secs(20));
        println!("{}", outcome.map_or_else(|error| error.to_string(), |_| "accepted".into()));
        return;
    }
    let authority = Authority::new("a private CA", Key::P256);
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_vec();
    let inside = Server::answering(vec![answer], Duration::ZERO);
    let config = authority.issue(&["localhost"]).config();
    let server = Server::terminating_tls(config, inside.port());
    let ca = authority.file();
    std::fs::set_permissions(ca.path(), PermissionsExt::from_mode(0o644)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    for (user, group, mode, is_obeyed) in
        [(0, 0, 0o755, true), (NOBODY, 0, 0o4755, false), (0, NOBODY, 0o2755, false)]
    {
        let program = folder.path().join(format!("{mode:o}"));
        copy_executable(std::env::current_exe().unwrap(), &program);
        chown(&program, Some(user), Some(group)).expect("root runs this");
        std::fs::set_permissions(&program, PermissionsExt::from_mode(mode)).unwrap();
        let output = Command::new(&program)
            .args(["--nocapture", "a_set_user_id_program"])
            .env("SERVER", server.url("localhost", "/"))
            .env("SSL_CERT_FILE", ca.path())
            .env_remove("SSL_CERT_DIR")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said.contains("accepted"), is_obeyed, "{mode:o}: {said} {output:?}");
        assert!(is_obeyed || said.contains("CA"), "{mode:o}: {said}");
    }
}
