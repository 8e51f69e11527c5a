//! What happened to the requests of a run: counts and latencies.
//!
//! Every request ends in exactly one of accepted, refused, failed, broken; attempts that were
//! tried again are counted apart.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::clock::nanos;

/// Latencies above this are counted as this: five minutes.
const NANOS_MAX: u64 = 300_000_000_000;
/// A request that left later than this after its time was behind schedule.
const LATE: Duration = Duration::from_millis(1);

/// The counts of a run.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Requests answered with success.
    pub accepted: u64,
    /// Spans rejected by partial successes.
    pub rejected_spans: u64,
    /// Requests given up after a retryable answer (429, 502, 503, 504, UNAVAILABLE, ...).
    pub refused: u64,
    /// Requests that got an answer that forbids another attempt.
    pub failed: u64,
    /// Requests given up because the connection could not be made or broke.
    pub broken: u64,
    /// Retryable answers that named a quota (429, RESOURCE_EXHAUSTED with a delay), whether or not
    /// the request was sent again.
    pub limited: u64,
    /// Retryable answers that did not say when to come again.
    pub undated: u64,
    /// The shortest and the longest delay that retryable answers asked for.
    pub retry_after: Option<(Duration, Duration)>,
    /// Retryable answers to requests that were then sent again.
    pub refusals_retried: u64,
    /// Broken connections after which a request was sent again: it may arrive twice.
    pub breaks_retried: u64,
    /// Bytes of accepted requests as written, heads and gRPC prefixes included.
    pub bytes: u64,
    /// Requests of an open loop that left more than 1 ms late.
    pub late: u64,
    /// The longest such delay.
    pub late_max: Duration,
    /// What the first request that was not accepted was told.
    pub first_error: Option<String>,
    latency: Histogram<u64>,
    service: Histogram<u64>,
    refusal: Histogram<u64>,
}

/// Points of a latency distribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// Half of the requests took no longer.
    pub p50: Duration,
    /// 90 %.
    pub p90: Duration,
    /// 99 %.
    pub p99: Duration,
    /// 99.9 %.
    pub p999: Duration,
    /// The longest.
    pub max: Duration,
}

/// How one request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted {
        rejected_spans: u64,
    },
    /// `limited`: because of a quota (429, RESOURCE_EXHAUSTED with a delay).
    Refused {
        limited: bool,
        retry_after: Option<Duration>,
        message: String,
    },
    Failed {
        message: String,
    },
    Broken {
        message: String,
    },
}

impl Tally {
    pub(crate) fn new() -> Result<Self, hdrhistogram::CreationError> {
        let histogram = Histogram::new_with_bounds(1, NANOS_MAX, 3)?;
        Ok(Self {
            accepted: 0,
            rejected_spans: 0,
            refused: 0,
            limited: 0,
            undated: 0,
            retry_after: None,
            failed: 0,
            broken: 0,
            refusals_retried: 0,
            breaks_retried: 0,
            bytes: 0,
            late: 0,
            late_max: Duration::ZERO,
            first_error: None,
            latency: histogram.clone(),
            service: histogram.clone(),
            refusal: histogram,
        })
    }

    /// Requests that have ended.
    #[must_use]
    pub const fn requests(&self) -> u64 {
        self.accepted + self.refused + self.failed + self.broken
    }

    /// From the intended send time to the end of the answer, attempts included.
    #[must_use]
    pub fn latency(&self) -> Latencies {
        points(&self.latency)
    }

    /// From the first byte written to the end of the answer, last attempt only.
    #[must_use]
    pub fn service(&self) -> Latencies {
        points(&self.service)
    }

    /// From the first byte written to the end of a retryable answer, every attempt.
    #[must_use]
    pub fn refusal(&self) -> Latencies {
        points(&self.refusal)
    }

    pub(crate) fn left(&mut self, late: Duration) {
        if late > LATE {
            self.late += 1;
            self.late_max = self.late_max.max(late);
        }
    }

    pub(crate) fn retried(&mut self, verdict: &Verdict, service: Duration) {
        self.refusal_seen(verdict, service);
        match verdict {
            Verdict::Broken { .. } => self.breaks_retried += 1,
            _ => self.refusals_retried += 1,
        }
    }

    fn refusal_seen(&mut self, verdict: &Verdict, service: Duration) {
        let Verdict::Refused { limited, retry_after, .. } = verdict else {
            return;
        };
        self.limited += u64::from(*limited);
        self.refusal.saturating_record(nanos(service));
        let Some(asked) = *retry_after else {
            self.undated += 1;
            return;
        };
        let (least, most) = self.retry_after.unwrap_or((asked, asked));
        self.retry_after = Some((least.min(asked), most.max(asked)));
    }

    pub(crate) fn ended(&mut self, verdict: &Verdict, latency: Duration, service: Duration) {
        self.refusal_seen(verdict, service);
        let (count, message) = match verdict {
            Verdict::Accepted { rejected_spans } => {
                self.accepted += 1;
                self.rejected_spans += rejected_spans;
                self.latency.saturating_record(nanos(latency));
                self.service.saturating_record(nanos(service));
                return;
            }
            Verdict::Refused { message, .. } => (&mut self.refused, message),
            Verdict::Failed { message } => (&mut self.failed, message),
            Verdict::Broken { message } => (&mut self.broken, message),
        };
        *count += 1;
        if self.first_error.is_none() {
            self.first_error = Some(message.clone());
        }
    }
}

fn points(histogram: &Histogram<u64>) -> Latencies {
    let at = |quantile| Duration::from_nanos(histogram.value_at_quantile(quantile));
    if histogram.is_empty() {
        return Latencies::default();
    }
    Latencies {
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p999: at(0.999),
        max: Duration::from_nanos(histogram.max()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_ends_in_one_place_and_only_accepted_ones_have_a_latency() {
        let mut tally = Tally::new().expect("valid bounds");
        let (ms, us) = (Duration::from_millis(1), Duration::from_micros(1));
        let message = "full".to_owned();
        let full = |limited, retry_after| Verdict::Refused {
            limited,
            retry_after,
            message: message.clone(),
        };
        tally.ended(&Verdict::Accepted { rejected_spans: 2 }, ms, us);
        tally.ended(&full(false, None), ms * 9, us);
        tally.ended(&Verdict::Failed { message: "bad".to_owned() }, ms * 9, us);
        tally.ended(&Verdict::Broken { message: "gone".to_owned() }, ms * 9, us);
        assert_eq!((tally.requests(), tally.accepted, tally.rejected_spans), (4, 1, 2));
        assert_eq!(tally.first_error.as_ref(), Some(&message));
        let off = tally.latency().max.abs_diff(ms);
        assert!(off < us * 2, "three digits are kept: {off:?}");
    }

    #[test]
    fn every_refused_attempt_is_counted_with_the_delay_it_asked_for() {
        let mut tally = Tally::new().expect("valid bounds");
        let ms = Duration::from_millis(1);
        let refused = |limited, seconds: Option<u64>| Verdict::Refused {
            limited,
            retry_after: seconds.map(Duration::from_secs),
            message: String::new(),
        };
        tally.retried(&refused(false, Some(2)), ms);
        tally.retried(&refused(true, Some(1)), ms * 3);
        tally.ended(&refused(true, None), ms * 9, ms * 2);
        assert_eq!((tally.refused, tally.refusals_retried), (1, 2));
        assert_eq!((tally.limited, tally.undated), (2, 1));
        let second = Duration::from_secs(1);
        assert_eq!(tally.retry_after, Some((second, second * 2)));
        assert!(tally.refusal().max.abs_diff(ms * 3) < ms / 100, "{:?}", tally.refusal());
    }

    #[test]
    fn what_leaves_within_a_millisecond_is_on_time() {
        let mut tally = Tally::new().expect("valid bounds");
        tally.left(Duration::from_micros(900));
        tally.left(Duration::from_millis(3));
        assert_eq!((tally.late, tally.late_max), (1, Duration::from_millis(3)));
    }
}
