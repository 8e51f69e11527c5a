//! What the status page says, each test one sentence.
#![expect(clippy::disallowed_methods, reason = "bodies of the test's own making are read whole")]

use http_body_util::BodyExt;
use spanyard_wire::schema::Signal;

use super::*;
use crate::admin::{Readiness, asks};
use crate::config::plan::PipelineOutline;
use crate::telemetry::ledger::Ledger;
use crate::telemetry::names::ExporterMeter;
use crate::telemetry::scrape::{BudgetLevel, Identity};

fn outline() -> Outline {
    let parts = |list: &[&str]| list.iter().map(|&part| part.to_owned()).collect();
    let pipelines = [
        ("traces/in", &["receiver:otlp", "exporter:otlphttp/a"]),
        ("logs", &["receiver:otlp", "exporter:otlphttp/a"]),
    ];
    let pipelines = pipelines
        .map(|(id, list)| PipelineOutline { id: id.to_owned(), parts: parts(list) })
        .into();
    Outline { extensions: parts(&["health_check"]), pipelines }
}

fn state() -> AdminState {
    AdminState {
        readiness: Readiness::new(2),
        registry: Registry::new(2),
        ledger: Ledger::new(2),
        budget: Box::new(|| BudgetLevel { limit: 10, soft: 8, held: 1 }),
        identity: Identity::draw("epoll"),
        started: (clock::now(), SystemTime::UNIX_EPOCH),
        plans: Box::new(|| 1),
        outline: Box::new(outline),
        reloads: asks().0,
    }
}

fn ready(state: &AdminState) {
    state.readiness.shard_up(0);
    state.readiness.shard_up(1);
    state.readiness.set_ready();
}

/// Has the backend of one signal count as dead on the first shard.
fn kill(state: &AdminState, signal: Signal) {
    ExporterMeter::new(&state.registry.shard(0), "otlphttp/a", signal).breaker_open.set(1.0);
}

fn watcher(recovery: Option<Duration>) -> Watcher {
    Watcher::new(StatusPage { path: Some("/status".to_owned()), recovery })
}

/// Status and body, times replaced by `T`.
fn ask(watcher: &Watcher, query: &str, state: &AdminState) -> (u16, String) {
    let page = watcher.answer("/status", Some(query), state);
    let status = page.status().as_u16();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let body = runtime.block_on(page.into_body().collect()).expect("a body").to_bytes();
    let text = String::from_utf8(body.to_vec()).expect("text");
    let mut out = String::new();
    for (index, part) in text.split("_time\":\"").enumerate() {
        out.push_str(if index == 0 { part } else { part.split_once('"').expect("a time").1 });
    }
    (status, out)
}

const OK: &str = r#""healthy":true,"status":"StatusOK","status"#;

#[test]
fn a_gateway_that_is_well_says_so_in_short_or_part_by_part() {
    let (state, watcher) = (state(), watcher(None));
    ready(&state);
    assert_eq!(ask(&watcher, "", &state), (200, format!("{{\"start,{OK}}}")));
    let parts = |names: &[&str]| {
        let parts: Vec<_> = names.iter().map(|name| format!("\"{name}\":{{{OK}}}")).collect();
        parts.join(",")
    };
    let pipeline = parts(&["exporter:otlphttp/a", "receiver:otlp"]);
    let (status, body) = ask(&watcher, "pipeline=traces/in&verbose", &state);
    assert_eq!(status, 200);
    assert_eq!(body, format!("{{\"start,{OK},\"components\":{{{pipeline}}}}}"));
    let (_, body) = ask(&watcher, "verbose", &state);
    let extensions = parts(&["extension:health_check"]);
    for (group, parts) in [
        ("extensions", &extensions),
        ("pipeline:logs", &pipeline),
        ("pipeline:traces/in", &pipeline),
    ] {
        let group = format!("\"{group}\":{{{OK},\"components\":{{{parts}}}}}");
        assert!(body.contains(&group), "{group} in {body}");
    }
}

#[test]
fn starting_stopping_and_a_shard_that_is_down_answer_503() {
    let (state, watcher) = (state(), watcher(None));
    let status = |query: &str| ask(&watcher, query, &state);
    let said =
        |status: &str| format!("{{\"start,\"healthy\":true,\"status\":\"{status}\",\"status}}");
    assert_eq!(status(""), (503, said("StatusStarting")));
    ready(&state);
    assert_eq!(status("").0, 200);
    state.readiness.shard_down(1);
    assert_eq!(status("pipeline=logs"), (503, said("StatusStarting")));
    state.readiness.shard_up(1);
    state.readiness.set_draining();
    assert_eq!(status(""), (503, said("StatusStopping")));
}

#[test]
fn a_dead_backend_shows_in_its_pipeline_and_is_unhealthy_only_where_the_file_says_so() {
    let state = state();
    ready(&state);
    kill(&state, Signal::Logs);
    let (patient, strict, mild) =
        (watcher(None), watcher(Some(Duration::ZERO)), watcher(Some(Duration::from_secs(3600))));
    let why = r#""status":"StatusRecoverableError","error":"the backend counts as dead on 1 of 2""#;
    for (watcher, expected, healthy) in
        [(&patient, 200, "true"), (&strict, 500, "false"), (&mild, 200, "true")]
    {
        for query in ["", "pipeline=logs"] {
            let (status, body) = ask(watcher, query, &state);
            assert_eq!(status, expected, "{query}: {body}");
            assert!(body.contains(&format!("\"healthy\":{healthy},{why}")), "{body}");
        }
        assert_eq!(ask(watcher, "pipeline=traces/in", &state).0, 200);
    }
}

#[test]
fn an_error_dates_from_when_it_was_first_seen_until_it_is_over() {
    let (state, watcher) = (state(), watcher(None));
    ready(&state);
    kill(&state, Signal::Logs);
    let since = || {
        watcher.look(&state);
        let seen = watcher.seen.lock().expect("not poisoned");
        let key = ("pipeline:logs".to_owned(), "exporter:otlphttp/a".to_owned());
        seen.get(&key).expect("it is looked at").clone()
    };
    let first = since();
    assert_eq!(since(), first);
    ExporterMeter::new(&state.registry.shard(0), "otlphttp/a", Signal::Logs).breaker_open.set(0.0);
    assert_eq!(since().state, State::Ok);
}

#[test]
fn what_is_in_no_plan_is_not_found() {
    let (state, watcher) = (state(), watcher(None));
    assert_eq!(watcher.answer("/status", Some("pipeline=metrics"), &state).status(), 404);
    assert_eq!(watcher.answer("/", None, &state).status(), 404);
    let off = Watcher::new(StatusPage { path: None, recovery: None });
    assert_eq!(off.answer("/status", None, &state).status(), 404);
}
