//! Wall-clock time of a request's whole way through a shard without sockets: accepted, routed,
//! queued, taken as a batch, settled. Untouched, and with one resource attribute upserted.
//!
//! `cargo bench --bench pipeline`. As a test (`cargo test --benches`) each body passes once.

mod payloads;
mod yard;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use spanyard_wire::edit::{Action, Edit, Source};
use spanyard_wire::encode::any_value_string;
use std::io;
use yard::Yard;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let _inside = runtime.enter();
    let mut criterion = Criterion::default().configure_from_args();
    let value = Source::Value(any_value_string("north").into());
    let upsert = Edit::new(*b"yard.track", Action::Upsert(value));
    pass(&mut criterion, "untouched", Vec::new())?;
    pass(&mut criterion, "upsert", vec![upsert])?;
    criterion.final_summary();
    Ok(())
}

fn pass(criterion: &mut Criterion, name: &str, edits: Vec<Edit>) -> io::Result<()> {
    let refused = || io::Error::other("the yard did not take the request");
    let yard = Yard::new(edits);
    let mut group = criterion.benchmark_group("pipeline");
    for case in payloads::CASES {
        let bytes = case.request();
        let left = yard.pass(yard.message(&bytes)).ok_or_else(refused)?;
        assert!(left >= bytes.len(), "{left} of {} bytes left", bytes.len());
        let _ = group.throughput(Throughput::Bytes(bytes.len() as u64));
        let _ = group.bench_function(BenchmarkId::new(name, case.name), |b| {
            b.iter_batched(
                || yard.message(&bytes),
                |message| yard.pass(message),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
    Ok(())
}
