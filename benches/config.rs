//! Wall-clock time of reading and checking a configuration of 2,000 lines: one without a mistake,
//! and one with a mistake in every exporter, which costs a suggestion each.
//!
//! `cargo bench --bench config`. As a test (`cargo test --benches`) each body runs once.

use criterion::{BenchmarkId, Criterion, Throughput};
use spanyard::config::{self, HostFacts, Source};
use std::hint::black_box;

const HOST: HostFacts = HostFacts { memory_bytes: 4 << 30 };
/// Tenants in the file, 18 lines each.
const TENANTS: usize = 111;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    check(&mut criterion);
    criterion.final_summary();
}

fn check(criterion: &mut Criterion) {
    let good = file();
    let lines = good.lines().count();
    assert!((2000..2100).contains(&lines), "{lines} lines");
    let wrong = good.replace("compression: gzip", "compresion: gzip");
    let mut group = criterion.benchmark_group("config");
    for (name, text, errors) in [("good", &good, 0), ("wrong", &wrong, TENANTS)] {
        let _ = group.throughput(Throughput::Bytes(text.len() as u64));
        let _ = group.bench_with_input(BenchmarkId::new("check", name), text, |b, text| {
            b.iter(|| assert_eq!(problems(black_box(text)), errors));
        });
    }
    group.finish();
}

/// Reads and checks a text; how many errors it has, all of them printed.
fn problems(text: &str) -> usize {
    let source = Source::Text { name: "gw.yaml".to_owned(), text: text.to_owned() };
    match config::load(&[source], &|_| Some("dev".to_owned()), &HOST) {
        Ok(loaded) => {
            let _ = black_box(loaded.plan.destinations.len());
            0
        }
        Err(problems) => {
            let _ = black_box(problems.to_string().len());
            problems.errors()
        }
    }
}

/// A gateway that routes by tenant.
fn file() -> String {
    let repeated = |template: &str| -> String {
        (0..TENANTS).map(|n| template.replace('#', &n.to_string())).collect()
    };
    let parts = [PROCESSOR, EXPORTER, ROW, PIPELINE].map(repeated);
    let [processors, exporters, rows, pipelines] = parts;
    let components = format!("processors:{processors}\nexporters:{exporters}{ROUTING}{rows}");
    format!("{RECEIVERS}{components}{SERVICE}{pipelines}\n")
}

const RECEIVERS: &str = "\
receivers:
  otlp:
    protocols:
      http: {endpoint: 0.0.0.0:4318}
";
const PROCESSOR: &str = "
  resource/t#:
    attributes:
      - {key: tenant, value: t#, action: upsert}
      - {key: env, value: \"${env:ENV}\", action: insert}";
const EXPORTER: &str = "
  otlphttp/t#:
    endpoint: http://tempo-#:4318
    compression: gzip
    headers:
      X-Scope-OrgID: t#
    sending_queue:
      queue_size: 500";
const ROUTING: &str = "
connectors:
  routing:
    table:";
const ROW: &str = "
      - context: resource
        condition: attributes[\"tenant\"] == \"t#\"
        pipelines: [traces/t#]";
const SERVICE: &str = "
service:
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [routing]";
const PIPELINE: &str = "
    traces/t#:
      receivers: [routing]
      processors: [resource/t#]
      exporters: [otlphttp/t#]";
