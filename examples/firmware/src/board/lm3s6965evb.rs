//! Stellaris LM3S6965 evaluation board: a Cortex-M3 with its own Ethernet. A modem is on UART 0, 115,200 baud.

#[cfg(not(feature = "ethernet"))]
use super::Serial;
use super::{read, spread, write};
use core::sync::atomic::{AtomicU32, Ordering};

const CONTROL: usize = 0x400F_E000;
const SYS_TICK: usize = 0xE000_E010;

/// Few, because an emulator on a busy machine loses frequent interrupts.
pub const TICKS_PER_SECOND: u32 = 50;
const HERTZ: u32 = 50_000_000;

static TICKS: AtomicU32 = AtomicU32::new(0);

pub fn start() {
    // RCC: the crystal of 8 MHz through the PLL, divided by 4 to 50 MHz. The Ethernet needs at least 20 MHz.
    const DIVIDED_BY_4: u32 = 3 << 23 | 1 << 22;
    const CRYSTAL_8_MHZ: u32 = 0xE << 6;
    const BYPASS: u32 = 1 << 11;
    write(CONTROL + 0x60, DIVIDED_BY_4 | CRYSTAL_8_MHZ | BYPASS | 1 << 13); // the PLL is off
    write(CONTROL + 0x60, DIVIDED_BY_4 | CRYSTAL_8_MHZ | BYPASS);
    while read(CONTROL + 0x50) & 1 << 6 == 0 {} // RIS: the PLL has locked
    write(CONTROL + 0x60, DIVIDED_BY_4 | CRYSTAL_8_MHZ);

    write(SYS_TICK + 4, HERTZ / TICKS_PER_SECOND - 1);
    write(SYS_TICK, 7); // the processor's clock, interrupt, on
}

#[unsafe(no_mangle)]
extern "C" fn sys_tick() {
    TICKS.store(TICKS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

pub fn ticks() -> u32 {
    TICKS.load(Ordering::Relaxed)
}

/// The board has no random number generator: the source is the time at which the server's answer arrives.
pub fn random_bits() -> u64 {
    spread(u64::from(ticks()) << 32 | u64::from(read(SYS_TICK + 8)))
}

#[cfg(not(feature = "ethernet"))]
pub struct Uart;

#[cfg(not(feature = "ethernet"))]
const UART: usize = 0x4000_C000;

#[cfg(not(feature = "ethernet"))]
impl Uart {
    pub fn start() -> Uart {
        const PORT_A: usize = 0x4000_4000;
        write(CONTROL + 0x104, 1); // RCGC1: UART 0
        write(CONTROL + 0x108, 1); // RCGC2: port A
        read(CONTROL + 0x108); // they take a few cycles
        write(PORT_A + 0x420, 3); // AFSEL
        write(PORT_A + 0x51C, 3); // DEN
        write(UART + 0x24, HERTZ / 16 / 115_200); // IBRD
        write(UART + 0x28, 8); // FBRD: 64ths
        write(UART + 0x2C, 0x70); // LCRH: 8 bits, FIFO
        write(UART + 0x30, 0x301); // CTL: on, both ways
        Uart
    }
}

#[cfg(not(feature = "ethernet"))]
impl Serial for Uart {
    fn read(&mut self) -> Option<u8> {
        (read(UART + 0x18) & 1 << 4 == 0).then(|| read(UART) as u8)
    }

    fn write(&mut self, byte: u8) {
        while read(UART + 0x18) & 1 << 5 != 0 {}
        write(UART, byte.into());
    }
}
