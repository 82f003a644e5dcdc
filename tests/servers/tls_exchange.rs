//! `Http` over TLS against scripted servers: resumption, key updates, truncation, unusual records.

#![cfg(feature = "tls")]

use crate::support::listener::read_head;
use crate::support::timing::{Stopwatch, within};
use crate::support::tls;

use minbearer::{Error, Http, Kind, NetworkCause, Request, Response, Transport};
use rcgen::{CertificateParams, date_time_ymd};
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, HandshakeKind, ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::Ipv6Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tls::{Authority, Key, Server, pem};

type Connection = StreamOwned<ServerConnection, tls::Connection>;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

fn authority() -> Authority {
    Authority::new("a private CA", Key::P256)
}

fn trusting(authority: &Authority) -> Http {
    Http::new().with_ca(pem(authority.certificate())).unwrap()
}

fn get(http: &Http, url: &str) -> Result<Response, Error> {
    let request = Request::get(url).unwrap();
    http.send(&request, Instant::now() + Duration::from_secs(20))
}

/// A server that reads a request's head and then runs `act`.
fn serving(
    config: ServerConfig,
    act: impl Fn(&mut Connection) -> std::io::Result<()> + Send + Sync + 'static,
) -> Server {
    let config = Arc::new(config);
    Server::start(move |connection| {
        let mut tls = accept(&config, connection)?;
        act(&mut tls)
    })
}

fn accept(config: &Arc<ServerConfig>, connection: tls::Connection) -> std::io::Result<Connection> {
    let mut tls = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), connection);
    read_head(&mut tls)?;
    Ok(tls)
}

fn send_close_notify(tls: &mut Connection) -> std::io::Result<()> {
    tls.conn.send_close_notify();
    tls.flush()
}

/// The server has no ticket to send: what follows the handshake is its acknowledgement, which Linux gives 40 ms later.
#[test]
fn the_request_does_not_wait_until_the_end_of_the_handshake_is_acknowledged() {
    let authority = authority();
    let mut config = authority.issue(&["localhost"]).config_for(&[&TLS13]);
    config.send_tls13_tickets = 0;
    let server = serving(config, |tls| tls.write_all(ANSWER));
    let (http, url) = (trusting(&authority), server.url("localhost", "/"));
    let fastest = (0..20).map(|_| {
        let began = Instant::now();
        get(&http, &url).unwrap();
        began.elapsed()
    });
    let fastest = fastest.min().unwrap();
    assert!(fastest < Duration::from_millis(35), "the fastest of 20 took {fastest:?}");
}

#[test]
fn the_second_exchange_resumes_the_session() {
    for version in [&TLS12, &TLS13] {
        let authority = authority();
        let kinds = Arc::new(Mutex::new(Vec::new()));
        let server = serving(authority.issue(&["localhost"]).config_for(&[version]), {
            let kinds = kinds.clone();
            move |tls| {
                kinds.lock().unwrap().push(tls.conn.handshake_kind());
                tls.write_all(ANSWER)
            }
        });
        let url = server.url("localhost", "/");
        let http = trusting(&authority);
        get(&http, &url).unwrap();
        get(&http, &url).unwrap();
        get(&http.clone(), &url).unwrap();
        // After a change of the settings no session is resumed.
        get(&http.with_ca(pem(authority.certificate())).unwrap(), &url).unwrap();
        let (full, resumed) = (Some(HandshakeKind::Full), Some(HandshakeKind::Resumed));
        assert_eq!(*kinds.lock().unwrap(), [full, resumed, resumed, full], "{version:?}");
    }
}

#[test]
fn a_certificate_is_verified_for_an_ipv6_address() {
    let authority = authority();
    let answering = |names: &[&str]| {
        let config = Arc::new(authority.issue(names).config());
        Server::start_on(Ipv6Addr::LOCALHOST.into(), move |connection| {
            accept(&config, connection)?.write_all(ANSWER)
        })
    };
    let server = answering(&["::1"]);
    assert_eq!(get(&trusting(&authority), &server.url("[::1]", "/")).unwrap().status(), 200);
    let server = answering(&["2001:db8::7", "localhost"]);
    let error = get(&trusting(&authority), &server.url("[::1]", "/")).unwrap_err();
    assert_eq!(error.network_cause(), Some(NetworkCause::Tls), "{error}");
    let shown = error.to_string();
    assert!(shown.contains("not for ::1 but for 2001:db8::7, localhost;"), "{shown}");
}

#[test]
fn a_key_update_within_an_answer_is_accepted() {
    let authority = authority();
    let server = serving(authority.issue(&["localhost"]).config_for(&[&TLS13]), |tls| {
        for piece in ANSWER.chunks(7) {
            tls.conn.refresh_traffic_keys().unwrap();
            tls.write_all(piece)?;
        }
        // The client's own key update comes before its close_notify.
        assert_eq!(tls.read(&mut [0; 9])?, 0);
        Ok(())
    });
    let answer = get(&trusting(&authority), &server.url("localhost", "/")).unwrap();
    assert_eq!(answer.text().unwrap(), "{}");
}

#[test]
fn the_client_sends_close_notify_after_the_answer() {
    for version in [&TLS12, &TLS13] {
        let authority = authority();
        let ended = Arc::new(Mutex::new(None));
        let server = serving(authority.issue(&["localhost"]).config_for(&[version]), {
            let ended = ended.clone();
            move |tls| {
                tls.write_all(ANSWER)?;
                let end = tls.read(&mut [0; 9]).map_err(|error| error.kind());
                *ended.lock().unwrap() = Some(end);
                Ok(())
            }
        });
        get(&trusting(&authority), &server.url("localhost", "/")).unwrap();
        let patience = Instant::now() + Duration::from_secs(10);
        while ended.lock().unwrap().is_none() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(5)); // stopping the server would cut the connection
        }
        drop(server);
        // Without close_notify it is UnexpectedEof.
        assert_eq!(*ended.lock().unwrap(), Some(Ok(0)), "{version:?}");
    }
}

#[test]
fn an_answer_is_complete_only_by_its_length_or_by_close_notify() {
    const NO_LENGTH: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n{}";
    let authority = authority();
    for (answer, says_goodbye, expected) in [
        (ANSWER, true, Ok("{}")),
        (ANSWER, false, Ok("{}")),
        (NO_LENGTH, true, Ok("{}")),
        (NO_LENGTH, false, Err("without TLS's close_notify")),
        (&ANSWER[..ANSWER.len() - 1], true, Err("the answer was cut short")),
        (&ANSWER[..ANSWER.len() - 1], false, Err("the answer was cut short")),
        (&ANSWER[..9], false, Err("the answer was cut short")),
        (b"", true, Err("the connection was closed without an answer")),
        (b"", false, Err("the connection was closed without an answer")),
    ] {
        for version in [&TLS12, &TLS13] {
            let config = authority.issue(&["localhost"]).config_for(&[version]);
            let server = serving(config, move |tls| {
                tls.write_all(answer)?;
                if says_goodbye { send_close_notify(tls) } else { Ok(()) }
            });
            let outcome = get(&trusting(&authority), &server.url("localhost", "/"));
            let row = (String::from_utf8_lossy(answer), says_goodbye, version);
            match (outcome, expected) {
                (Ok(answer), Ok(expected)) => assert_eq!(answer.text().unwrap(), expected),
                (Err(error), Err(part)) => {
                    assert!(error.to_string().contains(part), "{row:?}: {error}");
                    assert_eq!(error.network_cause(), Some(NetworkCause::CutShort), "{row:?}");
                }
                (outcome, _) => panic!("{row:?}: {outcome:?}"),
            }
        }
    }
}

#[test]
fn an_answer_is_the_same_however_it_is_cut_into_records() {
    let authority = authority();
    let body: String = (0..20_000u32).map(|at| char::from(b'a' + (at % 26) as u8)).collect();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    for (version, record_bytes) in [(&TLS12, 1), (&TLS13, 1), (&TLS12, 16_384), (&TLS13, 16_384)] {
        let answer = answer.clone();
        let server = serving(authority.issue(&["localhost"]).config_for(&[version]), move |tls| {
            // All at once, so that they fill the client's buffer.
            for pieces in answer.as_bytes().chunks((record_bytes * 1000).min(32 * 1024)) {
                for piece in pieces.chunks(record_bytes) {
                    tls.conn.writer().write_all(piece)?;
                }
                tls.flush()?;
            }
            Ok(())
        });
        let received = get(&trusting(&authority), &server.url("localhost", "/")).unwrap();
        assert!(received.text().unwrap() == body, "{version:?} {record_bytes}");
    }
}

/// A record that cannot be decrypted is an error before the end of the answer, and ignored after it.
#[test]
fn a_bad_record_is_an_error_unless_the_answer_is_whole() {
    let authority = authority();
    for (sent, expected) in [(ANSWER, true), (&ANSWER[..20], false)] {
        let server = serving(authority.issue(&["localhost"]).config(), move |tls| {
            // In one write, so that the client reads both at once.
            let mut wire = Vec::new();
            tls.conn.writer().write_all(sent)?;
            while tls.conn.wants_write() {
                tls.conn.write_tls(&mut wire)?;
            }
            wire.extend([23, 3, 3, 0, 32]);
            wire.extend([7; 32]);
            tls.sock.write_all(&wire)
        });
        let outcome = get(&trusting(&authority), &server.url("localhost", "/"));
        match outcome {
            Ok(answer) => assert!(expected, "{answer:?}"),
            Err(error) => {
                assert!(!expected && error.network_cause() == Some(NetworkCause::Tls), "{error}");
            }
        }
    }
}

/// The server's log then has the reason too, and not only that the client has gone.
#[test]
fn the_server_is_told_why_its_certificate_is_not_taken() {
    let (ours, other) = (authority(), Authority::new("another CA", Key::P256));
    let old = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 2, 29);
    let log = Arc::new(Mutex::new(None));
    for (identity, alert, words) in [
        (other.issue(&["localhost"]), AlertDescription::UnknownCA, "none of the CAs"),
        (ours.issue(&["else.example"]), AlertDescription::BadCertificate, "not for localhost but"),
        (ours.issue_with(&["localhost"], old), AlertDescription::CertificateExpired, "expired"),
    ] {
        for version in [&TLS12, &TLS13] {
            let config = Arc::new(identity.config_for(&[version]));
            let told = log.clone();
            let server = Server::start(move |mut connection| {
                let mut tls = ServerConnection::new(config.clone()).unwrap();
                let end = tls.complete_io(&mut connection).unwrap_err();
                let end = end.downcast::<rustls::Error>().map_err(|error| error.to_string());
                *told.lock().unwrap() = Some(end);
                Ok(())
            });
            let error = get(&trusting(&ours), &server.url("localhost", "/")).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
            let patience = Instant::now() + Duration::from_secs(10);
            while log.lock().unwrap().is_none() && Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(5)); // stopping it would cut the connection
            }
            let told = log.lock().unwrap().take();
            assert_eq!(told, Some(Ok(rustls::Error::AlertReceived(alert))), "{version:?}: {error}");
        }
    }
}

/// Anyone on the network could send plain text before the handshake has ended, so it is never an answer.
#[test]
fn an_unencrypted_answer_within_the_handshake_is_rejected() {
    let record = [&[23, 3, 3, 0, ANSWER.len() as u8], ANSWER].concat();
    for pieces in [vec![record.clone()], vec![vec![22, 3, 3, 0, 4, 2, 0, 0, 0], record]] {
        let server = Server::answering(pieces, Duration::ZERO);
        let error = get(&trusting(&authority()), &server.url("localhost", "/")).unwrap_err();
        assert_eq!(error.network_cause(), Some(NetworkCause::Tls), "{error}");
    }
}

#[test]
fn the_error_says_what_the_servers_alert_means() {
    for (alert, end) in [
        (70, "supported here (1.2 and 1.3); enable one of them on the server"),
        (40, "(P-521 is not supported)"),
        (80, "the server ended the TLS connection with the alert InternalError"),
    ] {
        let server = Server::answering(vec![vec![21, 3, 3, 0, 2, 2, alert]], Duration::ZERO);
        let error = get(&trusting(&authority()), &server.url("localhost", "/")).unwrap_err();
        assert!(error.to_string().ends_with(end), "{alert}: {error}");
    }
}

/// The headers of record and message take 9 bytes, and the version two (RFC 8446 section 4.1.2).
#[test]
fn each_handshake_has_random_numbers_of_its_own() {
    let hellos = Arc::new(Mutex::new(Vec::new()));
    let server = Server::start({
        let hellos = hellos.clone();
        move |mut connection| {
            let mut hello = [0; 11 + 32];
            connection.read_exact(&mut hello)?;
            hellos.lock().unwrap().push(hello[11..].to_vec());
            Ok(())
        }
    });
    for _ in 0..2 {
        get(&trusting(&authority()), &server.url("localhost", "/")).unwrap_err();
    }
    let hellos = hellos.lock().unwrap();
    assert!(hellos.len() == 2 && hellos[0] != hellos[1], "{hellos:?}");
}

#[test]
fn the_error_tells_a_reset_within_the_handshake_from_a_later_one() {
    let authority = authority();
    let early = Server::start(|mut connection| {
        connection.read_exact(&mut [0])?;
        tls::end_with_a_reset(&connection)
    });
    let closed = Server::start(|mut connection| connection.read(&mut [0; 4096]).map(drop));
    for server in [early, closed] {
        let error = get(&trusting(&authority), &server.url("localhost", "/")).unwrap_err();
        assert!(error.to_string().contains("does it speak TLS?"), "{error}");
    }
    let late =
        serving(authority.issue(&["localhost"]).config(), |tls| tls::end_with_a_reset(&tls.sock));
    let error = get(&trusting(&authority), &late.url("localhost", "/")).unwrap_err();
    assert!(error.to_string().ends_with("; the server closed the connection"), "{error}");
    assert_eq!(error.network_cause(), Some(NetworkCause::Io), "{error}");
}

#[test]
fn an_answer_before_the_request_is_sent_is_read() {
    let authority = authority();
    let server = serving(authority.issue(&["localhost"]).config(), |tls| {
        tls.write_all(b"HTTP/1.1 413 Too large\r\nContent-Length: 4\r\n\r\nmuch")?;
        tls.flush()
    });
    // More than the socket buffers hold.
    let request = Request::post(&server.url("localhost", "/"))
        .unwrap()
        .with_form(&[("data", &"x".repeat(6 * 1024 * 1024))]);
    let http = trusting(&authority);
    let response = http.send(&request, Instant::now() + Duration::from_secs(20)).unwrap();
    assert_eq!((response.status(), response.body()), (413, &b"much"[..]));
}

#[test]
fn sending_a_large_request_to_a_slow_reader_ends_at_the_deadline() {
    let authority = authority();
    let server = serving(authority.issue(&["localhost"]).config(), |tls| {
        for _ in 0..100 {
            std::thread::sleep(Duration::from_millis(20));
            tls.read_exact(&mut [0; 64])?;
        }
        Ok(())
    });
    // More than the socket buffers hold.
    let request = Request::post(&server.url("localhost", "/"))
        .unwrap()
        .with_form(&[("data", &"x".repeat(6 * 1024 * 1024))]);
    let http = trusting(&authority);
    let (error, took) = within(Duration::from_secs(30), move || {
        let asked = Stopwatch::start();
        let error = http.send(&request, Instant::now() + Duration::from_secs(1)).unwrap_err();
        (error, asked.elapsed())
    });
    assert_eq!(error.kind(), Kind::Timeout, "{error}");
    // A debug build takes long to encrypt and to wipe a large body.
    let grace = Duration::from_millis(if cfg!(debug_assertions) { 2000 } else { 500 });
    assert!(took < Duration::from_secs(1) + grace, "{took:?}");
}
