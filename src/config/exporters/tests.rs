//! Endpoints, headers, TLS, compression, connections, queues and retries.

use std::time::Duration;

use crate::config::fixture::{around, exporting, messages, plan};
use crate::config::plan::{
    Compression, Destination, GrpcTarget, HttpTarget, Sizer, Target, TlsVersion,
};

fn destination(text: &str) -> Destination {
    plan(text).destinations.remove(0)
}

fn http(settings: &str) -> HttpTarget {
    match destination(&exporting(settings)).target {
        Target::Http(target) => target,
        other => panic!("{other:?}"),
    }
}

/// The gRPC exporter stands in for `otlphttp` in the fixture.
fn grpc_file(settings: &str) -> String {
    around("", "{}", settings).replace("otlphttp", "otlp_grpc/x")
}

fn grpc(settings: &str) -> GrpcTarget {
    match destination(&grpc_file(settings)).target {
        Target::Grpc(target) => target,
        other => panic!("{other:?}"),
    }
}

/// The base URL gets the signal's path, the signal's own URL is used as it is.
#[test]
fn http_endpoints_become_a_peer_and_a_path() {
    let cases = [
        ("endpoint: \"http://a:4318\"", "a", 4318, false, "/v1/traces"),
        ("endpoint: \"http://a:4318/\"", "a", 4318, false, "/v1/traces"),
        ("endpoint: \"https://a.example.com/otlp\"", "a.example.com", 443, true, "/otlp/v1/traces"),
        ("endpoint: \"http://a/x?k=v\"", "a", 80, false, "/x/v1/traces?k=v"),
        ("endpoint: \"http://[::1]:4318\"", "::1", 4318, false, "/v1/traces"),
        ("traces_endpoint: \"http://a:1/in\"", "a", 1, false, "/in"),
        ("traces_endpoint: \"http://a:1\", endpoint: \"http://b:2\"", "a", 1, false, "/"),
    ];
    for (settings, host, port, tls, path) in cases {
        let target = http(&format!("{{{settings}}}"));
        let peer = (target.peer.host.as_str(), target.peer.port, target.peer.tls.is_some());
        assert_eq!((peer, target.path.as_str()), ((host, port, tls), path), "{settings}");
    }
}

/// gRPC speaks TLS unless it is told not to, as in the Collector.
#[test]
fn grpc_endpoints_use_tls_unless_told_not_to() {
    let plain = "tls: {insecure: true}";
    let cases = [
        ("endpoint: \"a:4317\"", "a", 4317, true),
        (&format!("endpoint: \"a:4317\", {plain}"), "a", 4317, false),
        (&format!("endpoint: \"http://a:4317\", {plain}"), "a", 4317, false),
        ("endpoint: \"http://a:4317\"", "a", 4317, true),
        (&format!("endpoint: \"https://a:443\", {plain}"), "a", 443, true),
        (&format!("endpoint: \"dns:///a:4317\", {plain}"), "a", 4317, false),
        (&format!("endpoint: \"[::1]:4317\", {plain}"), "::1", 4317, false),
    ];
    for (settings, host, port, tls) in cases {
        let target = grpc(&format!("{{{settings}}}"));
        let peer = (target.peer.host.as_str(), target.peer.port, target.peer.tls.is_some());
        assert_eq!(peer, (host, port, tls), "{settings}");
    }
    let said = messages(&grpc_file("{endpoint: \"http://a:4317\"}"), 4);
    assert_eq!(said, ["surprising: `http://` does not turn TLS off here, as in the Collector"]);
}

/// Settings of an exporter, and the one thing that is said about them.
const UNUSABLE: &[(&str, &str)] = &[
    ("endpoint: a:4318", "bad-value: the scheme is missing"),
    ("endpoint: \"ftp://a\"", "bad-value: unknown scheme"),
    ("endpoint: \"http://\"", "bad-value: not a URL"),
    ("endpoint: \"http://a:99999\"", "bad-value: no usable host and port"),
    (
        "endpoint: \"http://u:p@a\"",
        "not-supported: a user name or password in a URL is not supported yet",
    ),
    ("metrics_endpoint: \"http://a\"", "missing: no endpoint for traces, which `traces` sends"),
    ("endpoint: \"http://a\", headers: {\"a b\": x}", "bad-value: `a b` is no header name"),
    (
        "endpoint: \"http://a\", headers: {content-type: x}",
        "conflict: `content-type` is written by the exporter itself",
    ),
    (
        "endpoint: \"http://a\", headers: {x: \"${env:LINE}\"}",
        "bad-value: a header's value holds a line break or control character",
    ),
    ("endpoint: \"http://a\", headers: [{name: x}]", "missing: `value` is required"),
    (
        "endpoint: \"http://a\", compression: lz4",
        "not-supported: the compression `lz4` is not supported yet",
    ),
    ("endpoint: \"http://a\", compression: brotli", "bad-value: unknown value"),
    (
        "endpoint: \"http://a\", compression: snappy, compression_params: {level: 3}",
        "conflict: `snappy` has no level",
    ),
    ("endpoint: \"http://a\", compression_params: {level: 10}", "bad-value: out of range"),
    ("endpoint: \"http://a\", tls: {cert_file: x}", "missing: `key_file` is required"),
    (
        "endpoint: \"http://a\", tls: {ca_file: x, ca_pem: y}",
        "conflict: `ca_file` and `ca_pem` exclude each other",
    ),
    (
        "endpoint: \"http://a\", tls: {min_version: \"1.3\", max_version: \"1.2\"}",
        "conflict: must not be below `min_version`",
    ),
    ("endpoint: \"http://a\", tls: {max_version: \"1.1\"}", "bad-value: TLS 1.1 is never spoken"),
    ("endpoint: \"http://a\", tls: {cipher_suites: [RC4]}", "bad-value: unknown value"),
    ("endpoint: \"http://a\", tls: {curve_preferences: [P25]}", "bad-value: unknown value"),
    ("endpoint: \"http://a\", auth: {}", "missing: `authenticator` is required"),
    (
        "endpoint: \"http://a\", auth: {authenticator: nobody}",
        "unknown-reference: no extension `nobody` is defined",
    ),
    ("endpoint: \"http://a\", tls: {min_version: \"2\"}", "bad-value: unknown value"),
    ("endpoint: \"http://a\", tls: {min_version: 1.3}", "wrong-type: wrong type"),
    ("endpoint: \"http://a\", timeout: -1s", "bad-value: a duration cannot be negative"),
    (
        "endpoint: \"http://a\", sending_queue: {storage: file_storage}",
        "not-supported: `storage` is not supported yet",
    ),
    (
        "endpoint: \"http://a\", sending_queue: {blocking: true}",
        "unknown-key: `blocking` has another name now",
    ),
    ("endpoint: \"http://a\", sending_queue: {queue_size: 0}", "bad-value: out of range"),
    (
        "endpoint: \"http://a\", sending_queue: {queue_size: 5, sizer: items, batch: {}}",
        "conflict: `queue_size` is below `batch.min_size`: no batch would ever be full",
    ),
    (
        "endpoint: \"http://a\", sending_queue: {batch: {flush_timeout: 0}}",
        "bad-value: must be positive",
    ),
    (
        "endpoint: \"http://a\", sending_queue: {batch: {max_size: 5}}",
        "conflict: must not be below `min_size`",
    ),
    (
        "endpoint: \"http://a\", sending_queue: {sizer: requests, batch: {}}",
        "bad-value: a batch is measured in items or bytes",
    ),
    ("endpoint: \"http://a\", retry_on_failure: {multiplier: 0.5}", "bad-value: out of range"),
    (
        "endpoint: \"http://a\", retry_on_failure: {randomization_factor: .nan}",
        "bad-value: out of range",
    ),
    ("endpoint: \"http://a\", encoding: json", "not-supported: `encoding` is not supported yet"),
];

/// Each mistake is said once, in its place.
#[test]
fn unusable_settings_of_an_exporter_are_refused() {
    for (settings, expected) in UNUSABLE {
        let said = messages(&exporting(&format!("{{{settings}}}")), 4);
        assert_eq!(said, [*expected], "{settings}");
    }
    let authority = grpc_file("{endpoint: \"a:1\", authority: \"a b\"}");
    assert_eq!(messages(&authority, 4), ["bad-value: not an authority"]);
    let path = messages(&grpc_file("{endpoint: \"https://a:1/x\"}"), 4);
    assert_eq!(path, ["bad-value: not a host and a port"]);
    let without_port = messages(&grpc_file("{endpoint: tempo}"), 4);
    assert_eq!(without_port, ["bad-value: the port is missing"]);
}

/// A header that the connection or the framing needs for itself is left out, and that is said.
#[test]
fn headers_that_would_not_be_sent_are_warned_about_where_they_stand() {
    for (name, grpc) in [
        ("Connection", true),
        ("content-encoding", true),
        ("Content-Length", true),
        ("te", true),
        ("transfer-encoding", true),
        ("connection", false),
        ("Content-Encoding", false),
        ("content-length", false),
        ("Transfer-Encoding", false),
    ] {
        for form in [format!("{{{name}: x}}"), format!("[{{name: {name}, value: x}}]")] {
            let file = if grpc {
                grpc_file(&format!("{{endpoint: \"a:1\", headers: {form}}}"))
            } else {
                exporting(&format!("{{endpoint: \"http://a\", headers: {form}}}"))
            };
            let name = name.to_lowercase();
            let expected = format!("ignored: the header `{name}` is not sent");
            assert_eq!(messages(&file, 4), [expected], "{form}");
        }
    }
}

/// Both forms of headers are read; `Host` is the authority.
#[test]
fn headers_keep_their_order_and_host_is_the_authority() {
    for form in [
        "{X-A: one, Host: b, X-B: \"${env:N}\"}",
        "[{name: X-A, value: one}, {name: Host, value: b}, {name: X-B, value: \"1234\"}]",
    ] {
        let target = http(&format!("{{endpoint: \"http://a:1\", headers: {form}}}"));
        let headers: Vec<(&str, &str)> = target
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().expect("text")))
            .collect();
        assert_eq!(headers, [("x-a", "one"), ("x-b", "1234")], "{form}");
        assert_eq!(target.authority, "b");
        assert!(target.headers.iter().all(|(_, value)| value.is_sensitive()));
    }
}

/// Everything that can be set arrives in the plan.
#[test]
fn settings_of_an_exporter_arrive_in_the_plan() {
    let settings = "{endpoint: \"https://a\", compression: gzip, compression_params: {level: 6}, \
        timeout: 2s, merge: false, tls: {ca_file: /ca, cert_file: /c, key_file: /k, \
        min_version: \"1.3\", server_name_override: b, insecure_skip_verify: true}, \
        retry_on_failure: {initial_interval: 1s, randomization_factor: 0, multiplier: 2, \
        max_interval: 3s, max_elapsed_time: 0}, \
        sending_queue: {num_consumers: 3, queue_size: 4000000, sizer: bytes, \
        block_on_overflow: true, batch: {flush_timeout: 1s, min_size: 5, max_size: 6, \
        partition: {metadata_keys: [X]}}}}";
    let destination = destination(&exporting(settings));
    let Target::Http(target) = &destination.target else { panic!("http") };
    assert_eq!(target.compression, Compression::Gzip(6));
    assert_eq!(target.timeout, Duration::from_secs(2));
    let tls = target.peer.tls.as_ref().expect("https");
    assert!(tls.ca.is_some() && tls.identity.is_some() && tls.skip_verify);
    assert_eq!(tls.min, TlsVersion::V13);
    assert_eq!(tls.server_name.as_deref(), Some("b"));
    let queue = &destination.queue;
    assert_eq!((queue.consumers, queue.capacity, queue.sizer), (3, 4_000_000, Sizer::Bytes));
    assert!(queue.required && !queue.merge);
    let batch = queue.batch.as_ref().expect("on");
    assert_eq!((batch.size_min, batch.size_max, batch.sizer), (5, 6, Sizer::Bytes));
    assert_eq!(batch.metadata_keys, ["x"]);
    let retry = destination.retry.expect("on");
    assert_eq!(
        (retry.initial, retry.interval_max),
        (Duration::from_secs(1), Duration::from_secs(3))
    );
    assert!(retry.elapsed_max.is_zero() && retry.jitter == 0.0 && retry.multiplier == 2.0);
    let off = exporting("{endpoint: \"http://a\", retry_on_failure: {enabled: false}}");
    assert!(plan(&off).destinations[0].retry.is_none());
}

/// Words and levels; where the Collector's default is meant, ours is taken.
#[test]
fn compressions_are_read_with_their_levels() {
    let cases = [
        ("compression: zstd", Compression::Zstd(1)),
        ("compression: zstd, compression_params: {level: 11}", Compression::Zstd(11)),
        ("compression: zlib, compression_params: {level: 9}", Compression::Zlib(9)),
        ("compression: deflate, compression_params: {level: -1}", Compression::Deflate(1)),
        ("compression: snappy", Compression::Snappy),
        ("compression: x-snappy-framed", Compression::SnappyFramed),
        ("compression: \"\"", Compression::None),
        ("compression_params: {level: 0}", Compression::Gzip(1)),
    ];
    for (settings, expected) in cases {
        let target = http(&format!("{{endpoint: \"http://a\", {settings}}}"));
        assert_eq!(target.compression, expected, "{settings}");
    }
    for (word, expected) in [("snappy", Compression::SnappyFramed), ("zstd", Compression::Zstd(1))]
    {
        let target = grpc(&format!("{{endpoint: \"a:1\", compression: {word}}}"));
        assert_eq!(target.compression, expected, "gRPC's snappy is framed");
    }
    let zlib = grpc_file("{endpoint: \"a:1\", compression: zlib}");
    assert_eq!(messages(&zlib, 4), ["bad-value: unknown value"]);
    let costly =
        exporting("{endpoint: \"http://a\", compression: zstd, compression_params: {level: 22}}");
    assert_eq!(messages(&costly, 4), ["surprising: the level is taken for 11"]);
}

#[test]
fn connection_settings_arrive_in_the_plan() {
    let target = grpc(
        "{endpoint: \"a:1\", keepalive: {time: 15s, timeout: 3s, permit_without_stream: true}}",
    );
    let keepalive = target.connection.keepalive.expect("on");
    let seconds = Duration::from_secs;
    assert_eq!(
        (keepalive.time, keepalive.timeout, keepalive.idle),
        (seconds(15), seconds(3), true)
    );
    assert_eq!(grpc("{endpoint: \"a:1\"}").connection.keepalive, None);
    let hasty = grpc_file("{endpoint: \"a:1\", keepalive: {time: 1s}}");
    assert_eq!(messages(&hasty, 4), ["surprising: pings leave every 10s at most"]);
    assert!(http("{endpoint: \"http://a\", disable_keep_alives: true}").connection.single_use);
    let few = destination(&exporting("{endpoint: \"http://a\", max_conns_per_host: 2}"));
    assert_eq!(few.queue.consumers, 2);
}

#[test]
fn a_queue_that_is_off_or_waits_makes_its_destination_required() {
    for (settings, merge) in [("enabled: false", false), ("wait_for_result: true", true)] {
        let text = exporting(&format!("{{endpoint: \"http://a\", sending_queue: {{{settings}}}}}"));
        let queue = destination(&text).queue;
        assert!(queue.waits && queue.required, "{settings}");
        assert_eq!(queue.merge, merge, "{settings}");
    }
}
