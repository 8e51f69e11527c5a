"""Twice what it can do: as much goes through as at the peak, the rest is told when to come.

Two limits in turn. `backend`: the sink answers slowly and one at a time, so the queue is full
most of the time and refusals are many. `core`: the sink is quick, so the gateway's own core is
the limit, and rates are those per second of its CPU time, since others may want the same core.
The peak is the best closed loop; then an open loop offers twice that. Where the core is the limit
h2 takes a closed loop of twice the connections instead: requests that h2load paces come one by
one and cost more than those that come together. h2 is OTLP/HTTP over HTTP/2, sent by h2load,
whose refusals are counted but not timed; beside it one client by hand asks until it is refused
and reads what it is told.
"""

import concurrent.futures
import contextlib
import re
import shutil
import socket
import subprocess

import ground
import payload
import yard

GOODPUT_MIN = 0.9
REFUSAL_MS_MAX = 50
AFTER_MS = (1_000, 2_000)
SPANS = 5
PEAK_SECONDS = 6
LIMITS = {
    "backend": {
        "sink": ("--mode", "slow=10ms"),
        "exporter": {
            "merge": False,
            "sending_queue": {"queue_size": 64, "num_consumers": 4},
            "retry_on_failure": {"enabled": True},
        },
    },
    "core": {"sink": (), "exporter": {}},
}
STATUS_CODES = re.compile(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx")
TOTALS = re.compile(r"requests: (\d+) total.*?(\d+) failed, (\d+) errored, (\d+) timeout")


def arguments(command):
    command.add_argument("--seconds", type=int, default=60, help="of overload for each row")
    command.add_argument("--limits", default="backend,core", help="of backend, core")
    command.add_argument("--protocols", default="h1,h2,grpc", help="of h1, h2, grpc")
    command.add_argument("--connections", type=int, default=64)


def run(options, home, verdicts):
    """Every protocol at every limit."""
    for limit in options.limits.split(","):
        settings = {"exporter": LIMITS[limit]["exporter"]}
        with contextlib.ExitStack() as stack:
            sink = ground.cheap_sink(stack, options, home, *LIMITS[limit]["sink"])
            gateway = ground.start(
                stack, verdicts, limit, options, f"overload-{limit}", home, sink, settings
            )
            if gateway is None:
                continue
            for protocol in options.protocols.split(","):
                place = f"{limit} {protocol}"
                if protocol == "h2":
                    over_h2(options, home, place, gateway, verdicts)
                else:
                    by_loadgen(options, place, gateway, protocol, sink, verdicts)


def by_loadgen(options, place, gateway, protocol, sink, verdicts):
    port = gateway.grpc if protocol == "grpc" else gateway.http
    flags = ["--case", "C", "--protocol", "grpc" if protocol == "grpc" else "http"]
    peak = most = 0.0
    for connections in (4, 16, options.connections):
        many = [*flags, "--connections", str(connections)]
        with Busy(gateway, place) as busy:
            result = yard.Load(options, port, many, PEAK_SECONDS).result()
        most = max(most, rate(result))
        peak = max(peak, busy.rated(result["accepted"], result["elapsed_us"] / 1e6))
    wide = [*flags, "--connections", str(options.connections), "--streams", "4"]
    wide += ["--rate", f"{2 * most * SPANS:.0f}"]
    with Busy(gateway, place) as busy:
        load = yard.Load(options, port, wide, options.seconds)
        told = probe(gateway) if protocol == "h1" and place.startswith("backend") else None
        result = load.result()
    found = busy.rated(result["accepted"], result["elapsed_us"] / 1e6)
    offered = (result["requests"] + result["unsent"]) / (result["elapsed_us"] / 1e6)
    goodput(place, found, peak, f", {offered:.0f}/s offered", verdicts)
    judge_refusals(place, result, verdicts)
    if told:
        verdicts.add(place, "body of a refusal", *told)


def rate(result):
    """Requests accepted in a second."""
    return result["accepted"] / (result["elapsed_us"] / 1e6)


class Busy:
    """What the gateway's CPU did meanwhile, as a context."""

    def __init__(self, gateway, place):
        self.gateway, self.by_core = gateway, place.startswith("core")

    def __enter__(self):
        self.begun = self.gateway.cpu_ns()
        return self

    def __exit__(self, *_):
        self.seconds = (self.gateway.cpu_ns() - self.begun) / 1e9

    def rated(self, accepted, seconds):
        """Requests in a second: of CPU time where the core is the limit, else of the clock."""
        return accepted / max(self.seconds if self.by_core else seconds, 1e-9)


def goodput(place, found, peak, more, verdicts):
    text = f"{found:.0f}/s of {peak:.0f}/s at the peak{more}"
    good = found >= GOODPUT_MIN * peak
    verdicts.add(place, "goodput", good, text, f">= {100 * GOODPUT_MIN:.0f} %")


def judge_refusals(place, result, verdicts):
    found = f"{result['refused']} refused, {result['failed']} failed, {result['broken']} broken"
    good = result["failed"] == 0 and result["broken"] == 0
    verdicts.add(place, "answers", good, found, "refused ones only, no resets")
    if result.get("first_error"):
        verdicts.add(place, "first refusal", None, result["first_error"][:100], "")
    if result["refused"] == 0:
        return
    least, most = result.get("retry_after_min_ms"), result.get("retry_after_max_ms")
    found = f"{least} to {most} ms, {result['undated']} without"
    good = result["undated"] == 0 and AFTER_MS[0] <= least and most <= AFTER_MS[1]
    verdicts.add(place, "come again after", good, found, f"{AFTER_MS[0]} to {AFTER_MS[1]} ms")
    p99 = float(result["refusal_us"]["p99"]) / 1000
    good = p99 <= REFUSAL_MS_MAX
    verdicts.add(place, "refusal p99", good, f"{p99:.1f} ms", f"<= {REFUSAL_MS_MAX} ms")


def probe(gateway, tries=3_000):
    """Asks until refused: whether the refusal's body is a Status in the type of the request."""
    body = payload.request("C")
    wanted = "google.rpc.Status, application/x-protobuf"
    request = ground.post_head(len(body)) + body
    with socket.create_connection((ground.HOST, gateway.http), 20) as peer:
        for _ in range(tries):
            peer.sendall(request)
            answer = b""
            while b"\r\n\r\n" not in answer:
                data = peer.recv(65_536)
                if not data:
                    return False, "closed without an answer", wanted
                answer += data
            head, _, rest = answer.partition(b"\r\n\r\n")
            size = re.search(rb"(?i)content-length: *(\d+)", head)
            while size and len(rest) < int(size.group(1)):
                rest += peer.recv(65_536)
            if b" 200 " not in head[:14]:
                break
        else:
            return None, f"none of {tries} was refused", wanted
    line = head.split(b"\r\n", 1)[0].decode("latin-1")
    typed = b"content-type: application/x-protobuf" in head.lower()
    status = rest[:1] == b"\x08" or rest[:1] == b"\x12"
    found = f"{line}, {len(rest)} bytes"
    return typed and status and (b" 503 " in head[:14] or b" 429 " in head[:14]), found, wanted


def over_h2(options, home, place, gateway, verdicts):
    if not shutil.which("h2load"):
        verdicts.add(place, "not available", None, "no h2load (Debian: nghttp2-client)", "")
        return
    body = home / "body-c"
    body.write_bytes(payload.request("C"))
    peak = 0.0
    for connections in (4, 16, options.connections):
        with Busy(gateway, place) as busy:
            found = h2load(options, gateway, body, PEAK_SECONDS, connections)
        peak = max(peak, busy.rated(found["2xx"], PEAK_SECONDS))
    paced = place.startswith("backend")
    twice = options.connections if paced else 2 * options.connections
    each = max(1, round(2 * peak / twice)) if paced else None
    with Busy(gateway, place) as busy, concurrent.futures.ThreadPoolExecutor(1) as beside:
        told = beside.submit(probe_h2, gateway)
        found = h2load(options, gateway, body, options.seconds, twice, each)
    more = f", {each * twice}/s offered" if paced else f", {twice} connections at once"
    goodput(place, busy.rated(found["2xx"], options.seconds), peak, more, verdicts)
    text = f"{found['5xx']} 5xx, {found['4xx']} 4xx, {found['errored']} errored"
    verdicts.add(place, "answers", found["errored"] == 0, text, "no resets")
    verdicts.add(place, "a refusal", *told.result())


def probe_h2(gateway, tries=400):
    """Asks over HTTP/2 until refused: whether the refusal says when to come again, as a Status."""
    import hpack

    message = payload.request("C")
    wanted = "503 or 429, retry-after 1 or 2, google.rpc.Status"
    for _ in range(tries):
        decoder, buffer, headers, content = hpack.Decoder(), bytearray(), {}, b""
        with socket.create_connection((ground.HOST, gateway.http), 20) as peer:
            last = ground.frame(ground.DATA, ground.END_STREAM, 1, message)
            peer.sendall(ground.HELLO + ground.h2_head(1) + last)
            ended = False
            while not ended:
                data = peer.recv(65_536)
                ended = not data
                buffer += data
                for kind, flags, stream, body in ground.h2_frames(buffer):
                    if kind == ground.HEADERS:
                        headers.update(decoder.decode(body))
                    if kind == ground.DATA:
                        content += body
                    if kind == ground.RESET:
                        return False, "reset", wanted
                    over = kind in (ground.HEADERS, ground.DATA)
                    ended |= over and stream == 1 and bool(flags & ground.END_STREAM)
        if headers.get(":status") != "200":
            break
    else:
        return None, f"none of {tries} was refused", wanted
    status, after = headers.get(":status"), headers.get("retry-after")
    good = status in ("503", "429") and after in ("1", "2") and content[:1] in (b"\x08", b"\x12")
    return good, f"{status}, retry-after {after}, {len(content)} bytes", wanted


def h2load(options, gateway, body, seconds, connections, each=None):
    """Requests answered 200 in a second, and the other answers."""
    command = ["taskset", "-c", str(options.load_core), "h2load", "-t", "1", "-c", str(connections)]
    command += ["-m", "4", "-D", str(seconds), "-d", str(body)]
    command += ["--rps", str(each)] if each else []
    command += ["-H", "content-type: application/x-protobuf"]
    done = subprocess.run(
        [*command, f"http://{ground.HOST}:{gateway.http}/v1/traces"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds + 40,
        check=True,
    )
    codes, totals = STATUS_CODES.search(done.stdout), TOTALS.search(done.stdout)
    if not codes or not totals:
        raise SystemExit(f"h2load printed no counts:\n{done.stdout}{done.stderr}")
    two, _, four, five = (int(number) for number in codes.groups())
    errored = int(totals.group(3)) + int(totals.group(4))
    return {"2xx": two, "4xx": four, "5xx": five, "errored": errored}
