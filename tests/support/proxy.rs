//! An HTTP proxy on loopback that opens tunnels, and keeps what goes through them. It ends when dropped.

use super::listener::{Connection, Listener, is_interrupted, read_head};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often a tunnel switches between its two sides.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

pub struct Proxy {
    listener: Listener,
    seen: Arc<Mutex<Seen>>,
}

/// What came from clients.
#[derive(Clone, Default)]
pub struct Seen {
    /// The heads of their requests.
    pub heads: Vec<String>,
    /// All bytes of all tunnels, in both directions.
    pub tunnelled: Vec<u8>,
}

impl Proxy {
    /// Starts a proxy; if `authorization` is given, one that wants this value of `Proxy-Authorization`.
    pub fn start(authorization: Option<&str>) -> Proxy {
        let seen = Arc::<Mutex<Seen>>::default();
        let (wanted, ours) = (authorization.map(str::to_owned), Arc::clone(&seen));
        let serve = move |connection| serve(connection, wanted.as_deref(), &ours);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        Proxy { listener: Listener::start(listener, serve).expect("a thread"), seen }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.listener.port())
    }

    pub fn seen(&self) -> Seen {
        self.seen.lock().expect("what was seen").clone()
    }
}

fn serve(
    mut connection: Connection,
    authorization: Option<&str>,
    seen: &Mutex<Seen>,
) -> io::Result<()> {
    let head = String::from_utf8(read_head(&mut connection)?).expect("a head in UTF-8");
    seen.lock().expect("what was seen").heads.push(head.clone());
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let target = field("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    if authorization.is_some() && field("Proxy-Authorization:") != authorization {
        let challenge =
            "Proxy-Authenticate: Basic realm=\"the proxy\"\r\nContent-Length: 0\r\n\r\n";
        write!(connection, "HTTP/1.1 407 Proxy Authentication Required\r\n{challenge}")?;
        return connection.close();
    }
    let Ok(server) = TcpStream::connect(target) else {
        write!(connection, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")?;
        return connection.close();
    };
    write!(connection, "HTTP/1.1 200 Connection established\r\n\r\n")?;
    connection.stream().set_read_timeout(Some(POLL_INTERVAL))?;
    server.set_read_timeout(Some(POLL_INTERVAL))?;
    let mut directions =
        [(connection.stream(), &server, true), (&server, connection.stream(), true)];
    let mut buffer = [0; 16 * 1024];
    while directions.iter().any(|(_, _, is_open)| *is_open) && !connection.stop().is_set() {
        for (from, to, is_open) in directions.iter_mut().filter(|(_, _, is_open)| *is_open) {
            match from.read(&mut buffer) {
                Ok(0) => {
                    *is_open = false;
                    let _ = to.shutdown(Shutdown::Write);
                }
                Ok(read) => {
                    let bytes = &buffer[..read];
                    seen.lock().expect("what was seen").tunnelled.extend_from_slice(bytes);
                    to.write_all(bytes)?;
                }
                Err(error) if is_interrupted(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}
