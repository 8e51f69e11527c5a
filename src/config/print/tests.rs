//! Tests of the printed configuration.

use super::Form;
use crate::config::{Options, Source, fixture, print};

fn source(text: &str) -> Source {
    Source::Text { name: "t.yaml".to_owned(), text: text.to_owned() }
}

fn printed(texts: &[&str], form: Form) -> String {
    let sources: Vec<Source> = texts.iter().map(|text| source(text)).collect();
    let options = Options::default();
    print(&sources, &options, &fixture::env, &fixture::HOST, form).0.expect("a tree")
}

const FILE: &str = "\
receivers: {otlp: {protocols: {grpc: , http: {endpoint: \"0.0.0.0:4318\"}}}}
exporters:
  otlphttp/b:
    endpoint: http://me:pw@tempo:${N}
    headers: {X-Scope-OrgID: \"${A}\", Authorization: \"Basic abc\"}
    sending_queue: {queue_size: \"${N}\"}
  otlphttp/a:
    endpoint: 'http://b:1'
    headers: [{name: X-Id, value: \"plain\"}]
processors:
  resource:
    attributes:
      - {key: api_token, value: hidden, action: upsert}
      - {key: n, value: 0755, action: insert}
service:
  pipelines:
    traces: {receivers: [otlp], processors: [resource], exporters: [otlphttp/b, otlphttp/a]}
";

const EXPECTED: &str = "\
receivers:
  otlp:
    protocols:
      grpc: null
      http:
        endpoint: 0.0.0.0:4318
exporters:
  otlphttp/b:
    endpoint: http://****@tempo:1234
    headers:
      X-Scope-OrgID: \"****\"
      Authorization: \"****\"
    sending_queue:
      queue_size: 1234
  otlphttp/a:
    endpoint: http://b:1
    headers:
      - name: X-Id
        value: \"****\"
processors:
  resource:
    attributes:
      - key: api_token
        value: \"****\"
        action: upsert
      - key: n
        value: 0755
        action: insert
service:
  pipelines:
    traces:
      receivers:
        - otlp
      processors:
        - resource
      exporters:
        - otlphttp/b
        - otlphttp/a
";

#[test]
fn what_is_printed_has_references_replaced_secrets_masked_and_keys_in_order() {
    assert_eq!(printed(&[FILE], Form::Yaml), EXPECTED);
}

#[test]
fn a_later_source_is_laid_over_an_earlier_one() {
    let over = "exporters: {otlphttp/b: {headers: , timeout: 1s}}\n";
    let text = printed(&[FILE, over], Form::Yaml);
    assert!(text.contains("    headers: null\n"), "{text}");
    assert!(text.contains("    timeout: 1s\n"), "{text}");
}

#[test]
fn json_holds_the_same_values_and_no_secret() {
    let text = printed(&[FILE], Form::Json);
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let at = |path: &str| value.pointer(path).cloned().unwrap_or_default();
    assert_eq!(at("/exporters/otlphttp~1b/sending_queue/queue_size"), 1234);
    assert_eq!(at("/processors/resource/attributes/1/value"), 493);
    assert_eq!(at("/receivers/otlp/protocols/grpc"), serde_json::Value::Null);
    for secret in ["hidden", "a-value", "abc", "me:pw", "\"plain\""] {
        assert!(!text.contains(secret), "{secret}");
    }
    let exporters = text.find("\"exporters\"");
    assert!(exporters < text.find("\"processors\""), "keys keep their order");
}

#[test]
fn printed_yaml_without_secrets_is_read_as_the_same_configuration() {
    let file = "receivers: {otlp: {protocols: {http: {}}}}\n\
                exporters: {otlphttp: {endpoint: \"http://a:1/ü b: #c\", timeout: 1m30s}}\n\
                processors: {resource: {attributes: [{key: 'k\"1', value: 'yes', action: insert}, \
                {key: k2, value: \"12\", action: insert}, \
                {key: k3, value: ' x ', action: insert}]}}\n\
                service: {pipelines: {traces: {receivers: [otlp], processors: [resource], \
                exporters: [otlphttp]}}}\n";
    let once = printed(&[file], Form::Yaml);
    assert_eq!(printed(&[&once], Form::Yaml), once);
    assert_eq!(printed(&[&once], Form::Json), printed(&[file], Form::Json));
}

#[test]
fn what_a_client_must_know_is_masked() {
    let text = "\
receivers:
  otlp:
    protocols:
      http:
        tls: {cert_file: /c, key_pem: \"s3cret\"}
        auth: {authenticator: basicauth}
        response_headers: [{name: X-A, value: s3cret}]
extensions:
  basicauth:
    htpasswd:
      inline: |
        me:s3cret
        you:s3cret
  bearertokenauth: {tokens: [s3cret, s3cret], scheme: Token}
";
    for form in [Form::Yaml, Form::Json] {
        let shown = printed(&[text], form);
        assert!(!shown.contains("s3cret"), "{shown}");
        assert_eq!(shown.matches("****").count(), 5, "{shown}");
        for open in ["/c", "authenticator", "X-A", "Token"] {
            assert!(shown.contains(open), "{open}: {shown}");
        }
    }
}
