//! Where payloads go: one destination for each (exporter, signal), with its queue and retry
//! settings.
//!
//! Addresses are parsed and headers validated; names are resolved only when a connection is made.

use std::path::PathBuf;
use std::time::Duration;

use spanyard_wire::schema::Signal;

use super::flow::{Batching, Sizer};

/// One (exporter, signal).
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// Exporter id as written: the `exporter` label.
    pub exporter: String,
    /// The signal it carries.
    pub signal: Signal,
    /// How to reach it.
    pub target: Target,
    /// `sending_queue`.
    pub queue: QueuePlan,
    /// `retry_on_failure`; `None` when disabled.
    pub retry: Option<RetryPlan>,
}

impl Destination {
    /// Whether delivering here makes a request safe (`debug` and `nop` never do).
    #[must_use]
    pub const fn is_real(&self) -> bool {
        matches!(self.target, Target::Http(_) | Target::Grpc(_))
    }
}

/// How a destination is reached.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// `otlphttp`.
    Http(HttpTarget),
    /// `otlp`.
    Grpc(GrpcTarget),
    /// `debug`: one summary line a second.
    Debug,
    /// `nop`: thrown away.
    Nop,
}

/// Host, port and TLS of a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Host name or IP, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// TLS settings; `None`: plain text.
    pub tls: Option<TlsClient>,
}

/// `tls` of an exporter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsClient {
    /// `ca_file`; the system's store when absent.
    pub ca_file: Option<PathBuf>,
    /// `cert_file` and `key_file`.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// `server_name_override`.
    pub server_name: Option<String>,
    /// `insecure_skip_verify`.
    pub skip_verify: bool,
    /// `min_version: "1.3"`.
    pub tls13_only: bool,
}

/// An `otlphttp` backend for one signal.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpTarget {
    /// Where to connect.
    pub peer: Peer,
    /// Path and query of the request line, `/v1/traces` included.
    pub path: String,
    /// Value of the Host header.
    pub authority: String,
    /// `headers`, in order, validated.
    pub headers: Vec<(http::HeaderName, http::HeaderValue)>,
    /// `compression` with level.
    pub compression: Compression,
    /// `timeout` of one attempt; zero means none.
    pub timeout: Duration,
}

/// An `otlp` (gRPC) backend.
#[derive(Clone, Debug, PartialEq)]
pub struct GrpcTarget {
    /// Where to connect.
    pub peer: Peer,
    /// Value of `:authority`.
    pub authority: String,
    /// `headers`, in order, validated.
    pub headers: Vec<(http::HeaderName, http::HeaderValue)>,
    /// `compression` with level.
    pub compression: Compression,
    /// `timeout` of one attempt; zero means none.
    pub timeout: Duration,
}

/// What the bytes sent to a backend are encoded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Identity.
    None,
    /// gzip at this level (1..=9).
    Gzip(u32),
}

/// `sending_queue` and our `merge`.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuePlan {
    /// `queue_size` in units of `sizer`, process-wide, in flight included.
    pub capacity: u64,
    /// `sizer`.
    pub sizer: Sizer,
    /// `num_consumers`: requests in flight, process-wide.
    pub consumers: usize,
    /// `block_on_overflow`: the destination is required; a request it has no room for is refused.
    pub required: bool,
    /// Our key `merge` (default true): what waits with equal metadata leaves as one request.
    pub merge: bool,
    /// `sending_queue.batch`; goes before a `batch` processor's settings.
    pub batch: Option<Batching>,
}

/// `retry_on_failure`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPlan {
    /// `initial_interval`.
    pub initial: Duration,
    /// `randomization_factor`, 0..=1.
    pub jitter: f64,
    /// `multiplier`, at least 1.
    pub multiplier: f64,
    /// `max_interval`.
    pub interval_max: Duration,
    /// `max_elapsed_time`; zero: for ever.
    pub elapsed_max: Duration,
}
