//! A modem with the AT commands of ESP-AT that `examples/firmware` uses, on a serial line that is a socket.
//!
//! What the board sends to a host is sent to that host. A real modem does TLS for `SSL`; this one does not encrypt.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// How the modem behaves.
#[derive(Clone, Copy)]
pub struct Behaviour {
    /// The most bytes of an answer that it passes to the board at a time.
    pub piece: usize,
    /// Whether it never sends anything.
    pub is_silent: bool,
    /// Whether it can verify a server's certificate.
    pub verifies: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Behaviour { piece: 1460, is_silent: false, verifies: true }
    }
}

/// A modem. It ends when the board disconnects.
pub struct Modem {
    line: SocketAddr,
    thread: JoinHandle<()>,
    commands: Arc<Mutex<Vec<String>>>,
}

impl Modem {
    /// A modem whose serial line is a socket that a board connects to.
    pub fn listen(behaviour: Behaviour) -> Modem {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let line = listener.local_addr().expect("its number");
        let commands = Arc::<Mutex<Vec<String>>>::default();
        let told = Arc::clone(&commands);
        let thread = thread::spawn(move || {
            if let Ok((stream, _)) = listener.accept() {
                // The board may disconnect at any time.
                let _ = Connection::new(stream, behaviour).serve(&told);
            }
        });
        Modem { line, thread, commands }
    }

    /// The address of the serial line.
    pub fn line(&self) -> SocketAddr {
        self.line
    }

    /// The commands that it received, once the board has disconnected.
    pub fn commands(self) -> Vec<String> {
        let _ = TcpStream::connect(self.line); // a board that never came is not waited for
        self.thread.join().expect("the modem");
        std::mem::take(&mut *self.commands.lock().unwrap())
    }
}

struct Connection {
    line: BufReader<TcpStream>,
    speaker: Speaker,
    echoes: bool,
    server: Option<Server>,
}

/// The connection to a server, and the thread that passes the answer to the board.
struct Server {
    stream: TcpStream,
    is_open: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// The modem's sending half of the serial line. A lock keeps the output of two threads apart.
#[derive(Clone)]
struct Speaker {
    line: Arc<Mutex<TcpStream>>,
    behaviour: Behaviour,
}

impl Speaker {
    fn say(&self, words: impl AsRef<[u8]>) -> std::io::Result<()> {
        if self.behaviour.is_silent {
            return Ok(());
        }
        self.line.lock().unwrap().write_all(words.as_ref())
    }
}

impl Connection {
    fn new(stream: TcpStream, behaviour: Behaviour) -> Connection {
        let line = stream.try_clone().expect("the line, once more");
        let speaker = Speaker { line: Arc::new(Mutex::new(line)), behaviour };
        Connection { line: BufReader::new(stream), speaker, echoes: true, server: None }
    }

    fn serve(&mut self, told: &Mutex<Vec<String>>) -> std::io::Result<()> {
        self.speaker.say("\r\nready\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n")?;
        loop {
            let mut command = String::new();
            if self.line.read_line(&mut command)? == 0 {
                return self.close().map(drop);
            }
            if self.echoes {
                self.speaker.say(&command)?;
            }
            let command = command.trim_end();
            told.lock().unwrap().push(command.to_owned());
            let is_done = match command.split_once('=') {
                None if command == "ATE0" => {
                    self.echoes = false;
                    true
                }
                None if command == "AT+CIPCLOSE" => self.close()?,
                Some(("AT+CIPSTART", what)) => self.connect(what)?,
                Some(("AT+CIPSSLCCONF", "2,0,0")) => self.speaker.behaviour.verifies,
                Some(("AT+CIPSSLCCN" | "AT+CIPSSLCSNI", _)) => self.speaker.behaviour.verifies,
                Some(("AT+CIPSEND", count)) => {
                    self.send(count.parse().expect("a count"))?;
                    continue;
                }
                _ => false,
            };
            self.speaker.say(if is_done { "\r\nOK\r\n" } else { "\r\nERROR\r\n" })?;
        }
    }

    /// Connects. `what` is like `"TCP","192.0.2.7",8080`.
    fn connect(&mut self, what: &str) -> std::io::Result<bool> {
        let parts: Vec<&str> = what.split(',').collect();
        let [r#""TCP""# | r#""SSL""#, host, port] = parts[..] else {
            return Ok(false);
        };
        if self.server.as_ref().is_some_and(|server| server.is_open.load(Ordering::SeqCst)) {
            self.speaker.say("\r\nALREADY CONNECTED\r\n")?;
            return Ok(false);
        }
        let address = (host.trim_matches('"'), port.parse().expect("a port"));
        let Ok(stream) = TcpStream::connect(address) else {
            self.speaker.say("\r\nCLOSED\r\n")?;
            return Ok(false);
        };
        self.speaker.say("\r\nCONNECT\r\n")?;
        let is_open = Arc::new(AtomicBool::new(true));
        let thread = {
            let (stream, speaker) = (stream.try_clone()?, self.speaker.clone());
            let is_open = Arc::clone(&is_open);
            thread::spawn(move || {
                let _ = pass_on(stream, &speaker, &is_open); // the board may disconnect
            })
        };
        self.server = Some(Server { stream, is_open, thread });
        Ok(true)
    }

    fn send(&mut self, count: usize) -> std::io::Result<()> {
        let Some(server) = &mut self.server else { return self.speaker.say("\r\nERROR\r\n") };
        self.speaker.say("\r\nOK\r\n\r\n> ")?;
        let mut bytes = vec![0; count];
        self.line.read_exact(&mut bytes)?;
        let sent = server.stream.write_all(&bytes).is_ok();
        let outcome = if sent { "SEND OK" } else { "SEND FAIL" };
        self.speaker.say(format!("\r\nRecv {count} bytes\r\n\r\n{outcome}\r\n"))
    }

    /// Closes the connection; returns whether there was one.
    fn close(&mut self) -> std::io::Result<bool> {
        let Some(server) = self.server.take() else { return Ok(false) };
        let was_open = server.is_open.swap(false, Ordering::SeqCst);
        let _ = server.stream.shutdown(Shutdown::Both); // the server may have done it
        server.thread.join().expect("the thread that reads");
        if was_open {
            self.speaker.say("\r\nCLOSED\r\n")?;
        }
        Ok(was_open)
    }
}

/// Passes what the server sends to the board, and reports when the server has closed.
fn pass_on(mut stream: TcpStream, speaker: &Speaker, is_open: &AtomicBool) -> std::io::Result<()> {
    let mut piece = vec![0; speaker.behaviour.piece];
    loop {
        let count = stream.read(&mut piece).unwrap_or_default(); // a reset ends it as well
        if count == 0 {
            break;
        }
        let mut words = format!("\r\n+IPD,{count}:").into_bytes();
        words.extend_from_slice(&piece[..count]);
        speaker.say(words)?;
    }
    if is_open.swap(false, Ordering::SeqCst) { speaker.say("\r\nCLOSED\r\n") } else { Ok(()) }
}
