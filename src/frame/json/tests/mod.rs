//! What is taken, what is refused and where, and that it means what it should.

mod examples;
mod lengths;
mod oracle;
mod refusals;
mod rules;
mod sample;
mod spelling;

use super::*;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use spanyard_wire::request::Request;

/// What comes out; it has been scanned, and lengths have their shortest form.
fn bytes(signal: Signal, json: &[u8]) -> Result<Vec<u8>, FrameError> {
    let mut out = Vec::new();
    transcode(signal, json, 1 << 24, &mut out)?;
    Request::new().scan(signal, &out).unwrap();
    Ok(out)
}

fn traces(json: &str) -> ExportTraceServiceRequest {
    let out = bytes(Signal::Traces, json.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    ExportTraceServiceRequest::decode(out.as_slice()).unwrap()
}

fn metrics(json: &str) -> ExportMetricsServiceRequest {
    let out = bytes(Signal::Metrics, json.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    ExportMetricsServiceRequest::decode(out.as_slice()).unwrap()
}

fn logs(json: &str) -> ExportLogsServiceRequest {
    let out = bytes(Signal::Logs, json.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    ExportLogsServiceRequest::decode(out.as_slice()).unwrap()
}

/// A request with one span of these members.
fn around(members: &str) -> String {
    format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{{{members}}}]}}]}}]}}")
}

fn span(members: &str) -> Span {
    let mut request = traces(&around(members));
    request.resource_spans.remove(0).scope_spans.remove(0).spans.remove(0)
}

/// The value of an attribute.
fn value(json: &str) -> Option<Value> {
    let mut span = span(&format!("\"attributes\":[{{\"key\":\"k\",\"value\":{json}}}]"));
    span.attributes.remove(0).value.unwrap().value
}

/// Why a span with these members is refused.
fn refusal(members: &str) -> String {
    match bytes(Signal::Traces, around(members).as_bytes()) {
        Err(FrameError::BadJson(error)) => error.to_string(),
        other => panic!("{members}: {other:?}"),
    }
}

/// Why a whole document is refused.
fn refused(json: &[u8]) -> String {
    match bytes(Signal::Traces, json) {
        Err(FrameError::BadJson(error)) => error.to_string(),
        other => panic!("{}: {other:?}", String::from_utf8_lossy(json)),
    }
}
