//! The border to C: pointers come in and are checked, panics do not go out.

use crate::handle::Handle;
use crate::settings::Settings;
use crate::status::{Failure, Status};
use flows::Token;
use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::sync::Arc;
use zeroize::Zeroize;

/// `MINBEARER_MESSAGE_SIZE`
pub const MESSAGE_SIZE: usize = 1024;
/// `MINBEARER_VALUE_SIZE`
pub const VALUE_SIZE: usize = 8200;

/// `minbearer_message`: uninitialised until a call has written it.
#[repr(C)]
pub struct Message {
    text: [MaybeUninit<u8>; MESSAGE_SIZE],
}

/// The outcome of `call`, or that it panicked. Where a panic aborts, there is nothing to catch.
///
/// What a panic leaves half done is never looked at: settings are taken out while they change, and a session makes its
/// changes whole.
fn catch<T>(call: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(Failure::panicked()))
}

/// A text of the caller's.
///
/// # Safety
/// `pointer` is null or points to bytes that end with a NUL and do not change during `'a`.
pub(crate) unsafe fn text<'a>(name: &str, pointer: *const c_char) -> Result<&'a str, Failure> {
    if pointer.is_null() {
        return Err(Failure::misuse(format!("{name} is NULL")));
    }
    // SAFETY: it is not null, and the rest is the caller's promise.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map_err(|_| Failure::misuse(format!("{name} is not UTF-8")))
}

/// A constructor: a handle with these settings, or with the mistake.
pub(crate) fn new_handle(
    function: &'static str,
    settings: impl FnOnce() -> Result<Settings, Failure>,
) -> *mut Handle {
    let settings = catch(settings).map_err(|mistake| mistake.in_function(function));
    Box::into_raw(Box::new(Handle::new(settings)))
}

/// A setting.
///
/// # Safety
/// `handle` is null or comes from [`new_handle`], and is not freed before this returns.
pub(crate) unsafe fn set(
    function: &'static str,
    handle: *mut Handle,
    change: impl FnOnce(Settings) -> Result<Settings, Failure>,
) -> Status {
    // SAFETY: until it is freed, a handle is only shared.
    let Some(handle) = (unsafe { handle.as_ref() }) else { return Status::Misuse };
    handle.set(function, |settings| catch(|| change(settings)))
}

/// A call for a token: its header value goes to `size` bytes at `value`, what went wrong to `why`.
///
/// # Safety
/// `handle` as in [`set`]. `value` is null or points to `size` bytes, `why` is null or points to a message, and both
/// are this call's alone.
pub(crate) unsafe fn call_for_token(
    function: &'static str,
    handle: *mut Handle,
    value: *mut c_char,
    size: usize,
    why: *mut Message,
    call: impl FnOnce(&Handle, &mut Value<'_>) -> Result<Arc<Token>, Failure>,
) -> Status {
    // SAFETY: each is checked for null here, and the rest is the caller's promise.
    let (handle, mut value, mut why) =
        unsafe { (handle.as_ref(), Value::at(value, size), why.as_mut()) };
    let outcome = catch(|| {
        let value = value.as_mut().ok_or(Failure::misuse("value is NULL, or of no size"))?;
        if why.is_none() {
            return Err(Failure::misuse("why is NULL"));
        }
        let handle = handle.ok_or(Failure::misuse("the handle is NULL"))?;
        let token = call(handle, value)?;
        value.write(token.authorization())
    });
    let failure = outcome.err().map(|failure| failure.in_function(function));
    if let (Some(value), Some(_)) = (&mut value, &failure) {
        value.clear();
    }
    if let Some(why) = &mut why {
        why.write(&failure.as_ref().map_or(String::new(), Failure::to_string));
    }
    failure.map_or(Status::Ok, |failure| failure.status)
}

/// Where a header value goes.
pub(crate) struct Value<'a> {
    room: &'a mut [MaybeUninit<u8>],
    /// How many bytes of an earlier value are known to be there.
    held: usize,
}

impl Value<'_> {
    /// # Safety
    /// `start` is null or points to `size` bytes that are no one else's during `'a`.
    unsafe fn at(start: *mut c_char, size: usize) -> Option<Self> {
        if start.is_null() || size == 0 {
            return None;
        }
        // No more than there is a use for: a size that is wrong because it is huge does no harm.
        let size = size.min(VALUE_SIZE);
        // SAFETY: it is not null, and the rest is the caller's promise.
        Some(Value { room: unsafe { slice::from_raw_parts_mut(start.cast(), size) }, held: 0 })
    }

    /// The value that the caller has put there.
    ///
    /// # Safety
    /// The bytes are initialised, up to a NUL at least.
    pub(crate) unsafe fn read(&mut self) -> Result<&str, Failure> {
        // SAFETY: what follows the first NUL is not looked at.
        let is_nul = |byte: &MaybeUninit<u8>| unsafe { byte.assume_init() } == 0;
        self.held = self.room.iter().position(is_nul).unwrap_or(self.room.len());
        if self.held == self.room.len() {
            return Err(Failure::misuse("value does not end with a NUL"));
        }
        // SAFETY: these are the bytes before it.
        let bytes = unsafe { slice::from_raw_parts(self.room.as_ptr().cast(), self.held) };
        std::str::from_utf8(bytes).map_err(|_| Failure::misuse("value is not UTF-8"))
    }

    /// Writes a value over what is there.
    fn write(&mut self, value: &str) -> Result<(), Failure> {
        self.clear();
        if value.len() >= self.room.len() {
            return Err(Failure::misuse(format!(
                "the value needs {} bytes, and there are {}",
                value.len() + 1,
                self.room.len()
            )));
        }
        write_text(self.room, value);
        Ok(())
    }

    /// Leaves the empty string, and nothing of what was there.
    fn clear(&mut self) {
        let held = self.room.split_at_mut(self.held).0;
        held.zeroize();
        write_text(self.room, "");
    }
}

impl Message {
    #[cfg(test)]
    pub(crate) fn empty() -> Message {
        Message { text: [MaybeUninit::new(0); MESSAGE_SIZE] }
    }

    #[cfg(test)]
    pub(crate) fn as_text(&self) -> &str {
        unsafe { CStr::from_ptr(self.text.as_ptr().cast()) }.to_str().unwrap()
    }

    /// Writes the message, cut to fit.
    fn write(&mut self, message: &str) {
        let fits = |end: &usize| *end < MESSAGE_SIZE && message.is_char_boundary(*end);
        let end = (0..=message.len()).rev().find(fits).unwrap_or(0);
        write_text(&mut self.text, message.get(..end).unwrap_or_default());
    }
}

/// Writes the text and a NUL, for which there is room.
fn write_text(room: &mut [MaybeUninit<u8>], text: &str) {
    for (place, byte) in room.iter_mut().zip(text.bytes().chain([0])) {
        place.write(byte);
    }
}

/// # Safety
/// `memory` is null or points to `size` bytes that are no one else's.
pub(crate) unsafe fn wipe(memory: *mut u8, size: usize) {
    if !memory.is_null() {
        // SAFETY: it is not null, and the rest is the caller's promise.
        let bytes = unsafe { slice::from_raw_parts_mut(memory.cast::<MaybeUninit<u8>>(), size) };
        bytes.zeroize();
    }
}

/// # Safety
/// `handle` is null or comes from [`new_handle`], and no one uses it from here on.
pub(crate) unsafe fn free(handle: *mut Handle) {
    // SAFETY: as in `set`.
    let is_stuck = unsafe { handle.as_ref() }.is_none_or(Handle::is_stuck);
    if !is_stuck {
        // SAFETY: it is not null, and `new_handle` made it of a box.
        let handle = unsafe { Box::from_raw(handle) };
        let _ = catch(|| {
            drop(handle);
            Ok(())
        });
    }
}
