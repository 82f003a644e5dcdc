//! Ports of 127.0.0.1.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// A port of 127.0.0.1 that the system gives to nobody else, whether or not anything listens on it.
///
/// A connection once accepted on it holds it: as long as that socket lives, the system chooses the
/// port for no one, but `SO_REUSEADDR`, which std sets, lets it be bound again by number.
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

/// Binds a port, and gives whoever is about to close it a second's grace.
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
