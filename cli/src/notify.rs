//! Tells a service manager how the program is, by the protocol of systemd's `sd_notify(3)`.

use std::ffi::OsStr;
use std::io::Result;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// The longest wait for a manager that takes no messages.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Sends assignments, one a line, to the socket that `NOTIFY_SOCKET` names, if it names one: a path, or, after `@`, an
/// abstract name.
pub fn send(assignments: &str) -> Result<()> {
    match std::env::var_os("NOTIFY_SOCKET") {
        Some(socket) if !socket.is_empty() => send_to(&socket, assignments.as_bytes()),
        _ => Ok(()),
    }
}

fn send_to(name: &OsStr, message: &[u8]) -> Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(TIMEOUT))?;
    match name.as_bytes().strip_prefix(b"@") {
        Some(name) => send_to_abstract(&socket, name, message),
        None => socket.send_to(message, name).map(drop),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn send_to_abstract(socket: &UnixDatagram, name: &[u8], message: &[u8]) -> Result<()> {
    #[cfg(target_os = "android")]
    use std::os::android::net::SocketAddrExt;
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt;
    let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
    socket.send_to_addr(message, &address).map(drop)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn send_to_abstract(_: &UnixDatagram, _: &[u8], _: &[u8]) -> Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
