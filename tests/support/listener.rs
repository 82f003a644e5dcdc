//! A listener on loopback with a thread for each connection. Dropping [`Listener`] closes the port, makes pending reads
//! and writes of connections fail, and joins every thread.

#![allow(dead_code)] // each of those that include this file uses its part

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often a waiting thread checks whether it should end.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

pub struct Listener {
    address: SocketAddr,
    stop: Stop,
    connections: Arc<AtomicUsize>,
    acceptor: Option<JoinHandle<()>>,
}

impl Listener {
    /// Calls `serve` with each connection. Its errors are ignored, because a client may close at any time.
    pub fn start<F>(listener: TcpListener, serve: F) -> io::Result<Listener>
    where
        F: Fn(Connection) -> io::Result<()> + Send + Sync + 'static,
    {
        let address = listener.local_addr()?;
        let (stop, connections) = (Stop::default(), Arc::<AtomicUsize>::default());
        let acceptor = {
            let (stop, connections) = (stop.clone(), Arc::clone(&connections));
            thread::Builder::new().spawn(move || accept(&listener, &stop, &connections, &serve))?
        };
        Ok(Listener { address, stop, connections, acceptor: Some(acceptor) })
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.0.store(true, Ordering::SeqCst);
        // A connection wakes `accept`. If none can be made, the thread is not joined, as it would never end.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok();
        if let (true, Some(acceptor)) = (woken, self.acceptor.take()) {
            let ended = acceptor.join();
            if !thread::panicking() {
                ended.expect("the listener's thread");
            }
        }
    }
}

fn accept<F>(listener: &TcpListener, stop: &Stop, connections: &AtomicUsize, serve: &F)
where
    F: Fn(Connection) -> io::Result<()> + Sync,
{
    // A scope keeps nothing of threads that have ended.
    thread::scope(|scope| {
        loop {
            let accepted = listener.accept();
            if stop.is_set() {
                break;
            }
            let Ok((stream, _)) = accepted else {
                // For example, no descriptor is free. It may be later.
                thread::sleep(POLL_INTERVAL);
                continue;
            };
            connections.fetch_add(1, Ordering::SeqCst);
            let stop = stop.clone();
            // If no thread can be started, the connection is closed.
            let _ = thread::Builder::new().spawn_scoped(scope, || {
                let _ = Connection::new(stream, stop).and_then(serve);
            });
        }
    });
}

/// Whether the listener is ending.
#[derive(Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Fails if the listener ends meanwhile.
    pub fn sleep(&self, pause: Duration) -> io::Result<()> {
        let start = Instant::now();
        loop {
            if self.is_set() {
                return Err(ErrorKind::ConnectionAborted.into());
            }
            let left = pause.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(POLL_INTERVAL));
        }
    }
}

/// A client's connection. Its reads and writes block until the listener ends.
pub struct Connection {
    stream: TcpStream,
    stop: Stop,
    deadline: Option<Instant>,
}

impl Connection {
    fn new(stream: TcpStream, stop: Stop) -> io::Result<Connection> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(POLL_INTERVAL))?;
        stream.set_write_timeout(Some(POLL_INTERVAL))?;
        Ok(Connection { stream, stop, deadline: None })
    }

    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Sets a deadline, this long from now, for all further reads and writes.
    pub fn expect_within(&mut self, time: Duration) {
        self.deadline = Instant::now().checked_add(time);
    }

    /// Waits for the next byte, without removing it from the stream.
    pub fn peek(&mut self) -> io::Result<u8> {
        let mut first = [0];
        match self.retry(|stream| stream.peek(&mut first))? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(first[0]),
        }
    }

    /// Closes the sending half and reads to the end: closing with unread bytes would reset the connection.
    pub fn close(mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        self.drain();
        Ok(())
    }

    /// Reads and drops everything until the client closes.
    pub fn drain(&mut self) {
        let mut chunk = [0; 4096];
        while let Ok(1..) = self.read(&mut chunk) {}
    }

    fn retry(
        &mut self,
        mut call: impl FnMut(&mut TcpStream) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            if self.stop.is_set() {
                return Err(ErrorKind::ConnectionAborted.into());
            }
            if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Err(ErrorKind::TimedOut.into());
            }
            match call(&mut self.stream) {
                Err(error) if is_interrupted(&error) => {}
                outcome => return outcome,
            }
        }
    }
}

/// Reads a request's head, byte by byte, so that what follows is left.
pub fn read_head(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        from.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(head)
}

/// Whether a read or write ended only because of the poll interval or a signal.
pub fn is_interrupted(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.retry(|stream| stream.read(buffer))
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.retry(|stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
