//! Dates and seconds since 1970, in UTC; formatted as [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) says.

use core::fmt;

/// 9999-12-31T23:59:59Z, the last moment that a certificate can name.
pub(crate) const LAST_SECOND: u64 = 253_402_300_799;

/// 2026-11-01T00:00:00Z in seconds since 1970: this release is later, so that a clock which says less is wrong.
pub const RELEASED: u64 = 1_793_491_200;

/// The days from 0000-03-01 to 1970-01-01.
pub(crate) const DAYS_TO_1970: u32 = 719_468;

/// The days from 0000-03-01 to a date. Years start in March here, so that the leap day comes last.
pub(crate) fn days_to(year: u32, month: u32, day: u32) -> Option<u32> {
    let (year, month) =
        if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    days.checked_sub(1)
}

/// A time in seconds since 1970, shown as RFC 3339.
pub struct Utc(pub u64);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.min(LAST_SECOND);
        let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
        // Civil from days, in eras of 400 years of 146,097 days.
        let days = days + u64::from(DAYS_TO_1970);
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let (hour, minute, second) =
            (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_time_is_shown_as_rfc_3339() {
        // date -u -d @SECONDS +%FT%TZ
        for (seconds, shown) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_763_773_323, "2025-11-22T01:02:03Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (RELEASED, "2026-11-01T00:00:00Z"),
            (LAST_SECOND, "9999-12-31T23:59:59Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Utc(seconds).to_string(), shown, "{seconds}");
        }
    }
}
