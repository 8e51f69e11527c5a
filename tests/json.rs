//! OTLP/JSON as an SDK sends it, through the gateway's own binary: it arrives at the backends as
//! protobuf, and what is no request is refused with its place.

#![expect(clippy::expect_used, reason = "a test ends where what it needs is not there")]

#[path = "support/backend.rs"]
mod backend;
#[path = "support/gateway.rs"]
mod gateway;

use std::net::SocketAddr;

use loadgen::client::{self, Raw, Reply};
use loadgen::otlp::Signal;
use loadgen::sink::{Mode, Sink};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;

use backend::{seen, sink};
use gateway::Gateway;

/// The specification's examples, for each signal.
const EXAMPLES: [(Signal, &str); 3] = [
    (Signal::Traces, include_str!("../src/frame/json/tests/examples/trace.json")),
    (Signal::Metrics, include_str!("../src/frame/json/tests/examples/metrics.json")),
    (Signal::Logs, include_str!("../src/frame/json/tests/examples/logs.json")),
];

fn gateway(sink: &Sink) -> Gateway {
    Gateway::start(&format!(
        "
exporters:
  otlphttp: {{endpoint: 'http://{}'}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlphttp]}}
    metrics: {{receivers: [otlp], exporters: [otlphttp]}}
    logs: {{receivers: [otlp], exporters: [otlphttp]}}
",
        sink.addr_http()
    ))
}

/// A POST without a length, in chunks of 1,000 bytes, as Node's HTTP client sends it.
fn chunked(addr: SocketAddr, path: &str, body: &[u8]) -> Reply {
    let mut bytes = format!(
        "POST {path} HTTP/1.1\r\nHost: {addr}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    )
    .into_bytes();
    for piece in body.chunks(1000) {
        bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        bytes.extend_from_slice(piece);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    let mut raw = Raw::connect(addr).expect("the gateway listens");
    raw.send(&bytes).expect("a request");
    raw.reply().expect("an answer")
}

/// Whether protobuf that arrived means the same as a document.
fn means(signal: Signal, protobuf: &[u8], json: &str) -> bool {
    macro_rules! same {
        ($message:ty) => {
            <$message>::decode(protobuf).expect("protobuf")
                == serde_json::from_str::<$message>(json).expect("JSON")
        };
    }
    match signal {
        Signal::Traces => same!(ExportTraceServiceRequest),
        Signal::Metrics => same!(ExportMetricsServiceRequest),
        Signal::Logs => same!(ExportLogsServiceRequest),
    }
}

#[test]
fn a_chunked_request_of_each_signal_arrives_as_protobuf_that_means_the_same() {
    let sink = sink(Mode::Ok);
    let gateway = gateway(&sink);
    for (signal, json) in EXAMPLES {
        let before = sink.bodies().len();
        let reply = chunked(gateway.http(), signal.path(), json.as_bytes());
        assert_eq!((reply.status, &reply.body[..]), (200, &b"{}"[..]), "{reply:?}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
        let _ = seen(&sink, |report| report.accepted > before as u64);
        let arrived = &sink.bodies()[before];
        assert_eq!(arrived.header("content-type"), Some("application/x-protobuf"));
        assert_eq!(arrived.path, signal.path());
        assert!(means(signal, &arrived.body, json), "{signal:?}");
    }
    assert_eq!(sink.report().malformed, 0);
}

#[test]
fn what_is_no_request_is_refused_with_its_place_counted_and_not_sent_on() {
    let sink = sink(Mode::Ok);
    let gateway = gateway(&sink);
    let trace = EXAMPLES[0].1;
    let post = |body: &str| {
        let headers = [("Content-Type", "application/json")];
        client::post(gateway.http(), "/v1/traces", &headers, body.as_bytes()).expect("an answer")
    };
    for (body, reason) in [
        (
            trace.replace("5B8EFFF798038103D269B633813FC60C", "5B8EFFF798038103D269B633813FC60"),
            "resourceSpans[0].scopeSpans[0].spans[0].traceId: 31 hex digits, expected 32",
        ),
        (trace.replace("1544712661000000000", "later"), "spans[0].endTimeUnixNano: not an integer"),
        (format!("{trace}{{}}"), "expected the end, found {"),
        (trace.trim_end().trim_end_matches('}').to_owned(), "expected a comma or }, found the end"),
    ] {
        let reply = post(&body);
        assert_eq!((reply.status, reply.header("content-type")), (400, Some("application/json")));
        let text = String::from_utf8(reply.body).expect("text");
        assert!(text.starts_with("{\"code\":3,\"message\":\"json at offset "), "{text}");
        assert!(text.ends_with(&format!("{reason}\"}}")), "{text}");
    }
    let labels = [("transport", "http"), ("reason", "json")];
    let page = gateway.metrics_page();
    assert_eq!(page.count("spanyard_receiver_malformed_requests_total", &labels), 4);
    assert_eq!(post(trace).status, 200);
    let _ = seen(&sink, |report| report.accepted > 0);
    assert_eq!(sink.bodies().len(), 1, "only the good one went on");
}
