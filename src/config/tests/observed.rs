//! What the real Collector was seen to do with pipelines and values, a test for each row.

use crate::config::fixture::{exporting, messages, plan};
use crate::config::plan::Target;

/// What is said about the exporter `otlphttp` with these settings.
fn said(exporter: &str) -> Vec<String> {
    messages(&exporting(exporter), 4)
}

fn with(key: &str) -> String {
    format!("{{endpoint: \"http://a:4318\", {key}}}")
}

fn pipelines(text: &str) -> String {
    format!(
        "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:4318\"}}}}}}}}\n\
         exporters: {{otlphttp: {{endpoint: \"http://a\"}}}}\n\
         service: {{pipelines: {text}}}\n"
    )
}

#[test]
fn a_name_that_one_pipeline_lists_twice_counts_once() {
    let twice = "{traces: {receivers: [otlp, otlp], exporters: [otlphttp, otlphttp]}}";
    let plan = plan(&pipelines(twice));
    let flow = plan.receivers[0].flows[0].as_ref().expect("a flow");
    assert_eq!(flow.entry.len(), 1);
    assert_eq!(flow.branches[0].legs.len(), 1);
}

#[test]
fn a_name_that_two_pipelines_list_delivers_twice() {
    let twice = "{traces: {receivers: [otlp], exporters: [otlphttp]}, \
                 traces/b: {receivers: [otlp], exporters: [otlphttp]}}";
    let plan = plan(&pipelines(twice));
    let flow = plan.receivers[0].flows[0].as_ref().expect("a flow");
    assert_eq!((flow.entry.len(), plan.destinations.len()), (2, 1));
}

#[test]
fn an_optional_block_takes_enabled_and_null_leaves_it_on() {
    let destination = |key: &str| plan(&exporting(&with(key))).destinations.remove(0);
    assert!(destination("retry_on_failure: {enabled: false}").retry.is_none());
    assert!(destination("retry_on_failure: {enabled: true}").retry.is_some());
    assert!(destination("retry_on_failure:").retry.is_some());
    assert_eq!(destination("sending_queue:").queue.capacity, 1000);
    let batch = destination("sending_queue: {batch: {enabled: false}}").queue.batch;
    assert_eq!(batch, None);
}

#[test]
fn types_are_strict() {
    for (key, expected) in [
        ("sending_queue: {queue_size: \"10\"}", "wrong-type: wrong type"),
        ("sending_queue: {queue_size: 10.5}", "wrong-type: wrong type"),
        ("sending_queue: {queue_size: true}", "wrong-type: wrong type"),
        ("retry_on_failure: {enabled: yes}", "wrong-type: wrong type"),
        ("retry_on_failure: {enabled: on}", "wrong-type: wrong type"),
        ("retry_on_failure: {enabled: 1}", "wrong-type: wrong type"),
        ("headers: {a: 5}", "wrong-type: wrong type"),
        ("headers: {a: true}", "wrong-type: wrong type"),
        ("headers: {a: 2024-01-31}", "wrong-type: wrong type"),
        ("timeout: 1d", "bad-value: not a duration"),
        ("timeout: 10", "duration-unit: a duration needs a unit"),
        ("timeout: \"10\"", "duration-unit: a duration needs a unit"),
        ("timeout: 1.5", "duration-unit: a duration needs a unit"),
        ("sending_queue: []", "wrong-type: wrong type"),
        ("sending_queue: 5", "wrong-type: wrong type"),
    ] {
        assert_eq!(said(&with(key)), [expected], "{key}");
    }
}

#[test]
fn whole_numbers_are_those_of_yaml_1_1_and_doubles_without_a_fraction() {
    for (written, size) in
        [("0755", 493), ("0o17", 15), ("1_000", 1000), ("0x10", 16), ("10.0", 10), ("1e3", 1000)]
    {
        let key = format!("sending_queue: {{queue_size: {written}}}");
        assert_eq!(plan(&exporting(&with(&key))).destinations[0].queue.capacity, size, "{written}");
    }
}

#[test]
fn one_text_with_commas_is_a_list_of_texts_and_no_list_of_ids() {
    let keys = with("sending_queue: {batch: {partition: {metadata_keys: \"a,b\"}}}");
    let batch = plan(&exporting(&keys)).destinations[0].queue.batch.clone().expect("a batch");
    assert_eq!(batch.metadata_keys, ["a", "b"]);
    let ids = pipelines("{traces: {receivers: otlp, exporters: \"otlphttp\"}}");
    assert_eq!(messages(&ids, 3), ["wrong-type: wrong type"; 2]);
}

#[test]
fn a_variable_as_a_whole_is_typed_by_its_content_and_text_stays_raw() {
    let queue = plan(&exporting(&with("sending_queue: {queue_size: \"${env:N}\"}")));
    assert_eq!(queue.destinations[0].queue.capacity, 1234);
    let headers = plan(&exporting(&with("headers: {a: \"${env:OCTAL}\"}")));
    let Target::Http(target) = &headers.destinations[0].target else { panic!("http") };
    assert_eq!(target.headers[0].1.as_bytes(), b"0755");
}

#[test]
fn an_empty_header_is_sent_and_pointed_out() {
    for value in ["\"${env:EMPTY}\"", "\"${env:NONE:-}\"", ""] {
        let exporter = with(&format!("headers: {{a: {value}}}"));
        let all = said(&exporter);
        assert!(all.len() == 1 && all[0].starts_with("empty-value: "), "{value}: {all:?}");
        let plan = plan(&exporting(&exporter));
        let Target::Http(target) = &plan.destinations[0].target else { panic!("http") };
        assert_eq!(target.headers.len(), 1, "{value}");
    }
}

#[test]
fn profiles_are_refused_and_what_nothing_uses_is_read() {
    let profiles = pipelines("{profiles: {receivers: [otlp], exporters: [otlphttp]}}");
    let said = messages(&profiles, 3);
    assert_eq!(said, ["not-supported: a pipeline for profiles is not supported yet"]);
    let unused = pipelines("{traces: {receivers: [otlp], exporters: [otlphttp]}}")
        .replace("exporters: {", "exporters: {otlphttp/spare: {endpoint: nowhere}, ");
    assert_eq!(messages(&unused, 2), ["bad-value: the scheme is missing"]);
}

/// The value of a header, as it will be sent.
fn header(value: &str) -> String {
    let plan = plan(&exporting(&with(&format!("headers: {{a: \"{value}\"}}"))));
    let Target::Http(target) = &plan.destinations[0].target else { panic!("http") };
    String::from_utf8_lossy(target.headers[0].1.as_bytes()).into_owned()
}

#[test]
fn a_file_that_ends_in_a_line_break_makes_a_good_header() {
    assert_eq!(header("Bearer ${file:tests/configs/parts/token.txt}"), "Bearer t0k");
    assert_eq!(header("${file:tests/configs/parts/token.txt}"), "t0k");
}

#[test]
fn what_a_variable_or_a_file_holds_is_in_no_message() {
    for key in [
        "headers: {a: \"${env:LINE}\"}",
        "headers: \"${yaml:{a: [s3cret]}}\"",
        "timeout: \"${env:A}\"",
        "timeout: \"${file:tests/configs/parts/token.txt}\"",
        "sending_queue: \"${env:A}\"",
        "sending_queue: \"${env:MAP}\"",
        "compression: \"${env:A}\"",
    ] {
        let problems = crate::config::fixture::try_load(&exporting(&with(key)));
        let said = problems.expect_err("is refused").to_string();
        for secret in ["two", "t0k", "a-value", "5317", "s3cret"] {
            assert!(!said.contains(secret), "{key}: {said}");
        }
    }
}
