"""Sends 1,000 spans over HTTP/3 and fails if one request is not answered with 200.

    send.py AUTHORITY [--curl] RUN ENDPOINT     RUN is http, http-gzip, json or json-gzip

Ten requests of 100 spans on one connection, five at a time; the spans carry the resource attribute
sdk.run=RUN, by which the sink counts them. With --curl the last request is curl's.
"""

import asyncio
import gzip
import json
import os
import subprocess
import sys

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated

REQUESTS, SPANS, AT_ONCE = 10, 100, 5
PATH = "/v1/traces"


class Client(QuicConnectionProtocol):
    """One connection; each request is a future of its status and its body."""

    def __init__(self, *rest, **named):
        super().__init__(*rest, **named)
        self.http = H3Connection(self._quic)
        self.answers = {}

    def quic_event_received(self, event):
        if isinstance(event, ConnectionTerminated):
            for future, _, _ in self.answers.values():
                if not future.done():
                    future.set_exception(ConnectionError(event.reason_phrase))
        for part in self.http.handle_event(event):
            if not isinstance(part, (HeadersReceived, DataReceived)):
                continue
            future, headers, body = self.answers[part.stream_id]
            if isinstance(part, HeadersReceived):
                headers.extend(part.headers)
            else:
                body.extend(part.data)
            if part.stream_ended:
                future.set_result((int(dict(headers)[b":status"]), bytes(body)))

    async def post(self, authority, headers, body):
        stream = self._quic.get_next_available_stream_id()
        head = [(b":method", b"POST"), (b":scheme", b"https"), (b":path", PATH.encode())]
        head += [(b":authority", authority.encode())]
        head += [(name.encode(), value.encode()) for name, value in headers.items()]
        future = asyncio.get_running_loop().create_future()
        self.answers[stream] = (future, [], bytearray())
        self.http.send_headers(stream, head)
        self.http.send_data(stream, body, end_stream=True)
        self.transmit()
        return await future


def varint(value):
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def as_protobuf(run, spans):
    text = field(1, run.encode())
    resource = field(1, field(1, b"sdk.run") + field(2, text))
    encoded = b"".join(
        field(2, field(1, trace) + field(2, span) + field(5, b"over HTTP/3")) for trace, span in spans
    )
    return field(1, field(1, resource) + field(2, encoded))


def as_json(run, spans):
    resource = {"attributes": [{"key": "sdk.run", "value": {"stringValue": run}}]}
    spans = [
        {"traceId": trace.hex(), "spanId": span.hex(), "name": "over HTTP/3"} for trace, span in spans
    ]
    return json.dumps(
        {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
    ).encode()


def request(run):
    """The headers and the body of a request with spans of its own."""
    spans = [(os.urandom(16), os.urandom(8)) for _ in range(SPANS)]
    body = as_json(run, spans) if run.startswith("json") else as_protobuf(run, spans)
    kind = "json" if run.startswith("json") else "x-protobuf"
    headers = {"content-type": f"application/{kind}"}
    if run.endswith("-gzip"):
        body = gzip.compress(body)
        headers["content-encoding"] = "gzip"
    return headers, body


def by_curl(authority, run, endpoint):
    headers, body = request(run)
    port = endpoint.rpartition(":")[2]
    command = ["curl", "--silent", "--show-error", "--fail", "--http3-only", "--cacert", authority]
    command += ["--resolve", f"localhost:{port}:127.0.0.1", "--data-binary", "@-"]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    subprocess.run([*command, f"https://localhost:{port}{PATH}"], input=body, check=True)


async def main():
    authority, *rest, run, endpoint = sys.argv[1:]
    host, port = endpoint.split(":")
    configuration = QuicConfiguration(alpn_protocols=H3_ALPN, is_client=True)
    configuration.load_verify_locations(authority)
    configuration.server_name = "localhost"
    count = REQUESTS - ("--curl" in rest)
    async with connect(
        host, int(port), configuration=configuration, create_protocol=Client
    ) as client:
        room = asyncio.Semaphore(AT_ONCE)

        async def post():
            async with room:
                return await client.post(f"localhost:{port}", *request(run))

        answers = await asyncio.gather(*(post() for _ in range(count)))
    wrong = [answer for answer in answers if answer[0] != 200]
    if "--curl" in rest:
        by_curl(authority, run, endpoint)
    if wrong:
        print(f"{len(wrong)} of {count} requests were not taken, the first: {wrong[0]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
