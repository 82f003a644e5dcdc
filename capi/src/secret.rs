//! A secret or an assertion from a function of the program.

use crate::memory::{can_have, none};
use crate::settings::encoded_bytes;
use alloc::format;
use alloc::string::String;
use core::ffi::{c_char, c_int, c_void};
use minbearer_rust::internal_memory::digits;
use minbearer_rust::{Error, Secret, SecretSource};
use zeroize::Zeroizing;

/// `minbearer_secret_function`
pub type Function = unsafe extern "C" fn(*mut c_void, *mut c_char, usize) -> c_int;

/// `MINBEARER_SECRET_SIZE`
pub(crate) const SECRET_SIZE: usize = 16 * 1024 + 1;

pub(crate) struct Supplier {
    supply: Function,
    context: *mut c_void,
}

// SAFETY: the header demands a function that any thread may call, with this context.
unsafe impl Send for Supplier {}
// SAFETY: as above.
unsafe impl Sync for Supplier {}

impl Supplier {
    /// # Safety
    /// The function may be called with the context from any thread until the source is dropped.
    pub(crate) unsafe fn new(supply: Function, context: *mut c_void) -> Supplier {
        Supplier { supply, context }
    }

    pub(crate) fn into_source(self) -> SecretSource {
        SecretSource::from_fn(move || self.ask())
    }

    fn ask(&self) -> Result<Secret, Error> {
        let mut room = Zeroizing::new(alloc::vec::Vec::new());
        if room.try_reserve_exact(SECRET_SIZE).is_err() {
            return Err(none());
        }
        room.resize(SECRET_SIZE, 0);
        // SAFETY: as in `new`, and there is room for as many bytes.
        let outcome = unsafe { (self.supply)(self.context, room.as_mut_ptr().cast(), SECRET_SIZE) };
        if outcome != 0 {
            let sign = if outcome < 0 { "-" } else { "" };
            let number = digits(outcome.unsigned_abs() as usize);
            let message = format!(
                "the function that supplies the secret or assertion returned {sign}{number}"
            );
            return Err(Error::config(message));
        }
        let text = room.iter().position(|byte| *byte == 0).and_then(|end| room.get(..end));
        let text = text.ok_or_else(|| {
            Error::config(
                "the function that supplies the secret or assertion wrote a text that does not end with a NUL",
            )
        })?;
        let text = core::str::from_utf8(text).map_err(|_| {
            Error::config(
                "the function that supplies the secret or assertion wrote a text that is not UTF-8",
            )
        })?;
        let mut secret = Zeroizing::new(String::new());
        let (encoded, is_there) =
            (encoded_bytes(text), secret.try_reserve_exact(text.len()).is_ok());
        if is_there {
            secret.push_str(text);
        }
        drop(room); // frees memory for the request, or for the error
        // A copy, encoded in the form, in the whole request, for redaction, and what these consist of.
        if !is_there || !can_have(&[secret.len(), encoded, encoded, encoded, 512]) {
            drop(secret);
            return Err(none());
        }
        Ok(Secret::from(core::mem::take(&mut *secret)))
    }
}
