//! THE TABLES: every message of OTLP as JSON names, field numbers and kinds.
//!
//! Fields stand in the order in which the Node SDK writes them. Source: opentelemetry-proto 1.11.
//! Not here: profiles, and what only profiles use beside the two string indices.

use spanyard_wire::schema::Signal;

use super::enums::{SEVERITY, SPAN_KIND, STATUS_CODE, TEMPORALITY};
use super::table::Field as F;
use super::table::Kind::{
    Bool, Bytes, Double, Enum, Fixed32, Fixed64, Int32, Int64, Message as Of, Sfixed64, Sint32,
    SpanId, Text, TraceId, Uint32, Uint64,
};
use super::table::{Guess, Message, Sort};

/// The request of a signal.
pub(super) const fn request(signal: Signal) -> &'static Message {
    match signal {
        Signal::Traces => &EXPORT_TRACES,
        Signal::Metrics => &EXPORT_METRICS,
        Signal::Logs => &EXPORT_LOGS,
    }
}

/// What is passed over has no fields that we know.
pub(super) static UNKNOWN: Message = Message { fields: &[], guess: Guess::Short };

const GROUP: Guess = Guess::Last(Sort::Group);
const ITEM: Guess = Guess::Last(Sort::Item);
const POINTS: Guess = Guess::Last(Sort::Points);
const POINT: Guess = Guess::Last(Sort::Point);

static EXPORT_TRACES: Message =
    Message { fields: &[F::list("resourceSpans", 1, Of(&RESOURCE_SPANS))], guess: GROUP };

static EXPORT_METRICS: Message =
    Message { fields: &[F::list("resourceMetrics", 1, Of(&RESOURCE_METRICS))], guess: GROUP };

static EXPORT_LOGS: Message =
    Message { fields: &[F::list("resourceLogs", 1, Of(&RESOURCE_LOGS))], guess: GROUP };

static RESOURCE_SPANS: Message = Message {
    fields: &[
        F::plain("resource", 1, Of(&RESOURCE)),
        F::list("scopeSpans", 2, Of(&SCOPE_SPANS)),
        F::plain("schemaUrl", 3, Text),
    ],
    guess: GROUP,
};

static RESOURCE_METRICS: Message = Message {
    fields: &[
        F::plain("resource", 1, Of(&RESOURCE)),
        F::list("scopeMetrics", 2, Of(&SCOPE_METRICS)),
        F::plain("schemaUrl", 3, Text),
    ],
    guess: GROUP,
};

static RESOURCE_LOGS: Message = Message {
    fields: &[
        F::plain("resource", 1, Of(&RESOURCE)),
        F::list("scopeLogs", 2, Of(&SCOPE_LOGS)),
        F::plain("schemaUrl", 3, Text),
    ],
    guess: GROUP,
};

static RESOURCE: Message = Message {
    fields: &[
        F::list("attributes", 1, Of(&KEY_VALUE)),
        F::plain("droppedAttributesCount", 2, Uint32),
        F::list("entityRefs", 3, Of(&ENTITY_REF)),
    ],
    guess: Guess::Last(Sort::Resource),
};

static ENTITY_REF: Message = Message {
    fields: &[
        F::plain("schemaUrl", 1, Text),
        F::plain("type", 2, Text),
        F::list("idKeys", 3, Text),
        F::list("descriptionKeys", 4, Text),
    ],
    guess: Guess::Short,
};

static SCOPE: Message = Message {
    fields: &[
        F::plain("name", 1, Text),
        F::plain("version", 2, Text),
        F::list("attributes", 3, Of(&KEY_VALUE)),
        F::plain("droppedAttributesCount", 4, Uint32),
    ],
    guess: Guess::Short,
};

static KEY_VALUE: Message = Message {
    fields: &[
        F::plain("key", 1, Text),
        F::plain("value", 2, Of(&ANY_VALUE)),
        F::plain("keyStrindex", 3, Int32),
    ],
    guess: Guess::Short,
};

static ANY_VALUE: Message = Message {
    fields: &[
        F::present("stringValue", 1, Text),
        F::present("intValue", 3, Int64),
        F::present("boolValue", 2, Bool),
        F::present("doubleValue", 4, Double),
        F::present("arrayValue", 5, Of(&ARRAY_VALUE)),
        F::present("kvlistValue", 6, Of(&KEY_VALUE_LIST)),
        F::present("bytesValue", 7, Bytes),
        F::present("stringValueStrindex", 8, Int32),
    ],
    guess: Guess::Short,
};

static ARRAY_VALUE: Message =
    Message { fields: &[F::list("values", 1, Of(&ANY_VALUE))], guess: Guess::Short };

static KEY_VALUE_LIST: Message =
    Message { fields: &[F::list("values", 1, Of(&KEY_VALUE))], guess: Guess::Short };

static SCOPE_SPANS: Message = Message {
    fields: &[
        F::plain("scope", 1, Of(&SCOPE)),
        F::list("spans", 2, Of(&SPAN)),
        F::plain("schemaUrl", 3, Text),
    ],
    guess: GROUP,
};

static SPAN: Message = Message {
    fields: &[
        F::plain("traceId", 1, TraceId),
        F::plain("spanId", 2, SpanId),
        F::plain("traceState", 3, Text),
        F::plain("parentSpanId", 4, SpanId),
        F::plain("name", 5, Text),
        F::plain("kind", 6, Enum(&SPAN_KIND)),
        F::plain("startTimeUnixNano", 7, Fixed64),
        F::plain("endTimeUnixNano", 8, Fixed64),
        F::list("attributes", 9, Of(&KEY_VALUE)),
        F::plain("droppedAttributesCount", 10, Uint32),
        F::list("events", 11, Of(&EVENT)),
        F::plain("droppedEventsCount", 12, Uint32),
        F::plain("status", 15, Of(&STATUS)),
        F::list("links", 13, Of(&LINK)),
        F::plain("droppedLinksCount", 14, Uint32),
        F::plain("flags", 16, Fixed32),
    ],
    guess: ITEM,
};

static EVENT: Message = Message {
    fields: &[
        F::list("attributes", 3, Of(&KEY_VALUE)),
        F::plain("name", 2, Text),
        F::plain("timeUnixNano", 1, Fixed64),
        F::plain("droppedAttributesCount", 4, Uint32),
    ],
    guess: Guess::Short,
};

static LINK: Message = Message {
    fields: &[
        F::list("attributes", 4, Of(&KEY_VALUE)),
        F::plain("spanId", 2, SpanId),
        F::plain("traceId", 1, TraceId),
        F::plain("traceState", 3, Text),
        F::plain("droppedAttributesCount", 5, Uint32),
        F::plain("flags", 6, Fixed32),
    ],
    guess: Guess::Short,
};

static STATUS: Message = Message {
    fields: &[F::plain("code", 3, Enum(&STATUS_CODE)), F::plain("message", 2, Text)],
    guess: Guess::Short,
};

static SCOPE_LOGS: Message = Message {
    fields: &[
        F::plain("scope", 1, Of(&SCOPE)),
        F::list("logRecords", 2, Of(&LOG_RECORD)),
        F::plain("schemaUrl", 3, Text),
    ],
    guess: GROUP,
};

static LOG_RECORD: Message = Message {
    fields: &[
        F::plain("timeUnixNano", 1, Fixed64),
        F::plain("observedTimeUnixNano", 11, Fixed64),
        F::plain("severityNumber", 2, Enum(&SEVERITY)),
        F::plain("severityText", 3, Text),
        F::plain("body", 5, Of(&ANY_VALUE)),
        F::plain("eventName", 12, Text),
        F::list("attributes", 6, Of(&KEY_VALUE)),
        F::plain("droppedAttributesCount", 7, Uint32),
        F::plain("flags", 8, Fixed32),
        F::plain("traceId", 9, TraceId),
        F::plain("spanId", 10, SpanId),
    ],
    guess: ITEM,
};

static SCOPE_METRICS: Message = Message {
    fields: &[
        F::plain("scope", 1, Of(&SCOPE)),
        F::list("metrics", 2, Of(&METRIC)),
        F::plain("schemaUrl", 3, Text),
    ],
    guess: GROUP,
};

static METRIC: Message = Message {
    fields: &[
        F::plain("name", 1, Text),
        F::plain("description", 2, Text),
        F::plain("unit", 3, Text),
        F::present("gauge", 5, Of(&GAUGE)),
        F::present("sum", 7, Of(&SUM)),
        F::present("histogram", 9, Of(&HISTOGRAM)),
        F::present("exponentialHistogram", 10, Of(&EXPONENTIAL)),
        F::present("summary", 11, Of(&SUMMARY)),
        F::list("metadata", 12, Of(&KEY_VALUE)),
    ],
    guess: ITEM,
};

static GAUGE: Message =
    Message { fields: &[F::list("dataPoints", 1, Of(&NUMBER_POINT))], guess: POINTS };

static SUM: Message = Message {
    fields: &[
        F::list("dataPoints", 1, Of(&NUMBER_POINT)),
        F::plain("aggregationTemporality", 2, Enum(&TEMPORALITY)),
        F::plain("isMonotonic", 3, Bool),
    ],
    guess: POINTS,
};

static HISTOGRAM: Message = Message {
    fields: &[
        F::list("dataPoints", 1, Of(&HISTOGRAM_POINT)),
        F::plain("aggregationTemporality", 2, Enum(&TEMPORALITY)),
    ],
    guess: POINTS,
};

static EXPONENTIAL: Message = Message {
    fields: &[
        F::list("dataPoints", 1, Of(&EXPONENTIAL_POINT)),
        F::plain("aggregationTemporality", 2, Enum(&TEMPORALITY)),
    ],
    guess: POINTS,
};

static SUMMARY: Message =
    Message { fields: &[F::list("dataPoints", 1, Of(&SUMMARY_POINT))], guess: POINTS };

static NUMBER_POINT: Message = Message {
    fields: &[
        F::list("attributes", 7, Of(&KEY_VALUE)),
        F::plain("startTimeUnixNano", 2, Fixed64),
        F::plain("timeUnixNano", 3, Fixed64),
        F::present("asDouble", 4, Double),
        F::present("asInt", 6, Sfixed64),
        F::list("exemplars", 5, Of(&EXEMPLAR)),
        F::plain("flags", 8, Uint32),
    ],
    guess: POINT,
};

static HISTOGRAM_POINT: Message = Message {
    fields: &[
        F::list("attributes", 9, Of(&KEY_VALUE)),
        F::list("bucketCounts", 6, Fixed64),
        F::list("explicitBounds", 7, Double),
        F::plain("count", 4, Fixed64),
        F::present("sum", 5, Double),
        F::present("min", 11, Double),
        F::present("max", 12, Double),
        F::plain("startTimeUnixNano", 2, Fixed64),
        F::plain("timeUnixNano", 3, Fixed64),
        F::list("exemplars", 8, Of(&EXEMPLAR)),
        F::plain("flags", 10, Uint32),
    ],
    guess: POINT,
};

static EXPONENTIAL_POINT: Message = Message {
    fields: &[
        F::list("attributes", 1, Of(&KEY_VALUE)),
        F::plain("count", 4, Fixed64),
        F::present("min", 12, Double),
        F::present("max", 13, Double),
        F::present("sum", 5, Double),
        F::plain("positive", 8, Of(&BUCKETS)),
        F::plain("negative", 9, Of(&BUCKETS)),
        F::plain("scale", 6, Sint32),
        F::plain("zeroCount", 7, Fixed64),
        F::plain("startTimeUnixNano", 2, Fixed64),
        F::plain("timeUnixNano", 3, Fixed64),
        F::plain("flags", 10, Uint32),
        F::list("exemplars", 11, Of(&EXEMPLAR)),
        F::plain("zeroThreshold", 14, Double),
    ],
    guess: POINT,
};

static BUCKETS: Message = Message {
    fields: &[F::plain("offset", 1, Sint32), F::list("bucketCounts", 2, Uint64)],
    guess: Guess::Short,
};

static SUMMARY_POINT: Message = Message {
    fields: &[
        F::list("attributes", 7, Of(&KEY_VALUE)),
        F::plain("startTimeUnixNano", 2, Fixed64),
        F::plain("timeUnixNano", 3, Fixed64),
        F::plain("count", 4, Fixed64),
        F::plain("sum", 5, Double),
        F::list("quantileValues", 6, Of(&QUANTILE)),
        F::plain("flags", 8, Uint32),
    ],
    guess: POINT,
};

static QUANTILE: Message = Message {
    fields: &[F::plain("quantile", 1, Double), F::plain("value", 2, Double)],
    guess: Guess::Short,
};

static EXEMPLAR: Message = Message {
    fields: &[
        F::list("filteredAttributes", 7, Of(&KEY_VALUE)),
        F::plain("timeUnixNano", 2, Fixed64),
        F::present("asDouble", 3, Double),
        F::present("asInt", 6, Sfixed64),
        F::plain("spanId", 4, SpanId),
        F::plain("traceId", 5, TraceId),
    ],
    guess: Guess::Short,
};
