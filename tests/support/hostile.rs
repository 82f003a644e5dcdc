//! A server that follows a script instead of HTTP. Dropping [`Server`] closes its port and joins its threads.

use super::listener::{Connection, Listener};
use socket2::{Domain, SockRef, Socket, Type};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One step of a server's script.
#[derive(Clone)]
pub enum Step {
    /// Reads the request, head and announced body.
    Request,
    /// Reads that many bytes repeatedly, with a pause after each read.
    Sip(usize, Duration),
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes one by one, with a pause after each.
    Trickle(Vec<u8>, Duration),
    /// Sends these bytes repeatedly, with a pause after each time.
    Endless(Vec<u8>, Duration),
    /// Sends nothing until the client closes.
    Hold,
    /// Closes the sending half only, and sends nothing more.
    HalfClose,
    /// Closes without reading what came, as when a process dies.
    Drop,
    /// Resets the connection.
    Reset,
}

impl Step {
    pub fn send(bytes: impl AsRef<[u8]>) -> Step {
        Step::Send(bytes.as_ref().to_vec())
    }
}

/// What a port does.
pub enum Port {
    /// A server that follows this script for every connection, and then closes it.
    Script(Vec<Step>),
    /// Bound, but nothing listens: connections are refused.
    Refusing,
    /// A listener whose queue is full, so that no connection is made.
    Full,
    /// A listener that does not accept the connections in its queue.
    Idle,
}

pub struct Server {
    address: SocketAddr,
    listener: Option<Listener>,
    requests: Requests,
    /// Sockets that keep the port in its state: a listener, and the clients that fill its queue.
    sockets: Vec<Socket>,
}

type Requests = Arc<Mutex<Vec<Vec<u8>>>>;

impl Server {
    pub fn start(port: Port) -> Server {
        Server::start_at((Ipv4Addr::LOCALHOST, 0).into(), port).expect("a port")
    }

    /// Two servers at the same port of 127.0.0.1 and of [::1], so that both are `localhost`.
    pub fn start_at_localhost(v4: impl Fn() -> Port, v6: impl Fn() -> Port) -> [Server; 2] {
        loop {
            let first = Server::start(v4());
            let second = SocketAddr::from((Ipv6Addr::LOCALHOST, first.port()));
            // Another process may have this port.
            if let Ok(second) = Server::start_at(second, v6()) {
                return [first, second];
            }
        }
    }

    pub fn start_at(address: SocketAddr, port: Port) -> io::Result<Server> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        // Small, so that a client cannot send a large request without being read. Connections inherit it.
        socket.set_recv_buffer_size(64 * 1024)?;
        socket.bind(&address.into())?;
        let address = socket.local_addr()?.as_socket().expect("an address of IP");
        let (mut listener, mut sockets) = (None, Vec::new());
        let requests = Requests::default();
        match port {
            Port::Script(script) => {
                socket.listen(128).expect("a listener");
                let read = Arc::clone(&requests);
                let play = move |connection| play(connection, &script, &read);
                listener = Some(Listener::start(socket.into(), play).expect("a thread"));
            }
            Port::Refusing => sockets.push(socket),
            Port::Idle => {
                socket.listen(128).expect("a listener");
                sockets.push(socket);
            }
            Port::Full => {
                socket.listen(0).expect("a listener");
                sockets.push(socket);
                fill_the_queue(address, &mut sockets);
            }
        }
        Ok(Server { address, listener, requests, sockets })
    }

    pub fn script(script: Vec<Step>) -> Server {
        Server::start(Port::Script(script))
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.listener.as_ref().map_or(0, Listener::connections)
    }

    /// How many connections fill its queue.
    pub fn queued(&self) -> usize {
        self.sockets.len().saturating_sub(1)
    }

    /// The requests that the script has read.
    pub fn requests(&self) -> Vec<Vec<u8>> {
        self.requests.lock().expect("the requests").clone()
    }
}

fn fill_the_queue(address: SocketAddr, sockets: &mut Vec<Socket>) {
    for _ in 0..8 {
        let domain = Domain::for_address(address);
        let client = Socket::new(domain, Type::STREAM, None).expect("a socket");
        client.set_nonblocking(true).expect("a non-blocking socket");
        // A non-blocking connect returns an error at once.
        let _ = client.connect(&address.into());
        sockets.push(client);
    }
}

/// Follows the script. The client may close at any step, which ends it.
fn play(mut connection: Connection, script: &[Step], requests: &Requests) -> io::Result<()> {
    for step in script {
        match step {
            Step::Request => {
                let request = read_request(&mut connection)?;
                requests.lock().expect("the requests").push(request);
            }
            Step::Sip(bytes, pause) => loop {
                connection.read_exact(&mut vec![0; *bytes])?;
                connection.stop().sleep(*pause)?;
            },
            Step::Send(bytes) => connection.write_all(bytes)?,
            Step::Trickle(bytes, pause) => {
                for byte in bytes {
                    connection.write_all(&[*byte])?;
                    connection.stop().sleep(*pause)?;
                }
            }
            Step::Endless(bytes, pause) => loop {
                connection.write_all(bytes)?;
                connection.stop().sleep(*pause)?;
            },
            Step::Hold => connection.drain(),
            Step::HalfClose => {
                connection.stream().shutdown(Shutdown::Write)?;
                connection.drain();
            }
            Step::Drop => return Ok(()),
            Step::Reset => {
                return SockRef::from(connection.stream()).set_linger(Some(Duration::ZERO));
            }
        }
    }
    connection.close()
}

fn read_request(connection: &mut Connection) -> io::Result<Vec<u8>> {
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
                return Ok(request);
            }
        }
        let mut chunk = [0; 4096];
        let read = connection.read(&mut chunk)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        request.extend_from_slice(&chunk[..read]);
    }
}
