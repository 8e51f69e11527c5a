//! Whole files: the embedded default, a simple pipeline, several sources.

use super::plan::{Compression, Sizer, Target};
use super::{
    Code, EMBEDDED, HostFacts, Loaded, Options, Problems, Severity, Source, load, load_with,
};

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
  otlp: {protocols: {http: {endpoint: localhost:4318}}}
exporters:
  otlphttp: {endpoint: http://tempo:4318/base/}
extensions: {health_check: {}}
service:
  extensions: [health_check]
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
    assert_eq!(warning.code, Code::RemovedSection);
    assert_eq!(warning.severity, Severity::Warning);
    assert_eq!((&*warning.place.file, warning.place.line), ("2.yaml", 1));
}

/// `--set` reaches any key and goes over every file, and its mistakes have a place in the argument.
#[test]
fn a_setting_goes_over_every_file_and_has_a_place_of_its_own() {
    let load_set = |argument: &str| {
        let set = Source::from_set(argument).expect("is a setting");
        let file = Source::Text { name: "0.yaml".to_owned(), text: SIMPLE.to_owned() };
        load(&[set, file], &|_| None, &HOST)
    };
    let plan = load_set("exporters.otlphttp.timeout= 3s").expect("loads").plan;
    let Target::Http(target) = &plan.destinations[0].target else { panic!("http") };
    assert_eq!(target.timeout.as_secs(), 3);
    let whole = load_set("exporters.otlphttp.sending_queue={queue_size: 5, num_consumers: 2}");
    assert_eq!(whole.expect("loads").plan.destinations[0].queue.capacity, 5);

    let problems = load_set("exporters.otlphttp.timeout=3").expect_err("is refused");
    let said = problems.to_string();
    let line = "  1 | exporters.otlphttp.timeout=3\n    |                            ^\n";
    assert!(said.starts_with("--set:1:28: error["), "{said}");
    assert!(said.contains(line), "{said}");
    let problems = load_set("exporters.otlphttp.timeouts=3s").expect_err("is refused");
    assert_eq!(problems.as_slice()[0].place.column, 20);
    assert!(load_set("a=b: c").is_err());
    assert!(load_set("exporters.otlphttp.timeout=[").is_err());
}

/// `a::b` is the way to a key, as in the Collector's `yaml:` argument.
#[test]
fn a_key_with_colons_is_a_way_through_mappings() {
    let over = Source::from_argument("yaml:exporters::otlphttp::compression: none");
    let file = Source::Text { name: "0.yaml".to_owned(), text: SIMPLE.to_owned() };
    let plan = load(&[file, over.expect("a source")], &|_| None, &HOST).expect("loads").plan;
    let Target::Http(target) = &plan.destinations[0].target else { panic!("http") };
    assert_eq!(target.compression, Compression::None);
}

/// A variable may hold a whole file.
#[test]
fn a_variable_is_a_source_like_a_file() {
    let env = |name: &str| (name == "GW").then(|| SIMPLE.to_owned());
    let source = |name: &str| Source::from_argument(&format!("env:{name}")).expect("a source");
    assert!(load(&[source("GW")], &env, &HOST).is_ok());
    let problems = load(&[source("NONE")], &env, &HOST).expect_err("is refused");
    assert!(problems.to_string().starts_with("env:NONE: error[unreadable]: the variable NONE"));
}

/// The old behaviour of a variable that is not set, when it is asked for.
#[test]
fn an_unset_variable_is_empty_with_a_warning_when_that_is_allowed() {
    let text = SIMPLE.replace("http://tempo:4318/base/", "\"http://tempo${NONE}:4318\"");
    let file = Source::Text { name: "0.yaml".to_owned(), text };
    let options = Options { allow_unset_env: true };
    let loaded = load_with(&[file], &options, &|_| None, &HOST).expect("loads");
    let Target::Http(target) = &loaded.plan.destinations[0].target else { panic!("http") };
    assert_eq!(target.authority, "tempo:4318");
    assert_eq!(loaded.warnings.len(), 1);
    assert_eq!(loaded.warnings[0].place.line, 5);
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
