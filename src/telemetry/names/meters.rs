//! Meters: the handles a stage holds, resolved once when the plan is loaded.
//!
//! A meter writes the cells of the recorder it was made from, so it stays on that shard's thread.
//! Count once a request or batch, never once a span. Every label value is an id of the
//! configuration or comes from a list in this file.

use std::array;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use spanyard_wire::schema::Signal;

/// Protocol a request came by: the `transport` label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// OTLP/HTTP.
    Http,
    /// OTLP/gRPC.
    Grpc,
}

impl Transport {
    /// The label's value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Grpc => "grpc",
        }
    }
}

/// What one (receiver, transport, signal) counts.
#[derive(Clone, Debug)]
pub struct ReceiverMeter {
    /// Items taken in.
    pub accepted: Counter,
    /// Items refused for want of room.
    pub refused: Counter,
    /// Items that failed inside.
    pub failed: Counter,
    /// Requests whose body was read to its end.
    pub requests: Counter,
    /// Bytes of bodies as they came.
    pub bytes: Counter,
    /// Requests refused for want of room; items are counted in `refused` only once they are known.
    pub refused_requests: Counter,
    malformed: [Counter; MALFORMED.len()],
}

/// Values of the label `reason` of handshakes that failed; the last stands for all others.
const TLS_FAILURES: [&str; 5] =
    ["no_certificate", "bad_certificate", "protocol", "timeout", "other"];

/// Values of the label `reason` of malformed requests; the last stands for all others.
pub const MALFORMED: [&str; 12] = [
    "protobuf",
    "nesting",
    "json",
    "compression",
    "encoding",
    "media_type",
    "grpc_frame",
    "http",
    "too_large",
    "truncated",
    "timeout",
    "other",
];

impl ReceiverMeter {
    /// Registers the series of a receiver, named by its id as written.
    pub fn new(
        recorder: &impl Recorder,
        receiver: &str,
        transport: Transport,
        signal: Signal,
    ) -> Self {
        let short = [("receiver", receiver), ("transport", transport.name())];
        let [a, b] = short;
        let full = [a, b, ("signal", signal.name())];
        let items = |verdict: &str| {
            let name = format!("otelcol_receiver_{verdict}_{}", signal.items());
            counter(recorder, name, &short)
        };
        let malformed = |at: usize| {
            let reason = MALFORMED.get(at).copied().unwrap_or("other");
            let labels = [a, b, ("signal", signal.name()), ("reason", reason)];
            counter(recorder, "spanyard_receiver_malformed_requests_total", &labels)
        };
        Self {
            accepted: items("accepted"),
            refused: items("refused"),
            failed: items("failed"),
            requests: counter(recorder, "spanyard_receiver_requests_total", &full),
            bytes: counter(recorder, "spanyard_receiver_bytes_total", &full),
            refused_requests: counter(recorder, "spanyard_receiver_refused_requests_total", &full),
            malformed: array::from_fn(malformed),
        }
    }

    /// Counts one request that could not be read. A reason not in [`MALFORMED`] counts as `other`.
    pub fn malformed(&self, reason: &str) {
        let known = MALFORMED.iter().position(|known| *known == reason);
        let at = known.unwrap_or(MALFORMED.len().saturating_sub(1));
        if let Some(counter) = self.malformed.get(at) {
            counter.increment(1);
        }
    }
}

/// How a send ended: the `answer` label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Accepted in full.
    Success,
    /// Accepted, but for a stated number of items.
    PartialSuccess,
    /// Asked to slow down: 429, 503 with Retry-After, RESOURCE_EXHAUSTED with RetryInfo.
    Throttled,
    /// Failed in a way that may pass: 502, 503, 504, UNAVAILABLE...
    Retryable,
    /// Refused for good.
    Permanent,
    /// No connection, or it broke.
    Unreachable,
    /// No answer within the timeout.
    TimedOut,
}

impl Answer {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 7] = [
        Self::Success,
        Self::PartialSuccess,
        Self::Throttled,
        Self::Retryable,
        Self::Permanent,
        Self::Unreachable,
        Self::TimedOut,
    ];

    /// The label's value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::PartialSuccess => "partial_success",
            Self::Throttled => "throttled",
            Self::Retryable => "retryable",
            Self::Permanent => "permanent",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
        }
    }
}

/// What one (exporter, signal) counts.
#[derive(Clone, Debug)]
pub struct ExporterMeter {
    /// Items the backend accepted.
    pub sent: Counter,
    /// Items given up on, after retries.
    pub send_failed: Counter,
    /// Items that found the queue full.
    pub enqueue_failed: Counter,
    /// Queue slots this shard uses, in flight included.
    pub queue_size: Gauge,
    /// Queue slots in all; every shard sets the same figure.
    pub queue_capacity: Gauge,
    /// Sends begun, retries included.
    pub attempts: Counter,
    /// Sends begun again.
    pub retries: Counter,
    /// Requests merged in one send.
    pub batch_requests: Histogram,
    /// Seconds from the begin of a send to the end of its answer.
    pub latency_seconds: Histogram,
    /// Age in seconds of the oldest request that waits in this shard.
    pub oldest_age_seconds: Gauge,
    /// 1 while this shard holds the backend for dead.
    pub breaker_open: Gauge,
    /// Bytes of bodies as they went out.
    pub bytes_sent: Counter,
    /// Bytes of the same bodies before compression.
    pub bytes_payload: Counter,
    answers: [Counter; Answer::ALL.len()],
}

impl ExporterMeter {
    /// Registers the series of an exporter, named by its id as written, for one signal.
    pub fn new(recorder: &impl Recorder, exporter: &str, signal: Signal) -> Self {
        let short = [("exporter", exporter)];
        let queue = [("exporter", exporter), ("data_type", signal.name())];
        let full = [("exporter", exporter), ("signal", signal.name())];
        let items = |verdict: &str| {
            let name = format!("otelcol_exporter_{verdict}_{}", signal.items());
            counter(recorder, name, &short)
        };
        let answer = |answer: Answer| {
            let [a, b] = full;
            let labels = [a, b, ("answer", answer.name())];
            counter(recorder, "spanyard_exporter_answers_total", &labels)
        };
        Self {
            sent: items("sent"),
            send_failed: items("send_failed"),
            enqueue_failed: items("enqueue_failed"),
            queue_size: gauge(recorder, "otelcol_exporter_queue_size", &queue),
            queue_capacity: gauge(recorder, "otelcol_exporter_queue_capacity", &queue),
            attempts: counter(recorder, "spanyard_exporter_attempts_total", &full),
            retries: counter(recorder, "spanyard_exporter_retries_total", &full),
            batch_requests: histogram(recorder, "spanyard_exporter_batch_requests", &full),
            latency_seconds: histogram(recorder, "spanyard_exporter_latency_seconds", &full),
            oldest_age_seconds: gauge(recorder, "spanyard_exporter_oldest_age_seconds", &full),
            breaker_open: gauge(recorder, "spanyard_exporter_breaker_open_shards", &full),
            bytes_sent: counter(recorder, "spanyard_exporter_sent_bytes_total", &full),
            bytes_payload: counter(recorder, "spanyard_exporter_payload_bytes_total", &full),
            answers: Answer::ALL.map(answer),
        }
    }

    /// Counts how one send ended.
    pub fn answered(&self, answer: Answer) {
        if let Some(counter) = self.answers.get(answer as usize) {
            counter.increment(1);
        }
    }
}

/// What one shard counts, whatever the receiver or exporter.
#[derive(Clone, Debug)]
pub struct ShardMeter {
    /// Open client connections.
    pub connections: Gauge,
    /// Requests answered.
    pub requests: Counter,
    /// Bytes of request bodies received.
    pub bytes_in: Counter,
    /// Bytes that left as slices of what came.
    pub untouched_bytes: Counter,
    /// Bytes written anew by an edit.
    pub spliced_bytes: Counter,
    /// Bytes gathered into another block.
    pub copied_bytes: Counter,
    /// Bytes compressed by us, before compression.
    pub recompressed_bytes: Counter,
    /// Pool blocks kept for reuse.
    pub pool_free_blocks: Gauge,
    /// Panics of connections and stages.
    pub panics: Counter,
    /// Connections that could not be accepted.
    pub accept_errors: Counter,
    /// Connections closed at once for want of room or of file descriptors.
    pub connections_refused: Counter,
    /// Heads over HTTP/1 that break its rules.
    pub malformed_heads: Counter,
    /// Connections closed because they made work without being of use.
    pub floods: Counter,
    /// Connections closed because a rule of the protocol was broken on them.
    pub violations: Counter,
    /// Requests to a path that no pipeline takes.
    pub unknown_paths: Counter,
    /// Requests without the credentials that are asked for.
    pub unauthenticated: Counter,
    /// Queues of destinations that a reload removed or changed, and that still hold something.
    pub leaving_queues: Gauge,
    /// Accepted connections handed to a shard with fewer of them.
    pub handed_connections: Counter,
    tls_failures: [Counter; TLS_FAILURES.len()],
}

impl ShardMeter {
    /// Registers the shard's series; the page adds the label `shard`.
    pub fn new(recorder: &impl Recorder) -> Self {
        let forwarded =
            |how: &str| counter(recorder, "spanyard_shard_forwarded_bytes_total", &[("how", how)]);
        let closed = |why: &str| {
            counter(recorder, "spanyard_shard_connections_closed_total", &[("reason", why)])
        };
        let plain = |name: &'static str| counter(recorder, name, &[]);
        let level = |name: &'static str| gauge(recorder, name, &[]);
        let tls_failure = |at: usize| {
            let reason = TLS_FAILURES.get(at).copied().unwrap_or("other");
            counter(recorder, "spanyard_shard_tls_failures_total", &[("reason", reason)])
        };
        Self {
            handed_connections: plain("spanyard_shard_handed_connections_total"),
            tls_failures: array::from_fn(tls_failure),
            connections: level("spanyard_shard_connections"),
            requests: plain("spanyard_shard_requests_total"),
            bytes_in: plain("spanyard_shard_received_bytes_total"),
            untouched_bytes: forwarded("untouched"),
            spliced_bytes: forwarded("spliced"),
            copied_bytes: forwarded("copied"),
            recompressed_bytes: forwarded("recompressed"),
            pool_free_blocks: level("spanyard_shard_pool_free_blocks"),
            panics: plain("spanyard_shard_panics_total"),
            accept_errors: plain("spanyard_shard_accept_errors_total"),
            connections_refused: plain("spanyard_shard_connections_refused_total"),
            malformed_heads: plain("spanyard_shard_malformed_heads_total"),
            floods: closed("flood"),
            violations: closed("protocol"),
            unknown_paths: plain("spanyard_shard_unknown_paths_total"),
            unauthenticated: plain("spanyard_shard_unauthenticated_requests_total"),
            leaving_queues: level("spanyard_shard_leaving_queues"),
        }
    }

    /// Counts one handshake that failed. A reason not in [`TLS_FAILURES`] counts as `other`.
    pub fn handshake_failed(&self, reason: &str) {
        let known = TLS_FAILURES.iter().position(|known| *known == reason);
        let at = known.unwrap_or(TLS_FAILURES.len().saturating_sub(1));
        if let Some(counter) = self.tls_failures.get(at) {
            counter.increment(1);
        }
    }
}

/// What one `memory_limiter` counts for one signal.
#[derive(Clone, Debug)]
pub struct LimiterMeter {
    /// Items let pass.
    pub accepted: Counter,
    /// Items refused.
    pub refused: Counter,
}

impl LimiterMeter {
    /// Registers the series of a limiter, named by its id as written.
    pub fn new(recorder: &impl Recorder, processor: &str, signal: Signal) -> Self {
        let items = |verdict: &str| {
            let name = format!("otelcol_processor_{verdict}_{}", signal.items());
            counter(recorder, name, &[("processor", processor)])
        };
        Self { accepted: items("accepted"), refused: items("refused") }
    }
}

/// What one tenant with a row of its own counts, or all the others together.
#[derive(Clone, Debug)]
pub struct TenantMeter {
    /// Requests refused at the head.
    pub requests: Counter,
    /// Items of groups that were left out.
    pub items: Counter,
}

impl TenantMeter {
    /// Registers the series of a tenant of the file; the empty name stands for all others.
    pub fn new(recorder: &impl Recorder, tenant: &str) -> Self {
        let of = |name: &'static str| counter(recorder, name, &[("tenant", tenant)]);
        Self {
            requests: of("spanyard_tenant_refused_requests_total"),
            items: of("spanyard_tenant_refused_items_total"),
        }
    }
}

static METADATA: Metadata<'static> = Metadata::new("spanyard", Level::INFO, None);

pub(super) fn counter(
    recorder: &impl Recorder,
    name: impl Into<String>,
    labels: &[(&'static str, &str)],
) -> Counter {
    recorder.register_counter(&key(name, labels), &METADATA)
}

pub(super) fn gauge(
    recorder: &impl Recorder,
    name: &'static str,
    labels: &[(&'static str, &str)],
) -> Gauge {
    recorder.register_gauge(&key(name, labels), &METADATA)
}

fn histogram(
    recorder: &impl Recorder,
    name: &'static str,
    labels: &[(&'static str, &str)],
) -> Histogram {
    recorder.register_histogram(&key(name, labels), &METADATA)
}

fn key(name: impl Into<String>, labels: &[(&'static str, &str)]) -> Key {
    let label = |(name, value): &(&'static str, &str)| Label::new(*name, (*value).to_owned());
    Key::from_parts(name.into(), labels.iter().map(label).collect::<Vec<_>>())
}
