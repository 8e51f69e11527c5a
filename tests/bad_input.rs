//! Input that is not OTLP, or too much of it, gets the answer that the specification gives it, is
//! counted, and harms nobody else.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where what it needs is not there"
)]

#[path = "support/backend.rs"]
mod backend;
#[path = "support/gateway.rs"]
mod gateway;

use loadgen::client::{self, Raw, Reply};
use loadgen::otlp::Signal;
use loadgen::shape::{Shape, build_request};
use loadgen::sink::{Mode, Sink};

use backend::{Status, grpc, post, seen, sink};
use gateway::Gateway;

/// The largest body that [`gateway`] takes over HTTP.
const LIMIT: usize = 100_000;
/// Over gRPC.
const LIMIT_GRPC: usize = 1 << 20;

const PROTOBUF: &str = "application/x-protobuf";
const INVALID_ARGUMENT: i32 = 3;
const RESOURCE_EXHAUSTED: i32 = 8;
const UNIMPLEMENTED: i32 = 12;

fn gateway(sink: &Sink) -> Gateway {
    Gateway::start(&format!(
        "
receivers:
  otlp:
    protocols:
      http: {{max_request_body_size: {LIMIT}}}
      grpc: {{max_recv_msg_size_mib: 1}}
exporters:
  otlphttp: {{endpoint: 'http://{}', compression: none}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlphttp]}}
",
        sink.addr_http()
    ))
}

fn good() -> Vec<u8> {
    build_request(&Shape { spans_per_request: 20, resources: 2, ..Shape::default() }, 0)
}

fn malformed(gateway: &Gateway, transport: &str, reason: &str) -> u64 {
    let labels = [("transport", transport), ("reason", reason)];
    gateway.metrics_page().count("spanyard_receiver_malformed_requests_total", &labels)
}

/// The answer is an error of this status, told in protobuf, and nothing suggests to try again.
fn assert_status(reply: &Reply, status: u16, code: i32, case: &str) {
    assert_eq!(reply.status, status, "{case}: {reply:?}");
    assert_eq!(reply.header("content-type"), Some(PROTOBUF), "{case}");
    assert_eq!(reply.header("retry-after"), None, "{case}");
    let told = Status::read(&reply.body);
    assert_eq!(told.code, code, "{case}: {told:?}");
    assert!(!told.message.is_empty(), "{case}");
}

/// One good request, to the end.
fn assert_serves(gateway: &Gateway, sink: &Sink) {
    let before = sink.report().accepted;
    assert_eq!(post(gateway.http(), &good()).status, 200, "it still serves");
    assert_eq!(grpc(gateway.grpc(), &good()).code, 0, "it still serves");
    let _taken = seen(sink, |report| report.accepted > before);
    gateway.metrics_page().assert_balanced();
}

fn gzip(body: &[u8]) -> Vec<u8> {
    loadgen::deflate(body).expect("gzip")
}

/// Bodies that are no request, what is said of them in the head, and the reason that counts them.
fn bad_bodies() -> Vec<(&'static str, Vec<u8>, &'static str, &'static str)> {
    let good = good();
    let packed = gzip(&good);
    let mut wrong_sum = packed.clone();
    let at = wrong_sum.len() - 8;
    wrong_sum[at] ^= 1;
    let mut rubbish_after = packed.clone();
    rubbish_after.extend_from_slice(b"rubbish");
    vec![
        ("a length past the end", b"\x0a\xff\x01".to_vec(), "", "protobuf"),
        ("a truncated request", good[..good.len() - 3].to_vec(), "", "protobuf"),
        ("text", b"{\"resourceSpans\": []}".to_vec(), "", "protobuf"),
        ("a group of the old wire type", b"\x0b".to_vec(), "", "protobuf"),
        ("field number 0", b"\x02\x00".to_vec(), "", "protobuf"),
        ("truncated gzip", packed[..packed.len() - 12].to_vec(), "gzip", "compression"),
        ("a wrong checksum", wrong_sum, "gzip", "compression"),
        ("rubbish after gzip", rubbish_after, "gzip", "compression"),
        ("no gzip at all", good.clone(), "gzip", "compression"),
        ("malformed within gzip", gzip(b"\x0a\xff\x01"), "gzip", "protobuf"),
    ]
}

#[test]
fn damaged_bodies_are_answered_with_400_by_every_protocol_and_counted() {
    let sink = sink(Mode::Ok);
    let gateway = gateway(&sink);
    let cases = bad_bodies();
    assert!(!cases.is_empty());
    for (case, body, encoding, reason) in cases {
        let before = malformed(&gateway, "http", reason);
        let headers = [("content-encoding", encoding)];
        let headers = if encoding.is_empty() { &headers[..0] } else { &headers[..] };
        let h1 = client::post(gateway.http(), "/v1/traces", headers, &body).expect("an answer");
        assert_status(&h1, 400, INVALID_ARGUMENT, case);
        let h2 = client::post_h2(gateway.http(), "/v1/traces", headers, &body);
        assert_status(&h2.expect("an answer"), 400, INVALID_ARGUMENT, case);
        assert_eq!(malformed(&gateway, "http", reason), before + 2, "{case}: {reason}");
    }
    assert_serves(&gateway, &sink);
    assert_eq!(sink.report().malformed, 0, "nothing bad went through");
}

#[test]
fn what_the_head_says_can_be_reason_enough() {
    let sink = sink(Mode::Ok);
    let gateway = gateway(&sink);
    let body = good();
    let post = |path: &str, headers: &[(&str, &str)]| {
        client::post(gateway.http(), path, headers, &body).expect("an answer")
    };
    let reply = post("/v1/traces", &[("Content-Type", "text/plain")]);
    assert_eq!(reply.status, 415, "{reply:?}");
    assert_eq!(malformed(&gateway, "http", "media_type"), 1);

    // The body is protobuf.
    let reply = post("/v1/traces", &[("Content-Type", "application/json")]);
    assert_eq!((reply.status, reply.header("content-type")), (400, Some("application/json")));
    let text = String::from_utf8(reply.body).expect("text");
    assert!(text.starts_with("{\"code\":3,\"message\":\"json at offset "), "{text}");
    assert_eq!(malformed(&gateway, "http", "json"), 1);

    let before = malformed(&gateway, "http", "encoding");
    for encoding in ["br", "compress", "gzip, gzip"] {
        let reply = post("/v1/traces", &[("Content-Encoding", encoding)]);
        assert_status(&reply, 400, INVALID_ARGUMENT, encoding);
    }
    assert_eq!(malformed(&gateway, "http", "encoding"), before + 3);

    for path in ["/v1/spans", "/", "/v1/traces/", "/v1/metrics"] {
        assert_status(&post(path, &[]), 404, UNIMPLEMENTED, path);
    }
    assert_serves(&gateway, &sink);
}

#[test]
fn other_methods_are_answered_with_405() {
    let sink = sink(Mode::Ok);
    let gateway = gateway(&sink);
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let mut raw = Raw::connect(gateway.http()).expect("a connection");
        let head = format!("{method} /v1/traces HTTP/1.1\r\nHost: g\r\n");
        raw.send((head + "Content-Type: application/x-protobuf\r\n\r\n").as_bytes()).expect("sent");
        let reply = raw.reply().expect("an answer");
        assert_status(&reply, 405, UNIMPLEMENTED, method);
        assert_eq!(reply.header("allow"), Some("POST"));
    }
    assert_eq!(client::get(gateway.http(), "/v1/traces").expect("an answer").status, 405);
    assert_serves(&gateway, &sink);
}

#[test]
fn a_body_above_the_limit_is_answered_with_413_however_its_size_shows() {
    let sink = sink(Mode::Ok);
    let gateway = gateway(&sink);
    let body = build_request(&Shape { spans_per_request: 1000, ..Shape::default() }, 0);
    assert!(body.len() > 3 * LIMIT);
    let declared = client::post(gateway.http(), "/v1/traces", &[], &body).expect("an answer");
    assert_status(&declared, 413, RESOURCE_EXHAUSTED, "declared");

    let head = "POST /v1/traces HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\
                Content-Type: application/x-protobuf\r\n\r\n";
    let mut chunked = Raw::connect(gateway.http()).expect("a connection");
    chunked.send(head.as_bytes()).expect("sent");
    for chunk in body.chunks(10_000) {
        chunked.send(format!("{:x}\r\n", chunk.len()).as_bytes()).expect("sent");
        chunked.send(chunk).expect("sent");
        chunked.send(b"\r\n").expect("sent");
    }
    chunked.send(b"0\r\n\r\n").expect("sent");
    assert_status(&chunked.reply().expect("an answer"), 413, RESOURCE_EXHAUSTED, "chunked");

    let bomb = gzip(&vec![0; 20 * LIMIT]);
    assert!(bomb.len() < LIMIT);
    let headers = [("Content-Encoding", "gzip")];
    let inflated = client::post(gateway.http(), "/v1/traces", &headers, &bomb).expect("an answer");
    assert_status(&inflated, 413, RESOURCE_EXHAUSTED, "inflated");

    let h2 = client::post_h2(gateway.http(), "/v1/traces", &[], &body).expect("an answer");
    assert_status(&h2, 413, RESOURCE_EXHAUSTED, "HTTP/2");
    assert_eq!(malformed(&gateway, "http", "too_large"), 4);
    assert_serves(&gateway, &sink);
}

#[test]
fn a_client_that_writes_a_refused_body_to_its_end_reads_the_answer_without_a_reset() {
    let sink = sink(Mode::Ok);
    let gateway = gateway(&sink);
    for size in [LIMIT + 1, 300_000, 900_000] {
        let body = vec![0; size];
        let mut raw = Raw::connect(gateway.http()).expect("a connection");
        raw.post("/v1/traces", &[], &body).expect("sent");
        let reply = raw.reply().expect("an answer");
        assert_status(&reply, 413, RESOURCE_EXHAUSTED, "read after the whole body");
        assert_eq!(reply.header("connection"), Some("close"), "{size}");
        assert_eq!(raw.rest().expect("an end without a reset"), b"", "{size}");
    }
    assert_serves(&gateway, &sink);
}

#[test]
fn a_connection_lives_on_after_a_small_request_was_refused() {
    let sink = sink(Mode::Ok);
    let gateway = gateway(&sink);
    let mut raw = Raw::connect(gateway.http()).expect("a connection");
    for (path, body, status) in [
        ("/v1/traces", &b"\x0a\xff\x01"[..], 400),
        ("/v1/nothing", &[0; 5000][..], 404),
        ("/v1/traces", &good()[..], 200),
    ] {
        raw.post(path, &[], body).expect("sent");
        assert_eq!(raw.reply().expect("an answer").status, status, "{path}");
    }
    let _taken = seen(&sink, |report| report.accepted == 1);
}

#[test]
fn bad_calls_over_grpc_get_their_codes_and_no_leave_to_try_again() {
    let sink = sink(Mode::Ok);
    let gateway = gateway(&sink);
    let call = |path: &str, headers: &[(&str, &str)], message: &[u8]| {
        let reply = client::grpc(gateway.grpc(), path, headers, message).expect("an answer");
        assert_eq!(reply.retry_after, None, "{reply:?}");
        assert!(!reply.message.is_empty(), "{reply:?}");
        reply.code
    };
    let traces = Signal::Traces.grpc_path();
    assert_eq!(call(traces, &[], b"\x0a\xff\x01"), 3, "INVALID_ARGUMENT");
    let truncated = good();
    assert_eq!(call(traces, &[], &truncated[..truncated.len() - 3]), 3, "INVALID_ARGUMENT");
    assert_eq!(malformed(&gateway, "grpc", "protobuf"), 2);
    assert_eq!(call("/opentelemetry.Nothing/Export", &[], &good()), 12, "UNIMPLEMENTED");
    assert_eq!(call(Signal::Logs.grpc_path(), &[], b""), 12, "no pipeline for logs");
    assert_eq!(call(traces, &[("grpc-encoding", "br")], &good()), 12, "UNIMPLEMENTED");
    assert_eq!(malformed(&gateway, "grpc", "encoding"), 1);
    assert_eq!(call(traces, &[], &vec![0; LIMIT_GRPC + 1]), 8, "RESOURCE_EXHAUSTED");
    let bomb = vec![0; 8 * LIMIT_GRPC];
    assert_eq!(call(traces, &[("grpc-encoding", "gzip")], &bomb), 8, "RESOURCE_EXHAUSTED");
    assert_eq!(malformed(&gateway, "grpc", "too_large"), 2);
    assert_serves(&gateway, &sink);
}
