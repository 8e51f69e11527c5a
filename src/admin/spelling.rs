//! Times as the Collector spells them: RFC 3339 in UTC, and Go's durations.

use std::time::{Duration, SystemTime};

const SECONDS_A_DAY: u64 = 86_400;

/// `2026-03-01T12:00:00.25Z`: to the nanosecond, without zeros at the end. Times before 1970 are
/// shown as 1970.
pub(super) fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / SECONDS_A_DAY, since.as_secs() % SECONDS_A_DAY);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let fraction = fraction(since.subsec_nanos(), 9);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Year, month and day of so many days after 1970-01-01. Years are counted from March, so that the
/// leap day comes last, in eras of 400 years.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days.saturating_add(719_468); // since 0000-03-01
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leaps = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

/// `1h2m3.5s`, `1m0s`, `250ms`, `0s`.
pub(super) fn go_duration(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    if seconds == 0 {
        return match nanos {
            0 => "0s".to_owned(),
            1..1000 => format!("{nanos}ns"),
            1000..1_000_000 => format!("{}{}µs", nanos / 1000, fraction(nanos % 1000, 3)),
            _ => format!("{}{}ms", nanos / 1_000_000, fraction(nanos % 1_000_000, 6)),
        };
    }
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let rest = format!("{}{}s", seconds % 60, fraction(nanos, 9));
    match (hours, minutes) {
        (0, 0) => rest,
        (0, _) => format!("{minutes}m{rest}"),
        _ => format!("{hours}h{minutes}m{rest}"),
    }
}

/// `.25` for 250 of three digits; nothing for 0.
fn fraction(value: u32, digits: usize) -> String {
    let text = format!(".{value:0digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_at_their_edges() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (1_772_366_400, "2026-03-01T12:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ];
        for (seconds, expected) in cases {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(rfc3339(time), expected);
        }
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1250);
        assert_eq!(rfc3339(time), "1970-01-01T00:00:01.25Z");
    }

    #[test]
    fn durations_are_spelled_as_go_spells_them() {
        let cases = [
            (0, "0s"),
            (999, "999ns"),
            (1500, "1.5µs"),
            (250_000_000, "250ms"),
            (250_500_000, "250.5ms"),
            (1_000_000_000, "1s"),
            (29_483_000_001, "29.483000001s"),
            (60_000_000_000, "1m0s"),
            (3_600_000_000_000, "1h0m0s"),
            (93_784_500_000_000, "26h3m4.5s"),
        ];
        for (nanos, expected) in cases {
            assert_eq!(go_duration(Duration::from_nanos(nanos)), expected);
        }
    }
}
