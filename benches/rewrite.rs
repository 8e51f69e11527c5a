//! Wall-clock time of editing every resource of a request that has been scanned: one attribute
//! upserted, one deleted; as slices (what is sent), gathered into one buffer, and, to compare, by
//! prost: decode, edit, encode.
//!
//! `cargo bench --bench rewrite`. As a test (`cargo test --benches`) each body runs once.

mod payloads;

use criterion::{BenchmarkId, Criterion, Throughput};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use prost::Message as _;
use spanyard_wire::edit::{Action, Edit, Source};
use spanyard_wire::encode::any_value_string;
use spanyard_wire::error::WireError;
use spanyard_wire::request::Request;
use spanyard_wire::schema::Signal;
use spanyard_wire::splice::Splice;
use std::hint::black_box;

const UPSERTED: &str = "yard.track";
const DELETED: &str = "k8s.node.name";

fn main() -> Result<(), WireError> {
    let mut criterion = Criterion::default().configure_from_args();
    rewrite(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

fn rewrite(criterion: &mut Criterion) -> Result<(), WireError> {
    let value = Source::Value(any_value_string("north").into());
    let edits = [
        Edit::new(UPSERTED.as_bytes(), Action::Upsert(value)),
        Edit::new(DELETED.as_bytes(), Action::Delete),
    ];
    let mut group = criterion.benchmark_group("rewrite");
    for case in payloads::CASES {
        let bytes = case.request();
        let mut request = Request::new();
        request.scan(Signal::Traces, &bytes)?;
        let mut splice = Splice::new();
        let mut gathered = Vec::with_capacity(bytes.len() * 2);
        let _ = group.throughput(Throughput::Bytes(bytes.len() as u64));
        let _ = group.bench_function(BenchmarkId::new("slices", case.name), |b| {
            b.iter(|| edit(&mut splice, &request, black_box(&bytes), &edits).is_ok());
        });
        let _ = group.bench_function(BenchmarkId::new("gathered", case.name), |b| {
            b.iter(|| {
                let edited = edit(&mut splice, &request, black_box(&bytes), &edits).is_ok();
                gathered.clear();
                splice.write_to(&bytes, &mut gathered);
                edited && gathered.len() == splice.len()
            });
        });
        let _ = group.bench_function(BenchmarkId::new("prost", case.name), |b| {
            b.iter(|| by_prost(black_box(&bytes)));
        });
    }
    group.finish();
    Ok(())
}

fn edit(
    splice: &mut Splice,
    request: &Request,
    bytes: &[u8],
    edits: &[Edit],
) -> Result<usize, WireError> {
    splice.clear();
    for group in &request.groups {
        let _changed = splice.edit_group(bytes, group, edits, &[])?;
    }
    Ok(splice.len())
}

fn by_prost(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut request = ExportTraceServiceRequest::decode(bytes).ok()?;
    for resource in request.resource_spans.iter_mut().filter_map(|group| group.resource.as_mut()) {
        let value = any_value::Value::StringValue("north".to_owned());
        resource.attributes.push(KeyValue {
            key: UPSERTED.to_owned(),
            value: Some(AnyValue { value: Some(value) }),
            ..KeyValue::default()
        });
        resource.attributes.retain(|attribute| attribute.key != DELETED);
    }
    Some(request.encode_to_vec())
}
