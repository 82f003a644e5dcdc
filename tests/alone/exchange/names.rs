//! Host names, looked up in the test's own `/etc/hosts`, which needs a mount namespace.

use super::*;
use minbearer::NetworkCause;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

pub fn run() {
    let Some(mounting) = mounting() else {
        println!("exchange_alone: names: not run, no mount namespace is available");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let hosts = folder.path().join("hosts");
    let within = |name: &str, variables: &[(&str, String)]| {
        let mut command = mounting.command(&hosts);
        let child = child(name, variables);
        command.arg(child.get_program());
        command.envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    };

    // All at one port: the real `localhost`, the address of a wrong `/etc/hosts`, and the addresses of a name.
    let (localhost, others) = loop {
        let localhost = Server::start(answering());
        let at =
            |last: u8, port| Server::start_at(([127, 0, 0, last], localhost.port()).into(), port);
        let others =
            [at(9, answering()), at(2, Port::Full), at(3, Port::Refusing), at(4, answering())];
        if let [Ok(trap), Ok(full), Ok(refusing), Ok(answering)] = others {
            break (localhost, [trap, full, refusing, answering]);
        }
    };
    let [trap, _full, _refusing, last] = &others;
    fs::write(
        &hosts,
        "127.0.0.9 localhost\n127.0.0.2 many.test\n127.0.0.3 many.test\n127.0.0.4 many.test\n\
         127.0.0.2 late.test\n127.0.0.2 late.test\n127.0.0.3 half.test\nfe80::1 half.test\n",
    )
    .expect("a file");
    let port = [("PORT", localhost.port().to_string())];
    super::run("names that resolve wrongly", within("names", &port));
    assert_eq!(trap.connections(), 0, "`localhost` was looked up");
    assert!(localhost.connections() > 0 && last.connections() > 0);

    // A pipe without a writer: opening it blocks.
    fs::remove_file(&hosts).expect("the file");
    let made = Command::new("mkfifo").arg(&hosts).status().expect("mkfifo");
    assert!(made.success());
    super::run("a resolver that hangs", within("resolver", &port));
}

/// How a program gets its own `/etc/hosts`.
struct Mounting(&'static [&'static str]);

fn mounting() -> Option<Mounting> {
    let own: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    own.into_iter().map(Mounting).find(|mounting| {
        let mut command = mounting.command(Path::new("/etc/hosts"));
        command.arg("/bin/true").output().is_ok_and(|output| output.status.success())
    })
}

impl Mounting {
    fn command(&self, hosts: &Path) -> Command {
        let mut command = Command::new("unshare");
        command.args(self.0).arg("/bin/sh").arg("-c");
        // With this file glibc returns all addresses of a name in /etc/hosts.
        let script = "mount --bind \"$1\" /etc/hosts && exec \"$2\"";
        command.arg(script).arg("sh").arg(hosts);
        command
    }
}

fn url(host: &str) -> String {
    format!("http://{host}:{}", variable("PORT"))
}

fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("/proc").flatten();
    let names = tasks.map(|task| fs::read_to_string(task.path().join("comm")).unwrap_or_default());
    names.map(|name| name.trim().to_owned()).collect()
}

pub fn that_resolve_wrongly() {
    // Shows that the file is read: no other file has this address.
    let found: Vec<SocketAddr> =
        std::net::ToSocketAddrs::to_socket_addrs("localhost:1").expect("an address").collect();
    assert!(found.iter().all(|found| found.ip().to_string() == "127.0.0.9"), "{found:?}");
    expect_token(&url("localhost"));
    expect_token(&url("LocalHost."));

    // The address that does not answer uses its share of the time, not all.
    let start = Instant::now();
    get_token(&url("many.test"), 6 * SHORT).expect("a token by the last address");
    let took = start.elapsed();
    assert!(took >= SHORT && took < 5 * SHORT, "{took:?}");

    // A label that is too long is in no file and cannot be asked of DNS.
    let host = "x".repeat(64) + ".test";
    let error = expect_kind("no such name", get_token(&url(&host), AMPLE), Kind::Network);
    assert_eq!(error.network_cause(), Some(NetworkCause::Lookup), "{error}");
    assert!(error.to_string().contains(&host), "{error}");
    // fe80::1 is unreachable without a scope.
    let error = expect_kind("half a name", get_token(&url("half.test"), AMPLE), Kind::Network);
    assert!(error.to_string().contains("nothing listens there"), "{error}");
    expect_late("no address that answers", |timeout| get_token(&url("late.test"), timeout));
    expect_one_thread(|| {});
}

pub fn that_never_resolve() {
    let error = expect_late("a lookup that hangs", |timeout| get_token(&url("slow.test"), timeout));
    assert!(error.to_string().contains("not sent: looking up the name took too long"), "{error}");
    let left: Vec<String> =
        threads().into_iter().filter(|name| name.starts_with("minbearer")).collect();
    assert_eq!(left, ["minbearer-dns"], "the resolver's thread is still running");
    expect_token(&url("localhost"));
    assert_eq!(threads().len(), 2, "{:?}", threads());

    // Opening the pipe for writing ends the resolver's read. It may read the file more than once.
    expect_one_thread(|| drop(fs::OpenOptions::new().write(true).open("/etc/hosts")));
}

/// Waits until the resolver threads have ended, which they do with the resolver's answer.
fn expect_one_thread(mut meanwhile: impl FnMut()) {
    let start = Instant::now();
    while threads().len() > 1 {
        assert!(start.elapsed() < AMPLE, "a thread does not end: {:?}", threads());
        meanwhile();
        std::thread::sleep(Duration::from_millis(5));
    }
}
