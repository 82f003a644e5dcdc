//! A day of `minbearer --renew` in a minute: short lifetimes through outages, revocations, a full disk, a rotated secret,
//! a service that moves, and beside it two readers that ask an API ten times a second with what they find in the file:
//! one in this process, and `curl -H @FILE`, a new process each time.
//!
//! ```sh
//! RENEW_SECONDS=600 cargo test -p minbearer-cli --test alone day:: -- --nocapture   # ten minutes of it; about 30 s if not given
//! # With another build of the program, such as the static one that .ci/static makes:
//! MINBEARER=target/static/x86_64/minbearer RENEW_SECONDS=600 cargo test -p minbearer-cli --test alone day:: -- --nocapture
//! ```
//!
//! Without `RENEW_SECONDS`, a machine without curl runs the first reader alone.

use crate::ALONE;
use crate::support::processes;

use crate::support::appliance::Appliance;
use crate::support::processes::{ODD_SECRET, get, odd_appliance};
use crate::support::renewing::Renewing;
use rustix::fs::inotify;
use rustix::process::{Resource, Rlimit, Signal, prlimit};
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

const LIFETIME: Duration = Duration::from_secs(10);
const EVERY: &str = "2.5";
const READ_EVERY: Duration = Duration::from_millis(100);
/// What a busy machine may add to the time until a token is there, which syncs the file's disk.
const SLACK: Duration = Duration::from_secs(3);
/// An allocator keeps a page here and there.
const MAX_GROWTH_KIB: usize = 256;

fn seconds_to_run() -> Option<Duration> {
    let seconds = std::env::var("RENEW_SECONDS").ok()?;
    Some(Duration::from_secs(seconds.parse().expect("RENEW_SECONDS is a number of seconds")))
}

/// Whether there is a curl to read with. A run whose length was asked for is not one without it.
fn has_curl() -> bool {
    let found = Command::new("curl").arg("--version").output();
    if seconds_to_run().is_some() {
        assert!(found.expect("curl, one of the two readers").status.success());
        return true;
    }
    found.is_ok()
}

/// Asks the API with what is in the file, and says the line that was sent and the status that came.
type Read = fn(&Path, &str) -> Result<(String, u16), String>;

fn in_process(file: &Path, api: &str) -> Result<(String, u16), String> {
    let line = std::fs::read_to_string(file).map_err(|error| format!("the file: {error}"))?;
    let value = line.strip_prefix("Authorization: ").and_then(|value| value.strip_suffix('\n'));
    let status = get(api, value.ok_or_else(|| format!("{line:?} is no header"))?);
    Ok((line, status))
}

fn by_curl(file: &Path, api: &str) -> Result<(String, u16), String> {
    let mut command = Command::new("curl");
    // No settings of its user's; with -v it says what it sends.
    command.args(["-q", "-v", "--max-time", "10", "--output", "/dev/null"]);
    command.args(["--write-out", "%{http_code}", "--header"]);
    let output = command.arg(format!("@{}", file.display())).arg(api).output().expect("curl runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let status = String::from_utf8_lossy(&output.stdout).parse();
    let status = status.ok().filter(|_| output.status.success());
    let status = status.ok_or_else(|| format!("curl: {}: {said}", output.status))?;
    let mut sent = said.lines().filter_map(|line| line.strip_prefix("> Authorization: "));
    let line = sent.next().ok_or_else(|| format!("curl found no header: {said}"))?;
    Ok((format!("Authorization: {}\n", line.trim_end()), status))
}

/// What a reader of the file meets.
#[derive(Default)]
struct Reader {
    /// How often it read, and how often it was excused from a token that the API took.
    reads: AtomicUsize,
    excused: AtomicUsize,
    complaints: Mutex<Vec<String>>,
}

/// What the readers are told.
#[derive(Default)]
struct Readers {
    is_over: AtomicBool,
    /// Set while the API itself is down, or has taken a token's life that the file still has.
    is_excused: AtomicBool,
}

impl Reader {
    fn run(&self, read: Read, told: &Readers, file: &Path, api: &str) {
        while !told.is_over.load(Ordering::SeqCst) {
            let start = Instant::now();
            let was_excused = told.is_excused.load(Ordering::SeqCst);
            match read(file, api) {
                Ok((line, status)) => {
                    let value = line.strip_prefix("Authorization: Bearer ");
                    let token = value.and_then(|value| value.strip_suffix('\n'));
                    // The appliance's tokens are all of this length.
                    if token.is_none_or(|token| token.len() != 48) {
                        self.complain(format!("{line:?} is no header"));
                    } else if status != 200 {
                        if was_excused || told.is_excused.load(Ordering::SeqCst) {
                            self.excused.fetch_add(1, Ordering::SeqCst);
                        } else {
                            self.complain(format!("{status} for a token in the file"));
                        }
                    }
                }
                Err(what) => self.complain(what),
            }
            self.reads.fetch_add(1, Ordering::SeqCst);
            sleep(READ_EVERY.saturating_sub(start.elapsed()));
        }
    }

    fn complain(&self, what: String) {
        self.complaints.lock().unwrap().push(what);
    }

    fn figures(&self) -> String {
        let count = |counted: &AtomicUsize| counted.load(Ordering::SeqCst);
        format!("{} reads ({} excused)", count(&self.reads), count(&self.excused))
    }
}

impl Readers {
    fn excuse(&self, is_excused: bool) {
        self.is_excused.store(is_excused, Ordering::SeqCst);
    }
}

/// One of everything that a day may bring.
struct Day<'a> {
    appliance: &'a Appliance,
    renewing: Renewing,
    readers: &'a Readers,
    file: PathBuf,
    secret_file: PathBuf,
    rotations: usize,
    latest: Duration,
}

impl Day<'_> {
    /// Runs a fault, after which another token is to be in the file in time.
    fn live_through(&mut self, name: &str, limit: Duration, fault: impl FnOnce(&mut Self)) {
        let old = std::fs::read_to_string(&self.file).unwrap();
        fault(self);
        let start = Instant::now();
        self.renewing.wait_for_token(&self.file, &old);
        let took = start.elapsed();
        self.latest = self.latest.max(took);
        self.readers.excuse(false);
        assert!(
            took < limit + SLACK,
            "{name}: {took:?} for a token after it: {:?}",
            self.renewing.lines()
        );
    }

    fn hang_up(&self) {
        self.renewing.signal(Signal::HUP);
    }

    /// Asks, and waits for one line more with that part.
    fn hang_up_and_wait_for(&mut self, part: &str) {
        let count = |renewing: &Renewing| {
            renewing.lines().iter().filter(|line| line.contains(part)).count()
        };
        let before = count(&self.renewing);
        self.hang_up();
        self.renewing.wait_until(part, |renewing| count(renewing) > before);
    }

    fn write_secret(&self, secret: &str) {
        let new = self.secret_file.with_extension("new");
        std::fs::write(&new, secret).unwrap();
        std::fs::rename(&new, &self.secret_file).unwrap();
    }

    fn limit_files(&self, bytes: Option<u64>) {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(self.renewing.pid()), Resource::Fsize, limit).unwrap();
    }

    fn pass(&mut self) {
        const SECOND: Duration = Duration::from_secs(1);
        // The first pause is up to 2 s, the second up to 4 s; a signal waits up to 1 s after a request.
        self.live_through("an outage", 5 * SECOND, |day| {
            day.readers.excuse(true);
            day.appliance.begin_outage(None);
            day.hang_up_and_wait_for("502");
            day.appliance.end_outage();
        });
        self.live_through("an outage with Retry-After", 3 * SECOND, |day| {
            day.readers.excuse(true);
            day.appliance.begin_outage(Some(SECOND));
            day.hang_up_and_wait_for("502");
            day.appliance.end_outage();
        });
        self.live_through("a revocation", 2 * SECOND, |day| {
            day.readers.excuse(true);
            day.appliance.revoke_tokens();
            day.hang_up();
        });
        self.live_through("a full disk", 3 * SECOND, |day| {
            day.limit_files(Some(10));
            day.hang_up_and_wait_for("File too large");
            day.limit_files(None);
        });
        self.live_through("a rotated secret", 2 * SECOND, |day| {
            day.rotations += 1;
            let secret = format!("{ODD_SECRET}{}", day.rotations);
            day.appliance.set_secret(&secret);
            day.hang_up_and_wait_for("invalid_client");
            day.write_secret(&secret);
            day.hang_up();
        });
        self.live_through("an absent secret", 3 * SECOND, |day| {
            let secret = std::fs::read_to_string(&day.secret_file).unwrap();
            std::fs::remove_file(&day.secret_file).unwrap();
            day.hang_up_and_wait_for("secret cannot be read");
            day.write_secret(&secret);
        });
        self.live_through("a service that moves", 3 * SECOND, |day| {
            day.appliance.move_qoauth().unwrap();
            day.hang_up();
        });
        self.live_through("a slow server", 4 * SECOND, |day| {
            day.appliance.set_delay(SECOND / 2);
            day.hang_up();
        });
        self.appliance.set_delay(Duration::ZERO);
        for _ in 0..2 {
            self.live_through("nothing at all", 3 * SECOND, |_| {});
        }
    }
}

/// Resident memory in KiB, descriptors, threads and children, between requests.
fn footprint(renewing: &Renewing) -> (usize, usize, usize, usize) {
    sleep(Duration::from_millis(300));
    let folder = PathBuf::from(format!("/proc/{}", renewing.id()));
    let status = std::fs::read_to_string(folder.join("status")).unwrap();
    let number = |name: &str| -> usize {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    let descriptors = std::fs::read_dir(folder.join("fd")).unwrap().count();
    let task = folder.join(format!("task/{}/children", renewing.id()));
    let children = std::fs::read_to_string(task).unwrap_or_default().split_whitespace().count();
    (number("VmRSS:"), descriptors, number("Threads:"), children)
}

#[test]
fn a_reader_never_meets_a_missing_half_written_or_dead_token() {
    let _alone = ALONE.lock();
    let appliance = odd_appliance();
    appliance.set_token_lifetime(LIFETIME);
    let folder = tempfile::tempdir().unwrap();
    let secrets = tempfile::tempdir().unwrap();
    let (file, secret_file) = (folder.path().join("token"), secrets.path().join("secret"));
    std::fs::write(&secret_file, ODD_SECRET).unwrap();
    let events = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
    // Of two that follow each other and are the same, the kernel keeps one. A file is created before each renaming.
    let watched = inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO;
    inotify::add_watch(&events, folder.path(), watched).unwrap();

    let locator = appliance.locator().to_str().unwrap();
    let mut command = processes::command(
        "minbearer",
        &[
            ("CLIENT_ID", &appliance.credentials().client_id),
            ("CLIENT_SECRET_FILE", secret_file.to_str().unwrap()),
            ("QOAUTH_HOST", "127.0.0.1"),
            ("SERVICE_PORT_LOCATOR", locator),
        ],
    );
    command.args(["jsa", "--header", "--renew", "--every", EVERY, "--output"]).arg(&file);
    let child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut renewing = Renewing::of(child);
    renewing.wait_for_token(&file, "");

    let readers = Readers::default();
    let (in_process_reader, curl) = (Reader::default(), Reader::default());
    let api = appliance.console_url() + "/api/ariel/databases";
    let mut day = Day {
        appliance: &appliance,
        renewing,
        readers: &readers,
        file: file.clone(),
        secret_file,
        rotations: 0,
        latest: Duration::ZERO,
    };
    let start = Instant::now();
    let (mut passes, mut before) = (0, None);
    std::thread::scope(|scope| {
        scope.spawn(|| in_process_reader.run(in_process, &readers, &file, &api));
        if has_curl() {
            scope.spawn(|| curl.run(by_curl, &readers, &file, &api));
        }
        // Else the readers would read for ever after a failure here.
        let _over = OnDrop(|| readers.is_over.store(true, Ordering::SeqCst));
        while passes == 0 || start.elapsed() < seconds_to_run().unwrap_or_default() {
            day.pass();
            passes += 1;
            before.get_or_insert_with(|| footprint(&day.renewing));
        }
    });
    let after = footprint(&day.renewing);
    let before = before.expect("a pass");
    let lines = day.renewing.lines();

    day.renewing.signal(Signal::TERM);
    let (status, took) = day.renewing.wait_for_end();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_millis(500), "{took:?} for its end");
    let written = renames(&events);
    // In an outage qoauth issues a token, and the proxy before it says 502.
    let has_no_token = |line: &&String| line.contains("invalid_client") || line.contains("502");
    let issued = appliance.qoauth_requests() - lines.iter().filter(has_no_token).count();
    println!(
        "{:.0} s, {passes} passes: {} in this process and {} by curl; {issued} tokens issued, {written} \
         written, the latest {:.1} s after a fault; {} lines; KiB, descriptors, threads, children: {before:?}, then \
         {after:?}",
        start.elapsed().as_secs_f64(),
        in_process_reader.figures(),
        curl.figures(),
        day.latest.as_secs_f64(),
        lines.len(),
    );
    let complaints = [("in this process", in_process_reader), ("by curl", curl)]
        .map(|(name, reader)| (name, reader.complaints.into_inner().unwrap()));
    let is_content = complaints.iter().all(|(_, complaints)| complaints.is_empty());
    assert!(is_content, "{complaints:?}; it said {lines:#?}");
    assert_eq!(written, issued, "a token was lost: {lines:#?}");
    assert!(after.0 <= before.0 + MAX_GROWTH_KIB, "it grows: {before:?}, {after:?}");
    assert_eq!((after.1, after.2, after.3), (before.1, 1, 0), "{before:?}, {after:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a file is left behind");
}

/// How many files were renamed into the folder so far.
fn renames(events: &impl std::os::fd::AsFd) -> usize {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(events, &mut buffer);
    let is_renaming = std::iter::from_fn(|| {
        reader.next().ok().map(|event| event.events().contains(inotify::ReadFlags::MOVED_TO))
    });
    is_renaming.filter(|is_renaming| *is_renaming).count()
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        self.0();
    }
}
