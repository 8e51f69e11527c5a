//! What is said at start: what listens where, and where the byte budget comes from.

use super::doors::{AdminAddresses, Door, Doors};
use crate::config::plan::Plan;
use crate::telemetry::names::Transport;
use crate::units::MIB;

/// Logs one line for each open door.
pub(super) fn announce(plan: &Plan, doors: &Doors, admin: AdminAddresses, shards: usize) {
    for receiver in &plan.receivers {
        let id = receiver.id.as_str();
        if let Some(grpc) = &receiver.grpc {
            let address = doors.bound(&Door::new(id, Transport::Grpc, grpc.endpoint));
            tracing::info!(receiver = id, %address, "OTLP/gRPC");
        }
        if let Some(http) = &receiver.http {
            let address = doors.bound(&Door::new(id, Transport::Http, http.endpoint));
            tracing::info!(receiver = id, %address, "OTLP/HTTP");
        }
    }
    if let Some(address) = admin.health {
        tracing::info!(%address, "health");
    }
    if let Some(address) = admin.metrics {
        tracing::info!(%address, path = "/metrics", "metrics");
    }
    let limit_mib = plan.budget.limit / MIB;
    if plan.budget.derived {
        tracing::info!(limit_mib, "byte budget: 40 % of the memory, as no memory_limiter is set");
    } else {
        tracing::info!(limit_mib, "byte budget");
    }
    tracing::info!(shards, engine = "epoll", "ready");
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
