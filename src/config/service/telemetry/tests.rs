//! The rows of the Collector's behaviour that concern its own telemetry.

use crate::config::fixture::{messages, plan};
use crate::config::plan::{LogOutput, Logs, MetricsPage};

/// A file whose line 3 is this `service.telemetry`.
fn file(telemetry: &str) -> String {
    format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:4318\"}}}}}}}}\n\
         exporters: {{otlphttp: {{endpoint: \"http://a\"}}}}\n\
         service: {{telemetry: {telemetry}, pipelines: \
         {{traces: {{receivers: [otlp], exporters: [otlphttp]}}}}}}\n"
    )
}

fn page(metrics: &str) -> Option<MetricsPage> {
    plan(&file(&format!("{{metrics: {metrics}}}"))).admin.metrics
}

fn logs(logs: &str) -> Logs {
    plan(&file(&format!("{{logs: {logs}}}"))).logs
}

fn said(telemetry: &str) -> Vec<String> {
    messages(&file(telemetry), 3)
}

fn reader(prometheus: &str) -> String {
    format!("{{readers: [{{pull: {{exporter: {{prometheus: {prometheus}}}}}}}]}}")
}

#[test]
fn the_level_is_a_word_in_any_case_and_none_turns_the_page_off() {
    for level in ["basic", "Normal", "NORMAL"] {
        assert!(page(&format!("{{level: {level}}}")).is_some(), "{level}");
        assert_eq!(said(&format!("{{metrics: {{level: {level}}}}}")), [""; 0]);
    }
    assert!(page("{level: None}").is_none());
    assert_eq!(said("{metrics: {level: some}}"), ["bad-value: unknown value"]);
    assert_eq!(said("{metrics: {level: \"\"}}"), ["bad-value: unknown value"]);
}

#[test]
fn without_readers_the_page_is_on_localhost_8888_with_bare_names() {
    let page = page("{}").expect("a page");
    assert_eq!(page.endpoint.to_string(), "127.0.0.1:8888");
    assert!(!page.suffixes && !page.scope_labels);
}

#[test]
fn the_older_address_is_taken() {
    let page = page("{address: \":9999\"}").expect("a page");
    assert_eq!(page.endpoint.to_string(), "0.0.0.0:9999");
}

#[test]
fn an_explicit_reader_has_suffixes_unless_both_parts_are_turned_off() {
    for (keys, suffixes, scope_labels) in [
        ("", true, true),
        (", without_type_suffix: true", true, true),
        (", without_units: true", true, true),
        (", without_type_suffix: true, without_units: true", false, true),
        (", without_scope_info: true", true, false),
    ] {
        let keys = format!("{{host: 0.0.0.0, port: 8889{keys}}}");
        let page = page(&reader(&keys)).expect("a page");
        assert_eq!(page.endpoint.to_string(), "0.0.0.0:8889");
        assert_eq!((page.suffixes, page.scope_labels), (suffixes, scope_labels), "{keys}");
    }
}

#[test]
fn an_explicit_reader_needs_host_and_port() {
    let said_of = |keys: &str| said(&format!("{{metrics: {}}}", reader(keys)));
    assert_eq!(said_of("{port: 1}"), ["missing: `host` is required"]);
    assert_eq!(said_of("{host: localhost}"), ["missing: `port` is required"]);
    assert_eq!(said_of("{host: localhost, port: 70000}"), ["bad-value: out of range"]);
    assert_eq!(said_of("{host: localhost, port: \"1\"}"), ["wrong-type: wrong type"]);
}

#[test]
fn a_list_of_readers_holds_one_that_is_scraped() {
    let pull = "{pull: {exporter: {prometheus: {host: localhost, port: 1}}}}";
    let periodic = "{periodic: {exporter: {otlp: {protocol: grpc, endpoint: \"http://a\"}}}}";
    for (readers, expected) in [
        (String::new(), "missing: no reader is listed"),
        (format!("{pull}, {periodic}"), "ignored: `periodic` is ignored"),
        (periodic.to_owned(), "not-supported: `periodic` is not supported yet"),
        (format!("{pull}, {pull}"), "not-supported: a second `pull` reader is not supported yet"),
        ("{}".to_owned(), "missing: the reader is of no kind"),
        ("{push: {}}".to_owned(), "unknown-key: unknown key `push`"),
    ] {
        let said = said(&format!("{{metrics: {{readers: [{readers}]}}}}"));
        assert!(said.iter().any(|line| line == expected), "{readers}: {said:?}");
    }
}

#[test]
fn logs_go_where_the_file_says() {
    for (paths, output) in [
        ("[stderr]", LogOutput::Stderr),
        ("[stdout]", LogOutput::Stdout),
        ("stdout", LogOutput::Stdout),
        ("[stdout, stderr]", LogOutput::Both),
        ("[]", LogOutput::Stderr),
        ("[/var/log/gw.log, stdout]", LogOutput::Stdout),
    ] {
        assert_eq!(logs(&format!("{{output_paths: {paths}}}")).output, output, "{paths}");
    }
    let file = said("{logs: {output_paths: [/var/log/gw.log]}}");
    assert_eq!(file, ["ignored: a log file is not written"]);
}

#[test]
fn initial_fields_become_json() {
    let fields = "{initial_fields: {a: 1, \"b\\\"\": x, c: [true, 1.5, ~], d: {e: \"5\"}}}";
    assert_eq!(logs(fields).fields, r#""a":1,"b\"":"x","c":[true,1.5,null],"d":{"e":"5"}"#);
    assert_eq!(logs("{}").fields, "");
}

#[test]
fn a_log_level_is_taken_in_any_case() {
    assert_eq!(logs("{level: WARN, encoding: json}").level, tracing::Level::WARN);
    assert_eq!(said("{logs: {level: trace}}"), ["bad-value: unknown value"]);
}

#[test]
fn what_changes_nothing_is_taken_without_a_word_and_what_is_lost_is_said() {
    let quiet = "{logs: {disable_caller: true, disable_stacktrace: true, development: false, \
                 sampling: {enabled: false}, error_output_paths: [stderr]}, \
                 traces: {level: none, propagators: [b3], processors: []}}";
    assert_eq!(said(quiet), [""; 0]);
    let lost = "{logs: {sampling: {tick: 10s, initial: 5}, processors: [{batch: {}}]}, \
                traces: {processors: [{batch: {}}]}}";
    assert_eq!(
        said(lost),
        [
            "ignored: `sampling` is ignored",
            "ignored: `processors` is ignored",
            "ignored: `processors` are ignored"
        ]
    );
}

#[test]
fn the_resource_labels_the_metrics_page_in_both_spellings() {
    let named = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
    let expected = [named("service_name", Some("edge")), named("service_instance_id", None)];
    for resource in [
        "{service.name: edge, service.instance.id: }",
        "{schema_url: \"http://s\", attributes: [{name: service.name, value: edge}, \
         {name: service.instance.id}]}",
    ] {
        let page = plan(&file(&format!("{{resource: {resource}}}"))).admin.metrics.expect("on");
        assert_eq!(page.resource, expected, "{resource}");
    }
    assert_eq!(said("{resource: {n: 5}}"), ["wrong-type: wrong type"]);
    let mixed = "{resource: {detectors: {}, attributes: []}}";
    assert_eq!(said(mixed), ["unknown-key: unknown key `detectors`"]);
}
