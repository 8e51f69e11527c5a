//! A flood of connections takes no descriptor from those who look after the gateway, and leaves
//! nothing behind.

#[path = "support/gateway.rs"]
mod gateway;

use gateway::Gateway;
use loadgen::client::{self, Raw};

const CONFIG: &str = "
exporters:
  nop: {}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [nop]}
";

/// Descriptors that the gateway may have.
const LIMIT: u32 = 256;
const CONNECTIONS: usize = 1000;

fn is_served(gateway: &Gateway) -> bool {
    let headers = [("content-type", "application/x-protobuf")];
    let answer = client::post(gateway.http(), "/v1/traces", &headers, b"");
    answer.is_ok_and(|answer| answer.status == 200)
}

#[test]
fn a_thousand_connections_to_a_gateway_of_256_descriptors_cost_it_nothing_but_themselves() {
    let gateway = Gateway::start_within(CONFIG, LIMIT);
    assert!(is_served(&gateway));
    let mut open = Vec::with_capacity(CONNECTIONS);
    for at in 0..CONNECTIONS {
        open.push(Raw::connect(gateway.http()).expect("the kernel takes it in"));
        if at % 50 == 0 {
            let health = client::get(gateway.health(), "/").expect("the health port answers");
            assert_eq!(health.status, 200, "after {at} connections");
        }
    }
    let refused = "spanyard_shard_connections_refused_total";
    let page = gateway.metrics_when("connections refused", |page| page.count(refused, &[]) > 0);
    assert!(page.count("spanyard_shard_connections", &[]) < u64::from(LIMIT));
    drop(open);
    gateway.wait_until("it serves again", || is_served(&gateway));
    assert_eq!(gateway.terminate().code, Some(0));
}
