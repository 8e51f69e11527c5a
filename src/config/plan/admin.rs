//! The ports for operators: health, metrics, and the one that takes orders.

use std::net::SocketAddr;
use std::time::Duration;

/// The listeners for operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admin {
    /// `health_check`, when listed in `service.extensions`.
    pub health: Option<Health>,
    /// The metrics page; `None` when `level: none`.
    pub metrics: Option<MetricsPage>,
    /// Where `POST /-/reload` is taken; `None` when turned off.
    pub control: Option<Control>,
}

/// `health_check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// `endpoint`.
    pub endpoint: SocketAddr,
    /// What is answered.
    pub form: HealthForm,
}

/// The two forms of `health_check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthForm {
    /// One page for the process as a whole.
    Page {
        /// `path`; `/` answers on every path.
        path: String,
        /// `response_body`.
        body: Option<HealthBody>,
    },
    /// `use_v2: true`: the status of every pipeline.
    Status(StatusPage),
}

/// `response_body`: sent as they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthBody {
    /// `healthy`.
    pub healthy: String,
    /// `unhealthy`.
    pub unhealthy: String,
}

/// `http.status` and `component_health`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusPage {
    /// `path`; `None` when the page is off.
    pub path: Option<String>,
    /// How long a backend may be dead before the answer says so (`include_recoverable_errors`,
    /// `recovery_duration`); `None`: for ever.
    pub recovery: Option<Duration>,
}

/// `service.telemetry.metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsPage {
    /// `address`, or host and port of the Prometheus reader.
    pub endpoint: SocketAddr,
    /// Whether counters end in `_total` and units are appended (an explicit reader without
    /// `without_*`).
    pub suffixes: bool,
    /// Whether the `otel_scope_*` labels are added.
    pub scope_labels: bool,
    /// `service.telemetry.resource` as labels of `target_info`, names as Prometheus takes them;
    /// `None` removes a label that the gateway sets itself.
    pub resource: Vec<(String, Option<String>)>,
}

/// The admin port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// `endpoint`.
    pub endpoint: SocketAddr,
    /// Whether the file names it: a port that it does not name may be taken.
    pub asked_for: bool,
}

/// What the file is made of, by the names it gives: for pages, not for data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Ids of the extensions that start.
    pub extensions: Vec<String>,
    /// The pipelines, in the order of the file.
    pub pipelines: Vec<PipelineOutline>,
}

/// One pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineOutline {
    /// Its id.
    pub id: String,
    /// Its parts as `receiver:ID`, `processor:ID`, `connector:ID`, `exporter:ID`.
    pub parts: Vec<String>,
}
