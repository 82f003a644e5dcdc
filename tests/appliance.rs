//! The loopback appliance itself: it restarts, moves, and outlives bad clients.

#[path = "support/appliance.rs"]
mod appliance;

use appliance::{Appliance, Credentials};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

fn start() -> Appliance {
    Appliance::start(Credentials::default()).expect("the appliance starts")
}

fn status(url: &str) -> Result<u16, minreq::Error> {
    minreq::get(url).with_timeout(10).send().map(|response| response.status_code)
}

/// Sends `request` and hangs up; what came back.
fn exchange(url: &str, request: &[u8]) -> String {
    let mut stream = connect(url);
    stream.write_all(request).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut answer = Vec::new();
    // A connection that was closed with something unread ends in a reset.
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

/// While the console stops and starts, a client gets an answer or an error, and neither late.
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
fn a_bad_client_gets_an_error_or_nothing_and_harms_nobody() {
    let appliance = start();
    let url = appliance.nc_url().replace("/project", "");
    let form = "POST /api/v3/token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let body = |length: &str, sent: usize| {
        format!("{form}Content-Length: {length}\r\n\r\n{}", "x".repeat(sent))
    };
    for (request, start) in [
        ("\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
        ("GET\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
        ("GET / HTTP/1.1\r\n: x\r\n\r\n".to_owned(), "HTTP/1.1 404 "),
        ("GET * HTTP/1.1\r\n\r\n".to_owned(), "HTTP/1.1 404 "),
        ("GET / HTTP/1.1\r\nTE: chunked;q=NaN, x;q=NaN\r\n\r\n".to_owned(), "HTTP/1.1 404 "),
        ("GET / HTTP/1.1\r\nExpect: x\r\n\r\n".to_owned(), "HTTP/1.1 417 "),
        ("GET /\u{e9} HTTP/1.1\r\n\r\n".to_owned(), ""),
        ("GET / HTTP/1.1\r\nA: b".to_owned(), ""),
        (format!("{form}Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "HTTP/1.1 411 "),
        (body("0", 0), "HTTP/1.1 400 "),
        (body("10", 10), "HTTP/1.1 400 "),
        (body("10", 9), ""),
        (body("65536", 65536), "HTTP/1.1 400 "),
        (body("65536", 3), "HTTP/1.1 400 "),
        (body("65537", 65537), "HTTP/1.1 413 "),
        (body("1048576", 3), "HTTP/1.1 413 "),
    ] {
        let answer = exchange(&url, request.as_bytes());
        assert!(answer.starts_with(start), "{:.100}: {answer:?}", request);
        assert_eq!(answer.is_empty(), start.is_empty(), "{:.100}: {answer:?}", request);
        assert_eq!(status(&url).unwrap(), 404, "after {request:.100}");
    }
    // Never answered, by tiny_http or by us.
    let mut hanging = Vec::new();
    for request in [
        body("1048577", 3),
        body("4611686018427387904", 3),
        body("2000", 3),
        "GET / HTTP/2.0\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nA: ".to_owned(),
    ] {
        for _ in 0..4 {
            let mut stream = connect(&url);
            stream.write_all(request.as_bytes()).unwrap();
            hanging.push(stream);
        }
        // tiny_http can leave a connection waiting among silent ones until the next comes.
        let answered = (0..3).any(|_| minreq::get(&url).with_timeout(1).send().is_ok());
        assert!(answered, "after {request:.100}");
    }
    let started = Instant::now();
    drop(appliance);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(hanging.len(), 20);
}
