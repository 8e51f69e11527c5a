//! SIGTERM loses nothing that could be delivered, ends in time when the backend does not answer,
//! and says to the span what was acknowledged and not delivered.

#![expect(clippy::expect_used, reason = "a test ends where what it needs is not there")]

#[path = "support/backend.rs"]
mod backend;
#[path = "support/gateway.rs"]
mod gateway;

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use loadgen::send::{Outcome, Plan};
use loadgen::sink::{Mode, Protocol, Sink};

use backend::{load, nobody, proof, seen, send, sink};
use gateway::{Ended, Gateway};

/// A gateway that waits for an answer for `timeout` and, at the end, for its backend for `drain`.
fn config(endpoint: SocketAddr, timeout: &str, drain: &str) -> String {
    format!(
        "
extensions:
  spanyard: {{drain_timeout: {drain}}}
exporters:
  otlphttp:
    endpoint: 'http://{endpoint}'
    compression: none
    timeout: {timeout}
    retry_on_failure: {{initial_interval: 20ms, max_interval: 50ms, max_elapsed_time: 0}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlphttp]}}
"
    )
}

/// The exit code when spans were lost.
const LOST: Option<i32> = Some(3);

/// What the gateway admits to: never sent, and sent without an answer.
fn admitted(ended: &Ended) -> (u64, u64) {
    (ended.figure("unsent"), ended.figure("sent_unanswered"))
}

/// Sends a load to its end; all of it must be acknowledged.
fn acknowledged(plan: Plan, requests: u64) -> Outcome {
    let outcome = send(plan);
    assert_eq!(outcome.tally.accepted, requests, "{:?}", outcome.tally.first_error);
    outcome
}

/// Load that goes on while the gateway stops, and for a moment after it.
fn load_while_stopping(protocol: Protocol, gateway: Gateway, sink: &Sink) -> (Outcome, Ended) {
    let endpoint = if protocol == Protocol::Http { gateway.http() } else { gateway.grpc() };
    let mut plan = load(protocol, endpoint, 1, 0);
    plan.schedule.requests = None;
    plan.schedule.duration = Some(Duration::from_millis(1500));
    let sender = thread::spawn(move || send(plan));
    let _some = seen(sink, |report| report.spans.unique >= 500);
    let ended = gateway.terminate();
    (sender.join().expect("no panic"), ended)
}

#[test]
fn under_load_every_acknowledged_span_is_delivered_before_the_end() {
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let sink = sink(Mode::Ok);
        let gateway = Gateway::start(&config(sink.addr_http(), "30s", "10s"));
        let (outcome, ended) = load_while_stopping(protocol, gateway, &sink);
        assert_eq!(ended.code, Some(0), "{protocol:?}: {}", ended.log);
        assert!(outcome.tally.broken > 0, "the load outlived the gateway");
        let proof = proof(&outcome, 1, &[&sink], false);
        assert!(proof.acknowledged > 0 && proof.holds(0), "{protocol:?}: {proof:?}");
    }
}

#[test]
fn a_slow_backend_is_waited_for() {
    let sink = sink(Mode::Slow(Duration::from_millis(40)));
    let gateway = Gateway::start(&config(sink.addr_http(), "30s", "20s"));
    let outcome = acknowledged(load(Protocol::Http, gateway.http(), 1, 300), 300);
    let ended = gateway.terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let proof = proof(&outcome, 1, &[&sink], false);
    assert!(proof.holds(0), "{proof:?}");
}

/// Ends a gateway whose backend has taken the first requests and then changed to `mode`: what is
/// admitted must be what was acknowledged and did not arrive.
fn stops_with_losses(mode: Mode) -> (u64, u64) {
    let sink = sink(Mode::Ok);
    let gateway = Gateway::start(&config(sink.addr_http(), "300ms", "1s"));
    let before = acknowledged(load(Protocol::Http, gateway.http(), 1, 40), 40);
    let _taken = seen(&sink, |report| report.spans.unique == before.acknowledged.spans());
    sink.set_mode(mode);
    let http = acknowledged(load(Protocol::Http, gateway.http(), 2, 30), 30);
    let grpc = acknowledged(load(Protocol::Grpc, gateway.grpc(), 3, 30), 30);
    let _tried = seen(&sink, |report| report.requests > report.accepted);
    let ended = gateway.terminate();
    assert_eq!(ended.code, LOST, "{}", ended.log);
    let all = [before, http, grpc].map(|outcome| outcome.acknowledged.spans());
    let lost = all.iter().sum::<u64>() - sink.report().spans.unique;
    let (unsent, unanswered) = admitted(&ended);
    assert_eq!(unsent + unanswered, lost, "{}", ended.log);
    (unsent, unanswered)
}

#[test]
fn behind_a_silent_backend_it_ends_and_counts_what_was_not_delivered() {
    let (unsent, unanswered) = stops_with_losses(Mode::Silent);
    assert!(unsent > 0 || unanswered > 0);
}

#[test]
fn behind_a_refusing_backend_it_ends_and_counts_what_was_not_delivered() {
    let (unsent, unanswered) = stops_with_losses(Mode::fail(503));
    assert!(unsent > unanswered, "a refusal is an answer: {unsent}, {unanswered}");
}

#[test]
fn without_a_backend_it_ends_and_counts_everything_as_unsent() {
    let gateway = Gateway::start(&config(nobody(), "300ms", "500ms"));
    let outcome = acknowledged(load(Protocol::Http, gateway.http(), 1, 50), 50);
    let ended = gateway.terminate();
    assert_eq!(ended.code, LOST, "{}", ended.log);
    assert_eq!(admitted(&ended), (outcome.acknowledged.spans(), 0));
}

#[test]
fn what_a_silent_backend_was_sent_is_told_apart_from_what_was_not() {
    let sink = sink(Mode::Silent);
    let gateway = Gateway::start(&config(sink.addr_http(), "60s", "500ms"));
    let outcome = acknowledged(load(Protocol::Http, gateway.http(), 1, 1), 1);
    let _sent = seen(&sink, |report| report.waiting == 1);
    let ended = gateway.terminate();
    assert_eq!(ended.code, LOST, "{}", ended.log);
    assert_eq!(admitted(&ended), (0, outcome.acknowledged.spans()));
}
