//! The one place where time is read.
//!
//! Everything else takes the time as an argument, so that it can be tested with any time at all.
//! Edges (accept loops, timers, the admin pages, logs) ask here. Under a paused tokio clock,
//! monotonic time stands still and jumps as the test says.
#![expect(clippy::disallowed_methods, reason = "the one place where clocks are read")]

use std::time::{Instant, SystemTime};

/// Monotonic time, for delays and deadlines.
#[must_use]
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Wall-clock time, for what people read.
#[must_use]
pub fn wall() -> SystemTime {
    SystemTime::now()
}
