//! Durations as Go writes them: `200ms`, `1m30s`, `1.5h`. A unit is needed; `0` may do without.

use std::time::Duration;

/// Nanoseconds of each unit, longer names first where one begins another.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// How people write units that Go does not know, and what to write instead.
const WORDS: [(&str, &str, u64); 12] = [
    ("milliseconds", "ms", 1),
    ("millisecond", "ms", 1),
    ("seconds", "s", 1),
    ("second", "s", 1),
    ("secs", "s", 1),
    ("sec", "s", 1),
    ("minutes", "m", 1),
    ("minute", "m", 1),
    ("mins", "m", 1),
    ("min", "m", 1),
    ("days", "h", 24),
    ("d", "h", 24),
];

/// Parses a duration; `None` for anything else, negative ones included.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut total = 0_u128;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(scaled(number, u128::from(*nanos))?)?;
        rest = tail;
    }
    // Go keeps 63 bits of nanoseconds: 292 years.
    let nanos = u64::try_from(total).ok().filter(|nanos| *nanos <= i64::MAX.unsigned_abs())?;
    Some(Duration::from_nanos(nanos))
}

/// `number` (digits with at most one point) times `unit`, cut to whole nanoseconds.
fn scaled(number: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let digits = |text: &str| {
        if text.is_empty() { Some(0) } else { text.parse::<u128>().ok() }
    };
    let mut total = digits(whole)?.checked_mul(unit)?;
    let mut weight = unit;
    for digit in fraction.chars() {
        weight /= 10;
        total = total.checked_add(u128::from(digit.to_digit(10)?).checked_mul(weight)?)?;
    }
    Some(total)
}

/// What was probably meant by something that is no duration.
pub(super) fn suggestion(text: &str) -> Option<String> {
    let squeezed: String = text.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let number_end = squeezed.find(|c: char| !c.is_ascii_digit()).unwrap_or(squeezed.len());
    let (number, unit) = squeezed.split_at(number_end);
    let count: u64 = number.parse().ok()?;
    if unit.is_empty() {
        return Some(format!("{count}s"));
    }
    let fixed = WORDS.iter().find(|(word, _, _)| *word == unit).map_or_else(
        || squeezed.clone(),
        |(_, unit, times)| format!("{}{unit}", count.saturating_mul(*times)),
    );
    parse(&fixed).map(|_| fixed)
}

#[cfg(test)]
mod tests {
    use super::{parse, suggestion};
    use std::time::Duration;

    /// Go's syntax and nothing else.
    #[test]
    fn durations_are_read_as_go_reads_them() {
        let cases = [
            ("200ms", Some(Duration::from_millis(200))),
            ("1m30s", Some(Duration::from_secs(90))),
            ("1.5h", Some(Duration::from_secs(5400))),
            (".5s", Some(Duration::from_millis(500))),
            ("0", Some(Duration::ZERO)),
            ("0s", Some(Duration::ZERO)),
            ("10us", Some(Duration::from_micros(10))),
            ("10\u{b5}s", Some(Duration::from_micros(10))),
            ("1d", None),
            ("10", None),
            ("5 seconds", None),
            ("-5s", None),
            ("", None),
            (".s", None),
            ("1.2.3s", None),
            ("99999999999999999999h", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    /// The hint of an error is itself a duration.
    #[test]
    fn a_suggested_duration_is_one() {
        let cases = [
            ("10", Some("10s")),
            ("5 seconds", Some("5s")),
            ("1d", Some("24h")),
            ("2 Minutes", Some("2m")),
            ("10 ms", Some("10ms")),
            ("soon", None),
        ];
        for (text, expected) in cases {
            assert_eq!(suggestion(text).as_deref(), expected, "{text}");
            assert!(expected.is_none_or(|fixed| parse(fixed).is_some()));
        }
    }
}
