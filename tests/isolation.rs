//! A backend that is dead, refuses or keeps silent costs the others nothing, in three ways to share
//! a gateway with it: a fan-out to both, a route of its own, and requests with something for each.

#[path = "support/backend.rs"]
mod backend;
#[path = "support/gateway.rs"]
mod gateway;

use std::cell::Cell;
use std::net::SocketAddr;

use loadgen::shape::{Shape, build_request};
use loadgen::sink::{Mode, Protocol, Sink};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;

use backend::{
    assert_refused_grpc, assert_refused_http, grpc, load, nobody, post, proof, seen, send, sink,
};
use gateway::Gateway;
use gateway::page::Page;

/// Requests that may wait for the bad backend.
const QUEUE: u64 = 4;

/// A bad backend: nobody there, or a sink that does not take anything.
struct Bad {
    name: &'static str,
    address: SocketAddr,
    _sink: Option<Sink>,
}

fn bad_backends() -> [Bad; 3] {
    let silent = sink(Mode::Silent);
    let refusing = sink(Mode::fail(503));
    [
        Bad { name: "dead", address: nobody(), _sink: None },
        Bad { name: "refusing", address: refusing.addr_http(), _sink: Some(refusing) },
        Bad { name: "silent", address: silent.addr_http(), _sink: Some(silent) },
    ]
}

/// `good` with every default, and `bad` with a small queue that is never given up.
fn exporters(good: &Sink, bad: &Bad) -> String {
    let (good, bad) = (good.addr_http(), bad.address);
    format!(
        "
exporters:
  otlphttp/good: {{endpoint: 'http://{good}', compression: none}}
  otlphttp/bad:
    endpoint: 'http://{bad}'
    compression: none
    timeout: 100ms
    retry_on_failure: {{initial_interval: 20ms, max_interval: 50ms, max_elapsed_time: 0}}
    sending_queue: {{queue_size: {QUEUE}, num_consumers: 2}}
"
    )
}

fn fan_out(good: &Sink, bad: &Bad) -> String {
    exporters(good, bad)
        + "
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [otlphttp/good, otlphttp/bad]}
"
}

/// Resources with `to: bad` go to the bad backend.
fn routed(good: &Sink, bad: &Bad) -> String {
    exporters(good, bad)
        + "
connectors:
  routing:
    default_pipelines: [traces/good]
    table:
      - {context: resource, condition: 'attributes[\"to\"] == \"bad\"', pipelines: [traces/bad]}
service:
  pipelines:
    traces/in: {receivers: [otlp], exporters: [routing]}
    traces/good: {receivers: [routing], exporters: [otlphttp/good]}
    traces/bad: {receivers: [routing], exporters: [otlphttp/bad]}
"
}

const SPANS: u64 = 12;

/// A request whose resources go where `to` says, in turn.
fn request(to: &str, run: u32, index: u64) -> Vec<u8> {
    let resources = to.split('|').count();
    let shape = Shape { spans_per_request: 12, resources, run, ..Shape::default() };
    build_request(&shape.with_resource("to", to), index)
}

/// The books are open: nothing was delivered to the bad backend, `rejected` spans for it were told
/// to be so, and the good one counts what its sink did.
fn assert_books(page: &Page, good: &Sink, name: &str, rejected: u64) {
    page.assert_balanced();
    let (of_good, of_bad) = (page.spans_of("otlphttp/good"), page.spans_of("otlphttp/bad"));
    assert_eq!(of_good.delivered, good.report().spans.unique, "{name}: {of_good:?}");
    assert_eq!((of_good.routed, of_good.queued), (of_good.delivered, 0), "{name}");
    assert_eq!((of_bad.delivered, of_bad.rejected), (0, rejected), "{name}: {of_bad:?}");
    assert!(of_bad.queued <= QUEUE * SPANS, "{name}: {of_bad:?}");
}

#[test]
fn in_a_fan_out_the_other_backend_gets_everything_and_dropped_copies_are_counted() {
    for bad in bad_backends() {
        let good = sink(Mode::Ok);
        let gateway = Gateway::start(&fan_out(&good, &bad));
        let outcome = send(load(Protocol::Http, gateway.http(), 1, 300));
        assert_eq!(outcome.tally.accepted, 300, "{}: {:?}", bad.name, outcome.tally.first_error);
        let report = seen(&good, |report| report.spans.unique == 300 * SPANS);
        assert_eq!(report.spans.duplicated, 0);
        let proof = proof(&outcome, 1, &[&good], false);
        assert!(proof.holds(0), "{}: {proof:?}", bad.name);
        let page = gateway.metrics_when("the good backend has answered", |page| {
            page.spans_of("otlphttp/good").queued == 0
        });
        assert_books(&page, &good, bad.name, 0);
        let of_bad = page.spans_of("otlphttp/bad");
        assert_eq!(of_bad.routed, 300 * SPANS, "{}", bad.name);
        assert_eq!(of_bad.queued + page.dropped("otlphttp/bad", "queue_full"), of_bad.routed);
    }
}

#[test]
fn on_a_route_of_its_own_only_its_requests_are_refused_and_told_when_to_come_back() {
    for bad in bad_backends() {
        let good = sink(Mode::Ok);
        let gateway = Gateway::start(&routed(&good, &bad));
        let (http, grpc_door) = (gateway.http(), gateway.grpc());
        let (mut accepted, mut refused) = (0, 0);
        for index in 0..100 {
            let reply = post(http, &request("good", 1, index));
            assert_eq!(reply.status, 200, "{}: for the good backend", bad.name);
            let reply = post(http, &request("bad", 2, index));
            if reply.status == 200 {
                accepted += 1;
            } else {
                assert_refused_http(&reply);
                refused += 1;
            }
        }
        assert!((1..=QUEUE).contains(&accepted), "{}: {accepted} accepted", bad.name);
        let reply = grpc(grpc_door, &request("bad", 2, 100));
        assert_refused_grpc(&reply);
        refused += 1;
        let _all = seen(&good, |report| report.spans.unique == 100 * SPANS);
        let page = gateway.metrics_when("the good backend has answered", |page| {
            page.spans_of("otlphttp/good").queued == 0
        });
        assert_books(&page, &good, bad.name, 0);
        assert_eq!(page.spans_of("otlphttp/bad").queued, accepted * SPANS, "{}", bad.name);
        assert_eq!(page.count("otelcol_receiver_refused_spans", &[]), refused * SPANS);
        let taken = (100 + accepted) * SPANS;
        assert_eq!(page.count("otelcol_receiver_accepted_spans", &[]), taken);
    }
}

/// Fills the queue of the bad backend by requests that have nothing for the good one, and waits
/// until the backend counts as dead. A refusal alone does not tell that the queue is full: a shard
/// may hold a slot that it does not use, for a moment.
fn fill(gateway: &Gateway) {
    let next = Cell::new(0);
    let _page = gateway.metrics_when("the queue is full and its backend dead", |page| {
        let waiting = page.ledger("requests", &[("exporter", "otlphttp/bad")]).queued;
        if waiting < QUEUE {
            let _reply = post(gateway.http(), &request("bad", 9, next.replace(next.get() + 1)));
        }
        waiting == QUEUE && page.is_dead("otlphttp/bad")
    });
}

#[test]
fn of_mixed_requests_the_part_for_a_backend_known_dead_is_rejected_and_the_rest_is_taken() {
    for bad in bad_backends() {
        let good = sink(Mode::Ok);
        let gateway = Gateway::start(&routed(&good, &bad));
        fill(&gateway);
        let refused = |page: &Page| page.count("otelcol_receiver_refused_spans", &[]);
        let before = refused(&gateway.metrics_page());
        for index in 0..40 {
            let body = request("good|bad|good", 1, index);
            let (status, answer) = if index % 2 == 0 {
                let reply = post(gateway.http(), &body);
                (u32::from(reply.status), reply.body)
            } else {
                let reply = grpc(gateway.grpc(), &body);
                (if reply.code == 0 { 200 } else { reply.code }, reply.body)
            };
            assert_eq!(status, 200, "{}, request {index}: the good part is taken", bad.name);
            let answer = ExportTraceServiceResponse::decode(&answer[..]).expect("an answer");
            let partial = answer.partial_success.expect("a partial success");
            assert_eq!(partial.rejected_spans, 4, "{}", bad.name);
            assert!(partial.error_message.contains("otlphttp/bad"), "{partial:?}");
        }
        let report = seen(&good, |report| report.spans.unique == 40 * 8);
        assert_eq!(report.spans.attributes.get("to=bad"), None);
        let page = gateway.metrics_when("the good backend has answered", |page| {
            page.spans_of("otlphttp/good").queued == 0
        });
        assert_books(&page, &good, bad.name, 40 * 4);
        assert_eq!(refused(&page), before + 40 * 4, "{}", bad.name);
    }
}

#[test]
fn a_backend_that_comes_back_gets_what_was_waiting_for_it() {
    let (good, back) = (sink(Mode::Ok), sink(Mode::Silent));
    let bad = Bad { name: "silent at first", address: back.addr_http(), _sink: None };
    let gateway = Gateway::start(&routed(&good, &bad));
    fill(&gateway);
    let waiting = gateway.metrics_page().spans_of("otlphttp/bad").queued;
    assert!(waiting > 0);
    back.set_mode(Mode::Ok);
    let page = gateway.metrics_when("what waited is delivered", |page| {
        page.spans_of("otlphttp/bad").delivered == waiting && !page.is_dead("otlphttp/bad")
    });
    page.assert_balanced();
    assert!(back.report().spans.unique >= waiting);
    assert_eq!(post(gateway.http(), &request("bad|good", 1, 0)).body, b"", "whole again");
    let _new = seen(&good, |report| report.spans.unique == 6);
}
