//! Who is inside a handle, across `fork`.
//!
//! A child has one thread. If another thread of its parent was inside the handle at the fork, it holds locks in the
//! child's copy that no one will release, and may have left a value half written. The child has to be able to tell:
//!
//! ```text
//! parent, pid 7   process 7  inside 1      a thread waits for an answer
//!   fork
//! child,  pid 9   process 7  inside 1      not this process, and not empty: that thread is not here
//! ```

use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) struct Visits {
    /// The process whose threads `inside` counts.
    process: AtomicU32,
    inside: AtomicU32,
}

/// A thread is inside for as long as this lives.
pub(crate) struct Visit<'a>(&'a Visits);

impl Visits {
    pub(crate) fn new() -> Visits {
        Visits { process: AtomicU32::new(std::process::id()), inside: AtomicU32::new(0) }
    }

    /// `None` in a child that got the handle while another thread was inside.
    pub(crate) fn enter(&self) -> Option<Visit<'_>> {
        if self.are_stuck() {
            return None;
        }
        // Before `inside` is counted up: who sees the new count sees the new process.
        self.process.store(std::process::id(), Ordering::SeqCst);
        self.inside.fetch_add(1, Ordering::SeqCst);
        Some(Visit(self))
    }

    pub(crate) fn are_stuck(&self) -> bool {
        self.inside.load(Ordering::SeqCst) != 0
            && self.process.load(Ordering::SeqCst) != std::process::id()
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::SeqCst);
    }
}
