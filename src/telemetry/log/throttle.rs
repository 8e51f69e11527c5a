//! The brake on repeated warnings: one a period, which tells how many it stands for.
//!
//! Time is an argument. A throttle belongs to one thread; a shard has its own.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Lets one warning a period pass.
#[derive(Debug)]
pub struct Throttle {
    per: Duration,
    last: Cell<Option<Instant>>,
    suppressed: Cell<u64>,
}

impl Throttle {
    /// A throttle that admits one warning per `per`.
    #[must_use]
    pub const fn new(per: Duration) -> Self {
        Self { per, last: Cell::new(None), suppressed: Cell::new(0) }
    }

    /// Whether to warn now: the number of warnings suppressed since the last one, or `None`.
    #[must_use]
    pub fn admit(&self, now: Instant) -> Option<u64> {
        let due =
            self.last.get().is_none_or(|last| now.saturating_duration_since(last) >= self.per);
        if due {
            self.last.set(Some(now));
            Some(self.suppressed.take())
        } else {
            self.suppressed.set(self.suppressed.get().saturating_add(1));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::clock;

    #[test]
    fn the_first_warning_of_a_period_passes_and_tells_how_many_were_suppressed() {
        let start = clock::now();
        let at = |ms| start + Duration::from_millis(ms);
        let throttle = Throttle::new(Duration::from_secs(1));
        let cases = [(0, Some(0)), (1, None), (999, None), (1000, Some(2)), (1001, None)];
        for (ms, expected) in cases {
            assert_eq!(throttle.admit(at(ms)), expected, "at {ms} ms");
        }
        assert_eq!(throttle.admit(at(60_000)), Some(1));
        assert_eq!(throttle.admit(at(120_000)), Some(0));
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_admits_nothing() {
        let now = clock::now();
        let throttle = Throttle::new(Duration::from_secs(1));
        assert_eq!(throttle.admit(now), Some(0));
        assert_eq!(throttle.admit(now), None);
        assert_eq!(throttle.admit(now.checked_sub(Duration::from_secs(5)).expect("uptime")), None);
    }
}
