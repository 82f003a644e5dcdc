//! The boundary to C: checks pointers and catches panics.

use crate::handle::Handle;
use crate::settings::{FlowConfig, Settings};
use crate::status::{Failure, Status};
use alloc::boxed::Box;
use alloc::format;
use core::ffi::{CStr, c_char, c_void};
use core::fmt::{self, Write};
use core::mem::MaybeUninit;
use core::slice;
use minbearer_rust::Error;
use minbearer_rust::internal_memory::digits;
use zeroize::Zeroize;

/// `MINBEARER_MESSAGE_SIZE`
pub const MESSAGE_SIZE: usize = 1024;
/// `MINBEARER_VALUE_SIZE`
pub const VALUE_SIZE: usize = 16392;

/// `minbearer_message`: uninitialised until a call writes it.
#[repr(C)]
pub struct Message {
    text: [MaybeUninit<u8>; MESSAGE_SIZE],
}

/// The outcome of `call`, or that it panicked. Where a panic aborts, there is nothing to catch.
///
/// No half-made change is seen after a panic: settings are taken out of the handle while they change, and a session
/// stays usable.
#[cfg(feature = "std")]
fn catch<T>(call: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(Failure::panicked()))
}

/// Without an operating system a panic ends the program.
#[cfg(not(feature = "std"))]
fn catch<T>(call: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    call()
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
    let settings = catch(settings).map_err(|mistake| mistake.in_setting(function));
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
    let mut change = Some(change);
    handle.set(function, &mut |settings| {
        let change = change.take().ok_or(Failure::misuse("the setting was made already"))?;
        catch(|| change(settings))
    })
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
        settings.with_text(value).change(|config| change(config, value))
    };
    // SAFETY: the caller guarantees it.
    unsafe { set(function, handle, change) }
}

/// Makes a call, and writes what is wrong to `why` if there is something and `why` is not null.
///
/// # Safety
/// `handle` as in [`set`]. `why` is null or points to a message that this call alone uses.
pub(crate) unsafe fn call(
    function: &'static str,
    handle: *mut Handle,
    why: *mut Message,
    mut call: impl FnMut(&Handle) -> Result<(), Failure>,
) -> Status {
    // SAFETY: each is checked for null here, and the caller guarantees the rest.
    let (handle, why) = unsafe { (handle.as_ref(), why.as_mut()) };
    tell(function, handle, why, &mut call)
}

/// Makes the call. Once for all functions, which makes the library smaller.
fn tell(
    function: &'static str,
    handle: Option<&Handle>,
    why: Option<&mut Message>,
    call: &mut dyn FnMut(&Handle) -> Result<(), Failure>,
) -> Status {
    let outcome = catch(|| call(handle.ok_or(Failure::misuse("the handle is NULL"))?));
    let failure = outcome.err().map(|failure| failure.in_function(function));
    if let Some(why) = why {
        why.write(failure.as_ref());
    }
    failure.map_or(Status::Ok, |failure| failure.status)
}

/// Makes a call that writes a text to `size` bytes at `value`. After a failure that is the empty string, unless the
/// caller's text was kept.
///
/// # Safety
/// `handle` and `why` as in [`call`]. `value` is null or points to `size` bytes that this call alone uses.
pub(crate) unsafe fn call_for_text(
    function: &'static str,
    handle: *mut Handle,
    value: *mut c_char,
    size: usize,
    why: *mut Message,
    mut body: impl FnMut(&Handle, &mut Value<'_>) -> Result<(), Failure>,
) -> Status {
    // No more than is needed, so that a size which is wrong and huge does no harm.
    let size = size.min(VALUE_SIZE);
    if overlap((value.cast(), size), (why.cast(), MESSAGE_SIZE)) {
        return Status::Misuse; // one would be written over the other
    }
    // SAFETY: the caller guarantees it.
    let mut value = unsafe { Value::at(value, size) };
    let body = |handle: &Handle| {
        let value = value.as_mut().ok_or(Failure::misuse("value is NULL, or of no size"))?;
        body(handle, value)
    };
    // SAFETY: the caller guarantees it.
    let status = unsafe { call(function, handle, why, body) };
    if let Some(value) = value.as_mut().filter(|value| status != Status::Ok && !value.is_kept) {
        value.clear();
    }
    status
}

/// The place for a result, which is not null.
///
/// # Safety
/// `pointer` is null or points to a `T`, initialised or not, that this call alone uses.
pub(crate) unsafe fn place<'a, T>(
    name: &str,
    pointer: *mut T,
) -> Result<&'a mut MaybeUninit<T>, Failure> {
    // SAFETY: it is checked for null here, and the caller guarantees the rest.
    let place = unsafe { pointer.cast::<MaybeUninit<T>>().as_mut() };
    place.ok_or_else(|| Failure::misuse(format!("{name} is NULL")))
}

/// Bytes of an answer.
///
/// # Safety
/// `start` is null or points to `size` bytes that do not change during `'a`.
pub(crate) unsafe fn bytes_at<'a>(start: *const c_void, size: usize) -> Result<&'a [u8], Failure> {
    if size == 0 {
        return Ok(&[]);
    }
    if start.is_null() || size > isize::MAX as usize {
        return Err(Failure::misuse("bytes is NULL, or of no possible size"));
    }
    // SAFETY: it is not null, and the caller guarantees the rest.
    Ok(unsafe { slice::from_raw_parts(start.cast(), size) })
}

/// Whether two ranges of memory have a byte in common. One that starts at null is none.
fn overlap(one: (*const u8, usize), other: (*const u8, usize)) -> bool {
    let starts_in = |inner: *const u8, outer: (*const u8, usize)| {
        inner.addr().checked_sub(outer.0.addr()).is_some_and(|offset| offset < outer.1)
    };
    let is_there = !one.0.is_null() && !other.0.is_null() && one.1 > 0 && other.1 > 0;
    is_there && (starts_in(one.0, other) || starts_in(other.0, one))
}

/// The caller's buffer for a header value.
pub(crate) struct Value<'a> {
    room: &'a mut [MaybeUninit<u8>],
    /// How many bytes of an earlier value were found in it.
    held: usize,
    /// Whether the earlier value stays after a failure.
    is_kept: bool,
}

impl Value<'_> {
    /// # Safety
    /// `start` is null or points to `size` bytes that nothing else uses during `'a`.
    unsafe fn at(start: *mut c_char, size: usize) -> Option<Self> {
        if start.is_null() || size == 0 {
            return None;
        }
        // SAFETY: it is not null, and the caller guarantees the rest.
        let room = unsafe { slice::from_raw_parts_mut(start.cast(), size) };
        Some(Value { room, held: 0, is_kept: false })
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
        core::str::from_utf8(bytes).map_err(|_| Failure::misuse("value is not UTF-8"))
    }

    /// Leaves the earlier value where it is if the call fails, or no longer.
    pub(crate) fn keep(&mut self, is_kept: bool) {
        self.is_kept = is_kept;
    }

    /// Writes a value in place of the earlier one.
    pub(crate) fn write(&mut self, value: &str) -> Result<(), Failure> {
        self.clear();
        if value.len() >= self.room.len() {
            return Err(Failure::misuse(format!(
                "the value needs {} bytes, and its buffer has {}",
                digits(value.len() + 1),
                digits(self.room.len())
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

    /// Writes the message, cut to fit, or the empty string.
    fn write(&mut self, failure: Option<&Failure>) {
        let mut text = Cut { room: &mut self.text, written: 0 };
        if let Some(failure) = failure {
            let _ = write!(text, "{failure}"); // an error says that it was cut
        }
        text.end();
    }
}

/// A text that is cut to fit its room, between two characters.
struct Cut<'a> {
    room: &'a mut [MaybeUninit<u8>],
    written: usize,
}

impl Cut<'_> {
    fn end(self) {
        if let Some(end) = self.room.get_mut(self.written) {
            end.write(0);
        }
    }
}

impl fmt::Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.room.get_mut(self.written..).unwrap_or_default();
        let fits = |end: &usize| *end < room.len() && text.is_char_boundary(*end);
        let end = (0..=text.len()).rev().find(fits).unwrap_or(0);
        for (place, byte) in room.iter_mut().zip(text.bytes().take(end)) {
            place.write(byte);
        }
        self.written += end;
        if end == text.len() { Ok(()) } else { Err(fmt::Error) }
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
    if handle.is_null() {
        return;
    }
    // SAFETY: as in `set`.
    #[cfg(feature = "std")]
    if unsafe { &*handle }.is_unusable() {
        return;
    }
    // SAFETY: it is not null, and `new_handle` made it from a box.
    let handle = unsafe { Box::from_raw(handle) };
    let _ = catch(|| {
        drop(handle);
        Ok(())
    });
}
