//! The appliance's HTTP server: tiny_http, and a thread for each request.
//!
//! What tiny_http 0.12 cannot do, the appliance cannot either. It sets clients no deadline and no size
//! of a head, and cannot say `Connection: close`: threads of its own stay with a connection until the
//! client hangs up, and with none for five seconds, even when the service is gone. Then nobody answers
//! what comes on a connection that was kept open. A connection that comes together with four that fall
//! silent may wait for one of them to end, or for the next to come. A failed `accept` (no more
//! descriptors, say) is its last. A dropped request allocates the unread rest of its body at the
//! client's word, so `respond` does not drop them all.

use std::io;
use std::mem;
use std::net::{Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tiny_http::Server;

use super::message::{Answer, Request, read_body};
use super::port::listen;

const MAX_UNREAD_BYTES: usize = 1024 * 1024;
/// How long a service that stops looks for requests on the connections it had accepted.
const FAREWELL: Duration = Duration::from_millis(10);

/// A listening port and the thread that receives its requests; both end when this is dropped.
pub struct Service {
    port: u16,
    server: Arc<Server>,
    listening: TcpStream,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Listens on `port` of 127.0.0.1, or on a free one if it is 0.
    pub fn start<F>(port: u16, answer: F) -> io::Result<Self>
    where
        F: Fn(&Request<'_>) -> Answer + Send + Sync + 'static,
    {
        let listener = listen(port)?;
        let port = listener.local_addr()?.port();
        // Not a stream at all, but std shuts nothing else down.
        let listening = TcpStream::from(OwnedFd::from(listener.try_clone()?));
        let server = Server::from_listener(listener, None).map_err(io::Error::other)?;
        let server = Arc::new(server);
        let thread = {
            let (server, answer) = (Arc::clone(&server), Arc::new(answer));
            thread::Builder::new().spawn(move || serve(&server, port, &answer))?
        };
        Ok(Self { port, server, listening, thread: Some(thread) })
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // On Linux this closes the port at once, whoever else holds the socket, and ends `accept`.
        // Elsewhere tiny_http closes it a moment later.
        if self.listening.shutdown(Shutdown::Both).is_err() {
            self.server.unblock();
        }
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn serve<F>(server: &Server, port: u16, answer: &Arc<F>)
where
    F: Fn(&Request<'_>) -> Answer + Send + Sync + 'static,
{
    let accept = |request| {
        let answer = Arc::clone(answer);
        // Nobody waits for this thread: its client may be slow. Without it, the client gets a 500.
        let _ = thread::Builder::new().spawn(move || respond(request, port, &*answer));
    };
    server.incoming_requests().for_each(accept);
    while let Ok(Some(request)) = server.recv_timeout(FAREWELL) {
        accept(request);
    }
}

fn respond(mut request: tiny_http::Request, port: u16, answer: impl Fn(&Request<'_>) -> Answer) {
    if request.body_length().is_some_and(|length| length > MAX_UNREAD_BYTES) {
        // Dropping it could abort the process. The client waits in vain, and its descriptor is lost.
        return mem::forget(request);
    }
    let answer = match read_body(&mut request) {
        Ok(body) => answer(&Request::new(&request, body, port)),
        Err(refusal) => refusal,
    };
    let _ = request.respond(answer.into_response());
}
