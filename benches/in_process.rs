//! The library's costs inside a process. Compare the medians of one run with each other; times of different machines
//! cannot be compared.
//!
//! ```sh
//! cargo bench --bench in_process                        # with --features tls also over TLS
//! ```

#[cfg(feature = "tls")]
mod support;
#[cfg(feature = "tls")]
use support::tls;

use divan::{AllocProfiler, Bencher};
use minbearer::{Error, Request, Response, Session, Transport, jsa};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

/// Prints the allocations of each benchmark below its times.
#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// An answer of qoauth, and the same with a lifetime.
const ANSWER: &str = r#"{"access_token": "2YotnFZFEjr1zCsicMWpAA2YotnFZFEjr1zCsicMWpAA", "token_type": "Bearer", "scope": "ADMIN"}"#;
const ANSWER_WITH_LIFETIME: &str = r#"{"access_token": "2YotnFZFEjr1zCsicMWpAA2YotnFZFEjr1zCsicMWpAA", "token_type": "Bearer", "expires_in": 86400}"#;

fn main() {
    divan::main();
}

fn config() -> jsa::Config {
    jsa::Config::new("8a6c1f0e-demo-app", "correct-horse-battery-staple").expect("a good config")
}

/// An answer read into a token.
#[divan::bench_group]
mod answer {
    use super::*;

    #[divan::bench]
    fn jsa_read(bencher: Bencher) {
        let config = config();
        let request = config.request(80).expect("a request");
        bencher
            .with_inputs(|| Response::new(200, ANSWER))
            .bench_values(|response| config.read_answer(&request, response));
    }

    /// Only parsing the JSON, without the checks and the header value.
    #[divan::bench]
    fn serde_json(bencher: Bencher) {
        bencher.bench(|| serde_json::from_str::<serde_json::Value>(divan::black_box(ANSWER)));
    }
}

/// A session's token from memory.
#[divan::bench_group]
mod cached {
    use super::*;

    struct Canned;

    impl Transport for Canned {
        fn send(&self, _: &Request, _: Instant) -> Result<Response, Error> {
            Ok(Response::new(200, ANSWER_WITH_LIFETIME))
        }
    }

    static SESSION: LazyLock<Session> = LazyLock::new(|| {
        let config = config().with_qoauth_url("http://qoauth:80").expect("a good URL");
        Session::with_transport(config, Canned)
    });

    // The time includes dropping the token.
    #[divan::bench]
    fn session_token(bencher: Bencher) {
        SESSION.token().expect("a token");
        bencher.bench(|| _ = divan::black_box(SESSION.token()));
    }

    /// 8 threads at once, 10,000 calls each. The time is that of all 80,000.
    #[divan::bench]
    fn session_token_80_000_times_on_8_threads(bencher: Bencher) {
        SESSION.token().expect("a token");
        bencher.bench(|| {
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| (0..10_000).for_each(|_| _ = divan::black_box(SESSION.token())));
                }
            });
        });
    }

    /// The part that is reading the clock, which most machines do without a system call.
    #[divan::bench]
    fn the_clock_alone() -> Instant {
        Instant::now()
    }
}

/// One token from a server on loopback that answers at once: connect, send, receive, close.
#[divan::bench_group(min_time = Duration::from_secs(1))]
mod loopback {
    use super::*;

    #[divan::bench]
    fn get_token(bencher: Bencher) {
        let config = config().with_qoauth_url(&SERVER.url).expect("a good URL");
        bencher.bench(|| jsa::get_token(&config).expect("a token"));
    }

    /// The same request over `TcpStream`. The answer is read to the end but not parsed.
    #[divan::bench]
    fn bare_tcp_stream(bencher: Bencher) {
        let request =
            format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", SERVER.target, SERVER.authority);
        bencher.bench(|| {
            let mut stream = TcpStream::connect(&SERVER.authority).expect("the server");
            stream.write_all(request.as_bytes()).expect("sent");
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).expect("an answer");
            assert!(answer.ends_with(ANSWER.as_bytes()));
            answer
        });
    }

    /// The same over ureq 3, also with a deadline. The JSON is not parsed.
    #[divan::bench]
    fn ureq(bencher: Bencher) {
        let url = format!("{}{}", SERVER.url, SERVER.target);
        let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(10)));
        let agent = config.max_redirects(0).build().new_agent();
        bencher.bench(|| {
            let mut answer = agent.get(&url).call().expect("an answer");
            let text = answer.body_mut().read_to_string().expect("text");
            assert!(text == ANSWER);
            text
        });
    }
}

/// One token over TLS 1.3 with P-256, from the same server: what a session saves by resumption.
#[cfg(feature = "tls")]
#[divan::bench_group(min_time = Duration::from_secs(1))]
mod https {
    use super::*;
    use minbearer::{Http, get_token};
    use std::sync::Arc;
    use tls::{Authority, Key};
    use ureq::Agent;
    use ureq::tls::{Certificate, RootCerts, TlsConfig};

    struct Setting {
        config: jsa::Config,
        url: String,
        ca: String,
        _server: tls::Server,
    }

    static SETTING: LazyLock<Setting> = LazyLock::new(|| {
        let authority = Authority::new("a private CA", Key::P256);
        let port = SERVER.authority.rsplit(':').next().and_then(|port| port.parse().ok());
        let identity = authority.issue(&["localhost"]);
        let server = tls::Server::terminating_tls(identity.config(), port.expect("a port"));
        let url = server.url("localhost", "");
        let config = config().with_qoauth_url(&url).expect("a good URL");
        Setting { config, url, ca: tls::pem(authority.certificate()), _server: server }
    });

    fn http() -> Http {
        Http::new().with_ca(&SETTING.ca).expect("a CA")
    }

    #[divan::bench]
    fn full_handshake(bencher: Bencher) {
        bencher
            .with_inputs(http)
            .bench_values(|http| get_token(&SETTING.config, &http).expect("a token"));
    }

    #[divan::bench]
    fn resumed(bencher: Bencher) {
        let http = http();
        get_token(&SETTING.config, &http).expect("a token");
        bencher.bench(|| get_token(&SETTING.config, &http).expect("a token"));
    }

    /// An agent of ureq's that closes its connections, as `Http` does.
    fn agent() -> Agent {
        let ca = Certificate::from_pem(SETTING.ca.as_bytes()).expect("a CA");
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&[ca]))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Agent::config_builder().timeout_global(Some(Duration::from_secs(10)));
        config.max_redirects(0).max_idle_connections(0).tls_config(tls).build().new_agent()
    }

    fn ask(agent: &Agent) -> String {
        let url = format!("{}{}", SETTING.url, SERVER.target);
        let mut answer = agent.get(&url).call().expect("an answer");
        let text = answer.body_mut().read_to_string().expect("text");
        assert!(text == ANSWER);
        text
    }

    #[divan::bench]
    fn ureq_full_handshake(bencher: Bencher) {
        bencher.with_inputs(agent).bench_values(|agent| ask(&agent));
    }

    #[divan::bench]
    fn ureq_resumed(bencher: Bencher) {
        let agent = agent();
        ask(&agent);
        bencher.bench(|| ask(&agent));
    }
}

struct Server {
    authority: String,
    url: String,
    target: String,
}

/// Answers every request with [`ANSWER`] until the process ends.
static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let authority = listener.local_addr().expect("its address").to_string();
    let length = ANSWER.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{ANSWER}"
    );
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = Vec::new();
            let mut chunk = [0; 2048];
            while !request.ends_with(b"\r\n\r\n") {
                let read = stream.read(&mut chunk).expect("a request");
                request.extend_from_slice(&chunk[..read]);
            }
            stream.write_all(answer.as_bytes()).expect("sent");
        }
    });
    let request = config()
        .with_qoauth_url(&format!("http://{authority}"))
        .expect("a good URL")
        .request(80)
        .expect("a request");
    let target = String::from(request.url().path_and_query());
    Server { url: format!("http://{authority}"), authority, target }
});
