//! Each trap springs once, in its place, and a good file springs none.

use crate::config::fixture::load_all;
use crate::config::{Code, Loaded};

const HEALTH: &str = "extensions: {health_check: {endpoint: \"127.0.0.1:1\"}}\n";

/// A file of one line a section; `endpoint` of the receiver is given.
fn file(exporters: &str, connectors: &str, pipelines: &str) -> String {
    format!(
        "{HEALTH}\
         receivers: {{otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:4318\"}}}}}}}}\n\
         exporters: {exporters}\n\
         connectors: {connectors}\n\
         service:\n  extensions: [health_check]\n  pipelines:\n{pipelines}"
    )
}

fn one(exporter: &str) -> String {
    file(
        &format!("{{{exporter}}}"),
        "{}",
        &format!("    traces: {{receivers: [otlp], exporters: [{}]}}\n", kind(exporter)),
    )
}

fn kind(exporter: &str) -> &str {
    exporter.split(':').next().unwrap_or_default()
}

fn load(text: &str) -> Loaded {
    load_all(text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Code, line and path of every warning.
fn warned(text: &str) -> Vec<(Code, usize, String)> {
    let warnings = load(text).warnings.into_iter();
    warnings.map(|warning| (warning.code, warning.place.line, warning.path)).collect()
}

fn only(text: &str) -> (Code, usize, String) {
    let all = warned(text);
    let [one] = all.as_slice() else { panic!("one warning: {all:?}\n{text}") };
    one.clone()
}

#[test]
fn a_good_file_is_loaded_without_a_word() {
    for exporter in [
        "otlphttp: {endpoint: \"http://tempo:4318\"}",
        "otlphttp: {endpoint: \"https://gw.example.com/otlp\"}",
        "otlphttp: {traces_endpoint: \"https://gw.example.com/v1/traces\"}",
        "otlphttp: {traces_endpoint: \"https://gw.example.com/ingest/otel\"}",
        "otlp: {endpoint: \"tempo:4317\", tls: {insecure: true}}",
        "otlp: {endpoint: \"https://gw.example.com:443\"}",
        "debug: {}",
    ] {
        assert_eq!(warned(&one(exporter)), [], "{exporter}");
    }
}

#[test]
fn a_receiver_without_an_endpoint_is_for_this_machine_only() {
    let text = one("debug: {}").replace("{endpoint: \"127.0.0.1:4318\"}", "{}");
    let path = "receivers.otlp.protocols.http".to_owned();
    assert_eq!(only(&text), (Code::DefaultEndpoint, 2, path));
    let unused = one("debug: {}")
        .replace("receivers: {otlp:", "receivers: {otlp/unused: {protocols: {grpc: {}}}, otlp:");
    assert_eq!(warned(&unused), []);
}

#[test]
fn a_health_check_must_be_there_and_be_listed() {
    let text = one("debug: {}").replace("[health_check]", "[]");
    let path = "extensions.health_check".to_owned();
    assert_eq!(only(&text), (Code::NoHealthCheck, 1, path));
    let missing = text.replace(HEALTH, "\n");
    assert_eq!(only(&missing), (Code::NoHealthCheck, 5, "service".to_owned()));
}

#[test]
fn old_names_and_keys_are_pointed_out() {
    let logging = only(&one("logging: {}"));
    assert_eq!(logging, (Code::Deprecated, 3, "exporters.logging".to_owned()));
    let address = "  telemetry: {metrics: {address: \"127.0.0.1:9\"}}\n  pipelines:";
    let text = one("debug: {}").replace("  pipelines:", address);
    let path = "service.telemetry.metrics.address".to_owned();
    assert_eq!(only(&text), (Code::Deprecated, 7, path));
}

#[test]
fn paths_that_are_appended_or_missing_are_pointed_out() {
    let path = |key: &str| format!("exporters.otlphttp.{key}");
    for (exporter, code, key) in [
        ("otlphttp: {endpoint: \"http://a:1/v1/traces\"}", Code::DoubledPath, "endpoint"),
        ("otlphttp: {endpoint: \"http://a:1/v1/metrics\"}", Code::DoubledPath, "endpoint"),
        ("otlphttp: {traces_endpoint: \"http://a:1\"}", Code::MissingPath, "traces_endpoint"),
    ] {
        assert_eq!(only(&one(exporter)), (code, 3, path(key)), "{exporter}");
    }
}

#[test]
fn the_port_of_the_other_protocol_is_pointed_out() {
    for exporter in [
        "otlphttp: {endpoint: \"http://a:4317\"}",
        "otlp: {endpoint: \"a:4318\", tls: {insecure: true}}",
    ] {
        assert_eq!(only(&one(exporter)).0, Code::ProtocolPort, "{exporter}");
    }
}

#[test]
fn a_pipeline_without_a_backend_is_pointed_out_where_others_have_one() {
    let pipelines = "    traces: {receivers: [otlp], exporters: [otlphttp]}\n    \
                     logs: {receivers: [otlp], exporters: [debug]}\n";
    let text = file("{otlphttp: {endpoint: \"http://a\"}, debug: {}}", "{}", pipelines);
    let path = "service.pipelines.logs.exporters[0]".to_owned();
    assert_eq!(only(&text), (Code::NoBackend, 9, path));
}

#[test]
fn an_exporter_that_two_ways_lead_to_is_pointed_out() {
    let exporters = "{otlphttp: {endpoint: \"http://a\"}, otlphttp/b: {endpoint: \"http://b\"}}";
    let table = "{routing: {default_pipelines: [traces/b], table: \
                 [{statement: route(), pipelines: [traces/a]}]}}";
    let both = "    traces: {receivers: [otlp], exporters: [otlphttp]}\n    \
                traces/2: {receivers: [otlp], exporters: [otlphttp]}\n";
    let path = "service.pipelines.traces/2.exporters[0]".to_owned();
    assert_eq!(only(&file(exporters, "{}", both)), (Code::DeliveredTwice, 9, path));

    let behind = "    traces: {receivers: [otlp], exporters: [routing, otlphttp]}\n    \
                  traces/a: {receivers: [routing], exporters: [otlphttp/b]}\n    \
                  traces/b: {receivers: [routing], exporters: [otlphttp]}\n";
    let path = "service.pipelines.traces/b.exporters[0]".to_owned();
    assert_eq!(only(&file(exporters, table, behind)), (Code::DeliveredTwice, 10, path));

    let apart = behind.replace("[routing, otlphttp]", "[routing]");
    assert_eq!(warned(&file(exporters, table, &apart)), [], "rows exclude one another");
}
