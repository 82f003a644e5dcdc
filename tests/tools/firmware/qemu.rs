//! QEMU as a child process: the firmware's output on its standard output, the memory by its monitor.

use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The time after which a run is killed. No run takes as long, even on a busy machine.
const LONGEST_RUN: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

pub struct Qemu {
    child: Arc<Mutex<Child>>,
    output: BufReader<ChildStdout>,
    /// The socket that QEMU connects its monitor to, and the connection after its first use.
    listener: UnixListener,
    monitor: Option<BufReader<UnixStream>>,
    printed: String,
    folder: TempDir,
    is_over: Arc<AtomicBool>,
    watchdog: Option<JoinHandle<()>>,
}

impl Qemu {
    pub fn start(
        emulator: &[&str],
        image: &Path,
        arguments: &[&str],
        serial: Option<SocketAddr>,
    ) -> Qemu {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("monitor");
        let listener = UnixListener::bind(&path).expect("a socket");
        let mut semihosting = String::from("enable=on,target=native,chardev=console");
        for argument in arguments {
            semihosting += ",arg=";
            semihosting += &argument.replace(',', ",,");
        }
        let mut command = Command::new(emulator[0]);
        command.args(&emulator[1..]).arg("-kernel").arg(image);
        command.args(["-display", "none", "-chardev", "stdio,id=console,signal=off"]);
        command.arg("-semihosting-config").arg(semihosting);
        command.arg("-chardev").arg(format!("socket,id=monitor,path={}", path.display()));
        command.args(["-mon", "chardev=monitor,mode=control"]);
        match serial {
            Some(line) => {
                // Some emulated devices drop what the socket does not accept at once. A Unix socket accepts only a few
                // hundred single bytes, a TCP socket any number.
                let (host, port) = (line.ip(), line.port());
                command.arg("-chardev");
                command.arg(format!("socket,id=line,host={host},port={port},nodelay=on"));
                command.args(["-serial", "chardev:line"]);
            }
            None => drop(command.args(["-serial", "null"])),
        }
        // QEMU always prints warnings about the boards' clocks.
        let errors = File::create(folder.path().join("errors")).expect("a file");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}: run .ci/firmware", emulator[0]));
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let child = Arc::new(Mutex::new(child));
        let is_over = Arc::new(AtomicBool::new(false));
        let watchdog = Some(watch(Arc::clone(&child), Arc::clone(&is_over)));
        let (monitor, printed) = (None, String::new());
        Qemu { child, output, listener, monitor, printed, folder, is_over, watchdog }
    }

    /// Waits for a line.
    pub fn wait_for(&mut self, wanted: &str) {
        loop {
            let start = self.printed.len();
            let read = self.output.read_line(&mut self.printed).expect("its output");
            let (printed, errors) = (&self.printed, self.errors());
            assert!(read > 0, "it ended before it said {wanted:?}: {printed}{errors}");
            if self.printed[start..].trim_end() == wanted {
                return;
            }
        }
    }

    /// Sends the character that the firmware waits for.
    pub fn go_on(&mut self) {
        let mut child = self.child.lock().unwrap();
        child.stdin.as_mut().expect("its input").write_all(b"\n").expect("its input");
    }

    /// Reads the guest's memory.
    pub fn memory(&mut self, start: u32, len: u32) -> Vec<u8> {
        if self.monitor.is_none() {
            let (monitor, _) = self.listener.accept().expect("its monitor");
            self.monitor = Some(BufReader::new(monitor));
            self.ask(json!({"execute": "qmp_capabilities"}));
        }
        let path = self.folder.path().join("memory");
        let arguments = json!({"val": start, "size": len, "filename": path});
        self.ask(json!({"execute": "memsave", "arguments": arguments}));
        std::fs::read(path).expect("the memory")
    }

    /// Waits until it ends; returns the exit status and all output.
    pub fn finish(mut self) -> (i32, String) {
        self.output.read_to_string(&mut self.printed).expect("its output");
        self.is_over.store(true, Ordering::SeqCst); // only the exit is left
        let status = self.child.lock().unwrap().wait().expect("its status");
        let printed = std::mem::take(&mut self.printed);
        let Some(status) = status.code() else { panic!("{status}: {printed}{}", self.errors()) };
        (status, printed)
    }

    fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("errors")).expect("QEMU's errors")
    }

    /// Sends a command to the monitor, and waits for its answer.
    fn ask(&mut self, question: Value) {
        let monitor = self.monitor.as_mut().expect("a connection");
        writeln!(monitor.get_mut(), "{question}").expect("the monitor");
        loop {
            let mut line = String::new();
            monitor.read_line(&mut line).expect("the monitor");
            assert!(!line.is_empty(), "the monitor is gone, asked for {question}");
            let answer: Value = serde_json::from_str(&line).expect("JSON");
            assert!(answer.get("error").is_none(), "{question}: {line}");
            if answer.get("return").is_some() {
                return;
            }
        }
    }
}

/// Kills a child that runs for too long, so that the test does not wait for ever.
fn watch(child: Arc<Mutex<Child>>, is_over: Arc<AtomicBool>) -> JoinHandle<()> {
    let end = Instant::now() + LONGEST_RUN;
    thread::spawn(move || {
        while !is_over.load(Ordering::SeqCst) {
            if Instant::now() > end {
                let _ = child.lock().unwrap().kill(); // it may just have ended
                return;
            }
            thread::sleep(POLL_INTERVAL);
        }
    })
}

impl Drop for Qemu {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        if let Ok(mut child) = self.child.lock() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = self.watchdog.take().map(JoinHandle::join);
    }
}
