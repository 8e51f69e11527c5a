"""One closed-loop load: as many requests as the server under test can answer, for some seconds.

Both clients send the same prepared bytes over and over from one thread. Against the same sink they
cost about the same core time per request (A / B / C: wrk 151 / 19 / 11.7 us, loadgen 135 / 14 /
10.5 us); h2load costs twice as much on A and B. wrk is nobody's here, so it is the default.
"""

import json
import subprocess

SCRIPT = """
local file = assert(io.open("{body}", "rb"))
wrk.method = "POST"
wrk.path = "/v1/traces"
wrk.body = file:read("*a")
file:close()
wrk.headers["Content-Type"] = "application/x-protobuf"
{encoding}
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '{{"requests":%d,"refused":%d,"broken":%d,"us":%d,"p99_us":%d}}\\n',
    summary.requests, e.status, e.connect + e.read + e.write + e.timeout, summary.duration,
    latency:percentile(99)))
end
"""


class Wrk:
    """Sends the body in `path` to a server, from one thread on one core."""

    def __init__(self, core):
        self.core = core

    def prepare(self, body_path, encoding, home):
        """Writes the script for one body; what `run` takes."""
        script = home / f"{body_path.name}.lua"
        header = f'wrk.headers["Content-Encoding"] = "{encoding}"' if encoding else ""
        script.write_text(SCRIPT.format(body=body_path, encoding=header))
        return script

    def run(self, server, script, connections, seconds):
        """Answers counted: requests, refused (status of 400 or more), broken, us, p99_us."""
        done = subprocess.run(
            ["taskset", "-c", str(self.core), "wrk", "-t", "1", "-c", str(connections)]
            + ["-d", f"{seconds}s", "-s", str(script), f"{server.address()}/"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds + 30,
            check=True,
        )
        last = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if not last:
            raise SystemExit(f"wrk printed no summary:\n{done.stdout}{done.stderr}")
        return json.loads(last[-1])


class Loadgen:
    """The same by `loadgen send`, with bodies of its own of the same shape."""

    def __init__(self, core, binary):
        self.core, self.binary = core, binary

    def prepare(self, body_path, encoding, _home):
        """What `run` takes: the arguments that describe the body."""
        case = ["--case", body_path.name.split("-")[0], "--compression", encoding or "none"]
        return [*case, "--resource", "deployment.environment.name=production"]

    def run(self, server, arguments, connections, seconds):
        """As Wrk.run."""
        trust = ["--ca", str(server.authority)] if server.authority else []
        protocol = ["--protocol", "h3"] if server.quic else []
        done = subprocess.run(
            ["taskset", "-c", str(self.core), str(self.binary), "send", *arguments]
            + ["--endpoint", f"{server.address()}/v1/traces", *trust, *protocol]
            + ["--connections", str(connections)]
            + ["--duration", f"{seconds}s", "--output", "json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds + 30,
            check=False,
        )
        if not done.stdout.startswith("{"):
            raise SystemExit(f"loadgen printed no report:\n{done.stdout}{done.stderr}")
        report = json.loads(done.stdout)
        return {
            "requests": report["accepted"] + report["refused"] + report["failed"],
            "refused": report["refused"] + report["failed"],
            "broken": report["broken"],
            "us": report["elapsed_us"],
            "p99_us": report["latency_us"]["p99"],
        }
