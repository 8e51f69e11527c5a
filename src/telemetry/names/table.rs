//! The table itself: two lines a series.
//!
//! Collector rows carry the name of its default page; the suffix is what an explicit reader
//! appends. Own names end in their unit, and counters in `_total`, on every page.

use super::{Kind, Origin, Over, Series};

const RECEIVER: &[&str] = &["receiver", "transport"];
const EXPORTER: &[&str] = &["exporter"];
const QUEUE: &[&str] = &["exporter", "data_type"];
const PROCESSOR: &[&str] = &["processor"];
const TARGET: &[&str] = &["service_instance_id", "service_name", "service_version"];
const LEDGER: &[&str] = &["exporter", "reason", "signal", "stage"];
const INGEST: &[&str] = &["receiver", "signal", "transport"];
const EXPORT: &[&str] = &["exporter", "signal"];

/// Seconds from half a millisecond to half a minute.
const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Requests merged in one send.
const MERGED: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

#[rustfmt::skip] // a table reads best with one shape for all rows
pub(super) const COLLECTOR: &[Series] = &[
    received("otelcol_receiver_accepted_spans", "{spans}",
        "Spans taken in."),
    received("otelcol_receiver_accepted_metric_points", "{datapoints}",
        "Metric data points taken in."),
    received("otelcol_receiver_accepted_log_records", "{records}",
        "Log records taken in."),
    received("otelcol_receiver_refused_spans", "{spans}",
        "Spans refused because there was no room for them; the sender was told to try again."),
    received("otelcol_receiver_refused_metric_points", "{datapoints}",
        "Metric data points refused because there was no room for them."),
    received("otelcol_receiver_refused_log_records", "{records}",
        "Log records refused because there was no room for them."),
    received("otelcol_receiver_failed_spans", "{spans}",
        "Spans that failed inside the gateway."),
    received("otelcol_receiver_failed_metric_points", "{datapoints}",
        "Metric data points that failed inside the gateway."),
    received("otelcol_receiver_failed_log_records", "{records}",
        "Log records that failed inside the gateway."),
    exported("otelcol_exporter_sent_spans", "{spans}",
        "Spans the backend has accepted."),
    exported("otelcol_exporter_sent_metric_points", "{datapoints}",
        "Metric data points the backend has accepted."),
    exported("otelcol_exporter_sent_log_records", "{records}",
        "Log records the backend has accepted."),
    exported("otelcol_exporter_send_failed_spans", "{spans}",
        "Spans given up on after the last attempt."),
    exported("otelcol_exporter_send_failed_metric_points", "{datapoints}",
        "Metric data points given up on after the last attempt."),
    exported("otelcol_exporter_send_failed_log_records", "{records}",
        "Log records given up on after the last attempt."),
    exported("otelcol_exporter_enqueue_failed_spans", "{spans}",
        "Spans that found the sending queue full."),
    exported("otelcol_exporter_enqueue_failed_metric_points", "{datapoints}",
        "Metric data points that found the sending queue full."),
    exported("otelcol_exporter_enqueue_failed_log_records", "{records}",
        "Log records that found the sending queue full."),
    queued("otelcol_exporter_queue_size", Over::Sum,
        "Queue slots in use, requests in flight included."),
    queued("otelcol_exporter_queue_capacity", Over::Max,
        "Queue slots in all."),
    limited("otelcol_processor_accepted_spans", "{spans}",
        "Spans the memory limiter let pass."),
    limited("otelcol_processor_accepted_metric_points", "{datapoints}",
        "Metric data points the memory limiter let pass."),
    limited("otelcol_processor_accepted_log_records", "{records}",
        "Log records the memory limiter let pass."),
    limited("otelcol_processor_refused_spans", "{spans}",
        "Spans the memory limiter refused."),
    limited("otelcol_processor_refused_metric_points", "{datapoints}",
        "Metric data points the memory limiter refused."),
    limited("otelcol_processor_refused_log_records", "{records}",
        "Log records the memory limiter refused."),
    process("otelcol_process_uptime", Kind::Counter, "s", "_seconds_total",
        "Seconds since the process started."),
    process("otelcol_process_cpu_seconds", Kind::Counter, "s", "_total",
        "CPU time used, user and system."),
    process("otelcol_process_memory_rss", Kind::Gauge, "By", "_bytes",
        "Resident memory."),
    process("otelcol_process_runtime_heap_alloc_bytes", Kind::Gauge, "By", "",
        "Resident anonymous memory: heap and stacks."),
    process("otelcol_process_runtime_total_sys_memory_bytes", Kind::Gauge, "By", "",
        "Memory the kernel keeps for the process: resident, swapped, page tables."),
    Series { name: "target_info", kind: Kind::Gauge, unit: "1", suffix: "", labels: TARGET,
        over: Over::Scrape, origin: Origin::Collector(""), help: "What runs here." },
];

#[rustfmt::skip] // as above
pub(super) const OWN: &[Series] = &[
    written("spanyard_build_info", "1", &["engine", "version"],
        "Version of the program and the I/O engine in use."),
    written("spanyard_ready", "1", &[],
        "1 when requests are welcome: started, not draining, every shard up."),
    written("spanyard_shards_up", "{shards}", &[],
        "Shards that run."),
    written("spanyard_budget_bytes", "By", &["kind"],
        "The byte budget: limit, soft (no new request above it), held."),
    written("spanyard_spans", "{items}", LEDGER,
        "The ledger in items: routed = delivered + rejected + dropped + queued."),
    written("spanyard_requests", "{requests}", LEDGER,
        "The ledger in copies of incoming requests."),
    written("spanyard_bytes", "By", LEDGER,
        "The ledger in bytes of uncompressed protobuf."),
    written("spanyard_ledger_imbalance_spans", "{items}", &[],
        "How far the ledger is off in spans; anything but 0 is a fault of the gateway."),
    written("spanyard_ledger_imbalance_requests", "{requests}", &[],
        "How far the ledger is off in requests; anything but 0 is a fault of the gateway."),
    written("spanyard_ledger_imbalance_bytes", "By", &[],
        "How far the ledger is off in bytes; anything but 0 is a fault of the gateway."),
    own("spanyard_receiver_requests_total", Kind::Counter, "{requests}", INGEST, Over::Sum,
        "Requests whose body was read to its end."),
    own("spanyard_receiver_bytes_total", Kind::Counter, "By", INGEST, Over::Sum,
        "Bytes of request bodies, as they came."),
    own("spanyard_receiver_refused_requests_total", Kind::Counter, "{requests}", INGEST, Over::Sum,
        "Requests refused for want of room, before or after their body was read."),
    own("spanyard_receiver_malformed_requests_total", Kind::Counter, "{requests}",
        &["reason", "receiver", "signal", "transport"], Over::Sum,
        "Requests that could not be read."),
    own("spanyard_tenant_refused_requests_total", Kind::Counter, "{requests}", &["tenant"],
        Over::Sum, "Requests refused at their head because the tenant was over its quota; tenants \
        without a row in the file share the empty name."),
    own("spanyard_tenant_refused_items_total", Kind::Counter, "{items}", &["tenant"], Over::Sum,
        "Items left out of a request because the tenant of their resource was over its quota."),
    own("spanyard_exporter_attempts_total", Kind::Counter, "{requests}", EXPORT, Over::Sum,
        "Sends begun, retries included."),
    own("spanyard_exporter_retries_total", Kind::Counter, "{requests}", EXPORT, Over::Sum,
        "Sends begun again after a failure."),
    own("spanyard_exporter_answers_total", Kind::Counter, "{requests}",
        &["answer", "exporter", "signal"], Over::Sum,
        "How sends ended."),
    own("spanyard_exporter_sent_bytes_total", Kind::Counter, "By", EXPORT, Over::Sum,
        "Bytes of request bodies sent, as they went out."),
    own("spanyard_exporter_payload_bytes_total", Kind::Counter, "By", EXPORT, Over::Sum,
        "Bytes of request bodies sent, before compression."),
    own("spanyard_exporter_batch_requests", Kind::Histogram(MERGED), "{requests}", EXPORT,
        Over::Sum, "Incoming requests merged in one send."),
    own("spanyard_exporter_latency_seconds", Kind::Histogram(SECONDS), "s", EXPORT, Over::Sum,
        "Time from the begin of a send to the end of its answer."),
    own("spanyard_exporter_oldest_age_seconds", Kind::Gauge, "s", EXPORT, Over::Max,
        "Age of the oldest request that waits."),
    own("spanyard_exporter_breaker_open_shards", Kind::Gauge, "{shards}", EXPORT, Over::Sum,
        "Shards that hold the backend for dead."),
    own("spanyard_shard_connections", Kind::Gauge, "{connections}", &[], Over::Label,
        "Open client connections."),
    own("spanyard_shard_requests_total", Kind::Counter, "{requests}", &[], Over::Label,
        "Requests answered."),
    own("spanyard_shard_received_bytes_total", Kind::Counter, "By", &[], Over::Label,
        "Bytes of request bodies received."),
    own("spanyard_shard_forwarded_bytes_total", Kind::Counter, "By", &["how"], Over::Label,
        "Bytes on their way out: untouched, spliced, copied, recompressed."),
    own("spanyard_shard_pool_free_blocks", Kind::Gauge, "{blocks}", &[], Over::Label,
        "Pool blocks kept for reuse."),
    own("spanyard_shard_panics_total", Kind::Counter, "{panics}", &[], Over::Label,
        "Panics of connections and stages."),
    own("spanyard_shard_accept_errors_total", Kind::Counter, "{errors}", &[], Over::Label,
        "Connections that could not be accepted."),
    own("spanyard_shard_connections_refused_total", Kind::Counter, "{connections}", &[],
        Over::Label,
        "Connections closed at once: no room in the byte budget, or too many file descriptors."),
    own("spanyard_shard_malformed_heads_total", Kind::Counter, "{requests}", &[], Over::Label,
        "Heads over HTTP/1 that break its rules: answered with 400, the connection closed."),
    own("spanyard_shard_handed_connections_total", Kind::Counter, "{connections}", &[],
        Over::Label, "Accepted connections handed to a shard with fewer of them."),
    own("spanyard_shard_tls_failures_total", Kind::Counter, "{connections}", &["reason"],
        Over::Label, "TLS handshakes that failed."),
    own("spanyard_shard_connections_closed_total", Kind::Counter, "{connections}", &["reason"],
        Over::Label, "Connections over HTTP/2 closed for what came on them: flood, protocol."),
    own("spanyard_shard_unknown_paths_total", Kind::Counter, "{requests}", &[], Over::Label,
        "Requests to a path, or calls of a method, that no pipeline takes."),
    own("spanyard_shard_unauthenticated_requests_total", Kind::Counter, "{requests}", &[],
        Over::Label, "Requests whose credentials were missing, wrong, or not to be checked now."),
    own("spanyard_shard_leaving_queues", Kind::Gauge, "{queues}", &[], Over::Label,
        "Queues that a reload replaced or removed, and that are not empty yet."),
    own("spanyard_config_reloads_total", Kind::Counter, "{reloads}", &["result"], Over::Sum,
        "Reloads of the configuration; one that failed has changed nothing."),
    own("spanyard_config_last_reload_success", Kind::Gauge, "1", &[], Over::Sum,
        "1 when what runs is what the files said at the last reload, 0 when they were faulty."),
    own("spanyard_config_last_reload_success_timestamp_seconds", Kind::Gauge, "s", &[], Over::Sum,
        "Unix time at which the configuration that runs was loaded."),
    written("spanyard_config_plans", "{plans}", &[],
        "Configurations in memory: the one that runs, and those that requests began under."),
    own("spanyard_series_refused_total", Kind::Counter, "{series}", &[], Over::Scrape,
        "Series that were not registered: too many, or not in the table."),
    own("spanyard_log_lines_dropped_total", Kind::Counter, "{lines}", &[], Over::Scrape,
        "Log lines dropped because nobody read stderr."),
];

const EXPORTERHELPER: &str = "go.opentelemetry.io/collector/exporter/exporterhelper";

const fn received(name: &'static str, unit: &'static str, help: &'static str) -> Series {
    let scope = "go.opentelemetry.io/collector/receiver/receiverhelper";
    counted(name, unit, RECEIVER, scope, help)
}

const fn exported(name: &'static str, unit: &'static str, help: &'static str) -> Series {
    counted(name, unit, EXPORTER, EXPORTERHELPER, help)
}

const fn limited(name: &'static str, unit: &'static str, help: &'static str) -> Series {
    let scope = "go.opentelemetry.io/collector/processor/memorylimiterprocessor";
    counted(name, unit, PROCESSOR, scope, help)
}

const fn counted(
    name: &'static str,
    unit: &'static str,
    labels: &'static [&'static str],
    scope: &'static str,
    help: &'static str,
) -> Series {
    let (over, origin) = (Over::Sum, Origin::Collector(scope));
    Series { name, kind: Kind::Counter, unit, suffix: "_total", labels, over, origin, help }
}

const fn queued(name: &'static str, over: Over, help: &'static str) -> Series {
    let (kind, origin) = (Kind::Gauge, Origin::Collector(EXPORTERHELPER));
    Series { name, kind, unit: "{batches}", suffix: "", labels: QUEUE, over, origin, help }
}

const fn process(
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    suffix: &'static str,
    help: &'static str,
) -> Series {
    let origin = Origin::Collector("go.opentelemetry.io/collector/service");
    Series { name, kind, unit, suffix, labels: &[], over: Over::Scrape, origin, help }
}

const fn own(
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    labels: &'static [&'static str],
    over: Over,
    help: &'static str,
) -> Series {
    Series { name, kind, unit, suffix: "", labels, over, origin: Origin::Own, help }
}

const fn written(
    name: &'static str,
    unit: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Series {
    own(name, Kind::Gauge, unit, labels, Over::Scrape, help)
}
