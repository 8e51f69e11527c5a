//! What is counted of reloads: by the main thread, for the process as a whole.

use std::time::SystemTime;

use metrics::{Counter, Gauge, Recorder};

use super::meters::{counter, gauge};

/// How reloads went.
#[derive(Clone, Debug)]
pub struct ConfigMeter {
    succeeded: Counter,
    failed: Counter,
    last_success: Gauge,
    last_success_at: Gauge,
}

impl ConfigMeter {
    /// Registers the series. The start counts as a success at `started`, and as no reload.
    pub fn new(recorder: &impl Recorder, started: SystemTime) -> Self {
        let result = |result: &str| {
            counter(recorder, "spanyard_config_reloads_total", &[("result", result)])
        };
        let level = |name: &'static str| gauge(recorder, name, &[]);
        let meter = Self {
            succeeded: result("ok"),
            failed: result("failed"),
            last_success: level("spanyard_config_last_reload_success"),
            last_success_at: level("spanyard_config_last_reload_success_timestamp_seconds"),
        };
        meter.stands_since(started);
        meter
    }

    /// A new configuration holds.
    pub fn succeeded(&self, now: SystemTime) {
        self.succeeded.increment(1);
        self.stands_since(now);
    }

    /// The files that are there now could not be used.
    pub fn failed(&self) {
        self.failed.increment(1);
        self.last_success.set(0.0);
    }

    fn stands_since(&self, time: SystemTime) {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.last_success.set(1.0);
        self.last_success_at.set(since.as_secs_f64());
    }
}
