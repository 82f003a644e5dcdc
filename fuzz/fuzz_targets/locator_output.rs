//! A locator's standard output and standard error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minbearer::fuzzing::{printed_port, shown_stderr};
use minbearer_fuzz::{SECRET, check_text, with_secret};

fuzz_target!(|data: &[u8]| {
    let text = with_secret(data);
    match printed_port(&text, SECRET) {
        Ok(port) => {
            // A port is accepted only in its canonical form.
            let printed = std::str::from_utf8(&text).expect("a port is ASCII");
            assert_eq!(printed.trim_matches(|c: char| c.is_ascii_whitespace()), port.to_string());
            assert_ne!(port, 0);
        }
        Err(what) => check_text(&what, 256 + 60),
    }
    check_text(&shown_stderr(&text, SECRET), 256);
});
