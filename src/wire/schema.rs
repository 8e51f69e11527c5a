//! The shape of OTLP: three signals with one outer form, and the field numbers that we walk.
//!
//! ```text
//! Export*ServiceRequest { 1: group* }
//! group  { 1: resource   2: scope*   3: schema_url   1000: deprecated scope* }
//! scope  { 1: scope      2: item*    3: schema_url }
//! resource { 1: attribute*   2: dropped_attributes_count   3: entity_refs }
//! span   { 5: name   6: kind   9: attribute* }
//! log    { 2: severity_number   3: severity_text   5: body   6: attribute* }
//! metric { 1: name   5 7 9 10 11: data { 1: point { 7, 9 or 1: attribute* } * } }
//! ```
//! Source: opentelemetry-proto 1.x; field 1000 from 0.15 (`instrumentation_library_spans` and its
//! siblings).

/// Field of a request that holds a resource group.
pub const GROUP: u32 = 1;
/// Field of a group that holds its resource.
pub const RESOURCE: u32 = 1;
/// Field of a group that holds a scope's items.
pub const SCOPES: u32 = 2;
/// Deprecated field of a group with the same form as [`SCOPES`].
pub const SCOPES_DEPRECATED: u32 = 1000;
/// Field of a scope that holds the instrumentation scope itself.
pub const SCOPE: u32 = 1;
/// Field of a scope that holds a span, a log record or a metric.
pub const ITEM: u32 = 2;
/// Field of a group and of a scope that holds its schema URL.
pub const SCHEMA_URL: u32 = 3;
/// Field of a resource that holds an attribute.
pub const ATTRIBUTE: u32 = 1;
/// Field of an attribute that holds its key.
pub const ATTRIBUTE_KEY: u32 = 1;
/// Field of an attribute that holds its value.
pub const ATTRIBUTE_VALUE: u32 = 2;
/// Fields of a metric of which one is set: gauge, sum, histogram, exponential histogram, summary.
pub const METRIC_DATA: [u32; 5] = [5, 7, 9, 10, 11];
/// Field of every metric data that holds a point.
pub const METRIC_POINT: u32 = 1;

/// Field of a span that holds its name.
pub const SPAN_NAME: u32 = 5;
/// Field of a span that holds its kind.
pub const SPAN_KIND: u32 = 6;
/// Field of a span that holds an attribute.
pub const SPAN_ATTRIBUTE: u32 = 9;
/// Field of a log record that holds its severity as a number.
pub const LOG_SEVERITY_NUMBER: u32 = 2;
/// Field of a log record that holds its severity as text.
pub const LOG_SEVERITY_TEXT: u32 = 3;
/// Field of a log record that holds its body.
pub const LOG_BODY: u32 = 5;
/// Field of a log record that holds an attribute.
pub const LOG_ATTRIBUTE: u32 = 6;
/// Field of a metric that holds its name.
pub const METRIC_NAME: u32 = 1;
/// Field of an instrumentation scope that holds its name.
pub const SCOPE_NAME: u32 = 1;
/// Field of an instrumentation scope that holds its version.
pub const SCOPE_VERSION: u32 = 2;

/// Field of a data point that holds an attribute, if the point stands in the field `data` of a
/// metric (one of [`METRIC_DATA`]).
#[must_use]
pub const fn point_attribute(data: u32) -> u32 {
    match data {
        9 => 9,
        10 => 1,
        _ => 7,
    }
}

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Data points.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// All signals, in the order of [`Self::index`].
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// 0, 1 or 2: a place in a table with one entry a signal.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Traces => 0,
            Self::Metrics => 1,
            Self::Logs => 2,
        }
    }

    /// The name in configuration files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

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

    /// What is counted, as in the Collector's metric names.
    #[must_use]
    pub const fn items(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Metrics => "metric_points",
            Self::Logs => "log_records",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_is_the_place_in_all() {
        for (at, signal) in Signal::ALL.into_iter().enumerate() {
            assert_eq!(signal.index(), at);
            assert!(signal.path().ends_with(signal.name()));
        }
    }
}
