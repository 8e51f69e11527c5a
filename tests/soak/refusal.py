"""One request for a destination that is dead and full, by clients that show the whole answer.

HTTP/1 by the standard library, gRPC by `nghttp`, which prints headers and trailers.
"""

import base64
import http.client
import random
import re
import shutil
import subprocess

import payload

EXPORT = "opentelemetry.proto.collector.trace.v1.TraceService/Export"
RETRY_INFO = b"type.googleapis.com/google.rpc.RetryInfo"
UNAVAILABLE = "14"
HEADER = re.compile(r"recv \(stream_id=\d+[^)]*\) ([a-z-]+): (.*)")
SECONDS_MAX = 20


def body(key, value):
    """A request with one span, whose resource has one attribute."""
    resource = payload.field(1, payload.field(1, payload.text(key, value)))
    scope = payload.field(2, payload.field(2, payload.span(random.Random(7))))
    return payload.field(1, resource + scope)


def by_http(gateway, message):
    """Whether the answer is 503 with Retry-After, and what it was."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.http, timeout=SECONDS_MAX)
    try:
        headers = {"Content-Type": "application/x-protobuf"}
        connection.request("POST", "/v1/traces", message, headers)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    after = answer.getheader("Retry-After")
    return answer.status == 503 and after is not None, f"{answer.status}, Retry-After: {after}"


def by_grpc(gateway, message, home):
    """Whether the answer is UNAVAILABLE with RetryInfo, and what it was; None without nghttp."""
    if not shutil.which("nghttp"):
        return None, "no nghttp (Debian: nghttp2-client)"
    framed = home / "framed.grpc"
    framed.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
    done = subprocess.run(
        ["nghttp", "-nv", "-d", str(framed), "-H", ":method: POST", "-H", "te: trailers"]
        + ["-H", "content-type: application/grpc", f"http://127.0.0.1:{gateway.grpc}/{EXPORT}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    headers = dict(HEADER.findall(done.stdout))
    code = headers.get("grpc-status", "none").strip()
    details = headers.get("grpc-status-details-bin", "").strip()
    status = base64.b64decode(details + "=" * (-len(details) % 4))
    told = "RetryInfo" if RETRY_INFO in status else "no RetryInfo"
    return code == UNAVAILABLE and RETRY_INFO in status, f"grpc-status {code}, {told}"
