//! SIGHUP moves traffic to what the file says now and loses nothing on the way; a file with a
//! mistake changes nothing and is told by its place.

#[path = "support/backend.rs"]
mod backend;
#[path = "support/gateway.rs"]
mod gateway;

use std::thread;
use std::time::Duration;

use loadgen::client::Raw;
use loadgen::shape::{Shape, build_request};
use loadgen::sink::{Mode, Protocol, Sink};

use backend::{load, post, proof, seen, send, sink};
use gateway::Gateway;

fn to(sink: &Sink) -> String {
    format!(
        "exporters:
  otlphttp: {{endpoint: 'http://{}', compression: none}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlphttp]}}
",
        sink.addr_http()
    )
}

fn small() -> Vec<u8> {
    build_request(&Shape { spans_per_request: 1, run: 99, ..Shape::default() }, 0)
}

#[test]
fn a_good_file_moves_the_traffic_while_it_flows_and_nothing_is_lost() {
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let (before, after) = (sink(Mode::Ok), sink(Mode::Ok));
        let gateway = Gateway::start(&to(&before));
        let endpoint = if protocol == Protocol::Http { gateway.http() } else { gateway.grpc() };
        let mut plan = load(protocol, endpoint, 1, 0);
        plan.schedule.requests = None;
        plan.schedule.duration = Some(Duration::from_millis(1500));
        let sender = thread::spawn(move || send(plan));
        let _flows = seen(&before, |report| report.spans.unique >= 500);
        gateway.reload(&to(&after));
        let _moved = seen(&after, |report| report.spans.unique >= 500);
        let outcome = sender.join().expect("no panic");
        let tally = &outcome.tally;
        assert_eq!(tally.requests(), tally.accepted, "{protocol:?}: {:?}", tally.first_error);
        let page =
            gateway.metrics_when("all is delivered", |page| page.ledger("spans", &[]).queued == 0);
        page.assert_balanced();
        let proof = proof(&outcome, 1, &[&before, &after], false);
        assert!(proof.acknowledged > 0 && proof.holds(0), "{protocol:?}: {proof:?}");
        assert_eq!(gateway.terminate().code, Some(0));
    }
}

#[test]
fn what_waits_for_a_removed_backend_is_still_delivered_to_it() {
    let (slow, after) = (sink(Mode::Silent), sink(Mode::Ok));
    let gateway = Gateway::start(&to(&slow));
    assert_eq!(post(gateway.http(), &small()).status, 200);
    let _sent = seen(&slow, |report| report.waiting == 1);
    gateway.reload(&to(&after));
    let _told = gateway.log_line("the configuration was reloaded");
    slow.set_mode(Mode::Ok);
    let _delivered = seen(&slow, |report| report.accepted == 1);
    let _page =
        gateway.metrics_when("it is counted", |page| page.spans_of("otlphttp").delivered == 1);
}

#[test]
fn a_file_with_a_mistake_changes_nothing_and_is_told_by_its_place() {
    let (before, after) = (sink(Mode::Ok), sink(Mode::Ok));
    let gateway = Gateway::start(&to(&before));
    let mut connection = Raw::connect(gateway.http()).expect("a connection");
    connection.post("/v1/traces", &[], &small()).expect("sent");
    assert_eq!(connection.reply().expect("an answer").status, 200);
    gateway.reload(&to(&after).replace("compression", "compresion"));
    let _told = gateway.log_line("the configuration was not reloaded");
    let place = gateway.log_line("test.yaml:2:");
    assert!(place.contains("compresion"), "{place}");
    let column = 1 + to(&after)
        .lines()
        .nth(1)
        .and_then(|line| line.find("compression"))
        .expect("the key stands there");
    assert!(place.contains(&format!("test.yaml:2:{column}")), "{place}");
    connection.post("/v1/traces", &[], &small()).expect("sent");
    assert_eq!(connection.reply().expect("an answer").status, 200, "the connection lives on");
    let _both = seen(&before, |report| report.accepted == 2);
    assert_eq!(gateway.terminate().code, Some(0));
    assert_eq!(after.report().requests, 0);
}

#[test]
fn a_request_whose_body_is_under_way_when_the_plan_changes_is_taken() {
    let (before, after) = (sink(Mode::Ok), sink(Mode::Ok));
    let gateway = Gateway::start(&to(&before));
    let body = small();
    let mut half_sent = Raw::connect(gateway.http()).expect("a connection");
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nHost: g\r\nContent-Length: {}\r\n\
         Content-Type: application/x-protobuf\r\n\r\n",
        body.len()
    );
    let (first, second) = body.split_at(body.len() / 2);
    half_sent.send(head.as_bytes()).expect("sent");
    half_sent.send(first).expect("sent");
    gateway.reload(&to(&after));
    let _told = gateway.log_line("the configuration was reloaded");
    let mut posted = 0;
    while after.report().accepted == 0 && posted < 1000 {
        assert_eq!(post(gateway.http(), &small()).status, 200);
        posted += 1;
    }
    assert!(posted < 1000, "new requests follow the new plan");
    half_sent.send(second).expect("sent");
    assert_eq!(half_sent.reply().expect("an answer").status, 200, "begun before, taken after");
    let _all = gateway.metrics_when("all is delivered", |page| {
        page.ledger("requests", &[]).delivered == posted + 1
    });
    assert_eq!(gateway.terminate().code, Some(0));
}
