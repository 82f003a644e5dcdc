//! One connection, driven through rustls's unbuffered interface: what comes and what goes stands in buffers of ours.

use super::plaintext;
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

/// What a record holds at most (RFC 8446 section 5.1).
const MAX_PLAIN_BYTES: usize = 16 * 1024;
/// What it takes on the wire at most, in TLS 1.2 and 1.3 (RFC 5246 section 6.2.3).
const MAX_RECORD_BYTES: usize = 5 + MAX_PLAIN_BYTES + 2048;
/// A handshake message may span records. rustls takes none of more than 64 KiB.
const MAX_INCOMING_BYTES: usize = 64 * 1024 + 2 * MAX_RECORD_BYTES;

/// How many bytes; or how many there must be room for, if that was it.
type Written = Result<usize, Option<InsufficientSizeError>>;
type Push<'a> = &'a mut dyn FnMut(&[u8]) -> bool;

pub(super) fn exchange(
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    socket: &mut (impl Read + Write),
    request: &[u8],
    push: Push<'_>,
) -> Result<(), Failure> {
    let mut tls = UnbufferedClientConnection::new(config, name).map_err(Failure::Tls)?;
    let mut incoming = Incoming::default();
    let mut exchange =
        Exchange { unsent: request, push, stage: Stage::Handshake, outgoing: Vec::new() };
    loop {
        let UnbufferedStatus { discard, state } = tls.process_tls_records(incoming.unread());
        let next = exchange.step(state)?;
        incoming.discard(discard);
        match next {
            Next::Go => {}
            Next::Send => {
                let sent = socket.write_all(&exchange.outgoing);
                exchange.outgoing.clear();
                // A server that has said no may have hung up on the rest; what it said is read first.
                if let Err(error) = sent {
                    if error.kind() == ErrorKind::TimedOut
                        || !matches!(incoming.read(socket), Ok(true))
                    {
                        return Err(exchange.stage.failure(error));
                    }
                }
            }
            Next::Read => match incoming.read(socket) {
                Ok(true) => {}
                Ok(false) => return Err(exchange.stage.failure(ErrorKind::UnexpectedEof.into())),
                Err(error) => return Err(exchange.stage.failure(error)),
            },
            Next::End => {
                // A farewell, which no one waits for.
                let _ = socket.write_all(&exchange.outgoing);
                return Ok(());
            }
        }
    }
}

struct Exchange<'a> {
    /// What was not yet encrypted of the request.
    unsent: &'a [u8],
    push: Push<'a>,
    stage: Stage,
    /// Encoded or encrypted, and not yet sent.
    outgoing: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    /// Nothing of the request is sent.
    Handshake,
    Answer,
    /// The answer is whole, or no good.
    Farewell,
}

impl Stage {
    fn failure(self, error: std::io::Error) -> Failure {
        match (self, error.kind()) {
            (Stage::Handshake, ErrorKind::UnexpectedEof) => Failure::HandshakeCutShort,
            (Stage::Handshake, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                Failure::HandshakeReset(error)
            }
            (_, ErrorKind::UnexpectedEof) => Failure::Truncated,
            _ => Failure::Io(error),
        }
    }
}

/// What to do once a state of the connection was dealt with.
enum Next {
    Go,
    Read,
    Send,
    End,
}

type State<'c, 'i> = ConnectionState<'c, 'i, ClientConnectionData>;

impl Exchange<'_> {
    fn step(&mut self, state: Result<State<'_, '_>, rustls::Error>) -> Result<Next, Failure> {
        let decrypted = plaintext::take();
        let state = match state {
            Ok(state) => state,
            Err(_) if self.stage == Stage::Farewell => return Ok(Next::End),
            Err(error) => return Err(Failure::Tls(error)),
        };
        match state {
            ConnectionState::EncodeTlsData(mut data) => {
                self.append(&mut |room| match data.encode(room) {
                    Ok(written) => Ok(written),
                    Err(EncodeError::InsufficientSize(size)) => Err(Some(size)),
                    Err(EncodeError::AlreadyEncoded) => Err(None),
                })?;
                Ok(Next::Go)
            }
            ConnectionState::TransmitTlsData(data) => {
                data.done();
                Ok(Next::Send)
            }
            ConnectionState::BlockedHandshake => Ok(Next::Read),
            ConnectionState::WriteTraffic(mut traffic) if self.stage == Stage::Farewell => {
                self.append(&mut |room| encrypted(traffic.queue_close_notify(room)))?;
                Ok(Next::End)
            }
            ConnectionState::WriteTraffic(_) if self.unsent.is_empty() => Ok(Next::Read),
            ConnectionState::WriteTraffic(mut traffic) => {
                // A record each, so that a large request takes little room.
                let (record, rest) = self.unsent.split_at(self.unsent.len().min(MAX_PLAIN_BYTES));
                self.append(&mut |room| encrypted(traffic.encrypt(record, room)))?;
                self.unsent = rest;
                self.stage = Stage::Answer;
                Ok(Next::Send)
            }
            ConnectionState::ReadTraffic(mut traffic) => {
                // What rustls has of a record that was collected is no data: see `plaintext`.
                let is_collected = !decrypted.is_empty();
                self.take(&decrypted);
                while let Some(record) = traffic.next_record() {
                    let record = record.map_err(Failure::Tls)?;
                    if !is_collected {
                        self.take(record.payload);
                    }
                }
                Ok(Next::Go)
            }
            ConnectionState::PeerClosed | ConnectionState::Closed => Ok(Next::End),
            // Early data is for servers, and rustls may add states.
            _ => Err(Failure::unexpected_state()),
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.stage != Stage::Farewell && (self.push)(bytes) {
            self.stage = Stage::Farewell;
        }
    }

    /// Adds to what is to be sent what `write` puts into the room that it is given, or else says that it needs more.
    fn append(&mut self, write: &mut dyn FnMut(&mut [u8]) -> Written) -> Result<(), Failure> {
        const FIRST_BYTES: usize = 1024;
        let start = self.outgoing.len();
        let mut room = FIRST_BYTES;
        loop {
            self.outgoing.resize(start + room, 0);
            match write(self.outgoing.get_mut(start..).unwrap_or_default()) {
                Ok(written) => {
                    self.outgoing.truncate(start + written);
                    return Ok(());
                }
                Err(Some(needed)) if needed.required_size > room => room = needed.required_size,
                Err(_) => return Err(Failure::unexpected_state()),
            }
        }
    }
}

fn encrypted(outcome: Result<usize, EncryptError>) -> Result<usize, Option<InsufficientSizeError>> {
    outcome.map_err(|error| match error {
        EncryptError::InsufficientSize(size) => Some(size),
        EncryptError::EncryptExhausted => None,
    })
}

/// What came from the server, in one wiped buffer in which records are decrypted: `start..end` was not yet taken by
/// rustls.
#[derive(Default)]
struct Incoming {
    bytes: Buffer,
    start: usize,
    end: usize,
}

impl Incoming {
    fn unread(&mut self) -> &mut [u8] {
        self.bytes.as_mut_slice().get_mut(self.start..self.end).unwrap_or_default()
    }

    fn discard(&mut self, len: usize) {
        self.start = self.start.saturating_add(len).min(self.end);
    }

    /// Reads once, and says whether something came.
    fn read(&mut self, socket: &mut impl Read) -> std::io::Result<bool> {
        if self.start > 0 {
            // To the start, so that there is room for the longest record.
            self.bytes.as_mut_slice().copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.bytes.len() {
            let larger = (2 * self.end).clamp(MAX_RECORD_BYTES, MAX_INCOMING_BYTES);
            if larger == self.end || self.bytes.grow_to(larger).is_err() {
                return Err(ErrorKind::OutOfMemory.into());
            }
        }
        let room = self.bytes.as_mut_slice().get_mut(self.end..).unwrap_or_default();
        let read = socket.read(room)?;
        self.end += read;
        Ok(read > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_has_room_for_the_longest_record_and_no_more_than_a_handshake_may_take() {
        let mut source = std::io::repeat(7);
        let mut incoming = Incoming::default();
        assert!(incoming.read(&mut source).unwrap());
        assert_eq!(incoming.unread().len(), MAX_RECORD_BYTES);
        // A record but for its last byte stays, and the next one has room behind it.
        incoming.discard(1);
        assert!(incoming.read(&mut source).unwrap());
        assert_eq!(
            (incoming.unread().len(), incoming.bytes.len()),
            (MAX_RECORD_BYTES, MAX_RECORD_BYTES)
        );
        // If nothing is ever taken, it ends.
        let mut reads = 0;
        let error = loop {
            match incoming.read(&mut source) {
                Ok(has_come) => assert!(has_come),
                Err(error) => break error,
            }
            reads += 1;
        };
        assert_eq!((reads, incoming.unread().len()), (3, MAX_INCOMING_BYTES), "{error}");
        // More than there is cannot be taken.
        incoming.discard(usize::MAX);
        assert!(incoming.unread().is_empty());
    }
}
