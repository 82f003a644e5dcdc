//! The HTTP exchange: which address it connects to, its `Host` header, and the allocations of reading an answer.

use crate::support::hostile::{Port, Server, Step};
use minbearer::{
    Error, Http, Kind, NetworkCause, Request, Transport, accelerator, client_credentials, jsa,
};
use std::net::{Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(20);

type Call = fn(&str) -> Result<(), Error>;

const CALLS: &[(&str, Call)] = &[
    ("jsa", |url| {
        let config = jsa::Config::new("id", "secret")?.with_qoauth_url(url)?;
        jsa::get_token(&config.with_timeout(TIMEOUT)).map(drop)
    }),
    ("accelerator", |url| {
        let config = accelerator::Config::new(url, "rose", "password")?;
        accelerator::get_token(&config.with_timeout(TIMEOUT)).map(drop)
    }),
    ("client_credentials", |url| {
        let config = client_credentials::Config::new(&format!("{url}/t"), "id", "secret")?;
        client_credentials::get_token(&config.with_timeout(TIMEOUT)).map(drop)
    }),
    ("an API call", |url| send(url, 1_000_000).map(drop)),
];

fn send(url: &str, max_answer_bytes: usize) -> Result<usize, Error> {
    let request = Request::get(url)?.with_max_answer_bytes(max_answer_bytes);
    Ok(Http::new().send(&request, Instant::now() + TIMEOUT)?.body().len())
}

fn answering() -> Port {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"access_token\":\"t0k\"}";
    Port::Script(vec![Step::Request, Step::send(answer)])
}

/// The values of the `Host` headers that the server received.
fn hosts(server: &Server) -> Vec<String> {
    let host = |request: Vec<u8>| {
        let head = String::from_utf8_lossy(&request).into_owned();
        let hosts: Vec<_> = head.lines().filter_map(|line| line.strip_prefix("Host: ")).collect();
        hosts.join(", and ")
    };
    server.requests().into_iter().map(host).collect()
}

#[test]
fn an_ipv6_address_is_connected_to_and_is_in_the_host_header() {
    for (name, call) in CALLS {
        for host in ["[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]"] {
            let address = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
            let server = Server::start_at(address, answering()).expect("a port");
            let host = format!("{host}:{}", server.port());
            call(&format!("http://{host}")).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(hosts(&server), [host], "{name}");
        }
    }
    // An IPv4-mapped IPv6 address.
    let server = Server::start(answering());
    let host = format!("[::ffff:127.0.0.1]:{}", server.port());
    send(&format!("http://{host}"), 1000).unwrap();
    assert_eq!(hosts(&server), [host]);
}

#[test]
fn localhost_is_the_loopback_address_that_listens() {
    for (name, call) in CALLS {
        for host in ["localhost", "LOCALHOST", "localhost."] {
            for listens in [[true, false], [false, true], [true, true]] {
                let [v4, v6] = listens
                    .map(|listens| move || if listens { answering() } else { Port::Refusing });
                let servers = Server::start_at_localhost(v4, v6);
                let host = format!("{host}:{}", servers[0].port());
                call(&format!("http://{host}"))
                    .unwrap_or_else(|error| panic!("{name}, {host}, {listens:?}: {error}"));
                let asked = if listens[0] { [1, 0] } else { [0, 1] };
                assert_eq!(servers.each_ref().map(Server::connections), asked, "{name}");
                assert_eq!(servers.iter().flat_map(hosts).collect::<Vec<_>>(), [host], "{name}");
            }
        }
    }
}

#[test]
fn the_error_says_that_nothing_listens() {
    let [first, _second] = Server::start_at_localhost(|| Port::Refusing, || Port::Refusing);
    for (name, call) in CALLS {
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            let host = format!("{host}:{}", first.port());
            let error = call(&format!("http://{host}")).expect_err(name);
            assert_eq!(error.kind(), Kind::Network, "{error}");
            assert_eq!(error.network_cause(), Some(NetworkCause::Connect), "{error}");
            let text = error.to_string();
            assert!(text.contains(&host) && text.contains("nothing listens there"), "{text}");
        }
    }
}

/// Nothing listens on the other one of the two addresses, which is not what is wrong.
#[test]
fn of_the_failures_at_localhost_the_one_that_came_furthest_is_reported() {
    type Make = fn() -> Port;
    const REFUSING: Make = || Port::Refusing;
    const FULL: Make = || Port::Full;
    const RESETTING: Make = || Port::Script(vec![Step::Request, Step::Reset]);
    for (name, v4, v6, kind, words) in [
        ("127.0.0.1 is silent", FULL, REFUSING, Kind::Timeout, "not answered in time"),
        ("::1 is silent", REFUSING, FULL, Kind::Timeout, "not answered in time"),
        (
            "127.0.0.1 hangs up",
            RESETTING,
            REFUSING,
            Kind::Network,
            "the server closed the connection",
        ),
        ("::1 hangs up", REFUSING, RESETTING, Kind::Network, "the server closed the connection"),
    ] {
        let [first, _second] = Server::start_at_localhost(v4, v6);
        let request = Request::get(&format!("http://localhost:{}", first.port())).unwrap();
        let error = Http::new().send(&request, Instant::now() + TIMEOUT / 20).unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert!(error.to_string().contains(words), "{name}: {error}");
    }
}

/// A server answers and closes while the request is still being written.
#[test]
fn an_answer_before_the_request_is_sent_is_read() {
    let answer = "HTTP/1.1 413 Too large\r\nContent-Length: 4\r\n\r\nmuch";
    let server = Server::script(vec![Step::send(answer), Step::Drop]);
    // More than the socket buffers of both sides hold.
    let request = Request::post(&server.url()).unwrap();
    let request = request.with_body("text/plain", vec![b'x'; 6 * 1024 * 1024]).unwrap();
    let response = Http::new().send(&request, Instant::now() + TIMEOUT).unwrap();
    assert_eq!((response.status(), response.body()), (413, &b"much"[..]));
}

/// The allocations while `call` runs: how many, and their bytes.
fn allocated(call: impl FnOnce()) -> (u64, u64) {
    let counted = allocation_counter::measure(call);
    (counted.count_total, counted.bytes_total)
}

/// However small the pieces, a body is copied into buffers of doubling size: twice its size in total, and a little for
/// the rest.
#[test]
fn reading_a_body_allocates_twice_its_size_in_a_few_buffers() {
    const START: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut counts = Vec::new();
    for size in [256 * 1024, 1024 * 1024] {
        let answer = format!("{START}{}0\r\n\r\n", "1\r\n \r\n".repeat(size));
        let until_close = format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat(size));
        let request = Request::get("http://h/").unwrap().with_max_answer_bytes(size);
        for (name, answer, piece) in [
            ("chunks of a byte, in reads of five", &answer, 5),
            ("chunks of a byte", &answer, 4096),
            ("until the end, in reads of five", &until_close, 5),
        ] {
            let mut incoming = request.incoming();
            let (count, bytes) = allocated(|| {
                for bytes in answer.as_bytes().chunks(piece) {
                    incoming.push(bytes).unwrap();
                }
            });
            assert_eq!(incoming.finish().unwrap().body().len(), size, "{name}");
            assert!(bytes <= 2 * size as u64 + 16 * 1024, "{name}: {bytes} bytes for {size}");
            assert!(count <= 60, "{name}: {count} allocations");
            counts.push((name, size, count));
        }
        let server = Server::script(vec![Step::Request, Step::send(&answer)]);
        let (count, bytes) = allocated(|| assert_eq!(send(&server.url(), size).unwrap(), size));
        assert!(bytes <= 2 * size as u64 + 16 * 1024, "{bytes} bytes for {size}");
        assert!(count <= 100, "{count} allocations");
    }
    // Four times the size is two more buffers.
    for (name, _, few) in &counts[..3] {
        let more = counts[3..].iter().find(|(same, ..)| same == name).map(|(.., more)| more);
        assert!(more.is_some_and(|more| *more <= few + 2), "{counts:?}");
    }
}

#[test]
fn a_body_of_a_known_length_needs_one_buffer() {
    let size = 1024 * 1024;
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n{}", " ".repeat(size));
    let request = Request::get("http://h/").unwrap();
    let mut incoming = request.incoming();
    let (_, bytes) = allocated(|| {
        for bytes in answer.as_bytes().chunks(100) {
            incoming.push(bytes).unwrap();
        }
    });
    assert_eq!(incoming.finish().unwrap().body().len(), size);
    assert!(bytes <= size as u64 + 16 * 1024, "{bytes} bytes for {size}");
}
