"""What pipelines do with whole requests: fan-out, connectors, chains, batches, exporters; and that
nothing is lost of messages that use every field."""

import gzip

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from otlp import (
    Send, counter, encoded, gauge, group, histogram, log, logs, metrics, pairs, span,
    traces,
)  # fmt: skip
from rows import Differs, Row, exporter

SHOP = {"service.name": "shop", "env": "prod"}
ONE = traces(group(SHOP, [span("a", {"k": 1}), span("b", {"k": 2}, number=2)]))
MARK = "resource/@{0}: {{attributes: [{{key: mark, value: '{0}', action: upsert}}]}}"


def marks(letters):
    return "\n".join(MARK.format(letter) for letter in letters)


def row(name, send, **options):
    return Row(f"pipelines/{name}", send if isinstance(send, list) else [send], **options)


def rich_span():
    made = span("everything", {"a": 1, "b": [1, {"c": b"x"}]}, 5, 77)
    made.trace_state = "a=1,b=2"
    made.parent_span_id = b"\x09" * 8
    made.flags = 0x301
    made.dropped_attributes_count = 3
    made.dropped_events_count = 4
    made.dropped_links_count = 5
    made.status.code = 2
    made.status.message = "broke"
    for number in range(2):
        event = made.events.add(time_unix_nano=number + 1, name=f"event {number}")
        event.attributes.extend(pairs({"e": number, "m": {"x": None}}))
        event.dropped_attributes_count = number
        link = made.links.add(trace_id=b"\x05" * 16, span_id=b"\x06" * 8, trace_state="z=9")
        link.attributes.extend(pairs({"l": True}))
        link.flags = 1
    return made


def rich_metrics():
    exponential = Metric(name="exp", description="d", unit="By")
    exponential.exponential_histogram.aggregation_temporality = 2
    point = exponential.exponential_histogram.data_points.add(
        count=5, sum=9.5, scale=-3, zero_count=1, zero_threshold=0.25, min=-1.0, max=8.0, flags=1
    )
    point.positive.offset = -2
    point.positive.bucket_counts.extend([1, 2, 0, 300])
    point.negative.offset = 7
    point.negative.bucket_counts.extend([1])
    point.attributes.extend(pairs({"k": "v"}))
    exemplar = point.exemplars.add(time_unix_nano=9, as_int=-4, trace_id=b"\x01" * 16)
    exemplar.filtered_attributes.extend(pairs({"f": 1.5}))
    summary = Metric(name="sum")
    found = summary.summary.data_points.add(count=2, sum=3.5, start_time_unix_nano=1)
    found.quantile_values.add(quantile=0.5, value=1.0)
    found.quantile_values.add(quantile=0.99, value=float("inf"))
    with_metadata = gauge("meta", {"k": "v"}, float("nan"))
    with_metadata.metadata.extend(pairs({"source": "x"}))
    bounds = histogram("bounds")
    bounds.histogram.data_points[0].min = 0.0
    bounds.histogram.data_points[0].max = 9.0
    return [exponential, summary, with_metadata, bounds, counter("c", {}, -3), Metric(name="none")]


def rich_log():
    made = log({"a": [1, None, {"b": b"\x00"}]}, {"k": "v", "n": None}, 24, "FATAL4")
    made.observed_time_unix_nano = 5
    made.flags = 1
    made.dropped_attributes_count = 2
    made.trace_id = b"\x0a" * 16
    made.span_id = b"\x0b" * 8
    made.event_name = "boot"
    return made


def reordered(groups):
    """The request with fields in an order no encoder here makes: scope_spans, schema, resource."""
    whole = ExportTraceServiceRequest.FromString(encoded("traces", groups))
    out = b""
    for each in whole.resource_spans:
        parts = [b"\x12" + sized(scope.SerializeToString()) for scope in each.scope_spans]
        parts.append(b"\x1a" + sized(each.schema_url.encode()))
        parts.append(b"\x0a" + sized(each.resource.SerializeToString()))
        out += b"\x0a" + sized(b"".join(parts))
    return Send("traces", out)


def sized(inner, padded=False):
    length, out = len(inner), b""
    while length >= 0x80:
        out += bytes([length & 0x7F | 0x80])
        length >>= 7
    if padded:
        return out + bytes([length | 0x80, 0x80, 0x00]) + inner
    return out + bytes([length]) + inner


def with_unknown(at):
    """A request with a field that no one knows at one of three depths."""
    unknown = b"\xf2\x3f\x03abc"
    inner = span().SerializeToString() + (unknown if at == "span" else b"")
    resource = b"".join(b"\x0a" + sized(pair.SerializeToString()) for pair in pairs({"a": 1}))
    resource += unknown if at == "resource" else b""
    body = b"\x0a" + sized(resource) + b"\x12" + sized(b"\x12" + sized(inner))
    body += unknown if at == "group" else b""
    return Send("traces", b"\x0a" + sized(body))


def split_resource():
    """A group whose resource comes in two pieces, which protobuf merges."""
    both = [b"\x0a" + sized(pair.SerializeToString()) for pair in pairs({"a": 1, "b": 2})]
    pieces = [b"\x0a" + sized(resource) for resource in both]
    spans = b"\x12" + sized(b"\x12" + sized(span().SerializeToString()))
    return Send("traces", b"\x0a" + sized(pieces[0] + spans + pieces[1]))


def padded():
    inner = b"\x12" + sized(b"\x12" + sized(span().SerializeToString(), True), True)
    resource = b"\x0a" + sized(b"\x0a" + sized(pairs({"a": 1})[0].SerializeToString(), True), True)
    return Send("traces", b"\x0a" + sized(resource + inner, True))


def deprecated():
    """Spans below instrumentation_library_spans, field 1000, as clients before 2022 sent them."""
    library = b"\x0a" + sized(b"\x0a\x03old")
    spans = b"\x12" + sized(span().SerializeToString())
    return Send("traces", b"\x0a" + sized(b"\xc2\x3e" + sized(library + spans)))


TARGETS = "exporters: [otlphttp/@a, otlphttp/@b]"
GRPC = "otlp/@{0}: {{endpoint: '127.0.0.1:GRPC_BACKEND', tls: {{insecure: true}}, {1}"
GRPC += "headers: {{x-parity: '@/{0}', x-more: yes-{0}}}, retry_on_failure: {{enabled: false}}}}"
ALL_SIGNALS = [
    traces(group(SHOP, [rich_span()])),
    metrics(group(SHOP, rich_metrics())),
    logs(group(SHOP, [rich_log(), log()])),
]
PROTO = Differs("exporters speak protobuf only, so far", ["answer 200"], ["refused"])
KEPT = "unknown fields are kept, the Collector loses them"

ROWS = [
    row("fan-out", ONE, fan="ab"),
    row("fan-out-three", ONE, fan="abc", processors=marks("x"), chain=["resource/@x"]),
    row("fan-out-metrics", metrics(group(SHOP)), fan="ab"),
    row("fan-out-logs", logs(group(SHOP)), fan="ab"),
    row("fan-out-with-debug-and-nop", ONE,
        exporters=exporter("a") + "\nnop/@: {}\ndebug/@: {verbosity: basic}",
        pipelines="traces/@: {receivers: [otlp/@], exporters: [nop/@, otlphttp/@a, debug/@]}"),
    row("only-nop", ONE, exporters="nop/@: {}",
        pipelines="traces/@: {receivers: [otlp/@], exporters: [nop/@]}"),
    row("two-pipelines-edit-apart", ONE, fan="ab", processors=marks("xy"),
        pipelines="traces/@x: {receivers: [otlp/@], processors: [resource/@x], "
        "exporters: [otlphttp/@a]}\n"
        "traces/@y: {receivers: [otlp/@], processors: [resource/@y], exporters: [otlphttp/@b]}"),
    row("one-pipeline-edits", ONE, fan="ab", processors=marks("x"),
        pipelines="traces/@x: {receivers: [otlp/@], processors: [resource/@x], "
        "exporters: [otlphttp/@a]}\ntraces/@y: {receivers: [otlp/@], exporters: [otlphttp/@b]}"),
    row("exporter-in-two-pipelines", ONE, joined=True,
        pipelines="traces/@x: {receivers: [otlp/@], exporters: [otlphttp/@a]}\n"
        "traces/@y: {receivers: [otlp/@], exporters: [otlphttp/@a]}"),
    row("exporter-in-two-pipelines-edited", ONE, joined=True, processors=marks("xy"),
        pipelines="traces/@x: {receivers: [otlp/@], processors: [resource/@x], "
        "exporters: [otlphttp/@a]}\n"
        "traces/@y: {receivers: [otlp/@], processors: [resource/@y], exporters: [otlphttp/@a]}"),
    row("exporter-listed-twice", ONE,
        pipelines="traces/@: {receivers: [otlp/@], exporters: [otlphttp/@a, otlphttp/@a]}"),
    row("receiver-listed-twice", ONE,
        pipelines="traces/@: {receivers: [otlp/@, otlp/@], exporters: [otlphttp/@a]}"),
    row("processor-in-two-pipelines", ONE, fan="ab", processors=marks("x"),
        pipelines="traces/@x: {receivers: [otlp/@], processors: [resource/@x], "
        "exporters: [otlphttp/@a]}\n"
        "traces/@y: {receivers: [otlp/@], processors: [resource/@x], exporters: [otlphttp/@b]}"),
    row("two-receivers", ONE,
        receivers="otlp/@x: {protocols: {http: {endpoint: '127.0.0.1:HTTP_PORT'}}}\n"
        "otlp/@y: {protocols: {http: {endpoint: '127.0.0.1:GRPC_PORT'}}}",
        pipelines="traces/@: {receivers: [otlp/@x, otlp/@y], exporters: [otlphttp/@a]}"),
    row("three-signals", ALL_SIGNALS),
    row("three-signals-edited", ALL_SIGNALS, processors=marks("x"), chain=["resource/@x"]),
    row("chain", ONE, chain=["resource/@x", "attributes/@", "resource/@z", "resource/@y"],
        processors=marks("xy") + "\nattributes/@: {actions: [{key: k, action: delete}, "
        "{key: j, value: 1, action: insert}]}\n"
        "resource/@z: {attributes: [{key: was, from_attribute: mark, action: insert}]}"),
    row("forward", ONE, connectors="forward/@: {}", processors=marks("xy"),
        pipelines="traces/@in: {receivers: [otlp/@], processors: [resource/@x], "
        "exporters: [forward/@]}\ntraces/@out: {receivers: [forward/@], "
        "processors: [resource/@y], exporters: [otlphttp/@a]}"),
    row("forward-null", ONE, connectors="forward/@:",
        pipelines="traces/@in: {receivers: [otlp/@], exporters: [forward/@]}\n"
        "traces/@out: {receivers: [forward/@], exporters: [otlphttp/@a]}"),
    row("forward-to-two", ONE, connectors="forward/@: {}", processors=marks("xy"), fan="ab",
        pipelines="traces/@in: {receivers: [otlp/@], exporters: [forward/@]}\n"
        "traces/@x: {receivers: [forward/@], processors: [resource/@x], "
        "exporters: [otlphttp/@a]}\ntraces/@y: {receivers: [forward/@], "
        "processors: [resource/@y], exporters: [otlphttp/@b]}"),
    row("forward-from-two", ONE, joined=True, connectors="forward/@: {}", processors=marks("xy"),
        pipelines="traces/@x: {receivers: [otlp/@], processors: [resource/@x], "
        "exporters: [forward/@]}\ntraces/@y: {receivers: [otlp/@], processors: [resource/@y], "
        "exporters: [forward/@]}\n"
        "traces/@out: {receivers: [forward/@], exporters: [otlphttp/@a]}"),
    row("forward-beside-an-exporter", ONE, connectors="forward/@: {}", fan="ab",
        pipelines="traces/@in: {receivers: [otlp/@], exporters: [otlphttp/@a, forward/@]}\n"
        "traces/@out: {receivers: [forward/@], exporters: [otlphttp/@b]}"),
    row("forward-metrics-and-logs", [metrics(group(SHOP)), logs(group(SHOP))],
        connectors="forward/@: {}", pipelines="\n".join(
            f"{signal}/@in: {{receivers: [otlp/@], exporters: [forward/@]}}\n"
            f"{signal}/@out: {{receivers: [forward/@], exporters: [otlphttp/@a]}}"
            for signal in ("metrics", "logs"))),
    row("routing-into-routing", traces(*(group({"n": n, "env": e, "zone": z}) for n, (e, z) in
        enumerate([("prod", "x"), ("prod", "y"), ("test", "x"), ("test", "y")]))), fan="abc",
        connectors="""
routing/@1:
  default_pipelines: [traces/@c]
  table: [{condition: 'attributes["env"] == "prod"', pipelines: [traces/@2]}]
routing/@2:
  default_pipelines: [traces/@b]
  table: [{condition: 'attributes["zone"] == "x"', pipelines: [traces/@a]}]""",
        pipelines="traces/@: {receivers: [otlp/@], exporters: [routing/@1]}\n"
        "traces/@2: {receivers: [routing/@1], exporters: [routing/@2]}\n"
        "traces/@a: {receivers: [routing/@2], exporters: [otlphttp/@a]}\n"
        "traces/@b: {receivers: [routing/@2], exporters: [otlphttp/@b]}\n"
        "traces/@c: {receivers: [routing/@1], exporters: [otlphttp/@c]}"),
    row("memory-limiter", ONE, chain=["memory_limiter/@"],
        processors="memory_limiter/@: {check_interval: 1s, limit_mib: 500, spike_limit_mib: 50}"),
    row("batch", [traces(group({"n": n}, [span(number=n + 1)])) for n in range(5)],
        chain=["batch/@"], processors="batch/@: {timeout: 50ms}"),
    row("batch-by-header",
        [traces(group({"n": n}), headers={"X-Tenant": tenant} if tenant else {})
         for n, tenant in enumerate(["north", "south", "", "north"])],
        chain=["batch/@"], processors="batch/@: {timeout: 50ms, metadata_keys: [X-Tenant]}"),
    row("queue-batch", [traces(group({"n": n}, [span(number=n + 1)])) for n in range(5)],
        exporter="compression: none, sending_queue: {batch: {flush_timeout: 50ms, min_size: 1}}"),
    row("grpc-in-http-out", traces(group(SHOP, [rich_span()]), grpc=True)),
    row("grpc-gzip-in", traces(group(SHOP, [rich_span()]), grpc=True, compression="gzip")),
    row("http-in-grpc-out", ONE, exporters=GRPC.format("a", "compression: none, "),
        pipelines="traces/@: {receivers: [otlp/@], exporters: [otlp/@a]}"),
    row("grpc-out-gzip", ONE, exporters=GRPC.format("a", ""), processors=marks("x"),
        pipelines="traces/@: {receivers: [otlp/@], processors: [resource/@x], "
        "exporters: [otlp/@a]}"),
    row("grpc-in-and-out",
        [traces(group(SHOP), grpc=True), metrics(group(SHOP), grpc=True),
         logs(group(SHOP), grpc=True)], exporters=GRPC.format("a", ""),
        pipelines="\n".join(f"{signal}/@: {{receivers: [otlp/@], exporters: [otlp/@a]}}"
                            for signal in ("traces", "metrics", "logs"))),
    row("new-names", ONE,
        exporters="otlp_http/@: {endpoint: 'http://127.0.0.1:HTTP_BACKEND/@/a'}\n"
        + GRPC.format("b", "").replace("otlp/", "otlp_grpc/"),
        pipelines="traces/@: {receivers: [otlp/@], exporters: [otlp_http/@, otlp_grpc/@b]}"),
    row("gzip-in", Send("traces", gzip.compress(ONE.body), headers={"Content-Encoding": "gzip"})),
    row("gzip-in-edited", Send("traces", gzip.compress(ONE.body),
        headers={"Content-Encoding": "gzip"}), processors=marks("x"), chain=["resource/@x"]),
    row("gzip-out", ONE, exporter="compression: gzip"),
    *(row(f"{name}-out", ONE, exporter=f"compression: {name}")
      for name in ("zstd", "snappy", "x-snappy-framed", "zlib", "deflate")),
    row("gzip-in-zstd-out", Send("traces", gzip.compress(ONE.body),
        headers={"Content-Encoding": "gzip"}), exporter="compression: zstd"),
    row("zstd-level", ONE, exporter="compression: zstd, compression_params: {level: 3}"),
    row("json-out", ALL_SIGNALS, exporter="compression: none, encoding: json", differs=PROTO),
    row("json-out-gzip", ONE, exporter="compression: gzip, encoding: json", differs=PROTO),
    row("header-host", ONE, exporter="compression: none, headers: {Host: tempo.example}"),
    row("bearer-tokens", ONE, extensions="bearertokenauth/@: {tokens: [one, two]}",
        exporter="compression: none, auth: {authenticator: bearertokenauth/@}"),
    row("bearer-token-and-header", ONE, extensions="bearertokenauth/@: {token: s3cret}",
        exporter="compression: none, auth: {authenticator: bearertokenauth/@}, "
        "headers: {Authorization: 'Basic YTpi'}"),
    row("gzip-in-and-out", Send("traces", gzip.compress(ONE.body),
        headers={"Content-Encoding": "gzip"}), exporter="compression: gzip"),
    row("gzip-of-two-members-in", Send("traces",
        gzip.compress(ONE.body[:40]) + gzip.compress(ONE.body[40:]),
        headers={"Content-Encoding": "gzip"})),
    row("chunked-in", traces(group(SHOP, [span(f"s{n}", number=n + 1) for n in range(50)]),
                             chunked=True)),
    row("headers-as-map", ONE,
        exporter="compression: none, headers: {X-Scope-OrgID: dev, Authorization: 'Basic YTpi'}"),
    row("headers-as-list", ONE, exporter="compression: none, headers: "
        "[{name: X-Scope-OrgID, value: dev}, {name: x-b, value: '${env:PARITY_NUMBER}'}]"),
    row("header-empty", ONE, exporter="compression: none, headers: {X-Empty: '', X-B: ' b '}"),
    row("bearer-token", ONE, extensions="bearertokenauth/@: {token: s3cret}",
        exporter="compression: none, auth: {authenticator: bearertokenauth/@}"),
    row("bearer-token-scheme", ONE,
        extensions="bearertokenauth/@: {token: s3cret, scheme: Token, header: X-Auth}",
        exporter="compression: none, auth: {authenticator: bearertokenauth/@}"),
    row("endpoint-with-slash", ONE,
        exporters="otlphttp/@: {endpoint: 'http://127.0.0.1:HTTP_BACKEND/@/a/'}",
        pipelines="traces/@: {receivers: [otlp/@], exporters: [otlphttp/@]}"),
    row("traces-endpoint", ONE,
        exporters="otlphttp/@: {traces_endpoint: 'http://127.0.0.1:HTTP_BACKEND/@/a/v1/traces'}",
        pipelines="traces/@: {receivers: [otlp/@], exporters: [otlphttp/@]}"),
    row("endpoints-both", [ONE, logs(group(SHOP))],
        exporters="otlphttp/@: {endpoint: 'http://127.0.0.1:HTTP_BACKEND/@/a', "
        "traces_endpoint: 'http://127.0.0.1:HTTP_BACKEND/@/b/v1/traces'}",
        pipelines="traces/@: {receivers: [otlp/@], exporters: [otlphttp/@]}\n"
        "logs/@: {receivers: [otlp/@], exporters: [otlphttp/@]}"),
    row("every-field-of-a-span", traces(group(SHOP, [rich_span()], schema="https://x/1"))),
    row("every-field-of-metrics", metrics(group(SHOP, rich_metrics(), schema="https://x/1"))),
    row("every-field-of-a-log", logs(group(SHOP, [rich_log()], schema="https://x/1"))),
    row("scopes", traces(group(SHOP, scopes=[
        (("a", "1", {"k": "v"}), [span("x")]), (None, [span("y")]), (("b", ""), [])]))),
    row("empty-request", traces()),
    row("empty-group", traces(([], [], ""))),
    row("groups-without-spans", traces(group(SHOP, []), group({"n": 1}, []))),
    row("metric-without-points", metrics(group(SHOP, [Metric(name="load")]))),
    row("group-without-records", logs(group(SHOP, []))),
    row("empty-group-beside-others", traces((None, [], ""), group(SHOP), group({"n": 1}, []))),
    row("ids-empty", traces(group(SHOP, [span(trace_id=b"", span_id=b"")]))),
    row("ids-zero", traces(group(SHOP, [span(trace_id=bytes(16), span_id=bytes(8))])),
        differs=Differs("ids of zeros leave as they came, the Collector empties them",
                        ["!trace_id"], ["trace_id " + "00" * 16, "span_id " + "00" * 8])),
    row("fields-in-another-order", reordered([group(SHOP, schema="s"), group({"n": 1})])),
    row("fields-in-another-order-edited", reordered([group(SHOP), group({"n": 1})]),
        processors=marks("x"), chain=["resource/@x"]),
    row("resource-in-two-pieces", split_resource()),
    row("resource-in-two-pieces-edited", split_resource(), chain=["resource/@"],
        processors="resource/@: {attributes: [{key: b, value: 3, action: update}]}"),
    row("padded-lengths", padded()),
    row("padded-lengths-edited", padded(), processors=marks("x"), chain=["resource/@x"]),
    row("deprecated-field", deprecated(),
        differs=Differs("fields of former versions leave as they came",
                        ['name "old"', "!unknown"], ["unknown field 1000"])),
    row("unknown-field-in-a-span", with_unknown("span"),
        differs=Differs(KEPT, ["!unknown"], ["unknown field 1022"])),
    row("unknown-field-in-a-resource", with_unknown("resource"), processors=marks("x"),
        chain=["resource/@x"],
        differs=Differs(KEPT, ["!unknown"], ["unknown field 1022", '"mark"'])),
    row("unknown-field-in-a-group", with_unknown("group"),
        differs=Differs(KEPT, ["!unknown"], ["unknown field 1022"])),
]  # fmt: skip
