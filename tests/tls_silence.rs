//! A TLS server that takes connections and is silent costs one thread and one socket, not one of each for
//! every request. This is a process of its own, so that both can be counted.

#![cfg(all(feature = "tls-aws-lc", target_os = "linux"))]

#[path = "support/tls.rs"]
mod tls;

use minbearer::{Error, Http, Kind, Request, Response, Transport};
use std::io::Read;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tls::{Authority, Key, Server};

fn threads_of_the_transport() -> usize {
    // The worker is named; minreq's own thread, which it starts from there, inherits the name.
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name.trim() == "minbearer")
        .count()
}

#[test]
fn silence_in_the_handshake_leaves_one_thread_behind_and_no_more() {
    // A child of this test, because a request needs someone to trust, and that comes from the environment.
    if std::env::var_os("IN_A_CHILD").is_none() {
        let file = Authority::new("a private CA", Key::P256).file();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.env("IN_A_CHILD", "1").env("SSL_CERT_FILE", file.path()).env_remove("SSL_CERT_DIR");
        let output = child.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let is_up = Arc::new(AtomicBool::new(false));
    let connections = Arc::new(AtomicUsize::new(0));
    let server = Server::start({
        let (is_up, connections) = (Arc::clone(&is_up), Arc::clone(&connections));
        move |mut connection, stopping| {
            connections.fetch_add(1, Ordering::SeqCst);
            // Up, it hangs up at once, which is an answer too.
            while !stopping.load(Ordering::SeqCst) && !is_up.load(Ordering::SeqCst) {
                if matches!(connection.read(&mut [0; 4096]), Ok(0)) {
                    break;
                }
            }
        }
    });
    let send = || -> Result<Response, Error> {
        let request = Request::get(&server.url("localhost", "/")).unwrap();
        Http::new().send(&request, Instant::now() + Duration::from_millis(500))
    };
    for _ in 0..4 {
        let started = Instant::now();
        let error = send().unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout, "{error}");
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    }
    // minreq counts in whole seconds.
    let patience = Instant::now() + Duration::from_secs(5);
    while threads_of_the_transport() > 1 && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(threads_of_the_transport(), 1);
    assert_eq!(connections.load(Ordering::SeqCst), 4);

    is_up.store(true, Ordering::SeqCst);
    for expected in [6, 7] {
        assert_eq!(send().unwrap_err().kind(), Kind::Network);
        assert_eq!(connections.load(Ordering::SeqCst), expected, "one knock, then none");
    }
}
