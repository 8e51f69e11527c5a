//! What an exporter tells its operator: counters of how sends ended, and warnings that are held to
//! one each [`PERIOD`] of each kind, a shard and destination. A warning names the backend, what
//! went wrong, what becomes of the data, and the counter that tells how much.

use std::time::{Duration, Instant};

use crate::config::plan;
use crate::telemetry::log::Throttle;
use crate::telemetry::names::{Answer, ExporterMeter};
use crate::units::Weight;

use super::breaker::Health;
use super::line::{Fault, Trouble};
use super::response::{Partial, Verdict};

/// One warning of a kind in this time.
const PERIOD: Duration = Duration::from_secs(10);

/// The warnings of one destination on one shard.
#[derive(Debug)]
pub(super) struct Reporter {
    exporter: String,
    items: &'static str,
    retrying: Throttle,
    gave_up: Throttle,
    refused: Throttle,
    partial: Throttle,
    uncompressed: Throttle,
}

impl Reporter {
    pub(super) fn new(plan: &plan::Destination) -> Self {
        Self {
            exporter: plan.exporter.clone(),
            items: plan.signal.items(),
            retrying: Throttle::new(PERIOD),
            gave_up: Throttle::new(PERIOD),
            refused: Throttle::new(PERIOD),
            partial: Throttle::new(PERIOD),
            uncompressed: Throttle::new(PERIOD),
        }
    }

    /// A send failed and is tried again.
    pub(super) fn retrying(&self, now: Instant, why: &str, delay: Duration) {
        let Some(suppressed) = self.retrying.admit(now) else {
            return;
        };
        let Self { exporter, .. } = self;
        tracing::warn!(
            suppressed,
            counter = "spanyard_exporter_retries_total",
            "backend {exporter}: {why}; trying again in {delay:.1?}"
        );
    }

    /// A batch is given up.
    pub(super) fn gave_up(&self, now: Instant, why: &str, attempts: u32, lost: Weight) {
        let Some(suppressed) = self.gave_up.admit(now) else {
            return;
        };
        let Self { exporter, items, .. } = self;
        tracing::warn!(
            suppressed,
            counter = "spanyard_spans{stage=\"dropped\",reason=\"retry_exhausted\"}",
            "backend {exporter}: {why}; dropped {} {items} after {attempts} attempts",
            lost.items
        );
    }

    /// The backend refused a request for good.
    pub(super) fn refused(&self, now: Instant, why: &str, lost: Weight) {
        let Some(suppressed) = self.refused.admit(now) else {
            return;
        };
        let Self { exporter, items, .. } = self;
        tracing::warn!(
            suppressed,
            counter = "spanyard_spans{stage=\"rejected\"}",
            "backend {exporter}: {why}; {} {items} rejected",
            lost.items
        );
    }

    /// The backend took a request, but for a part of it or with a warning.
    pub(super) fn partial(&self, now: Instant, partial: &Partial) {
        let Some(suppressed) = self.partial.admit(now) else {
            return;
        };
        let Self { exporter, items, .. } = self;
        let Partial { rejected, message } = partial;
        tracing::warn!(
            suppressed,
            counter = "spanyard_spans{stage=\"rejected\"}",
            "backend {exporter}: partial success: {rejected} {items} rejected: {message}"
        );
    }

    /// A request leaves without the compression that the file asks for.
    pub(super) fn uncompressed(&self, now: Instant, bytes: usize) {
        let Some(suppressed) = self.uncompressed.admit(now) else {
            return;
        };
        let Self { exporter, .. } = self;
        tracing::warn!(
            suppressed,
            counter = "spanyard_exporter_sent_bytes_total",
            "backend {exporter}: no memory to compress {bytes} bytes; sent uncompressed"
        );
    }

    /// The backend counts as dead from now on, or no longer.
    pub(super) fn breaker(&self, was_open: bool, health: Health) {
        let Self { exporter, .. } = self;
        let counter = "spanyard_exporter_breaker_open_shards";
        match (was_open, health.open) {
            (false, true) => tracing::warn!(
                counter,
                "backend {exporter}: counts as dead; one send at a time finds out when it is back"
            ),
            (true, false) => tracing::info!(counter, "backend {exporter}: is back"),
            _ => {}
        }
    }
}

/// Counts how one send ended.
pub(super) fn count(
    meter: &ExporterMeter,
    outcome: &Result<Verdict, Fault>,
    begun: Instant,
    now: Instant,
) {
    let answer = match outcome {
        Ok(Verdict::Accepted { partial: Some(_) }) => Answer::PartialSuccess,
        Ok(Verdict::Accepted { partial: None }) => Answer::Success,
        Ok(Verdict::Retry { throttled: true, .. }) => Answer::Throttled,
        Ok(Verdict::Retry { throttled: false, .. }) => Answer::Retryable,
        Ok(Verdict::Permanent { .. }) => Answer::Permanent,
        Err(Fault { kind: Trouble::TimedOut, .. }) => Answer::TimedOut,
        Err(_) => Answer::Unreachable,
    };
    meter.answered(answer);
    if outcome.is_ok() {
        meter.latency_seconds.record(now.saturating_duration_since(begun).as_secs_f64());
    }
}
