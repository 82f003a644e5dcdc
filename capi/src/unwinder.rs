//! Takes the place of an unwinder where a panic aborts: std and core name one, for backtraces and for what never happens then.
//!
//! A program linked by `musl-gcc -static` would get that of the system's own GCC, which was made for glibc and does not link
//! (`_dl_find_object`).

use core::ffi::{c_int, c_void};

/// `_URC_END_OF_STACK`: a backtrace without an entry.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(_: *mut c_void, _: *mut c_void) -> c_int {
    5
}

macro_rules! never_called {
    ($($name:ident),* $(,)?) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name() -> ! {
            crate::memory::end()
        }
    )*};
}

never_called!(
    _Unwind_DeleteException,
    _Unwind_FindEnclosingFunction,
    _Unwind_GetCFA,
    _Unwind_GetDataRelBase,
    _Unwind_GetIP,
    _Unwind_GetIPInfo,
    _Unwind_GetLanguageSpecificData,
    _Unwind_GetRegionStart,
    _Unwind_GetTextRelBase,
    _Unwind_RaiseException,
    _Unwind_Resume,
    _Unwind_SetGR,
    _Unwind_SetIP,
);
