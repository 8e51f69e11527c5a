//! What a reload says of itself, each test one sentence.

use super::*;
use crate::config::{self, HostFacts, Source};

fn load(text: &str) -> Result<config::Loaded, Problems> {
    let source = Source::Text { name: "t.yaml".to_owned(), text: text.to_owned() };
    config::load(&[source], &|_| None, &HostFacts { memory_bytes: 1 << 30 })
}

#[test]
fn every_problem_of_a_faulty_file_is_told_with_its_place_for_programs_and_for_people() {
    let problems = load("receivers: {otlp: {protocols: {htp: {}}}}\nservices: {}\n");
    let told = Outcome::Faulty(problems.expect_err("it is faulty")).told();
    assert_eq!(told.status, 422);
    assert!(told.json.starts_with(r#"{"result":"failed","errors":"#), "{}", told.json);
    for part in [
        r#""code":"unknown-key","severity":"error","message":"unknown key `htp`""#,
        r#""file":"t.yaml","line":1,"column":32,"path":"receivers.otlp.protocols.htp""#,
        r#""hint":"did you mean `http`?""#,
        r#""line":2,"column":1,"path":"services""#,
    ] {
        assert!(told.json.contains(part), "{part} in {}", told.json);
    }
    assert!(told.text.contains("t.yaml:1:32: error[unknown-key]"), "{}", told.text);
    assert!(told.text.ends_with("the configuration was not reloaded\n"));
}

#[test]
fn warnings_and_what_waits_for_the_next_start_are_told_with_a_success() {
    let text = "\
receivers: {otlp: {protocols: {http: {endpoint: '127.0.0.1:4318'}}}}
exporters: {nop: {}}
extensions: {pprof: {}, health_check: {endpoint: '127.0.0.1:13133'}}
service:
  extensions: [pprof, health_check]
  pipelines: {traces: {receivers: [otlp], exporters: [nop]}}
";
    let warnings = load(text).expect("it loads").warnings;
    let held_over = vec!["`pin` is false now".to_owned()];
    let told = Outcome::Done { warnings, held_over, late: vec![1] }.told();
    assert_eq!(told.status, 200);
    assert!(told.json.starts_with(r#"{"result":"ok","warnings":["#), "{}", told.json);
    assert!(told.json.contains(r#"{"code":"ignored","severity":"warning""#), "{}", told.json);
    let next = r#"{"code":"next-start","severity":"warning","message":"`pin` is false now"}"#;
    assert!(told.json.contains(next), "{}", told.json);
    assert!(told.text.contains("shard 1 has not followed yet"), "{}", told.text);
    assert!(told.text.ends_with("the configuration was reloaded\n"));
}

#[test]
fn what_cannot_run_here_is_told_without_a_place() {
    let told = Outcome::Impossible("cannot listen on 127.0.0.1:1".to_owned()).told();
    assert_eq!(told.status, 422);
    let problem = r#"[{"code":"impossible","severity":"error","message":"cannot listen"#;
    assert!(told.json.contains(problem), "{}", told.json);
}
