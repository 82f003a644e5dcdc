//! Limits: no thread, descriptor or memory is available.

use super::*;
use minbearer::{Http, NetworkCause, Request, SecretSource, Transport};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::thread;

/// The user id `nobody`, or one that does not exist.
const NOBODY: u32 = 65534;

pub fn run() {
    let [v4, v6] = Server::start_at_localhost(answering, answering);
    let large = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    let large = Server::script(vec![Step::Request, Step::send(large), Step::Hold]);
    let variables = [("V4", v4.url()), ("V6", v6.url()), ("LARGE", large.url())];
    let (file, folder) = (("SSL_CERT_FILE", "/etc/passwd"), ("SSL_CERT_DIR", "/etc"));
    for (name, (certificates, path)) in
        [("threads", file), ("descriptors", file), ("descriptors", folder), ("memory", file)]
    {
        let mut child = child(name, &variables);
        child.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR").env(certificates, path);
        super::run(&format!("no {name} available, {certificates}"), child);
    }
}

fn set(resource: Resource, limit: u64) {
    let maximum = getrlimit(resource).maximum;
    setrlimit(resource, Rlimit { current: Some(limit), maximum }).expect("a limit of our own");
}

fn localhost() -> String {
    variable("V4").replace("127.0.0.1", "localhost")
}

fn locate(timeout: Duration) -> Result<Token, Error> {
    let config = jsa::Config::new("id", "secret")?.with_qoauth_host("127.0.0.1")?;
    jsa::get_token(&config.with_locator("/bin/true").with_timeout(timeout))
}

/// An address and `localhost` need no thread; a host name does, and a locator needs a process.
pub fn without_threads() {
    expect_token(&variable("V4"));
    if rustix::process::getuid().is_root() {
        // The kernel does not limit root. There is one thread, so this changes the whole process.
        rustix::thread::set_thread_uid(rustix::fs::Uid::from_raw(NOBODY)).expect("another user");
    }
    set(Resource::Nproc, 0);
    let refused = thread::Builder::new().spawn(|| {});
    assert!(refused.is_err(), "the limit has no effect");
    for url in [variable("V4"), variable("V6"), localhost()] {
        expect_token(&url);
    }
    let error = expect_kind("a name", get_token("http://a.test", AMPLE), Kind::Network);
    assert_eq!(error.network_cause(), Some(NetworkCause::Lookup), "{error}");
    assert!(error.to_string().contains("no thread for it could be started"), "{error}");
    expect_kind("a locator", locate(AMPLE), Kind::Locator);
    expect_token(&localhost());
}

pub fn without_descriptors() {
    // The next descriptor would get the lowest free number: forbid that one.
    let free = File::open("/dev/null").expect("a descriptor").as_raw_fd();
    let before = getrlimit(Resource::Nofile).current;
    set(Resource::Nofile, free as u64);
    assert!(File::open("/dev/null").is_err(), "the limit has no effect");
    let mut urls = vec![variable("V4"), variable("V6"), localhost()];
    if cfg!(feature = "tls") {
        // Neither file nor folder can be opened, so that there may be certificates.
        urls.push(variable("V4").replace("http", "https"));
    }
    for url in urls {
        let error = expect_kind(&url, get_token(&url, AMPLE), Kind::Network);
        assert!(error.to_string().contains("Too many open files"), "{error}");
    }
    let error = expect_kind("a name", get_token("http://a.test", AMPLE), Kind::Network);
    assert_eq!(error.network_cause(), Some(NetworkCause::Lookup), "{error}");
    expect_kind("a locator", locate(AMPLE), Kind::Locator);
    let secret = SecretSource::file("/etc/hostname");
    let config = jsa::Config::new("id", secret).unwrap().with_qoauth_url(&variable("V4")).unwrap();
    expect_kind("a secret in a file", jsa::get_token(&config), Kind::Network);
    set(Resource::Nofile, before.unwrap_or(1024));
    expect_token(&localhost());
}

/// No memory for a thread's stack or a large answer. Small allocations succeed: std aborts when they fail.
pub fn without_memory() {
    const LEFT: u64 = 160 * 1024;
    expect_token(&variable("V4"));
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).expect("a size");
    let kib: u64 = size.trim().trim_end_matches(" kB").parse().expect("a number");
    set(Resource::As, kib * 1024 + LEFT);
    assert!(Vec::<u8>::new().try_reserve_exact(1_000_000).is_err(), "the limit has no effect");
    for url in [variable("V4"), variable("V6"), localhost()] {
        expect_token(&url);
    }
    let error = expect_kind("a name", get_token("http://a.test", AMPLE), Kind::Network);
    assert_eq!(error.network_cause(), Some(NetworkCause::Lookup), "{error}");
    let request = Request::get(&variable("LARGE")).unwrap();
    let error = Http::new().send(&request, Instant::now() + AMPLE).expect_err("a large answer");
    assert_eq!(error.kind(), Kind::Malformed, "{error}");
    assert!(error.to_string().contains("no memory"), "{error}");
    expect_token(&localhost());
}
