//! Starts subjects and reads their memory.

use crate::hostile::{Server, Step};
use crate::subject::{LOCATOR_COPY, SERVICE, VARIABLES};
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use memchr::memmem;
use std::any::Any;
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// How one subject is run.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub way: &'static str,
    pub flow: &'static str,
    pub mode: &'static str,
    pub outcome: &'static str,
}

/// A subject that waits until its memory has been read.
pub struct Subject {
    process: Process,
    secret: String,
    token: String,
    _servers: (Server, Option<Box<dyn Any>>),
}

/// This same test program, which has said that it is time to look, and waits until that is done.
pub struct Process {
    child: Child,
    out: BufReader<ChildStdout>,
}

/// How many copies of secret and token are in memory, including those of only the first half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copies {
    pub secret: usize,
    pub token: usize,
}

impl Row {
    pub fn run(&self) -> Subject {
        let folder = tempfile::tempdir().expect("a folder");
        let secret = if self.flow.ends_with("assertion") { random_jwt() } else { random_text(40) };
        let token =
            if self.flow.starts_with("accelerator") { random_jwt() } else { random_text(48) };
        let secret_file = folder.path().join("secret");
        if self.flow.ends_with("by pipe") {
            let mode = rustix::fs::Mode::RWXU;
            rustix::fs::mkfifoat(rustix::fs::CWD, &secret_file, mode).unwrap();
            let (pipe, secret) = (secret_file.clone(), secret.clone());
            std::thread::spawn(move || std::fs::write(pipe, secret)); // waits for the reader
        } else {
            std::fs::write(&secret_file, &secret).unwrap();
        }
        let mut command = Command::new(std::env::current_exe().unwrap());
        let server = self.serve(&secret, &token);
        let (url, outside) = match self.way {
            "http" => (server.url(), None),
            way => over_tls(way, server.url(), &mut command),
        };
        let values = [self.outcome, self.flow, self.mode, &url, secret_file.to_str().unwrap()];
        command.envs(VARIABLES.into_iter().zip(values));
        if self.flow == "jsa, with a locator" {
            let port = url.rsplit(':').next().unwrap();
            // The prefix is long enough that the allocator's data in a freed copy does not overwrite the secret.
            let copy = format!("https://the-user-of-a-proxy:{secret}@proxy/");
            command.env(SERVICE, port).env(LOCATOR_COPY, copy);
        }
        let is_ok = self.outcome.starts_with("success");
        let said = if is_ok { "got a token" } else { "got an error" };
        let process = Process::start("subject::subject", &mut command, said);
        Subject { process, secret, token, _servers: (server, outside) }
    }

    /// A server that gives the row's answer to any number of requests.
    fn serve(&self, secret: &str, token: &str) -> Server {
        let answer = |status: &str, framing: &str, body: &str| {
            format!("HTTP/1.1 {status}\r\n{framing}\r\nX-Echo: {token}\r\n\r\n{body}")
        };
        let with_length = |status: &str, body: &str| {
            answer(status, &format!("Content-Length: {}", body.len()), body)
        };
        let good = format!(r#"{{"access_token":"{token}","token_type":"Bearer"}}"#);
        let cut =
            answer("200 OK", "Content-Length: 999", &format!(r#"{{"access_token":"{token}","#));
        let mut script = vec![Step::Request];
        script.push(Step::send(match self.outcome {
            "success" => with_length("200 OK", &good),
            "success, escaped" => with_length("200 OK", &escaped_answer(token)),
            // Without a length, so that the buffer is reallocated while it holds the token.
            "success, in chunks" => {
                let body = good + &" ".repeat(9000);
                let chunks = body.as_bytes().chunks(29).map(|chunk| {
                    format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk))
                });
                let chunks = chunks.collect::<String>() + "0\r\n\r\n";
                answer("200 OK", "Transfer-Encoding: chunked", &chunks)
            }
            // A refusal that contains everything that the server was sent, and the token.
            "refusal" => with_length(
                "401 Unauthorized",
                &format!(
                    r#"{{"error":"no {secret}","error_description":"{secret}","access_token":"{token}"}}"#
                ),
            ),
            "refusal, a page" => answer(
                &format!("404 {secret}"),
                &format!("Content-Type: text/html; of={secret}"),
                &format!("<title>{secret}</title>{token}"),
            ),
            "malformed answer, a page" => with_length(
                &format!("200 {secret}\r\nContent-Type: text/html; of={secret}"),
                &format!("<title>{secret}</title>{token}"),
            ),
            "malformed answer, without a token" => with_length(
                &format!("200 {secret}\r\nContent-Encoding: {secret}"),
                &format!(r#"{{"token":"{token}","of":"{secret}"}}"#),
            ),
            "malformed answer" => {
                with_length("200 OK", &format!(r#"{{"access_token":"{token}","token_type":"mac"}}"#))
            }
            "cut connection" | "timeout" => cut,
            other => panic!("unknown outcome {other}"),
        }));
        if self.outcome == "timeout" {
            script.push(Step::Hold);
        }
        Server::script(script)
    }
}

/// A variable by which the subject installs a provider of cryptography, as a program may.
#[cfg(feature = "tls")]
pub const INSTALL_PROVIDER: &str = "INSTALL_PROVIDER";

/// The same server over TLS, until the returned value is dropped. Gives the command the CA to trust.
#[cfg(feature = "tls")]
fn over_tls(way: &str, inside: String, command: &mut Command) -> (String, Option<Box<dyn Any>>) {
    use crate::tls;

    match way {
        "https" => {}
        "https, an installed provider" => drop(command.env(INSTALL_PROVIDER, "")),
        other => panic!("unknown way {other}"),
    }
    let port = inside.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let authority = tls::Authority::new("a private CA", tls::Key::P256);
    let file = authority.file();
    command.env("SSL_CERT_FILE", file.path());
    let config = authority.issue(&["localhost"]).config();
    let server = tls::Server::terminating_tls(config, port);
    (server.url("localhost", ""), Some(Box::new((server, file))))
}

#[cfg(not(feature = "tls"))]
fn over_tls(way: &str, _: String, _: &mut Command) -> (String, Option<Box<dyn Any>>) {
    panic!("unknown way {way}")
}

impl Subject {
    pub fn copies(&self) -> Copies {
        let memory = self.process.memory();
        let secret = self.secret.as_bytes();
        let basic = Base64::encode_string(&[b"id:", secret].concat());
        // From the ninth byte of the base64 text, so that the secret's part is compared.
        let basic_half = &basic.as_bytes()[8..32];
        Copies {
            secret: count(&memory, &secret[..secret.len() / 2]) + count(&memory, basic_half),
            token: count(&memory, &self.token.as_bytes()[..self.token.len() / 2]),
        }
    }
}

impl Process {
    /// Starts that test, and waits for what it is to say.
    #[track_caller]
    pub fn start(test: &str, command: &mut Command, said: &str) -> Process {
        command
            .args(["--exact", test, "--ignored", "--nocapture", "--quiet", "--test-threads=1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("SUBJECT ") {
            line.clear();
            assert_ne!(out.read_line(&mut line).unwrap(), 0, "it ended early: {command:?}");
        }
        assert_eq!(line.trim_end(), format!("SUBJECT {said}"), "{command:?}");
        Process { child, out }
    }

    pub fn memory(&self) -> Vec<Vec<u8>> {
        read_memory(self.child.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = std::io::copy(&mut self.out, &mut std::io::sink());
        let _ = self.child.wait();
    }
}

/// A thread that has just ended may unmap its stack after the regions were listed. Then the whole process is read again,
/// so that no region is left out.
fn read_memory(pid: u32) -> Vec<Vec<u8>> {
    const ATTEMPTS: usize = 50;
    let mut failure = String::new();
    for _ in 0..ATTEMPTS {
        match read_regions(pid) {
            Ok(regions) => return regions,
            Err(error) => failure = error,
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{failure}");
}

fn read_regions(pid: u32) -> Result<Vec<Vec<u8>>, String> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut regions = Vec::new();
    for line in maps
        .lines()
        .filter(|line| line.split(' ').nth(1).is_some_and(|rights| rights.starts_with("rw")))
    {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let (start, end) =
            (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
        let mut region = vec![0; (end - start) as usize];
        memory.read_exact_at(&mut region, start).map_err(|error| format!("{line}: {error}"))?;
        regions.push(region);
    }
    assert!(regions.len() > 3, "heap, stacks and data are there: {maps}");
    Ok(regions)
}

pub fn count(memory: &[Vec<u8>], needle: &[u8]) -> usize {
    assert!(needle.len() >= 16, "so short that it may occur by chance");
    let finder = memmem::Finder::new(needle);
    memory.iter().map(|region| finder.find_iter(region).count()).sum()
}

pub fn random_text(len: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (0..len)
        .map(|_| char::from(ALPHABET[(RandomState::new().build_hasher().finish() % 64) as usize]))
        .collect()
}

fn random_jwt() -> String {
    let claims = format!(r#"{{"sub":"{}","iat":1700000000,"exp":1700003600}}"#, random_text(20));
    let claims = Base64UrlUnpadded::encode_string(claims.as_bytes());
    format!("{}.{claims}.{}", random_text(36), random_text(43))
}

/// A token with an escape, which makes a JSON parser copy it.
fn escaped_answer(token: &str) -> String {
    let last = token.chars().last().map_or(0, u32::from);
    let start = &token[..token.len() - 1];
    format!("{{\"access_token\":\"{start}\\u{last:04x}\",\"token_type\":\"Bearer\"}}")
}

/// Runs the rows in parallel, because they mostly wait.
pub fn each<T: Send + Sync, R: Send>(rows: &[T], run: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let mut results = Vec::new();
    for chunk in rows.chunks(25) {
        std::thread::scope(|scope| {
            let started: Vec<_> = chunk.iter().map(|row| scope.spawn(|| run(row))).collect();
            results.extend(started.into_iter().map(|thread| thread.join().unwrap()));
        });
    }
    results
}
