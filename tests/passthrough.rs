//! What goes through unchanged is unchanged to the byte, whatever way it comes and leaves; what is
//! edited differs by the edit and nothing else.

#![expect(clippy::expect_used, reason = "a test ends where what it needs is not there")]

#[path = "support/backend.rs"]
mod backend;
#[path = "support/gateway.rs"]
mod gateway;

use std::net::SocketAddr;

use loadgen::client::{self, Raw};
use loadgen::otlp::Signal;
use loadgen::sink::{Mode, Recorded, Sink};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message as _;
use spanyard_wire::encode::{Encoder, any_value_string, encoded};

use backend::{grpc, post, seen, sink};
use gateway::Gateway;

/// Three routes by `team`; the third upserts one attribute and deletes another.
fn three_routes(a: &Sink, b: &Sink, c: &Sink) -> String {
    let [a, b, c] = [a, b, c].map(Sink::addr_http);
    format!(
        "
connectors:
  routing:
    default_pipelines: [traces/a]
    table:
      - {{context: resource, condition: 'attributes[\"team\"] == \"b\"', pipelines: [traces/b]}}
      - {{context: resource, condition: 'attributes[\"team\"] == \"c\"', pipelines: [traces/c]}}
processors:
  resource:
    attributes:
      - {{key: env, value: edge, action: upsert}}
      - {{key: secret, action: delete}}
exporters:
  otlphttp/a: {{endpoint: 'http://{a}', compression: none}}
  otlphttp/b: {{endpoint: 'http://{b}', compression: none}}
  otlphttp/c: {{endpoint: 'http://{c}', compression: none}}
service:
  pipelines:
    traces/in: {{receivers: [otlp], exporters: [routing]}}
    traces/a: {{receivers: [routing], exporters: [otlphttp/a]}}
    traces/b: {{receivers: [routing], exporters: [otlphttp/b]}}
    traces/c: {{receivers: [routing], processors: [resource], exporters: [otlphttp/c]}}
"
    )
}

/// All three signals to one exporter.
fn one_route(exporter: &str) -> String {
    format!(
        "
exporters: {{{exporter}}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [{id}]}}
    metrics: {{receivers: [otlp], exporters: [{id}]}}
    logs: {{receivers: [otlp], exporters: [{id}]}}
",
        id = exporter.split(':').next().expect("an id")
    )
}

fn to_http(sink: &Sink, compression: &str) -> String {
    let endpoint = sink.addr_http();
    one_route(&format!("otlphttp: {{endpoint: 'http://{endpoint}', compression: {compression}}}"))
}

fn to_grpc(sink: &Sink, compression: &str) -> String {
    let endpoint = sink.addr_grpc();
    let more = format!("compression: {compression}, tls: {{insecure: true}}");
    one_route(&format!("otlp: {{endpoint: '{endpoint}', {more}}}"))
}

/// How a group's fields are laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Ascending,
    /// As the Collector writes: the resource last.
    ResourceLast,
    /// The resource in two parts, with a field no one knows between them.
    ResourceTwice,
}

const LAYOUTS: [Layout; 3] = [Layout::Ascending, Layout::ResourceLast, Layout::ResourceTwice];
/// A text in fields that OTLP does not have: in requests' groups, resources and spans.
const UNKNOWN: &str = "from a version to come";

fn resource_attribute(group: &mut Encoder<'_>, key: &str, value: &str) {
    group.message(1, |resource| {
        resource.attribute(1, key, &any_value_string(value));
        resource.string(2000, UNKNOWN);
    });
}

fn resource(group: &mut Encoder<'_>, team: &str, secret: &str) {
    group.message(1, |resource| {
        resource.string_attribute(1, "team", team);
        resource.string_attribute(1, "secret", secret);
        resource.string_attribute(1, "service.name", "checkout");
        resource.uint(2, 3);
        resource.string(2000, UNKNOWN);
    });
}

fn spans(group: &mut Encoder<'_>, spans: usize) {
    group.message(2, |scope| {
        for at in 0..spans {
            scope.message(2, |span| {
                span.bytes(1, &[7; 16]);
                span.bytes(2, &[9; 8]);
                span.string(5, &format!("span {at:0100}"));
                span.string(1999, UNKNOWN);
            });
        }
        scope.string(1999, UNKNOWN);
    });
}

fn group(team: &str, layout: Layout, span_count: usize) -> Vec<u8> {
    encoded(|group| match layout {
        Layout::Ascending => {
            resource(group, team, "s");
            spans(group, span_count);
            group.string(3, "https://example.org/schema");
        }
        Layout::ResourceLast => {
            group.string(3, "https://example.org/schema");
            group.string(1999, UNKNOWN);
            spans(group, span_count);
            resource(group, team, "s");
        }
        Layout::ResourceTwice => {
            resource_attribute(group, "host", "one");
            group.string(1999, UNKNOWN);
            spans(group, span_count);
            resource(group, team, "s");
        }
    })
}

fn request(groups: &[Vec<u8>]) -> Vec<u8> {
    encoded(|request| groups.iter().for_each(|group| request.bytes(1, group)))
}

fn small() -> Vec<u8> {
    request(&LAYOUTS.map(|layout| group("a", layout, 2)))
}

/// Above every bound within which bodies are copied.
fn large() -> Vec<u8> {
    request(&LAYOUTS.map(|layout| group("a", layout, 400)))
}

/// The one request that a backend got.
fn only(sink: &Sink) -> Recorded {
    let _report = seen(sink, |report| report.accepted >= 1);
    let mut bodies = sink.bodies();
    assert_eq!(bodies.len(), 1, "one request in, one out");
    bodies.remove(0)
}

/// What the resource processor of [`three_routes`] must make of a request.
fn edited(sent: &[u8]) -> ExportTraceServiceRequest {
    let mut request = ExportTraceServiceRequest::decode(sent).expect("a request");
    for group in &mut request.resource_spans {
        let resource = group.resource.get_or_insert_default();
        resource.attributes.retain(|attribute| attribute.key != "secret");
        let mut env = resource.attributes.first().expect("a team").clone();
        env.key = "env".to_owned();
        env.value.get_or_insert_default().value = Some(Value::StringValue("edge".to_owned()));
        resource.attributes.push(env);
    }
    request
}

#[test]
fn each_of_three_routes_gets_its_own_groups_and_only_the_edited_ones_differ() {
    for span_count in [1, 100] {
        let (a, b, c) = (sink(Mode::Ok), sink(Mode::Ok), sink(Mode::Ok));
        let gateway = Gateway::start(&three_routes(&a, &b, &c));
        let teams = ["a", "b", "c", "b", "none", "c", "a", "c", "b", "a"];
        let groups: Vec<_> = teams
            .iter()
            .zip(LAYOUTS.iter().cycle())
            .map(|(team, layout)| (*team, group(team, *layout, span_count)))
            .collect();
        let of = |wanted: &[&str]| {
            let mine = groups.iter().filter(|(team, _)| wanted.contains(team));
            request(&mine.map(|(_, group)| group.clone()).collect::<Vec<_>>())
        };
        let reply = post(gateway.http(), &of(&teams));
        assert_eq!((reply.status, reply.body.as_slice()), (200, &b""[..]));

        assert_eq!(only(&a).body, of(&["a", "none"]), "untouched groups, byte for byte");
        assert_eq!(only(&b).body, of(&["b"]), "untouched groups, byte for byte");
        let got = only(&c).body;
        let received = ExportTraceServiceRequest::decode(got.clone()).expect("a request");
        assert_eq!(received, edited(&of(&["c"])));
        let unknown = |bytes: &[u8]| {
            bytes.windows(UNKNOWN.len()).filter(|text| *text == UNKNOWN.as_bytes()).count()
        };
        assert_eq!(unknown(&got), unknown(&of(&["c"])), "fields that no one knows survive edits");
        gateway.metrics_page().assert_balanced();
    }
}

/// A way for a trace request into the gateway; answers whether it was taken.
type Way = (&'static str, fn(&Gateway, &[u8]) -> bool);

const WAYS: [Way; 4] = [
    ("HTTP/1", |gateway, body| {
        let reply = post(gateway.http(), body);
        (reply.status, reply.body.len()) == (200, 0)
    }),
    ("HTTP/1, chunked", |gateway, body| chunked(gateway.http(), body) == 200),
    ("HTTP/2", |gateway, body| {
        let reply = client::post_h2(gateway.http(), Signal::Traces.path(), &[], body);
        let reply = reply.expect("an answer");
        (reply.status, reply.body.len()) == (200, 0)
    }),
    ("gRPC", |gateway, body| {
        let reply = grpc(gateway.grpc(), body);
        (reply.code, reply.body.len()) == (0, 0)
    }),
];

fn chunked(addr: SocketAddr, body: &[u8]) -> u16 {
    let mut raw = Raw::connect(addr).expect("a connection");
    let head = "POST /v1/traces HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\
                Content-Type: application/x-protobuf\r\n\r\n";
    raw.send(head.as_bytes()).expect("sent");
    for chunk in body.chunks(1000) {
        raw.send(format!("{:x}\r\n", chunk.len()).as_bytes()).expect("sent");
        raw.send(chunk).expect("sent");
        raw.send(b"\r\n").expect("sent");
    }
    raw.send(b"0\r\n\r\n").expect("sent");
    raw.reply().expect("an answer").status
}

#[test]
fn a_request_leaves_as_it_came_by_every_way_in_and_out() {
    for (way, send) in WAYS {
        for body in [small(), large()] {
            for out in [to_http, to_grpc] {
                let sink = sink(Mode::Ok);
                let gateway = Gateway::start(&out(&sink, "none"));
                assert!(send(&gateway, &body), "{way}: taken, with an empty answer");
                let got = only(&sink);
                assert_eq!(got.raw, body, "{way}, {} bytes", body.len());
                assert_eq!(got.header("content-encoding"), None);
            }
        }
    }
}

#[test]
fn gzip_that_nobody_changes_leaves_byte_for_byte_as_it_came() {
    for plain in [small(), large()] {
        let (first, second) = plain.split_at(plain.len() / 2);
        let one = loadgen::deflate(&plain).expect("gzip");
        let mut two = loadgen::deflate(first).expect("gzip");
        two.extend(loadgen::deflate(second).expect("gzip"));
        for (members, compressed) in [(1, one), (2, two)] {
            let sink = sink(Mode::Ok);
            let gateway = Gateway::start(&to_http(&sink, "gzip"));
            let headers = [("Content-Encoding", "gzip")];
            let reply = client::post(gateway.http(), "/v1/traces", &headers, &compressed);
            assert_eq!(reply.expect("an answer").status, 200);
            let got = only(&sink);
            assert_eq!(got.header("content-encoding"), Some("gzip"));
            assert_eq!(got.raw, compressed, "{members} members");
        }
    }
}

#[test]
fn gzip_over_grpc_leaves_byte_for_byte_as_it_came() {
    for plain in [small(), large()] {
        let sink = sink(Mode::Ok);
        let gateway = Gateway::start(&to_grpc(&sink, "gzip"));
        let headers = [("grpc-encoding", "gzip")];
        let path = Signal::Traces.grpc_path();
        let reply = client::grpc(gateway.grpc(), path, &headers, &plain).expect("an answer");
        assert_eq!(reply.code, 0, "{reply:?}");
        let got = only(&sink);
        assert_eq!(got.raw, loadgen::deflate(&plain).expect("gzip"));
        assert_eq!(got.body, plain);
    }
}

#[test]
fn compression_is_taken_off_and_put_on_as_each_side_wants_it() {
    for out in [to_http, to_grpc] {
        for body in [small(), large()] {
            let plain = sink(Mode::Ok);
            let gateway = Gateway::start(&out(&plain, "none"));
            let compressed = loadgen::deflate(&body).expect("gzip");
            let headers = [("Content-Encoding", "gzip")];
            let reply = client::post(gateway.http(), "/v1/traces", &headers, &compressed);
            assert_eq!(reply.expect("an answer").status, 200);
            assert_eq!(only(&plain).raw, body, "inflated on the way");

            let gzip = sink(Mode::Ok);
            let gateway = Gateway::start(&out(&gzip, "gzip"));
            assert_eq!(post(gateway.http(), &body).status, 200);
            let got = only(&gzip);
            assert_eq!(seen(&gzip, |_| true).gzip_requests, 1, "compressed on the way");
            assert_eq!(got.body, body);
            assert!(got.raw.len() < body.len());
        }
    }
}

#[test]
fn metrics_and_logs_pass_through_and_are_counted_in_their_own_units() {
    let sink = sink(Mode::Ok);
    let gateway = Gateway::start(&to_http(&sink, "none"));
    let metrics = request(&[encoded(|group| {
        resource(group, "a", "s");
        group.message(2, |scope| {
            scope.message(2, |metric| {
                metric.string(1, "http.server.requests");
                metric.message(7, |sum| {
                    for value in 1..=3 {
                        sum.message(1, |point| point.fixed64(6, value));
                    }
                });
            });
        });
    })]);
    let logs = request(&[encoded(|group| {
        group.message(2, |scope| {
            for text in ["one", "two"] {
                scope.message(2, |record| record.bytes(5, &any_value_string(text)));
            }
        });
        resource(group, "a", "s");
    })]);
    let post = |signal: Signal, body: &[u8]| {
        client::post(gateway.http(), signal.path(), &[], body).expect("an answer").status
    };
    assert_eq!(post(Signal::Metrics, &metrics), 200);
    let path = Signal::Logs.grpc_path();
    assert_eq!(client::grpc(gateway.grpc(), path, &[], &logs).expect("an answer").code, 0);

    let report = seen(&sink, |report| report.accepted == 2);
    assert_eq!((report.metric_points, report.log_records), (3, 2));
    let bodies = sink.bodies();
    for (path, body) in [(Signal::Metrics.path(), metrics), (Signal::Logs.path(), logs)] {
        let got = bodies.iter().find(|got| got.path == path).expect("its own path");
        assert_eq!(got.body, body);
    }
    let page = gateway
        .metrics_when("both are delivered", |page| page.ledger("requests", &[]).delivered == 2);
    page.assert_balanced();
    let points = ("otelcol_exporter_sent_metric_points", "otelcol_receiver_accepted_metric_points");
    assert_eq!((page.count(points.0, &[]), page.count(points.1, &[])), (3, 3));
    assert_eq!(page.count("otelcol_exporter_sent_log_records", &[]), 2);
}

#[test]
fn an_empty_request_is_welcome_and_goes_nowhere() {
    let sink = sink(Mode::Ok);
    let gateway = Gateway::start(&to_http(&sink, "none"));
    for (way, send) in WAYS {
        assert!(send(&gateway, b""), "{way}");
    }
    gateway.metrics_page().assert_balanced();
    assert_eq!(gateway.terminate().code, Some(0));
    assert_eq!(sink.report().requests, 0);
}
