//! SiFive's E31 as on the HiFive1: an FE310. The modem is on UART 0, pins 16 and 17, 115,200 baud.

use super::{Serial, read, spread, write};

const CLINT_TIME: usize = 0x0200_BFF8;
const CLOCKS: usize = 0x1000_8000;
const PINS: usize = 0x1001_2000;
const UART: usize = 0x1001_3000;

/// QEMU's clock rate divided by 1,024. The real FE310 has 32,768 ticks a second, which need no division.
pub const TICKS_PER_SECOND: u32 = 10_000_000 >> SHIFT;
const SHIFT: u32 = 10;

pub fn start() {
    write(CLOCKS + 0x4, 1 << 30); // hfxosccfg: the crystal of 16 MHz
    while read(CLOCKS + 0x4) >> 31 == 0 {}
    write(CLOCKS + 0x8, 7 << 16); // pllcfg: select the PLL, from the crystal, bypassed
}

fn time() -> u64 {
    loop {
        let high = read(CLINT_TIME + 4);
        let low = read(CLINT_TIME);
        if read(CLINT_TIME + 4) == high {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

pub fn ticks() -> u32 {
    (time() >> SHIFT) as u32
}

/// The board has no random number generator: the source is the time at which the server's answer arrives.
pub fn random_bits() -> u64 {
    spread(time())
}

pub struct Uart;

impl Uart {
    pub fn start() -> Uart {
        write(PINS + 0x3C, read(PINS + 0x3C) & !(3 << 16)); // iof_sel
        write(PINS + 0x38, read(PINS + 0x38) | 3 << 16); // iof_en
        write(UART + 0x18, 16_000_000 / 115_200 - 1); // div
        write(UART + 0x08, 1); // txctrl
        write(UART + 0x0C, 1); // rxctrl
        Uart
    }
}

impl Serial for Uart {
    fn read(&mut self) -> Option<u8> {
        let received = read(UART + 0x04);
        (received >> 31 == 0).then_some(received as u8)
    }

    fn write(&mut self, byte: u8) {
        while read(UART) >> 31 != 0 {}
        write(UART, byte.into());
    }
}
