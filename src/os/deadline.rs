//! Deadlines for calls that the operating system gives none: they run on a thread.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use std::io::{Error, ErrorKind, Result};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The stack that the C library's resolver and its modules may need.
const STACK_BYTES: usize = 256 * 1024;

/// Calls `act` on a thread of that name, and returns its result. After a timeout the thread lives on until `act` ends, so
/// `act` is given no secret.
pub(crate) fn within<T: Send + 'static>(
    deadline: Instant,
    name: &str,
    act: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let ours = Arc::new((Mutex::new(None), Condvar::new()));
    let theirs = Arc::clone(&ours);
    let thread = std::thread::Builder::new().name(String::from(name)).stack_size(STACK_BYTES);
    let started = thread.spawn(move || {
        let outcome = act();
        *theirs.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        theirs.1.notify_one();
    });
    started.map_err(|error| {
        Error::new(error.kind(), format!("no thread for it could be started: {error}"))
    })?;
    let (outcome, is_there) = &*ours;
    let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(outcome) = outcome.take() {
            return outcome;
        }
        let left = left(deadline)?;
        outcome = is_there.wait_timeout(outcome, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// The time until the deadline; an error if it has passed.
pub(crate) fn left(deadline: Instant) -> Result<Duration> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}
