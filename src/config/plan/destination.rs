//! Where payloads go: one destination for each (exporter, signal), with its queue and retry
//! settings.
//!
//! Addresses are parsed and headers validated; names are resolved only when a connection is made.

mod auth;
mod tls;

use std::time::Duration;

use spanyard_wire::schema::Signal;

use super::flow::{Batching, Sizer};
pub use auth::{Credential, HeaderStep, HeaderVerb, Secret};
pub use tls::{Pem, TlsClient, TlsVersion};

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

impl Target {
    /// What the `auth` extension does to the headers of a request.
    #[must_use]
    pub fn auth(&self) -> &[HeaderStep] {
        match self {
            Self::Http(target) => &target.auth,
            Self::Grpc(target) => &target.auth,
            Self::Debug | Self::Nop => &[],
        }
    }

    /// Request headers, lower case, whose values must travel with a payload: each once, in the
    /// order in which they are first named.
    #[must_use]
    pub fn context_keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for step in self.auth() {
            if let Credential::Context { header, .. } = &step.value
                && !keys.contains(header)
            {
                keys.push(header.clone());
            }
        }
        keys
    }
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
    /// What the `auth` extension does to the headers, in order.
    pub auth: Vec<HeaderStep>,
    /// `compression` with level.
    pub compression: Compression,
    /// `timeout` of one attempt; zero means none.
    pub timeout: Duration,
    /// How connections are kept.
    pub connection: ConnectionPlan,
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
    /// What the `auth` extension does to the headers, in order.
    pub auth: Vec<HeaderStep>,
    /// `compression` with level.
    pub compression: Compression,
    /// `timeout` of one attempt; zero means none.
    pub timeout: Duration,
    /// How connections are kept.
    pub connection: ConnectionPlan,
}

/// What the bytes sent to a backend are encoded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Identity.
    None,
    /// gzip at this level (0..=9).
    Gzip(u32),
    /// `zlib`: the zlib format at this level (0..=9).
    Zlib(u32),
    /// `deflate`: the zlib format too, as HTTP has it, under the other name.
    Deflate(u32),
    /// zstd at this level of libzstd.
    Zstd(i32),
    /// `snappy`: over HTTP one block, over gRPC the framed format.
    Snappy,
    /// `x-snappy-framed` (HTTP): the framed format.
    SnappyFramed,
}

/// How a worker keeps its connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionPlan {
    /// `disable_keep_alives`: each request takes a connection of its own.
    pub single_use: bool,
    /// `keepalive` (gRPC): pings that find a dead connection.
    pub keepalive: Option<Keepalive>,
}

/// `keepalive` of a gRPC exporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// `time`: ping after this long without a frame of the backend.
    pub time: Duration,
    /// `timeout`: close when the ping has no answer by then.
    pub timeout: Duration,
    /// `permit_without_stream`: while no request is on its way as well.
    pub idle: bool,
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
    /// `enabled: false` or `wait_for_result`: the client's answer waits for the backend's.
    pub waits: bool,
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
