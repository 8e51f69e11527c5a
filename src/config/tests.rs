//! Whole files: the embedded default, a simple pipeline, several sources.

use super::plan::{Compression, Sizer, Target};
use super::{Code, EMBEDDED, HostFacts, Loaded, Problems, Severity, Source, load};

const HOST: HostFacts = HostFacts { memory_bytes: 1 << 30 };

fn load_texts(texts: &[&str]) -> Result<Loaded, Problems> {
    let named = |(index, text): (usize, &&str)| Source::Text {
        name: format!("{index}.yaml"),
        text: (*text).to_owned(),
    };
    let sources: Vec<Source> = texts.iter().enumerate().map(named).collect();
    load(&sources, &|_| None, &HOST)
}

const SIMPLE: &str = "
receivers:
  otlp: {protocols: {http: {}}}
exporters:
  otlphttp: {endpoint: http://tempo:4318/base/}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [otlphttp]}
";

/// The default configuration starts without a word.
#[test]
fn the_embedded_default_loads_without_a_warning() {
    let loaded = load_texts(&[EMBEDDED]).expect("loads");
    assert_eq!(loaded.warnings, []);
    let plan = loaded.plan;
    let [receiver] = plan.receivers.as_slice() else { panic!("one receiver") };
    let grpc = receiver.grpc.as_ref().map(|grpc| grpc.endpoint.to_string());
    let http = receiver.http.as_ref().map(|http| http.endpoint.to_string());
    assert_eq!(grpc.as_deref(), Some("127.0.0.1:4317"));
    assert_eq!(http.as_deref(), Some("127.0.0.1:4318"));
    assert!(receiver.flows.iter().all(Option::is_some));
    assert_eq!(plan.destinations.len(), 3);
    assert!(plan.destinations.iter().all(|d| matches!(d.target, Target::Debug)));
    let health = plan.admin.health.map(|health| health.endpoint.to_string());
    let metrics = plan.admin.metrics.map(|page| page.endpoint.to_string());
    assert_eq!(health.as_deref(), Some("127.0.0.1:13133"));
    assert_eq!(metrics.as_deref(), Some("127.0.0.1:8888"));
    assert!(plan.budget.derived);
}

/// Defaults are the Collector's, except the gzip level.
#[test]
fn a_simple_pipeline_gets_the_collectors_defaults() {
    let plan = load_texts(&[SIMPLE]).expect("loads").plan;
    let destination = &plan.destinations[0];
    let Target::Http(target) = &destination.target else { panic!("http") };
    assert_eq!(target.path, "/base/v1/traces");
    assert_eq!(target.authority, "tempo:4318");
    assert_eq!((target.peer.host.as_str(), target.peer.port), ("tempo", 4318));
    assert!(target.peer.tls.is_none());
    assert_eq!(target.compression, Compression::Gzip(1));
    assert_eq!(target.timeout.as_secs(), 30);
    let queue = &destination.queue;
    assert_eq!((queue.capacity, queue.consumers), (1000, 10));
    assert_eq!(queue.sizer, Sizer::Requests);
    assert!(queue.merge && !queue.required && queue.batch.is_none());
    let retry = destination.retry.expect("on");
    assert_eq!(retry.initial.as_secs(), 5);
    assert_eq!(retry.elapsed_max.as_secs(), 300);
    assert!(plan.receivers[0].grpc.is_none());
    assert_eq!(plan.admin.metrics.expect("on").endpoint.port(), 8888);
}

/// Mappings are merged, everything else is replaced, and emptying a section is said.
#[test]
fn later_sources_are_laid_over_earlier_ones() {
    let over = "exporters: {otlphttp: {compression: none}}";
    let plan = load_texts(&[SIMPLE, over]).expect("loads").plan;
    let Target::Http(target) = &plan.destinations[0].target else { panic!("http") };
    assert_eq!(target.compression, Compression::None);
    assert_eq!(target.peer.port, 4318);

    let wiped = load_texts(&[SIMPLE, "processors: {batch: {}}", "processors:"]).expect("loads");
    let [warning] = wiped.warnings.as_slice() else { panic!("one warning: {:?}", wiped.warnings) };
    assert_eq!(warning.code, Code::Surprising);
    assert_eq!(warning.severity, Severity::Warning);
    assert_eq!((&*warning.place.file, warning.place.line), ("2.yaml", 1));
}

/// A file that is not there, or is not text, is a problem like any other.
#[test]
fn an_unreadable_file_is_a_problem_with_its_name() {
    let missing = Source::File("no/such/file.yaml".into());
    let problems = load(&[missing], &|_| None, &HOST).expect_err("is refused");
    let [problem] = problems.as_slice() else { panic!("one problem") };
    assert_eq!(problem.code, Code::Unreadable);
    assert!(problem.to_string().starts_with("no/such/file.yaml: error[unreadable]: "));
}
