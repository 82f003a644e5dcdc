//! What guards a handle's state: a lock where there are threads, else a check that no callback calls the handle again.

#[cfg(not(feature = "std"))]
use core::cell::{RefCell, RefMut as Guarded};
#[cfg(feature = "std")]
use std::sync::{Mutex, MutexGuard as Guarded, PoisonError, TryLockError};

pub(crate) type Guard<'a, T> = Guarded<'a, T>;

#[cfg(feature = "std")]
pub(crate) struct Lock<T>(Mutex<T>);
#[cfg(not(feature = "std"))]
pub(crate) struct Lock<T>(RefCell<T>);

#[cfg(feature = "std")]
impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Lock<T> {
        Lock(Mutex::new(value))
    }

    /// Waits until no other call holds it. A panic leaves no half-made change: see `catch` in `boundary.rs`.
    pub(crate) fn hold(&self) -> Option<Guard<'_, T>> {
        Some(self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// `None` if another call holds it.
    pub(crate) fn try_hold(&self) -> Option<Guard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

#[cfg(not(feature = "std"))]
impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Lock<T> {
        Lock(RefCell::new(value))
    }

    /// `None` in a callback of a call that holds it.
    pub(crate) fn hold(&self) -> Option<Guard<'_, T>> {
        self.0.try_borrow_mut().ok()
    }

    pub(crate) fn try_hold(&self) -> Option<Guard<'_, T>> {
        self.hold()
    }
}
