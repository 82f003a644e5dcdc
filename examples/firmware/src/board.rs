//! The board: start-up, clock, serial line, Ethernet. Another board needs one more file like these three.

pub mod console;

#[cfg(any(feature = "microbit", feature = "lm3s6965evb"))]
mod cortex_m;
#[cfg(feature = "sifive_e")]
mod riscv;
#[cfg(any(feature = "microbit", feature = "lm3s6965evb"))]
use cortex_m as processor;
#[cfg(feature = "sifive_e")]
use riscv as processor;

#[cfg(feature = "lm3s6965evb")]
mod lm3s6965evb;
#[cfg(feature = "microbit")]
mod microbit;
#[cfg(feature = "sifive_e")]
mod sifive_e;
#[cfg(feature = "lm3s6965evb")]
use lm3s6965evb as chosen;
#[cfg(feature = "microbit")]
use microbit as chosen;
#[cfg(feature = "sifive_e")]
use sifive_e as chosen;

#[cfg(feature = "ethernet")]
mod stellaris_ethernet;

#[cfg(not(feature = "ethernet"))]
pub use chosen::Uart;
pub use chosen::{TICKS_PER_SECOND, random_bits, ticks};
#[cfg(feature = "ethernet")]
pub use stellaris_ethernet::Controller;

/// A serial line.
#[cfg(not(feature = "ethernet"))]
pub trait Serial {
    /// The next received byte, if there is one.
    fn read(&mut self) -> Option<u8>;

    /// Sends a byte, once there is room for it.
    fn write(&mut self, byte: u8);
}

/// The value that the start-up code fills the stack with.
const UNTOUCHED: u32 = 0xA5A5_A5A5;

unsafe extern "C" {
    static __stack_low: [u32; 0];
    static __stack_top: [u32; 0];
}

/// The most stack that was used, in bytes.
pub fn deepest_stack() -> usize {
    let low = &raw const __stack_low as *const u32;
    let top = &raw const __stack_top as *const u32;
    // SAFETY: the linker defines both, and between them is RAM.
    let untouched = unsafe { (0..).take_while(|&at| low.add(at).read_volatile() == UNTOUCHED) };
    top as usize - low as usize - untouched.count() * 4
}

/// Called by the processor's start-up code when the RAM is initialized.
#[unsafe(no_mangle)]
extern "C" fn start_board() -> ! {
    chosen::start();
    crate::main()
}

/// The fault handler: for an access to an invalid address, such as after a stack overflow.
#[unsafe(no_mangle)]
extern "C" fn fault() -> ! {
    console::exit(102)
}

/// Reads a device's register.
fn read(address: usize) -> u32 {
    // SAFETY: the addresses are those of the data sheet; reading a register touches no memory.
    unsafe { (address as *const u32).read_volatile() }
}

fn write(address: usize, value: u32) {
    // SAFETY: as above; none of these devices writes to memory by itself.
    unsafe { (address as *mut u32).write_volatile(value) }
}

/// Spreads a counter's few changing bits over 64 bits (SplitMix64). Random enough for renewal times and port numbers, but
/// not for keys.
#[cfg(not(feature = "microbit"))]
fn spread(counter: u64) -> u64 {
    let mixed = counter.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
