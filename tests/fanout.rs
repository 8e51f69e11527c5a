//! A request for several backends reaches each of them once, in the form that each wants, and what
//! several want compressed is compressed once.

#[path = "support/backend.rs"]
mod backend;
#[path = "support/gateway.rs"]
mod gateway;

use loadgen::shape::{Shape, build_request};
use loadgen::sink::{Mode, Protocol, Sink};

use backend::{load, post, proof, seen, send, sink};
use gateway::Gateway;

fn both(first: (&Sink, &str), second: (&Sink, &str)) -> String {
    let [(a, to_a), (b, to_b)] = [first, second].map(|(sink, form)| (sink.addr_http(), form));
    format!(
        "
exporters:
  otlphttp/a: {{endpoint: 'http://{a}', compression: {to_a}}}
  otlphttp/b: {{endpoint: 'http://{b}', compression: {to_b}}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlphttp/a, otlphttp/b]}}
"
    )
}

#[test]
fn two_backends_get_everything_once_each_in_its_own_form() {
    let (plain, gzip) = (sink(Mode::Ok), sink(Mode::Ok));
    let gateway = Gateway::start(&both((&plain, "none"), (&gzip, "gzip")));
    for (protocol, run) in [(Protocol::Http, 1), (Protocol::Grpc, 2)] {
        let endpoint = if protocol == Protocol::Http { gateway.http() } else { gateway.grpc() };
        let outcome = send(load(protocol, endpoint, run, 200));
        assert_eq!(outcome.tally.accepted, 200, "{:?}", outcome.tally.first_error);
        let told = u64::from(run) * 200 * 12;
        for sink in [&plain, &gzip] {
            let report = seen(sink, |report| report.spans.unique >= told);
            assert_eq!(report.spans.spans, told, "once each");
        }
        let proof = proof(&outcome, run, &[&plain, &gzip], true);
        assert!(proof.holds(0), "{proof:?}");
    }
    let (plain, gzip) = (plain.report(), gzip.report());
    assert_eq!((plain.gzip_requests, gzip.gzip_requests), (0, gzip.requests));
    let page =
        gateway.metrics_when("all is delivered", |page| page.ledger("spans", &[]).queued == 0);
    page.assert_balanced();
    for exporter in ["otlphttp/a", "otlphttp/b"] {
        assert_eq!(page.spans_of(exporter).delivered, 2 * 200 * 12);
    }
}

#[test]
fn what_two_backends_want_compressed_is_compressed_once() {
    let (a, b) = (sink(Mode::Ok), sink(Mode::Ok));
    let gateway = Gateway::start(&both((&a, "gzip"), (&b, "gzip")));
    let body = build_request(&Shape::default(), 0);
    assert_eq!(post(gateway.http(), &body).status, 200);
    for sink in [&a, &b] {
        let _report = seen(sink, |report| report.accepted == 1);
    }
    let (a, b) = (a.bodies().remove(0), b.bodies().remove(0));
    assert_eq!((&a.body[..], &b.body[..]), (&body[..], &body[..]));
    assert_eq!(a.raw, b.raw, "the same compressed bytes");
    let page = gateway.metrics_page();
    let recompressed =
        page.count("spanyard_shard_forwarded_bytes_total", &[("how", "recompressed")]);
    assert_eq!(recompressed, body.len() as u64, "the bytes went through the compressor once");
}
