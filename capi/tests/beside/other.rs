//! Another static library written in Rust, to stand beside libminbearer.a in one program. It uses the allocator, threads and
//! unwinding of its own standard library.

use std::panic::catch_unwind;

/// The sum of the numbers below `count`; the largest `u32` if that panics, as it does for 13.
#[unsafe(no_mangle)]
pub extern "C" fn other_sum(count: u32) -> u32 {
    let sum = move || {
        assert_ne!(count, 13, "as the test wants it");
        std::thread::spawn(move || (0..count).collect::<Vec<_>>().iter().sum()).join().unwrap()
    };
    catch_unwind(sum).unwrap_or(u32::MAX)
}
