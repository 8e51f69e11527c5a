//! Backends of loadgen, loads for them, and the answers of the gateway as a client reads them.
#![allow(dead_code, reason = "each test takes its part")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test ends where what it needs is missing")]

use std::net::SocketAddr;
use std::time::Duration;

use loadgen::backends::evidence_of;
use loadgen::client::{self, GrpcReply, Reply};
use loadgen::otlp::Signal;
use loadgen::pace::Schedule;
use loadgen::send::{Outcome, Plan, run};
use loadgen::shape::Shape;
use loadgen::sink::{Mode, Protocol, Report, Sink, SinkOptions};
use loadgen::verify::{Proof, prove};
use loadgen::{Carrier, Coding};

/// How long a backend may wait for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A backend that answers as `mode` says and keeps what it gets.
pub(crate) fn sink(mode: Mode) -> Sink {
    Sink::start(SinkOptions { mode, record: true, ..SinkOptions::default() }).expect("a sink")
}

/// Waits until a backend has seen what it must.
pub(crate) fn seen(sink: &Sink, condition: impl Fn(&Report) -> bool) -> Report {
    sink.wait_for(condition, PATIENCE).unwrap_or_else(|report| panic!("at last: {report:?}"))
}

/// An address where nobody listens: it was free a moment ago.
pub(crate) fn nobody() -> SocketAddr {
    sink(Mode::Ok).addr_http()
}

/// A closed loop of `requests` requests that are not tried again.
pub(crate) fn load(protocol: Protocol, endpoint: SocketAddr, run: u32, requests: u64) -> Plan {
    Plan {
        protocol,
        carrier: Carrier::Tcp,
        endpoint,
        authority: endpoint.to_string(),
        path: Signal::Traces.path().to_owned(),
        coding: Coding::Identity,
        connections: 4,
        streams: 2,
        schedule: Schedule { requests_per_second: None, requests: Some(requests), duration: None },
        shape: Shape { spans_per_request: 12, resources: 3, run, ..Shape::default() },
        fresh: true,
        headers: Vec::new(),
        timeout: PATIENCE,
        retry_for: Duration::ZERO,
    }
}

/// Sends a load to its end.
pub(crate) fn send(plan: Plan) -> Outcome {
    run(plan, |_| ()).expect("a run")
}

/// Compares what was acknowledged with what arrived; `each` backend must have all of it.
pub(crate) fn proof(outcome: &Outcome, run: u32, sinks: &[&Sink], each: bool) -> Proof {
    let evidence: Vec<_> = sinks.iter().map(|sink| evidence_of(sink, run)).collect();
    prove(&outcome.acknowledged, &evidence, each)
}

/// Posts traces over HTTP/1.
pub(crate) fn post(addr: SocketAddr, body: &[u8]) -> Reply {
    client::post(addr, Signal::Traces.path(), &[], body).expect("an answer")
}

/// Calls the trace service.
pub(crate) fn grpc(addr: SocketAddr, body: &[u8]) -> GrpcReply {
    client::grpc(addr, Signal::Traces.grpc_path(), &[], body).expect("an answer")
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Status {
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
    #[prost(string, tag = "2")]
    pub(crate) message: String,
}

impl Status {
    /// Reads the body of an error.
    pub(crate) fn read(body: &[u8]) -> Self {
        prost::Message::decode(body).expect("a google.rpc.Status")
    }
}

/// Fails unless the client is told to come back in a second or two.
pub(crate) fn assert_refused_http(reply: &Reply) {
    assert_eq!(reply.status, 503, "{reply:?}");
    assert!(matches!(reply.header("retry-after"), Some("1" | "2")), "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/x-protobuf"));
    assert_eq!(Status::read(&reply.body).code, 14, "UNAVAILABLE");
}

/// The same over gRPC.
pub(crate) fn assert_refused_grpc(reply: &GrpcReply) {
    assert_eq!(reply.code, 14, "UNAVAILABLE: {reply:?}");
    let delay = reply.retry_after.expect("RetryInfo");
    assert!((Duration::from_secs(1)..=Duration::from_secs(2)).contains(&delay), "{delay:?}");
}
