//! From the sender to a sink and back through the proof, over real sockets: what is acknowledged
//! has arrived, once and whole, and a backend that misbehaves is noticed.

#![expect(clippy::expect_used, reason = "a test ends where what it needs is not there")]

use std::net::SocketAddr;
use std::time::Duration;

use loadgen::backends::{Backend, settle};
use loadgen::pace::Schedule;
use loadgen::send::{Outcome, Plan, run};
use loadgen::shape::Shape;
use loadgen::sink::{Mode, Protocol, Sink, SinkOptions};
use loadgen::verify::Proof;
use loadgen::{Carrier, Coding};

fn plan(protocol: Protocol, endpoint: SocketAddr, coding: Coding) -> Plan {
    Plan {
        protocol,
        carrier: Carrier::Tcp,
        endpoint,
        authority: endpoint.to_string(),
        path: "/v1/traces".to_owned(),
        coding,
        connections: 3,
        streams: 2,
        schedule: Schedule { requests_per_second: None, requests: Some(50), duration: None },
        shape: Shape { spans_per_request: 30, resources: 3, run: 7, ..Shape::default() },
        fresh: true,
        headers: vec![("x-tenant".to_owned(), "a".to_owned())],
        timeout: Duration::from_secs(20),
        retry_for: Duration::from_secs(20),
    }
}

fn sink(mode: Mode) -> Sink {
    Sink::start(SinkOptions { mode, ..SinkOptions::default() }).expect("a sink")
}

fn prove(sink: &Sink, outcome: &Outcome) -> Proof {
    let backend = Backend::open(&sink.addr_http().to_string()).expect("its report");
    let told = &outcome.acknowledged;
    settle(|| Ok(vec![backend.evidence(7)?]), told, false, Duration::ZERO).expect("its bits")
}

#[test]
fn everything_sent_arrives_once_and_whole_by_every_way() {
    for protocol in [Protocol::Http, Protocol::Grpc] {
        for coding in [Coding::Identity, Coding::Gzip, Coding::Zstd] {
            let sink = sink(Mode::Ok);
            let outcome = run(plan(protocol, sink.addr_grpc(), coding), |_| ()).expect("a run");
            assert_eq!(outcome.tally.accepted, 50, "{:?}", outcome.tally.first_error);
            let proof = prove(&sink, &outcome);
            assert_eq!((proof.acknowledged, proof.arrived), (1_500, 1_500));
            assert!(proof.holds(0), "{protocol:?} {coding:?}: {proof:?}");
            let report = sink.report();
            let count = |of| if coding == of { 50 } else { 0 };
            assert_eq!(report.gzip_requests, count(Coding::Gzip));
            assert_eq!(report.zstd_requests, count(Coding::Zstd));
            assert_eq!(report.grpc_requests, if protocol == Protocol::Grpc { 50 } else { 0 });
        }
    }
}

#[test]
fn an_open_loop_sends_its_whole_schedule() {
    let sink = sink(Mode::Ok);
    let mut plan = plan(Protocol::Http, sink.addr_http(), Coding::Identity);
    plan.schedule.requests_per_second = Some(5_000.0);
    let outcome = run(plan, |_| ()).expect("a run");
    assert_eq!((outcome.tally.accepted, outcome.unsent), (50, 0));
    assert!(prove(&sink, &outcome).holds(0));
}

#[test]
fn refused_requests_are_tried_again_after_the_delay_they_were_told() {
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let sink = sink(Mode::Fail { status: 503, retry_after: Some(0) });
        let endpoint = sink.addr_http();
        let sender =
            std::thread::spawn(move || run(plan(protocol, endpoint, Coding::Identity), |_| ()));
        let _refused = sink
            .wait_for(|report| report.refused >= 10, Duration::from_secs(20))
            .expect("refusals are tried again");
        sink.set_mode(Mode::Ok);
        let outcome = sender.join().expect("no panic").expect("a run");
        assert_eq!((outcome.tally.accepted, outcome.tally.refused), (50, 0));
        assert_eq!(outcome.tally.refusals_retried, sink.report().refused);
        assert!(prove(&sink, &outcome).holds(0));
    }
}

#[test]
fn requests_that_must_not_be_repeated_fail_at_once() {
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let sink = sink(Mode::fail(400));
        let outcome =
            run(plan(protocol, sink.addr_http(), Coding::Identity), |_| ()).expect("a run");
        assert_eq!((outcome.tally.failed, outcome.tally.refusals_retried), (50, 0));
        assert_eq!(outcome.acknowledged.spans(), 0);
        assert!(outcome.tally.first_error.is_some_and(|told| told.contains("fails with 400")));
    }
}

#[test]
fn rejected_spans_are_not_counted_as_lost() {
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let sink = sink(Mode::Reject(4));
        let outcome =
            run(plan(protocol, sink.addr_http(), Coding::Identity), |_| ()).expect("a run");
        assert_eq!(outcome.tally.rejected_spans, 200);
        let proof = prove(&sink, &outcome);
        assert_eq!((proof.acknowledged, proof.lost), (1_300, 0));
    }
}

#[test]
fn a_backend_that_acknowledges_and_forgets_is_noticed() {
    let options = SinkOptions { cheap: true, ..SinkOptions::default() };
    let forgetful = Sink::start(options).expect("a sink");
    let outcome =
        run(plan(Protocol::Http, forgetful.addr_http(), Coding::Identity), |_| ()).expect("a run");
    let proof = prove(&forgetful, &outcome);
    assert_eq!((proof.acknowledged, proof.lost), (1_500, 1_500));
    assert!(!proof.holds(0));
}

#[test]
fn a_run_that_reaches_two_sinks_is_duplicated_unless_each_should_have_it() {
    let sinks = [sink(Mode::Ok), sink(Mode::Ok)];
    let open = |sink: &Sink| Backend::open(&sink.addr_http().to_string()).expect("its report");
    let backends: Vec<_> = sinks.iter().map(open).collect();
    let mut told = None;
    for sink in &sinks {
        let outcome =
            run(plan(Protocol::Http, sink.addr_http(), Coding::Identity), |_| ()).expect("a run");
        told = Some(outcome.acknowledged);
    }
    let told = told.expect("two runs");
    let look = || backends.iter().map(|backend| backend.evidence(7)).collect();
    let shared = settle(look, &told, false, Duration::ZERO).expect("the bits");
    assert_eq!((shared.duplicated, shared.lost), (1_500, 0));
    let each = settle(look, &told, true, Duration::ZERO).expect("the bits");
    assert!(each.holds(0), "{each:?}");
}

#[test]
fn a_backend_that_never_answers_does_not_hold_the_run_up() {
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let sink = sink(Mode::Silent);
        let mut plan = plan(protocol, sink.addr_http(), Coding::Identity);
        plan.schedule.requests = Some(6);
        plan.timeout = Duration::from_millis(50);
        plan.retry_for = Duration::ZERO;
        let outcome = run(plan, |_| ()).expect("a run");
        assert_eq!((outcome.tally.broken, outcome.tally.accepted), (6, 0));
        let left = sink.wait_for(|report| report.waiting == 0, Duration::from_secs(20));
        assert_eq!(left.expect("the sender has left").requests, 6);
    }
}

#[test]
fn a_backend_that_went_away_and_came_back_on_its_port_gets_what_was_waiting() {
    let first = sink(Mode::Ok);
    let (http, grpc) = (first.addr_http(), first.addr_grpc());
    let mut plan = plan(Protocol::Http, http, Coding::Identity);
    plan.schedule.requests = Some(400);
    let sender = std::thread::spawn(move || run(plan, |_| ()));
    let _some = first
        .wait_for(|report| report.accepted >= 20, Duration::from_secs(20))
        .expect("the first requests");
    first.set_mode(Mode::Close);
    let _closed = first
        .wait_for(|report| report.closed >= 1, Duration::from_secs(20))
        .expect("a connection is closed");
    let before = first.run(7);
    drop(first);
    let options = SinkOptions { http, grpc, ..SinkOptions::default() };
    let second = Sink::start(options).expect("the port is free again");
    let outcome = sender.join().expect("no panic").expect("a run");
    assert_eq!(outcome.tally.accepted, 400, "{:?}", outcome.tally.first_error);
    let mut all = second.run(7);
    all.union(&before);
    assert_eq!(all.len(), 400 * 30);
}
