//! Arguments, output and exit status through the debugger
//! ([semihosting](https://github.com/ARM-software/abi-aa/blob/main/semihosting/semihosting.rst)). Not for a product.

use super::processor::semihosting;
use core::fmt;

const WRITE_CHARACTER: usize = 0x03;
const READ_CHARACTER: usize = 0x07;
const GET_COMMAND_LINE: usize = 0x15;
const EXIT_EXTENDED: usize = 0x20;
const APPLICATION_EXIT: usize = 0x20026;

/// The command line, up to 511 bytes, or an empty text.
pub fn command_line(buffer: &mut [u8]) -> &str {
    let mut block = [buffer.as_mut_ptr() as usize, buffer.len()];
    if semihosting(GET_COMMAND_LINE, block.as_mut_ptr()) != 0 {
        return "";
    }
    let len = buffer.iter().position(|byte| *byte == 0).unwrap_or_default();
    core::str::from_utf8(buffer.get(..len).unwrap_or_default()).unwrap_or_default()
}

/// Prints `place` and waits for a character.
pub fn pause(place: &str) {
    print!("{place}\n");
    semihosting(READ_CHARACTER, core::ptr::null_mut());
}

/// Ends the emulator.
pub fn exit(status: u8) -> ! {
    let mut block = [APPLICATION_EXIT, usize::from(status)];
    loop {
        semihosting(EXIT_EXTENDED, block.as_mut_ptr());
    }
}

/// Writes text as `print!` does.
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            let mut word = usize::from(byte); // little-endian: its first byte is the character
            semihosting(WRITE_CHARACTER, &mut word);
        }
        Ok(())
    }
}

macro_rules! print {
    ($($part:tt)*) => {{
        use core::fmt::Write;
        let _ = write!($crate::board::console::Console, $($part)*); // it cannot fail
    }};
}
pub(crate) use print;
