//! Compressed requests from the client to the backend: what is delivered is what was sent, and what
//! nobody changes leaves as it came where the backend takes that coding.

#![expect(clippy::expect_used, reason = "a test ends where what it needs is not there")]

#[path = "support/backend.rs"]
mod backend;
#[path = "support/gateway.rs"]
mod gateway;

use std::io::Write as _;

use flate2::write::{DeflateEncoder, ZlibEncoder};
use loadgen::client;
use loadgen::otlp::Signal;
use loadgen::sink::{Mode, Recorded, Sink};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use spanyard_wire::encode::encoded;

use backend::{Status, seen, sink};
use gateway::Gateway;

/// Content codings over HTTP, and those that have messages over gRPC.
const HTTP: [&str; 7] = ["gzip", "zstd", "zlib", "deflate", "snappy", "x-snappy-framed", "lz4"];
const GRPC: [&str; 3] = ["gzip", "zstd", "snappy"];
/// Those in which the bytes of a client can be handed on.
const KEPT: [&str; 3] = ["zstd", "snappy", "zlib"];

/// All traces to one backend in this coding, by HTTP; every resource gets an attribute if `edited`.
fn to(sink: &Sink, compression: &str, edited: bool) -> String {
    let endpoint = sink.addr_http();
    let codings = HTTP.join(", ");
    let processors = if edited { "resource" } else { "" };
    format!(
        "
receivers: {{otlp: {{protocols: {{http: {{compression_algorithms: ['', {codings}]}}}}}}}}
processors: {{resource: {{attributes: [{{key: env, value: edge, action: upsert}}]}}}}
exporters: {{otlphttp: {{endpoint: 'http://{endpoint}', compression: {compression}}}}}
service:
  pipelines:
    traces: {{receivers: [otlp], processors: [{processors}], exporters: [otlphttp]}}
"
    )
}

/// A request with so many spans, no two of them alike.
fn request(spans: usize) -> Vec<u8> {
    encoded(|request| {
        request.message(1, |group| {
            group.message(1, |resource| resource.string_attribute(1, "service.name", "checkout"));
            group.message(2, |scope| {
                for at in 0..spans {
                    scope.message(2, |span| {
                        span.bytes(1, &[7; 16]);
                        span.string(5, &format!("span {at} {:0200}", at * 7919));
                    });
                }
            });
        });
    })
}

/// Within the bounds below which bodies are copied, and above them.
fn bodies() -> [Vec<u8>; 2] {
    [request(3), request(2000)]
}

fn compressed(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::new(6);
    match coding {
        "gzip" => loadgen::deflate(bytes).expect("gzip"),
        "zstd" => {
            let mut out = Vec::with_capacity(zstd_safe::compress_bound(bytes.len()));
            let _size = zstd_safe::compress(&mut out, bytes, 3).expect("room");
            out
        }
        "zlib" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).expect("memory");
            encoder.finish().expect("memory")
        }
        "deflate" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).expect("memory");
            encoder.finish().expect("memory")
        }
        "snappy" => snap::raw::Encoder::new().compress_vec(bytes).expect("small"),
        "x-snappy-framed" => {
            let mut encoder = snap::write::FrameEncoder::new(Vec::new());
            encoder.write_all(bytes).expect("memory");
            encoder.into_inner().expect("memory")
        }
        _ => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(bytes).expect("memory");
            encoder.finish().expect("memory")
        }
    }
}

/// The status and body of the answer to a request in this coding.
fn post(gateway: &Gateway, coding: &str, bytes: &[u8]) -> (u16, Vec<u8>) {
    let headers = [("Content-Encoding", coding)];
    let reply = client::post(gateway.http(), Signal::Traces.path(), &headers, bytes);
    let reply = reply.expect("an answer");
    (reply.status, reply.body)
}

/// The status of a call with a message that is compressed on the way.
fn call(gateway: &Gateway, coding: &str, plain: &[u8]) -> u32 {
    let headers = [("grpc-encoding", coding)];
    let reply = client::grpc(gateway.grpc(), Signal::Traces.grpc_path(), &headers, plain);
    reply.expect("an answer").code
}

/// The last of the `count` requests that a backend has got.
fn last(sink: &Sink, count: u64) -> Recorded {
    let _report = seen(sink, |report| report.accepted >= count);
    let mut bodies = sink.bodies();
    assert_eq!(bodies.len() as u64, count, "each request once");
    bodies.pop().expect("one at least")
}

#[test]
fn a_body_in_any_coding_is_delivered_whole_and_once() {
    let sink = sink(Mode::Ok);
    let gateway = Gateway::start(&to(&sink, "none", false));
    let mut count = 0;
    for plain in bodies() {
        for coding in HTTP {
            assert_eq!(post(&gateway, coding, &compressed(coding, &plain)).0, 200, "{coding}");
            count += 1;
            assert_eq!(last(&sink, count).raw, plain, "{coding}");
        }
        for coding in GRPC {
            assert_eq!(call(&gateway, coding, &plain), 0, "{coding} over gRPC");
            count += 1;
            assert_eq!(last(&sink, count).raw, plain, "{coding} over gRPC");
        }
    }
    let done = |page: &gateway::page::Page| page.ledger("requests", &[]).delivered == count;
    gateway.metrics_when("all are delivered", done).assert_balanced();
    assert_eq!(gateway.terminate().code, Some(0));
    assert_eq!(sink.report().requests, count, "nothing is sent twice");
}

#[test]
fn what_nobody_changes_leaves_byte_for_byte_in_the_coding_it_came_in() {
    for coding in KEPT {
        let sink = sink(Mode::Ok);
        let gateway = Gateway::start(&to(&sink, coding, false));
        for (count, plain) in (1..).zip(bodies()) {
            let sent = compressed(coding, &plain);
            assert_eq!(post(&gateway, coding, &sent).0, 200, "{coding}");
            let got = last(&sink, count);
            assert_eq!(got.header("content-encoding"), Some(coding));
            assert_eq!(got.raw, sent, "{coding}");
            assert_eq!(got.body, plain, "{coding}");
        }
    }
}

#[test]
fn what_is_edited_leaves_with_the_edit_in_the_coding_that_the_backend_takes() {
    for coding in KEPT {
        let sink = sink(Mode::Ok);
        let gateway = Gateway::start(&to(&sink, coding, true));
        for (count, plain) in (1..).zip(bodies()) {
            let sent = compressed(coding, &plain);
            assert_eq!(post(&gateway, coding, &sent).0, 200, "{coding}");
            let got = last(&sink, count);
            assert_eq!(got.header("content-encoding"), Some(coding));
            assert_ne!(got.raw, sent, "{coding}");
            let mut received = ExportTraceServiceRequest::decode(got.body).expect("a request");
            for group in &mut received.resource_spans {
                let resource = group.resource.as_mut().expect("a resource");
                assert_eq!(resource.attributes.pop().map(|pair| pair.key).as_deref(), Some("env"));
            }
            let expected = ExportTraceServiceRequest::decode(plain.as_slice()).expect("a request");
            assert_eq!(received, expected, "{coding}: nothing else is changed");
        }
    }
}

#[test]
fn the_second_member_of_gzip_and_the_second_frame_of_others_are_not_lost() {
    let sink = sink(Mode::Ok);
    let gateway = Gateway::start(&to(&sink, "none", false));
    let mut count = 0;
    for coding in ["gzip", "zstd", "lz4"] {
        for plain in bodies() {
            let (first, second) = plain.split_at(plain.len() / 3);
            let sent = [compressed(coding, first), compressed(coding, second)].concat();
            assert_eq!(post(&gateway, coding, &sent).0, 200, "{coding}");
            count += 1;
            assert_eq!(last(&sink, count).raw, plain, "{coding}");
        }
    }
}

#[test]
fn bytes_behind_the_end_of_a_compressed_body_make_it_unreadable() {
    let sink = sink(Mode::Ok);
    let gateway = Gateway::start(&to(&sink, "none", false));
    let mut refused = 0;
    for plain in bodies() {
        for coding in HTTP {
            let sent = [compressed(coding, &plain).as_slice(), b"garbage"].concat();
            let (status, body) = post(&gateway, coding, &sent);
            assert_eq!((status, Status::read(&body).code), (400, 3), "{coding}");
            refused += 1;
        }
    }
    let malformed = "spanyard_receiver_malformed_requests_total";
    let page =
        gateway.metrics_when("all are counted", |page| page.count(malformed, &[]) == refused);
    page.assert_balanced();
    assert_eq!(gateway.terminate().code, Some(0));
    assert_eq!(sink.report().requests, 0);
}
