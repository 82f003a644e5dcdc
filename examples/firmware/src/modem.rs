//! A modem on a serial line, with the AT commands of Espressif's
//! [ESP-AT](https://docs.espressif.com/projects/esp-at/en/latest/esp32/AT_Command_Set/TCP-IP_AT_Commands.html). It looks
//! names up, connects and, for `https`, does the TLS, with the CA that was written into it: the board hands it host, port
//! and bytes.
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

/// What the oldest of these modems takes at once.
const MAX_SEND_BYTES: usize = 2048;
/// How long the modem may take to close, when what was wanted is there.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

const CLOSE: &str = "AT+CIPCLOSE\r\n";

pub struct Modem<S> {
    serial: S,
}

/// What the modem says.
enum Event {
    Ok,
    Failed,
    /// It waits for the bytes to send.
    Prompt,
    Sent,
    Closed,
    /// So many bytes of the answer follow.
    Data(usize),
    /// Something that no one here waits for: an echo, its state.
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
                // A quick server has answered and closed before the modem says that it has sent.
                Event::Data(bytes) if self.receive(bytes, deadline, answer)? => return Ok(()),
                Event::Closed => return Ok(()),
                _ => {}
            }
        }
    }

    /// Has the modem verify the server's certificate and the name in it. Unless told, it takes any.
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

    /// Tells the modem how many bytes it is to send next, if any are left.
    fn offer(&mut self, unsent: &[u8]) {
        let size = unsent.len().min(MAX_SEND_BYTES);
        if size > 0 {
            self.write(format!("AT+CIPSEND={size}\r\n").as_bytes());
        }
    }

    /// Takes that many bytes of the answer, all of them even if the first are wrong: what was left would be read as the
    /// modem's words.
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

    /// The modem's next words.
    fn event(&mut self, deadline: Deadline) -> Result<Event, Error> {
        let mut line = Zeroizing::new([0; 32]); // before the echo is off, it may be a request's
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
            // Of a longer line the start is enough.
            if let Some(end) = line.get_mut(len) {
                *end = byte;
                len += 1;
            }
        }
    }

    /// Sends a command, and says whether it was carried out.
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
        self.command(CLOSE, deadline)?; // what is left from before a reset
        let outcome = self.converse(url, request, deadline, answer);
        // The server may have closed before. If this fails, the next exchange closes.
        let _ = self.command(CLOSE, Deadline::after(CLOSE_TIMEOUT));
        outcome
    }
}

fn number(digits: &[u8]) -> Option<usize> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}
