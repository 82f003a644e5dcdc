//! SIGHUP asks for a token; SIGTERM and SIGINT end the program.

use super::clock::Clock;
use minbearer::Error;
use rustix::fd::AsFd;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level::pipe};
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub struct Signals {
    is_asked: Arc<AtomicBool>,
    is_ended: Arc<AtomicBool>,
    may_end: Arc<AtomicBool>,
    /// Readable after a SIGHUP, so that a SIGHUP just before a wait ends the wait.
    wake: UnixStream,
}

impl Signals {
    pub fn handle() -> Result<Signals, Error> {
        Signals::register()
            .map_err(|error| Error::config(format!("could not handle signals: {error}")))
    }

    fn register() -> std::io::Result<Signals> {
        let (wake, waker) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let signals = Signals {
            is_asked: Arc::default(),
            is_ended: Arc::default(),
            may_end: Arc::new(AtomicBool::new(true)),
            wake,
        };
        // In this order, for each signal: after the wake-up the flag is set.
        flag::register(SIGHUP, Arc::clone(&signals.is_asked))?;
        pipe::register(SIGHUP, waker)?;
        for signal in [SIGTERM, SIGINT] {
            flag::register(signal, Arc::clone(&signals.is_ended))?;
            // In the handler, so that the program ends during a request too, and as the first process of a container,
            // for which the kernel ignores a signal without a handler.
            flag::register_conditional_shutdown(signal, 0, Arc::clone(&signals.may_end))?;
        }
        Ok(signals)
    }

    /// Whether SIGHUP has come since the last call.
    pub fn take_asked(&self) -> bool {
        self.is_asked.swap(false, Ordering::SeqCst)
    }

    /// Waits that long, or for ever, or until SIGHUP comes.
    pub fn wait(&self, clock: &Clock, time: Option<Duration>) {
        clock.wait(time, self.wake.as_fd());
        while matches!((&self.wake).read(&mut [0; 64]), Ok(read) if read > 0) {}
    }

    /// Runs work that is short and must not be interrupted. A signal that comes meanwhile ends the program
    /// after it.
    pub fn before_the_end<R>(&self, work: impl FnOnce() -> R) -> R {
        self.may_end.store(false, Ordering::SeqCst);
        let outcome = work();
        self.may_end.store(true, Ordering::SeqCst);
        if self.is_ended.load(Ordering::SeqCst) {
            std::process::exit(0);
        }
        outcome
    }
}
