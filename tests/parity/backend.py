"""A backend that answers 200 to everything and keeps it: HTTP on one port, gRPC on another.

Which row and which exporter a request belongs to stands in its path (`/ROW/EXPORTER/v1/traces`) or,
for gRPC, in its header `x-parity: ROW/EXPORTER`. An exporter that is a number (`/ROW/503/v1/traces`) is
answered with that status.
"""

import gzip
import http.server
import threading
import zlib
from concurrent import futures
from dataclasses import dataclass

import cramjam
import grpc

# By content coding; `deflate` is what zlib writes, as in HTTP.
DECODERS = {
    None: bytes,
    "gzip": gzip.decompress,
    "zlib": zlib.decompress,
    "deflate": zlib.decompress,
    "zstd": lambda body: bytes(cramjam.zstd.decompress(body)),
    "snappy": lambda body: bytes(cramjam.snappy.decompress_raw(body)),
    "x-snappy-framed": lambda body: bytes(cramjam.snappy.decompress(body)),
}
SIGNALS = ("traces", "metrics", "logs")
SERVICES = {"trace": "traces", "metrics": "metrics", "logs": "logs"}


@dataclass(frozen=True)
class Received:
    """One export."""

    row: str
    exporter: str
    signal: str
    headers: tuple
    body: bytes


class Server(http.server.ThreadingHTTPServer):
    """Takes the connections of many exporters at once."""

    daemon_threads = True
    request_queue_size = 1024


class Backend:
    """Starts with the block and stops with it."""

    def __init__(self):
        self.received = []
        self.strays = []
        self.lock = threading.Lock()
        self.http = Server(("127.0.0.1", 0), handler(self))
        self.http_port = self.http.server_address[1]
        self.grpc = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
        self.grpc.add_generic_rpc_handlers((Calls(self),))
        self.grpc_port = self.grpc.add_insecure_port("127.0.0.1:0")

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        self.grpc.start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()
        self.grpc.stop(0).wait()

    def keep(self, row, exporter, signal, headers, body):
        headers = tuple(sorted((name.lower(), value.strip()) for name, value in headers))
        with self.lock:
            self.received.append(Received(row, exporter, signal, headers, body))

    def stray(self, text):
        with self.lock:
            self.strays.append(text)


def handler(backend):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.body()
            body = DECODERS[self.headers.get("content-encoding")](body)
            prefix, _, signal = self.path.rpartition("/v1/")
            row, exporter, *_ = [*prefix.removeprefix("/").split("/"), ""]
            if signal in SIGNALS:
                backend.keep(row, exporter, signal, self.headers.items(), body)
            else:
                backend.stray(self.path)
            self.send_response(int(exporter) if exporter.isdigit() else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def body(self):
            if self.headers.get("transfer-encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("content-length", 0)))
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(chunks)

        def log_message(self, *_):
            pass

    return Handler


class Calls(grpc.GenericRpcHandler):
    """Takes every Export method as bytes."""

    def __init__(self, backend):
        self.backend = backend

    def service(self, details):
        signal = SERVICES[details.method.split(".")[-3]]
        headers = [(name, str(value)) for name, value in details.invocation_metadata]
        mark = dict(headers).get("x-parity", "?/?")

        def export(body, _):
            row, exporter = mark.split("/")
            self.backend.keep(row, exporter, signal, headers, body)
            return b""

        return grpc.unary_unary_rpc_method_handler(export)
