//! The parts of OTLP around the messages: paths, answers, status details, item counts.

use std::time::Duration;

use crate::pb::{Fields, Malformed, Payload, bytes_field, varint_field};

/// The three kinds of telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metric points.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// The default path over HTTP.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Metrics => "/v1/metrics",
            Self::Logs => "/v1/logs",
        }
    }

    /// The path of the gRPC method.
    #[must_use]
    pub const fn grpc_path(self) -> &'static str {
        match self {
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        }
    }

    /// The signal that is posted to `path`, whatever stands before `/v1`.
    pub(crate) fn at_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| path.ends_with(signal.path()))
    }

    /// The signal of the gRPC method `path`.
    pub(crate) fn at_grpc_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| path == signal.grpc_path())
    }
}

/// The body of a successful answer: empty, or a partial success.
pub(crate) fn success(rejected: u64, message: &str) -> Vec<u8> {
    let mut out = Vec::new();
    if rejected > 0 {
        let mut partial = Vec::new();
        varint_field(&mut partial, 1, rejected);
        let _at = bytes_field(&mut partial, 2, message.as_bytes());
        let _at = bytes_field(&mut out, 1, &partial);
    }
    out
}

/// The rejected count of a successful answer's body; 0 when it is unset.
pub(crate) fn read_rejected(body: &[u8]) -> Result<u64, Malformed> {
    for field in Fields::of(body) {
        if let (1, Payload::Bytes(partial)) = field? {
            for field in Fields::of(partial) {
                if let (1, Payload::Varint(rejected)) = field? {
                    return Ok(rejected);
                }
            }
        }
    }
    Ok(0)
}

/// A `google.rpc.Status`, with a `RetryInfo` where there is a delay.
pub(crate) fn status(code: u64, message: &str, retry: Option<Duration>) -> Vec<u8> {
    let mut out = Vec::new();
    varint_field(&mut out, 1, code);
    let _at = bytes_field(&mut out, 2, message.as_bytes());
    if let Some(delay) = retry {
        let (mut duration, mut info, mut any) = (Vec::new(), Vec::new(), Vec::new());
        varint_field(&mut duration, 1, delay.as_secs());
        varint_field(&mut duration, 2, u64::from(delay.subsec_nanos()));
        let _at = bytes_field(&mut info, 1, &duration);
        let _at = bytes_field(&mut any, 1, RETRY_INFO.as_bytes());
        let _at = bytes_field(&mut any, 2, &info);
        let _at = bytes_field(&mut out, 3, &any);
    }
    out
}

/// The delay of the `RetryInfo` in an encoded `google.rpc.Status`.
pub(crate) fn read_retry_delay(status: &[u8]) -> Option<Duration> {
    let any = Fields::of(status).flatten().filter_map(message(3)).find(|any| {
        let url = Fields::of(any).flatten().find_map(message(1));
        url.is_some_and(|url| url.ends_with(b"google.rpc.RetryInfo"))
    })?;
    let info = Fields::of(any).flatten().find_map(message(2))?;
    let duration = Fields::of(info).flatten().find_map(message(1))?;
    let mut delay = Duration::ZERO;
    for field in Fields::of(duration).flatten() {
        match field {
            (1, Payload::Varint(seconds)) => delay += Duration::from_secs(seconds.min(86_400)),
            (2, Payload::Varint(nanos)) => delay += Duration::from_nanos(nanos.min(999_999_999)),
            _ => {}
        }
    }
    Some(delay)
}

/// Spans, log records or metric points in an encoded export request.
pub(crate) fn count_items(signal: Signal, request: &[u8]) -> Result<u64, Malformed> {
    let items = at(&[1, 2, 2], request)?;
    if signal != Signal::Metrics {
        return Ok(items.len() as u64);
    }
    let mut points = 0;
    for metric in items {
        for field in Fields::of(metric) {
            if let (5 | 7 | 9..=11, Payload::Bytes(data)) = field? {
                points += at(&[1], data)?.len() as u64;
            }
        }
    }
    Ok(points)
}

/// The messages reached by following these field numbers.
fn at<'a>(path: &[u32], message: &'a [u8]) -> Result<Vec<&'a [u8]>, Malformed> {
    let mut found = vec![message];
    for &number in path {
        let mut inner = Vec::new();
        for message in found {
            for field in Fields::of(message) {
                let (other, payload) = field?;
                inner.extend(payload.bytes().filter(|_| other == number));
            }
        }
        found = inner;
    }
    Ok(found)
}

fn message<'a>(number: u32) -> impl FnMut((u32, Payload<'a>)) -> Option<&'a [u8]> {
    move |(found, payload)| payload.bytes().filter(|_| found == number)
}

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Shape, build_request};

    #[test]
    fn answers_are_read_back() {
        assert_eq!(read_rejected(&success(7, "no room")), Ok(7));
        assert!(success(0, "").is_empty(), "a success has an empty body");
        let delay = Duration::from_millis(1_500);
        assert_eq!(read_retry_delay(&status(14, "later", Some(delay))), Some(delay));
        assert_eq!(read_retry_delay(&status(14, "later", None)), None);
    }

    #[test]
    fn items_are_counted() {
        let shape = Shape { spans_per_request: 9, resources: 2, ..Shape::default() };
        assert_eq!(count_items(Signal::Traces, &build_request(&shape, 0)), Ok(9));
        // ResourceMetrics { ScopeMetrics { Metric { Gauge { two empty points } } } }
        let metrics = [10, 10, 18, 8, 18, 6, 42, 4, 10, 0, 10, 0];
        assert_eq!(count_items(Signal::Metrics, &metrics), Ok(2));
    }
}
