//! The byte budget bounds the process, whatever clients send and however dead the backend is; who
//! is turned away is told so, and the admin ports answer all the while.

#![expect(clippy::expect_used, reason = "a test ends where what it needs is not there")]

#[path = "support/backend.rs"]
mod backend;
#[path = "support/gateway.rs"]
mod gateway;

use std::fs;
use std::thread;

use loadgen::Coding;
use loadgen::client;
use loadgen::send::Plan;
use loadgen::shape::Shape;
use loadgen::sink::{Mode, Protocol, Sink, SinkOptions};

use backend::{load, send};
use gateway::Gateway;

const BUDGET_MIB: u64 = 64;
/// About a megabyte in a request.
const SPANS_PER_REQUEST: usize = 2_000;
const SPANS: u64 = 2_000;
/// What the process may use beside its budget.
const BESIDE_MIB: u64 = 64;

fn silent() -> Sink {
    let options = SinkOptions { mode: Mode::Silent, cheap: true, ..SinkOptions::default() };
    Sink::start(options).expect("a sink")
}

fn gateway(sink: &Sink) -> Gateway {
    Gateway::start(&format!(
        "
extensions:
  spanyard: {{drain_timeout: 100ms}}
processors:
  memory_limiter: {{check_interval: 1s, limit_mib: {BUDGET_MIB}}}
receivers:
  otlp:
    protocols:
      grpc: {{max_recv_msg_size_mib: 16}}
exporters:
  otlphttp: {{endpoint: 'http://{}', compression: none}}
service:
  pipelines:
    traces: {{receivers: [otlp], processors: [memory_limiter], exporters: [otlphttp]}}
",
        sink.addr_http()
    ))
}

/// Large bodies from 16 connections, one at a time on each, many times the budget.
fn flood(protocol: Protocol, gateway: &Gateway, gzip: bool) -> Plan {
    let endpoint = if protocol == Protocol::Http { gateway.http() } else { gateway.grpc() };
    let mut plan = load(protocol, endpoint, 1, 200);
    plan.connections = 16;
    plan.streams = 1;
    plan.shape = Shape { spans_per_request: SPANS_PER_REQUEST, resources: 10, ..Shape::default() };
    plan.fresh = false;
    plan.coding = if gzip { Coding::Gzip } else { Coding::Identity };
    plan
}

/// The most memory the process ever had, in MiB.
fn peak_mib(gateway: &Gateway) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", gateway.pid())).expect("it runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|line| line.trim().strip_suffix(" kB")).expect("VmHWM in kB");
    peak.parse::<u64>().expect("a number") / 1024
}

/// Sends the flood and asks health and metrics until it is over.
fn endures(protocol: Protocol, gzip: bool) {
    let sink = silent();
    let gateway = gateway(&sink);
    let plan = flood(protocol, &gateway, gzip);
    let sender = thread::spawn(move || send(plan));
    let mut looks = 0;
    while !sender.is_finished() {
        let health = client::get(gateway.health(), "/").expect("the health port answers");
        assert_eq!(health.status, 200, "healthy: a full budget is no fault");
        gateway.metrics_page().assert_balanced();
        looks += 1;
    }
    assert!(looks > 0);
    let outcome = sender.join().expect("no panic");
    let tally = &outcome.tally;
    assert!(gzip || outcome.body_bytes > 900_000, "{} bytes", outcome.body_bytes);
    assert!(tally.accepted > 0 && tally.refused > 0, "{tally:?}");
    assert_eq!((tally.failed, tally.accepted + tally.refused), (0, 200), "{tally:?}");
    let page = gateway.metrics_page();
    let spans = page.spans_of("otlphttp");
    assert_eq!((spans.queued, spans.routed), (tally.accepted * SPANS, tally.accepted * SPANS));
    let budget = page.count("spanyard_budget_bytes", &[("kind", "limit")]);
    assert_eq!(budget, BUDGET_MIB << 20);
    assert!(page.count("spanyard_budget_bytes", &[("kind", "held")]) <= budget);
    let peak = peak_mib(&gateway);
    assert!(peak <= BUDGET_MIB + BESIDE_MIB, "{protocol:?}, gzip {gzip}: {peak} MiB at the peak");
}

#[test]
fn behind_a_silent_backend_a_flood_of_large_bodies_stays_within_the_budget() {
    endures(Protocol::Http, false);
}

#[test]
fn the_same_holds_over_grpc() {
    endures(Protocol::Grpc, false);
}

#[test]
fn the_same_holds_for_bodies_that_grow_when_they_are_inflated() {
    endures(Protocol::Http, true);
}
