//! Promise 2: a secret is never left behind.
//!
//! Each row runs a flow in a process of its own (this same test program, told to be the subject), and
//! then reads that process's whole memory from outside, stacks included, and counts the copies of the
//! secret and of the token, the first halves of either too.
//!
//! `cargo test --release --test never_left_behind -- --nocapture` prints the tables.

#![cfg(target_os = "linux")]

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use memchr::memmem;
use minbearer::{
    Error, Flow, Http, Request, Response, Secret, SecretSource, Session, Transport, accelerator,
    client_credentials, get_token, jsa,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use zeroizing_alloc::ZeroAlloc;

/// zeroizing-alloc, or the system's allocator alone for the rows that show what it is good for.
struct Switched;

static WIPING: AtomicBool = AtomicBool::new(true);

#[global_allocator]
static ALLOCATOR: Switched = Switched;

// SAFETY: both are allocators over `System`, so either may free what the other allocated.
unsafe impl GlobalAlloc for Switched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if WIPING.load(Ordering::Relaxed) {
            unsafe { ZeroAlloc(System).dealloc(pointer, layout) }
        } else {
            unsafe { System.dealloc(pointer, layout) }
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if WIPING.load(Ordering::Relaxed) {
            unsafe { ZeroAlloc(System).realloc(pointer, layout, new_size) }
        } else {
            unsafe { System.realloc(pointer, layout, new_size) }
        }
    }
}

const FLOWS: [&str; 5] = [
    "jsa",
    "accelerator",
    "accelerator, asked for",
    "client credentials, body",
    "client credentials, basic",
];
const OUTCOMES: [&str; 5] = ["success", "refusal", "malformed answer", "cut connection", "timeout"];
/// For the rows that run into it, and for the others, however busy the machine is.
const TIMEOUT: Duration = Duration::from_secs(1);
const AMPLE: Duration = Duration::from_secs(60);

// ---- The subject: the program whose memory is read ----

/// What the subject is told, in the environment, which holds no secret.
const TOLD: [&str; 7] = [
    "LEFT_OUTCOME",
    "LEFT_FLOW",
    "LEFT_MODE",
    "LEFT_WIPING",
    "LEFT_URL",
    "LEFT_SECRET_FILE",
    "LEFT_ANSWER_FILE",
];

#[test]
#[ignore = "it is what the other tests start and look at"]
fn subject() {
    let [outcome, flow, mode, wiping, url, secret_file, answer_file] =
        TOLD.map(|name| std::env::var(name).unwrap_or_default());
    let timeout = if outcome == "timeout" { TIMEOUT } else { AMPLE };
    WIPING.store(wiping == "true", Ordering::Relaxed);
    match flow.as_str() {
        "jsa" => {
            let secret = Secret::from_file(&secret_file).unwrap();
            let config = jsa::Config::new("id", secret).unwrap().with_qoauth_url(&url).unwrap();
            act(config.with_timeout(timeout), &mode, &answer_file);
        }
        "accelerator" => {
            let secret = Secret::from_file(&secret_file).unwrap();
            let config = accelerator::Config::new(&url, "rose", secret).unwrap();
            act(config.with_timeout(timeout), &mode, &answer_file);
        }
        "accelerator, asked for" => {
            let config =
                accelerator::Config::new(&url, "rose", SecretSource::file(secret_file)).unwrap();
            act(config.with_timeout(timeout), &mode, &answer_file);
        }
        _ => {
            let secret = Secret::from_file(&secret_file).unwrap();
            let mut config =
                client_credentials::Config::new(&format!("{url}/token"), "id", secret).unwrap();
            if flow.ends_with("basic") {
                config = config.with_basic().unwrap();
            }
            act(config.with_timeout(timeout), &mode, &answer_file);
        }
    }
}

fn act(flow: impl Flow + 'static, mode: &str, answer_file: &str) {
    match mode {
        "dropped" => {
            let outcome = get_token(&flow, &Http::new()).map(drop).map_err(drop);
            drop(flow);
            stay(if outcome.is_ok() { "got a token" } else { "got an error" });
        }
        "error held" => {
            let error = get_token(&flow, &Http::new()).map(drop).unwrap_err();
            drop(flow);
            stay("got an error");
            drop(error);
        }
        "own buffers" => {
            let outcome = get_token(&flow, &Canned(answer_file)).map(drop).map_err(drop);
            drop(flow);
            stay(if outcome.is_ok() { "got a token" } else { "got an error" });
        }
        "session" => {
            let session = Session::new(flow);
            let token = session.token().unwrap();
            stay("got a token");
            drop((session, token));
        }
        "planted" => {
            let planted = String::from(flow.prepare(Instant::now()).unwrap().url().as_str());
            stay("got an error");
            drop(planted);
        }
        other => panic!("unknown mode {other}"),
    }
}

/// Says that it is time to look, and waits until that is done.
fn stay(what: &str) {
    println!("SUBJECT {what}");
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut [0]);
}

/// Keeps no copy: the answer goes from the file into the buffer that the response takes over.
struct Canned<'a>(&'a str);

impl Transport for Canned<'_> {
    fn send(&self, _: &Request, _: Instant) -> Result<Response, Error> {
        let mut file = File::open(self.0).unwrap();
        let mut body = vec![0; file.metadata().unwrap().len() as usize];
        file.read_exact(&mut body).unwrap();
        Ok(Response::new(200, body))
    }
}

// ---- The observer ----

struct Subject {
    child: Child,
    out: BufReader<ChildStdout>,
    secret: Vec<u8>,
    token: Vec<u8>,
}

/// How often secret and token are in memory: whole, or their first half at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Copies {
    secret: usize,
    token: usize,
}

impl Subject {
    fn run(flow: &str, mode: &str, outcome: &'static str, wiping: bool) -> Subject {
        let folder = tempfile::tempdir().expect("a folder");
        let secret = random_text(40);
        let token = match flow.starts_with("accelerator") {
            true => random_jwt(),
            false => random_text(48),
        };
        let secret_file = folder.path().join("secret");
        let answer_file = folder.path().join("answer");
        std::fs::write(&secret_file, &secret).unwrap();
        std::fs::write(&answer_file, escaped_answer(&token)).unwrap();
        let url = serve(outcome, secret.clone(), token.clone());
        let told = [
            outcome,
            flow,
            mode,
            if wiping { "true" } else { "false" },
            &url,
            secret_file.to_str().unwrap(),
            answer_file.to_str().unwrap(),
        ];
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "subject", "--ignored", "--nocapture", "--quiet", "--test-threads=1"])
            .envs(TOLD.into_iter().zip(told))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let expected =
            if outcome == "success" && mode != "planted" { "got a token" } else { "got an error" };
        let mut line = String::new();
        while !line.starts_with("SUBJECT ") {
            line.clear();
            assert_ne!(
                out.read_line(&mut line).unwrap(),
                0,
                "{flow}, {mode}, {outcome}: it ended early"
            );
        }
        assert_eq!(line.trim_end(), format!("SUBJECT {expected}"), "{flow}, {mode}, {outcome}");
        if outcome == "timeout" {
            // The threads that were given up on end when their socket's timeout does.
            std::thread::sleep(Duration::from_secs(2));
        }
        Subject { child, out, secret: secret.into_bytes(), token: token.into_bytes() }
    }

    fn copies(&self) -> Copies {
        let memory = read_memory(self.child.id());
        let basic = Base64::encode_string(&[b"id:", self.secret.as_slice()].concat());
        // Sixteen bytes into the base64 text, so that the secret's own part is compared.
        let basic_half = &basic.as_bytes()[8..32];
        Copies {
            secret: count(&memory, &self.secret[..self.secret.len() / 2])
                + count(&memory, basic_half),
            token: count(&memory, &self.token[..self.token.len() / 2]),
        }
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = std::io::copy(&mut self.out, &mut std::io::sink());
        let _ = self.child.wait();
    }
}

fn read_memory(pid: u32) -> Vec<Vec<u8>> {
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
        memory.read_exact_at(&mut region, start).unwrap_or_else(|error| panic!("{line}: {error}"));
        regions.push(region);
    }
    assert!(regions.len() > 3, "heap, stacks and data are there: {maps}");
    regions
}

fn count(regions: &[Vec<u8>], part: &[u8]) -> usize {
    assert!(part.len() >= 16, "too short to tell from chance");
    let finder = memmem::Finder::new(part);
    regions.iter().map(|region| finder.find_iter(region).count()).sum()
}

/// A server that answers one request in that way, and is gone.
fn serve(outcome: &'static str, secret: String, token: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else { return };
        read_request(&mut stream);
        let (status, body, announced) = match outcome {
            "success" => {
                ("200 OK", format!(r#"{{"access_token":"{token}","token_type":"Bearer"}}"#), 0)
            }
            "refusal" => {
                // Everything that it was sent, and what it might have sent.
                let text = format!(
                    r#"{{"error":"no {secret}","error_description":"{secret}","access_token":"{token}"}}"#
                );
                ("401 Unauthorized", text, 0)
            }
            "malformed answer" => {
                ("200 OK", format!(r#"{{"access_token":"{token}","token_type":"mac"}}"#), 0)
            }
            _ => ("200 OK", format!(r#"{{"access_token":"{token}","#), 100),
        };
        let length = body.len() + announced;
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nX-Echo: {token}\r\n\r\n{body}"
        );
        let _ = stream.write_all(answer.as_bytes());
        if outcome == "timeout" {
            std::thread::sleep(TIMEOUT * 3);
        }
    });
    url
}

fn read_request(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(read) if read > 0 && !chunk[..read].ends_with(b"}") => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => return,
        }
    }
}

fn random_text(len: usize) -> String {
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

/// The token with an escape in it, which is what makes a JSON reader copy.
fn escaped_answer(token: &str) -> String {
    let last = token.chars().last().map_or(0, u32::from);
    let start = &token[..token.len() - 1];
    format!("{{\"access_token\":\"{start}\\u{last:04x}\",\"token_type\":\"Bearer\"}}")
}

/// Runs the rows at once; most of their time is waiting.
fn each<T: Send + Sync, R: Send>(rows: &[T], run: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let mut results = Vec::new();
    for chunk in rows.chunks(25) {
        std::thread::scope(|scope| {
            let started: Vec<_> = chunk.iter().map(|row| scope.spawn(|| run(row))).collect();
            results.extend(started.into_iter().map(|thread| thread.join().unwrap()));
        });
    }
    results
}

fn every_row() -> Vec<(&'static str, &'static str)> {
    FLOWS.iter().flat_map(|flow| OUTCOMES.iter().map(move |outcome| (*flow, *outcome))).collect()
}

#[test]
fn the_scanner_finds_a_planted_copy() {
    let copies = Subject::run("jsa", "planted", "success", true).copies();
    assert_eq!(copies, Copies { secret: 2, token: 0 }, "the config's and the planted one");
}

#[test]
fn after_drop_no_copy_is_left_in_the_whole_process() {
    let rows = every_row();
    let with = each(&rows, |(flow, outcome)| Subject::run(flow, "dropped", outcome, true).copies());
    let without =
        each(&rows, |(flow, outcome)| Subject::run(flow, "dropped", outcome, false).copies());
    println!(
        "| flow | outcome | secret | token | secret, system allocator | token, system allocator |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for (((flow, outcome), with), without) in rows.iter().zip(&with).zip(&without) {
        println!(
            "| {flow} | {outcome} | {} | {} | {} | {} |",
            with.secret, with.token, without.secret, without.token
        );
    }
    for ((flow, outcome), with) in rows.iter().zip(with) {
        assert_eq!(with, Copies { secret: 0, token: 0 }, "{flow}, {outcome}");
    }
    assert!(
        without.iter().any(|copies| copies.secret > 0),
        "the scanner sees what minreq leaves behind: {without:?}"
    );
}

#[test]
fn an_error_that_is_kept_holds_no_copy() {
    let rows: Vec<_> =
        every_row().into_iter().filter(|(_, outcome)| *outcome != "success").collect();
    let copies =
        each(&rows, |(flow, outcome)| Subject::run(flow, "error held", outcome, true).copies());
    for ((flow, outcome), copies) in rows.iter().zip(copies) {
        assert_eq!(copies, Copies { secret: 0, token: 0 }, "{flow}, {outcome}");
    }
}

#[test]
fn our_own_buffers_leave_nothing_without_any_special_allocator() {
    for flow in FLOWS {
        let copies = Subject::run(flow, "own buffers", "success", false).copies();
        assert_eq!(copies, Copies { secret: 0, token: 0 }, "{flow}");
    }
}

#[test]
fn a_live_session_holds_one_copy_of_each() {
    for flow in FLOWS {
        let copies = Subject::run(flow, "session", "success", true).copies();
        let secret = usize::from(!flow.ends_with("asked for"));
        println!("while a session lives: {flow}: secret {}, token {}", copies.secret, copies.token);
        assert_eq!(copies, Copies { secret, token: 1 }, "{flow}");
    }
}
