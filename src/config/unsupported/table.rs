//! The table of keys that are known and not read: scope of the section, key, verdict.

use super::Verdict::{self, Ignored, NotYet, NotYetUnless, Renamed};

/// Why keys of the Go program mean nothing here.
pub(super) const NO_GO: &str = "there is no garbage collector to tune here";
const BUFFERS: &str = "buffer sizes are chosen by the gateway";
const POOL: &str = "connections are kept open and bounded by `sending_queue.num_consumers`";
const RECEIVER_TLS: &str = "end TLS in front of the gateway meanwhile";
const LOGGER: &str = "logs go to standard error, with `level` and `encoding` as set";

/// Keys: scope of the table, key, verdict.
pub(super) const KEYS: &[(&str, &str, Verdict)] = &[
    ("receivers.otlp.protocols.grpc", "tls", NotYet(RECEIVER_TLS)),
    ("receivers.otlp.protocols.grpc", "auth", NotYet("")),
    ("receivers.otlp.protocols.grpc", "keepalive", NotYet("")),
    ("receivers.otlp.protocols.grpc", "middlewares", NotYet("")),
    (
        "receivers.otlp.protocols.grpc",
        "transport",
        NotYetUnless(&["tcp"], "use tcp"),
    ),
    (
        "receivers.otlp.protocols.grpc",
        "read_buffer_size",
        Ignored(BUFFERS),
    ),
    (
        "receivers.otlp.protocols.grpc",
        "write_buffer_size",
        Ignored(BUFFERS),
    ),
    ("receivers.otlp.protocols.http", "tls", NotYet(RECEIVER_TLS)),
    ("receivers.otlp.protocols.http", "auth", NotYet("")),
    ("receivers.otlp.protocols.http", "cors", NotYet("")),
    (
        "receivers.otlp.protocols.http",
        "response_headers",
        NotYet(""),
    ),
    (
        "receivers.otlp.protocols.http",
        "compression_algorithms",
        NotYet(""),
    ),
    ("receivers.otlp.protocols.http", "middlewares", NotYet("")),
    (
        "receivers.otlp.protocols.http",
        "read_timeout",
        NotYetUnless(ZERO, ""),
    ),
    (
        "receivers.otlp.protocols.http",
        "read_header_timeout",
        NotYetUnless(ZERO, ""),
    ),
    (
        "receivers.otlp.protocols.http",
        "write_timeout",
        NotYetUnless(ZERO, ""),
    ),
    (
        "receivers.otlp.protocols.http",
        "idle_timeout",
        NotYetUnless(ZERO, ""),
    ),
    (
        "receivers.otlp.protocols.http",
        "keep_alives_enabled",
        NotYetUnless(&["true"], ""),
    ),
    (
        "receivers.otlp.protocols.http",
        "transport",
        NotYetUnless(&["tcp"], "use tcp"),
    ),
    (
        "processors.memory_limiter",
        "min_gc_interval_when_soft_limited",
        Ignored(NO_GO),
    ),
    (
        "processors.memory_limiter",
        "min_gc_interval_when_hard_limited",
        Ignored(NO_GO),
    ),
    (
        "processors.memory_limiter",
        "max_gc_interval_when_soft_limited",
        Ignored(NO_GO),
    ),
    (
        "processors.memory_limiter",
        "max_gc_interval_when_hard_limited",
        Ignored(NO_GO),
    ),
    (
        "processors.batch",
        "metadata_cardinality_limit",
        Ignored("combinations cost nothing once their batch has left; there is no limit to set"),
    ),
    (
        "processors.resource.attributes",
        "pattern",
        NotYet("name each key"),
    ),
    (
        "processors.resource.attributes",
        "converted_type",
        NotYet(""),
    ),
    (
        "processors.resource.attributes",
        "default_value",
        NotYet("insert the default afterwards"),
    ),
    ("exporters.otlp", "auth", NotYet("set `headers`")),
    ("exporters.otlp", "keepalive", NotYet("")),
    ("exporters.otlp", "middlewares", NotYet("")),
    (
        "exporters.otlp",
        "balancer_name",
        Ignored("each connection takes one of the addresses that the name resolves to"),
    ),
    (
        "exporters.otlp",
        "wait_for_ready",
        Ignored("the queue waits for the connection anyway"),
    ),
    (
        "exporters.otlp",
        "user_agent",
        Ignored("the Collector does not send it either"),
    ),
    ("exporters.otlp", "read_buffer_size", Ignored(BUFFERS)),
    ("exporters.otlp", "write_buffer_size", Ignored(BUFFERS)),
    ("exporters.otlp", "batcher", Renamed("sending_queue.batch")),
    ("exporters.otlphttp", "auth", NotYet("set `headers`")),
    ("exporters.otlphttp", "cookies", NotYet("")),
    ("exporters.otlphttp", "middlewares", NotYet("")),
    ("exporters.otlphttp", "proxy_url", NotYetUnless(&[""], "")),
    (
        "exporters.otlphttp",
        "encoding",
        NotYetUnless(&["proto"], "use proto"),
    ),
    (
        "exporters.otlphttp",
        "disable_keep_alives",
        NotYetUnless(&["false"], ""),
    ),
    (
        "exporters.otlphttp",
        "max_conns_per_host",
        NotYetUnless(&["0"], POOL),
    ),
    ("exporters.otlphttp", "max_idle_conns", Ignored(POOL)),
    (
        "exporters.otlphttp",
        "max_idle_conns_per_host",
        Ignored(POOL),
    ),
    ("exporters.otlphttp", "idle_conn_timeout", Ignored(POOL)),
    (
        "exporters.otlphttp",
        "http2_read_idle_timeout",
        Ignored("backends are spoken to in HTTP/1.1"),
    ),
    (
        "exporters.otlphttp",
        "http2_ping_timeout",
        Ignored("backends are spoken to in HTTP/1.1"),
    ),
    (
        "exporters.otlphttp",
        "force_attempt_http2",
        Ignored("backends are spoken to in HTTP/1.1"),
    ),
    ("exporters.otlphttp", "read_buffer_size", Ignored(BUFFERS)),
    ("exporters.otlphttp", "write_buffer_size", Ignored(BUFFERS)),
    (
        "exporters.otlphttp",
        "profiles_endpoint",
        Ignored("there is no pipeline for profiles"),
    ),
    (
        "exporters.otlphttp",
        "batcher",
        Renamed("sending_queue.batch"),
    ),
    ("exporters.*.tls", "ca_pem", NotYet("use `ca_file`")),
    ("exporters.*.tls", "cert_pem", NotYet("use `cert_file`")),
    ("exporters.*.tls", "key_pem", NotYet("use `key_file`")),
    (
        "exporters.*.tls",
        "include_system_ca_certs_pool",
        NotYetUnless(&["false"], ""),
    ),
    (
        "exporters.*.tls",
        "max_version",
        NotYetUnless(&["", "1.3"], ""),
    ),
    ("exporters.*.tls", "cipher_suites", NotYet("")),
    (
        "exporters.*.tls",
        "include_insecure_cipher_suites",
        NotYetUnless(&["false"], ""),
    ),
    ("exporters.*.tls", "curve_preferences", NotYet("")),
    (
        "exporters.*.tls",
        "reload_interval",
        NotYetUnless(ZERO, "files are read at the start"),
    ),
    ("exporters.*.tls", "tpm", NotYet("")),
    (
        "exporters.*.sending_queue",
        "storage",
        NotYet("the queue is in memory"),
    ),
    (
        "exporters.*.sending_queue",
        "blocking",
        Renamed("block_on_overflow"),
    ),
    (
        "exporters.*.sending_queue.batch",
        "min_size_items",
        Renamed("min_size"),
    ),
    (
        "exporters.*.sending_queue.batch",
        "max_size_items",
        Renamed("max_size"),
    ),
    ("exporters.debug", "sampling_initial", Ignored(ONE_LINE)),
    ("exporters.debug", "sampling_thereafter", Ignored(ONE_LINE)),
    ("exporters.debug", "use_internal_logger", Ignored(ONE_LINE)),
    ("exporters.debug", "output_paths", Ignored(ONE_LINE)),
    (
        "exporters.debug",
        "sending_queue",
        Ignored("a summary is never queued"),
    ),
    ("exporters.debug", "loglevel", Ignored(ONE_LINE)),
    ("extensions.health_check", "tls", NotYet("")),
    ("extensions.health_check", "auth", NotYet("")),
    ("extensions.health_check", "cors", NotYet("")),
    ("extensions.health_check", "response_body", NotYet("")),
    ("extensions.health_check", "response_headers", NotYet("")),
    (
        "extensions.health_check",
        "use_v2",
        NotYetUnless(&["false"], ""),
    ),
    ("extensions.health_check", "http", NotYet("")),
    ("extensions.health_check", "grpc", NotYet("")),
    ("extensions.health_check", "component_health", NotYet("")),
    (
        "extensions.health_check",
        "check_collector_pipeline",
        Ignored("it has no effect in the Collector either"),
    ),
    (
        "service.telemetry",
        "resource",
        Ignored("the gateway sends no telemetry of its own yet"),
    ),
    (
        "service.telemetry",
        "traces",
        Ignored("the gateway sends no traces of its own"),
    ),
    (
        "service.telemetry.metrics",
        "views",
        Ignored("the metrics page has no views"),
    ),
    ("service.telemetry.logs", "development", Ignored(LOGGER)),
    ("service.telemetry.logs", "disable_caller", Ignored(LOGGER)),
    (
        "service.telemetry.logs",
        "disable_stacktrace",
        Ignored(LOGGER),
    ),
    (
        "service.telemetry.logs",
        "sampling",
        Ignored("repeated warnings are rate-limited as built"),
    ),
    ("service.telemetry.logs", "output_paths", Ignored(LOGGER)),
    (
        "service.telemetry.logs",
        "error_output_paths",
        Ignored(LOGGER),
    ),
    ("service.telemetry.logs", "initial_fields", Ignored(LOGGER)),
    ("service.telemetry.logs", "processors", Ignored(LOGGER)),
    (
        "service.telemetry.metrics.readers",
        "periodic",
        NotYet("scrape the metrics page"),
    ),
    (
        "service.telemetry.metrics.readers.pull.exporter.prometheus",
        "with_resource_constant_labels",
        NotYet(""),
    ),
];

/// Durations that mean "off", as they may be written.
const ZERO: &[&str] = &["0", "0s", "0ms", "0m"];
const ONE_LINE: &str = "the exporter prints one summary line a second";
