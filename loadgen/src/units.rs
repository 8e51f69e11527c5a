//! Quantities as people type them: `50ms`, `10s`, `200k`.

use std::time::Duration;

/// Reads a duration with its unit: `us`, `ms`, `s` or `m`.
///
/// # Errors
/// When the unit is missing or unknown, or the number is none.
pub fn duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("{text:?}: expected a number and us, ms, s or m, as in 50ms");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: f64 = digits.parse().map_err(|_| bad())?;
    let seconds = match text.strip_prefix(digits) {
        Some("us") => number / 1e6,
        Some("ms") => number / 1e3,
        Some("s") => number,
        Some("m") => number * 60.0,
        _ => return Err(bad()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| bad())
}

/// Reads a positive number with an optional `k` or `M`.
///
/// # Errors
/// When it is no positive number.
pub fn rate(text: &str) -> Result<f64, String> {
    let bad = || format!("{text:?}: expected a positive number, k and M allowed, as in 200k");
    let (digits, factor) = match text.strip_suffix('k') {
        Some(digits) => (digits, 1e3),
        None => text.strip_suffix('M').map_or((text, 1.0), |digits| (digits, 1e6)),
    };
    let number: f64 = digits.parse().map_err(|_| bad())?;
    if number.is_finite() && number > 0.0 { Ok(number * factor) } else { Err(bad()) }
}

/// A count with thousands separated: `1,234,567`.
#[must_use]
pub fn count(number: u64) -> String {
    separated(&number.to_string())
}

/// The nearest whole number with thousands separated; for numbers that are no less than 0.
#[must_use]
pub fn rounded(number: f64) -> String {
    separated(&format!("{number:.0}"))
}

fn separated(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A time span in the unit that suits it: `870 us`, `1.25 ms`, `2.50 s`.
#[must_use]
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 1e-3 {
        format!("{:.0} us", seconds * 1e6)
    } else if seconds < 1.0 {
        format!("{:.2} ms", seconds * 1e3)
    } else {
        format!("{seconds:.2} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("50ms"), Ok(Duration::from_millis(50)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1_500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for bad in ["10", "", "s", "-1s", "5h"] {
            assert!(duration(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn rates_may_be_short() {
        assert_eq!((rate("200k"), rate("1.5M"), rate("7")), (Ok(2e5), Ok(1.5e6), Ok(7.0)));
        for bad in ["0", "-3", "k", "NaN", "inf"] {
            assert!(rate(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn numbers_are_written_for_reading() {
        assert_eq!(
            (count(7), count(1_000), count(1_234_567)),
            ("7".into(), "1,000".into(), "1,234,567".into())
        );
        assert_eq!(span(Duration::from_micros(1_250)), "1.25 ms");
    }
}
