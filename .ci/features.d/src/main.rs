//! Whatever features of shared dependencies are enabled, credentials go directly to the configured server, encoded once.
//!
//! The program runs itself as a child, with every proxy variable naming a trap server on loopback. The child gets tokens
//! and calls an API. The trap must see nothing, except from `Minreq`, which is documented to use a proxy: this shows that
//! the trap works.

#[path = "../../../tests/support/hostile.rs"]
mod hostile;
#[path = "../../../tests/support/tls.rs"]
mod tls;

use hostile::{Server, Step};
use minbearer::client_credentials::{self, ClientAuthentication};
use minbearer::{Error, Flow, Http, Minreq, Request, Session, accelerator, get_token, jsa};
use std::process::{Command, Stdio};
use std::time::Duration;
use tls::{Authority, Key};

const CHILD: &str = "FEATURES_CHILD";
const SERVER: &str = "FEATURES_SERVER";
const CA: &str = "FEATURES_CA";
const PROXIES: [&str; 8] = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "ftp_proxy",
    "socks_proxy",
];
const SECRET: &str = "s3cr3t&=+%#/?é Zq7";
const ENCODED: &str = "s3cr3t%26%3D%2B%25%23%2F%3F%C3%A9%20Zq7";
const TIMEOUT: Duration = Duration::from_secs(20);

fn main() -> Result<(), Error> {
    if let Ok(way) = std::env::var(CHILD) {
        return call(&way, &std::env::var(SERVER).expect("the server's URL"));
    }
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"access_token\":\"t0k\"}";
    let server = || Server::script(vec![Step::Request, Step::send(answer)]);
    let (trap, own) = (server(), server());

    assert!(run("http", &own.url(), &trap, ""), "the calls succeed");
    check(&own.requests(), &trap, "over HTTP");

    let own = server();
    let authority = Authority::new("a CA", Key::P256);
    let identity = authority.issue(&["localhost"]);
    let terminating = tls::Server::terminating_tls(identity.config(), own.port());
    let ca = authority.file();
    let ca = ca.path().to_str().expect("UTF-8");
    assert!(run("https", &terminating.url("localhost", ""), &trap, ca), "the calls succeed");
    check(&own.requests(), &trap, "over HTTPS");

    run("minreq", &own.url(), &trap, "");
    let trapped = texts(&trap.requests());
    assert!(!trapped.is_empty(), "minreq must use the proxy, or the trap does not work");
    println!("ok: the same over minreq went to the proxy: {:?}", trapped[0].lines().next());
    Ok(())
}

/// Whether the child succeeded.
fn run(way: &str, url: &str, trap: &Server, ca: &str) -> bool {
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    child.env(CHILD, way).env(SERVER, url).env(CA, ca).env("no_proxy", "").env("NO_PROXY", "");
    child.envs(PROXIES.map(|name| (name, trap.url())));
    if way == "minreq" {
        child.stderr(Stdio::null()); // it fails: the trap does not answer as a proxy does
    }
    child.status().expect("a child").success()
}

/// Checks that the server received the calls below, and the trap none of them.
fn check(requests: &[Vec<u8>], trap: &Server, way: &str) {
    let requests = texts(requests);
    let lines: Vec<_> = requests.iter().filter_map(|request| request.lines().next()).collect();
    let query = format!("grant_type=client_credentials&client_id=id&client_secret={ENCODED}");
    let jsa = format!("GET /token?{query} HTTP/1.1");
    assert_eq!(
        lines,
        [&jsa, "POST /api/v3/token HTTP/1.1", "POST /token HTTP/1.1", &jsa, "GET /api HTTP/1.1"]
    );
    assert!(requests[1].ends_with(&format!("username=rose&password={ENCODED}")), "{requests:?}");
    assert!(requests[4].contains("Authorization: Bearer t0k\r\n"), "{requests:?}");
    assert!(trap.connections() == 0, "the proxy was asked: {:?}", texts(&trap.requests()));
    println!("ok: all flows and an API call {way} went directly, encoded once");
}

fn texts(requests: &[Vec<u8>]) -> Vec<String> {
    requests.iter().map(|request| String::from_utf8_lossy(request).into_owned()).collect()
}

fn call(way: &str, url: &str) -> Result<(), Error> {
    let http = match std::env::var(CA) {
        Ok(ca) if way == "https" => Http::new().with_ca(std::fs::read(ca).expect("a CA"))?,
        _ => Http::new(),
    };
    let jsa = || -> Result<jsa::Config, Error> {
        Ok(jsa::Config::new("id", SECRET)?.with_qoauth_url(url)?.with_timeout(TIMEOUT))
    };
    if way == "minreq" {
        return get_token(&jsa()?, &Minreq).map(drop);
    }
    let accelerator = accelerator::Config::new(url, "rose", SECRET)?.with_timeout(TIMEOUT);
    let basic = ClientAuthentication::basic(SECRET);
    let oauth = client_credentials::Config::new(&format!("{url}/token"), "id", basic)?;
    let oauth = oauth.with_timeout(TIMEOUT);
    for flow in [&jsa()? as &dyn Flow, &accelerator, &oauth] {
        get_token(flow, &http)?;
    }
    let session = Session::with_transport(jsa()?, http);
    session.send(Request::get(&format!("{url}/api"))?)?.error_for_status()?;
    Ok(())
}
