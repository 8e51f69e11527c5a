//! Random requests as messages, made of a fuzzer's or proptest's bytes: every field of the schema.
//!
//! When the bytes run out every choice is the first. Doubles are finite where serde's types cannot
//! write others.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList, any_value,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, exemplar, metric, number_data_point, summary_data_point::ValueAtQuantile,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

/// A supply of choices.
pub(crate) struct Choices<'a>(pub(crate) &'a [u8]);

const INTEGERS: [u64; 8] = [0, 1, 9, 127, 1 << 31, 1_544_712_660_000_000_000, 1 << 63, u64::MAX];
const DOUBLES: [f64; 9] =
    [0.0, -0.0, 1.0, -2.5, 637.704, 1e300, 5e-324, 9_007_199_254_740_993.0, 0.1];
const TEXTS: [&str; 8] =
    ["", "a", "service.name", "caf\u{e9}", "\u{1f600}\"\\/\n\t\u{1}\u{7f}", "\u{fffd}", "0", "NaN"];

impl Choices<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// A number below `count`.
    pub(crate) fn pick(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        let at = self.pick(choices.len());
        *choices.get(at).expect("below the count")
    }

    fn few<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.pick(4)).map(|_| make(self)).collect()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.pick(3) > 0 { Some(make(self)) } else { None }
    }

    fn text(&mut self) -> String {
        match self.pick(10) {
            9 => "long ".repeat(20 + self.pick(3) * 20),
            8 => (0..self.pick(30)).map(|_| char::from(self.byte())).collect(),
            at => (*TEXTS.get(at).expect("eight texts")).to_owned(),
        }
    }

    fn long(&mut self) -> u64 {
        self.of(&INTEGERS)
    }

    fn int(&mut self) -> u32 {
        self.of(&[0, 1, 255, 257, u32::MAX])
    }

    fn signed(&mut self) -> i32 {
        self.of(&[0, 1, -1, 3, i32::MAX, i32::MIN])
    }

    fn double(&mut self) -> f64 {
        self.of(&DOUBLES)
    }

    fn id(&mut self, len: u8) -> Vec<u8> {
        let first = self.byte();
        if first == 0 { Vec::new() } else { (0..len).map(|at| first.wrapping_add(at)).collect() }
    }

    fn value(&mut self, depth: usize) -> AnyValue {
        use any_value::Value as V;
        let value = match self.pick(if depth > 3 { 7 } else { 9 }) {
            0 => None,
            1 => Some(V::StringValue(self.text())),
            2 => Some(V::BoolValue(self.pick(2) == 1)),
            3 => Some(V::IntValue(self.long().cast_signed())),
            4 => Some(V::DoubleValue(self.double())),
            5 => Some(V::BytesValue((0..self.pick(9)).map(|_| self.byte()).collect())),
            6 => Some(V::StringValue("x".repeat(self.pick(140)))),
            7 => Some(V::ArrayValue(ArrayValue { values: self.few(|draw| draw.value(depth + 1)) })),
            _ => Some(V::KvlistValue(KeyValueList {
                values: self.few(|draw| draw.attribute(depth + 1)),
            })),
        };
        AnyValue { value }
    }

    fn attribute(&mut self, depth: usize) -> KeyValue {
        let key = self.text();
        let value = self.maybe(|draw| draw.value(depth));
        KeyValue { key, value, ..KeyValue::default() }
    }

    fn attributes(&mut self) -> Vec<KeyValue> {
        self.few(|draw| draw.attribute(0))
    }

    fn resource(&mut self) -> Resource {
        let entity = |draw: &mut Self| EntityRef {
            schema_url: draw.text(),
            r#type: draw.text(),
            id_keys: draw.few(Self::text),
            description_keys: draw.few(Self::text),
        };
        Resource {
            attributes: self.attributes(),
            dropped_attributes_count: self.int(),
            entity_refs: self.few(entity),
        }
    }

    fn scope(&mut self) -> InstrumentationScope {
        InstrumentationScope {
            name: self.text(),
            version: self.text(),
            attributes: self.attributes(),
            dropped_attributes_count: self.int(),
        }
    }

    pub(crate) fn traces(&mut self) -> ExportTraceServiceRequest {
        let scopes = |draw: &mut Self| ScopeSpans {
            scope: draw.maybe(Self::scope),
            spans: draw.few(Self::span),
            schema_url: draw.text(),
        };
        let groups = |draw: &mut Self| ResourceSpans {
            resource: draw.maybe(Self::resource),
            scope_spans: draw.few(scopes),
            schema_url: draw.text(),
        };
        ExportTraceServiceRequest { resource_spans: self.few(groups) }
    }

    fn span(&mut self) -> Span {
        let event = |draw: &mut Self| Event {
            time_unix_nano: draw.long(),
            name: draw.text(),
            attributes: draw.attributes(),
            dropped_attributes_count: draw.int(),
        };
        let link = |draw: &mut Self| Link {
            trace_id: draw.id(16),
            span_id: draw.id(8),
            trace_state: draw.text(),
            attributes: draw.attributes(),
            dropped_attributes_count: draw.int(),
            flags: draw.int(),
        };
        Span {
            trace_id: self.id(16),
            span_id: self.id(8),
            trace_state: self.text(),
            parent_span_id: self.id(8),
            flags: self.int(),
            name: self.text(),
            kind: self.signed(),
            start_time_unix_nano: self.long(),
            end_time_unix_nano: self.long(),
            attributes: self.attributes(),
            dropped_attributes_count: self.int(),
            events: self.few(event),
            dropped_events_count: self.int(),
            links: self.few(link),
            dropped_links_count: self.int(),
            status: self.maybe(|draw| Status { message: draw.text(), code: draw.signed() }),
        }
    }

    pub(crate) fn logs(&mut self) -> ExportLogsServiceRequest {
        let record = |draw: &mut Self| LogRecord {
            time_unix_nano: draw.long(),
            observed_time_unix_nano: draw.long(),
            severity_number: draw.signed(),
            severity_text: draw.text(),
            body: draw.maybe(|draw| draw.value(0)),
            attributes: draw.attributes(),
            dropped_attributes_count: draw.int(),
            flags: draw.int(),
            trace_id: draw.id(16),
            span_id: draw.id(8),
            event_name: draw.text(),
        };
        let scopes = |draw: &mut Self| ScopeLogs {
            scope: draw.maybe(Self::scope),
            log_records: draw.few(record),
            schema_url: draw.text(),
        };
        let groups = |draw: &mut Self| ResourceLogs {
            resource: draw.maybe(Self::resource),
            scope_logs: draw.few(scopes),
            schema_url: draw.text(),
        };
        ExportLogsServiceRequest { resource_logs: self.few(groups) }
    }

    pub(crate) fn metrics(&mut self) -> ExportMetricsServiceRequest {
        let scopes = |draw: &mut Self| ScopeMetrics {
            scope: draw.maybe(Self::scope),
            metrics: draw.few(Self::metric),
            schema_url: draw.text(),
        };
        let groups = |draw: &mut Self| ResourceMetrics {
            resource: draw.maybe(Self::resource),
            scope_metrics: draw.few(scopes),
            schema_url: draw.text(),
        };
        ExportMetricsServiceRequest { resource_metrics: self.few(groups) }
    }

    fn metric(&mut self) -> Metric {
        use metric::Data as D;
        let data = match self.pick(6) {
            0 => None,
            1 => Some(D::Gauge(Gauge { data_points: self.few(Self::number) })),
            2 => Some(D::Sum(Sum {
                data_points: self.few(Self::number),
                aggregation_temporality: self.signed(),
                is_monotonic: self.pick(2) == 1,
            })),
            3 => Some(D::Histogram(Histogram {
                data_points: self.few(Self::histogram),
                aggregation_temporality: self.signed(),
            })),
            4 => Some(D::ExponentialHistogram(ExponentialHistogram {
                data_points: self.few(Self::exponential),
                aggregation_temporality: self.signed(),
            })),
            _ => Some(D::Summary(Summary { data_points: self.few(Self::summary) })),
        };
        Metric {
            name: self.text(),
            description: self.text(),
            unit: self.text(),
            metadata: self.attributes(),
            data,
        }
    }

    fn exemplar(&mut self) -> Exemplar {
        let value = match self.pick(3) {
            0 => None,
            1 => Some(exemplar::Value::AsDouble(self.double())),
            _ => Some(exemplar::Value::AsInt(self.long().cast_signed())),
        };
        Exemplar {
            filtered_attributes: self.attributes(),
            time_unix_nano: self.long(),
            span_id: self.id(8),
            trace_id: self.id(16),
            value,
        }
    }

    fn number(&mut self) -> NumberDataPoint {
        let value = match self.pick(3) {
            0 => None,
            1 => Some(number_data_point::Value::AsDouble(self.double())),
            _ => Some(number_data_point::Value::AsInt(self.long().cast_signed())),
        };
        NumberDataPoint {
            attributes: self.attributes(),
            start_time_unix_nano: self.long(),
            time_unix_nano: self.long(),
            exemplars: self.few(Self::exemplar),
            flags: self.int(),
            value,
        }
    }

    fn histogram(&mut self) -> HistogramDataPoint {
        HistogramDataPoint {
            attributes: self.attributes(),
            start_time_unix_nano: self.long(),
            time_unix_nano: self.long(),
            count: self.long(),
            sum: self.maybe(Self::double),
            bucket_counts: (0..self.pick(20)).map(|_| self.long()).collect(),
            explicit_bounds: self.few(Self::double),
            exemplars: self.few(Self::exemplar),
            flags: self.int(),
            min: self.maybe(Self::double),
            max: self.maybe(Self::double),
        }
    }

    fn exponential(&mut self) -> ExponentialHistogramDataPoint {
        let buckets = |draw: &mut Self| Buckets {
            offset: draw.signed(),
            bucket_counts: (0..draw.pick(20)).map(|_| draw.long()).collect(),
        };
        ExponentialHistogramDataPoint {
            attributes: self.attributes(),
            start_time_unix_nano: self.long(),
            time_unix_nano: self.long(),
            count: self.long(),
            sum: self.maybe(Self::double),
            scale: self.signed(),
            zero_count: self.long(),
            positive: self.maybe(buckets),
            negative: self.maybe(buckets),
            flags: self.int(),
            exemplars: self.few(Self::exemplar),
            min: self.maybe(Self::double),
            max: self.maybe(Self::double),
            zero_threshold: self.double(),
        }
    }

    fn summary(&mut self) -> SummaryDataPoint {
        let quantile = |draw: &mut Self| ValueAtQuantile {
            quantile: draw.of(&[0.0, 0.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]),
            value: draw.double(),
        };
        SummaryDataPoint {
            attributes: self.attributes(),
            start_time_unix_nano: self.long(),
            time_unix_nano: self.long(),
            count: self.long(),
            sum: self.double(),
            quantile_values: self.few(quantile),
            flags: self.int(),
        }
    }
}
