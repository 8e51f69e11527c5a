//! The gateway's file in the demo: an OpenTelemetry Collector configuration.

use std::net::SocketAddr;

/// The backends, which are also the values that spans are routed by.
pub(super) const BACKENDS: [&str; 3] = ["shop", "bank", "media"];
/// The resource attribute that decides.
pub(super) const ROUTED_BY: &str = "service.namespace";
/// The resource attribute that gets a new value, and the value.
pub(super) const REPLACED: (&str, &str) = ("deployment.environment.name", "demo");
/// The resource attribute that must not leave the gateway.
pub(super) const REMOVED: &str = "demo.password";

/// Where the gateway listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) http: SocketAddr,
    pub(super) grpc: SocketAddr,
    pub(super) health: SocketAddr,
    pub(super) metrics: SocketAddr,
}

/// The file: what no rule takes goes to the first backend.
pub(super) fn text(ports: &Ports, backends: &[SocketAddr]) -> String {
    let Ports { http, grpc, health, metrics } = ports;
    let (replaced, value) = REPLACED;
    let mut file = format!(
        r#"extensions:
  health_check:
    endpoint: {health}

receivers:
  otlp:
    protocols:
      grpc:
        endpoint: {grpc}
      http:
        endpoint: {http}

processors:
  memory_limiter:
    check_interval: 1s
    limit_mib: 256
  resource:
    attributes:
      - key: {replaced}
        value: {value}
        action: upsert
      - key: {REMOVED}
        action: delete

connectors:
  routing:
    default_pipelines: [traces/{first}]
    table:
"#,
        first = BACKENDS[0]
    );
    for name in BACKENDS.iter().skip(1) {
        file.push_str(&format!(
            "      - context: resource\n        \
             condition: attributes[\"{ROUTED_BY}\"] == \"{name}\"\n        \
             pipelines: [traces/{name}]\n"
        ));
    }
    file.push_str("\nexporters:\n");
    for (name, addr) in BACKENDS.iter().zip(backends) {
        file.push_str(&format!(
            "  otlphttp/{name}:\n    endpoint: http://{addr}\n    compression: none\n"
        ));
    }
    file.push_str(&format!(
        "\nservice:\n  extensions: [health_check]\n  telemetry:\n    metrics:\n      \
         address: {metrics}\n  pipelines:\n    traces/in:\n      receivers: [otlp]\n      \
         processors: [memory_limiter, resource]\n      exporters: [routing]\n"
    ));
    for name in BACKENDS {
        file.push_str(&format!(
            "    traces/{name}:\n      receivers: [routing]\n      exporters: [otlphttp/{name}]\n"
        ));
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_backend_has_an_exporter_and_a_pipeline() {
        let any = SocketAddr::from(([127, 0, 0, 1], 1));
        let ports = Ports { http: any, grpc: any, health: any, metrics: any };
        let text = text(&ports, &[any; 3]);
        for name in BACKENDS {
            assert!(text.contains(&format!("  otlphttp/{name}:\n")), "{text}");
            assert!(text.contains(&format!("    traces/{name}:\n")), "{text}");
        }
        let indents = text.lines().map(|line| line.len() - line.trim_start().len());
        assert!(indents.max() <= Some(10) && !text.contains('\t'), "{text}");
    }
}
