//! One connection, driven through rustls's unbuffered interface, so that bytes in both directions are in our buffers.

use super::failure::Failure;
use super::{lacks_certificate, plaintext};
use crate::secret::Buffer;
use alloc::sync::Arc;
use alloc::vec::Vec;
use rustls::ClientConfig;
use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::pki_types::ServerName;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, InsufficientSizeError,
    UnbufferedStatus,
};
use std::io::{ErrorKind, Read, Write};

/// The most plain text in a record (RFC 8446 section 5.1).
const MAX_PLAIN_BYTES: usize = 16 * 1024;
/// The longest record on the wire, in TLS 1.2 and 1.3 (RFC 5246 section 6.2.3).
const MAX_RECORD_BYTES: usize = 5 + MAX_PLAIN_BYTES + 2048;
/// A handshake message may span records. rustls accepts none of more than 64 KiB.
const MAX_INCOMING_BYTES: usize = 64 * 1024 + 2 * MAX_RECORD_BYTES;

/// How many bytes were written; or, if there was not enough room, how many are needed.
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
    let mut incoming = ReceiveBuffer::default();
    let mut exchange = Exchange {
        unsent: request,
        push,
        stage: Stage::Handshake,
        has_answer: false,
        outgoing: Vec::new(),
    };
    loop {
        let UnbufferedStatus { discard, state } = tls.process_tls_records(incoming.unread());
        let next = match exchange.step(state) {
            Ok(next) => next,
            Err(failure) => {
                exchange.send_alert(&mut tls, socket);
                return Err(failure);
            }
        };
        incoming.discard(discard);
        match next {
            Next::Go => {}
            Next::Send => {
                let sent = socket.write_all(&exchange.outgoing);
                exchange.outgoing.clear();
                // A server that has refused the request may have closed the connection; its answer is read first.
                if let Err(error) = sent {
                    if error.kind() == ErrorKind::TimedOut
                        || !matches!(incoming.read(socket), Ok(true))
                    {
                        return Err(exchange.failure(error));
                    }
                }
            }
            Next::Read => match incoming.read(socket) {
                Ok(true) => {}
                Ok(false) => return Err(exchange.failure(ErrorKind::UnexpectedEof.into())),
                Err(error) => return Err(exchange.failure(error)),
            },
            Next::End => {
                // `close_notify`. Its failure does not matter.
                let _ = socket.write_all(&exchange.outgoing);
                return Ok(());
            }
        }
    }
}

struct Exchange<'a> {
    /// The part of the request that is not yet encrypted.
    unsent: &'a [u8],
    push: Push<'a>,
    stage: Stage,
    /// Whether something of the answer has come.
    has_answer: bool,
    /// What is encoded or encrypted, and not yet sent.
    outgoing: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    /// Nothing of the request was sent.
    Handshake,
    Answer,
    /// The answer is complete or invalid.
    Closing,
}

impl Exchange<'_> {
    /// In TLS 1.3 the client's handshake ends before the server has seen that there is no certificate. Node.js then closes
    /// the connection without an alert.
    fn stage(&self) -> Stage {
        match self.stage {
            Stage::Answer if !self.has_answer && lacks_certificate() => Stage::Handshake,
            stage => stage,
        }
    }

    fn failure(&self, error: std::io::Error) -> Failure {
        match (self.stage(), error.kind()) {
            (Stage::Handshake, ErrorKind::UnexpectedEof) => Failure::HandshakeCutShort(None),
            (Stage::Handshake, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                Failure::HandshakeCutShort(Some(error))
            }
            (_, ErrorKind::UnexpectedEof) => Failure::Truncated,
            _ => Failure::Io(error),
        }
    }
}

/// What to do after a state of the connection was handled.
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
            Err(_) if self.stage == Stage::Closing => return Ok(Next::End),
            Err(error) => return Err(Failure::Tls(error)),
        };
        match state {
            ConnectionState::EncodeTlsData(data) => {
                self.encode(data)?;
                Ok(Next::Go)
            }
            ConnectionState::TransmitTlsData(data) => {
                data.done();
                Ok(Next::Send)
            }
            ConnectionState::BlockedHandshake => Ok(Next::Read),
            ConnectionState::WriteTraffic(mut traffic) if self.stage == Stage::Closing => {
                self.append(&mut |room| encrypted(traffic.queue_close_notify(room)))?;
                Ok(Next::End)
            }
            ConnectionState::WriteTraffic(_) if self.unsent.is_empty() => Ok(Next::Read),
            ConnectionState::WriteTraffic(mut traffic) => {
                // One record at a time, so that a large request needs little memory.
                let (record, rest) = self.unsent.split_at(self.unsent.len().min(MAX_PLAIN_BYTES));
                self.append(&mut |room| encrypted(traffic.encrypt(record, room)))?;
                self.unsent = rest;
                self.stage = Stage::Answer;
                Ok(Next::Send)
            }
            ConnectionState::ReadTraffic(mut traffic) => {
                // If the plain text was collected, what rustls has is not data: see `plaintext`.
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
            ConnectionState::PeerClosed | ConnectionState::Closed => match self.stage() {
                Stage::Handshake => Err(Failure::HandshakeCutShort(None)),
                _ => Ok(Next::End),
            },
            // Early data is for servers, and rustls may get more states.
            _ => Err(Failure::unexpected_state()),
        }
    }

    fn encode(&mut self, mut data: EncodeTlsData<'_, ClientConnectionData>) -> Result<(), Failure> {
        self.append(&mut |room| match data.encode(room) {
            Ok(written) => Ok(written),
            Err(EncodeError::InsufficientSize(size)) => Err(Some(size)),
            Err(EncodeError::AlreadyEncoded) => Err(None),
        })
    }

    /// Sends the alert that rustls has prepared after an error. If it cannot be sent, the first error is still the one
    /// that is reported.
    fn send_alert(&mut self, tls: &mut UnbufferedClientConnection, socket: &mut impl Write) {
        // rustls returns prepared records first. If there were none, it would process further input, and panic.
        while tls.wants_write() {
            let Ok(ConnectionState::EncodeTlsData(data)) = tls.process_tls_records(&mut []).state
            else {
                return;
            };
            if self.encode(data).is_err() {
                return;
            }
        }
        let _ = socket.write_all(&self.outgoing);
    }

    fn take(&mut self, bytes: &[u8]) {
        self.has_answer |= !bytes.is_empty();
        if self.stage != Stage::Closing && (self.push)(bytes) {
            self.stage = Stage::Closing;
        }
    }

    /// Appends to `outgoing` what `write` puts into the room that it is given. `write` may ask for more room.
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

/// What has come from the server, in one wiped buffer in which records are decrypted. rustls has not yet consumed
/// `start..end`.
#[derive(Default)]
struct ReceiveBuffer {
    bytes: Buffer,
    start: usize,
    end: usize,
}

impl ReceiveBuffer {
    fn unread(&mut self) -> &mut [u8] {
        self.bytes.as_mut_slice().get_mut(self.start..self.end).unwrap_or_default()
    }

    fn discard(&mut self, len: usize) {
        self.start = self.start.saturating_add(len).min(self.end);
    }

    /// Reads once, and returns whether something came.
    fn read(&mut self, socket: &mut impl Read) -> std::io::Result<bool> {
        if self.start > 0 {
            // Moved to the start, so that there is room for the longest record.
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
    fn incoming_bytes_have_room_for_the_longest_record_and_no_more_than_a_handshake_may_need() {
        let mut source = std::io::repeat(7);
        let mut incoming = ReceiveBuffer::default();
        assert!(incoming.read(&mut source).unwrap());
        assert_eq!(incoming.unread().len(), MAX_RECORD_BYTES);
        // A record but for its last byte stays, and there is room for the next one behind it.
        incoming.discard(1);
        assert!(incoming.read(&mut source).unwrap());
        assert_eq!(
            (incoming.unread().len(), incoming.bytes.len()),
            (MAX_RECORD_BYTES, MAX_RECORD_BYTES)
        );
        // If nothing is ever consumed, it ends.
        let mut reads = 0;
        let error = loop {
            match incoming.read(&mut source) {
                Ok(has_read) => assert!(has_read),
                Err(error) => break error,
            }
            reads += 1;
        };
        assert_eq!((reads, incoming.unread().len()), (3, MAX_INCOMING_BYTES), "{error}");
        // No more than there is can be discarded.
        incoming.discard(usize::MAX);
        assert!(incoming.unread().is_empty());
    }
}
