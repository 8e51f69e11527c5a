//! The plan: what the program needs to know, and nothing optional that is needed later.
//!
//! A plan is made once from a checked file (`config::load`), is immutable, and is swapped as a
//! whole. Pipelines, processors and connectors no longer exist here: they have been compiled into a
//! tree of [`Stage`]s that ends in [`Branch`]es, and a branch leads to destinations over [`Leg`]s.
//! A *lane* is one way through: the conditions met, the composed edits of its branch, one leg.
//!
//! This file holds shapes only: it parses nothing and opens nothing.

mod admin;
mod destination;
mod flow;
mod ingest;

use std::time::Duration;

use crate::units::{DestinationId, ReceiverId};

pub use admin::{
    Admin, Control, Health, HealthBody, HealthForm, MetricsPage, Outline, PipelineOutline,
    StatusPage,
};
pub use destination::{
    Compression, ConnectionPlan, Credential, Destination, GrpcTarget, HeaderStep, HeaderVerb,
    HttpTarget, Keepalive, Peer, Pem, QueuePlan, RetryPlan, Secret, Target, TlsClient, TlsVersion,
};
pub use flow::{
    Batching, Branch, Comparison, Condition, ContextKey, Exclusion, Flow, ItemRule, Leg, Literal,
    Operand, Row, Sizer, Stage, StageId, Switch,
};
pub use ingest::{
    Address, Authenticator, Codings, Cors, GrpcIngest, HttpIngest, HttpTimes, Quota,
    ServerKeepalive, TenantKey, TenantLimits, TlsServer,
};

/// Everything a running gateway follows.
#[derive(Debug)]
pub struct Plan {
    /// `otlp` receivers in use by a pipeline; [`ReceiverId`] indexes them.
    pub receivers: Vec<Receiver>,
    /// (exporter, signal) pairs in use; [`DestinationId`] indexes them.
    pub destinations: Vec<Destination>,
    /// The byte budget (`memory_limiter`, or 40 % of the cgroup's memory).
    pub budget: Budget,
    /// `health_check`, the metrics page and the admin port.
    pub admin: Admin,
    /// The names of pipelines and their parts.
    pub outline: Outline,
    /// Threads, pinning and drain (`extensions: spanyard:`).
    pub runtime: RuntimePlan,
    /// `service.telemetry.logs`.
    pub logs: Logs,
    /// What one tenant may send (`extensions: spanyard:`); `None`: there are no tenants.
    pub tenants: Option<TenantLimits>,
}

/// One `otlp` receiver.
#[derive(Debug)]
pub struct Receiver {
    /// Id as written, `otlp` or `otlp/name`: the `receiver` label.
    pub id: String,
    /// `protocols.grpc`.
    pub grpc: Option<GrpcIngest>,
    /// `protocols.http`.
    pub http: Option<HttpIngest>,
    /// What happens to each signal, by the index of its `Signal`; `None`: no pipeline takes it.
    pub flows: [Option<Flow>; 3],
}

/// The byte budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes that may be held in all.
    pub limit: usize,
    /// Bytes above which no new request is admitted: `limit - spike_limit`.
    pub soft: usize,
    /// No `memory_limiter` in the file: the figure is 40 % of the cgroup's memory.
    pub derived: bool,
}

/// Threads and drain; our extension `spanyard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuntimePlan {
    /// `shards`: threads that carry data; 0 = as many as the process may use cores.
    pub shards: usize,
    /// `pin`: bind each shard to one core.
    pub pin: bool,
    /// `drain_timeout`: how long SIGTERM waits for queues to empty.
    pub drain_timeout: Duration,
    /// `engine`: what carries the sockets.
    pub engine: Engine,
    /// `max_nesting`: how deep the values of a message may be nested; 0: any depth.
    pub nesting_max: usize,
}

/// What carries the sockets of the shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// `auto`: what is known to be faster.
    #[default]
    Auto,
    /// `epoll`.
    Epoll,
    /// `uring`: io_uring where the system allows it, else epoll.
    Uring,
}

/// `service.telemetry.logs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logs {
    /// `level`.
    pub level: tracing::Level,
    /// `encoding: json`.
    pub json: bool,
    /// `output_paths`.
    pub output: LogOutput,
    /// `initial_fields` as the inside of a JSON object, without its braces; may be empty.
    pub fields: String,
}

impl Default for Logs {
    fn default() -> Self {
        let (output, fields) = (LogOutput::Stderr, String::new());
        Self { level: tracing::Level::INFO, json: false, output, fields }
    }
}

/// Where log lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogOutput {
    /// `[stderr]`, the default.
    Stderr,
    /// `[stdout]`.
    Stdout,
    /// `[stdout, stderr]`.
    Both,
}

impl Plan {
    /// Looks a receiver up.
    #[must_use]
    pub fn receiver(&self, id: ReceiverId) -> Option<&Receiver> {
        self.receivers.get(id.0)
    }

    /// Looks a destination up.
    #[must_use]
    pub fn destination(&self, id: DestinationId) -> Option<&Destination> {
        self.destinations.get(id.0)
    }
}
