//! What the table and the meters guarantee, each test one sentence.

use std::collections::BTreeSet;

use spanyard_wire::schema::Signal;

use super::*;
use crate::telemetry::cells::{Registry, Value};

#[test]
fn a_name_stands_in_the_table_once_with_and_without_suffixes() {
    for suffixes in [false, true] {
        let names: Vec<_> = all().map(|series| series.shown(suffixes)).collect();
        let distinct: BTreeSet<_> = names.iter().collect();
        assert_eq!(names.len(), distinct.len());
        assert!(names.len() > 50);
    }
}

#[test]
fn the_suffixes_are_the_collectors() {
    let cases = [
        ("otelcol_receiver_accepted_spans", "otelcol_receiver_accepted_spans_total"),
        ("otelcol_exporter_queue_size", "otelcol_exporter_queue_size"),
        ("otelcol_process_uptime", "otelcol_process_uptime_seconds_total"),
        ("otelcol_process_cpu_seconds", "otelcol_process_cpu_seconds_total"),
        ("otelcol_process_memory_rss", "otelcol_process_memory_rss_bytes"),
        ("target_info", "target_info"),
    ];
    for (name, suffixed) in cases {
        let series = find(name).expect(name);
        assert_eq!(series.shown(true), suffixed);
        assert_eq!(series.shown(false), name);
    }
}

#[test]
fn own_names_keep_to_the_conventions_of_prometheus() {
    for series in all().filter(|series| series.origin == Origin::Own) {
        let name = series.name;
        assert!(name.starts_with("spanyard_") && series.suffix.is_empty(), "{name}");
        let counts = matches!(series.kind, Kind::Counter);
        assert_eq!(name.ends_with("_total"), counts, "{name}: only counters end in _total");
        let stem = name.trim_end_matches("_total");
        match series.unit {
            "By" => assert!(stem.ends_with("_bytes"), "{name}: the unit comes last"),
            "s" => assert!(stem.ends_with("_seconds"), "{name}: the unit comes last"),
            _ => assert!(!stem.ends_with("_bytes") && !stem.ends_with("_seconds"), "{name}"),
        }
    }
}

#[test]
fn no_row_uses_a_word_that_the_format_reserves() {
    for series in all() {
        for reserved in ["_sum", "_count", "_bucket"] {
            assert!(!series.name.ends_with(reserved), "{}", series.name);
        }
        let text_of_names = series.labels.iter().chain([&series.name]);
        for text in text_of_names {
            assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{text}");
        }
        for label in ["le", "shard", "quantile"] {
            assert!(!series.labels.contains(&label), "{}: {label}", series.name);
        }
        assert!(series.help.ends_with('.') && !series.help.contains('\n'), "{}", series.name);
    }
}

#[test]
fn histogram_bounds_rise_and_fit_into_a_cell() {
    let bounds: Vec<_> = all()
        .filter_map(|series| match series.kind {
            Kind::Histogram(bounds) => Some(bounds),
            _ => None,
        })
        .collect();
    assert!(!bounds.is_empty());
    for bounds in bounds {
        assert!(bounds.len() <= BOUNDS_MAX);
        assert!(bounds.is_sorted_by(|a, b| a < b));
    }
}

#[test]
fn every_meter_registers_with_the_labels_of_its_rows_and_every_row_has_a_writer() {
    let registry = Registry::new(1);
    let recorder = registry.shard(0);
    let _shard = ShardMeter::new(&recorder);
    let _config = ConfigMeter::new(&registry.shard(1), std::time::SystemTime::UNIX_EPOCH);
    let _tenant = TenantMeter::new(&recorder, "amber");
    for signal in Signal::ALL {
        let _exporter = ExporterMeter::new(&recorder, "otlp/a", signal);
        let _limiter = LimiterMeter::new(&recorder, "memory_limiter", signal);
        for transport in [Transport::Http, Transport::Grpc] {
            let _receiver = ReceiverMeter::new(&recorder, "otlp", transport, signal);
        }
    }
    assert_eq!(registry.refused(), 0);
    let mut written = BTreeSet::new();
    for reading in registry.read() {
        let labels: BTreeSet<_> = reading.key.labels().map(metrics::Label::key).collect();
        let expected: BTreeSet<_> = reading.series.labels.iter().copied().collect();
        assert_eq!(labels, expected, "{}", reading.series.name);
        let _ = written.insert(reading.series.name);
    }
    for series in all().filter(|series| series.over != Over::Scrape) {
        assert!(written.contains(series.name), "{} has no writer", series.name);
    }
}

#[test]
fn an_unknown_reason_counts_as_other_and_a_known_one_as_itself() {
    let registry = Registry::new(1);
    let meter = ReceiverMeter::new(&registry.shard(0), "otlp", Transport::Grpc, Signal::Logs);
    meter.malformed("protobuf");
    meter.malformed("something new");
    meter.malformed("something else");
    assert_eq!(counts(&registry, "reason", "protobuf"), 1);
    assert_eq!(counts(&registry, "reason", "other"), 2);
}

#[test]
fn each_answer_counts_under_its_own_label() {
    let registry = Registry::new(1);
    let meter = ExporterMeter::new(&registry.shard(0), "otlp", Signal::Traces);
    for (times, answer) in Answer::ALL.into_iter().enumerate() {
        for _ in 0..=times {
            meter.answered(answer);
        }
    }
    for (times, answer) in (1..).zip(Answer::ALL) {
        assert_eq!(counts(&registry, "answer", answer.name()), times);
    }
}

#[test]
fn the_manual_shows_the_table_row_by_row() {
    let manual = include_str!("../../../docs/metrics.md");
    let shown: Vec<_> = manual.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<_> = all().map(manual_row).collect();
    assert!(!expected.is_empty());
    if shown != expected {
        panic!("the tables of docs/metrics.md should read:\n{}", expected.join("\n"));
    }
}

#[test]
fn a_failed_reload_shows_until_the_next_one_that_succeeds() {
    let registry = Registry::new(2);
    let at = |seconds| std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    let level = |name: &str| match registry.read_series(name).first().map(|it| &it.values[..]) {
        Some([(2, Value::Gauge(level))]) => *level,
        other => panic!("{name}: {other:?}"),
    };
    let stands = || {
        let success = level("spanyard_config_last_reload_success");
        (success, level("spanyard_config_last_reload_success_timestamp_seconds"))
    };
    let meter = ConfigMeter::new(&registry.shard(2), at(5));
    assert_eq!(stands(), (1.0, 5.0));
    meter.failed();
    assert_eq!(stands(), (0.0, 5.0));
    meter.succeeded(at(9));
    assert_eq!(stands(), (1.0, 9.0));
    assert_eq!((counts(&registry, "result", "ok"), counts(&registry, "result", "failed")), (1, 1));
}

fn manual_row(series: &Series) -> String {
    let name = format!("`{}`", series.name);
    let labels: Vec<_> = series.labels.iter().map(|label| format!("`{label}`")).collect();
    let over = match series.over {
        Over::Sum => "sum",
        Over::Max => "largest",
        Over::Label => "by `shard`",
        Over::Scrape => "whole process",
    };
    let cells = [&name, series.kind.word(), series.unit, &labels.join(", "), over, series.help];
    let mut row = format!("| {} |", cells.join(" | "));
    if series.origin != Origin::Own {
        let suffix = format!(" `{}` |", series.suffix);
        row.push_str(if series.suffix.is_empty() { " |" } else { &suffix });
    }
    row.replace("|  |", "| |")
}

fn counts(registry: &Registry, label: &str, value: &str) -> u64 {
    let labelled = registry.read().into_iter().filter(|reading| {
        reading.key.labels().any(|found| found.key() == label && found.value() == value)
    });
    let values = labelled.flat_map(|reading| reading.values);
    values.map(|(_, value)| if let Value::Counter(count) = value { count } else { 0 }).sum()
}
