//! One connection, driven through rustls's unbuffered interface.
//!
//! Records are decrypted in a buffer of ours, which is wiped. Of each decrypted record rustls hands out a copy of its
//! own, which it frees unwiped: SECURITY.md says so.

use super::words::Failure;
use crate::secret::Buffer;
use alloc::sync::Arc;
use alloc::vec::Vec;
use rustls::ClientConfig;
use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::pki_types::ServerName;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus,
};
use std::io::{ErrorKind, Read, Write};

/// What a record takes on the wire at most, in TLS 1.2 and 1.3 (RFC 5246 section 6.2.3).
const MAX_RECORD_BYTES: usize = 5 + 16 * 1024 + 2048;
/// A handshake message may span records. rustls takes none of more than 64 KiB.
const MAX_INCOMING_BYTES: usize = 64 * 1024 + 2 * MAX_RECORD_BYTES;

type Push<'a> = &'a mut dyn FnMut(&[u8]) -> bool;

pub(super) fn exchange(
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    socket: &mut (impl Read + Write),
    request: &[u8],
    push: Push<'_>,
) -> Result<(), Failure> {
    let tls = UnbufferedClientConnection::new(config, name).map_err(Failure::tls)?;
    let mut exchange = Exchange { tls, incoming: Incoming::default(), outgoing: Vec::new() };
    exchange.run(socket, request, push)
}

struct Exchange {
    tls: UnbufferedClientConnection,
    incoming: Incoming,
    /// Encoded or encrypted, and not yet sent.
    outgoing: Vec<u8>,
}

/// What to do once a state of the connection was dealt with.
enum Next {
    Go,
    Read,
    Send,
    End,
}

impl Exchange {
    fn run(
        &mut self,
        socket: &mut (impl Read + Write),
        request: &[u8],
        push: Push<'_>,
    ) -> Result<(), Failure> {
        let mut is_sent = false;
        loop {
            let UnbufferedStatus { discard, state } =
                self.tls.process_tls_records(self.incoming.filled());
            let state = match state {
                Ok(state) => state,
                Err(error) => return Err(Failure::tls(error)),
            };
            let next = step(state, &mut self.outgoing, request, &mut is_sent, push)?;
            self.incoming.drop_start(discard);
            match next {
                Next::Go => {}
                Next::Send => {
                    let sent = socket.write_all(&self.outgoing);
                    self.outgoing.clear();
                    // A server that has said no may have hung up on the rest; what it said is read first.
                    if let Err(error) = sent {
                        if error.kind() == ErrorKind::TimedOut || !self.incoming.read(socket)? {
                            return Err(Failure::Io(error));
                        }
                    }
                }
                Next::Read => {
                    if !self.incoming.read(socket)? {
                        return if is_sent {
                            Err(Failure::Truncated)
                        } else {
                            Err(Failure::Hangup)
                        };
                    }
                }
                Next::End => {
                    let _ = socket.write_all(&self.outgoing); // a farewell, which no one waits for
                    return Ok(());
                }
            }
        }
    }
}

fn step(
    state: ConnectionState<'_, '_, ClientConnectionData>,
    outgoing: &mut Vec<u8>,
    request: &[u8],
    is_sent: &mut bool,
    push: Push<'_>,
) -> Result<Next, Failure> {
    match state {
        ConnectionState::EncodeTlsData(mut data) => {
            append(outgoing, &mut |room| match data.encode(room) {
                Ok(written) => Ok(written),
                Err(EncodeError::InsufficientSize(InsufficientSizeError { required_size })) => {
                    Err(Some(required_size))
                }
                Err(EncodeError::AlreadyEncoded) => Err(None),
            })?;
            Ok(Next::Go)
        }
        ConnectionState::TransmitTlsData(data) => {
            data.done();
            Ok(Next::Send)
        }
        ConnectionState::BlockedHandshake => Ok(Next::Read),
        ConnectionState::WriteTraffic(_) if *is_sent => Ok(Next::Read),
        ConnectionState::WriteTraffic(mut traffic) => {
            append(outgoing, &mut |room| match traffic.encrypt(request, room) {
                Ok(written) => Ok(written),
                Err(EncryptError::InsufficientSize(InsufficientSizeError { required_size })) => {
                    Err(Some(required_size))
                }
                Err(EncryptError::EncryptExhausted) => Err(None),
            })?;
            *is_sent = true;
            Ok(Next::Send)
        }
        ConnectionState::ReadTraffic(mut traffic) => {
            while let Some(record) = traffic.next_record() {
                let record = record.map_err(Failure::tls)?;
                if push(record.payload) {
                    return Ok(Next::End);
                }
            }
            Ok(Next::Go)
        }
        ConnectionState::PeerClosed | ConnectionState::Closed => Ok(Next::End),
        // Early data is for servers, and rustls may add states.
        _ => Err(Failure::unready()),
    }
}

type Encode<'a> = &'a mut dyn FnMut(&mut [u8]) -> Result<usize, Option<usize>>;

/// Adds what `write` puts into the room that it is given; it is told how much it needs.
fn append(outgoing: &mut Vec<u8>, write: Encode<'_>) -> Result<(), Failure> {
    const FIRST_BYTES: usize = 1024;
    let start = outgoing.len();
    let mut room = FIRST_BYTES;
    loop {
        outgoing.resize(start + room, 0);
        match write(outgoing.get_mut(start..).unwrap_or_default()) {
            Ok(written) => {
                outgoing.truncate(start + written);
                return Ok(());
            }
            Err(Some(needed)) if needed > room => room = needed,
            Err(_) => return Err(Failure::unready()),
        }
    }
}

/// What came from the server and was not yet taken by rustls, in one wiped buffer.
#[derive(Default)]
struct Incoming {
    bytes: Buffer,
    filled: usize,
}

impl Incoming {
    fn filled(&mut self) -> &mut [u8] {
        self.bytes.as_mut_slice().get_mut(..self.filled).unwrap_or_default()
    }

    fn drop_start(&mut self, len: usize) {
        let kept = self.filled.saturating_sub(len);
        self.filled().copy_within(len.min(kept + len).., 0);
        self.filled = kept;
    }

    /// Reads once, and says whether something came.
    fn read(&mut self, socket: &mut impl Read) -> Result<bool, Failure> {
        if self.filled == self.bytes.len() {
            let larger = (2 * self.filled).clamp(MAX_RECORD_BYTES, MAX_INCOMING_BYTES);
            if larger == self.filled {
                return Err(Failure::tls(rustls::Error::PeerSentOversizedRecord));
            }
            self.bytes.grow_to(larger).map_err(|_| Failure::Io(ErrorKind::OutOfMemory.into()))?;
        }
        let room = self.bytes.as_mut_slice().get_mut(self.filled..).unwrap_or_default();
        let read = socket.read(room).map_err(Failure::Io)?;
        self.filled += read;
        Ok(read > 0)
    }
}
