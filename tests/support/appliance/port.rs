//! Ports of 127.0.0.1.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// A port of 127.0.0.1 that the system gives to no one else, whether or not anything listens on it.
///
/// An open connection that was accepted on the port reserves it: the system does not choose the port for others, but
/// `SO_REUSEADDR`, which std sets, allows binding it again by number.
pub struct Port {
    number: u16,
    _holder: TcpStream,
}

impl Port {
    /// This port, or a free one if it is 0.
    pub fn reserve(number: u16) -> io::Result<Self> {
        let listener = listen(number)?;
        let address = listener.local_addr()?;
        let _client = TcpStream::connect(address)?;
        let (holder, _) = listener.accept()?;
        Ok(Self { number: address.port(), _holder: holder })
    }

    pub fn number(&self) -> u16 {
        self.number
    }
}

/// Binds a port; retries for a second if it is in use, because its owner may be about to close it.
pub fn listen(port: u16) -> io::Result<TcpListener> {
    let deadline = Instant::now() + Duration::from_secs(1);
    loop {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(1));
            }
            Err(error) if port > 0 => {
                let complaint = format!("port {port} of 127.0.0.1: {error}");
                return Err(io::Error::new(error.kind(), complaint));
            }
            result => return result,
        }
    }
}
