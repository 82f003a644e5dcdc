//! After a call to a TLS server that is silent, or sends one record very slowly, no thread and no socket is left.

#![cfg(all(feature = "tls", target_os = "linux"))] // it looks into /proc

use crate::support::tls::{Authority, Key, Server};
use minbearer::{Http, Kind, Request, Transport};
use rustls::{ServerConfig, ServerConnection};
use std::io::Write;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_millis(20);

/// Threads and descriptors of this process.
fn counted() -> [usize; 2] {
    ["/proc/self/task", "/proc/self/fd"].map(|folder| std::fs::read_dir(folder).unwrap().count())
}

/// The client is a child process, so that its threads and sockets can be counted while the servers are running.
#[test]
#[ignore = "child process of the other test"]
fn client() {
    let url = std::env::var("SERVER").unwrap();
    let ca = std::fs::read(std::env::var("CA").unwrap()).unwrap();
    let http = Http::new().with_ca(ca).unwrap();
    let before = counted();
    for _ in 0..5 {
        let request = Request::get(&url).unwrap();
        let asked = Instant::now();
        let error = http.send(&request, Instant::now() + TIMEOUT).unwrap_err();
        let took = asked.elapsed();
        assert_eq!(error.kind(), Kind::Timeout, "{error}");
        assert!(took >= TIMEOUT && took < TIMEOUT + Duration::from_millis(500), "{took:?}");
        assert_eq!(counted(), before);
    }
}

fn dripping_an_answer(config: ServerConfig) -> Server {
    let config = Arc::new(config);
    Server::start(move |mut connection| {
        let mut tls = ServerConnection::new(config.clone()).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut connection)?;
        }
        tls.writer().write_all(&b"HTTP/1.1 200 OK\r\nX: y".repeat(400))?;
        let mut record = Vec::new();
        tls.write_tls(&mut record)?;
        for byte in record {
            connection.stop().sleep(PAUSE)?;
            connection.write_all(&[byte])?;
        }
        Ok(())
    })
}

#[test]
fn neither_thread_nor_socket_is_left() {
    let drops = |bytes: Vec<u8>| bytes.into_iter().map(|byte| vec![byte]).collect::<Vec<_>>();
    // A record of 16 KiB.
    let long = [&[22, 3, 3, 0x40, 0][..], &[2], &[0; 2000]].concat();
    let authority = Authority::new("a private CA", Key::P256);
    let ca = authority.file();
    for (name, server) in [
        ("silent", Server::silent()),
        ("a slow record in the handshake", Server::answering(drops(long), PAUSE)),
        (
            "a slow record after the handshake",
            dripping_an_answer(authority.issue(&["localhost"]).config()),
        ),
    ] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "servers::tls_silence::client", "--ignored", "--nocapture"])
            .env("SERVER", server.url("localhost", "/"))
            .env("CA", ca.path())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&said));
    }
}
