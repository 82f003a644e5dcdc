//! The header field `Retry-After` ([RFC 9110 section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).

use super::time::{DAYS_TO_1970, days_to};
use core::time::Duration;

/// How long the server asks to wait: a number of seconds, or the time from the answer's own `Date` to another date, so
/// that the device's clock does not matter.
pub(super) fn retry_after(value: Option<&str>, date: Option<&str>) -> Option<Duration> {
    let value = value?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse::<u32>().unwrap_or(u32::MAX).into()));
    }
    let (then, now) = (http_date(value)?, http_date(date?)?);
    Some(Duration::from_secs(then.saturating_sub(now)))
}

/// The seconds since 1970 of an IMF-fixdate (RFC 9110 section 5.6.7), the form that servers have to send:
/// `Sun, 06 Nov 1994 08:49:37 GMT`. Each part is at a fixed offset.
pub(crate) fn http_date(text: &str) -> Option<u64> {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let text = text.as_bytes();
    if text.len() != 29 || text.get(3..5)? != b", " || text.get(25..)? != b" GMT" {
        return None;
    }
    let number = |start: usize, len: usize| {
        let digits = text.get(start..start + len)?;
        digits.iter().try_fold(0, |sum, byte| Some(sum * 10 + char::from(*byte).to_digit(10)?))
    };
    let (day, year) = (number(5, 2)?, number(12, 4)?);
    let (hour, minute, second) = (number(17, 2)?, number(20, 2)?, number(23, 2)?);
    let month = MONTHS.chunks(3).position(|name| Some(name) == text.get(8..11))?;
    let days = days_to(year, u32::try_from(month).ok()? + 1, day)?.checked_sub(DAYS_TO_1970)?;
    Some(u64::from(days) * 86_400 + u64::from(hour * 3600 + minute * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_nonsense_is_not() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (value, expected) in [
            ("0", Some(0)),
            ("120", Some(120)),
            ("99999999999999999999999", Some(u32::MAX.into())),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("Sun, 06 Foo 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49:37 UTC", None),
            ("Sun, +6 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49:3é GMT", None),
            ("Wed, 31 Dec 1969 23:59:59 GMT", None),
        ] {
            let expected = expected.map(Duration::from_secs);
            assert_eq!(retry_after(Some(value), Some(date)), expected, "{value}");
        }
        assert_eq!(retry_after(Some(date), None), None, "the device's clock is not used");
    }

    #[test]
    fn a_date_is_the_seconds_since_1970() {
        // date -u -d 'Sun, 06 Nov 1994 08:49:37 GMT' +%s
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
        ] {
            assert_eq!(http_date(text), Some(seconds), "{text}");
        }
    }
}
