//! As much of an HTTP/1.1 server as the appliance needs: one request a connection, a thread each.
//!
//! It is not tiny_http 0.12, because a dropped `tiny_http::Server` leaves its threads behind for five
//! seconds, its answers cannot say `Connection: close`, and it allocates the unread rest of a body at
//! the client's word: one large `Content-Length` aborts the process.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, ScopedJoinHandle};
use std::time::{Duration, Instant};

const MAX_HEAD_BYTES: u64 = 64 * 1024;
const MAX_BODY_BYTES: u64 = 64 * 1024;
/// How long a client may take over its request.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a client may take to hang up once it has its answer.
const FAREWELL: Duration = Duration::from_secs(1);
/// How soon a connection notices that its service is stopping.
const TICK: Duration = Duration::from_millis(20);

/// A port of 127.0.0.1 that the system gives to nobody else, whether or not anything listens on it.
///
/// A connection once accepted on it holds it: as long as that socket lives, the system chooses the
/// port for no one, but `SO_REUSEADDR`, which std sets, lets it be bound again by number.
pub struct Port {
    number: u16,
    _holder: TcpStream,
}

impl Port {
    pub fn reserve() -> io::Result<Self> {
        let listener = listen(0)?;
        let address = listener.local_addr()?;
        let _client = TcpStream::connect(address)?;
        let (holder, _) = listener.accept()?;
        Ok(Self { number: address.port(), _holder: holder })
    }

    pub fn number(&self) -> u16 {
        self.number
    }
}

/// A listening port and the thread that answers on it; both end when this is dropped.
pub struct Service {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Listens on `port` of 127.0.0.1, or on a free one if it is 0.
    pub fn start<F>(port: u16, answer: F) -> io::Result<Self>
    where
        F: Fn(&Request) -> Answer + Send + Sync + 'static,
    {
        let listener = listen(port)?;
        let address = listener.local_addr()?;
        let stopping = Arc::new(AtomicBool::new(false));
        let thread = {
            let stopping = Arc::clone(&stopping);
            thread::Builder::new()
                .name(format!("appliance:{}", address.port()))
                .spawn(move || serve(listener, &stopping, &answer))?
        };
        Ok(Self { address, stopping, thread: Some(thread) })
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        let Some(thread) = self.thread.take() else {
            return;
        };
        // `accept` can only be woken by a connection, which fails while descriptors are short.
        while !thread.is_finished() && TcpStream::connect_timeout(&self.address, TICK).is_err() {
            thread::sleep(TICK);
        }
        let _ = thread.join();
    }
}

/// A port that was closed a moment ago can still be held by a child process between its fork and
/// its exec, hence the second's grace.
fn listen(port: u16) -> io::Result<TcpListener> {
    let deadline = Instant::now() + Duration::from_secs(1);
    loop {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(1));
            }
            result => return result,
        }
    }
}

fn serve<F>(listener: TcpListener, stopping: &AtomicBool, answer: &F)
where
    F: Fn(&Request) -> Answer + Sync,
{
    thread::scope(|scope| {
        let mut connections = Vec::new();
        loop {
            let accepted = listener.accept();
            if stopping.load(Ordering::SeqCst) {
                break;
            }
            let Ok((stream, _)) = accepted else {
                thread::sleep(TICK);
                continue;
            };
            // A scope waits for its threads' work. Only joining waits for the threads.
            let (ended, open) = connections.into_iter().partition(ScopedJoinHandle::is_finished);
            connections = open;
            join(ended);
            // Out of threads: the connection is closed unanswered.
            connections.extend(
                thread::Builder::new()
                    .spawn_scoped(scope, move || converse(stream, stopping, answer)),
            );
        }
        drop(listener);
        join(connections);
    });
}

fn join(connections: Vec<ScopedJoinHandle<'_, ()>>) {
    for connection in connections {
        let _ = connection.join();
    }
}

/// Reads one request and answers it. A client that hangs up half-way gets no answer.
fn converse<F>(stream: TcpStream, stopping: &AtomicBool, answer: &F)
where
    F: Fn(&Request) -> Answer,
{
    let Ok(connection) = Connection::new(&stream, stopping) else {
        return;
    };
    let mut connection = BufReader::new(connection);
    let (answer, is_head) = match Request::read(&mut connection) {
        Ok(request) => (answer(&request), request.method == "HEAD"),
        Err(Unreadable::Refused(answer)) => (answer, false),
        Err(Unreadable::Gone) => return,
    };
    if (&stream).write_all(&answer.rendered(is_head)).is_err() {
        return;
    }
    // Closing with input still unread would reset the connection and could take the answer with it.
    let _ = stream.shutdown(Shutdown::Write);
    connection.get_mut().deadline = Instant::now() + FAREWELL;
    let _ = io::copy(&mut connection, &mut io::sink());
}

/// The reading side of a stream, with one deadline for all of it.
struct Connection<'a> {
    stream: &'a TcpStream,
    stopping: &'a AtomicBool,
    deadline: Instant,
}

impl<'a> Connection<'a> {
    fn new(stream: &'a TcpStream, stopping: &'a AtomicBool) -> io::Result<Self> {
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(FAREWELL))?;
        Ok(Self { stream, stopping, deadline: Instant::now() + PATIENCE })
    }
}

impl Read for Connection<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.stopping.load(Ordering::SeqCst) || Instant::now() >= self.deadline {
                return Err(io::ErrorKind::TimedOut.into());
            }
            match self.stream.read(buffer) {
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    ) => {}
                result => return result,
            }
        }
    }
}

pub struct Request {
    pub method: String,
    pub path: String,
    /// What follows the first `?`, still encoded.
    pub query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// The port it came in by.
    pub port: u16,
}

enum Unreadable {
    Gone,
    Refused(Answer),
}

impl From<io::Error> for Unreadable {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl Request {
    fn read(connection: &mut BufReader<Connection<'_>>) -> Result<Self, Unreadable> {
        let stream = connection.get_ref().stream;
        let mut head = connection.by_ref().take(MAX_HEAD_BYTES);
        let request_line = read_line(&mut head)?;
        let mut words = request_line.split(' ');
        let (method, target) = match (words.next(), words.next(), words.next(), words.next()) {
            (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None)
                if !method.is_empty() && target.starts_with('/') =>
            {
                (method.to_owned(), target)
            }
            _ => return Err(refusal(400, "the request line is not HTTP/1.1")),
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = Vec::new();
        loop {
            let line = read_line(&mut head)?;
            if line.is_empty() {
                break;
            }
            match line.split_once(':') {
                Some((name, value)) if !name.is_empty() && !name.contains([' ', '\t']) => {
                    headers.push((name.to_owned(), value.trim().to_owned()));
                }
                _ => return Err(refusal(400, "a header is malformed")),
            }
        }
        let mut request = Self {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: Vec::new(),
            port: stream.local_addr()?.port(),
        };
        let length = request.body_length()?;
        let expectation = request.header("Expect").unwrap_or_default();
        if length > 0 && expectation.eq_ignore_ascii_case("100-continue") {
            (&*stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        connection.by_ref().take(length).read_to_end(&mut request.body)?;
        if (request.body.len() as u64) < length {
            return Err(Unreadable::Gone);
        }
        Ok(request)
    }

    fn body_length(&self) -> Result<u64, Unreadable> {
        if self.values("Transfer-Encoding").next().is_some() {
            return Err(refusal(411, "a body must come with its Content-Length"));
        }
        let mut lengths = self.values("Content-Length");
        let digits = match (lengths.next(), lengths.next()) {
            (None, _) => return Ok(0),
            (Some(value), None)
                if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                value
            }
            _ => return Err(refusal(400, "the Content-Length is not a number")),
        };
        match digits.parse() {
            Ok(length) if length <= MAX_BODY_BYTES => Ok(length),
            _ => Err(refusal(413, "the body is too large")),
        }
    }

    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(each, _)| each.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// A header's value, if the header stands there exactly once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.values(name);
        values.next().filter(|_| values.next().is_none())
    }

    /// What follows `Bearer` and one of `separators` in the `Authorization` header.
    pub fn bearer_token(&self, separators: &[char]) -> Option<&str> {
        let (scheme, token) = self.header("Authorization")?.split_once(separators)?;
        scheme.eq_ignore_ascii_case("Bearer").then_some(token)
    }

    /// The body of a request that says it is a form.
    pub fn form(&self) -> Result<&[u8], &'static str> {
        let content_type = self.header("Content-Type").unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Ok(&self.body)
        } else {
            Err("the Content-Type must be application/x-www-form-urlencoded")
        }
    }
}

fn read_line(head: &mut io::Take<&mut BufReader<Connection<'_>>>) -> Result<String, Unreadable> {
    let mut line = Vec::new();
    head.read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(match head.limit() {
            0 => refusal(431, "the header is too large"),
            _ => Unreadable::Gone,
        });
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    if !line.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
        return Err(refusal(400, "the header is not printable ASCII"));
    }
    String::from_utf8(line).map_err(|_| Unreadable::Gone)
}

fn refusal(status: u16, reason: &str) -> Unreadable {
    Unreadable::Refused(Answer::json(status, format!(r#"{{"error": {}}}"#, quoted(reason))))
}

pub struct Answer {
    status: u16,
    allow: Option<&'static str>,
    body: String,
}

impl Answer {
    pub fn json(status: u16, body: String) -> Self {
        Self { status, allow: None, body }
    }

    /// Names the methods that a 405 has to name.
    pub fn allowing(mut self, methods: &'static str) -> Self {
        self.allow = Some(methods);
        self
    }

    fn rendered(&self, is_head: bool) -> Vec<u8> {
        let reason = match self.status {
            200 => "OK",
            400 => "Bad Request",
            401 => "Unauthorized",
            404 => "Not Found",
            405 => "Method Not Allowed",
            411 => "Length Required",
            413 => "Content Too Large",
            431 => "Request Header Fields Too Large",
            _ => "Unknown",
        };
        let allow = self.allow.map(|methods| format!("Allow: {methods}\r\n")).unwrap_or_default();
        let mut rendered = format!(
            "HTTP/1.1 {} {reason}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\n{allow}Connection: close\r\n\r\n",
            self.status,
            self.body.len(),
        );
        if !is_head {
            rendered.push_str(&self.body);
        }
        rendered.into_bytes()
    }
}

/// `text` as a JSON string.
pub fn quoted(text: &str) -> String {
    miniserde::json::to_string(text)
}
