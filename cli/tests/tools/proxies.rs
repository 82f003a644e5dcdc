//! `minbearer` through tinyproxy and squid, as Debian has them, to the appliance's TLS: the tunnel, its password, what each
//! refuses and in which words, and what stands in its log.

use crate::support::appliance::{Appliance, Setup};
use crate::support::processes::{Outcome, command};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PASSWORD: &str = "PwOfTheProxy";

struct Proxy {
    process: Child,
    port: u16,
    log: PathBuf,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Starts it with a configuration of these lines, and waits until it listens.
fn start(
    folder: &Path,
    name: &str,
    program: &str,
    options: &[&str],
    port: u16,
    lines: &[String],
) -> Proxy {
    let (file, log) = (folder.join(format!("{name}.conf")), folder.join(format!("{name}.log")));
    fs::write(&file, lines.join("\n") + "\n").unwrap();
    // squid runs as another user.
    fs::write(&log, "").unwrap();
    fs::set_permissions(&log, fs::Permissions::from_mode(0o666)).unwrap();
    let mut proxy = Command::new(program);
    proxy.args(options).arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let proxy = Proxy { process: proxy.spawn().expect("it is installed"), port, log };
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "{name} does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    proxy
}

/// tinyproxy that allows tunnels to these ports, with a password if `is_closed`.
fn tinyproxy(folder: &Path, ports: [u16; 2], is_closed: bool) -> Proxy {
    let (port, name) = (free_port(), if is_closed { "tinyproxy-closed" } else { "tinyproxy" });
    let log = folder.join(format!("{name}.log"));
    let mut lines = vec![format!("Port {port}"), "Listen 127.0.0.1".into(), "Timeout 20".into()];
    lines.extend([format!("LogFile \"{}\"", log.display()), "LogLevel Connect".into()]);
    lines.extend(ports.map(|port| format!("ConnectPort {port}")));
    if is_closed {
        lines.push(format!("BasicAuth rose {PASSWORD}"));
    }
    start(folder, name, "tinyproxy", &["-d", "-c"], port, &lines)
}

fn squid(folder: &Path, ports: [u16; 2], is_closed: bool) -> Proxy {
    let (port, name) = (free_port(), if is_closed { "squid-closed" } else { "squid" });
    let log = folder.join(format!("{name}.log"));
    let mut lines =
        vec![format!("http_port 127.0.0.1:{port}"), format!("access_log stdio:{}", log.display())];
    let settings =
        ["pid_filename none", "cache_log /dev/null", "cache deny all", "pinger_enable off"];
    lines.extend(settings.map(String::from));
    lines.extend(["shutdown_lifetime 0 seconds".into(), "dns_nameservers 127.0.0.1".into()]);
    lines.push(format!("acl tunnels port {} {}", ports[0], ports[1]));
    if is_closed {
        let users = folder.join("users");
        let hash = Command::new("openssl").args(["passwd", "-apr1", PASSWORD]).output().unwrap();
        fs::write(&users, format!("rose:{}", String::from_utf8(hash.stdout).unwrap())).unwrap();
        let program = "/usr/lib/squid/basic_ncsa_auth";
        lines.push(format!("auth_param basic program {program} {}", users.display()));
        let rest = ["auth_param basic realm the squid", "acl known proxy_auth REQUIRED"];
        lines.extend(rest.map(String::from));
        lines.push("http_access allow known tunnels".into());
    } else {
        lines.push("http_access allow tunnels".into());
    }
    lines.push("http_access deny all".into());
    start(folder, name, "squid", &["-N", "-f"], port, &lines)
}

#[test]
fn a_tunnel_its_password_and_what_is_refused() {
    let appliance = Appliance::set_up(Setup { tls: true, ..Setup::default() }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (name, content) in [("password", "PwOfTheProxy\n"), ("wrong", "wrong")] {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let qoauth = appliance.qoauth_url();
    let port: u16 = qoauth.rsplit(':').next().unwrap().parse().unwrap();
    let closed_port = free_port();
    let (known, ca) = (appliance.credentials(), appliance.ca_file().unwrap());
    let ask = |proxy: &Proxy, password: &str, url: &str, status: i32, words: &[&str]| {
        let variables =
            [("CLIENT_ID", known.client_id.as_str()), ("CLIENT_SECRET", &known.client_secret)];
        let mut client = command("minbearer", &variables);
        client.args([
            "client-credentials",
            url,
            "--proxy",
            &format!("http://127.0.0.1:{}", proxy.port),
        ]);
        client.arg("--cacert").arg(ca);
        if !password.is_empty() {
            client
                .args(["--proxy-user", "rose"])
                .env("PROXY_PASSWORD_FILE", folder.path().join(password));
        }
        let outcome = Outcome::from(client.output().unwrap());
        let said = format!("{}{}", outcome.out, outcome.err);
        assert_eq!(outcome.status, Some(status), "{url}, {words:?}: {outcome:?}");
        assert!(words.iter().all(|word| said.contains(word)), "{url}, {words:?}: {outcome:?}");
        assert!(!said.contains(&known.client_secret) && !said.contains(PASSWORD), "{outcome:?}");
    };
    let token = format!("{qoauth}/token");
    let down = format!("https://localhost:{closed_port}/token");
    // To this port no tunnel is allowed.
    let api = appliance.console_url() + "/token";
    for make in [tinyproxy, squid] {
        let [open, closed] =
            [false, true].map(|is_closed| make(folder.path(), [port, closed_port], is_closed));
        ask(&open, "", &token, 0, &[]);
        ask(
            &open,
            "",
            &api,
            4,
            &["the proxy 127.0.0.1:", "answered 403 ", "does it allow CONNECT"],
        );
        ask(
            &open,
            "",
            &down,
            4,
            &["the proxy 127.0.0.1:", "answered 50", "can it reach localhost"],
        );
        ask(
            &closed,
            "",
            &token,
            4,
            &["answered 407 ", "it wants a user and a password: --proxy-user"],
        );
        ask(
            &closed,
            "wrong",
            &token,
            4,
            &["answered 40", "does not accept the user and the password"],
        );
        ask(&closed, "password", &token, 0, &[]);
        for proxy in [&open, &closed] {
            let log = fs::read_to_string(&proxy.log).unwrap();
            assert!(log.contains("CONNECT") && log.contains(&port.to_string()), "{log}");
            assert!(!log.contains(&known.client_secret), "{log}");
        }
    }
}
