//! Numbers (RFC 8259 section 6), without floating point.

use super::{NotJson, Reader};
use core::time::Duration;

impl<'a> Reader<'a> {
    pub(super) fn number(&mut self) -> Result<&'a str, NotJson> {
        let start = self.at;
        self.passes(b'-');
        if !self.passes(b'0') {
            self.digits()?;
        }
        if self.passes(b'.') {
            self.digits()?;
        }
        if self.passes(b'e') || self.passes(b'E') {
            let _sign = self.passes(b'+') || self.passes(b'-');
            self.digits()?;
        }
        Ok(self.since(start))
    }

    fn digits(&mut self) -> Result<(), NotJson> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count > 0 { Ok(()) } else { Err(NotJson) }
    }
}

/// Reads a JSON number as seconds. `None` if `text` is not a number, is negative, or is more than a `u64` holds. Parts
/// of a nanosecond are dropped.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    let mut reader = Reader { text, at: 0 };
    let number = reader.number().ok().filter(|number| number.len() == text.len())?;
    let (digits, exponent) = cut(number, b"eE");
    let (whole, fraction) = cut(digits, b".");
    // An exponent beyond 127 is no plausible time.
    let exponent = exponent.unwrap_or("0").parse::<i8>().ok()?;
    decimal(whole, fraction.unwrap_or_default(), exponent)
}

/// A number of seconds above 0 that a person has written, such as 10 or 0.5. More than a hundred years are a hundred
/// years.
#[cfg(feature = "std")]
pub fn written_seconds(text: &str) -> Option<Duration> {
    const MAX: Duration = Duration::from_secs(100 * 365 * 86_400);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let duration = decimal(whole, fraction, 0).unwrap_or(MAX).min(MAX);
    (!duration.is_zero()).then_some(duration)
}

/// The duration of decimal digits, a point between them, and an exponent of ten; `None` for another character or more
/// than a `u64` holds. Without floating point, whose parser would link tables of 14 KiB.
///
/// ```text
/// 3.6e3    digits 3 6, the point after 1 + 3 of them        3600 s
/// 25e-3    digits 2 5, the point after 2 - 3 of them        0 s  025000000 ns
/// ```
fn decimal(whole: &str, fraction: &str, exponent: i8) -> Option<Duration> {
    const NANOSECOND_DIGITS: i32 = 9;
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent.into())?;
    let digit = |place: i32| {
        let place = usize::try_from(place).ok();
        let byte = place.and_then(|place| whole.bytes().chain(fraction.bytes()).nth(place));
        // Places before and after the digits are zeros. A minus sign is no digit.
        byte.map_or(Some(0), |byte| char::from(byte).to_digit(10))
    };
    let mut seconds = 0_u64;
    for place in 0..point {
        seconds = seconds.checked_mul(10)?.checked_add(digit(place)?.into())?;
    }
    let mut nanoseconds = 0;
    for place in point..point + NANOSECOND_DIGITS {
        nanoseconds = nanoseconds * 10 + digit(place)?;
    }
    Some(Duration::new(seconds, nanoseconds))
}

/// Splits a text at the first of those bytes.
fn cut<'a>(text: &'a str, marks: &[u8]) -> (&'a str, Option<&'a str>) {
    let Some(at) = text.bytes().position(|byte| marks.contains(&byte)) else { return (text, None) };
    (text.get(..at).unwrap_or_default(), text.get(at + 1..))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::is_one_value;

    #[test]
    fn a_number_is_what_the_rfc_says() {
        for number in [
            "0", "-0", "7", "-10", "0.0", "10.010", "0e0", "1E5", "1e+05", "-1.5e-7", "1e400",
            "-0.1E999",
        ] {
            assert!(is_one_value(number), "{number}");
        }
        let digits = "9".repeat(400);
        assert!(is_one_value(&digits), "beyond a double");
        for text in [
            "-", "+1", "00", "01", "-01", "1.", ".5", "-.5", "1.e5", "1e", "1e+", "1e+-5", "1e5.5",
            "1e5e5", "--1", "1-", "0x1", "1_0", "1 0", "Infinity", "-NaN", "１",
        ] {
            assert!(!is_one_value(text), "{text}");
        }
    }

    #[test]
    fn a_number_of_seconds_is_exact_to_the_nanosecond() {
        let zeros = "0".repeat(200);
        for (text, expected) in [
            ("0", Some((0, 0))),
            ("3600", Some((3600, 0))),
            ("3600.0", Some((3600, 0))),
            ("3600.5", Some((3600, 500_000_000))),
            ("3.6e3", Some((3600, 0))),
            ("3.6E+3", Some((3600, 0))),
            ("36e2", Some((3600, 0))),
            ("25e-3", Some((0, 25_000_000))),
            ("1234.567891234999", Some((1234, 567_891_234))),
            ("1e-9", Some((0, 1))),
            ("9e-10", Some((0, 0))),
            ("5e-127", Some((0, 0))),
            ("1700000000.25", Some((1_700_000_000, 250_000_000))),
            ("18446744073709551615.9", Some((u64::MAX, 900_000_000))),
            ("18446744073709551616", None),
            ("1e20", None),
            ("1e127", None),
            ("1e400", None),
            ("1e99999999999", None),
            (&alloc::format!("1{zeros}"), None),
            (&alloc::format!("0.{zeros}1"), Some((0, 0))),
            ("-1", None),
            ("-0.5", None),
            ("", None),
            ("x", None),
            (" 1", None),
            ("1 ", None),
            ("1s", None),
            ("01", None),
            ("1.", None),
        ] {
            let expected =
                expected.map(|(seconds, nanoseconds)| Duration::new(seconds, nanoseconds));
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
