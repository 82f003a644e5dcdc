//! A terminal that a test types at.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;

/// The person's end and the program's, and the path of the program's. What is typed waits in the terminal for as long as
/// the program's end is open.
pub fn open() -> (File, File, String) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let program_side = File::options().read(true).write(true).open(&name).unwrap();
    (File::from(terminal), program_side, name)
}
