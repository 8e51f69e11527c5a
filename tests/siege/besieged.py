"""A gateway with one shard to be besieged, and what it costs: CPU seconds and resident bytes.

Used by floods and conformance. Ports are found free, everything is on 127.0.0.1 and is stopped by
the pid it was started with.
"""

import contextlib
import os
import pathlib
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
START_SECONDS_MAX = 20

CERTIFICATES = ROOT / "tests" / "certificates"
TLS = f", tls: {{cert_file: {CERTIFICATES}/server.pem, key_file: {CERTIFICATES}/server.key}}"
CONFIG = """
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{grpc}"}}
      http: {{endpoint: "127.0.0.1:{http}"{tls}}}
exporters: {{debug: {{verbosity: basic}}}}
service:
  telemetry:
    metrics: {{address: "127.0.0.1:{metrics}"}}
    logs: {{level: error}}
  pipelines: {{traces: {{receivers: [otlp], exporters: [debug]}}}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Gateway:
    def __init__(self, pid, port, metrics):
        self.pid, self.port, self.metrics = pid, port, metrics

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def rss(self):
        return int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE


@contextlib.contextmanager
def gateway(binary, tls=False):
    """Runs the gateway until the block ends, perhaps with TLS on the port for HTTP."""
    if not binary.exists():
        raise SystemExit(f"no {binary}: cargo build --locked --release --bins")
    ports = {name: free_port() for name in ("grpc", "http", "metrics")}
    with tempfile.TemporaryDirectory(prefix="siege-") as folder:
        config = pathlib.Path(folder) / "config.yaml"
        config.write_text(CONFIG.format(tls=TLS if tls else "", **ports))
        log = (pathlib.Path(folder) / "log").open("w+b")
        child = subprocess.Popen(
            [str(binary), "--shards", "1", "--config", str(config)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )
        try:
            wait_for(child, ports["http"], log)
            yield Gateway(child.pid, ports["http"], ports["metrics"])
        finally:
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(15)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()


def wait_for(child, port, log):
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if child.poll() is not None or time.monotonic() > deadline:
                log.seek(0)
                raise SystemExit(f"the gateway does not listen on {port}:\n{log.read().decode()}")
            time.sleep(0.02)
