//! Memory: std's where there is an operating system, else the program's.

#[cfg(feature = "std")]
mod system {
    /// A C program cannot choose Rust's allocator, so the one that wipes what it frees is built in.
    #[global_allocator]
    static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
        zeroizing_alloc::ZeroAlloc(std::alloc::System);

    /// The process ends where there is none.
    pub(crate) fn can_have(_: &[usize]) -> bool {
        true
    }
}

#[cfg(not(feature = "std"))]
mod program {
    use core::alloc::{GlobalAlloc, Layout};
    use core::ffi::c_void;
    use core::ptr::null_mut;

    unsafe extern "C" {
        fn minbearer_allocate(size: usize) -> *mut c_void;
        fn minbearer_release(memory: *mut c_void);
        #[cfg(not(test))]
        fn minbearer_out_of_memory();
    }

    struct Memory;

    // SAFETY: the header demands of the functions what is needed here, for the alignment that is checked.
    unsafe impl GlobalAlloc for Memory {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // Nothing in this library needs more. C's malloc aligns for any of C's own types.
            if layout.align() > align_of::<u64>() {
                return null_mut();
            }
            // SAFETY: any size may be asked for.
            unsafe { minbearer_allocate(layout.size()).cast() }
        }

        unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
            // SAFETY: it comes from `alloc`.
            unsafe { minbearer_release(memory.cast()) }
        }
    }

    #[cfg_attr(not(test), global_allocator)]
    static ALLOCATOR: zeroizing_alloc::ZeroAlloc<Memory> = zeroizing_alloc::ZeroAlloc(Memory);

    /// Called where there is no memory that the library cannot do without, and for a bug in it.
    #[cfg(not(test))]
    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        end()
    }

    #[cfg(not(test))]
    pub(crate) fn end() -> ! {
        // SAFETY: it has no argument.
        unsafe { minbearer_out_of_memory() };
        loop {
            core::hint::spin_loop(); // which the header rules out
        }
    }

    /// Rust's `core` for hosts was compiled so that it can unwind, and names this. Nothing unwinds here.
    #[cfg(all(not(test), panic = "abort"))]
    #[unsafe(no_mangle)]
    extern "C" fn rust_eh_personality() {}

    /// Whether there is memory for buffers of these sizes together, now. It is for buffers that the library makes where it
    /// could not return an error. The error takes memory too: release what is not needed before it is made.
    pub(crate) fn can_have(sizes: &[usize]) -> bool {
        let Some((size, rest)) = sizes.split_first() else { return true };
        let Ok(layout) = Layout::array::<u8>((*size).max(1)) else { return false };
        // SAFETY: the size is not 0.
        let memory = unsafe { Memory.alloc(layout) };
        if memory.is_null() {
            return false;
        }
        let outcome = can_have(rest);
        // SAFETY: it was just allocated, and nothing was written to it.
        unsafe { Memory.dealloc(memory, layout) };
        outcome
    }
}

pub(crate) fn none() -> minbearer_rust::Error {
    minbearer_rust::internal_memory::out_of_memory(
        "there is no memory for the request or the token",
    )
}

#[cfg(not(feature = "std"))]
pub(crate) use program::can_have;
#[cfg(all(minbearer_without_unwinder, not(feature = "std"), not(test)))]
pub(crate) use program::end;
#[cfg(all(minbearer_without_unwinder, feature = "std"))]
pub(crate) use std::process::abort as end;
#[cfg(feature = "std")]
pub(crate) use system::can_have;
