//! With the queue off, or told to wait, the client's answer is the backend's.

#[path = "support/backend.rs"]
mod backend;
#[path = "support/gateway.rs"]
mod gateway;

use std::thread;

use loadgen::client::Raw;
use loadgen::shape::{Shape, build_request};
use loadgen::sink::{Mode, Sink};

use backend::{Status, grpc, post, seen, sink};
use gateway::Gateway;

const OFF: &str = "sending_queue: {enabled: false}, retry_on_failure: {enabled: false}";
const WAIT: &str = "sending_queue: {wait_for_result: true}, retry_on_failure: {enabled: false}";

fn http(sink: &Sink, settings: &str) -> String {
    config("otlphttp", &format!("endpoint: 'http://{}', {settings}", sink.addr_http()))
}

fn over_grpc(sink: &Sink, settings: &str) -> String {
    let endpoint = sink.addr_grpc();
    config("otlp", &format!("endpoint: '{endpoint}', tls: {{insecure: true}}, {settings}"))
}

fn config(id: &str, exporter: &str) -> String {
    format!(
        "
exporters:
  {id}: {{{exporter}}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [{id}]}}
"
    )
}

fn request() -> Vec<u8> {
    build_request(&Shape { spans_per_request: 3, ..Shape::default() }, 0)
}

#[test]
fn the_backends_status_is_the_clients_over_http_and_grpc() {
    let backend = sink(Mode::Ok);
    for settings in [OFF, WAIT] {
        let gateway = Gateway::start(&http(&backend, settings));
        let cases = [(401, 401, 16), (404, 404, 12), (413, 500, 2), (502, 503, 14), (504, 503, 14)];
        for (status, told, code) in cases {
            backend.set_mode(Mode::fail(status));
            assert_eq!(post(gateway.http(), &request()).status, told, "{settings}: {status}");
            assert_eq!(grpc(gateway.grpc(), &request()).code, code, "{settings}: {status}");
        }
        backend.set_mode(Mode::Fail { status: 503, retry_after: Some(7) });
        let reply = post(gateway.http(), &request());
        assert_eq!((reply.status, reply.header("retry-after")), (503, Some("7")));
        assert_eq!(Status::read(&reply.body).code, 14);
        let reply = grpc(gateway.grpc(), &request());
        assert_eq!((reply.code, reply.retry_after.map(|delay| delay.as_secs())), (14, Some(7)));
        backend.set_mode(Mode::Ok);
        assert_eq!(post(gateway.http(), &request()).status, 200);
        assert_eq!(grpc(gateway.grpc(), &request()).code, 0);
    }
}

#[test]
fn a_partial_success_is_passed_on() {
    let backend = sink(Mode::Reject(2));
    for config in [http(&backend, OFF), over_grpc(&backend, WAIT)] {
        let gateway = Gateway::start(&config);
        let reply = post(gateway.http(), &request());
        assert_eq!(reply.status, 200);
        let told = spanyard_wire::reply::read_partial_success(&reply.body).expect("readable");
        assert_eq!(told.expect("partial").rejected, 2);
    }
}

#[test]
fn the_answer_comes_when_the_backend_has_answered_and_not_before() {
    let backend = sink(Mode::Silent);
    let gateway = Gateway::start(&http(&backend, OFF));
    let address = gateway.http();
    let client = thread::spawn(move || post(address, &request()).status);
    let _held = seen(&backend, |report| report.waiting == 1);
    assert!(!client.is_finished(), "no answer yet");
    backend.set_mode(Mode::Ok);
    assert_eq!(client.join().expect("an answer"), 200);
}

#[test]
fn a_client_that_goes_away_changes_nothing_for_its_request() {
    let backend = sink(Mode::Silent);
    let gateway = Gateway::start(&http(&backend, WAIT));
    let mut client = Raw::connect(gateway.http()).expect("connected");
    client.post("/v1/traces", &[], &request()).expect("sent");
    let _held = seen(&backend, |report| report.waiting == 1);
    drop(client);
    backend.set_mode(Mode::Ok);
    let page =
        gateway.metrics_when("it is delivered", |page| page.spans_of("otlphttp").delivered == 3);
    page.assert_balanced();
}

#[test]
fn of_two_backends_the_one_that_is_waited_for_decides() {
    let (waited, other) = (sink(Mode::Ok), sink(Mode::fail(400)));
    let gateway = Gateway::start(&format!(
        "
exporters:
  otlphttp/a: {{endpoint: 'http://{}', {OFF}}}
  otlphttp/b: {{endpoint: 'http://{}', retry_on_failure: {{enabled: false}}}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlphttp/a, otlphttp/b]}}
",
        waited.addr_http(),
        other.addr_http()
    ));
    assert_eq!(post(gateway.http(), &request()).status, 200);
    waited.set_mode(Mode::fail(400));
    other.set_mode(Mode::Ok);
    assert_eq!(post(gateway.http(), &request()).status, 400);
}
