//! What a sink guarantees to the tests and measurements that rely on it.

use std::time::Duration;

use super::*;
use crate::client::{self, Raw};
use crate::otlp::Signal;
use crate::shape::{Shape, build_request};

const SOON: Duration = Duration::from_secs(10);

fn shape() -> Shape {
    Shape { spans_per_request: 20, resources: 2, ..Shape::default() }
}

fn sink(mode: Mode) -> Sink {
    Sink::start(SinkOptions { mode, record: true, ..SinkOptions::default() }).expect("a sink")
}

fn post(sink: &Sink, body: &[u8]) -> client::Reply {
    client::post(sink.addr_http(), "/v1/traces", &[], body).expect("an answer")
}

fn call(sink: &Sink, headers: &[(&str, &str)], body: &[u8]) -> client::GrpcReply {
    let path = Signal::Traces.grpc_path();
    client::grpc(sink.addr_grpc(), path, headers, body).expect("an answer")
}

#[test]
fn both_protocols_on_both_ports_plain_and_gzip_count_every_span_once() {
    let sink = sink(Mode::Ok);
    let shape = shape();
    for (index, addr) in [(0, sink.addr_http()), (1, sink.addr_grpc())] {
        let body = build_request(&shape, index);
        let reply = client::post(addr, "/v1/traces", &[], &body).expect("an answer");
        assert_eq!((reply.status, reply.body.len()), (200, 0));
        let body = build_request(&shape, index + 2);
        let path = Signal::Traces.grpc_path();
        let reply = client::grpc(addr, path, &[], &body).expect("an answer");
        assert_eq!((reply.code, reply.body.len()), (0, 0));
    }
    let gzip = crate::deflate(&build_request(&shape, 4)).expect("gzip");
    let headers = [("Content-Encoding", "gzip")];
    let reply = client::post(sink.addr_http(), "/v1/traces", &headers, &gzip).expect("an answer");
    assert_eq!(reply.status, 200);
    let reply = call(&sink, &[("grpc-encoding", "gzip")], &build_request(&shape, 5));
    assert_eq!(reply.code, 0, "{}", reply.message);

    let report = sink.report();
    let spans = &report.spans;
    assert_eq!((spans.unique, spans.duplicated, spans.corrupted), (120, 0, 0));
    assert_eq!((report.requests, report.grpc_requests, report.gzip_requests), (6, 3, 2));
    assert_eq!(sink.run(shape.run).len(), 120);
}

#[test]
fn what_is_recorded_is_what_came() {
    let sink = sink(Mode::Ok);
    let body = build_request(&shape(), 0);
    let gzip = crate::deflate(&body).expect("gzip");
    let headers = [("Content-Encoding", "gzip"), ("X-Tenant", "a")];
    let path = "/otlp/v1/traces?x=1";
    let reply = client::post(sink.addr_http(), path, &headers, &gzip).expect("an answer");
    assert_eq!(reply.status, 200);
    let recorded = sink.bodies();
    let [request] = recorded.as_slice() else { panic!("{} requests", recorded.len()) };
    assert_eq!((&request.raw[..], &request.body[..]), (&gzip[..], &body[..]));
    assert_eq!((request.path.as_str(), request.header("x-tenant")), (path, Some("a")));
}

#[test]
fn a_failing_sink_says_so_in_the_words_of_each_protocol_and_counts_no_span() {
    let sink = sink(Mode::Fail { status: 503, retry_after: Some(2) });
    let body = build_request(&shape(), 0);
    let reply = post(&sink, &body);
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("2")));
    let reply = call(&sink, &[], &body);
    assert_eq!((reply.code, reply.retry_after), (14, Some(Duration::from_secs(2))));
    let report = sink.report();
    assert_eq!((report.refused, report.spans.spans), (2, 0));
    sink.set_mode(Mode::fail(400));
    assert_eq!((post(&sink, &body).status, call(&sink, &[], &body).code), (400, 3));
}

#[test]
fn a_rejecting_sink_names_the_count_and_does_not_keep_those_spans() {
    let sink = sink(Mode::Reject(3));
    let reply = post(&sink, &build_request(&shape(), 0));
    assert_eq!(crate::otlp::read_rejected(&reply.body), Ok(3));
    let reply = call(&sink, &[], &build_request(&shape(), 1));
    assert_eq!(crate::otlp::read_rejected(&reply.body), Ok(3));
    let spans = sink.report().spans;
    assert_eq!((spans.rejected, spans.unique), (6, 34));
}

#[test]
fn a_silent_sink_holds_requests_until_its_mode_changes() {
    let sink = sink(Mode::Silent);
    let mut raw = Raw::connect(sink.addr_http()).expect("a connection");
    raw.post("/v1/traces", &[], &build_request(&shape(), 0)).expect("sent");
    let held = sink.wait_for(|report| report.waiting == 1, SOON).expect("it is held");
    assert_eq!(held.spans.spans, 0);
    sink.set_mode(Mode::Ok);
    assert_eq!(raw.reply().expect("an answer").status, 200);
    assert_eq!(sink.report().spans.unique, 20);
}

#[test]
fn a_client_that_leaves_is_no_longer_held() {
    let sink = sink(Mode::Silent);
    let mut raw = Raw::connect(sink.addr_http()).expect("a connection");
    raw.post("/v1/traces", &[], &build_request(&shape(), 0)).expect("sent");
    let _held = sink.wait_for(|report| report.waiting == 1, SOON).expect("it is held");
    drop(raw);
    let _left = sink.wait_for(|report| report.waiting == 0, SOON).expect("it is gone");
}

#[test]
fn a_closing_sink_answers_nothing() {
    let sink = sink(Mode::Close);
    let mut raw = Raw::connect(sink.addr_http()).expect("a connection");
    raw.post("/v1/traces", &[], &build_request(&shape(), 0)).expect("sent");
    assert_eq!(raw.rest().expect("the end"), b"");
    let path = Signal::Traces.grpc_path();
    assert!(client::grpc(sink.addr_grpc(), path, &[], &build_request(&shape(), 0)).is_err());
    let report = sink.wait_for(|report| report.closed == 2, SOON).expect("both were closed");
    assert_eq!(report.spans.spans, 0);
}

#[test]
fn malformed_bodies_are_refused_and_counted() {
    let sink = sink(Mode::Ok);
    let mut body = build_request(&shape(), 0);
    body.truncate(body.len() - 1);
    assert_eq!((post(&sink, &body).status, call(&sink, &[], &body).code), (400, 3));
    let headers = [("Content-Encoding", "gzip")];
    let reply = client::post(sink.addr_http(), "/v1/traces", &headers, &body).expect("an answer");
    assert_eq!(reply.status, 400);
    let report = sink.report();
    assert_eq!((report.malformed, report.spans.spans), (3, 0));
}

#[test]
fn the_control_paths_report_and_change_the_mode() {
    let sink = sink(Mode::Ok);
    assert_eq!(post(&sink, &build_request(&shape(), 0)).status, 200);
    let addr = sink.addr_http();
    let report = client::get(addr, "/report").expect("an answer");
    let report = String::from_utf8(report.body).expect("text");
    assert_eq!(crate::json::find_number(&report, "unique"), Some(20));
    assert_eq!(crate::json::find_number(&report, "service.name=service-01"), Some(10));
    let run = client::get(addr, "/runs/1").expect("an answer");
    assert_eq!(Bitmap::from_bytes(&run.body).len(), 20);
    assert_eq!(client::get(addr, "/nothing").expect("an answer").status, 404);
    let reply = client::post(addr, "/mode", &[], b"fail=429\n").expect("an answer");
    assert_eq!(reply.status, 200);
    assert_eq!(post(&sink, b"").status, 429);
}

#[test]
fn a_cheap_sink_counts_requests_and_bytes_only() {
    let options = SinkOptions { cheap: true, record: true, ..SinkOptions::default() };
    let sink = Sink::start(options).expect("a sink");
    let body = build_request(&shape(), 0);
    assert_eq!((post(&sink, &body).status, call(&sink, &[], &body).code), (200, 0));
    let report = sink.report();
    assert_eq!((report.accepted, report.spans.spans), (2, 0));
    assert_eq!(report.bytes, 2 * body.len() as u64 + 5);
    assert!(sink.bodies().is_empty());
}

#[test]
fn metrics_and_logs_are_counted_by_their_items() {
    let sink = sink(Mode::Ok);
    // ResourceLogs { ScopeLogs { two empty records } }
    let logs = [10, 6, 18, 4, 18, 0, 18, 0];
    let path = Signal::Logs.path();
    assert_eq!(client::post(sink.addr_http(), path, &[], &logs).expect("an answer").status, 200);
    assert_eq!(sink.report().log_records, 2);
}
