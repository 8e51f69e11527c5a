"""What clients are told: status, content type and kind of body of every answer."""

import gzip
import zlib

from otlp import Send, group, json_body, logs, metrics, span, traces
from rows import Differs, Row

ONE = traces(group({"service.name": "shop"}))
GOOD = '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x"}]}]}]}'


def changed(**fields):
    return Send("traces", fields.pop("body", ONE.body), **fields)


def row(name, send, **options):
    return Row(f"protocol/{name}", [send], differs=DIFFERENT.get(name), **options)


STATUS = "an error is a google.rpc.Status where the Collector writes plain text"


def status(code, grpc, media="application/x-protobuf"):
    return Differs(
        STATUS, [f"answer {code} text/plain text"], [f"answer {code} {media} status {grpc}"]
    )


DELIVERED = ["answer 200 application/x-protobuf success", "export a traces"]
REFUSED = ["answer 400 application/x-protobuf status 3", "!export"]
# What is done differently on purpose: name of the row -> difference.
DIFFERENT = {
    **{name: status(405, 12) for name in ("get", "put", "options")},
    **{
        name: status(404, 12)
        for name in (
            "path-unknown", "path-root", "path-with-slash", "path-configured-default",
            "signal-without-pipeline", "get-and-path-unknown",
        )
    },
    "too-large": Differs(
        "413, as the protocol asks for", REFUSED, ["answer 413 application/x-protobuf status 8"]
    ),
    "too-large-inflated": Differs(
        "413, as the protocol asks for", REFUSED, ["answer 413 application/x-protobuf status 8"]
    ),
    "id-of-wrong-length": Differs("spans are not decoded", REFUSED, [*DELIVERED, "313233"]),
    "grpc-malformed": Differs(
        "the code that OTLP names", ["grpc INTERNAL"], ["grpc INVALID_ARGUMENT"]
    ),
    "identity": Differs("identity is no encoding", REFUSED, DELIVERED),
    "encoding-upper-case": Differs("names of encodings have no case", REFUSED, DELIVERED),
    "gzip-empty": Differs(
        "an empty body is an empty request, however it is packed",
        REFUSED, ["answer 200 application/x-protobuf success", "!export"],
    ),
    "encoding-unknown-and-path-unknown": Differs(
        "the path is looked at first", REFUSED, ["answer 404 application/x-protobuf status 12"]
    ),
    **{
        name: Differs(
            "gzip only, so far", DELIVERED, ["answer 400 application/x-protobuf status", "!export"]
        )
        for name in ("deflate", "zlib")
    },
}  # fmt: skip


def packed(encoding, body):
    return changed(body=body, headers={"Content-Encoding": encoding})


ROWS = [
    row("success", ONE),
    row("success-json", json_body(GOOD)),
    row("success-metrics", metrics(group({"a": 1}))),
    row("success-logs", logs(group({"a": 1}))),
    row("get", changed(method="GET")),
    row("put", changed(method="PUT")),
    row("options", changed(method="OPTIONS", body=b"")),
    row("content-type-text", changed(media="text/plain")),
    row("content-type-missing", changed(media="")),
    row("content-type-charset", changed(media="application/x-protobuf; charset=utf-8")),
    row("content-type-upper-case", changed(media="Application/X-Protobuf")),
    row("content-type-protobuf", changed(media="application/protobuf")),
    row("content-type-json-charset", json_body(GOOD, media="application/json;charset=UTF-8")),
    row("path-unknown", changed(path="/v1/nothing")),
    row("path-root", changed(path="/")),
    row("path-with-slash", changed(path="/v1/traces/")),
    row("path-doubled-slash", changed(path="//v1/traces")),
    row("path-with-query", changed(path="/v1/traces?a=b")),
    row("path-configured", changed(path="/otlp/in"), http="traces_url_path: /otlp/in"),
    row("path-configured-without-slash", changed(path="/otlp/in"),
        http="traces_url_path: otlp/in"),
    row("path-configured-default", ONE, http="traces_url_path: /otlp/in"),
    row("signal-without-pipeline", logs(group({"a": 1})),
        pipelines="traces/@: {receivers: [otlp/@], exporters: [otlphttp/@a]}"),
    row("empty-protobuf", changed(body=b"")),
    row("empty-json", json_body("")),
    row("json-null", json_body("null")),
    row("json-empty-object", json_body("{}")),
    row("malformed", changed(body=b"\xff\xff\xff")),
    row("malformed-inside", changed(body=b"\x0a\x05\x0a\x03\x0a\x09x")),
    row("truncated", changed(body=ONE.body[:-3])),
    row("group-of-wrong-type", changed(body=b"\x08\x01")),
    row("field-zero", changed(body=b"\x00\x01")),
    row("id-of-wrong-length", traces(group({"a": 1}, [span(trace_id=b"123")]))),
    row("text-as-protobuf", changed(body=GOOD.encode())),
    row("protobuf-as-json", changed(media="application/json")),
    row("too-large", changed(body=ONE.body * 20), http="max_request_body_size: 500"),
    row("too-large-inflated", packed("gzip", gzip.compress(ONE.body * 100)),
        http="max_request_body_size: 1500"),
    row("gzip", packed("gzip", gzip.compress(ONE.body))),
    row("gzip-broken", packed("gzip", b"not gzip at all")),
    row("gzip-truncated", packed("gzip", gzip.compress(ONE.body)[:-9])),
    row("gzip-wrong-checksum", packed("gzip", gzip.compress(ONE.body)[:-8] + b"\0" * 8)),
    row("gzip-empty", packed("gzip", b"")),
    row("deflate", packed("deflate", zlib.compress(ONE.body))),
    row("zlib", packed("zlib", zlib.compress(ONE.body))),
    row("identity", packed("identity", ONE.body)),
    row("encoding-unknown", packed("br", ONE.body)),
    row("encoding-upper-case", packed("GZIP", gzip.compress(ONE.body))),
    row("encoding-unknown-and-path-unknown",
        changed(path="/x", headers={"Content-Encoding": "br"})),
    row("get-and-path-unknown", changed(path="/x", method="GET")),
    row("expect-100", changed(headers={"Expect": "100-continue"})),
    row("grpc-success", traces(group({"a": 1}), grpc=True)),
    row("grpc-empty", Send("traces", b"", grpc=True)),
    row("grpc-malformed", Send("traces", b"\xff\xff", grpc=True)),
    row("grpc-signal-without-pipeline", logs(group({"a": 1}), grpc=True),
        pipelines="traces/@: {receivers: [otlp/@], exporters: [otlphttp/@a]}"),
    row("grpc-unknown-method", Send("traces", b"", grpc=True, path="/a.B/C")),
    row("grpc-too-large", Send("traces", ONE.body * 20000, grpc=True),
        grpc="max_recv_msg_size_mib: 1"),
]  # fmt: skip
