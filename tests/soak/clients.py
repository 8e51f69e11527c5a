"""Clients nobody here wrote: telemetrygen (Go, the Collector's) and h2load (nghttp2).

Both send through a gateway into one checking sink. A tool that is missing skips its lines and says
so; telemetrygen is installed below target/ when Go is there.
"""

import contextlib
import os
import re
import shutil
import subprocess

import payload
import yard

MODULE = "github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen"
VERSION = "v0.161.0"
INSTALL_SECONDS_MAX, CLIENT_SECONDS_MAX = 900, 120
# telemetrygen sends two spans a trace: a parent and its child.
TRACES = 500
REQUESTS, CONNECTIONS, STREAMS = 10_000, 10, 10


def run(options, home, verdicts):
    """Each client in turn, the same gateway."""
    with contextlib.ExitStack() as stack:
        sink = yard.Sink(options, "sink", home)
        stack.callback(sink.stop)
        parts = {
            "exporters": {
                "otlphttp": {"endpoint": f"http://127.0.0.1:{sink.port}", "compression": "none"}
            },
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter"],
                    "exporters": ["otlphttp"],
                }
            },
        }
        gateway = yard.Gateway(options, "clients", home, parts, 128, drain="5s")
        stack.callback(gateway.stop)
        with yard.Watch(gateway, 0.1) as watch:
            telemetrygen(options, gateway, sink, verdicts)
            h2load(options, gateway, sink, home, verdicts)
        found = f"off by {watch.worst:.0f} in {watch.off} of {watch.scrapes} scrapes"
        verdicts.add("clients", "ledger at every scrape", watch.off == 0, found, "0 everywhere")
        code, seconds, _ = gateway.end(30)
        verdicts.add("clients", "SIGTERM", code == 0, f"code {code}, {seconds:.2f} s", "code 0")


def arrived(gateway, sink, before, spans):
    """What the sink got of `spans`, and whether that and the ledger are right."""
    reached = yard.until(lambda: sink.report()["spans"] - before["spans"] >= spans)
    yard.until(lambda: gateway.ledger("otlphttp")["queued"] == 0)
    after = sink.report()
    got = after["spans"] - before["spans"]
    stages = gateway.ledger("otlphttp")
    good = reached and got == spans and after["malformed"] == 0
    return got, good and yard.balances(stages) and stages["delivered"] == after["spans"], after


def telemetrygen(options, gateway, sink, verdicts):
    tool = installed(options.target)
    if tool is None:
        verdicts.add("telemetrygen", "skipped", None, "no telemetrygen and no go to install it", "")
        return
    for protocol, flags in (("grpc", []), ("http", ["--otlp-http"])):
        before = sink.report()
        port = gateway.http if flags else gateway.grpc
        done = subprocess.run(
            [tool, "traces", "--otlp-insecure", "--otlp-endpoint", f"127.0.0.1:{port}"]
            + ["--traces", str(TRACES), "--workers", "1", "--rate", "0", *flags],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CLIENT_SECONDS_MAX,
            check=False,
        )
        spans = 2 * TRACES
        got, good, after = arrived(gateway, sink, before, spans)
        unique = after["unique"] - before["unique"]
        troubles = re.findall(r"^.*\t(?:WARN|ERROR|FATAL|PANIC)\t.*$", done.stderr, re.M)
        good = good and done.returncode == 0 and unique == spans and not troubles
        found = f"{got} spans, {unique} unique, code {done.returncode}"
        found += f", says {troubles[0][:120]}" if troubles else ""
        verdicts.add("telemetrygen", protocol, good, found, f"{spans} spans, each once")


def installed(target):
    """The program, installed on first use; None without Go."""
    home = target / "soak"
    tool = home / f"telemetrygen-{VERSION}"
    if tool.exists():
        return tool
    if not shutil.which("go"):
        return shutil.which("telemetrygen")
    home.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GOBIN": str(home), "GOFLAGS": "-mod=mod"}
    subprocess.run(
        ["go", "install", f"{MODULE}@{VERSION}"],
        cwd=home,
        env=environment,
        timeout=INSTALL_SECONDS_MAX,
        check=True,
    )
    (home / "telemetrygen").rename(tool)
    return tool


def h2load(options, gateway, sink, home, verdicts):
    if not shutil.which("h2load"):
        verdicts.add("h2load", "skipped", None, "no h2load (Debian: nghttp2-client)", "")
        return
    body = home / "c.pb"
    body.write_bytes(payload.request("C"))
    groups, spans = payload.SHAPES["C"]
    before = sink.report()
    done = subprocess.run(
        ["taskset", "-c", str(options.load_core), "h2load", "-n", str(REQUESTS)]
        + ["-c", str(CONNECTIONS), "-m", str(STREAMS), "-d", str(body)]
        + ["-H", "content-type: application/x-protobuf"]
        + [f"http://127.0.0.1:{gateway.http}/v1/traces"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=CLIENT_SECONDS_MAX,
        check=False,
    )
    requests = re.search(r"^requests: (.*)$", done.stdout, re.M)
    codes = re.search(r"^status codes: (.*)$", done.stdout, re.M)
    if not requests or not codes:
        raise SystemExit(f"h2load printed no summary:\n{done.stdout}{done.stderr}")
    whole = f"{REQUESTS} succeeded, 0 failed, 0 errored, 0 timeout"
    verdicts.add("h2load", "streams", whole in requests[1], requests[1], whole)
    all_good = f"{REQUESTS} 2xx"
    verdicts.add("h2load", "answers", codes[1].startswith(all_good), codes[1], all_good)
    expected = REQUESTS * groups * spans
    got, good, _ = arrived(gateway, sink, before, expected)
    verdicts.add("h2load", "at the sink", good, f"{got} spans", f"{expected} spans")
