//! BBC micro:bit, version 1: an nRF51822 with a Cortex-M0. The modem is on the edge connector: its receiving line on
//! pin 0, its sending line on pin 1, 115,200 baud.

use super::{Serial, read, write};

const UART: usize = 0x4000_2000;
const TIMER: usize = 0x4000_8000;
const RANDOM: usize = 0x4000_D000;

pub const TICKS_PER_SECOND: u32 = 16_000_000 >> PRESCALER;
const PRESCALER: u32 = 9;

pub fn start() {
    write(TIMER + 0x508, 3); // BITMODE: 32 bits, which wrap around after 38 hours
    write(TIMER + 0x510, PRESCALER);
    write(TIMER, 1); // START
}

pub fn ticks() -> u32 {
    write(TIMER + 0x040, 1); // CAPTURE[0]
    read(TIMER + 0x540)
}

pub fn random_bits() -> u64 {
    write(RANDOM, 1); // START
    let mut bits = 0;
    for _ in 0..8 {
        while read(RANDOM + 0x100) == 0 {} // VALRDY
        write(RANDOM + 0x100, 0);
        bits = bits << 8 | u64::from(read(RANDOM + 0x508));
    }
    write(RANDOM + 0x004, 1); // STOP
    bits
}

pub struct Uart;

impl Uart {
    pub fn start() -> Uart {
        write(UART + 0x50C, 3); // PSELTXD: GPIO 3 is pin 0
        write(UART + 0x514, 2); // PSELRXD: GPIO 2 is pin 1
        write(UART + 0x524, 0x01D7_E000); // BAUDRATE: 115,200
        write(UART + 0x500, 4); // ENABLE
        write(UART, 1); // STARTRX
        write(UART + 0x008, 1); // STARTTX
        Uart
    }
}

impl Serial for Uart {
    fn read(&mut self) -> Option<u8> {
        if read(UART + 0x108) == 0 {
            return None;
        }
        write(UART + 0x108, 0); // RXDRDY, which is set again if there are more bytes
        Some(read(UART + 0x518) as u8)
    }

    fn write(&mut self, byte: u8) {
        write(UART + 0x11C, 0); // TXDRDY
        write(UART + 0x51C, byte.into());
        while read(UART + 0x11C) == 0 {}
    }
}
