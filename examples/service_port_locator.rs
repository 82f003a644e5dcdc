//! Prints the port of a service from DNS. Replaces `/service_port_locator.py` in images without Python.
//!
//! ```text
//! service_port_locator NAME
//! ```
//!
//! It sends one SRV query ([RFC 2782](https://www.rfc-editor.org/rfc/rfc2782)) for NAME, with or without a dot at its
//! end, and uses no search list. Of several records it chooses the one with the lowest priority, among equal ones at
//! random by weight. It prints the port and a newline. An error is one line on standard error, and the exit status is
//! its kind: 2 settings, 3 no such service, 4 network, 5 timeout, 7 malformed answer.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `RESOLV_CONF` | another file than `/etc/resolv.conf` |
//!
//! The first three `nameserver` lines with an address are used; an address with a zone (`fe80::1%eth0`) is not supported.
//! A port may follow the address, as dnsmasq writes it: `nameserver 127.0.0.1#8600`. Without the file or a `nameserver`
//! line the resolver on this machine is asked. Each resolver is asked at most twice, over UDP, and over TCP if the answer
//! was truncated; all of it takes at most 5 s.

mod program;

use minbearer::Error;
use simple_dns::rdata::{RData, SRV};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str = "usage: service_port_locator NAME";
const DEFAULT_FILE: &str = "/etc/resolv.conf";
const MAX_FILE_BYTES: u64 = 64 * 1024;
/// The same limit as the C library's resolver, `MAXNS`.
const MAX_RESOLVERS: usize = 3;
const ROUNDS: u32 = 2;
const TIMEOUT: Duration = Duration::from_secs(5);
/// Four times the limit of an answer over UDP.
const MAX_DATAGRAM_BYTES: usize = 2048;
/// How many aliases are followed.
const MAX_ALIASES: usize = 8;
/// The smallest record: the root as its name, type, class, time to live, length.
const MIN_RECORD_BYTES: usize = 11;
/// The bit of a message's third byte that marks it as truncated.
const TRUNCATION: u8 = 0b10;

fn main() -> ExitCode {
    program::exit("service_port_locator", run())
}

fn run() -> Result<(), Error> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(name), None) = (arguments.next(), arguments.next()) else {
        return Err(Error::config(USAGE));
    };
    if name == "-h" || name == "--help" {
        return program::print(&format!("{USAGE}\n"));
    }
    let service = name.to_str().and_then(service_name);
    let service =
        service.ok_or_else(|| Error::config(format!("NAME is not a name of DNS; {USAGE}")))?;
    let port = locate(service, &resolvers()?)?;
    program::print(&format!("{port}\n"))
}

/// The name without a dot at its end, if it is a valid name of a service in DNS.
fn service_name(text: &str) -> Option<&str> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    (name.len() <= 253 && name.split('.').all(is_label)).then_some(name)
}

fn resolvers() -> Result<Vec<SocketAddr>, Error> {
    let chosen = program::variable("RESOLV_CONF")?;
    let path = chosen.as_deref().unwrap_or(DEFAULT_FILE);
    let bytes = match read_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound && chosen.is_none() => Vec::new(),
        read => read.map_err(|error| Error::config(format!("could not read {path}: {error}")))?,
    };
    let text = String::from_utf8_lossy(&bytes);
    let named: Vec<&str> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            (words.next() == Some("nameserver")).then(|| words.next().unwrap_or_default())
        })
        .collect();
    let resolvers: Vec<_> =
        named.iter().filter_map(|text| address(text)).take(MAX_RESOLVERS).collect();
    match (named.first(), resolvers.is_empty()) {
        (None, _) => Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 53))]),
        (Some(_), true) => Err(Error::config(format!("{path} has no nameserver with an address"))),
        (Some(_), false) => Ok(resolvers),
    }
}

fn read_file(path: &str) -> std::io::Result<Vec<u8>> {
    // Checked before it is opened, because opening a pipe blocks until its other end is open.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = match text.split_once('#') {
        Some((address, port)) => (address, port.parse().ok().filter(|port| *port != 0)?),
        None => (text, 53),
    };
    Some(SocketAddr::new(address.parse().ok()?, port))
}

/// Asks one resolver after the other until one has the answer.
fn locate(service: &str, resolvers: &[SocketAddr]) -> Result<u16, Error> {
    let chance = Chance(RandomState::new());
    let end = Instant::now() + TIMEOUT;
    let wait = TIMEOUT / (ROUNDS * resolvers.len() as u32);
    let mut failure = Failure::Silent;
    for attempt in 0..ROUNDS as usize * resolvers.len() {
        let query = Query { id: chance.id(attempt), name: Name::new_unchecked(service) };
        let deadline = end.min(Instant::now() + wait);
        match query.ask(resolvers[attempt % resolvers.len()], deadline, &chance) {
            Ok(port) => return Ok(port),
            Err(Failure::NoService(what)) => {
                return Err(Error::locator(format!("{service} {what}")));
            }
            // Another resolver's error says more than a timeout.
            Err(Failure::Silent) => {}
            Err(other) => failure = other,
        }
    }
    let asked: Vec<String> = resolvers.iter().map(ToString::to_string).collect();
    let asked = asked.join(", ");
    Err(match failure {
        Failure::Silent | Failure::NoService(_) => Error::timeout(format!(
            "no answer from the resolver ({asked}) for {service} within {} s",
            TIMEOUT.as_secs()
        )),
        Failure::Network(what) => {
            Error::network(format!("could not ask the resolver ({asked}) for {service}: {what}"))
        }
        Failure::Failed(code) => Error::network(format!(
            "the resolver ({asked}) could not answer for {service}: {}",
            describe(code)
        )),
        Failure::Malformed => {
            Error::malformed(format!("the resolver ({asked}) sent what is no answer for {service}"))
        }
    })
}

enum Failure {
    /// The answer is final: there is no such service, and no other resolver is asked.
    NoService(&'static str),
    Silent,
    Network(std::io::Error),
    Failed(RCODE),
    Malformed,
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Failure::Silent,
            _ => Failure::Network(error),
        }
    }
}

struct Query<'a> {
    id: u16,
    name: Name<'a>,
}

/// How one message was read.
enum Reading {
    /// Not an answer to this query: an old or forged one.
    Other,
    Truncated,
    Answer(Result<u16, Failure>),
}

impl Query<'_> {
    fn to_bytes(&self) -> Result<Vec<u8>, Failure> {
        let mut packet = Packet::new_query(self.id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        packet.questions.push(Question::new(
            self.name.clone(),
            QTYPE::TYPE(TYPE::SRV),
            QCLASS::CLASS(CLASS::IN),
            false,
        ));
        packet.build_bytes_vec().map_err(|_| Failure::Malformed)
    }

    fn ask(
        &self,
        resolver: SocketAddr,
        deadline: Instant,
        chance: &Chance,
    ) -> Result<u16, Failure> {
        let query = self.to_bytes()?;
        let any: IpAddr = match resolver {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        // A random port and a connected socket: only this resolver's datagrams are received.
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect(resolver)?;
        socket.send(&query)?;
        let mut datagram = [0; MAX_DATAGRAM_BYTES];
        let mut failure = Failure::Silent;
        loop {
            let Some(left) = left(deadline) else { return Err(failure) };
            socket.set_read_timeout(Some(left))?;
            let len = match socket.recv(&mut datagram) {
                Ok(len) => len,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => match Failure::from(error) {
                    Failure::Silent => return Err(failure),
                    other => return Err(other),
                },
            };
            match self.read(&datagram[..len], chance) {
                Reading::Other => failure = Failure::Malformed,
                Reading::Truncated => return self.ask_by_tcp(resolver, &query, deadline, chance),
                Reading::Answer(answer) => return answer,
            }
        }
    }

    fn ask_by_tcp(
        &self,
        resolver: SocketAddr,
        query: &[u8],
        deadline: Instant,
        chance: &Chance,
    ) -> Result<u16, Failure> {
        let mut stream =
            TcpStream::connect_timeout(&resolver, left(deadline).ok_or(Failure::Silent)?)?;
        stream.set_write_timeout(Some(left(deadline).ok_or(Failure::Silent)?))?;
        let len = u16::try_from(query.len()).map_err(|_| Failure::Malformed)?;
        stream.write_all(&[&len.to_be_bytes(), query].concat())?;
        let mut len = [0; 2];
        read_exact(&mut stream, &mut len, deadline)?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(len))];
        read_exact(&mut stream, &mut message, deadline)?;
        match self.read(&message, chance) {
            Reading::Answer(answer) => answer,
            Reading::Other | Reading::Truncated => Err(Failure::Malformed),
        }
    }

    fn read(&self, message: &[u8], chance: &Chance) -> Reading {
        let Some(&[id0, id1, flags, _, _, _]) = message.get(..6) else { return Reading::Other };
        let Some(counts) = message.get(6..12) else { return Reading::Other };
        let is_truncated = flags & TRUNCATION != 0;
        let records: usize = counts.chunks(2).map(number).sum();
        // The parser allocates for as many records as the message announces.
        if u16::from_be_bytes([id0, id1]) != self.id
            || (!is_truncated && records * MIN_RECORD_BYTES > message.len())
        {
            return Reading::Other;
        }
        let mut message = message.to_vec();
        if is_truncated {
            // It may end within a record; only the question is read.
            message[6..12].fill(0);
        }
        let Ok(packet) = Packet::parse(&message) else { return Reading::Other };
        let [question] = packet.questions.as_slice() else { return Reading::Other };
        if !packet.has_flags(PacketFlag::RESPONSE)
            || question.qname != self.name
            || question.qtype != QTYPE::TYPE(TYPE::SRV)
            || question.qclass != QCLASS::CLASS(CLASS::IN)
        {
            return Reading::Other;
        }
        if is_truncated {
            return Reading::Truncated;
        }
        Reading::Answer(match packet.rcode() {
            RCODE::NoError => self.choose(&packet, chance),
            RCODE::NameError => Err(Failure::NoService("is not known to DNS")),
            code => Err(Failure::Failed(code)),
        })
    }

    fn choose(&self, packet: &Packet, chance: &Chance) -> Result<u16, Failure> {
        let records = || packet.answers.iter().filter(|record| record.class == CLASS::IN);
        let mut owner = &self.name;
        for _ in 0..MAX_ALIASES {
            let alias = records().find_map(|record| match &record.rdata {
                RData::CNAME(alias) if record.name == *owner => Some(&alias.0),
                _ => None,
            });
            let Some(alias) = alias else { break };
            owner = alias;
        }
        let services: Vec<&SRV> = records()
            .filter_map(|record| match &record.rdata {
                RData::SRV(service) if record.name == *owner => Some(service),
                _ => None,
            })
            .collect();
        if services.is_empty() {
            return Err(Failure::NoService("has no SRV record"));
        }
        let usable: Vec<&SRV> = services
            .into_iter()
            // RFC 2782: the root as target means that the service is not available.
            .filter(|service| service.port != 0 && !service.target.get_labels().is_empty())
            .collect();
        let by_weight = by_priority(&usable);
        let total: u64 = by_weight.iter().map(|service| u64::from(service.weight)).sum();
        let mut left = chance.up_to(total);
        for service in by_weight {
            match left.checked_sub(u64::from(service.weight)) {
                Some(rest) if rest > 0 => left = rest,
                _ => return Ok(service.port),
            }
        }
        Err(Failure::NoService("is not offered anywhere: its SRV record has no target or no port"))
    }
}

/// The records of the lowest priority, those without weight first, as the algorithm of RFC 2782 requires.
fn by_priority<'a>(services: &[&'a SRV<'a>]) -> Vec<&'a SRV<'a>> {
    let lowest = services.iter().map(|service| service.priority).min();
    let mut chosen: Vec<_> =
        services.iter().copied().filter(|service| Some(service.priority) == lowest).collect();
    chosen.sort_unstable_by_key(|service| service.weight != 0);
    chosen
}

/// Random numbers, derived from the random keys of the standard library's hasher.
struct Chance(RandomState);

impl Chance {
    fn id(&self, attempt: usize) -> u16 {
        self.0.hash_one(("id", attempt)) as u16
    }

    fn up_to(&self, most: u64) -> u64 {
        self.0.hash_one("weight") % (most + 1)
    }
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn left(deadline: Instant) -> Option<Duration> {
    Some(deadline.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
}

fn read_exact(
    stream: &mut TcpStream,
    mut room: &mut [u8],
    deadline: Instant,
) -> Result<(), Failure> {
    while !room.is_empty() {
        stream.set_read_timeout(Some(left(deadline).ok_or(Failure::Silent)?))?;
        match stream.read(room) {
            Ok(0) => return Err(Failure::Malformed),
            Ok(read) => room = &mut room[read..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn describe(code: RCODE) -> String {
    match code {
        RCODE::FormatError => String::from("it did not understand the query (FORMERR)"),
        RCODE::ServerFailure => String::from("it failed (SERVFAIL)"),
        RCODE::NotImplemented => String::from("it does not know such queries (NOTIMP)"),
        RCODE::Refused => String::from("it refused (REFUSED)"),
        other => format!("response code {}", other as u16),
    }
}
