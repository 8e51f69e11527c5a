//! Tests of notes and corrections.

use super::{Migration, apply, migrate};
use crate::config::{Fix, Options, Place, Severity, fixture};

fn migrated(text: &str) -> Migration {
    migrate("t.yaml", text, &Options::default(), &fixture::env, &fixture::HOST)
}

const FILE: &str = "\
receivers:
  otlp: {protocols: {grpc: {endpoint: 0.0.0.0:4317}, http: {include_metadata: yes}}}
processors:
  batch:   # sizes as measured in June
    timeout: 10
    send_batch_size: \"512\"
exporters:
  logging: {}
  otlphttp/t: {endpoint: \"${URL:-http://tempo:4318}\", timeout: 5 seconds}
service:
  telemetry: {metrics: {address: 0.0.0.0:8888}}
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [logging, otlphttp/t]}
";

#[test]
fn a_corrected_file_keeps_comments_and_layout_and_loads() {
    let migration = migrated(FILE);
    let expected = FILE
        .replace("include_metadata: yes", "include_metadata: true")
        .replace("timeout: 10", "timeout: 10s")
        .replace("\"512\"", "512")
        .replace("logging", "debug")
        .replace("5 seconds", "5s")
        .replace(
            "address: 0.0.0.0:8888",
            "readers: [{pull: {exporter: {prometheus: {host: 0.0.0.0, port: 8888, \
             without_type_suffix: true, without_units: true, without_scope_info: true}}}}]",
        );
    assert_eq!(migration.fixed, expected);
    assert_eq!(migration.fixes, 7);
    assert!(migration.problems.iter().any(|problem| problem.severity == Severity::Error));
    let again = migrated(&migration.fixed);
    assert_eq!(again.fixes, 0);
    assert!(again.problems.iter().all(|problem| problem.severity == Severity::Warning));
}

#[test]
fn notes_stand_at_their_keys_and_name_only_what_the_file_uses() {
    let notes = migrated(FILE).notes;
    let at: Vec<(usize, &str)> =
        notes.iter().map(|note| (note.place.line, note.path.as_str())).collect();
    assert_eq!(
        at,
        [
            (2, "receivers.otlp.protocols.grpc"),
            (4, "processors.batch"),
            (8, "exporters.logging"),
            (9, "exporters.otlphttp/t"),
            (9, "exporters.otlphttp/t.endpoint"),
            (13, "service.pipelines.traces.exporters"),
        ]
    );
}

#[test]
fn a_name_that_is_taken_is_not_given_twice() {
    let text = FILE.replace("  logging: {}\n", "  logging: {}\n  debug: {}\n");
    assert!(migrated(&text).fixed.contains("exporters: [logging, otlphttp/t]"));
}

#[test]
fn of_corrections_that_overlap_one_is_made() {
    let fix = |column: usize, width: usize, text: &str| Fix {
        place: Place { file: "t".into(), line: 1, column, width },
        replacement: text.to_owned(),
    };
    let fixes = [fix(1, 2, "x"), fix(2, 2, "y"), fix(5, 1, "\u{fc}"), fix(5, 1, "\u{fc}")];
    assert_eq!(apply("\u{e4}bcde\r\nf\n", &fixes), ("\u{e4}yd\u{fc}\r\nf\n".to_owned(), 2));
}
