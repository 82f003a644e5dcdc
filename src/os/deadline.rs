//! Deadlines for calls that the operating system gives none: they run on a thread.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use std::io::{Error, ErrorKind, Result};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The stack that the C library's resolver and its modules may need.
const STACK_BYTES: usize = 256 * 1024;
/// As many threads may wait for the system after their callers have given up.
const MAX_ABANDONED: usize = 8;

/// How many threads still wait for the system although their callers have given up.
static ABANDONED: AtomicUsize = AtomicUsize::new(0);

#[derive(PartialEq)]
enum State {
    Pending,
    Done,
    /// The caller has given up.
    Abandoned,
}

/// Calls `act` on a thread of that name, and returns its result. After a timeout the thread lives on until `act` ends, so
/// `act` is given no secret; what it returns then is dropped.
///
/// A resolver or a mount that never answers would cost a thread a call, so while [`MAX_ABANDONED`] such threads hang, the
/// next call fails at once. Calls that still have a caller do not count.
pub(crate) fn within<T: Send + 'static>(
    deadline: Instant,
    name: &str,
    act: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    within_and_counted(&ABANDONED, deadline, name, act)
}

/// What depends on the type is kept small: the thread is started, and waited for, by [`run`], which is there once.
fn within_and_counted<T: Send + 'static>(
    abandoned: &'static AtomicUsize,
    deadline: Instant,
    name: &str,
    act: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let ours = Arc::new(Mutex::new(None));
    let theirs = Arc::clone(&ours);
    let act = move || {
        let done = act();
        *lock(&theirs) = Some(done);
    };
    run(abandoned, deadline, name, Box::new(act))?;
    let done = lock(&ours).take();
    done.unwrap_or_else(|| Err(ErrorKind::TimedOut.into())) // it is there
}

fn run(
    abandoned: &'static AtomicUsize,
    deadline: Instant,
    name: &str,
    act: Box<dyn FnOnce() + Send>,
) -> Result<()> {
    left(deadline)?;
    if abandoned.load(Ordering::Relaxed) >= MAX_ABANDONED {
        return Err(Error::other(
            "eight earlier lookups or reads of files still hang in the system; does DNS answer, and do the mounts?",
        ));
    }
    let ours = Arc::new((Mutex::new(State::Pending), Condvar::new()));
    let theirs = Arc::clone(&ours);
    let thread = std::thread::Builder::new().name(String::from(name)).stack_size(STACK_BYTES);
    let started = thread.spawn(move || {
        act();
        let mut state = lock(&theirs.0);
        if *state == State::Abandoned {
            abandoned.fetch_sub(1, Ordering::Relaxed);
        }
        *state = State::Done;
        drop(state);
        theirs.1.notify_one();
    });
    started.map_err(|error| {
        Error::new(error.kind(), format!("no thread for it could be started: {error}"))
    })?;
    let (state, is_there) = &*ours;
    let mut state = lock(state);
    while *state != State::Done {
        match left(deadline) {
            Ok(left) => {
                let waited = is_there.wait_timeout(state, left);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            Err(timed_out) => {
                *state = State::Abandoned;
                abandoned.fetch_add(1, Ordering::Relaxed);
                return Err(timed_out);
            }
        }
    }
    Ok(())
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until there is something to read, or the end; an error if the deadline passes first.
pub(crate) fn wait_until_readable(from: BorrowedFd, deadline: Instant) -> Result<()> {
    loop {
        let time = Timespec::try_from(left(deadline)?).map_err(|_| ErrorKind::InvalidInput)?;
        match poll(&mut [PollFd::from_borrowed_fd(from, PollFlags::IN)], Some(&time)) {
            Ok(0) | Err(Errno::INTR) => {} // `left` decides
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The deadline that long from now, a day at most: `Instant` would overflow after a very long timeout.
pub(crate) fn deadline_after(timeout: Duration) -> Instant {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    Instant::now() + timeout.min(DAY)
}

/// The time until the deadline; an error if it has passed.
pub(crate) fn left(deadline: Instant) -> Result<Duration> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use std::sync::mpsc;
    use std::vec::Vec;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(20)
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    /// Not the one of the other tests, whose calls would fail.
    static COUNT: AtomicUsize = AtomicUsize::new(0);

    fn within<T: Send + 'static>(
        deadline: Instant,
        act: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        within_and_counted(&COUNT, deadline, "test", act)
    }

    /// Waits until so many threads are counted that have no caller.
    fn wait_until_abandoned(count: usize) {
        let end = later();
        while COUNT.load(Ordering::Relaxed) != count {
            assert!(Instant::now() < end, "{COUNT:?} threads are counted, not {count}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn the_ninth_thread_is_an_error_if_eight_without_a_caller_hang_and_not_if_they_have_callers() {
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let hang = || {
            let held = Arc::clone(&held);
            move || held.lock().unwrap().recv().map_err(Error::other)
        };
        // Twice as many, side by side, each with its caller.
        let callers: Vec<_> = (0..2 * MAX_ABANDONED)
            .map(|_| {
                let act = hang();
                std::thread::spawn(move || within(later(), act))
            })
            .collect();
        assert_eq!(within(later(), || Ok(7)).unwrap(), 7);
        callers.iter().for_each(|_| release.send(()).unwrap());
        for caller in callers {
            caller.join().unwrap().unwrap();
        }
        assert_eq!(COUNT.load(Ordering::Relaxed), 0);

        for hanging in 0..MAX_ABANDONED {
            let error = within(soon(), hang()).unwrap_err();
            assert_eq!((error.kind(), hanging), (ErrorKind::TimedOut, hanging));
        }
        for _ in 0..3 {
            let error = within(later(), || Ok(7)).unwrap_err();
            assert!(error.to_string().starts_with("eight earlier lookups or reads"), "{error}");
        }
        // One of them ends, and the next call has a thread again.
        release.send(()).unwrap();
        wait_until_abandoned(MAX_ABANDONED - 1);
        assert_eq!(within(later(), || Ok(7)).unwrap(), 7);
        drop(release);
        wait_until_abandoned(0);
    }

    /// With the least stack of a thread, which is 16 KiB, this would end the process.
    #[test]
    fn a_thread_has_a_stack_for_a_resolver() {
        let act = || {
            Ok(core::hint::black_box([1_u8; 64 * 1024])
                .iter()
                .map(|one| u32::from(*one))
                .sum::<u32>())
        };
        assert_eq!(within(later(), act).unwrap(), 64 * 1024);
    }

    #[test]
    fn a_deadline_is_a_day_away_at_most() {
        const DAY: Duration = Duration::from_secs(86_400);
        for (timeout, expected) in [(Duration::MAX, DAY), (DAY, DAY), (DAY / 2, DAY / 2)] {
            let before = Instant::now();
            let deadline = deadline_after(timeout);
            assert!(before + expected <= deadline, "{timeout:?}");
            assert!(deadline <= Instant::now() + expected, "{timeout:?}");
        }
    }

    #[test]
    fn no_thread_is_started_without_time_for_it() {
        let (started, is_started) = mpsc::channel();
        let error =
            super::within(Instant::now(), "test", move || Ok(started.send(()))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(is_started.recv().is_err(), "a thread was started");
    }
}
