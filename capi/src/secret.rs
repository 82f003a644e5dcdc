//! A secret or an assertion from a function of the program.

use alloc::format;
use alloc::string::String;
use core::ffi::{c_char, c_int, c_void};
use flows::{Error, Secret, SecretSource};
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
            return Err(flows::internal_memory::out_of_memory("there is no memory for the secret"));
        }
        room.resize(SECRET_SIZE, 0);
        // SAFETY: as in `new`, and there is room for as many bytes.
        let outcome = unsafe { (self.supply)(self.context, room.as_mut_ptr().cast(), SECRET_SIZE) };
        if outcome != 0 {
            let message =
                format!("the function that supplies the secret or assertion returned {outcome}");
            return Err(Error::config(message));
        }
        let text = room.iter().position(|byte| *byte == 0).and_then(|end| room.get(..end));
        let text = text.ok_or(Error::config(
            "the function that supplies the secret or assertion wrote a text that does not end with a NUL",
        ))?;
        let text = core::str::from_utf8(text).map_err(|_| {
            Error::config(
                "the function that supplies the secret or assertion wrote a text that is not UTF-8",
            )
        })?;
        // Encoded in the form, in the whole request, and for redaction.
        let encoded = text.len().saturating_mul(3);
        crate::memory::can_have(&[encoded, encoded, text.len(), text.len()])?;
        Ok(Secret::from(String::from(text)))
    }
}
