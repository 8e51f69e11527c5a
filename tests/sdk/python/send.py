"""Sends 1,000 spans by the OpenTelemetry SDK for Python and fails if an export failed.

    send.py RUN ENDPOINT        RUN is http, http-gzip, grpc or grpc-gzip

The spans carry the resource attribute sdk.run=RUN, by which the sink counts them.
"""

import logging
import sys

import grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as ByGrpc
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as ByHttp
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

SPANS = 1000


class Errors(logging.Handler):
    """Exporters report failures to the log only, so the log is what is judged."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.seen = []

    def emit(self, record):
        self.seen.append(record.getMessage())


def exporter(run, endpoint):
    zipped = run.endswith("-gzip")
    if run.startswith("http"):
        how = Compression.Gzip if zipped else Compression.NoCompression
        return ByHttp(endpoint=f"http://{endpoint}/v1/traces", compression=how)
    how = grpc.Compression.Gzip if zipped else grpc.Compression.NoCompression
    return ByGrpc(endpoint=f"http://{endpoint}", insecure=True, compression=how)


def main():
    run, endpoint = sys.argv[1:]
    errors = Errors()
    logging.getLogger().addHandler(errors)
    resource = Resource.create({"service.name": "sdk-python", "sdk.run": run})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(
        BatchSpanProcessor(exporter(run, endpoint), max_queue_size=2 * SPANS, max_export_batch_size=100)
    )
    tracer = provider.get_tracer("sdk-test", "1.0.0")
    for number in range(SPANS // 10):
        with tracer.start_as_current_span(f"request {number}") as parent:
            parent.set_attribute("number", number)
            for step in range(9):
                with tracer.start_as_current_span("step", attributes={"step": step, "pi": 3.14}):
                    pass
            parent.add_event("done", {"ok": True})
    flushed = provider.force_flush(30_000)
    provider.shutdown()
    if not flushed or errors.seen:
        print("\n".join(errors.seen) or "flush timed out", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
