//! The native port locator, against a scripted resolver in this process.

use crate::support::processes;

use crate::support::appliance::{Appliance, Credentials};
use processes::{Outcome, run};
use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PROGRAM: &str = "service_port_locator";
const SERVICE: &str = "qoauth.service.consul";

const CNAME: u16 = 5;
const TXT: u16 = 16;
const SRV: u16 = 33;

const OK: u16 = 0x8180;
const TRUNCATED: u16 = 0x8380;
/// A compression pointer to the question's name.
const ASKED: &[u8] = &[0xC0, 12];

/// A query, from which a script makes the datagrams to send.
type Script = dyn Fn(&Query, &UdpSocket) -> Vec<Vec<u8>> + Send + Sync;

struct Query {
    bytes: Vec<u8>,
    from: SocketAddr,
    /// How many queries came before this one.
    earlier: usize,
}

impl Query {
    /// An answer with this query's id and question.
    fn answer(&self, flags: u16, records: &[Vec<u8>]) -> Vec<u8> {
        let mut message = self.bytes.clone();
        message[2..4].copy_from_slice(&flags.to_be_bytes());
        message[6..8].copy_from_slice(&(records.len() as u16).to_be_bytes());
        message.extend(records.concat());
        message
    }

    fn port(&self, port: u16) -> Vec<u8> {
        self.answer(OK, &[srv(ASKED, 1, 1, port)])
    }
}

fn record(name: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    let mut record = name.to_vec();
    for number in [kind, 1, 0, 60, data.len() as u16] {
        record.extend(number.to_be_bytes());
    }
    record.extend(data);
    record
}

fn srv(name: &[u8], priority: u16, weight: u16, port: u16) -> Vec<u8> {
    srv_to(name, priority, weight, port, b"\x04node\x06consul\0")
}

fn srv_to(name: &[u8], priority: u16, weight: u16, port: u16, target: &[u8]) -> Vec<u8> {
    let numbers = [priority, weight, port].map(u16::to_be_bytes).concat();
    record(name, SRV, &[&numbers, target].concat())
}

struct Resolver {
    address: SocketAddr,
    queries: Arc<Mutex<Vec<Vec<u8>>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Resolver {
    fn start(script: impl Fn(&Query, &UdpSocket) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Self {
        let script: Box<Script> = Box::new(script);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let address = socket.local_addr().unwrap();
        let (queries, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let thread = std::thread::spawn({
            let (queries, over) = (Arc::clone(&queries), Arc::clone(&over));
            move || {
                let mut room = [0; 2048];
                while !over.load(Ordering::Relaxed) {
                    let (len, from) = match socket.recv_from(&mut room) {
                        Ok(query) => query,
                        // A process that was stopped and goes on is interrupted, if the call has a timeout.
                        Err(error) => {
                            let kinds = [
                                ErrorKind::WouldBlock,
                                ErrorKind::TimedOut,
                                ErrorKind::Interrupted,
                            ];
                            assert!(kinds.contains(&error.kind()), "{error}");
                            continue;
                        }
                    };
                    let mut known = queries.lock().unwrap();
                    let bytes = room[..len].to_vec();
                    let query = Query { bytes: bytes.clone(), from, earlier: known.len() };
                    known.push(bytes);
                    drop(known);
                    for datagram in script(&query, &socket) {
                        // The program may have ended after an earlier answer.
                        let _ = socket.send_to(&datagram, from);
                    }
                }
            }
        });
        Resolver { address, queries, over, thread: Some(thread) }
    }

    fn queries(&self) -> Vec<Vec<u8>> {
        self.queries.lock().unwrap().clone()
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let ended = self.thread.take().unwrap().join();
        if !std::thread::panicking() {
            ended.expect("the resolver's thread");
        }
    }
}

struct Settings {
    _folder: TempDir,
    file: String,
}

fn settings(text: impl AsRef<[u8]>) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("resolv.conf");
    std::fs::write(&file, text).unwrap();
    Settings { file: file.to_str().unwrap().to_owned(), _folder: folder }
}

fn pointing_to(resolvers: &[&Resolver]) -> Settings {
    let mut text = b"# a caf\xe9's\nsearch example.org\noptions ndots:1\n".to_vec();
    for resolver in resolvers {
        text.extend(format!("nameserver 127.0.0.1#{}\n", resolver.address.port()).bytes());
    }
    settings(text)
}

fn locate(settings: &Settings, service: &str) -> Outcome {
    run(PROGRAM, &[service], &[("RESOLV_CONF", &settings.file)])
}

fn ask(resolver: &Resolver) -> Outcome {
    locate(&pointing_to(&[resolver]), SERVICE)
}

#[track_caller]
fn expect_port(outcome: &Outcome, port: u16) {
    assert_eq!(
        (outcome.status, outcome.out.as_str(), outcome.err.as_str()),
        (Some(0), format!("{port}\n").as_str(), ""),
        "{outcome:?}"
    );
}

#[test]
fn the_query_is_for_srv_and_the_port_is_printed() {
    let resolver = Resolver::start(|query, _| vec![query.port(8080)]);
    let settings = pointing_to(&[&resolver]);
    let longest =
        format!("{}.{}.{}.{}", "a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61));
    for (name, asked) in [
        (SERVICE, "\x06qoauth\x07service\x06consul\0"),
        ("qoauth.service.consul.", "\x06qoauth\x07service\x06consul\0"),
        ("_qoauth._tcp.Local", "\x07_qoauth\x04_tcp\x05Local\0"),
        ("qoauth", "\x06qoauth\0"),
    ] {
        expect_port(&locate(&settings, name), 8080);
        let query = resolver.queries().pop().unwrap();
        let expected =
            [&b"\x01\0\0\x01\0\0\0\0\0\0"[..], asked.as_bytes(), &[0, 33, 0, 1]].concat();
        assert_eq!(query[2..], expected, "{name}: {query:?}");
    }
    expect_port(&locate(&settings, &longest), 8080);
    assert_eq!(resolver.queries().len(), 5, "one query for each run");
}

#[test]
fn every_run_has_an_id_of_its_own() {
    let resolver = Resolver::start(|query, _| vec![query.port(8080)]);
    let settings = pointing_to(&[&resolver]);
    for _ in 0..20 {
        expect_port(&locate(&settings, SERVICE), 8080);
    }
    let ids: BTreeSet<_> = resolver.queries().iter().map(|query| query[..2].to_vec()).collect();
    assert!(ids.len() > 15, "{ids:?}");
}

#[test]
fn an_answer_is_read_by_rfc_2782_and_rfc_1034() {
    type Answer = fn(&Query) -> Vec<u8>;
    let cases: [(&str, Answer, u16); 8] = [
        (
            "the lowest priority",
            |q| q.answer(OK, &[srv(ASKED, 2, 9, 1), srv(ASKED, 1, 0, 7), srv(ASKED, 3, 9, 2)]),
            7,
        ),
        (
            "priority before weight",
            |q| q.answer(OK, &[srv(ASKED, 0, 0, 7), srv(ASKED, 1, 65535, 1)]),
            7,
        ),
        ("port 0 is no port", |q| q.answer(OK, &[srv(ASKED, 0, 0, 0), srv(ASKED, 1, 0, 7)]), 7),
        (
            "the root is no target",
            |q| q.answer(OK, &[srv_to(ASKED, 0, 0, 1, b"\0"), srv(ASKED, 1, 0, 7)]),
            7,
        ),
        (
            "other records",
            |q| q.answer(OK, &[record(ASKED, TXT, b"\x01x"), srv(ASKED, 0, 0, 7)]),
            7,
        ),
        (
            "another name's record",
            |q| q.answer(OK, &[srv(b"\x01x\0", 0, 0, 1), srv(ASKED, 1, 0, 7)]),
            7,
        ),
        (
            "an alias, whatever its case and place",
            |q| {
                q.answer(
                    OK,
                    &[
                        srv(b"\x05OTHER\x06consul\0", 0, 0, 7),
                        record(ASKED, CNAME, b"\x05other\x06consul\0"),
                    ],
                )
            },
            7,
        ),
        ("the highest port", |q| q.port(65535), 65535),
    ];
    for (name, answer, port) in cases {
        let resolver = Resolver::start(move |query, _| vec![answer(query)]);
        let outcome = ask(&resolver);
        assert_eq!(outcome.out, format!("{port}\n"), "{name}: {outcome:?}");
    }
}

#[test]
fn among_equal_priorities_the_choice_is_random_by_weight() {
    let resolver = Resolver::start(|query, _| {
        vec![query.answer(OK, &[srv(ASKED, 1, 30, 3), srv(ASKED, 1, 10, 1)])]
    });
    let settings = pointing_to(&[&resolver]);
    let runs = 200;
    let heavy = (0..runs)
        .map(|_| locate(&settings, SERVICE))
        .filter(|outcome| match outcome.out.as_str() {
            "3\n" => true,
            "1\n" => false,
            _ => panic!("{outcome:?}"),
        })
        .count();
    // Three quarters are expected; the bounds are six standard deviations away.
    assert!((110..=187).contains(&heavy), "{heavy} of {runs}");
}

#[test]
fn an_unknown_service_is_not_asked_for_again_and_has_its_own_status() {
    type Answer = fn(&Query) -> Vec<u8>;
    let cases: [(Answer, &str); 6] = [
        (|q| q.answer(0x8183, &[]), "is not known to DNS"),
        (|q| q.answer(OK, &[]), "has no SRV record"),
        (|q| q.answer(OK, &[record(ASKED, TXT, b"\x01x")]), "has no SRV record"),
        (|q| q.answer(OK, &[srv(b"\x01x\0", 0, 0, 1)]), "has no SRV record"),
        (|q| q.answer(OK, &[srv(ASKED, 0, 0, 0)]), "is not offered"),
        (|q| q.answer(OK, &[srv_to(ASKED, 0, 0, 1, b"\0")]), "is not offered"),
    ];
    for (answer, part) in cases {
        let resolver = Resolver::start(move |query, _| vec![answer(query)]);
        let other = Resolver::start(|query, _| vec![query.port(8080)]);
        let outcome = locate(&pointing_to(&[&resolver, &other]), SERVICE);
        outcome.expect_failure(PROGRAM, 3, part);
        outcome.expect_failure(PROGRAM, 3, SERVICE);
        assert_eq!((resolver.queries().len(), other.queries().len()), (1, 0), "{part}");
    }
    // Aliases in a circle.
    let circle = Resolver::start(|query, _| vec![query.answer(OK, &[record(ASKED, CNAME, ASKED)])]);
    ask(&circle).expect_failure(PROGRAM, 3, "has no SRV record");
}

#[test]
fn after_a_resolver_that_fails_the_next_is_asked() {
    for (code, part) in
        [(1, "FORMERR"), (2, "SERVFAIL"), (4, "NOTIMP"), (5, "REFUSED"), (9, "response code 9")]
    {
        let failing = move || Resolver::start(move |query, _| vec![query.answer(OK | code, &[])]);
        let (one, other) = (failing(), Resolver::start(|query, _| vec![query.port(8080)]));
        expect_port(&locate(&pointing_to(&[&one, &other]), SERVICE), 8080);
        let (one, other) = (failing(), failing());
        locate(&pointing_to(&[&one, &other]), SERVICE).expect_failure(PROGRAM, 4, part);
        assert_eq!((one.queries().len(), other.queries().len()), (2, 2), "{part}: asked twice");
    }
}

#[test]
fn a_port_where_nothing_listens_is_a_network_failure_at_once() {
    let start = Instant::now();
    let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let outcome = locate(&settings(format!("nameserver 127.0.0.1#{free}\n")), SERVICE);
    outcome.expect_failure(PROGRAM, 4, "refused");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn a_silent_resolver_times_out_after_five_seconds_and_a_lost_datagram_is_repeated() {
    let silent = Resolver::start(|_, _| Vec::new());
    let start = Instant::now();
    ask(&silent).expect_failure(PROGRAM, 5, "within 5 s");
    let took = start.elapsed();
    assert!((4.9..5.5).contains(&took.as_secs_f64()), "{took:?}");
    assert_eq!(silent.queries().len(), 2);

    let second =
        Resolver::start(
            |query, _| {
                if query.earlier == 0 { Vec::new() } else { vec![query.port(8080)] }
            },
        );
    expect_port(&ask(&second), 8080);
}

#[test]
fn a_datagram_that_is_not_the_answer_is_ignored() {
    type Forgery = fn(&Query) -> Vec<u8>;
    let forgeries: [(&str, Forgery); 14] = [
        ("another id", |q| with(q.port(666), |m| m[1] ^= 1)),
        ("a query", |q| with(q.port(666), |m| m[2] &= 0x7F)),
        ("another name", |q| with(q.port(666), |m| m[13] ^= 1)),
        ("another type", |q| with(q.port(666), |m| m[12 + 23 + 1] = 1)),
        ("another class", |q| with(q.port(666), |m| m[12 + 23 + 3] = 3)),
        ("no question", |q| with(q.port(666)[..12].to_vec(), |m| m[5] = 0)),
        ("two questions", |q| with(q.port(666), |m| m[5] = 2)),
        ("nothing", |_| Vec::new()),
        ("half a head", |q| q.bytes[..7].to_vec()),
        ("a head alone", |q| q.port(666)[..12].to_vec()),
        ("cut short in a record", |q| with(q.port(666), |m| m.truncate(m.len() - 3))),
        ("65535 records", |q| with(q.port(666), |m| m[6..8].fill(0xFF))),
        ("a name that points to itself", |q| q.answer(OK, &[srv(&[0xC0, 39], 0, 0, 666)])),
        ("a name that points ahead", |q| q.answer(OK, &[srv(&[0xC0, 60], 0, 0, 666)])),
    ];
    for (name, forgery) in forgeries {
        let resolver =
            Resolver::start(move |query, _| vec![forgery(query), forgery(query), query.port(8080)]);
        let outcome = ask(&resolver);
        assert_eq!(outcome.out, "8080\n", "{name}: {outcome:?}");
        assert_eq!(resolver.queries().len(), 1, "{name}");
    }
    let all = Resolver::start(move |query, _| {
        forgeries.iter().map(|(_, forgery)| forgery(query)).collect()
    });
    ask(&all).expect_failure(PROGRAM, 7, "no answer");
}

fn with(mut message: Vec<u8>, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    change(&mut message);
    message
}

#[test]
fn an_answer_from_another_address_is_ignored() {
    let resolver = Resolver::start(|query, _| {
        let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
        let _ = stranger.send_to(&query.port(666), query.from);
        vec![query.port(8080)]
    });
    expect_port(&ask(&resolver), 8080);
}

#[test]
fn no_answer_makes_it_panic() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let noise: Vec<u64> = (0..8192).map(|_| random()).collect();
    for round in 0..12 {
        let noise = noise.clone();
        let resolver = Resolver::start(move |query, _| {
            let whole = query.answer(
                OK,
                &[
                    srv(ASKED, 1, 1, 8080),
                    record(ASKED, CNAME, ASKED),
                    record(ASKED, 41, b"\0\x0a\0\x08"),
                ],
            );
            let mut datagrams: Vec<_> = (0..100)
                .map(|index| {
                    let mut message = whole.clone();
                    for change in 0..4 {
                        let number = noise[(round * 400 + index * 4 + change) % noise.len()];
                        let at = 12 + number as usize % (message.len() - 12);
                        message[at] = (number >> 32) as u8;
                    }
                    message[13] ^= 1; // another name, so that it keeps reading
                    message
                })
                .collect();
            datagrams.push(query.port(8080));
            datagrams
        });
        let outcome = ask(&resolver);
        expect_port(&outcome, 8080);
    }
    // The same with the question intact: records that can still be read count.
    for round in 0..40 {
        let noise = noise.clone();
        let resolver = Resolver::start(move |query, _| {
            let records =
                [srv(ASKED, 1, 1, 8080), record(ASKED, CNAME, ASKED), srv(ASKED, 1, 1, 8080)];
            let mut message = query.answer(OK, &records);
            let records_at = query.bytes.len();
            for change in 0..4 {
                let number = noise[(round * 4 + change) % noise.len()];
                let at = records_at + number as usize % (message.len() - records_at);
                message[at] = (number >> 32) as u8;
            }
            vec![message, query.port(8080)]
        });
        let outcome = ask(&resolver);
        match outcome.status {
            Some(0) => assert!(outcome.out.trim_end().parse::<u16>().is_ok(), "{outcome:?}"),
            Some(3) => outcome.expect_failure(PROGRAM, 3, "SRV record"),
            _ => panic!("{outcome:?}"),
        }
    }
}

#[test]
fn an_answer_that_does_not_fit_is_fetched_over_tcp() {
    type Respond = fn(&Query) -> Vec<u8>;
    let whole: Respond = |q| {
        let records: Vec<_> = (0..100).map(|n| srv(ASKED, 100 - n, 1, 8000 + n)).collect();
        let message = q.answer(OK, &records);
        [&(message.len() as u16).to_be_bytes(), &message[..]].concat()
    };
    let cut: Respond = |q| [&500_u16.to_be_bytes(), &q.port(666)[..]].concat();
    let other: Respond = |q| {
        let message = with(q.port(666), |m| m[0] ^= 1);
        [&(message.len() as u16).to_be_bytes(), &message[..]].concat()
    };
    let again: Respond = |q| {
        let message = q.answer(TRUNCATED, &[]);
        [&(message.len() as u16).to_be_bytes(), &message[..]].concat()
    };
    for (respond, expected) in [
        (Some(whole), Ok(8099)),
        (Some(cut), Err((7, "no answer"))),
        (Some(other), Err((7, "no answer"))),
        (Some(again), Err((7, "no answer"))),
        (None, Err((4, "refused"))),
    ] {
        // UDP and TCP must have the same port, which another process may have in TCP: then another one is tried.
        let (resolver, listener) = (0..20)
            .find_map(|_| {
                let resolver = Resolver::start(|query, _| {
                    // Truncated as servers do: at 512 bytes, within a record, with the counts of the whole answer.
                    let records: Vec<_> = (0..100).map(|_| srv(ASKED, 1, 1, 666)).collect();
                    vec![with(query.answer(TRUNCATED, &records), |m| m.truncate(512))]
                });
                TcpListener::bind(resolver.address).ok().map(|listener| (resolver, listener))
            })
            .expect("a port that is free in UDP and TCP");
        let server = match respond {
            None => {
                drop(listener);
                None
            }
            Some(respond) => Some(std::thread::spawn(move || {
                let mut len = [0; 2];
                while let Ok((mut stream, from)) = listener.accept() {
                    if stream.read_exact(&mut len).is_err() {
                        return; // the test's own connection, which ends this thread
                    }
                    let mut bytes = vec![0; usize::from(u16::from_be_bytes(len))];
                    stream.read_exact(&mut bytes).unwrap();
                    stream.write_all(&respond(&Query { bytes, from, earlier: 0 })).unwrap();
                }
            })),
        };
        let outcome = ask(&resolver);
        if let Some(server) = server {
            drop(TcpStream::connect(resolver.address));
            server.join().unwrap();
        }
        match expected {
            Ok(port) => expect_port(&outcome, port),
            Err((status, part)) => outcome.expect_failure(PROGRAM, status, part),
        }
    }
}

#[test]
fn wrong_settings_are_named() {
    let good = settings("nameserver 127.0.0.1#1\n");
    let long = "a".repeat(64);
    for arguments in [&[][..], &["a", "b"]] {
        run(PROGRAM, arguments, &[("RESOLV_CONF", &good.file)]).expect_failure(
            PROGRAM,
            2,
            "usage: service_port_locator NAME",
        );
    }
    for name in ["", ".", "a..b", ".a", "a b", "a\nb", "bücher", "a\\b", &long, &"a.".repeat(128)]
    {
        locate(&good, name).expect_failure(PROGRAM, 2, "not a name of DNS");
    }
    run(PROGRAM, &["a"], &[("RESOLV_CONF", "/nonexistent/resolv.conf")]).expect_failure(
        PROGRAM,
        2,
        "/nonexistent/resolv.conf",
    );
    let folder = std::env::temp_dir();
    run(PROGRAM, &["a"], &[("RESOLV_CONF", folder.to_str().unwrap())]).expect_failure(
        PROGRAM,
        2,
        "not a regular file",
    );
    for line in [
        "nameserver",
        "nameserver x",
        "nameserver fe80::1%lo",
        "nameserver 127.0.0.1#0",
        "nameserver 1.2.3.4#99999",
    ] {
        locate(&settings(line), "a").expect_failure(PROGRAM, 2, "no nameserver with an address");
    }
    let help = run(PROGRAM, &["--help"], &[]);
    assert_eq!((help.status, help.out.as_str()), (Some(0), "usage: service_port_locator NAME\n"));
}

#[test]
fn jsa_accepts_it_as_the_port_locator() {
    let appliance = Appliance::start(Credentials::default()).expect("the appliance starts");
    let port = appliance.qoauth_url().rsplit(':').next().unwrap().parse().unwrap();
    let resolver = Resolver::start(move |query, _| vec![query.port(port)]);
    let outcome = run(
        "background_process",
        &[],
        &[
            ("CLIENT_ID", &appliance.credentials().client_id),
            ("CLIENT_SECRET", &appliance.credentials().client_secret),
            ("QOAUTH_HOST", "127.0.0.1"),
            ("SERVICE_PORT_LOCATOR", processes::example(PROGRAM).to_str().unwrap()),
            ("RESOLV_CONF", &pointing_to(&[&resolver]).file),
            ("CONSOLE_URL", &appliance.console_url()),
            ("POLL_COUNT", "1"),
        ],
    );
    assert_eq!((outcome.status, outcome.err.as_str()), (Some(0), ""), "{outcome:?}");
    assert_eq!(appliance.qoauth_requests(), 1);
}
