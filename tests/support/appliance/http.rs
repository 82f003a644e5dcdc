//! The appliance's HTTP server: one request per connection, over TLS or not.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::faults::Faults;
use super::listener::{Connection, Listener};
use super::message::{Answer, Origin, Request};
use super::port::listen;
use super::tls::Tls;

/// How long a client may take for its handshake and request, and then to close.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(30);
/// The first byte of a TLS client, its record type. HTTP never starts with it.
const TLS_HANDSHAKE: u8 = 22;

/// A listening port and its threads, which end when this is dropped.
pub struct Service(Listener);

impl Service {
    /// Listens on `port` of 127.0.0.1, or on a free one if it is 0.
    pub fn start<F>(port: u16, front: Front, answer: F) -> io::Result<Self>
    where
        F: Fn(Request) -> Answer + Send + Sync + 'static,
    {
        let serve = move |mut connection: Connection| {
            connection.expect_within(CLIENT_TIMEOUT + front.faults.delay());
            let port = connection.stream().local_addr()?.port();
            let stop = connection.stop().clone();
            let exchange = |stream: &mut dyn Stream, has_client_certificate| {
                let origin = Origin { port, has_client_certificate };
                let answer = Request::read(stream, origin)?.map_or_else(|refusal| refusal, &answer);
                stop.sleep(front.faults.delay())?;
                stream.write_all(&front.faults.outage().unwrap_or(answer).into_bytes())?;
                stream.flush()
            };
            match &front.tls {
                Some(tls) if !front.plain_too || connection.peek()? == TLS_HANDSHAKE => {
                    tls.serve(&mut connection, exchange)?;
                }
                _ => exchange(&mut connection, false)?,
            }
            connection.expect_within(CLIENT_TIMEOUT);
            connection.close()
        };
        Listener::start(listen(port)?, serve).map(Self)
    }

    pub fn port(&self) -> u16 {
        self.0.port()
    }
}

/// How a service is reached: TLS and simulated faults.
#[derive(Clone)]
pub struct Front {
    pub tls: Option<Arc<Tls>>,
    /// Whether plain HTTP is also accepted.
    pub plain_too: bool,
    pub faults: Arc<Faults>,
}

/// The connection, with or without TLS.
pub trait Stream: io::Read + io::Write {}

impl<T: io::Read + io::Write> Stream for T {}
