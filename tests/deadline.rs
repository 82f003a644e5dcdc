//! A call ends at its deadline.

use minbearer::{Kind, jsa};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const TIMEOUTS: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_millis(400), Duration::from_millis(1850)];
const GRACE: Duration = Duration::from_millis(500);

type Treat = fn(TcpStream);

/// Asks a server that treats its one connection like this. Returns what came of it and how long it took.
fn ask(timeout: Duration, treat: Treat) -> (Kind, Duration) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let server = thread::spawn(move || treat(listener.accept().expect("a connection").0));
    let config = jsa::Config::new("id", "secret").expect("credentials");
    let config = config.with_qoauth_url(&url).expect("a URL").with_timeout(timeout);
    let asked = Instant::now();
    let kind = jsa::get_token(&config).expect_err("no token").kind();
    let took = asked.elapsed();
    server.join().expect("the server");
    (kind, took)
}

#[test]
fn silence_and_a_dripping_answer_end_at_the_deadline() {
    let silent = |stream: TcpStream| {
        thread::sleep(Duration::from_secs(3));
        drop(stream);
    };
    let dripping = |mut stream: TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        for _ in 0..30 {
            let _ = stream.write_all(b" ");
            thread::sleep(Duration::from_millis(100));
        }
    };
    let cases: [(&str, Treat); 2] = [("silent", silent), ("dripping", dripping)];
    thread::scope(|scope| {
        for (name, treat) in cases {
            for timeout in TIMEOUTS {
                scope.spawn(move || {
                    let (kind, took) = ask(timeout, treat);
                    assert_eq!(kind, Kind::Timeout, "{name}, {timeout:?}");
                    assert!(
                        took >= timeout && took <= timeout + GRACE,
                        "{name}, {timeout:?}: {took:?}"
                    );
                });
            }
        }
    });
}
