"""Short ways to write down OTLP requests, and how they are sent.

    traces(group({"service.name": "shop"}, [span("GET /", {"http.status": 200})]))

Values are Python's: str, bool, int, float, bytes, list, dict, and None for a value that is unset.
Attributes are a mapping, or a list of pairs where a key occurs twice.
"""

import http.client
import json
import re
from dataclasses import dataclass, field

import grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, ResourceMetrics
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

import render

TRACE = bytes(range(1, 17))
# What differs from moment to moment on the health page.
UPTIME = re.compile(r'(?<="upSince":")[^"]+|(?<="uptime":")[^"]+')
SECONDS_MAX = 20


def any_value(value):
    out = AnyValue()
    if value is None:
        return out
    if isinstance(value, bool):
        out.bool_value = value
    elif isinstance(value, str):
        out.string_value = value
    elif isinstance(value, int):
        out.int_value = value
    elif isinstance(value, float):
        out.double_value = value
    elif isinstance(value, bytes):
        out.bytes_value = value
    elif isinstance(value, list):
        out.array_value.SetInParent()
        out.array_value.values.extend(any_value(item) for item in value)
    else:
        out.kvlist_value.SetInParent()
        out.kvlist_value.values.extend(pairs(value))
    return out


def pairs(attributes):
    items = attributes.items() if isinstance(attributes, dict) else attributes or ()
    return [KeyValue(key=key, value=any_value(value)) for key, value in items]


def span(name="work", attributes=None, kind=1, number=1, **fields):
    """A span; `number` makes its id, further fields are those of the protocol."""
    return Span(
        trace_id=fields.pop("trace_id", TRACE),
        span_id=fields.pop("span_id", number.to_bytes(8, "big")),
        name=name,
        kind=kind,
        start_time_unix_nano=1_700_000_000_000_000_000,
        end_time_unix_nano=1_700_000_000_000_001_000,
        attributes=pairs(attributes),
        **fields,
    )


def log(body="hello", attributes=None, severity=9, text="INFO"):
    return LogRecord(
        time_unix_nano=1_700_000_000_000_000_000,
        severity_number=severity,
        severity_text=text,
        body=any_value(body),
        attributes=pairs(attributes),
    )


def gauge(name="load", attributes=None, value=1.5):
    metric = Metric(name=name, unit="1")
    metric.gauge.data_points.add(
        time_unix_nano=1_700_000_000_000_000_000, as_double=value, attributes=pairs(attributes)
    )
    return metric


def counter(name="requests", attributes=None, value=7):
    metric = Metric(name=name)
    metric.sum.is_monotonic = True
    metric.sum.aggregation_temporality = 2
    metric.sum.data_points.add(as_int=value, attributes=pairs(attributes))
    return metric


def histogram(name="latency", attributes=None):
    metric = Metric(name=name)
    metric.histogram.aggregation_temporality = 1
    metric.histogram.data_points.add(
        count=3, sum=6.0, bucket_counts=[1, 2], explicit_bounds=[2.5], attributes=pairs(attributes)
    )
    return metric


def group(resource=None, items=None, scope=("lib", "1.2.3"), schema="", scopes=None):
    """What follows one resource: `(resource, [(scope, items), ...], schema url)`."""
    return resource, scopes if scopes is not None else [(scope, items)], schema


# What a group, its scopes and its items are, and the item of a group that names none.
MESSAGES = {
    "traces": (ResourceSpans, "scope_spans", "spans", Span(name="work")),
    "metrics": (ResourceMetrics, "scope_metrics", "metrics", gauge()),
    "logs": (ResourceLogs, "scope_logs", "log_records", log()),
}


def encoded(signal, groups):
    """The body of a request."""
    kind, middle, leaf, default = MESSAGES[signal]
    request = render.REQUESTS[signal]()
    (field_of_groups,) = request.DESCRIPTOR.fields
    for resource, scopes, schema in groups:
        message = kind(schema_url=schema)
        if resource is not None:
            message.resource.attributes.extend(pairs(resource))
        for scope, items in scopes:
            inner = getattr(message, middle).add()
            if scope is not None:
                name, version, *attributes = scope
                made = InstrumentationScope(name=name, version=version)
                made.attributes.extend(pairs(attributes[0] if attributes else None))
                inner.scope.CopyFrom(made)
            getattr(inner, leaf).extend([default] if items is None else items)
        getattr(request, field_of_groups.name).append(message)
    return request.SerializeToString()


@dataclass
class Send:
    """One request of a client."""

    signal: str
    body: bytes
    media: str = render.PROTOBUF
    headers: dict = field(default_factory=dict)
    method: str = "POST"
    path: str = ""
    grpc: bool = False
    chunked: bool = False
    compression: str | None = None  # over gRPC


def traces(*groups, **options):
    return Send("traces", encoded("traces", groups), **options)


def metrics(*groups, **options):
    return Send("metrics", encoded("metrics", groups), **options)


def logs(*groups, **options):
    return Send("logs", encoded("logs", groups), **options)


def json_body(text, signal="traces", **options):
    """A JSON request; `text` may be bytes, text, or a tree."""
    if not isinstance(text, (bytes, str)):
        text = json.dumps(text)
    body = text.encode() if isinstance(text, str) else text
    return Send(signal, body, media=options.pop("media", render.JSON), **options)


def deliver(send, http_port, grpc_port, health_port):
    """Sends a request and returns the answer, or the class of it, as a line."""
    if send.signal == "health":
        return by_http(send, health_port)
    return by_grpc(send, grpc_port) if send.grpc else by_http(send, http_port)


def by_http(send, port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_MAX)
    headers = {"Content-Type": send.media} if send.media else {}
    connection.putrequest(send.method, send.path or f"/v1/{send.signal}", skip_accept_encoding=True)
    body = send.body
    if send.chunked:
        headers["Transfer-Encoding"] = "chunked"
        parts = [body[at : at + 1000] for at in range(0, len(body), 1000)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])
    else:
        headers["Content-Length"] = str(len(body))
    for name, texts in {**headers, **send.headers}.items():
        for text in texts if isinstance(texts, list) else [texts]:
            connection.putheader(name, text)
    try:
        connection.endheaders(body)
        got = connection.getresponse()
        media = got.getheader("content-type", "")
        if send.signal == "health":
            kept = [got.getheader(name, "none") for name in ("connection", "content-type")]
            return f"answer {got.status} {kept} {UPTIME.sub('TIME', got.read().decode())!r}"
        return render.answer(send.signal, got.status, media, got.read())
    except (OSError, http.client.HTTPException) as error:
        return f"no answer: {type(error).__name__}"
    finally:
        connection.close()


SERVICES = {"traces": "trace.v1.Trace", "metrics": "metrics.v1.Metrics", "logs": "logs.v1.Logs"}


def by_grpc(send, port):
    method = f"/opentelemetry.proto.collector.{SERVICES[send.signal]}Service/Export"
    metadata = [
        (name.lower(), text)
        for name, texts in send.headers.items()
        for text in (texts if isinstance(texts, list) else [texts])
    ]
    packing = grpc.Compression.Gzip if send.compression == "gzip" else None
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            call = channel.unary_unary(send.path or method)
            body = call(send.body, timeout=SECONDS_MAX, metadata=metadata, compression=packing)
        except grpc.RpcError as error:
            return f"answer grpc {error.code().name}"
    answer = render.ANSWERS[send.signal].FromString(body)
    return f"answer grpc OK{render.partial(answer)}"
