//! A server that follows a script instead of HTTP. It ends with its value: the port is closed and every
//! thread joined when [`Server`] is dropped.

#![allow(dead_code)] // each test file uses its part

use socket2::{Domain, SockRef, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a thread that waits looks whether it should end.
const LOOK_UP: Duration = Duration::from_millis(20);

/// One step of what a server does with a connection.
#[derive(Clone)]
pub enum Step {
    /// Reads the request, head and announced body.
    Request,
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes one by one, a pause after each.
    Trickle(Vec<u8>, Duration),
    /// Sends these bytes again and again, a pause after each time.
    Endless(Vec<u8>, Duration),
    /// Says nothing until the client goes.
    Hold,
    /// Closes the sending half only, and then says nothing.
    HalfClose,
    /// Closes with what came unread, as a process that dies does.
    Drop,
    /// Resets the connection.
    Reset,
}

impl Step {
    pub fn send(bytes: impl AsRef<[u8]>) -> Step {
        Step::Send(bytes.as_ref().to_vec())
    }
}

/// What stands at the port.
pub enum Port {
    /// A server that does this with every connection, and closes it in order at the end.
    Script(Vec<Step>),
    /// Nobody, but the port is taken.
    Refusing,
    /// A listener whose queue is full, so that a connection never comes about.
    Full,
    /// A listener that leaves connections in its queue.
    Idle,
}

pub struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
    acceptor: Option<JoinHandle<()>>,
    /// What keeps the port as it is.
    _sockets: Vec<Socket>,
}

impl Server {
    pub fn start(port: Port) -> Server {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port");
        let address = socket.local_addr().ok().and_then(|address| address.as_socket());
        let mut server = Server {
            address: address.expect("an IPv4 address"),
            stop: Arc::default(),
            connections: Arc::default(),
            acceptor: None,
            _sockets: Vec::new(),
        };
        match port {
            Port::Script(script) => {
                socket.listen(128).expect("a listener");
                server.accept(TcpListener::from(socket), script);
            }
            Port::Refusing => server._sockets.push(socket),
            Port::Idle => {
                socket.listen(128).expect("a listener");
                server._sockets.push(socket);
            }
            Port::Full => {
                socket.listen(0).expect("a listener");
                server._sockets.push(socket);
                server.fill_the_queue();
            }
        }
        server
    }

    pub fn script(script: Vec<Step>) -> Server {
        Server::start(Port::Script(script))
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn accept(&mut self, listener: TcpListener, script: Vec<Step>) {
        let (stop, connections) = (self.stop.clone(), self.connections.clone());
        self.acceptor = Some(std::thread::spawn(move || {
            let mut threads = Vec::new();
            while let Ok((stream, _)) = listener.accept() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                connections.fetch_add(1, Ordering::SeqCst);
                let (script, stop) = (script.clone(), stop.clone());
                threads.push(std::thread::spawn(move || {
                    // The client may go at any step, which ends the play.
                    let _ = Connection { stream, stop }.play(script);
                }));
            }
            for thread in threads {
                thread.join().expect("a connection's thread");
            }
        }));
    }

    fn fill_the_queue(&mut self) {
        for _ in 0..8 {
            let client = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
            client.set_nonblocking(true).expect("a non-blocking socket");
            // It does not wait, so it says that it would have to.
            let _ = client.connect(&self.address.into());
            self._sockets.push(client);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = TcpStream::connect(self.address); // wakes it
            let ended = acceptor.join();
            if !std::thread::panicking() {
                ended.expect("the server's thread");
            }
        }
    }
}

struct Connection {
    stream: TcpStream,
    stop: Arc<AtomicBool>,
}

impl Connection {
    fn play(mut self, script: Vec<Step>) -> std::io::Result<()> {
        self.stream.set_nodelay(true)?;
        self.stream.set_read_timeout(Some(LOOK_UP))?;
        self.stream.set_write_timeout(Some(LOOK_UP))?;
        for step in script {
            match step {
                Step::Request => self.read_request()?,
                Step::Send(bytes) => self.write(&bytes)?,
                Step::Trickle(bytes, pause) => {
                    for byte in bytes {
                        self.write(&[byte])?;
                        self.sleep(pause)?;
                    }
                }
                Step::Endless(bytes, pause) => loop {
                    self.write(&bytes)?;
                    self.sleep(pause)?;
                },
                Step::Hold => self.drain(),
                Step::HalfClose => {
                    self.stream.shutdown(Shutdown::Write)?;
                    self.drain();
                }
                Step::Drop => return Ok(()),
                Step::Reset => {
                    SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))?;
                    return Ok(());
                }
            }
        }
        // In order: closing with something unread would reset the connection under the answer.
        self.stream.shutdown(Shutdown::Write)?;
        self.drain();
        Ok(())
    }

    fn read_request(&mut self) -> std::io::Result<()> {
        let mut request = Vec::new();
        loop {
            let head_end = request.windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(end) = head_end {
                let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
                let length = head.split("content-length:").nth(1).map_or(0, |rest| {
                    let digits = rest.lines().next().unwrap_or_default().trim();
                    digits.parse().expect("a Content-Length of ours")
                });
                if request.len() >= end + 4 + length {
                    return Ok(());
                }
            }
            let mut chunk = [0; 4096];
            let read = self.retried(|stream| stream.read(&mut chunk))?;
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            request.extend_from_slice(&chunk[..read]);
        }
    }

    fn write(&mut self, mut bytes: &[u8]) -> std::io::Result<()> {
        while !bytes.is_empty() {
            let written = self.retried(|stream| stream.write(bytes))?;
            bytes = &bytes[written..];
        }
        Ok(())
    }

    /// Reads and forgets until the client goes or the server is dropped.
    fn drain(&mut self) {
        let mut chunk = [0; 4096];
        while let Ok(1..) = self.retried(|stream| stream.read(&mut chunk)) {}
    }

    fn sleep(&self, pause: Duration) -> std::io::Result<()> {
        let end = Instant::now() + pause;
        loop {
            if self.stop.load(Ordering::SeqCst) {
                return Err(ErrorKind::ConnectionAborted.into());
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(LOOK_UP));
        }
    }

    fn retried(
        &mut self,
        mut call: impl FnMut(&mut TcpStream) -> std::io::Result<usize>,
    ) -> std::io::Result<usize> {
        loop {
            if self.stop.load(Ordering::SeqCst) {
                return Err(ErrorKind::ConnectionAborted.into());
            }
            match call(&mut self.stream) {
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                outcome => return outcome,
            }
        }
    }
}
