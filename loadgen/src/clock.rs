//! The one place where loadgen asks for the time.
//!
//! Everything else is handed an `Instant` or calls here, so that what depends on time is found by
//! looking for `clock::`. It does not sleep and it does not schedule: see `pace`.

#![expect(clippy::disallowed_methods, reason = "this file is where loadgen's time comes from")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The monotonic time now.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Nanoseconds since 1970; 0 when the machine's clock stands before that.
#[must_use]
pub fn unix_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    nanos(since)
}

/// A duration in whole nanoseconds, at most `u64::MAX` (584 years).
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A number for this run: unlike the one of any run started in another millisecond or process.
#[must_use]
pub fn run_id() -> u32 {
    let mixed = (unix_nanos() / 1_000) ^ u64::from(std::process::id()).rotate_left(20);
    u32::try_from(mixed & u64::from(u32::MAX)).unwrap_or(1).max(1)
}
