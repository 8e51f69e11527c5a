//! What `transport` makes of `endpoint`.

use crate::config::fixture;
use crate::config::{Loaded, Problems};

fn load(protocols: &str) -> Result<Loaded, Problems> {
    let text = format!(
        "receivers: {{otlp: {{protocols: {protocols}}}}}\nexporters: {{nop: {{}}}}\n\
         service: {{pipelines: {{traces: {{receivers: [otlp], exporters: [nop]}}}}}}\n"
    );
    fixture::try_load(&text)
}

#[test]
fn transport_says_what_an_endpoint_is() {
    let cases = [
        ("{}", "127.0.0.1:4317"),
        ("{transport: tcp, endpoint: 'localhost:1'}", "127.0.0.1:1"),
        ("{transport: tcp, endpoint: '[::1]:1'}", "[::1]:1"),
        ("{transport: tcp4, endpoint: ':1'}", "0.0.0.0:1"),
        ("{transport: tcp6}", "[::1]:4317"),
        ("{transport: tcp6, endpoint: ':1'}", "[::]:1"),
        ("{transport: tcp6, endpoint: 'localhost:1'}", "[::1]:1"),
        ("{transport: unix, endpoint: /run/otlp.sock}", "/run/otlp.sock"),
        ("{transport: unix, endpoint: 'here:4317'}", "here:4317"),
    ];
    for (settings, expected) in cases {
        let loaded = load(&format!("{{grpc: {settings}}}")).expect(settings);
        let grpc = loaded.plan.receivers[0].grpc.as_ref().expect("grpc");
        assert_eq!(grpc.endpoint.to_string(), expected, "{settings}");
    }
}

#[test]
fn an_endpoint_that_its_transport_cannot_have_is_refused() {
    let long = format!("{{transport: unix, endpoint: /{}}}", "x".repeat(107));
    let cases = [
        ("{transport: udp}", "transport"),
        ("{transport: unix}", "missing"),
        ("{transport: unix, endpoint: '@otlp'}", "not supported"),
        (long.as_str(), "path of a socket"),
        ("{transport: tcp4, endpoint: '[::1]:1'}", "an IPv4 address"),
        ("{transport: tcp6, endpoint: '127.0.0.1:1'}", "an IPv6 address"),
    ];
    for (settings, expected) in cases {
        let problems = load(&format!("{{http: {settings}}}")).expect_err(settings).to_string();
        assert!(problems.contains(expected), "{settings}: {problems}");
    }
}

#[test]
fn one_path_is_not_listened_on_twice() {
    let both = |grpc, http| {
        let unix = |path| format!("{{transport: unix, endpoint: {path}}}");
        load(&format!("{{grpc: {}, http: {}}}", unix(grpc), unix(http)))
    };
    assert!(both("/run/a.sock", "/run/b.sock").is_ok());
    let problems = both("/run/a.sock", "/run/a.sock").expect_err("is taken").to_string();
    assert!(problems.contains("/run/a.sock is already taken by"), "{problems}");
}
