//! The one place where time is read.
//!
//! Everything else takes the time as an argument, so that it can be tested with any time at all.
//! Edges (accept loops, timers, the admin pages, logs) ask here.
#![expect(
    clippy::disallowed_methods,
    reason = "the one place where clocks are read"
)]

use std::time::{Instant, SystemTime};

/// Monotonic time, for delays and deadlines.
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// Wall-clock time, for what people read.
#[must_use]
pub fn wall() -> SystemTime {
    SystemTime::now()
}
