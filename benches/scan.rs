//! Wall-clock time of looking at a request: the walk alone, the walk with one attribute looked up
//! in every group as a route does, and, to compare, prost decoding all of it.
//!
//! `cargo bench --bench scan`. As a test (`cargo test --benches`) each body runs once.

mod payloads;

use criterion::{BenchmarkId, Criterion, Throughput};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use spanyard_wire::request::Request;
use spanyard_wire::resource::Resource;
use spanyard_wire::schema::Signal;
use std::hint::black_box;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    scan(&mut criterion);
    criterion.final_summary();
}

fn scan(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scan");
    for case in payloads::CASES {
        let bytes = case.request();
        let mut request = Request::new();
        let _ = group.throughput(Throughput::Bytes(bytes.len() as u64));
        let _ = group.bench_with_input(BenchmarkId::new("walk", case.name), &bytes, |b, bytes| {
            b.iter(|| request.scan(Signal::Traces, black_box(bytes)).is_ok());
        });
        let _ = group.bench_with_input(BenchmarkId::new("route", case.name), &bytes, |b, bytes| {
            b.iter(|| {
                let scanned = request.scan(Signal::Traces, black_box(bytes)).is_ok();
                scanned && production(&request, bytes) == request.groups.len()
            });
        });
        let _ = group.bench_with_input(BenchmarkId::new("prost", case.name), &bytes, |b, bytes| {
            b.iter(|| ExportTraceServiceRequest::decode(black_box(bytes.as_slice())).is_ok());
        });
    }
    group.finish();
}

/// How many groups a route on `deployment.environment.name` would take.
fn production(request: &Request, bytes: &[u8]) -> usize {
    let found = request.groups.iter().filter(|group| {
        Resource::of(group.body.of(bytes)).find(b"deployment.environment.name").is_some()
    });
    found.count()
}
