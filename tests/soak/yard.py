"""What every long-run check needs: the gateway, sinks, load, the metrics page, a list of verdicts.

Servers come from benches/peers/servers.py: free ports on 127.0.0.1, pinned, stopped by their pid.
Nothing here knows what is being checked.
"""

import json
import pathlib
import re
import subprocess
import sys
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benches" / "peers"))
import servers

SAMPLE = re.compile(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$", re.M)
LABEL = re.compile(r'(\w+)="([^"]*)"')
ENDS = ("delivered", "rejected", "dropped", "queued")
SETTLE_SECONDS_MAX = 20


class Gateway(servers.Server):
    """A gateway for one configuration: `parts` are the sections that differ between checks."""

    def __init__(
        self, options, name, home, parts, limit_mib, drain="1s", core=None, shards=1, extra=()
    ):
        ports = [servers.free_port() for _ in range(4)]
        self.http, self.grpc, self.metrics, self.admin = ports
        self.limit_mib, self.drain = limit_mib, drain
        self.file = home / f"{name}.yaml"
        self.file.write_text(self.text(parts))
        command = [str(options.gateway), "--config", str(self.file), "--shards", str(shards)]
        core = options.server_core if core is None else core
        super().__init__(name, self.http, [*command, *extra], core, home)

    def text(self, parts):
        """The whole configuration around some sections."""
        limiter = {"check_interval": "1s", "limit_mib": self.limit_mib}
        admin = {"endpoint": f"127.0.0.1:{self.admin}"}
        config = {
            "receivers": {
                "otlp": {
                    "protocols": {
                        "http": {"endpoint": f"127.0.0.1:{self.http}"},
                        "grpc": {"endpoint": f"127.0.0.1:{self.grpc}"},
                    }
                }
            },
            "processors": {"memory_limiter": limiter, **parts.get("processors", {})},
            "extensions": {"spanyard": {"drain_timeout": self.drain, "admin": admin}},
            "exporters": parts["exporters"],
            "connectors": parts.get("connectors", {}),
            "service": {
                "extensions": ["spanyard"],
                "telemetry": {
                    "metrics": {"address": f"127.0.0.1:{self.metrics}"},
                    "logs": {"encoding": "json"},
                },
                "pipelines": parts["pipelines"],
            },
        }
        if not config["connectors"]:
            del config["connectors"]
        return json.dumps(config, indent=1)

    def page(self, timeout=5):
        """The metrics page: a list of (name, labels, value)."""
        url = f"http://127.0.0.1:{self.metrics}/metrics"
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            text = answer.read().decode()
        found = SAMPLE.findall(text)
        return [(name, dict(LABEL.findall(labels)), float(value)) for name, labels, value in found]

    def ledger(self, exporter):
        """Spans of one exporter by stage, from the page."""
        stages = dict.fromkeys(("routed", *ENDS), 0)
        for name, labels, value in self.page():
            if name == "spanyard_spans" and labels.get("exporter") == exporter:
                stages[labels["stage"]] += round(value)
        return stages

    def value(self, wanted, **labels):
        """The sum of the samples of one name that carry these labels."""
        return sum(
            value
            for name, found, value in self.page()
            if name == wanted and labels.items() <= found.items()
        )

    def peak_mib(self):
        """The most memory that was ever resident; None once the process is gone."""
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return None
        peak = re.search(r"^VmHWM:\s+(\d+)", status, re.M)
        return int(peak.group(1)) / 1024 if peak else None

    def end(self, patience):
        """Sends SIGTERM: exit code, seconds until then, and the counts of the last words."""
        begun = time.monotonic()
        self.process.terminate()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return self.process.returncode, time.monotonic() - begun, self.last_words()

    def last_words(self):
        """What the log says of spans that were lost at the end."""
        for line in reversed(self.log.read_text(errors="replace").splitlines()):
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if "unsent" in event:
                return {key: int(event[key]) for key in ("unsent", "sent_unanswered")}
        return {"unsent": 0, "sent_unanswered": 0}


class Sink(servers.Server):
    """`loadgen sink`; a cheap one counts requests and bytes, others check every span."""

    def __init__(self, options, name, home, arguments=()):
        port = servers.free_port()
        command = [str(options.loadgen), "sink", "--http", f"127.0.0.1:{port}", *arguments]
        super().__init__(name, port, command, options.load_core, home)

    def report(self):
        url = f"http://127.0.0.1:{self.port}/report"
        with urllib.request.urlopen(url, timeout=20) as answer:
            return json.load(answer)


class Load:
    """A `loadgen send` under way."""

    def __init__(self, options, port, arguments, seconds):
        self.patience = seconds + 40
        command = ["taskset", "-c", str(options.load_core), str(options.loadgen), "send"]
        command += ["--endpoint", f"127.0.0.1:{port}", "--duration", f"{seconds}s"]
        self.process = subprocess.Popen(
            command + ["--output", "json", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def result(self):
        """The report, once the load has ended by itself."""
        try:
            out, err = self.process.communicate(timeout=self.patience)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        if not out.startswith("{"):
            raise SystemExit(f"loadgen printed no report:\n{out}{err}")
        return json.loads(out)


class Watch:
    """Scrapes a gateway's page at a steady pace, as a context: worst answers, worst imbalance."""

    def __init__(self, gateway, interval):
        self.gateway, self.interval = gateway, interval
        self.scrapes, self.missed, self.off = 0, [], 0
        self.seconds, self.worst, self.peak_mib = [], 0.0, 0.0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def _run(self):
        due = time.monotonic()
        while not self.stop.wait(max(0.0, due - time.monotonic())):
            due = max(due + self.interval, time.monotonic())
            begun = time.monotonic()
            try:
                page = self.gateway.page()
            except (OSError, ValueError) as error:
                if not self.stop.is_set():
                    self.missed.append(str(error))
                continue
            self.seconds.append(time.monotonic() - begun)
            self.scrapes += 1
            off = [abs(value) for name, _, value in page if name.startswith("spanyard_ledger_imb")]
            if not off or max(off) > 0:
                self.off += 1
                self.worst = max([self.worst, *off])
            self.peak_mib = max(self.peak_mib, self.gateway.peak_mib() or 0.0)


class Verdicts:
    """What was found beside what was wanted."""

    def __init__(self):
        self.rows = []

    def add(self, place, what, good, found, wanted):
        """One line of the table; `good` None is a figure nobody judges."""
        self.rows.append((place, what, {True: "pass", False: "FAIL", None: ""}[good]))
        self.rows[-1] += (str(found), str(wanted))

    def failed(self):
        return sum(row[2] == "FAIL" for row in self.rows)

    def table(self):
        head = ("where", "what", "", "found", "wanted")
        rows = [head, *self.rows]
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() for row in rows]
        return "\n".join([*lines, f"{self.failed()} of {len(self.rows)} lines failed"])


def until(condition, seconds=SETTLE_SECONDS_MAX, pause=0.1):
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def balances(stages):
    """Whether every routed span is in one place."""
    return stages["routed"] == sum(stages[end] for end in ENDS)


def told(stages):
    """The ledger of one exporter in words."""
    return f"{stages['routed']} = " + " + ".join(f"{stages[end]} {end}" for end in ENDS)
