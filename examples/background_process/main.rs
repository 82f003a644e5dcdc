//! The background process of a JSA app: asks the console for its Ariel databases every 30 seconds and
//! logs the answer, for years.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `CLIENT_ID`, `CLIENT_SECRET`, … | the credentials and where qoauth is: see `jsa::Config::from_env` |
//! | `CONSOLE_URL`, `QRADAR_CONSOLE_FQDN`, … | the console: see `jsa::console_url_from_env` |
//! | `SEC_ADMIN_TOKEN` | where `CLIENT_ID` is not set: the token that version 2 of the platform's app framework gives an app |
//! | `POLL_SECONDS` | the time from one poll to the next; decimals allowed; default 30 |
//! | `POLL_COUNT` | ends after that many polls |
//!
//! Until the first answer, a wrong setting ends it with status 2, so that a supervisor sees it. After that, nothing
//! does but SIGTERM: a secret's file that is absent for a moment is a line in the log.

#[path = "../program/mod.rs"]
mod program;

use minbearer::{Error, Http, Kind, Method, Request, Secret, Session, Transport, jsa};
use std::io::ErrorKind;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    program::exit("background_process", run())
}

fn run() -> Result<(), Error> {
    program::no_arguments()?;
    // The first process of a container ignores SIGTERM unless it says what to do with it.
    signal_hook::flag::register_conditional_shutdown(
        signal_hook::consts::SIGTERM,
        0,
        Arc::new(AtomicBool::new(true)),
    )
    .map_err(|error| Error::config(format!("could not handle SIGTERM: {error}")))?;

    let interval = poll_seconds()?;
    let mut polls_left = poll_count()?;
    let databases = jsa::console_url_from_env()?.with_path("/api/ariel/databases")?;
    let console = Console::from_env()?;
    let mut has_answered = false;
    loop {
        let start = Instant::now();
        let outcome = match console.ask(Request::to(Method::Get, databases.clone())) {
            Ok(json) => {
                has_answered = true;
                format!("response={json}")
            }
            Err(error) if error.kind() == Kind::Config && !has_answered => return Err(error),
            Err(error) => program::on_a_line(&format!("Error: {error}")),
        };
        log(&format!("{} {outcome}\n", timestamp(SystemTime::now())))?;
        if let Some(left) = &mut polls_left {
            *left -= 1;
            if *left == 0 {
                return Ok(());
            }
        }
        std::thread::sleep(interval.saturating_sub(start.elapsed()));
    }
}

/// A line that cannot be written is lost, as on a full disk, which may have room again. The program ends when nobody
/// reads its log any longer.
fn log(line: &str) -> Result<(), Error> {
    match program::write(&[line]) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(program::unwritable(error)),
        _ => Ok(()),
    }
}

/// How the console is asked.
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
        Ok(program::json_on_a_line(response.error_for_status()?.json_text()?))
    }
}

fn poll_seconds() -> Result<Duration, Error> {
    match program::variable("POLL_SECONDS")? {
        None => Ok(Duration::from_secs(30)),
        Some(text) => program::seconds(&text)
            .ok_or_else(|| Error::config("POLL_SECONDS is not a number of seconds above 0")),
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

/// As RFC 3339 has it, to the second, in UTC.
fn timestamp(time: SystemTime) -> String {
    // A clock before 1970 is wrong anyway, and shows as 1970.
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
    // Civil from days: years start in March, so that the leap day comes last, in eras of 400 years
    // of 146,097 days. 719,468 days lie between 0000-03-01 and 1970-01-01.
    let (era, day_of_era) = ((days + 719_468) / 146_097, (days + 719_468) % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) =
        (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
