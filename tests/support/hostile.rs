//! A server that follows a script instead of HTTP. It ends with its value: the port is closed and every
//! thread joined when [`Server`] is dropped.

#![allow(dead_code)] // each test file uses its part

#[path = "listener.rs"]
mod listener;

use listener::{Connection, Listener};
use socket2::{Domain, SockRef, Socket, Type};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::time::Duration;

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
    listener: Option<Listener>,
    /// What keeps the port as it is.
    _sockets: Vec<Socket>,
}

impl Server {
    pub fn start(port: Port) -> Server {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port");
        let address = socket.local_addr().ok().and_then(|address| address.as_socket());
        let address = address.expect("an IPv4 address");
        let (mut listener, mut sockets) = (None, Vec::new());
        match port {
            Port::Script(script) => {
                socket.listen(128).expect("a listener");
                let play = move |connection| play(connection, &script);
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
        Server { address, listener, _sockets: sockets }
    }

    pub fn script(script: Vec<Step>) -> Server {
        Server::start(Port::Script(script))
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.listener.as_ref().map_or(0, Listener::connections)
    }
}

fn fill_the_queue(address: SocketAddr, sockets: &mut Vec<Socket>) {
    for _ in 0..8 {
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        client.set_nonblocking(true).expect("a non-blocking socket");
        // It does not wait, so it says that it would have to.
        let _ = client.connect(&address.into());
        sockets.push(client);
    }
}

/// The client may go at any step, which ends the play.
fn play(mut connection: Connection, script: &[Step]) -> io::Result<()> {
    for step in script {
        match step {
            Step::Request => read_request(&mut connection)?,
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

fn read_request(connection: &mut Connection) -> io::Result<()> {
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
        let read = connection.read(&mut chunk)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        request.extend_from_slice(&chunk[..read]);
    }
}
