//! A TCP connection whose waits all end at the deadline.

use crate::os::deadline::{left, within};
use crate::wire::url::Url;
use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Instant;

/// Which step of connecting failed.
#[derive(Debug)]
pub(crate) enum ConnectError {
    Lookup(Error),
    Connect(Error),
}

pub(crate) struct Socket {
    stream: TcpStream,
    deadline: Instant,
}

impl Socket {
    /// Connects to the URL's host. Several addresses are tried in turn, each with an equal share of the remaining time.
    pub(crate) fn connect(
        url: &Url,
        deadline: Instant,
    ) -> core::result::Result<Socket, ConnectError> {
        let addresses = addresses(url, deadline).map_err(ConnectError::Lookup)?;
        let mut failure = Error::new(ErrorKind::NotFound, "the name has no address");
        if addresses.is_empty() {
            return Err(ConnectError::Lookup(failure));
        }
        for (tried, address) in addresses.iter().enumerate() {
            let untried = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
            let connected =
                left(deadline).and_then(|left| TcpStream::connect_timeout(address, left / untried));
            match connected {
                Ok(stream) => return Ok(Socket { stream, deadline }),
                Err(error) if how_far(&error) >= how_far(&failure) => failure = error,
                Err(_) => {}
            }
        }
        Err(ConnectError::Connect(failure))
    }

    /// Sends each write at once. The end of a TLS handshake and the request after it are two writes; the second would
    /// wait until the server acknowledges the first, which may be 40 ms later.
    pub(crate) fn send_at_once(&self) {
        let _ = self.stream.set_nodelay(true);
    }
}

impl Read for Socket {
    /// Reads the next bytes. An interrupted call is made again with the remaining time.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            self.stream.set_read_timeout(Some(left(self.deadline)?))?;
            match self.stream.read(buffer) {
                Err(error) if is_interrupted_or_early(&error) => {}
                outcome => return outcome,
            }
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        loop {
            self.stream.set_write_timeout(Some(left(self.deadline)?))?;
            // std asks that no signal be raised if the other side has closed the connection.
            match self.stream.write(bytes) {
                Err(error) if is_interrupted_or_early(&error) => {}
                outcome => return outcome,
            }
        }
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Ranks a failed connection by how much of it was made. Of several addresses the failure with the highest rank is
/// reported: a refusal at ::1, or a host without IPv6, does not explain what is wrong with a server at 127.0.0.1.
fn how_far(error: &Error) -> u8 {
    match error.kind() {
        ErrorKind::ConnectionReset => 3,
        ErrorKind::TimedOut => 2,
        ErrorKind::ConnectionRefused => 1,
        _ => 0, // no route
    }
}

/// A signal, or a timeout of the socket, which may end a little before the deadline: [`left`] decides.
fn is_interrupted_or_early(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn addresses(url: &Url, deadline: Instant) -> Result<Vec<SocketAddr>> {
    let port = url.port();
    let ips = match url.address() {
        Some(address) => vec![address],
        // Without a lookup, so that no resolver can lead the request elsewhere.
        None if url.is_localhost() => {
            vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
        }
        None => {
            let host = url.host().to_string();
            return within(deadline, "minbearer-dns", move || {
                (host.as_str(), port).to_socket_addrs().map(Iterator::collect)
            });
        }
    };
    Ok(ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
}

/// The error for a connection that broke. `doing` names the exchange.
pub(crate) fn describe_io(doing: &str, error: Error) -> crate::error::Error {
    let message = match error.kind() {
        ErrorKind::ConnectionRefused => {
            format!("the {doing} failed: {error}; nothing listens there")
        }
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            format!("the {doing} failed: {error}; the server closed the connection")
        }
        // Of an address of the link alone, which would need an interface: InvalidInput.
        ErrorKind::NetworkUnreachable | ErrorKind::InvalidInput => {
            format!("the {doing} failed: {error}; has this machine a route to it?")
        }
        // Nobody has that address, or a firewall says so.
        ErrorKind::HostUnreachable => {
            format!(
                "the {doing} failed: {error}; is the host up, and does a firewall let this through?"
            )
        }
        ErrorKind::PermissionDenied => {
            format!("the {doing} failed: {error}; a firewall or sandbox of this machine forbids it")
        }
        _ => format!("the {doing} failed: {error}"),
    };
    crate::error::Error::network(message).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn a_connection_that_broke_is_told_with_what_to_try() {
        for (code, part) in [
            (Errno::CONNREFUSED, "; nothing listens there"),
            (Errno::CONNRESET, "; the server closed the connection"),
            (Errno::PIPE, "; the server closed the connection"),
            (Errno::NETUNREACH, "; has this machine a route to it?"),
            (Errno::HOSTUNREACH, "; is the host up, and does a firewall let this through?"),
            (Errno::INVAL, "; has this machine a route to it?"),
            (Errno::PERM, "; a firewall or sandbox of this machine forbids it"),
            (Errno::ACCESS, "; a firewall or sandbox of this machine forbids it"),
            (Errno::IO, ")"),
        ] {
            let error = describe_io("token request to h:1", code.into()).to_string();
            let (start, end) = error.split_once(" (os error ").unwrap();
            assert!(start.starts_with("the token request to h:1 failed: "), "{error}");
            assert!(end.ends_with(part), "{error}");
        }
    }
}
