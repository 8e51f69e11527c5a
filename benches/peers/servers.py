"""Starts and stops what takes part: nginx as the peer, a cheap sink, the gateway.

Everything listens on 127.0.0.1 on ports found free, writes only below a temporary directory, is
pinned to one core, and is stopped by the pid it was started with.
"""

import os
import pathlib
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

PROTOBUF = "application/x-protobuf"
START_SECONDS_MAX = 20

NGINX = """
daemon off; master_process on; worker_processes 1; pid {home}/nginx.pid;
error_log {home}/error.log crit;
{modules}
events {{ worker_connections 4096; }}
http {{
  access_log off; tcp_nodelay on; server_tokens off;
  keepalive_requests 1000000000; keepalive_timeout 75s;
  client_max_body_size 64m; client_body_buffer_size {buffer};
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
{http}
}}
"""

PROXY = """
  upstream sink {{ server 127.0.0.1:{sink}; keepalive 1024; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024{secure};
    location / {{
      proxy_pass http://sink; proxy_http_version 1.1; proxy_set_header Connection "";
    }}
  }}
"""

# The whole body is read first, as a backend does; then an answer with Content-Length: 0.
SINK = """
  default_type application/x-protobuf;
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{ echo_read_request_body; echo_exec @answer; }}
    location @answer {{ return 200; }}
  }}
"""

GATEWAY = """
receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:{port}
{receiver}processors:
  memory_limiter:
    check_interval: 1s
    limit_mib: 512
  resource/mark:
    attributes:
      - key: yard.track
        value: north
        action: upsert
connectors:
  routing:
    default_pipelines: [traces/other]
    table:
      - context: resource
        condition: attributes["deployment.environment.name"] == "production"
        pipelines: [traces/production]
exporters:
  otlphttp/production:
    endpoint: http://127.0.0.1:{sink}
    compression: {compression}
{queue}  otlphttp/other:
    endpoint: http://127.0.0.1:{sink}
    compression: {compression}
{queue}{extensions}service:
{enabled}  telemetry:
    metrics:
      address: 127.0.0.1:{metrics}
  pipelines:
    traces/in:
      receivers: [otlp]
      processors: [memory_limiter]
      exporters: [routing]
    traces/production:
      receivers: [routing]
      processors: [{processors}]
      exporters: [otlphttp/production]
    traces/other:
      receivers: [routing]
      exporters: [otlphttp/other]
"""


def free_port():
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that listens on `port`, and its children."""

    def __init__(self, name, port, command, core, home):
        self.name, self.port = name, port
        # The authority that signed its certificate, if it has one, and whether it speaks HTTP/3.
        self.authority, self.quic = None, False
        self.log = home / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["taskset", "-c", str(core), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_it_listens()

    def _wait_until_it_listens(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise SystemExit(f"{self.name} does not listen on {self.port}:\n{self.log.read_text()}")

    def pids(self):
        """The process and all its descendants."""
        found, seen = [], [self.process.pid]
        while seen:
            pid = seen.pop()
            found.append(pid)
            for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                seen += [int(child) for child in children.read_text().split()]
        return found

    def cpu_ns(self):
        """CPU time of all threads so far, in nanoseconds."""
        total = 0
        for pid in self.pids():
            for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
                total += int(stat.read_text().split()[0])
        return total

    def rss_mib(self):
        """Resident memory of the process and its descendants."""
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
        return total / 1024

    def address(self):
        """Scheme, host and port."""
        return f"{'https' if self.authority else 'http'}://127.0.0.1:{self.port}"

    def post(self, body, encoding=None):
        """Sends one request; the status it was answered with."""
        headers = {"Content-Type": PROTOBUF}
        if encoding:
            headers["Content-Encoding"] = encoding
        request = urllib.request.Request(f"{self.address()}/v1/traces", body, headers)
        trust = ssl.create_default_context(cafile=self.authority) if self.authority else None
        try:
            with urllib.request.urlopen(request, timeout=10, context=trust) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def stop(self):
        """Asks, waits, and insists."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _nginx(name, core, home, http, modules="", buffer="1m"):
    port = free_port()
    inside = home / name
    inside.mkdir()
    os.chmod(home, 0o755)
    conf = inside / "nginx.conf"
    text = NGINX.format(home=inside, modules=modules, buffer=buffer, http=http(port))
    if os.geteuid() == 0:
        text = "user root;" + text
    conf.write_text(text)
    return Server(name, port, ["nginx", "-c", str(conf), "-e", str(inside / "error.log")], core, home)


def nginx_proxy(sink, core, home, files=None):
    """The reference: one worker, keep-alive on both sides; `files` of a certificate turn TLS on."""
    secure = ""
    if files:
        secure = f" ssl; ssl_certificate {files[1]}; ssl_certificate_key {files[2]}"
    proxy = lambda port: PROXY.format(port=port, sink=sink.port, secure=secure)
    server = _nginx("nginx-tls" if files else "nginx", core, home, proxy)
    server.authority = files[0] if files else None
    return server


def nginx_sink(core, home):
    """A backend that reads every body and answers 200."""
    module = "load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;"
    return _nginx("sink", core, home, lambda port: SINK.format(port=port), module, "16m")


def loadgen_sink(loadgen, core, home):
    """The same by `loadgen sink --cheap`."""
    port = free_port()
    command = [str(loadgen), "sink", "--cheap", "--http", f"127.0.0.1:{port}"]
    return Server("sink", port, command, core, home)


def gateway(binary, variant, sink, core, home, files=None, more=None):
    """The gateway, configured for one variant; `files` of a certificate are for tls and h3.

    `more` may name an `engine` and a `queue_size`. Its page of metrics is at `metrics`.
    """
    more = more or {}
    receiver = ""
    if variant in ("tls", "h3"):
        receiver = f"        tls: {{cert_file: {files[1]}, key_file: {files[2]}}}\n"
    if variant == "h3":
        receiver += "        http3: true\n"
    if variant == "zstd":
        receiver = '        compression_algorithms: ["", gzip, zstd]\n'
    extensions = enabled = ""
    if "engine" in more:
        extensions = f"extensions:\n  spanyard:\n    engine: {more['engine']}\n"
        enabled = "  extensions: [spanyard]\n"
    queue = "    merge: false\n" if variant == "unmerged" else ""
    if "queue_size" in more:
        queue += f"    sending_queue: {{queue_size: {more['queue_size']}}}\n"
    port, metrics = free_port(), free_port()
    name = "-".join([variant, *([more["engine"]] if "engine" in more else [])])
    conf = home / f"{name}.yaml"
    conf.write_text(
        GATEWAY.format(
            port=port,
            sink=sink.port,
            metrics=metrics,
            receiver=receiver,
            compression=variant if variant in ("gzip", "zstd") else "none",
            processors="resource/mark" if variant == "upsert" else "",
            queue=queue,
            extensions=extensions,
            enabled=enabled,
        )
    )
    command = [str(binary), "--config", str(conf)]
    server = Server(f"spanyard-{name}", port, command, core, home)
    server.metrics = metrics
    if variant in ("tls", "h3"):
        server.authority, server.quic = files[0], variant == "h3"
    return server
