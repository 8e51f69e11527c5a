"""One closed-loop load: as many requests as the server under test can answer, for some seconds.

wrk sends one prepared request over and over, which costs it less than anything that counts or
decodes answers; its script prints one line of JSON at the end.
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
        """Answers counted: requests, refused (status above 399), broken, us, p99_us."""
        done = subprocess.run(
            ["taskset", "-c", str(self.core), "wrk", "-t", "1", "-c", str(connections)]
            + ["-d", f"{seconds}s", "-s", str(script), f"http://127.0.0.1:{server.port}/"],
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
