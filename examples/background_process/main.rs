//! The background process of a JSA app: asks the console for its Ariel databases every 30 seconds and
//! logs the answer, for years.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `CLIENT_ID`, `CLIENT_SECRET`, … | the credentials and where qoauth is: see `jsa::Config::from_env` |
//! | `CONSOLE_URL`, `QRADAR_CONSOLE_FQDN`, … | the console: see `examples/program/console.rs` |
//! | `SEC_ADMIN_TOKEN` | if `CLIENT_ID` is not set: the token that version 2 of the platform's app framework gives an app |
//! | `POLL_SECONDS` | the time from one poll to the next; decimals allowed; default 30 |
//! | `POLL_COUNT` | ends after that many polls |
//!
//! Before the first answer, a wrong setting ends the program with status 2, so that a supervisor sees it. After that, only
//! SIGTERM, `POLL_COUNT` and a closed pipe of its log end it: if the secret's file is missing for a moment, for example, a
//! line in the log says so.

#[path = "../program/mod.rs"]
mod program;

use minbearer::internal::{on_a_line, utc_now, written_seconds};
use minbearer::{Error, Http, Kind, Method, Request, Secret, Session, Transport, jsa};
use std::io::ErrorKind;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    program::exit("background_process", run())
}

fn run() -> Result<(), Error> {
    program::no_arguments()?;
    // Process 1 of a container ignores SIGTERM unless it has a handler.
    signal_hook::flag::register_conditional_shutdown(
        signal_hook::consts::SIGTERM,
        0,
        Arc::new(AtomicBool::new(true)),
    )
    .map_err(|error| Error::config(format!("could not handle SIGTERM: {error}")))?;

    let interval = poll_seconds()?;
    let mut polls_left = poll_count()?;
    let databases = program::console::url_from_env()?.with_path("/api/ariel/databases")?;
    let console = Console::from_env()?;
    let (mut has_answered, mut has_advised) = (false, false);
    loop {
        let start = Instant::now();
        let outcome = match console.ask(Request::to(Method::Get, databases.clone())) {
            Ok(json) => {
                has_answered = true;
                format!("response={json}")
            }
            Err(error) if error.kind() == Kind::Config && !has_answered => return Err(error),
            Err(error) => {
                let advice =
                    if is_unauthorized(&error) && !has_advised { DEPLOY_CHANGES } else { "" };
                has_advised |= !advice.is_empty();
                on_a_line(&format!("Error: {error}{advice}"))
            }
        };
        log(&format!("{} {outcome}\n", utc_now()))?;
        if let Some(left) = &mut polls_left {
            *left -= 1;
            if *left == 0 {
                return Ok(());
            }
        }
        std::thread::sleep(interval.saturating_sub(start.elapsed()));
    }
}

/// The console knows a new app's client only after that. IBM's sample of such an app says so in its log, too.
const DEPLOY_CHANGES: &str = "; if the app was just installed or authorized: was \"Deploy Changes\" pressed on the console's Admin tab?";

/// Whether the console rejected a token that qoauth had issued a moment ago: the session has tried a new one.
fn is_unauthorized(error: &Error) -> bool {
    !error.is_token_request() && error.refusal().is_some_and(|refusal| refusal.status() == 401)
}

/// Logs a line. A failed write is ignored, because a full disk may have room again; but the program ends when the reader
/// of its log has closed the pipe.
fn log(line: &str) -> Result<(), Error> {
    match program::write(line) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(program::unwritable(error)),
        _ => Ok(()),
    }
}

/// How the console is called.
enum Console {
    /// With a token from qoauth: version 1 of the platform's app framework.
    Bearer(Box<Session>),
    /// With the token that the platform gave the app: version 2.
    Sec(Secret),
}

impl Console {
    fn from_env() -> Result<Console, Error> {
        if program::variable("CLIENT_ID")?.is_none() && program::is_set("SEC_ADMIN_TOKEN") {
            return Secret::from_env("SEC_ADMIN_TOKEN").map(Console::Sec);
        }
        Ok(Console::Bearer(Box::new(Session::new(jsa::Config::from_env()?))))
    }

    /// One API call.
    fn ask(&self, request: Request) -> Result<String, Error> {
        let response = match self {
            Console::Bearer(session) => session.send(request)?,
            Console::Sec(token) => {
                let request = request.with_header("SEC", token.expose())?;
                Http::new().send(&request, Instant::now() + program::TIMEOUT)?
            }
        };
        Ok(program::json_on_a_line(response.error_for_status()?.json_text()?.trim_ascii()))
    }
}

fn poll_seconds() -> Result<Duration, Error> {
    match program::variable("POLL_SECONDS")? {
        None => Ok(Duration::from_secs(30)),
        Some(text) => written_seconds(&text).ok_or_else(|| {
            Error::config("POLL_SECONDS is not a number of seconds above 0, like 30 or 0.5")
        }),
    }
}

fn poll_count() -> Result<Option<u64>, Error> {
    match program::variable("POLL_COUNT")? {
        None => Ok(None),
        Some(text) => match text.parse() {
            Ok(count) if count > 0 => Ok(Some(count)),
            _ => Err(Error::config("POLL_COUNT is not a whole number above 0")),
        },
    }
}
