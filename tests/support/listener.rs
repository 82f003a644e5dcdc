//! A port of loopback with a thread for each connection. All of it ends when [`Listener`] is dropped:
//! the port is closed, whatever a connection waits for fails, and every thread is joined.

#![allow(dead_code)] // each of those that include this file uses its part

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often a thread that waits looks whether it should end.
const TICK: Duration = Duration::from_millis(20);

pub struct Listener {
    address: SocketAddr,
    stop: Stop,
    connections: Arc<AtomicUsize>,
    acceptor: Option<JoinHandle<()>>,
}

impl Listener {
    /// Calls `serve` with each connection. What it returns is for its own `?`: a client may leave at any
    /// moment.
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
        // `accept` is woken by a connection. Without one, it would be waited for in vain.
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
    // The threads are the scope's, which keeps nothing of those that have ended.
    thread::scope(|scope| {
        loop {
            let accepted = listener.accept();
            if stop.is_set() {
                break;
            }
            let Ok((stream, _)) = accepted else {
                // No descriptor is free, say. It may be later.
                thread::sleep(TICK);
                continue;
            };
            connections.fetch_add(1, Ordering::SeqCst);
            let stop = stop.clone();
            // Without a thread the connection is closed.
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
            thread::sleep(left.min(TICK));
        }
    }
}

/// A client's connection: its reads and writes wait for the client, until the listener ends.
pub struct Connection {
    stream: TcpStream,
    stop: Stop,
    deadline: Option<Instant>,
}

impl Connection {
    fn new(stream: TcpStream, stop: Stop) -> io::Result<Connection> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(TICK))?;
        Ok(Connection { stream, stop, deadline: None })
    }

    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// From now on the client has this long for all that it is waited for.
    pub fn expect_within(&mut self, time: Duration) {
        self.deadline = Instant::now().checked_add(time);
    }

    /// The first byte that is to come, which stays to be read.
    pub fn peek(&mut self) -> io::Result<u8> {
        let mut first = [0];
        match self.retried(|stream| stream.peek(&mut first))? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(first[0]),
        }
    }

    /// Closes in order. Closing with something unread would reset the connection under the answer.
    pub fn close(mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        self.drain();
        Ok(())
    }

    /// Reads and forgets until the client goes.
    pub fn drain(&mut self) {
        let mut chunk = [0; 4096];
        while let Ok(1..) = self.read(&mut chunk) {}
    }

    fn retried(
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
                Err(error) if is_tick(&error) => {}
                outcome => return outcome,
            }
        }
    }
}

fn is_tick(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.retried(|stream| stream.read(buffer))
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.retried(|stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
