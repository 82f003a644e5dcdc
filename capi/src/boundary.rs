//! The boundary to C: checks pointers and catches panics.

use crate::handle::Handle;
use crate::settings::{FlowConfig, Settings};
use crate::status::{Failure, Status};
use flows::{Error, Token};
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

/// `minbearer_message`: uninitialised until a call writes it.
#[repr(C)]
pub struct Message {
    text: [MaybeUninit<u8>; MESSAGE_SIZE],
}

/// The outcome of `call`, or that it panicked. Where a panic aborts, there is nothing to catch.
///
/// No half-made change is seen after a panic: settings are taken out of the handle while they change, and a session
/// stays usable.
fn catch<T>(call: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(Failure::panicked()))
}

/// Reads a text argument.
///
/// # Safety
/// `pointer` is null or points to bytes that end with a NUL and do not change during `'a`.
pub(crate) unsafe fn text<'a>(name: &str, pointer: *const c_char) -> Result<&'a str, Failure> {
    if pointer.is_null() {
        return Err(Failure::misuse(format!("{name} is NULL")));
    }
    // SAFETY: it is not null, and the caller guarantees the rest.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map_err(|_| Failure::misuse(format!("{name} is not UTF-8")))
}

/// Makes a handle, with these settings or with what was wrong with them.
pub(crate) fn new_handle(
    function: &'static str,
    settings: impl FnOnce() -> Result<Settings, Failure>,
) -> *mut Handle {
    let settings = catch(settings).map_err(|mistake| mistake.in_function(function));
    Box::into_raw(Box::new(Handle::new(settings)))
}

/// Changes a setting.
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

/// Changes a setting of one flow that is a text.
///
/// # Safety
/// `handle` as in [`set`], `pointer` as in [`text`].
pub(crate) unsafe fn set_text<F: FlowConfig + 'static>(
    function: &'static str,
    handle: *mut Handle,
    name: &str,
    pointer: *const c_char,
    change: impl FnOnce(F, &str) -> Result<F, Error>,
) -> Status {
    let change = |settings: Settings| {
        // SAFETY: the caller guarantees it.
        let value = unsafe { text(name, pointer) }?;
        settings.change(|config| change(config, value))
    };
    // SAFETY: the caller guarantees it.
    unsafe { set(function, handle, change) }
}

/// Calls for a token, and writes its header value to `size` bytes at `value`, or an error's message to `why`.
///
/// # Safety
/// `handle` as in [`set`]. `value` is null or points to `size` bytes, `why` is null or points to a message, and both
/// used by this call alone.
pub(crate) unsafe fn call_for_token(
    function: &'static str,
    handle: *mut Handle,
    value: *mut c_char,
    size: usize,
    why: *mut Message,
    call: impl FnOnce(&Handle, &mut Value<'_>) -> Result<Arc<Token>, Failure>,
) -> Status {
    // SAFETY: each is checked for null here, and the caller guarantees the rest.
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

/// The caller's buffer for a header value.
pub(crate) struct Value<'a> {
    room: &'a mut [MaybeUninit<u8>],
    /// How many bytes of an earlier value were found in it.
    held: usize,
}

impl Value<'_> {
    /// # Safety
    /// `start` is null or points to `size` bytes that nothing else uses during `'a`.
    unsafe fn at(start: *mut c_char, size: usize) -> Option<Self> {
        if start.is_null() || size == 0 {
            return None;
        }
        // No more than is needed, so that a size which is wrong and huge does no harm.
        let size = size.min(VALUE_SIZE);
        // SAFETY: it is not null, and the caller guarantees the rest.
        Some(Value { room: unsafe { slice::from_raw_parts_mut(start.cast(), size) }, held: 0 })
    }

    /// Reads the value that the caller has put there.
    ///
    /// # Safety
    /// The bytes are initialised, up to a NUL at least.
    pub(crate) unsafe fn read(&mut self) -> Result<&str, Failure> {
        // SAFETY: nothing after the first NUL is read.
        let is_nul = |byte: &MaybeUninit<u8>| unsafe { byte.assume_init() } == 0;
        self.held = self.room.iter().position(is_nul).unwrap_or(self.room.len());
        if self.held == self.room.len() {
            return Err(Failure::misuse("value does not end with a NUL"));
        }
        // SAFETY: these are the bytes before it.
        let bytes = unsafe { slice::from_raw_parts(self.room.as_ptr().cast(), self.held) };
        std::str::from_utf8(bytes).map_err(|_| Failure::misuse("value is not UTF-8"))
    }

    /// Writes a value in place of the earlier one.
    fn write(&mut self, value: &str) -> Result<(), Failure> {
        self.clear();
        if value.len() >= self.room.len() {
            return Err(Failure::misuse(format!(
                "the value needs {} bytes, and its buffer has {}",
                value.len() + 1,
                self.room.len()
            )));
        }
        write_text(self.room, value);
        Ok(())
    }

    /// Wipes the earlier value and writes the empty string.
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
/// `memory` is null or points to `size` bytes that nothing else uses.
pub(crate) unsafe fn wipe(memory: *mut u8, size: usize) {
    if !memory.is_null() {
        // SAFETY: it is not null, and the caller guarantees the rest.
        let bytes = unsafe { slice::from_raw_parts_mut(memory.cast::<MaybeUninit<u8>>(), size) };
        bytes.zeroize();
    }
}

/// # Safety
/// `handle` is null or comes from [`new_handle`], and is not used again.
pub(crate) unsafe fn free(handle: *mut Handle) {
    // SAFETY: as in `set`.
    let is_unusable = unsafe { handle.as_ref() }.is_none_or(Handle::is_unusable);
    if !is_unusable {
        // SAFETY: it is not null, and `new_handle` made it from a box.
        let handle = unsafe { Box::from_raw(handle) };
        let _ = catch(|| {
            drop(handle);
            Ok(())
        });
    }
}
