//! How long a call takes, on a busy machine too, and calls that would never end.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Measures the time of this thread, less what it waited for a processor because others had all of them.
pub struct Stopwatch {
    started: Instant,
    queued: Duration,
}

impl Stopwatch {
    pub fn start() -> Stopwatch {
        Stopwatch { started: Instant::now(), queued: queued() }
    }

    pub fn elapsed(&self) -> Duration {
        self.started.elapsed().saturating_sub(queued() - self.queued)
    }
}

/// For how long this thread has been ready to run and did not, as Linux counts it.
fn queued() -> Duration {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = counted.split(' ').nth(1).and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

/// Runs a call in a thread of its own. One that does not end fails the test instead of hanging it.
#[track_caller]
pub fn within<T: Send + 'static>(limit: Duration, call: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = channel();
    std::thread::spawn(move || sender.send(call()));
    match receiver.recv_timeout(limit) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => panic!("the call has not ended after {limit:?}"),
        Err(RecvTimeoutError::Disconnected) => panic!("the call panicked"),
    }
}
