//! The table of keys that are known and not read: scope of the section, key, verdict.

use super::Verdict::{self, Ignored, NotYet, NotYetUnless, Renamed};

/// Why keys of the Go program mean nothing here.
pub(super) const NO_GO: &str = "there is no garbage collector to tune here";
const BUFFERS: &str = "buffer sizes are chosen by the gateway";
const POOL: &str = "connections are kept open and bounded by `sending_queue.num_consumers`";
const NO_PARAMETERS: &str = "what clients say of themselves belongs into a header";
const SERVER_TRUST: &str = "it is for clients: `client_ca_file` says whose clients are let in";
const LOGGER: &str = "logs go where `output_paths` says, with `level` and `encoding` as set";

/// Keys: scope of the table, key, verdict.
pub(super) const KEYS: &[(&str, &str, Verdict)] = &[
    ("receivers.otlp.protocols.grpc", "middlewares", NotYet("")),
    ("receivers.otlp.protocols.grpc", "read_buffer_size", Ignored(BUFFERS)),
    ("receivers.otlp.protocols.grpc", "write_buffer_size", Ignored(BUFFERS)),
    ("receivers.otlp.protocols.http.auth", "request_params", NotYet(NO_PARAMETERS)),
    ("receivers.otlp.protocols.http", "middlewares", NotYet("")),
    ("receivers.otlp.protocols.*.tls", "ca_file", Ignored(SERVER_TRUST)),
    ("receivers.otlp.protocols.*.tls", "ca_pem", Ignored(SERVER_TRUST)),
    ("receivers.otlp.protocols.*.tls", "include_system_ca_certs_pool", Ignored(SERVER_TRUST)),
    (
        "receivers.otlp.protocols.*.tls",
        "include_insecure_cipher_suites",
        NotYetUnless(&["false"], ""),
    ),
    ("receivers.otlp.protocols.*.tls", "tpm", NotYet("")),
    ("processors.memory_limiter", "min_gc_interval_when_soft_limited", Ignored(NO_GO)),
    ("processors.memory_limiter", "min_gc_interval_when_hard_limited", Ignored(NO_GO)),
    ("processors.memory_limiter", "max_gc_interval_when_soft_limited", Ignored(NO_GO)),
    ("processors.memory_limiter", "max_gc_interval_when_hard_limited", Ignored(NO_GO)),
    (
        "processors.batch",
        "metadata_cardinality_limit",
        Ignored("1,000 combinations may wait at once; they cost nothing once their batch has left"),
    ),
    ("exporters.otlp", "middlewares", NotYet("")),
    (
        "exporters.otlp",
        "balancer_name",
        Ignored("each connection takes one of the addresses that the name resolves to"),
    ),
    ("exporters.otlp", "wait_for_ready", Ignored("the queue waits for the connection anyway")),
    ("exporters.otlp", "user_agent", Ignored("the Collector does not send it either")),
    ("exporters.otlp", "read_buffer_size", Ignored(BUFFERS)),
    ("exporters.otlp", "write_buffer_size", Ignored(BUFFERS)),
    ("exporters.otlp", "batcher", Renamed("sending_queue.batch")),
    ("exporters.otlphttp", "cookies", NotYet("")),
    ("exporters.otlphttp", "middlewares", NotYet("")),
    ("exporters.otlphttp", "proxy_url", NotYetUnless(&[""], "")),
    ("exporters.otlphttp", "encoding", NotYetUnless(&["proto"], "use proto")),
    ("exporters.otlphttp", "max_idle_conns", Ignored(POOL)),
    ("exporters.otlphttp", "max_idle_conns_per_host", Ignored(POOL)),
    ("exporters.otlphttp", "idle_conn_timeout", Ignored(POOL)),
    (
        "exporters.otlphttp",
        "http2_read_idle_timeout",
        Ignored("backends are spoken to in HTTP/1.1"),
    ),
    ("exporters.otlphttp", "http2_ping_timeout", Ignored("backends are spoken to in HTTP/1.1")),
    ("exporters.otlphttp", "force_attempt_http2", Ignored("backends are spoken to in HTTP/1.1")),
    ("exporters.otlphttp", "read_buffer_size", Ignored(BUFFERS)),
    ("exporters.otlphttp", "write_buffer_size", Ignored(BUFFERS)),
    ("exporters.otlphttp", "profiles_endpoint", Ignored("there is no pipeline for profiles")),
    ("exporters.otlphttp", "batcher", Renamed("sending_queue.batch")),
    ("exporters.*.tls", "include_insecure_cipher_suites", NotYetUnless(&["false"], "")),
    ("exporters.*.tls", "tpm", NotYet("")),
    ("exporters.*.sending_queue", "storage", NotYet("the queue is in memory")),
    ("exporters.*.sending_queue", "blocking", Renamed("block_on_overflow")),
    ("exporters.*.sending_queue.batch", "min_size_items", Renamed("min_size")),
    ("exporters.*.sending_queue.batch", "max_size_items", Renamed("max_size")),
    ("exporters.debug", "sampling_initial", Ignored(ONE_LINE)),
    ("exporters.debug", "sampling_thereafter", Ignored(ONE_LINE)),
    ("exporters.debug", "use_internal_logger", Ignored(ONE_LINE)),
    ("exporters.debug", "output_paths", Ignored(ONE_LINE)),
    ("exporters.debug", "sending_queue", Ignored("a summary is never queued")),
    ("exporters.debug", "loglevel", Ignored(ONE_LINE)),
    ("extensions.basicauth.client_auth", "aws_secrets_manager", NotYet("use `password_file`")),
    (
        "extensions.headers_setter.headers",
        "from_attribute",
        NotYet("what an authenticator learned is not kept; use `from_context`"),
    ),
    ("extensions.health_check", "tls", NotYet("")),
    ("extensions.health_check", "auth", NotYet("")),
    ("extensions.health_check", "cors", NotYet("")),
    ("extensions.health_check", "response_headers", NotYet("")),
    ("extensions.health_check", "grpc", NotYet("probe `http` meanwhile")),
    ("extensions.health_check.http", "tls", NotYet("")),
    ("extensions.health_check.http", "auth", NotYet("")),
    ("extensions.health_check.http", "cors", NotYet("")),
    ("extensions.health_check.http", "response_headers", NotYet("")),
    (
        "extensions.health_check",
        "check_collector_pipeline",
        Ignored("it has no effect in the Collector either"),
    ),
    ("service.telemetry.metrics", "views", Ignored("the metrics page has no views")),
    ("service.telemetry.logs", "processors", Ignored(LOGGER)),
    ("service.telemetry.logs", "disable_zap_resource", Ignored(LOGGER)),
    (
        "service.telemetry.metrics.readers.pull.exporter.prometheus",
        "with_resource_constant_labels",
        NotYet(""),
    ),
];

const ONE_LINE: &str = "the exporter prints one summary line a second";
