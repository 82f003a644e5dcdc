//! A modem on a serial line, with the AT commands of Espressif's
//! [ESP-AT](https://docs.espressif.com/projects/esp-at/en/latest/esp32/AT_Command_Set/TCP-IP_AT_Commands.html). The modem
//! resolves names, connects and, for `https`, does TLS with the CA stored in it. The board gives it host, port and bytes.
//!
//! ```text
//! board: AT+CIPSTART="TCP","192.0.2.7",8080     modem: CONNECT, OK
//! board: AT+CIPSEND=151                         modem: OK, >
//! board: GET /token?…                           modem: Recv 151 bytes, SEND OK
//!                                               modem: +IPD,20:HTTP/1.1 200 OK…     (as often as bytes come)
//!                                               modem: CLOSED
//! ```

use crate::board::Serial;
use crate::network::{Deadline, Network};
use alloc::format;
use core::time::Duration;
use minbearer::{Error, Incoming, NetworkCause, Url};
use zeroize::Zeroizing;

/// The most bytes that the oldest of these modems accepts at once.
const MAX_SEND_BYTES: usize = 2048;
/// How long the modem may take to close after the exchange.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

const CLOSE: &str = "AT+CIPCLOSE\r\n";

pub struct Modem<S> {
    serial: S,
}

/// The modem's messages.
enum Event {
    Ok,
    Failed,
    /// The modem waits for the bytes to send.
    Prompt,
    Sent,
    Closed,
    /// This many bytes of the answer follow.
    Data(usize),
    /// A message that is ignored: an echo, a state.
    Other,
}

impl<S: Serial> Modem<S> {
    pub fn new(serial: S) -> Modem<S> {
        Modem { serial }
    }

    fn converse(
        &mut self,
        url: &Url,
        request: &[u8],
        deadline: Deadline,
        answer: &mut Incoming,
    ) -> Result<(), Error> {
        let (host, port) = (url.host(), url.port());
        let kind = if url.is_https() { "SSL" } else { "TCP" };
        if url.is_https() {
            self.verify_certificates_of(host, deadline)?;
        }
        self.write(format!("AT+CIPSTART=\"{kind}\",\"{host}\",{port}\r\n").as_bytes());
        loop {
            match self.event(deadline)? {
                Event::Ok => break,
                Event::Failed => {
                    let message = format!("the modem has no connection to {host}:{port}");
                    return Err(Error::network(message).with_network_cause(NetworkCause::Connect));
                }
                _ => {}
            }
        }
        let mut unsent = request;
        self.offer(unsent);
        loop {
            match self.event(deadline)? {
                Event::Prompt => {
                    let (part, rest) = unsent.split_at(unsent.len().min(MAX_SEND_BYTES));
                    self.write(part);
                    unsent = rest;
                }
                Event::Sent => self.offer(unsent),
                Event::Failed => {
                    let message = format!("the modem could not send to {host}:{port}");
                    return Err(Error::network(message));
                }
                // A fast server may answer and close before the modem reports `SEND OK`.
                Event::Data(bytes) if self.receive(bytes, deadline, answer)? => return Ok(()),
                Event::Closed => return Ok(()),
                _ => {}
            }
        }
    }

    /// Tells the modem to verify the server's certificate and its name. By default it accepts any.
    fn verify_certificates_of(&mut self, host: &str, deadline: Deadline) -> Result<(), Error> {
        let name = format!("AT+CIPSSLCCN=\"{host}\"\r\n");
        let indication = format!("AT+CIPSSLCSNI=\"{host}\"\r\n");
        for command in ["AT+CIPSSLCCONF=2,0,0\r\n", &name, &indication] {
            if !self.command(command, deadline)? {
                let message = format!("the modem cannot verify the certificate of {host}");
                return Err(Error::network(message).with_network_cause(NetworkCause::Tls));
            }
        }
        Ok(())
    }

    /// Announces the next bytes to the modem, if any are left.
    fn offer(&mut self, unsent: &[u8]) {
        let size = unsent.len().min(MAX_SEND_BYTES);
        if size > 0 {
            self.write(format!("AT+CIPSEND={size}\r\n").as_bytes());
        }
    }

    /// Reads that many bytes of the answer. Reads all of them even after an error, because the rest would be taken for
    /// messages of the modem.
    fn receive(
        &mut self,
        bytes: usize,
        deadline: Deadline,
        answer: &mut Incoming,
    ) -> Result<bool, Error> {
        let mut outcome = Ok(false);
        let mut piece = Zeroizing::new([0; 32]);
        let mut left = bytes;
        while left > 0 {
            let size = left.min(piece.len());
            left -= size;
            let piece = piece.get_mut(..size).unwrap_or_default();
            for byte in piece.iter_mut() {
                *byte = self.byte(deadline)?;
            }
            outcome = outcome.and_then(|_| answer.push(piece));
        }
        outcome
    }

    /// The modem's next message.
    fn event(&mut self, deadline: Deadline) -> Result<Event, Error> {
        let mut line = Zeroizing::new([0; 32]); // wiped: before the echo is off, it may be part of a request
        let mut len = 0;
        loop {
            let byte = self.byte(deadline)?;
            let text = line.get(..len).unwrap_or_default().trim_ascii();
            match byte {
                b'\n' if !text.is_empty() => {
                    return Ok(match text {
                        b"OK" => Event::Ok,
                        b"ERROR" | b"SEND FAIL" => Event::Failed,
                        b"SEND OK" => Event::Sent,
                        b"CLOSED" => Event::Closed,
                        _ => Event::Other,
                    });
                }
                b'>' if text.is_empty() => return Ok(Event::Prompt),
                b':' => {
                    if let Some(bytes) = text.strip_prefix(b"+IPD,").and_then(number) {
                        return Ok(Event::Data(bytes));
                    }
                }
                _ => {}
            }
            // The start of a longer line is enough.
            if let Some(end) = line.get_mut(len) {
                *end = byte;
                len += 1;
            }
        }
    }

    /// Sends a command; returns whether the modem carried it out.
    fn command(&mut self, command: &str, deadline: Deadline) -> Result<bool, Error> {
        self.write(command.as_bytes());
        loop {
            match self.event(deadline)? {
                Event::Ok => return Ok(true),
                Event::Failed => return Ok(false),
                Event::Data(bytes) => {
                    for _ in 0..bytes {
                        self.byte(deadline)?;
                    }
                }
                _ => {}
            }
        }
    }

    fn byte(&mut self, deadline: Deadline) -> Result<u8, Error> {
        loop {
            if let Some(byte) = self.serial.read() {
                return Ok(byte);
            }
            deadline.check("the modem")?;
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.serial.write(*byte);
        }
    }
}

impl<S: Serial> Network for Modem<S> {
    fn exchange(
        &mut self,
        url: &Url,
        request: &[u8],
        deadline: Deadline,
        answer: &mut Incoming,
    ) -> Result<(), Error> {
        self.command("ATE0\r\n", deadline)?; // no echo
        self.command(CLOSE, deadline)?; // a connection from before a reset
        let outcome = self.converse(url, request, deadline, answer);
        // This fails if the server has closed. A connection that stays open is closed by the next exchange.
        let _ = self.command(CLOSE, Deadline::after(CLOSE_TIMEOUT));
        outcome
    }
}

fn number(digits: &[u8]) -> Option<usize> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}
