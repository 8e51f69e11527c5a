//! When a failed send is tried again: exponential backoff with jitter, and what the backend asked
//! for.
//!
//! ```text
//!  interval(n) = min(initial * multiplier^n, interval_max)
//!  delay(n)    = max(interval(n) * (1 +- jitter), min(Retry-After, 5 min), 10 ms)
//! ```
//! A delay that would end after `elapsed_max`, or what the backend asked for beyond it, is not
//! waited for: the batch is given up at once, as the Collector does. Pure: time and randomness are
//! arguments.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

use crate::config::plan::RetryPlan;

/// A backend cannot make us wait longer than this.
pub const AFTER_MAX: Duration = Duration::from_secs(300);
/// However the file is written, attempts of one batch are at least this far apart.
pub const DELAY_MIN: Duration = Duration::from_millis(10);

/// The backoff of one batch.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    plan: RetryPlan,
    since: Instant,
    interval: Duration,
}

impl Backoff {
    /// A backoff whose `elapsed_max` counts from `since`.
    #[must_use]
    pub const fn new(plan: RetryPlan, since: Instant) -> Self {
        Self { plan, since, interval: plan.initial }
    }

    /// How long to wait after a failure at `now`; `None` to give up. `after` is what the backend
    /// asked for, `random` is uniform in `0..1`.
    pub fn next(&mut self, now: Instant, after: Option<Duration>, random: f64) -> Option<Duration> {
        let interval = self.interval.min(self.plan.interval_max);
        let factor = self.plan.jitter.mul_add(random.mul_add(2.0, -1.0), 1.0);
        let jittered = scaled(interval, factor, self.plan.interval_max);
        self.interval = scaled(interval, self.plan.multiplier, self.plan.interval_max);
        let asked = after.unwrap_or_default();
        let delay = jittered.max(asked.min(AFTER_MAX)).max(DELAY_MIN);
        let lasts = |expires: Instant| {
            now.checked_add(delay.max(asked)).is_some_and(|again| again <= expires)
        };
        self.expires().is_none_or(lasts).then_some(delay)
    }

    /// When the batch is given up; `None`: never.
    #[must_use]
    pub fn expires(&self) -> Option<Instant> {
        if self.plan.elapsed_max.is_zero() {
            return None;
        }
        self.since.checked_add(self.plan.elapsed_max)
    }
}

fn scaled(interval: Duration, factor: f64, otherwise: Duration) -> Duration {
    Duration::try_from_secs_f64(interval.as_secs_f64() * factor).unwrap_or(otherwise)
}

/// A small generator for jitter (xorshift64*); not for secrets.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// A generator with a given start; the same start rolls the same numbers.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(if seed == 0 { 0x9e37_79b9_7f4a_7c15 } else { seed })
    }

    /// A generator that starts somewhere else in every worker and process.
    #[must_use]
    pub fn seeded() -> Self {
        Self::new(RandomState::new().build_hasher().finish())
    }

    /// A number in `0..1`.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a fraction holds")]
    pub fn roll(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
        bits as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests;
