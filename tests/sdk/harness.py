"""An SDK in front of the gateway, a sink behind it: does every span arrive exactly once?

    SDK --HTTP or gRPC, plain or gzip--> spanyard --routed by sdk.run--> loadgen sink

    http       one attribute upserted   leaves by otlphttp, plain
    http-gzip  nothing changed          leaves by otlphttp, gzip, as the bytes that came
    json       one attribute upserted   leaves by otlphttp, plain
    json-gzip  nothing changed          leaves by otlphttp, gzip
    grpc[-gzip] one attribute upserted  leaves by otlp, gzip

The sink counts spans by id and by resource attribute; ids of SDKs are random, so `unique` is exact.

Used by python/run and node/run. Ports are found free, everything is on 127.0.0.1 and is stopped
by the pid it was started with.
"""

import argparse
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNS = ("http", "http-gzip", "grpc", "grpc-gzip")
SPANS = 1000
SECONDS_MAX = 30
COUNTED = ("unique", "duplicated", "corrupted", "requests", "gzip_requests", "grpc_requests")

CONFIG = """
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{grpc}"}}
      http: {{endpoint: "127.0.0.1:{http}"}}
processors:
  memory_limiter: {{check_interval: 1s, limit_mib: 128}}
  resource/mark:
    attributes:
      - {{key: yard.track, value: north, action: upsert}}
connectors:
  routing:
    default_pipelines: [traces/grpc]
    table:
      - context: resource
        condition: attributes["sdk.run"] == "http" or attributes["sdk.run"] == "json"
        pipelines: [traces/plain]
      - context: resource
        condition: IsMatch(attributes["sdk.run"], "^(http|json)-")
        pipelines: [traces/original]
exporters:
  otlphttp/plain:
    endpoint: http://127.0.0.1:{sink_http}
    compression: none
  otlphttp/gzip:
    endpoint: http://127.0.0.1:{sink_http}
    compression: gzip
  otlp:
    endpoint: 127.0.0.1:{sink_grpc}
    compression: gzip
    tls: {{insecure: true}}
service:
  telemetry:
    metrics: {{address: "127.0.0.1:{metrics}"}}
  pipelines:
    traces/in: {{receivers: [otlp], processors: [memory_limiter], exporters: [routing]}}
    traces/plain: {{receivers: [routing], processors: [resource/mark], exporters: [otlphttp/plain]}}
    traces/original: {{receivers: [routing], exporters: [otlphttp/gzip]}}
    traces/grpc: {{receivers: [routing], processors: [resource/mark], exporters: [otlp]}}
"""


def arguments(description):
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--gateway", type=pathlib.Path, default=target / "debug" / "spanyard")
    parser.add_argument("--loadgen", type=pathlib.Path, default=target / "debug" / "loadgen")
    parser.add_argument(
        "--direct", action="store_true", help="leave the gateway out: checks the test itself"
    )
    options = parser.parse_args()
    options.target = target
    for binary in (options.gateway, options.loadgen):
        if not binary.exists() and not (options.direct and binary == options.gateway):
            raise SystemExit(f"no {binary}: cargo build --locked --bins")
    return options


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def process(command, ports, log):
    """Runs a server until the block ends; it has to listen on all its ports first."""
    with log.open("wb") as out:
        child = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        deadline = time.monotonic() + SECONDS_MAX
        for port in ports:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if child.poll() is not None or time.monotonic() > deadline:
                        text = log.read_text(errors="replace")
                        raise SystemExit(f"{command[0]} does not listen on {port}:\n{text}")
                    time.sleep(0.02)
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(SECONDS_MAX)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def report(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/report", timeout=5) as answer:
        return json.load(answer)


def settled(port, expected):
    """The sink's report once it has what is expected, or when time is up."""
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        found = report(port)
        if found["unique"] >= expected or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def judge(run, before, after, direct):
    """One line about a run, and whether it was right."""
    grew = {name: after[name] - before[name] for name in COUNTED}
    marked = after["attributes"].get(f"sdk.run={run}", 0)
    track = "yard.track=north"
    edited = after["attributes"].get(track, 0) - before["attributes"].get(track, 0)
    lost = SPANS - grew["unique"]
    good = lost == 0 and marked == SPANS
    good = good and edited == (0 if direct or run in ("http-gzip", "json-gzip") else SPANS)
    good = good and grew["duplicated"] == 0 and grew["corrupted"] == 0
    # How it reached the sink: as the SDK sent it, or as the exporters of CONFIG send.
    zipped = run.endswith("-gzip") if direct else run not in ("http", "json")
    good = good and grew["gzip_requests"] == (grew["requests"] if zipped else 0)
    good = good and grew["grpc_requests"] == (grew["requests"] if run.startswith("grpc") else 0)
    line = f"{run:9}  sent {SPANS}  unique {grew['unique']}  lost {lost}"
    line += f"  duplicated {grew['duplicated']}  corrupted {grew['corrupted']}  edited {edited}"
    line += f"  requests {grew['requests']} ({grew['gzip_requests']} gzip)"
    return f"{line}  {'ok' if good else 'FAILED'}", good


def through(options, sender, runs=RUNS):
    """Sends each run by the command `sender`, and returns the process's exit code."""
    ports = {name: free_port() for name in ("grpc", "http", "sink_http", "sink_grpc", "metrics")}
    failed = 0
    with contextlib.ExitStack() as stack:
        home = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sdk-")))
        sink = [options.loadgen, "sink", "--http", f"127.0.0.1:{ports['sink_http']}"]
        sink += ["--grpc", f"127.0.0.1:{ports['sink_grpc']}"]
        sinks = (ports["sink_http"], ports["sink_grpc"])
        stack.enter_context(process(sink, sinks, home / "sink.log"))
        entry = {"http": ports["sink_http"], "grpc": ports["sink_grpc"]}
        if not options.direct:
            config = home / "gateway.yaml"
            config.write_text(CONFIG.format(**ports))
            gateway = [options.gateway, "--config", config]
            entry = {"http": ports["http"], "grpc": ports["grpc"]}
            stack.enter_context(process(gateway, entry.values(), home / "gateway.log"))
        clean = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
        for run in runs:
            before = report(ports["sink_http"])
            address = f"127.0.0.1:{entry['grpc' if run.startswith('grpc') else 'http']}"
            sent = subprocess.run([*sender, run, address], env=clean, timeout=120, check=False)
            after = settled(ports["sink_http"], before["unique"] + SPANS)
            line, good = judge(run, before, after, options.direct)
            good = good and sent.returncode == 0
            print(line + ("" if sent.returncode == 0 else f" (sender exited {sent.returncode})"))
            failed += not good
        if failed and not options.direct:
            print((home / "gateway.log").read_text(errors="replace"))
    print(f"{len(runs) - failed} passed, {failed} failed")
    return 1 if failed else 0
