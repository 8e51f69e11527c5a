//! Tests of the room, on a gateway of several teams.

use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderMap, HeaderName, HeaderValue};
use spanyard_wire::schema::Signal;

use super::{Question, explain};
use crate::config::plan::Plan;
use crate::config::{HostFacts, Source, load};

const FILE: &str = r#"
receivers:
  otlp: {protocols: {http: {include_metadata: true}}}
processors:
  resource/who:
    attributes:
      - {key: tenant.id, from_context: metadata.x-scope-orgid, action: upsert}
      - {key: process.pid, action: delete}
      - {key: region, value: eu, action: insert}
connectors:
  routing:
    default_pipelines: [traces/shared]
    table:
      - context: request
        condition: 'request["X-Scope-OrgID"] == "payments"'
        pipelines: [traces/payments]
      - condition: attributes["service.namespace"] == "fraud" and attributes["env"] == "prod"
        pipelines: [traces/payments, traces/shared]
      - statement: 'route() where IsMatch(attributes["service.name"], "^canary-")'
        pipelines: [traces/canary]
exporters:
  otlphttp/shared: {endpoint: "https://shared.example.com", headers: {X-Scope-OrgID: "s3cret"}}
  otlphttp/payments: {traces_endpoint: "https://pci.example.com/otlp/v1/traces", compression: none}
  otlp/canary: {endpoint: "canary:4317", tls: {insecure: true}}
service:
  pipelines:
    traces/in: {receivers: [otlp], processors: [resource/who], exporters: [routing]}
    traces/shared: {receivers: [routing], exporters: [otlphttp/shared]}
    traces/payments: {receivers: [routing], exporters: [otlphttp/payments]}
    traces/canary: {receivers: [routing], exporters: [otlp/canary]}
    logs: {receivers: [otlp], exporters: [otlphttp/shared]}
"#;

fn plan(text: &str) -> Plan {
    let source = Source::Text { name: "t.yaml".to_owned(), text: text.to_owned() };
    let host = HostFacts { memory_bytes: 1 << 30 };
    load(&[source], &|_| None, &host).unwrap_or_else(|problems| panic!("{problems}")).plan
}

fn question(headers: &[(&'static str, &'static str)], resource: &[(&str, &str)]) -> Question {
    let pair = |(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Question {
        signal: Signal::Traces,
        receiver: None,
        grpc: None,
        headers: headers.iter().map(pair).collect::<HeaderMap>(),
        resource: resource.iter().map(owned).collect(),
        item: Vec::new(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}

fn told(question: &Question) -> String {
    explain(&plan(FILE), question).unwrap_or_else(|why| panic!("{why}"))
}

const BY_HEADER: &str = r#"traces to `otlp` over HTTP
resource as it comes
    service.name = "checkout"
    process.pid = 7
routing table 1
  row 1: request["x-scope-orgid"] == "payments"
    matches (the header x-scope-orgid is "payments"): to traces/payments
  row 2: attributes["service.namespace"] == "fraud" and attributes["env"] == "prod"
    not asked: row 1 took it
  row 3: IsMatch(attributes["service.name"], "^canary-")
    not asked: row 1 took it
pipeline traces/payments
  edit 1 of `tenant.id`: tenant.id = "payments" is added
  edit 2 of `process.pid`: process.pid = 7 is removed
  edit 3 of `region`: region = "eu" is added
  resource as it leaves
    service.name = "checkout"
    tenant.id = "payments"
    region = "eu"
  to otlphttp/payments: POST https://pci.example.com:443/otlp/v1/traces, not compressed
"#;

#[test]
fn rows_edits_and_backends_are_told_in_the_order_of_the_way() {
    let question = question(
        &[("x-scope-orgid", "payments")],
        &[("service.name", "checkout"), ("process.pid", "7")],
    );
    assert_eq!(told(&question), BY_HEADER);
}

#[test]
fn a_row_that_does_not_match_says_what_it_found() {
    let said = told(&question(&[], &[("service.namespace", "fraud"), ("region", "us")]));
    for line in [
        "    does not match (the header x-scope-orgid is missing)\n",
        "    does not match (service.namespace is \"fraud\", env is missing)\n",
        "    does not match (service.name is missing)\n",
        "  default pipelines: traces/shared\n",
        "  edit 1 of `tenant.id`: no effect\n",
        "  edit 3 of `region`: no effect\n",
        "  to otlphttp/shared: POST https://shared.example.com:443/v1/traces, gzip level 1\n",
        "    x-scope-orgid: ****\n",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(!said.contains("s3cret"), "{said}");
}

#[test]
fn a_row_with_two_pipelines_tells_of_both_backends() {
    let said = told(&question(&[], &[("service.namespace", "fraud"), ("env", "prod")]));
    assert!(said.contains("  to otlphttp/payments: "), "{said}");
    assert!(said.contains("  to otlphttp/shared: "), "{said}");
    assert!(!said.contains("default pipelines"), "{said}");
}

#[test]
fn values_are_typed_as_they_are_written() {
    let mut question = question(&[], &[("a", "3"), ("b", "\"3\""), ("c", "true"), ("d", "0.5")]);
    question.signal = Signal::Logs;
    let said = told(&question);
    assert!(said.contains("    a = 3\n    b = \"3\"\n    c = true\n    d = 0.5\n"), "{said}");
    assert!(said.contains("https://shared.example.com:443/v1/logs"), "{said}");
}

#[test]
fn what_no_pipeline_takes_and_a_receiver_that_is_not_there_are_said() {
    let mut question = question(&[], &[]);
    question.signal = Signal::Metrics;
    let said = explain(&plan(FILE), &question);
    assert_eq!(said, Err("no pipeline takes metrics".to_owned()));
    question.receiver = Some("otlp/b".to_owned());
    let said = explain(&plan(FILE), &question);
    assert_eq!(said, Err("no receiver `otlp/b`; there are: otlp".to_owned()));
}
