//! A child process whose environment names a proxy.

use super::flows::flows;
use super::hostile::{Server, Step};
use minbearer::{Http, Request, Session, get_token};
use std::process::Command;

const SECRET: &str = "s3cr3t&=+%#/?é Zq7";
const ENCODED: &str = "s3cr3t%26%3D%2B%25%23%2F%3F%C3%A9%20Zq7";

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

pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// A server that answers with a token.
pub fn answering() -> Server {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"access_token\":\"t0k\"}";
    Server::script(vec![Step::Request, Step::send(answer)])
}

/// In the child: all flows and an API call, and then one by minreq.
pub fn call(http: Http) {
    let url = variable("TEST_SERVER");
    let good_flows = || flows(&url, "id", SECRET).map(Result::unwrap);
    for flow in good_flows() {
        get_token(&flow, &http).unwrap();
    }
    let flow = good_flows().into_iter().next().unwrap();
    let session = Session::with_transport(flow, http);
    session.send(Request::get(&format!("{url}/api")).unwrap()).unwrap();
    let _ = minreq::get(variable("TEST_OTHER")).with_timeout(5).send();
}

/// Runs the test of that name as the child. What it sends has to come to its `own` server, which `url` leads to.
pub fn check(child: &str, url: &str, ca: &str, own: &Server) {
    let (proxy, other) = (answering(), answering());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", child, "--ignored"]);
    command.envs([("TEST_SERVER", url), ("TEST_CA", ca), ("TEST_OTHER", &other.url())]);
    command.envs([("no_proxy", ""), ("NO_PROXY", "")]);
    let output = command.envs(PROXIES.map(|name| (name, proxy.url()))).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let texts = |server: &Server| -> Vec<String> {
        server
            .requests()
            .iter()
            .map(|request| String::from_utf8_lossy(request).into_owned())
            .collect()
    };
    let requests = texts(own);
    let lines: Vec<_> = requests.iter().filter_map(|request| request.lines().next()).collect();
    let jsa = format!(
        "GET /token?grant_type=client_credentials&client_id=id&client_secret={ENCODED} HTTP/1.1"
    );
    assert_eq!(
        lines,
        [&jsa, "POST /api/v3/token HTTP/1.1", "POST /token HTTP/1.1", &jsa, "GET /api HTTP/1.1"]
    );
    assert!(requests[1].ends_with(&format!("username=id&password={ENCODED}")), "{requests:?}");
    assert!(requests[4].contains("Authorization: Bearer t0k\r\n"), "{requests:?}");
    // minreq's own request shows that the trap works: with its feature `proxy` it goes there.
    let has_proxy = std::env::var_os("ALL_FEATURES_ON").is_some();
    assert_eq!(texts(&proxy).len(), usize::from(has_proxy), "{:?}", texts(&proxy));
    assert_eq!(other.connections(), usize::from(!has_proxy));
}
