//! The calls in progress with a handle, to detect a `fork` during one.
//!
//! A child has one thread. If another thread of its parent was in a call at the fork, that thread holds locks in the
//! child's copy which nothing will release, and may have left a value half written. The child can detect it:
//!
//! ```text
//! parent, pid 7   process 7  count 1      a thread waits for an answer
//!   fork
//! child,  pid 9   process 7  count 1      not this process, and not 0: that thread does not exist here
//! ```

use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) struct Calls {
    /// The process whose calls are counted.
    process: AtomicU32,
    count: AtomicU32,
}

/// A call is in progress for as long as this lives.
pub(crate) struct Call<'a>(&'a Calls);

impl Calls {
    pub(crate) fn new() -> Calls {
        Calls { process: AtomicU32::new(std::process::id()), count: AtomicU32::new(0) }
    }

    /// `None` in a child that was forked during a call of another thread.
    pub(crate) fn begin(&self) -> Option<Call<'_>> {
        if self.are_of_the_parent() {
            return None;
        }
        // Before the count: a thread that sees the new count sees the new process.
        self.process.store(std::process::id(), Ordering::SeqCst);
        self.count.fetch_add(1, Ordering::SeqCst);
        Some(Call(self))
    }

    pub(crate) fn are_of_the_parent(&self) -> bool {
        self.count.load(Ordering::SeqCst) != 0
            && self.process.load(Ordering::SeqCst) != std::process::id()
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::SeqCst);
    }
}
