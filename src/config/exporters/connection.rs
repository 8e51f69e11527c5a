//! How an exporter keeps its connections.

use std::time::Duration;

use crate::config::decode::Section;
use crate::config::keys::{Table, key};
use crate::config::plan::{ConnectionPlan, Keepalive, QueuePlan};
use crate::config::problems::Code;
use crate::config::report::Fault;

pub(in crate::config) const KEEPALIVE: Table = Table {
    scope: "exporters.otlp.keepalive",
    keys: &[
        key("enabled", "boolean", "true", "false: no pings"),
        key("time", "duration", "10s", "ping after this long; less than 10s is taken for 10s"),
        key("timeout", "duration", "10s", "close without an answer by then"),
        key("permit_without_stream", "boolean", "false", "while nothing is sent as well"),
    ],
};

/// gRPC clients never ping more often.
const PING_MIN: Duration = Duration::from_secs(10);

/// `keepalive`; `None`: no pings.
pub(super) fn keepalive(exporter: &Section<'_>) -> Option<Keepalive> {
    let section = exporter.get("keepalive")?.optional_section(&KEEPALIVE)?;
    let time = section.duration("time", PING_MIN);
    let timeout = section.duration("timeout", Duration::from_secs(10));
    let idle = section.boolean("permit_without_stream", false);
    if time.is_zero() {
        return None;
    }
    if time < PING_MIN
        && let Some(field) = section.get("time")
    {
        let fault = Fault::new(Code::Surprising, "pings leave every 10s at most");
        field.warning(fault.hint("more often, and backends close the connection"));
    }
    let timeout = if timeout.is_zero() { Duration::from_secs(20) } else { timeout };
    Some(Keepalive { time: time.max(PING_MIN), timeout, idle })
}

/// What an HTTP exporter says of its connections.
pub(super) fn http(exporter: &Section<'_>) -> ConnectionPlan {
    let single_use = exporter.boolean("disable_keep_alives", false);
    ConnectionPlan { single_use, keepalive: None }
}

/// `max_conns_per_host`: each consumer has one connection.
pub(super) fn bounded(exporter: &Section<'_>, mut queue: QueuePlan) -> QueuePlan {
    let most = exporter.whole("max_conns_per_host", 0, 0, u64::from(u32::MAX));
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if most > 0 {
        queue.consumers = queue.consumers.min(most);
    }
    queue
}
