//! What a backend answers decides what becomes of a request: it is sent again, rejected, or taken
//! in part; and every span is counted where it ended.

#[path = "support/backend.rs"]
mod backend;
#[path = "support/gateway.rs"]
mod gateway;

use loadgen::shape::{Shape, build_request};
use loadgen::sink::{Mode, Sink};

use backend::{post, seen, sink};
use gateway::Gateway;
use gateway::page::Page;

/// An exporter: its id and the file that has it send to a backend.
type Exporter = (&'static str, fn(&Sink) -> String);

const EXPORTERS: [Exporter; 2] = [("otlphttp", http), ("otlp", grpc)];

const RETRY: &str = "retry_on_failure: {initial_interval: 20ms, max_interval: 50ms}";

fn http(sink: &Sink) -> String {
    config("otlphttp", &format!("endpoint: 'http://{}', {RETRY}", sink.addr_http()))
}

fn grpc(sink: &Sink) -> String {
    let endpoint = sink.addr_grpc();
    config("otlp", &format!("endpoint: '{endpoint}', tls: {{insecure: true}}, {RETRY}"))
}

fn config(id: &str, exporter: &str) -> String {
    format!(
        "
exporters:
  {id}: {{{exporter}}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [{id}]}}
"
    )
}

const SPANS: u64 = 30;

fn request() -> Vec<u8> {
    build_request(&Shape { spans_per_request: 30, ..Shape::default() }, 0)
}

/// The page once nothing is queued any more.
fn settled(gateway: &Gateway, exporter: &str) -> Page {
    let page = gateway.metrics_when("the request has ended", |page| {
        let ledger = page.spans_of(exporter);
        ledger.routed == SPANS && ledger.queued == 0
    });
    page.assert_balanced();
    page
}

fn attempts(page: &Page) -> (u64, u64) {
    let count = |name| page.count(name, &[]);
    (count("spanyard_exporter_attempts_total"), count("spanyard_exporter_retries_total"))
}

fn answers(page: &Page, answer: &str) -> u64 {
    page.count("spanyard_exporter_answers_total", &[("answer", answer)])
}

#[test]
fn a_request_that_is_put_off_is_sent_again_and_delivered_once() {
    for (id, config) in EXPORTERS {
        let sink = sink(Mode::Fail { status: 503, retry_after: Some(1) });
        let gateway = Gateway::start(&config(&sink));
        assert_eq!(post(gateway.http(), &request()).status, 200);
        let _refused = seen(&sink, |report| report.refused == 1);
        sink.set_mode(Mode::Ok);
        let report = seen(&sink, |report| report.spans.unique == SPANS);
        assert_eq!((report.spans.spans, report.refused), (SPANS, 1), "{id}");
        let page = settled(&gateway, id);
        assert_eq!(page.spans_of(id).delivered, SPANS);
        assert_eq!(attempts(&page), (2, 1));
        assert_eq!(page.count("otelcol_exporter_sent_spans", &[("exporter", id)]), SPANS);
        assert_eq!(gateway.terminate().code, Some(0));
    }
}

#[test]
fn a_request_whose_connection_breaks_is_sent_again() {
    for (id, config) in EXPORTERS {
        let sink = sink(Mode::Close);
        let gateway = Gateway::start(&config(&sink));
        assert_eq!(post(gateway.http(), &request()).status, 200);
        let _closed = seen(&sink, |report| report.closed >= 2);
        sink.set_mode(Mode::Ok);
        let report = seen(&sink, |report| report.spans.unique == SPANS);
        assert_eq!(report.spans.spans, SPANS, "{id}");
        let page = settled(&gateway, id);
        assert_eq!(page.spans_of(id).delivered, SPANS);
        assert!(answers(&page, "unreachable") >= 2, "{page}");
    }
}

#[test]
fn what_a_backend_refuses_for_good_is_counted_as_rejected_and_never_sent_again() {
    for (id, config) in EXPORTERS {
        let sink = sink(Mode::fail(400));
        let gateway = Gateway::start(&config(&sink));
        assert_eq!(post(gateway.http(), &request()).status, 200, "acknowledged before it was sent");
        let page = settled(&gateway, id);
        assert_eq!(page.spans_of(id).rejected, SPANS);
        assert_eq!(page.count("otelcol_exporter_send_failed_spans", &[("exporter", id)]), SPANS);
        assert_eq!((attempts(&page), answers(&page, "permanent")), ((1, 0), 1));
        assert_eq!(sink.report().requests, 1);
        assert!(gateway.log_line("rejected").contains(id));
        assert_eq!(gateway.terminate().code, Some(0), "nothing is left that could be lost");
    }
}

#[test]
fn what_a_partial_success_leaves_out_is_counted_as_rejected_and_never_sent_again() {
    for (id, config) in EXPORTERS {
        let sink = sink(Mode::Reject(4));
        let gateway = Gateway::start(&config(&sink));
        assert_eq!(post(gateway.http(), &request()).status, 200);
        let page = settled(&gateway, id);
        let ledger = page.spans_of(id);
        assert_eq!((ledger.delivered, ledger.rejected), (SPANS - 4, 4), "{id}");
        assert_eq!((attempts(&page), answers(&page, "partial_success")), ((1, 0), 1));
        assert_eq!(page.count("otelcol_exporter_sent_spans", &[("exporter", id)]), SPANS - 4);
        assert_eq!((sink.report().requests, sink.report().spans.rejected), (1, 4));
    }
}

#[test]
fn a_request_that_no_attempt_gets_through_is_given_up_and_counted() {
    let sink = sink(Mode::fail(503));
    let endpoint = sink.addr_http();
    let retry =
        "retry_on_failure: {initial_interval: 10ms, max_interval: 10ms, max_elapsed_time: 100ms}";
    let gateway =
        Gateway::start(&config("otlphttp", &format!("endpoint: 'http://{endpoint}', {retry}")));
    assert_eq!(post(gateway.http(), &request()).status, 200);
    let page = settled(&gateway, "otlphttp");
    assert_eq!(page.dropped("otlphttp", "retry_exhausted"), SPANS);
    assert_eq!(attempts(&page).0, sink.report().requests);
}
