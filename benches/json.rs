//! Wall-clock time of turning OTLP/JSON into protobuf, per byte of JSON; and, to compare, the same
//! through serde into messages and prost out of them.
//!
//! `cargo bench --bench json`. As a test (`cargo test --benches`) each runs once.

#[path = "payloads/node.rs"]
mod node;

use criterion::{Criterion, Throughput};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use spanyard::frame::json::transcode;
use spanyard_wire::schema::Signal;
use std::hint::black_box;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let json = node::request();
    let mut out = Vec::with_capacity(json.len());
    let mut group = criterion.benchmark_group("json");
    let _ = group.throughput(Throughput::Bytes(json.len() as u64));
    let _ = group.bench_function("transcode", |b| {
        b.iter(|| {
            out.clear();
            transcode(Signal::Traces, black_box(json.as_bytes()), usize::MAX, &mut out).is_ok()
        });
    });
    let _ = group.bench_function("serde and prost", |b| {
        b.iter(|| {
            let read: Result<ExportTraceServiceRequest, _> =
                serde_json::from_slice(black_box(json.as_bytes()));
            read.map(|request| request.encode_to_vec().len()).is_ok()
        });
    });
    group.finish();
    criterion.final_summary();
}
