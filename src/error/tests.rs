use super::*;

#[derive(Debug)]
struct Names(String);

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for Names {}

#[test]
fn a_number_is_written_as_the_formatter_writes_it() {
    for number in [0, 7, 10, 99, 100, 65_535, usize::MAX] {
        assert_eq!(digits(number), number.to_string());
        let mut hexadecimal = String::new();
        push_digits(number, 16, &mut hexadecimal);
        assert_eq!(hexadecimal, alloc::format!("{number:x}"));
    }
}

#[test]
fn what_is_invisible_or_moves_others_is_escaped() {
    // Of each range the first and the last, and their visible neighbours (DerivedCoreProperties.txt of Unicode 16).
    for (first, last) in [
        (0, 0x1f),
        (0x7f, 0x9f),
        (0xad, 0xad),
        (0x34f, 0x34f),
        (0x61c, 0x61c),
        (0x115f, 0x1160),
        (0x17b4, 0x17b5),
        (0x180b, 0x180f),
        (0x200b, 0x200f),
        (0x2028, 0x202e),
        (0x2060, 0x206f),
        (0x3164, 0x3164),
        (0xfe00, 0xfe0f),
        (0xfeff, 0xfeff),
        (0xffa0, 0xffa0),
        (0xfff0, 0xfffb),
        (0x1bca0, 0x1bca3),
        (0x1d173, 0x1d17a),
        (0xe0000, 0x10_ffff),
    ] {
        let shown = |code: u32| char::from_u32(code).map(|it| on_a_line(&String::from(it)));
        for code in [first, last] {
            let shown = shown(code).unwrap();
            assert!(shown.starts_with('\\') && shown.is_ascii(), "{code:x}: {shown}");
        }
        for code in [first.wrapping_sub(1), last + 1] {
            let shown = shown(code).unwrap_or_default();
            assert!(!shown.starts_with('\\'), "{code:x}: {shown}");
        }
    }
}

#[test]
fn a_source_is_bounded_and_safe_to_print() {
    for (text, expected_chars) in [
        ("\u{1b}[2J\r\n".repeat(5000), 250..=256),
        ("é".repeat(256), 256..=256),
        ("é".repeat(257), 256..=256),
        ("\u{e0001}".repeat(300), 240..=256),
    ] {
        let error = Error::network("no").with_source(Names(text.clone()));
        let source = core::error::Error::source(&error).unwrap();
        let (shown, debug) = (source.to_string(), alloc::format!("{source:?}"));
        for shown in [&shown, &debug] {
            assert!(expected_chars.contains(&shown.chars().count()), "{text:?}: {shown}");
            assert!(!shown.contains(['\u{1b}', '\r', '\n', '\u{e0001}']), "{shown:?}");
        }
        assert!(source.source().is_none());
    }
}
