//! The header field `Retry-After` ([RFC 9110 section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).

use super::time::{DAYS_TO_1970, days_to};
use super::url::before;
use core::time::Duration;

/// How long the server asks to wait: a number of seconds, or the time from the answer's own `Date` to another date, so
/// that the device's clock does not matter. A fraction, which the grammar does not have, is rounded up.
pub(super) fn retry_after(value: Option<&str>, date: Option<&str>) -> Option<Duration> {
    let value = value?;
    let whole = before(value, b".");
    let fraction = value.get(whole.len() + 1..).unwrap_or_default().as_bytes();
    if !whole.is_empty()
        && whole.bytes().chain(fraction.iter().copied()).all(|byte| byte.is_ascii_digit())
    {
        let rounded_up = u64::from(fraction.iter().any(|digit| *digit != b'0'));
        let seconds = u64::from(whole.parse::<u32>().unwrap_or(u32::MAX));
        return Some(Duration::from_secs(seconds + rounded_up));
    }
    let (then, now) = (http_date(value)?, http_date(date?)?);
    Some(Duration::from_secs(then.saturating_sub(now)))
}

/// The seconds since 1970 of a date in one of the three forms that a recipient has to read ([RFC 9110 section
/// 5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7)); they differ in the order of the same words:
///
/// ```text
/// Sun, 06 Nov 1994 08:49:37 GMT      IMF-fixdate
/// Sunday, 06-Nov-94 08:49:37 GMT     RFC 850
/// Sun Nov  6 08:49:37 1994           asctime
/// ```
pub(crate) fn http_date(text: &str) -> Option<u64> {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let is_separator = |byte: &u8| matches!(byte, b' ' | b',' | b'-' | b':');
    let mut words = text.as_bytes().split(is_separator).filter(|word| !word.is_empty());
    let (_weekday, first, second) = (words.next()?, words.next()?, words.next()?);
    let is_asctime = !first.first()?.is_ascii_digit();
    let (mut word, month) = if is_asctime { (second, first) } else { (first, second) };
    let month = MONTHS.chunks(3).position(|name| name == month)?;
    let mut numbers = [0; 5];
    for number in &mut numbers {
        if word.is_empty() || word.len() > 4 {
            return None;
        }
        for digit in word {
            *number = *number * 10 + char::from(*digit).to_digit(10)?;
        }
        word = words.next().unwrap_or_default();
    }
    let (is_whole, [day, year, hour, minute, second]) = match (is_asctime, numbers) {
        (true, [day, hour, minute, second, year]) => {
            (word.is_empty(), [day, year, hour, minute, second])
        }
        (false, numbers) => (word == b"GMT", numbers),
    };
    let year = match year {
        // The year of this release stands for that of a clock, which a device may not have: 50 years later at most.
        0..=76 => 2000 + year,
        77..=99 => 1900 + year,
        _ => year,
    };
    let days = days_to(year, u32::try_from(month).ok()? + 1, day)?.checked_sub(DAYS_TO_1970)?;
    if !is_whole {
        return None;
    }
    Some(u64::from(days) * 86_400 + u64::from(hour * 3600 + minute * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::time::RELEASED;

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
            ("300.5", Some(301)),
            ("300.0", Some(300)),
            ("0.1", Some(1)),
            ("99999999999999999999999.5", Some(1 << 32)),
            ("1.5.5", None),
            (".5", None),
            ("1.5e3", None),
            ("1,5", None),
            ("soon", None),
            ("Sunday, 06-Nov-94 08:59:37 GMT", Some(600)),
            ("Sun Nov  6 08:59:37 1994", Some(600)),
            ("Wed Nov 16 08:49:37 1994", Some(864_000)),
            ("Sun Nov  6 08:59:37 1994 GMT", None),
            ("Sunday, 06-Nov-94 08:59:37", None),
            ("Sunday, 06-Nov-94 08:59:37 CET", None),
            ("Sun Nov  6 08:59 1994", None),
            ("Sun, 06 Nov 1994 08:59 GMT", None),
            ("Sun, 06 Nov", None),
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
            ("Sunday, 29-Nov-26 19:37:09 GMT", 1_795_981_029),
            ("Sun Nov 29 19:37:09 2026", 1_795_981_029),
            ("Sun Nov  1 00:00:00 2026", RELEASED),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Thursday, 31-Dec-76 23:59:59 GMT", 3_376_684_799),
            ("Saturday, 01-Jan-77 00:00:00 GMT", 220_924_800),
        ] {
            assert_eq!(http_date(text), Some(seconds), "{text}");
        }
    }
}
