//! What is said at start: what listens where, and where the byte budget comes from; after a reload,
//! what has been opened.

use super::doors::{self, AdminAddresses, Door, Doors};
use crate::config::plan::Plan;
use crate::runtime::engine::Carrier;
use crate::telemetry::names::Transport;
use crate::units::MIB;

/// Logs one line for each receiver's door that is open now and was not among `before`.
pub(super) fn announce_receivers(plan: &Plan, open: &Doors, before: &Doors) {
    for receiver in &plan.receivers {
        let id = receiver.id.as_str();
        let opened = |transport, endpoint| {
            let door = Door::new(id, transport, endpoint);
            (!before.has(&door)).then(|| open.bound(&door))
        };
        let grpc = receiver.grpc.as_ref().map(|grpc| &grpc.endpoint);
        if let Some(address) = grpc.and_then(|endpoint| opened(Transport::Grpc, endpoint)) {
            tracing::info!(receiver = id, %address, "OTLP/gRPC");
        }
        let http = receiver.http.as_ref().map(|http| &http.endpoint);
        if let Some(address) = http.and_then(|endpoint| opened(Transport::Http, endpoint)) {
            tracing::info!(receiver = id, %address, "OTLP/HTTP");
        }
        let http3 = receiver.http.as_ref().filter(|http| doors::takes_http3(http));
        let door = http3.map(|http| Door::new(id, Transport::Http, &http.endpoint));
        if let Some(door) = door.filter(|door| !before.has_datagrams(door)) {
            tracing::info!(receiver = id, address = %open.bound(&door), "OTLP/HTTP over HTTP/3");
        }
    }
}

/// Logs one line for each open door, and what else a start is worth saying of.
pub(super) fn announce(
    plan: &Plan,
    doors: &Doors,
    admin: AdminAddresses,
    (shards, carrier): (usize, Carrier),
) {
    announce_receivers(plan, doors, &Doors::default());
    if let Some(address) = admin.health {
        tracing::info!(%address, "health");
    }
    if let Some(address) = admin.metrics {
        tracing::info!(%address, path = "/metrics", "metrics");
    }
    if let Some(address) = admin.control {
        tracing::info!(%address, path = "/-/reload", "admin");
    }
    let limit_mib = plan.budget.limit / MIB;
    if plan.budget.derived {
        tracing::info!(limit_mib, "byte budget: 40 % of the memory, as no memory_limiter is set");
    } else {
        tracing::info!(limit_mib, "byte budget");
    }
    tracing::info!(shards, engine = carrier.name(), "ready");
    for destination in &plan.destinations {
        let consumers = destination.queue.consumers;
        if destination.is_real() && consumers < shards {
            let exporter = destination.exporter.as_str();
            tracing::info!(
                exporter,
                consumers,
                raised_to = shards,
                "one consumer a shard at least"
            );
        }
    }
}
