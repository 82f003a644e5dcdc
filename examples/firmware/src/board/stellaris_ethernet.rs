//! The LM3S6965's Ethernet controller, polled. Received frames stay in its memory until they are read.

use super::{read, write};

const CONTROL: usize = 0x400F_E000;
const PORT_F: usize = 0x4002_5000;
const MAC: usize = 0x4004_8000;

const DATA: usize = MAC + 0x10;
const PACKETS: usize = MAC + 0x34;
const TRANSMIT: usize = MAC + 0x38;

/// Length before a frame, checksum after it.
const LENGTH_BYTES: usize = 2;
const CHECKSUM_BYTES: usize = 4;
const HEADER_BYTES: usize = 14;

/// The controller, running.
pub struct Controller;

impl Controller {
    /// A locally administered address (the second bit). A product has its own.
    pub const ADDRESS: [u8; 6] = [0x02, 0, 0, 0, 0, 0x07];

    pub fn start() -> Controller {
        write(CONTROL + 0x108, 1 << 30 | 1 << 28 | 1 << 5); // RCGC2: PHY, MAC, and port F with their lamps
        read(CONTROL + 0x108); // they take a few cycles
        write(PORT_F + 0x420, 0xC); // AFSEL
        write(PORT_F + 0x51C, 0xC); // DEN
        let [a, b, c, d, e, f] = Self::ADDRESS;
        write(MAC + 0x14, u32::from_le_bytes([a, b, c, d])); // IA0
        write(MAC + 0x18, u32::from_le_bytes([e, f, 0, 0])); // IA1
        write(MAC + 0x24, 10); // MDV: the PHY's clock, at most 2.5 MHz
        write(MAC + 0x08, 0x18); // RCTL: empty the FIFO, no frames with a wrong checksum
        write(MAC + 0x0C, 0x17); // TCTL: on, padding, checksum, both ways at once
        write(MAC + 0x08, 0x09); // RCTL: on
        Controller
    }

    /// Reads the next received frame, if there is one, and returns its length. A frame longer than `frame` is dropped.
    pub fn receive(&mut self, frame: &mut [u8]) -> Option<usize> {
        while read(PACKETS) & 0x3F != 0 {
            let first = read(DATA);
            let all = (first & 0xFFFF) as usize; // includes the two length bytes and the four of the checksum
            let [_, _, third, fourth] = first.to_le_bytes();
            let mut put = |at: usize, bytes: &[u8]| {
                for (to, from) in frame.iter_mut().skip(at).zip(bytes) {
                    *to = *from;
                }
            };
            put(0, &[third, fourth]);
            for at in (4..all).step_by(4) {
                put(at - LENGTH_BYTES, &read(DATA).to_le_bytes());
            }
            let len = all.saturating_sub(LENGTH_BYTES + CHECKSUM_BYTES);
            if (HEADER_BYTES..=frame.len()).contains(&len) {
                return Some(len);
            }
        }
        None
    }

    /// Whether the last frame has been sent, so that there is room for another.
    pub fn can_send(&self) -> bool {
        read(TRANSMIT) & 1 == 0
    }

    /// Sends a frame.
    pub fn send(&mut self, frame: &[u8]) {
        let mut bytes = frame.iter().copied();
        let mut next = || bytes.next().unwrap_or_default();
        let [low, high, ..] = (frame.len().saturating_sub(HEADER_BYTES) as u32).to_le_bytes();
        write(DATA, u32::from_le_bytes([low, high, next(), next()]));
        for _ in 0..frame.len().saturating_sub(2).div_ceil(4) {
            write(DATA, u32::from_le_bytes([next(), next(), next(), next()]));
        }
        write(TRANSMIT, 1);
    }
}
