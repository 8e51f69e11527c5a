"""Messages of OTLP as lines of text, so that two of them can be compared and a difference read.

An empty Resource, Scope, Status or AnyValue reads as none: the Collector writes them where the
client left them out. Unknown fields are shown by their number. Order is kept, but for what a
row names in `unordered`.
"""

import json

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet
from google.rpc import status_pb2
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

REQUESTS = {
    "traces": trace_service_pb2.ExportTraceServiceRequest,
    "metrics": metrics_service_pb2.ExportMetricsServiceRequest,
    "logs": logs_service_pb2.ExportLogsServiceRequest,
}
ANSWERS = {
    "traces": trace_service_pb2.ExportTraceServiceResponse,
    "metrics": metrics_service_pb2.ExportMetricsServiceResponse,
    "logs": logs_service_pb2.ExportLogsServiceResponse,
}
PROTOBUF = "application/x-protobuf"
JSON = "application/json"


def value(any_value):
    """An AnyValue on one line, with its type."""
    kind = any_value.WhichOneof("value")
    if kind is None:
        return "unset"
    inner = getattr(any_value, kind)
    kind = kind.removesuffix("_value")
    if kind == "array":
        return "[" + ", ".join(value(item) for item in inner.values) + "]"
    if kind == "kvlist":
        return "{" + ", ".join(pair(item) for item in inner.values) + "}"
    if kind == "string":
        return f"string {json.dumps(inner)}"
    if kind == "bytes":
        return f"bytes {inner.hex()}"
    return f"{kind} {inner!r}"


def pair(key_value):
    return f"{json.dumps(key_value.key)} = {value(key_value.value)}"


def scalar(inner):
    if isinstance(inner, bytes):
        return inner.hex() or "empty"
    return json.dumps(inner) if isinstance(inner, str) else repr(inner)


def lines(message, unordered):
    """The fields of a message that are set, one a line, nested ones indented."""
    found = [f"unknown field {field.field_number}" for field in UnknownFieldSet(message)]
    for field, inner in message.ListFields():
        items = inner if field.is_repeated else [inner]
        name = field.name
        if name in ("attributes", "filtered_attributes"):
            pairs = [pair(item) for item in items]
            found += sorted(pairs) if "attributes" in unordered else pairs
        elif field.message_type is None:
            found += [f"{name} {scalar(item)}" for item in items]
        elif field.message_type.name == "AnyValue":
            found += [f"{name} {value(item)}" for item in items if item.WhichOneof("value")]
        else:
            for item in items:
                below = lines(item, unordered)
                if below or field.is_repeated or field.containing_oneof is not None:
                    found.append(name)
                    found += ["  " + line for line in below]
    return found


def groups(export, unordered):
    """The groups of an export, each as one text; JSON as the tree that was sent."""
    if dict(export.headers).get("content-type") == JSON:
        return [json.dumps(json.loads(export.body), indent=1, sort_keys=True)]
    message = REQUESTS[export.signal]()
    try:
        message.ParseFromString(export.body)
    except Exception as error:
        return [f"unreadable {len(export.body)} bytes: {type(error).__name__}"]
    repeated = [each for _, found in message.ListFields() for each in found]
    texts = ["\n".join(["group", *("  " + line for line in lines(g, unordered))]) for g in repeated]
    return sorted(texts) if "groups" in unordered else texts


def heading(export):
    """Where an export went, and the headers of it that a configuration decides."""
    kept = ("authorization", "content-encoding", "content-type")
    headers = [
        f"{name}: {text}"
        for name, text in export.headers
        if name in kept
        or (name.startswith("x-") and name != "x-parity")
        or (name == "host" and not text.startswith("127."))
    ]
    return "; ".join([f"export {export.exporter} {export.signal}", *headers])


def exports(received, unordered, flat):
    """Everything that was received for a row, in an order that does not depend on time.

    `flat`: several requests were sent, and how they travel together is up to the program."""
    texts = []
    for export in received:
        found = groups(export, unordered)
        if flat:
            texts += [f"{heading(export)}\n{group}" for group in found]
        else:
            texts.append("\n".join([heading(export), *found]))
    return [line for text in sorted(texts) for line in text.split("\n")]


def answer(signal, status, media, body):
    """The class of an HTTP answer: what it says, not its words."""
    media = media.split(";")[0]
    return f"answer {status} {media or 'untyped'} {said(signal, status, media, body)}"


def said(signal, status, media, body):
    kind = ANSWERS.get(signal) if status < 300 else status_pb2.Status
    if kind is None or media not in (PROTOBUF, JSON):
        return "empty" if not body else "text"
    try:
        if media == PROTOBUF:
            message = kind.FromString(body)
            code = getattr(message, "code", 0)
            rejected = partial(message) if status < 300 else ""
        else:
            tree = json.loads(body)
            code = tree.get("code", 0)
            rejected = "" if not tree.get("partialSuccess") else " partial"
    except Exception:
        return "unreadable"
    return f"success{rejected}" if status < 300 else f"status {code}"


def partial(message: Message):
    return " partial" if message.partial_success.ListFields() else ""
