//! What clients are told beside the answer to their request: headers of the file, CORS, quotas of
//! tenants, the end of old connections; and what carries them.

use std::time::Duration;

use loadgen::client::{Raw, grpc, post};
use loadgen::otlp::Signal;
use loadgen::sink::{Mode, Sink};

use super::backend::{seen, sink};
use super::gateway::Gateway;
use super::visitor::{assert_status, body, config, connect, exchange};

const USUAL: &str = "  otlp: {protocols: {http: {}, grpc: {}}}";

fn with_http(sink: &Sink, settings: &str) -> String {
    let receivers = format!("  otlp: {{protocols: {{grpc: {{}}, http: {{{settings}}}}}}}");
    config(sink, &receivers, "", "")
}

fn with_extension(sink: &Sink, settings: &str) -> String {
    config(sink, USUAL, "", "").replace("{shards: 2}", &format!("{{shards: 2, {settings}}}"))
}

#[test]
fn every_answer_carries_the_headers_of_the_file() {
    let backend = sink(Mode::Ok);
    let headers = "response_headers: {Strict-Transport-Security: max-age=1, X-Door: front}";
    let gateway = Gateway::start(&with_http(&backend, headers));
    for (path, status) in [("/v1/traces", 200), ("/nowhere", 404)] {
        let reply = post(gateway.http(), path, &[], &body()).expect("an answer");
        assert_eq!(reply.status, status);
        assert_eq!(reply.header("x-door"), Some("front"));
        assert_eq!(reply.header("strict-transport-security"), Some("max-age=1"));
    }
}

#[test]
fn a_preflight_is_answered_for_origins_of_the_file_and_so_are_their_requests() {
    let backend = sink(Mode::Ok);
    let cors = "cors: {allowed_origins: ['https://*.example'], allowed_headers: [X-Key], \
                max_age: 600}";
    let gateway = Gateway::start(&with_http(&backend, cors));
    let preflight = |origin: &str| {
        let text = format!(
            "OPTIONS /v1/traces HTTP/1.1\r\nHost: g\r\nConnection: close\r\nOrigin: {origin}\r\n\
             Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-key\r\n\r\n"
        );
        let socket = connect(gateway.http()).expect("a connection");
        exchange(socket, text.as_bytes()).expect("an answer").to_ascii_lowercase()
    };
    let answer = preflight("https://shop.example");
    assert!(answer.starts_with("http/1.1 204 "), "{answer}");
    for line in [
        "access-control-allow-origin: https://shop.example\r\n",
        "access-control-allow-methods: post\r\n",
        "access-control-allow-headers: x-key\r\n",
        "access-control-max-age: 600\r\n",
    ] {
        assert!(answer.contains(line), "{line} is missing: {answer}");
    }
    assert!(!preflight("https://evil.test").contains("access-control-allow-origin"));
    for (origin, allowed) in [("https://shop.example", true), ("https://evil.test", false)] {
        let headers = [("origin", origin)];
        let reply = post(gateway.http(), "/v1/traces", &headers, &body()).expect("an answer");
        assert_eq!(reply.status, 200);
        let told = reply.header("access-control-allow-origin");
        assert_eq!(told, allowed.then_some(origin));
    }
}

#[test]
fn a_tenant_over_its_quota_is_told_to_wait_and_others_are_not() {
    let backend = sink(Mode::Ok);
    let limits = "tenant_limits: {header: X-Tenant, default: {items_per_second: 1, burst: 1}, \
                  tenants: {large: {items_per_second: 1000000}}}";
    let gateway = Gateway::start(&with_extension(&backend, limits));
    let headers = |tenant| [("x-tenant", tenant)];
    let request =
        |tenant| post(gateway.http(), "/v1/traces", &headers(tenant), &body()).expect("an answer");
    let call = |tenant| {
        let path = Signal::Traces.grpc_path();
        grpc(gateway.grpc(), path, &headers(tenant), &body()).expect("an answer")
    };
    // One item a second: of ten in a row some are too many, on whichever shard they arrive.
    let refused = (0..200).find_map(|_| Some(request("small")).filter(|told| told.status != 200));
    let refused = refused.expect("one is refused");
    assert_eq!(refused.status, 429, "{refused:?}");
    let seconds = refused.header("retry-after").and_then(|after| after.parse::<u64>().ok());
    assert!(seconds.is_some_and(|seconds| seconds >= 1), "{refused:?}");
    let refused = (0..200).find_map(|_| Some(call("small")).filter(|told| told.code != 0));
    let refused = refused.expect("one is refused");
    assert_eq!(refused.code, 8, "RESOURCE_EXHAUSTED: {refused:?}");
    assert!(refused.retry_after.is_some_and(|after| after > Duration::ZERO), "{refused:?}");
    for _ in 0..20 {
        assert_eq!((request("large").status, call("large").code), (200, 0));
    }
    let _page = gateway.metrics_when("they are counted", |page| {
        page.count("spanyard_tenant_refused_requests_total", &[]) >= 2
    });
}

#[test]
fn old_connections_over_http_are_told_to_go_and_none_is_cut_off_within_a_request() {
    let backend = sink(Mode::Ok);
    let gateway = Gateway::start(&with_http(&backend, "max_connection_age: 1s"));
    let mut idle = Raw::connect(gateway.http()).expect("a connection");
    idle.post("/v1/traces", &[], &body()).expect("sent");
    assert_eq!(idle.reply().expect("an answer").status, 200);
    let mut busy = Raw::connect(gateway.http()).expect("a connection");
    let mut answered = 1_u64;
    loop {
        busy.post("/v1/traces", &[], &body()).expect("sent");
        let reply = busy.reply().expect("an answer");
        assert_eq!(reply.status, 200);
        answered += 1;
        if reply.header("connection") == Some("close") {
            break;
        }
    }
    assert_eq!(busy.rest().expect("an end"), b"");
    assert_eq!(idle.rest().expect("an end"), b"", "nothing but an end");
    let _all = seen(&backend, |report| report.accepted > 0);
    let _page = gateway.metrics_when("each was taken", |page| {
        page.count("otelcol_receiver_accepted_spans", &[]) == answered
    });
}

#[test]
fn the_engine_of_the_file_carries_the_sockets_and_is_named() {
    let backend = sink(Mode::Ok);
    let gateway = Gateway::start(&with_extension(&backend, "engine: epoll"));
    let _ready = gateway.log_line("ready shards=2 engine=\"epoll\"");
    let reply = post(gateway.http(), "/v1/traces", &[], &body()).expect("an answer");
    assert_eq!(reply.status, 200);
    assert!(gateway.metrics_page().has("spanyard_build_info", &[("engine", "epoll")]));
    let socket = connect(gateway.http()).expect("a connection");
    let answer = exchange(socket, b"GET / HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n");
    assert_status(&answer.expect("an answer"), 404);
}
