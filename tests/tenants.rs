//! Tenants: a header of the client's request goes on to the backend with the client's own data and
//! with nobody else's, however requests are joined, tried again or taken apart; and credentials of
//! the file go out with every request.

#[path = "support/backend.rs"]
mod backend;
#[path = "support/gateway.rs"]
mod gateway;

use std::fs;
use std::path::PathBuf;

use loadgen::client;
use loadgen::sink::{Mode, Sink};
use spanyard_wire::encode::encoded;

use backend::{seen, sink};
use gateway::Gateway;

const TENANTS: [&str; 2] = ["amber", "bronze"];
const REQUESTS: u64 = 60;

/// A request of one span whose resource names its tenant.
fn body(tenant: &str) -> Vec<u8> {
    encoded(|request| {
        request.message(1, |group| {
            group.message(1, |resource| resource.string_attribute(1, "tenant", tenant));
            group.message(2, |scope| {
                scope.message(2, |span| {
                    span.bytes(1, &[7; 16]);
                    span.bytes(2, &[7; 8]);
                    span.string(5, "span");
                });
            });
        });
    })
}

fn holds(body: &[u8], tenant: &str) -> bool {
    body.windows(tenant.len()).any(|window| window == tenant.as_bytes())
}

/// An exporter that passes on the client's tenant.
fn config(sink: &Sink, grpc: bool, processors: &str) -> String {
    let exporter = if grpc {
        format!("otlp: {{endpoint: '{}', tls: {{insecure: true}}", sink.addr_grpc())
    } else {
        format!("otlphttp: {{endpoint: 'http://{}'", sink.addr_http())
    };
    let id = if grpc { "otlp" } else { "otlphttp" };
    format!(
        "
receivers:
  otlp: {{protocols: {{grpc: {{include_metadata: true}}, http: {{include_metadata: true}}}}}}
processors:
  batch: {{timeout: 20ms, send_batch_size: 10, metadata_keys: [X-Tenant]}}
  batch/blind: {{timeout: 20ms, send_batch_size: 10}}
exporters:
  {exporter},
    auth: {{authenticator: headers_setter}},
    retry_on_failure: {{initial_interval: 20ms, max_interval: 50ms}}}}
extensions:
  headers_setter:
    headers:
      - {{key: X-Scope-OrgID, action: upsert, from_context: X-Tenant, default_value: nobody}}
service:
  extensions: [health_check, spanyard, headers_setter]
  pipelines:
    traces: {{receivers: [otlp], processors: [{processors}], exporters: [{id}]}}
"
    )
}

fn send_all(gateway: &Gateway) {
    for at in 0..REQUESTS {
        let tenant = TENANTS[usize::from(at % 2 == 1)];
        let headers = [("x-tenant", tenant)];
        let body = body(tenant);
        let reply = client::post(gateway.http(), "/v1/traces", &headers, &body);
        assert_eq!(reply.expect("an answer").status, 200);
    }
}

#[test]
fn two_tenants_arrive_under_their_own_names_and_never_together() {
    for (grpc, processors) in [(false, ""), (true, ""), (false, "batch"), (true, "batch")] {
        let backend = sink(Mode::fail(503));
        let gateway = Gateway::start(&config(&backend, grpc, processors));
        send_all(&gateway);
        let _failed = seen(&backend, |report| report.refused >= 2);
        backend.set_mode(Mode::Ok);
        let report = seen(&backend, |report| report.spans.spans >= REQUESTS);
        assert_eq!(report.spans.spans, REQUESTS, "each once");
        assert!(report.accepted < REQUESTS, "some left together: {}", report.accepted);
        for recorded in backend.bodies() {
            let named = recorded.header("x-scope-orgid").expect("named");
            let inside: Vec<&str> =
                TENANTS.into_iter().filter(|tenant| holds(&recorded.body, tenant)).collect();
            assert_eq!(inside, [named], "grpc: {grpc}, processors: {processors:?}");
        }
        let page =
            gateway.metrics_when("all is delivered", |page| page.ledger("spans", &[]).queued == 0);
        page.assert_balanced();
    }
}

#[test]
fn a_request_without_a_tenant_or_with_one_lost_in_a_batch_takes_the_default() {
    let (backend, blind) = (sink(Mode::Ok), sink(Mode::Ok));
    let gateway = Gateway::start(&config(&backend, false, ""));
    let reply = client::post(gateway.http(), "/v1/traces", &[], &body("amber"));
    assert_eq!(reply.expect("an answer").status, 200);
    let other = Gateway::start(&config(&blind, false, "batch/blind"));
    let headers = [("x-tenant", "amber")];
    let reply = client::post(other.http(), "/v1/traces", &headers, &body("amber"));
    assert_eq!(reply.expect("an answer").status, 200);
    for sink in [&backend, &blind] {
        let _report = seen(sink, |report| report.accepted == 1);
        assert_eq!(sink.bodies()[0].header("x-scope-orgid"), Some("nobody"));
    }
}

#[test]
fn a_client_that_names_two_tenants_is_rejected_and_counted() {
    let backend = sink(Mode::Ok);
    let gateway = Gateway::start(&config(&backend, false, ""));
    let headers = [("x-tenant", "amber"), ("x-tenant", "bronze")];
    let reply = client::post(gateway.http(), "/v1/traces", &headers, &body("amber"));
    assert_eq!(reply.expect("an answer").status, 200);
    let page =
        gateway.metrics_when("it is rejected", |page| page.spans_of("otlphttp").rejected == 1);
    page.assert_balanced();
    assert_eq!(backend.report().requests, 0, "nothing was sent under a guess");
}

/// A file of its own for this test.
fn token_file() -> PathBuf {
    let name = format!("token-{}", std::process::id());
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn a_bearer_token_is_read_again_when_its_file_changes() {
    let backend = sink(Mode::Ok);
    let path = token_file();
    fs::write(&path, "first\n").expect("written");
    let gateway = Gateway::start(&format!(
        "
exporters:
  otlphttp:
    endpoint: 'http://{}'
    auth: {{authenticator: bearertokenauth}}
extensions:
  bearertokenauth: {{filename: '{}'}}
service:
  extensions: [health_check, spanyard, bearertokenauth]
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlphttp]}}
",
        backend.addr_http(),
        path.display()
    ));
    let latest = |sent: u64| {
        let reply = client::post(gateway.http(), "/v1/traces", &[], &body("amber"));
        assert_eq!(reply.expect("an answer").status, 200);
        let _report = seen(&backend, |report| report.accepted == sent);
        let bodies = backend.bodies();
        bodies.last().and_then(|last| last.header("authorization").map(str::to_owned))
    };
    assert_eq!(latest(1).as_deref(), Some("Bearer first"));
    fs::write(&path, "second\n").expect("written");
    let _line = gateway.log_line("the new one is used from now on");
    assert_eq!(latest(2).as_deref(), Some("Bearer second"));
    fs::remove_file(&path).expect("removed");
    let _line = gateway.log_line("the last good one stays in use");
    assert_eq!(latest(3).as_deref(), Some("Bearer second"));
}
