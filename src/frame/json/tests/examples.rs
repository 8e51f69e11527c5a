//! The examples of the specification: read as serde's types read them, refused when cut anywhere.

use super::*;

const TRACES: &str = include_str!("examples/trace.json");
const METRICS: &str = include_str!("examples/metrics.json");
const LOGS: &str = include_str!("examples/logs.json");

#[test]
fn the_specifications_examples_are_read_as_serde_reads_them() {
    let found = traces(TRACES);
    assert_eq!(found, serde_json::from_str(TRACES).unwrap());
    let span = &found.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!((&*span.name, span.kind, span.trace_id.len()), ("I'm a server span", 2, 16));

    let found = metrics(METRICS);
    assert_eq!(found, serde_json::from_str(METRICS).unwrap());
    assert_eq!(found.resource_metrics[0].scope_metrics[0].metrics.len(), 4);

    let found = logs(LOGS);
    assert_eq!(found, serde_json::from_str(LOGS).unwrap());
    let records = &found.resource_logs[0].scope_logs[0].log_records;
    assert_eq!((records[0].attributes.len(), records[0].severity_number), (6, 10));
    assert_eq!(records[1].event_name, "browser.page_view");
}

#[test]
fn a_cut_at_any_byte_of_an_example_is_an_error_with_a_place() {
    let documents = [(Signal::Traces, TRACES), (Signal::Metrics, METRICS), (Signal::Logs, LOGS)];
    for (signal, json) in documents {
        let json = json.trim_end().as_bytes();
        for cut in 0..json.len() {
            let Err(FrameError::BadJson(error)) = bytes(signal, &json[..cut]) else {
                panic!("a cut at {cut} is taken");
            };
            assert!(error.offset <= cut, "{error}");
        }
    }
}

#[test]
fn every_example_is_taken_whatever_one_byte_of_it_becomes_or_refused_with_a_place() {
    for place in 0..TRACES.len() {
        for byte in [b'"', b'\\', b'{', b'}', b'[', b']', b',', b'0', 0, 0xff] {
            let mut json = TRACES.as_bytes().to_vec();
            json[place] = byte;
            if let Err(error) = bytes(Signal::Traces, &json) {
                assert!(matches!(error, FrameError::BadJson(_)), "{error}");
            }
        }
    }
}
