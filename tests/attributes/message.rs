//! Requests of the three signals as prost messages, with one view of their items.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint,
    metric::Data,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use spanyard_wire::schema::Signal;

#[derive(Clone, Debug)]
pub(crate) enum Message {
    Traces(ExportTraceServiceRequest),
    Metrics(ExportMetricsServiceRequest),
    Logs(ExportLogsServiceRequest),
}

/// What an item is made of; each signal takes its part.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) kind: i32,
    pub(crate) body: Option<AnyValue>,
    pub(crate) severity_text: String,
    pub(crate) severity: i32,
    pub(crate) attributes: Vec<KeyValue>,
}

/// What stands around an item's attributes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Around {
    pub(crate) resource: Vec<KeyValue>,
    pub(crate) scope: InstrumentationScope,
    pub(crate) name: String,
    pub(crate) kind: i32,
    pub(crate) body: Option<AnyValue>,
    pub(crate) severity_text: String,
    pub(crate) severity: i32,
}

impl Message {
    pub(crate) fn new(signal: Signal) -> Self {
        match signal {
            Signal::Traces => Self::Traces(ExportTraceServiceRequest::default()),
            Signal::Metrics => Self::Metrics(ExportMetricsServiceRequest::default()),
            Signal::Logs => Self::Logs(ExportLogsServiceRequest::default()),
        }
    }

    pub(crate) fn decode(signal: Signal, bytes: &[u8]) -> Self {
        let expected = "what leaves can be decoded";
        match signal {
            Signal::Traces => {
                Self::Traces(ExportTraceServiceRequest::decode(bytes).expect(expected))
            }
            Signal::Metrics => {
                Self::Metrics(ExportMetricsServiceRequest::decode(bytes).expect(expected))
            }
            Signal::Logs => Self::Logs(ExportLogsServiceRequest::decode(bytes).expect(expected)),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Traces(request) => request.encode_to_vec(),
            Self::Metrics(request) => request.encode_to_vec(),
            Self::Logs(request) => request.encode_to_vec(),
        }
    }

    /// Equal for messages that mean the same: an absent value is an unset one. Bytes, since NaN
    /// differs from itself.
    pub(crate) fn meaning(&self) -> Vec<u8> {
        let mut message = self.clone();
        let unify = |attributes: &mut Vec<KeyValue>| {
            for one in attributes {
                let _ = one.value.get_or_insert_default();
            }
        };
        message.resources().into_iter().flatten().for_each(|r| unify(&mut r.attributes));
        message.each_item(&mut |_, attributes| unify(attributes));
        message.encode()
    }

    /// Appends a group.
    pub(crate) fn push(
        &mut self,
        resource: Option<Resource>,
        scopes: Vec<(Option<InstrumentationScope>, Vec<Item>)>,
    ) {
        match self {
            Self::Traces(request) => {
                let scope = |(scope, items): (Option<_>, Vec<Item>)| {
                    let spans = items.into_iter().map(span).collect();
                    ScopeSpans { scope, spans, ..ScopeSpans::default() }
                };
                let scope_spans = scopes.into_iter().map(scope).collect();
                let schema_url = "s".to_owned();
                request.resource_spans.push(ResourceSpans { resource, scope_spans, schema_url });
            }
            Self::Metrics(request) => {
                let scope = |(scope, items): (Option<_>, Vec<Item>)| {
                    let metrics = items.into_iter().map(metric).collect();
                    ScopeMetrics { scope, metrics, ..ScopeMetrics::default() }
                };
                let scope_metrics = scopes.into_iter().map(scope).collect();
                let schema_url = "s".to_owned();
                let group = ResourceMetrics { resource, scope_metrics, schema_url };
                request.resource_metrics.push(group);
            }
            Self::Logs(request) => {
                let scope = |(scope, items): (Option<_>, Vec<Item>)| {
                    let log_records = items.into_iter().map(record).collect();
                    ScopeLogs { scope, log_records, ..ScopeLogs::default() }
                };
                let scope_logs = scopes.into_iter().map(scope).collect();
                let schema_url = "s".to_owned();
                request.resource_logs.push(ResourceLogs { resource, scope_logs, schema_url });
            }
        }
    }

    pub(crate) fn resources(&mut self) -> Vec<&mut Option<Resource>> {
        match self {
            Self::Traces(all) => all.resource_spans.iter_mut().map(|g| &mut g.resource).collect(),
            Self::Metrics(all) => {
                all.resource_metrics.iter_mut().map(|g| &mut g.resource).collect()
            }
            Self::Logs(all) => all.resource_logs.iter_mut().map(|g| &mut g.resource).collect(),
        }
    }

    /// Every list of attributes of an item, with what stands around it.
    pub(crate) fn each_item(&mut self, each: &mut dyn FnMut(&Around, &mut Vec<KeyValue>)) {
        let around = |resource: &Option<Resource>, scope: &Option<InstrumentationScope>| Around {
            resource: resource.clone().unwrap_or_default().attributes,
            scope: scope.clone().unwrap_or_default(),
            ..Around::default()
        };
        match self {
            Self::Traces(all) => {
                for group in &mut all.resource_spans {
                    for scope in &mut group.scope_spans {
                        for span in &mut scope.spans {
                            let mut around = around(&group.resource, &scope.scope);
                            (around.name, around.kind) = (span.name.clone(), span.kind);
                            each(&around, &mut span.attributes);
                        }
                    }
                }
            }
            Self::Metrics(all) => {
                for group in &mut all.resource_metrics {
                    for scope in &mut group.scope_metrics {
                        for metric in &mut scope.metrics {
                            let mut around = around(&group.resource, &scope.scope);
                            around.name = metric.name.clone();
                            let points = metric.data.as_mut().map(points).unwrap_or_default();
                            points.into_iter().for_each(|attributes| each(&around, attributes));
                        }
                    }
                }
            }
            Self::Logs(all) => {
                for group in &mut all.resource_logs {
                    for scope in &mut group.scope_logs {
                        for record in &mut scope.log_records {
                            let mut around = around(&group.resource, &scope.scope);
                            around.body = record.body.clone();
                            around.severity_text = record.severity_text.clone();
                            around.severity = record.severity_number;
                            each(&around, &mut record.attributes);
                        }
                    }
                }
            }
        }
    }
}

fn span(item: Item) -> Span {
    let Item { name, kind, attributes, .. } = item;
    let trace_id = vec![7; 16];
    Span { trace_id, name, kind, attributes, start_time_unix_nano: 1, ..Span::default() }
}

fn record(item: Item) -> LogRecord {
    let Item { body, severity, severity_text, attributes, .. } = item;
    let severity_number = severity;
    LogRecord { body, severity_number, severity_text, attributes, ..LogRecord::default() }
}

/// Two points of the form that the kind chooses.
fn metric(item: Item) -> Metric {
    let Item { name, kind, attributes, .. } = item;
    macro_rules! two {
        ($point:ident) => {
            vec![
                $point { attributes, ..$point::default() },
                $point { time_unix_nano: 5, ..$point::default() },
            ]
        };
    }
    let data = match kind {
        0 | 1 => Data::Gauge(Gauge { data_points: two!(NumberDataPoint) }),
        2 => Data::Sum(Sum { data_points: two!(NumberDataPoint), ..Sum::default() }),
        3 => {
            let data_points = two!(HistogramDataPoint);
            Data::Histogram(Histogram { data_points, ..Histogram::default() })
        }
        4 => {
            let data_points = two!(ExponentialHistogramDataPoint);
            let histogram = ExponentialHistogram { data_points, ..Default::default() };
            Data::ExponentialHistogram(histogram)
        }
        _ => Data::Summary(Summary { data_points: two!(SummaryDataPoint) }),
    };
    Metric { name, data: (kind != 7).then_some(data), ..Metric::default() }
}

fn points(data: &mut Data) -> Vec<&mut Vec<KeyValue>> {
    match data {
        Data::Gauge(data) => data.data_points.iter_mut().map(|p| &mut p.attributes).collect(),
        Data::Sum(data) => data.data_points.iter_mut().map(|p| &mut p.attributes).collect(),
        Data::Histogram(data) => data.data_points.iter_mut().map(|p| &mut p.attributes).collect(),
        Data::ExponentialHistogram(data) => {
            data.data_points.iter_mut().map(|p| &mut p.attributes).collect()
        }
        Data::Summary(data) => data.data_points.iter_mut().map(|p| &mut p.attributes).collect(),
    }
}
