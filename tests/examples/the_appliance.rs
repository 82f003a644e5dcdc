//! The loopback appliance itself: its endpoints, restarts and moves, bad clients, and the faults that tests can cause.

use crate::support::appliance;
use crate::support::processes;

use appliance::{Appliance, Credentials, Setup};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

fn start() -> Appliance {
    Appliance::start(Credentials::default()).expect("the appliance starts")
}

fn status(url: &str) -> Result<u16, minreq::Error> {
    minreq::get(url).with_timeout(10).send().map(|response| response.status_code)
}

/// Sends `request`, closes the sending half, and returns the answer.
fn exchange(url: &str, request: &[u8]) -> String {
    let mut stream = connect(url);
    stream.write_all(request).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut answer = Vec::new();
    // If the server closes with part of the request unread, the connection ends with a reset.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap()
}

#[test]
fn the_console_comes_back_on_its_port_every_time() {
    let appliance = start();
    let url = appliance.console_url();
    for round in 0..100 {
        assert_eq!(status(&url).unwrap(), 404, "round {round}");
        appliance.stop_console();
        let address = url.strip_prefix("http://").unwrap();
        let refused = TcpStream::connect(address).expect_err("the port is closed").kind();
        assert_eq!(refused, ErrorKind::ConnectionRefused, "round {round}");
        appliance.start_console().unwrap();
        assert_eq!(appliance.console_url(), url);
    }
}

/// While the console stops and starts, a client gets an answer or an error within 5 s.
#[test]
fn no_client_hangs_when_the_console_stops() {
    let appliance = start();
    let url = appliance.console_url();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    let started = Instant::now();
                    let outcome = status(&url);
                    assert!(started.elapsed() < Duration::from_secs(5), "{outcome:?}");
                }
            });
        }
        for _ in 0..100 {
            std::thread::sleep(Duration::from_millis(3));
            appliance.stop_console();
            appliance.start_console().unwrap();
        }
        ended.store(true, Ordering::Relaxed);
    });
}

#[test]
fn qoauth_moves_and_the_locator_follows() {
    let appliance = start();
    let old_url = appliance.qoauth_url();
    appliance.move_qoauth().unwrap();
    assert_ne!(appliance.qoauth_url(), old_url);
    assert!(status(&old_url).is_err());
    assert_eq!(status(&(appliance.qoauth_url() + "/token")).unwrap(), 400);
    let located = Command::new(appliance.locator()).arg("qoauth").output().unwrap().stdout;
    let port = String::from_utf8(located).unwrap();
    assert_eq!(format!("http://127.0.0.1:{}", port.trim_end()), appliance.qoauth_url());
}

#[test]
fn a_bad_client_gets_an_error_or_nothing_and_does_not_disturb_others() {
    let appliance = start();
    let url = appliance.nc_url().replace("/project", "");
    let form = "POST /api/v3/token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let body = |length: &str, sent: usize| {
        format!("{form}Content-Length: {length}\r\n\r\n{}", "x".repeat(sent))
    };
    let head = |fields: &str| format!("GET / HTTP/1.1\r\n{fields}\r\n\r\n");
    for (request, start) in [
        ("\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
        ("GET\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
        ("GET / HTTP/2.0\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
        ("GET / HTTP/1.1\r\nA: b".to_owned(), "HTTP/1.1 400 "),
        ("GET /\u{e9} HTTP/1.1\r\n\r\n".to_owned(), "HTTP/1.1 404 "),
        ("GET * HTTP/1.1\r\n\r\n".to_owned(), "HTTP/1.1 404 "),
        (head("no colon"), "HTTP/1.1 400 "),
        (head(": x"), "HTTP/1.1 400 "),
        (head("TE: chunked;q=NaN, x;q=NaN"), "HTTP/1.1 404 "),
        (head("Expect: x"), "HTTP/1.1 417 "),
        (head("Content-Length: 1\r\nContent-Length: 1"), "HTTP/1.1 400 "),
        (head("Content-Length: -1"), "HTTP/1.1 400 "),
        (head(&format!("A: {}", "x".repeat(16 * 1024))), "HTTP/1.1 431 "),
        (head(&vec!["A: b"; 65].join("\r\n")), "HTTP/1.1 431 "),
        (format!("{form}Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "HTTP/1.1 411 "),
        (body("0", 0), "HTTP/1.1 400 "),
        (body("10", 10), "HTTP/1.1 400 "),
        (body("10", 9), "HTTP/1.1 400 "),
        (body("65536", 65536), "HTTP/1.1 400 "),
        (body("65536", 3), "HTTP/1.1 400 "),
        (body("65537", 65537), "HTTP/1.1 413 "),
        (body("1048577", 3), "HTTP/1.1 413 "),
        (body("99999999999999999999", 3), "HTTP/1.1 413 "),
        (format!("{form}Expect: 100-continue\r\n{}", &body("4", 0)[form.len()..]), "HTTP/1.1 100 "),
        (String::new(), ""),
    ] {
        let answer = exchange(&url, request.as_bytes());
        assert!(answer.starts_with(start), "{request:.100}: {answer:?}");
        assert_eq!(answer.is_empty(), start.is_empty(), "{request:.100}: {answer:?}");
        assert_eq!(status(&url).unwrap(), 404, "after {request:.100}");
    }
    // The server waits for these clients, and meanwhile serves others.
    let mut hanging = Vec::new();
    for request in [
        String::new(),
        body("2000", 3),
        body("1048577", 3),
        "GET / HTTP/1.1\r\nA: ".to_owned(),
        head("A: b"),
    ] {
        for _ in 0..4 {
            let mut stream = connect(&url);
            stream.write_all(request.as_bytes()).unwrap();
            hanging.push(stream);
        }
        assert_eq!(status(&url).unwrap(), 404, "after {request:.100}");
    }
    let started = Instant::now();
    drop(appliance);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(hanging.len(), 20);
}

/// A request over plain HTTP: status, head and body.
fn send(url: &str, request: &str) -> (u16, String, String) {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let (line, rest) = request.split_once("\r\n").unwrap_or((request, ""));
    let (fields, body) = rest.split_once("\r\n\r\n").unwrap_or((rest, ""));
    let (method, query) = line.split_once(' ').unwrap_or((line, ""));
    let fields = if fields.is_empty() { String::new() } else { format!("{fields}\r\n") };
    let length = body.len();
    let request = format!(
        "{method} /{path}{query} HTTP/1.1\r\n{fields}Content-Length: {length}\r\n\r\n{body}"
    );
    let answer = exchange(&format!("http://{address}"), request.as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_owned(), body.to_owned())
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

/// A new token from qoauth.
fn qoauth_token(appliance: &Appliance) -> String {
    let known = appliance.credentials();
    let (id, secret) = (&known.client_id, &known.client_secret);
    let query = format!("?grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let (status, _, json) = send(&(appliance.qoauth_url() + "/token"), &format!("GET {query}"));
    assert_eq!(status, 200, "{json}");
    json.split('"').nth(3).unwrap().to_owned()
}

fn databases(appliance: &Appliance, token: &str) -> u16 {
    let url = appliance.console_url() + "/api/ariel/databases";
    send(&url, &format!("GET\r\nAuthorization: Bearer {token}")).0
}

#[test]
fn the_console_serves_its_documented_endpoints() {
    let appliance = start();
    let authorization = format!("Authorization: Bearer {}", qoauth_token(&appliance));
    for (method, path, status, part) in [
        ("GET", "/api/ariel/databases", 200, r#"["events", "flows", "simarc"]"#),
        ("GET", "/api/siem/offenses", 200, r#"[{"id": 42, "#),
        ("POST", "/api/siem/offenses", 405, "POST is not supported"),
        ("GET", "/api/echo", 405, "GET is not supported"),
        ("GET", "/api/nothing", 404, "/api/nothing could not be found"),
        ("GET", "/", 404, "The resource you requested"),
    ] {
        let url = appliance.console_url() + path;
        let (answered, _, body) = send(&url, &format!("{method}\r\n{authorization}"));
        assert_eq!(answered, status, "{method} {path}: {body}");
        assert!(body.contains(part), "{method} {path}: {body}");
        if path.starts_with("/api/") {
            assert_eq!(send(&url, method).0, 401, "{method} {path} without a token");
        }
    }
    let posted = "{\"caf\u{e9}\": [1, 2]}";
    let request =
        format!("POST\r\n{authorization}\r\nContent-Type: application/json\r\n\r\n{posted}");
    let (status, head, body) = send(&(appliance.console_url() + "/api/echo"), &request);
    assert_eq!((status, body.as_str()), (200, posted), "{head}");
    assert!(head.contains("Content-Type: application/json\r\n"), "{head}");
}

/// Each way of client authentication, right and wrong. A request with two of them is refused.
#[test]
fn qoauth_accepts_each_documented_client_authentication() {
    let credentials = Credentials {
        client_id: "an id".to_owned(),
        client_secret: "s:cr&t+%".to_owned(),
        ..Credentials::default()
    };
    let appliance = Appliance::start(credentials).expect("the appliance starts");
    appliance.set_assertion("the.only.one");
    let url = appliance.qoauth_url() + "/token";
    let (id, secret) = ("client_id=an%20id", "client_secret=s%3Acr%26t%2B%25");
    let assertion = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=the.only.one";
    // Base64 of `an+id:s%3Acr%26t%2B%25`, `an+id:wrong`, `an id:s:cr&t+%` and `an+id`.
    let basic = "Authorization: Basic YW4raWQ6cyUzQWNyJTI2dCUyQiUyNQ==";
    let wrong = "Authorization: Basic YW4raWQ6d3Jvbmc=";
    let unencoded = "Authorization: Basic YW4gaWQ6czpjciZ0KyU=";
    let no_colon = "Authorization: Basic YW4raWQ=";
    for (header, fields, status, part) in [
        ("", format!("{id}&{secret}"), 200, "access_token"),
        ("", format!("{id}&client_secret=wrong"), 401, "invalid_client"),
        ("", format!("client_id=another&{secret}"), 401, "invalid_client"),
        ("", id.to_owned(), 400, "both required"),
        ("", secret.to_owned(), 400, "both required"),
        (basic, String::new(), 200, "access_token"),
        (basic, id.to_owned(), 200, "access_token"),
        (basic, "client_id=another".to_owned(), 401, "invalid_client"),
        (basic, secret.to_owned(), 400, "in more than one way"),
        (wrong, String::new(), 401, "invalid_client"),
        (unencoded, String::new(), 400, "not percent-encoded"),
        (no_colon, String::new(), 400, "no Base64"),
        ("Authorization: Basic !", String::new(), 400, "no Base64"),
        ("", assertion.to_owned(), 200, "access_token"),
        ("", format!("{id}&{assertion}"), 200, "access_token"),
        ("", format!("client_id=another&{assertion}"), 401, "invalid_client"),
        ("", format!("{assertion}.not"), 401, "invalid_client"),
        ("", assertion.replace("jwt", "saml2"), 400, "jwt-bearer"),
        ("", format!("{id}&{secret}&{assertion}"), 400, "in more than one way"),
    ] {
        let request = format!("POST\r\n{FORM}\r\n{header}");
        let request =
            format!("{}\r\n\r\ngrant_type=client_credentials&{fields}", request.trim_end());
        let (answered, head, body) = send(&url, &request);
        assert_eq!(answered, status, "{header} {fields}: {body}");
        assert!(body.contains(part), "{header} {fields}: {body}");
        let challenged = head.contains("WWW-Authenticate: Basic");
        assert_eq!(challenged, status == 401, "{header} {fields}: {head}");
    }
}

#[test]
fn revocation_expiry_rotation_outage_and_delay_can_be_simulated() {
    let appliance = start();
    let token = qoauth_token(&appliance);
    assert_eq!(databases(&appliance, &token), 200);
    appliance.revoke_tokens();
    assert_eq!(databases(&appliance, &token), 401);

    appliance.set_token_lifetime(Duration::from_millis(300));
    let issued = Instant::now();
    let token = qoauth_token(&appliance);
    let alive = databases(&appliance, &token);
    assert!(alive == 200 || issued.elapsed() > Duration::from_millis(300), "{alive}");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(databases(&appliance, &token), 401);

    let known = appliance.credentials();
    let query = |secret: &str| {
        let id = &known.client_id;
        format!("GET ?grant_type=client_credentials&client_id={id}&client_secret={secret}")
    };
    let token_url = appliance.qoauth_url() + "/token";
    appliance.set_token_lifetime(Duration::from_secs(90));
    let (_, _, json) = send(&token_url, &query(&known.client_secret));
    assert!(json.ends_with(r#", "expires_in": 90}"#), "{json}");
    appliance.set_secret("rotated");
    assert_eq!(send(&token_url, &query(&known.client_secret)).0, 401);
    assert_eq!(send(&token_url, &query("rotated")).0, 200);

    let nc_url = appliance.nc_url().replace("/project", "/api/v3/token");
    let login = |password: &str| {
        let username = &known.username;
        send(&nc_url, &format!("POST\r\n{FORM}\r\n\r\nusername={username}&password={password}")).0
    };
    appliance.set_password("rotated");
    assert_eq!((login(&known.password), login("rotated")), (401, 200));

    let asked = appliance.qoauth_requests();
    for (retry_after, header) in
        [(Some(Duration::from_secs(7)), "\r\nRetry-After: 7\r\n"), (None, "")]
    {
        appliance.begin_outage(retry_after);
        for url in [&token_url, &(appliance.console_url() + "/api/echo"), &nc_url] {
            let (status, head, body) = send(url, &query("rotated"));
            assert_eq!(status, 502, "{url}: {head}");
            assert!(head.contains(header), "{url}: {head}");
            assert_eq!(head.contains("Retry-After"), !header.is_empty(), "{url}: {head}");
            assert!(body.contains("<title>502 Bad Gateway</title>"), "{url}: {body}");
        }
    }
    assert_eq!(appliance.qoauth_requests(), asked + 2);
    appliance.end_outage();
    assert_eq!(send(&token_url, &query("rotated")).0, 200);

    appliance.set_delay(Duration::from_millis(200));
    let asked = Instant::now();
    assert_eq!(send(&token_url, &query("rotated")).0, 200);
    assert!(asked.elapsed() >= Duration::from_millis(200), "{:?}", asked.elapsed());
    appliance.set_delay(Duration::from_secs(3600));
    let started = Instant::now();
    std::thread::scope(|scope| {
        let url = appliance.qoauth_url();
        let waiting = scope.spawn(move || exchange(&url, b"GET /token HTTP/1.1\r\n\r\n"));
        std::thread::sleep(Duration::from_millis(50));
        drop(appliance);
        assert_eq!(waiting.join().unwrap(), "");
    });
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[test]
fn the_console_and_vovserver_get_the_ports_after_the_first() {
    let set_up = |first_port| Appliance::set_up(Setup { first_port, ..Setup::default() });
    // Three consecutive free ports are found by trying, because other processes use ports too.
    let found = (0..50).find_map(|_| {
        let first = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        set_up(first).ok().map(|appliance| (first, appliance))
    });
    let (first, appliance) = found.expect("three free ports in a row");
    assert_eq!(appliance.qoauth_url(), format!("http://127.0.0.1:{first}"));
    assert_eq!(appliance.console_url(), format!("http://127.0.0.1:{}", first + 1));
    assert_eq!(appliance.nc_url(), format!("http://127.0.0.1:{}/project", first + 2));
    let error = set_up(first).err().expect("the ports are taken").to_string();
    assert!(error.contains(&format!("port {first} of 127.0.0.1")), "{error}");
    drop(appliance);
    assert!(set_up(first).is_ok(), "the ports are free again");
    assert!(set_up(65_534).is_err());
}

/// The running example and the lines that it printed.
struct Program {
    child: Child,
    lines: Vec<(String, String)>,
}

impl Program {
    fn start(arguments: &[&str]) -> Program {
        let mut command = processes::command("appliance", &[]);
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut text = String::new();
        // The program closes standard output after its last line; otherwise this, and a shell, would wait for more.
        child.stdout.take().expect("piped").read_to_string(&mut text).expect("UTF-8");
        let line = |line: &str| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_owned(), value.strip_prefix('\'')?.strip_suffix('\'')?.to_owned()))
        };
        let lines = text.lines().map(|text| line(text).expect(text)).collect();
        Program { child, lines }
    }

    fn value(&self, name: &str) -> &str {
        let known = self.lines.iter().find(|(known, _)| known == name);
        known.map_or_else(|| panic!("{name} is not printed"), |(_, value)| value)
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process");
        kill_process(pid, signal).expect("it runs");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SIGKILL would leave its folder on the disk.
        if let Ok(None) = self.child.try_wait() {
            self.signal(Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

#[test]
fn the_program_prints_its_addresses_and_handles_signals() {
    let mut program = Program::start(&["--token-seconds", "7"]);
    let names: Vec<&str> = program.lines.iter().map(|(name, _)| name.as_str()).collect();
    let expected = "QOAUTH_URL CONSOLE_URL NC_URL CLIENT_ID CLIENT_SECRET NC_USER NC_PASSWORD SERVICE_PORT_LOCATOR";
    assert_eq!(names.join(" "), expected);
    let (id, secret) = (program.value("CLIENT_ID"), program.value("CLIENT_SECRET"));
    let query = format!("?grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let token_url = program.value("QOAUTH_URL").to_owned() + "/token";
    let (_, _, json) = send(&token_url, &format!("GET {query}"));
    assert!(json.ends_with(r#", "expires_in": 7}"#), "{json}");
    let request = format!("GET\r\nAuthorization: Bearer {}", json.split('"').nth(3).expect(&json));
    let databases = program.value("CONSOLE_URL").to_owned() + "/api/ariel/databases";
    assert_eq!(send(&databases, &request).0, 200);
    program.signal(Signal::USR1);
    let revoked = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        send(&databases, &request).0 == 401
    });
    assert!(revoked, "SIGUSR1 revokes every token");
    let folder =
        program.value("SERVICE_PORT_LOCATOR").rsplit_once('/').expect("a path").0.to_owned();
    assert!(std::path::Path::new(&folder).is_dir());
    program.signal(Signal::TERM);
    assert!(program.child.wait().expect("it ends").success());
    assert!(!std::path::Path::new(&folder).exists(), "{folder} was not removed");
}

#[test]
fn the_program_names_a_wrong_argument() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port().to_string();
    let mut rows = vec![
        (vec!["--nothing"], "--nothing"),
        (vec!["8080"], "8080"),
        (vec!["--port"], "--port"),
        (vec!["--port", "65536"], "65536"),
        (vec!["--port", "65535"], "three ports"),
        (vec!["--port", &taken], "could not start: port"),
        (vec!["--token-seconds", "0"], "above 0"),
    ];
    if cfg!(not(feature = "tls")) {
        rows.push((vec!["--tls"], "the feature tls"));
    }
    for (arguments, part) in rows {
        processes::run("appliance", &arguments, &[]).expect_failure("appliance", 2, part);
    }
}

/// With TLS, as a rustls client sees the appliance.
#[cfg(feature = "tls")]
mod tls {
    use super::{FORM, Program, appliance};
    use appliance::{Appliance, Setup};
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
    use std::io::{self, Read, Write};
    use std::net::TcpStream;
    use std::path::Path;
    use std::sync::Arc;

    /// The answer to one request, or the error of the connection.
    fn send(
        url: &str,
        ca: &Path,
        certificate: Option<(&Path, &Path)>,
        request: &str,
    ) -> io::Result<String> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match certificate {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
                let key = PrivateKeyDer::from_pem_file(key).unwrap();
                config.with_client_auth_cert(chain, key).unwrap()
            }
        };
        let address = url.strip_prefix("https://").expect(url);
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        // This fails if the server ends the connection without close_notify.
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn qoauth_and_the_console_serve_https_and_qoauth_accepts_a_client_certificate() {
        let set_up = || Appliance::set_up(Setup { tls: true, ..Setup::default() }).unwrap();
        let appliance = set_up();
        let known = appliance.credentials();
        let ca = appliance.ca_file().unwrap();
        let certificate = appliance.client_certificate_files();
        assert!(certificate.is_some());
        let token = |client: Option<(&Path, &Path)>, fields: &str| {
            let body =
                format!("grant_type=client_credentials&client_id={}{fields}", known.client_id);
            let length = body.len();
            let request =
                format!("POST /token HTTP/1.1\r\n{FORM}\r\nContent-Length: {length}\r\n\r\n{body}");
            send(&appliance.qoauth_url(), ca, client, &request).unwrap()
        };
        let secret = format!("&client_secret={}", known.client_secret);
        for (is_required, client, fields, status) in [
            (false, None, "", "400"),
            (false, None, secret.as_str(), "200"),
            (false, certificate, "", "200"),
            (false, certificate, &secret, "200"),
            (true, None, &secret, "401"),
            (true, certificate, "&client_secret=wrong", "401"),
            (true, certificate, "", "200"),
            (true, certificate, &secret, "200"),
        ] {
            if is_required {
                appliance.require_client_certificate();
            }
            let answer = token(client, fields);
            let case = format!("{is_required} {} {fields}: {answer}", client.is_some());
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{case}");
        }
        let plain = |url: String| {
            let request = b"GET /nothing HTTP/1.1\r\n\r\n";
            super::exchange(&url.replace("https", "http"), request)
        };
        let answer = plain(appliance.qoauth_url());
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        let answer = plain(appliance.console_url());
        assert!(!answer.contains("HTTP"), "{answer}");
        let request = "GET /api/siem/offenses HTTP/1.1\r\n\r\n";
        let answer = send(&appliance.console_url(), ca, None, request).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        let another = set_up();
        let refused = send(&appliance.console_url(), another.ca_file().unwrap(), None, request);
        let error = refused.expect_err("another CA").to_string();
        assert!(error.contains("UnknownIssuer") || error.contains("BadSignature"), "{error}");
        // A client certificate of another CA is rejected.
        assert!(
            send(&appliance.console_url(), ca, another.client_certificate_files(), request)
                .is_err()
        );
        assert!(appliance.nc_url().starts_with("http://"));
    }

    #[test]
    fn the_program_prints_the_file_of_its_ca() {
        let program = Program::start(&["--tls"]);
        let ca = Path::new(program.value("SSL_CERT_FILE"));
        let client = (ca.with_file_name("client.pem"), ca.with_file_name("client.key"));
        for name in ["QOAUTH_URL", "CONSOLE_URL"] {
            let request = "GET /nothing HTTP/1.1\r\n\r\n";
            let answer = send(program.value(name), ca, Some((&client.0, &client.1)), request);
            assert!(answer.unwrap().starts_with("HTTP/1.1 404 "), "{name}");
        }
    }
}
