"""Clients that wait for the backend, `sending_queue: {enabled: false}`: what they are told of it."""

from otlp import group, json_body, logs, metrics, traces
from rows import Row

ONE = traces(group({"service.name": "shop"}))
OFF = "compression: none, sending_queue: {enabled: false}, retry_on_failure: {enabled: false}"


def row(name, status, send=ONE, others=""):
    exporters = [
        f"otlphttp/@{n}: {{endpoint: 'http://127.0.0.1:HTTP_BACKEND/@/{each}', {OFF}}}"
        for n, each in enumerate([status, *others])
    ]
    targets = ", ".join(f"otlphttp/@{n}" for n in range(len(exporters)))
    return Row(
        f"waiting/{name}",
        [send],
        exporters="\n".join(exporters),
        pipelines=f"{send.signal}/@: {{receivers: [otlp/@], exporters: [{targets}]}}",
    )


STATUSES = (200, 202, 400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 501, 502, 503, 504)
ROWS = [row(f"status-{status}", str(status)) for status in STATUSES]
ROWS += [
    row("json-400", "400", json_body('{"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}]}')),
    row("metrics-503", "503", metrics(group({"a": 1}))),
    row("logs-400", "400", logs(group({"a": 1}))),
    row("grpc-200", "200", traces(group({"a": 1}), grpc=True)),
    row("grpc-400", "400", traces(group({"a": 1}), grpc=True)),
    row("grpc-401", "401", traces(group({"a": 1}), grpc=True)),
    row("grpc-429", "429", traces(group({"a": 1}), grpc=True)),
    row("grpc-500", "500", traces(group({"a": 1}), grpc=True)),
    row("grpc-503", "503", traces(group({"a": 1}), grpc=True)),
    row("two-good", "200", others=["202"]),
    row("good-and-bad", "200", others=["400"]),
]
