"""One of two backends is dead: what happens to the other one, to memory and to the ledger.

    fan-out   every request goes to both
    route     a second load, for the dead backend, beside the first
    mixed     every request has resources for both

Two gateways with the same file, but for the exporter of the dead backend, which is `nop` in the
reference, take turns of a few seconds on the same core: a machine that is noisy is noisy for both.
Rates are compared turn by turn; CPU per request as well, because the load may be what limits the
rate (the gateway's core is then not busy), and with a full core the one is the other. The live
backend is a cheap sink that counts bytes: bodies are the same in every request, so bytes tell
spans exactly. A last run with ids of its own for every span, into a sink that checks them, proves
that it is the right spans that arrive.
"""

import contextlib
import dataclasses
import statistics
import time

import refusal
import yard

LIMIT_MIB, OVERHEAD_MIB = 256, 64
RATE_MIN = 0.95
TURN_SECONDS = 5
WARM_SECONDS_MAX = 20
EXIT_LOST = 3
LIVE, DEAD = "otlphttp/live", "otlphttp/dead"
KEY = "yard"
SECOND_CONNECTIONS, SECOND_REQUESTS_PER_SECOND = 4, 200


@dataclasses.dataclass(frozen=True)
class Way:
    """One of the three ways."""

    name: str
    routed: bool
    values: str
    resources: int
    second: bool = False
    # The part of each request that is for the live backend.
    live: float = 1.0

    def load(self, spans, values=None):
        """What `loadgen send` is told about the bodies."""
        sizes = ["--resources", str(self.resources), "--spans-per-request", str(spans)]
        return [*sizes, "--resource", f"{KEY}={values or self.values}"]


WAYS = (
    Way("fan-out", False, "live", 1),
    Way("route", True, "live", 1, second=True),
    Way("mixed", True, "live|dead", 10, live=0.5),
)


def parts(way, sink, dead_port):
    """The sections of the file; without a dead port the dead backend is `nop`."""
    dead = DEAD if dead_port else "nop"
    exporters = {LIVE: {"endpoint": f"http://127.0.0.1:{sink.port}", "compression": "none"}}
    exporters[dead] = {}
    if dead_port:
        exporters[dead] = {"endpoint": f"http://127.0.0.1:{dead_port}", "compression": "none"}
    entry = {"receivers": ["otlp"], "processors": ["memory_limiter"]}
    if not way.routed:
        pipelines = {"traces": {**entry, "exporters": [LIVE, dead]}}
        return {"exporters": exporters, "pipelines": pipelines}
    condition = f'attributes["{KEY}"] == "dead"'
    table = [{"context": "resource", "condition": condition, "pipelines": ["traces/dead"]}]
    return {
        "exporters": exporters,
        "connectors": {"routing": {"default_pipelines": ["traces/live"], "table": table}},
        "pipelines": {
            "traces/in": {**entry, "exporters": ["routing"]},
            "traces/live": {"receivers": ["routing"], "exporters": [LIVE]},
            "traces/dead": {"receivers": ["routing"], "exporters": [dead]},
        },
    }


class Side:
    """A gateway with its live sink, and all that was sent to it."""

    def __init__(self, options, way, home, stack, dead_port, sink_flags=("--cheap",)):
        self.options, self.way = options, way
        self.name = f"{way.name}-{'dead' if dead_port else 'nop'}{'' if sink_flags else '-proof'}"
        self.sink = yard.Sink(options, f"{self.name}-sink", home, sink_flags)
        stack.callback(self.sink.stop)
        sections = parts(way, self.sink, dead_port)
        self.gateway = yard.Gateway(options, self.name, home, sections, LIMIT_MIB)
        stack.callback(self.gateway.stop)
        self.sent, self.second, self.turns = [], [], []

    def turn(self, seconds):
        """Load for some seconds; what it came to."""
        options, way = self.options, self.way
        flags = ["--reuse", "--connections", str(options.connections)]
        before = self.gateway.cpu_ns()
        flags += way.load(options.spans)
        loads = [yard.Load(options, self.gateway.port, flags, seconds)]
        if way.second:
            rate = options.spans * SECOND_REQUESTS_PER_SECOND
            flags = ["--reuse", "--connections", str(SECOND_CONNECTIONS), "--rate", str(rate)]
            flags += way.load(options.spans, "dead")
            loads.append(yard.Load(options, self.gateway.port, flags, seconds))
        results = [load.result() for load in loads]
        cpu_ns = self.gateway.cpu_ns() - before
        self.sent.append(results[0])
        self.second += results[1:]
        handled = sum(result["requests"] for result in results)
        seconds = results[0]["elapsed_us"] / 1e6
        return {
            "rate": results[0]["accepted"] / seconds,
            "cpu_us": cpu_ns / 1e3 / max(handled, 1),
            "busy": cpu_ns / 1e9 / seconds,
            "result": results[0],
            "second": results[1] if way.second else None,
        }

    def full(self):
        """Whether the dead destination is known to be dead and has turned copies away."""
        breaker = self.gateway.value("spanyard_exporter_breaker_open_shards", exporter=DEAD)
        turned_away = self.gateway.value("otelcol_exporter_enqueue_failed_spans", exporter=DEAD)
        return breaker >= 1 and turned_away > 0

    def total(self, name):
        return sum(result[name] for result in self.sent)

    def live_spans(self):
        """Spans for the live backend in all requests that were accepted."""
        return round(self.total("accepted_spans") * self.way.live)

    def for_the_dead(self):
        """Spans for the dead backend in all requests that were accepted."""
        if not self.way.routed:
            return self.total("accepted_spans")
        second = sum(result["accepted_spans"] for result in self.second)
        return self.total("accepted_spans") - self.live_spans() + second

    def spans_at_sink(self):
        """What the live sink got, from its bytes; None when these are no whole requests."""
        one = self.sent[0]
        spans = round(one["spans_per_request"] * self.way.live)
        total, step = self.sink.report()["bytes"], round(one["body_bytes"] * self.way.live)
        return total // step * spans if total % step == 0 else None


def run(options, home, verdicts):
    """All ways, or the one asked for."""
    for way in WAYS:
        if options.way in ("all", way.name):
            one_way(options, way, home, verdicts)


def one_way(options, way, home, verdicts):
    with contextlib.ExitStack() as stack:
        dead_port = yard.servers.free_port()
        dead = Side(options, way, home, stack, dead_port)
        reference = Side(options, way, home, stack, None)
        watches = [stack.enter_context(yard.Watch(side.gateway, 1)) for side in (dead, reference)]
        begun = time.monotonic()
        while not dead.full() and time.monotonic() < begun + WARM_SECONDS_MAX:
            dead.turn(1)
        known = f"after {time.monotonic() - begun:.1f} s of load"
        verdicts.add(way.name, "known dead, queue full", dead.full(), known, "within 20 s")
        reference.turn(1)
        turns = max(2, round(options.seconds / TURN_SECONDS))
        for number in range(turns):
            order = (dead, reference) if number % 2 else (reference, dead)
            for side in order:
                side.turns.append(side.turn(max(1, round(options.seconds / turns))))
        compare(way, dead, reference, verdicts)
        isolated(way, dead, verdicts)
        for side, watch in zip((dead, reference), watches):
            books(side, watch, verdicts)
        if way.second:
            refused(dead, home, verdicts)
        for side, watch in zip((dead, reference), watches):
            finish(side, watch, verdicts)
    with contextlib.ExitStack() as stack:
        prove(Side(options, way, home, stack, dead_port, ()), verdicts)


def compare(way, dead, reference, verdicts):
    """The rate beside the dead backend to that without it, turn by turn.

    Mixed requests are not judged by it: their answers are longer than those of the reference.
    """
    judged = way.live == 1
    pairs = list(zip(dead.turns, reference.turns))
    ratios = [one["rate"] / max(other["rate"], 1e-9) for one, other in pairs]
    ratio = statistics.median(ratios)
    found = f"{ratio:.3f} ({min(ratios):.3f}-{max(ratios):.3f}, {len(ratios)} turns)"
    good, wanted = (ratio >= RATE_MIN, f">= {RATE_MIN}") if judged else (None, "")
    verdicts.add(way.name, "rate, of the reference", good, found, wanted)
    for side in (dead, reference):
        middle = {
            key: statistics.median(turn[key] for turn in side.turns)
            for key in ("rate", "cpu_us", "busy")
        }
        found = f"{middle['rate']:.0f} requests/s, {middle['cpu_us']:.2f} us CPU/request, "
        found += f"core {100 * middle['busy']:.0f} % busy"
        verdicts.add(side.name, "speed", None, found, "")
    cost = statistics.median(one["cpu_us"] / max(other["cpu_us"], 1e-9) for one, other in pairs)
    good, wanted = (cost <= 1 / RATE_MIN, f"<= {1 / RATE_MIN:.3f}") if judged else (None, "")
    verdicts.add(way.name, "CPU/request, of it", good, f"{cost:.3f}", wanted)


def isolated(way, dead, verdicts):
    """What the clients were told, once the backend was known to be dead."""
    results = [turn["result"] for turn in dead.turns]
    trouble = {key: sum(r[key] for r in results) for key in ("refused", "failed", "broken")}
    good = not any(trouble.values())
    verdicts.add(way.name, "requests not accepted", good, told(trouble), "none")
    for result in results:
        if result.get("first_error"):
            verdicts.add(way.name, "first of them", None, result["first_error"], "")
            break
    if way.live < 1:
        rejected = sum(result["rejected_spans"] for result in results)
        expected = round(sum(result["accepted_spans"] for result in results) * (1 - way.live))
        good = rejected == expected > 0
        verdicts.add(way.name, "spans rejected", good, rejected, f"{expected}: all of the dead")
    if way.second:
        seconds = [turn["second"] for turn in dead.turns]
        counts = {key: sum(r[key] for r in seconds) for key in ("requests", "refused")}
        good = counts["requests"] == counts["refused"] > 0
        verdicts.add(way.name, "requests for the dead one", good, told(counts), "all refused")


def books(side, watch, verdicts):
    """Sink, page and clients agree on every span, once the live queue is empty."""
    empty = yard.until(lambda: side.gateway.ledger(LIVE)["queued"] == 0)
    stages, arrived = side.gateway.ledger(LIVE), side.spans_at_sink()
    expected = side.live_spans()
    good = empty and yard.balances(stages) and stages["delivered"] == expected == arrived
    found = f"{expected} accepted, {stages['delivered']} on the page, {arrived} at the sink"
    verdicts.add(side.name, "live backend gets all", good, found, "equal")
    verdicts.add(side.name, "ledger, live", yard.balances(stages), yard.told(stages), "balances")
    found = f"off by {watch.worst:.0f} in {watch.off} of {watch.scrapes} scrapes"
    good = watch.off == 0 and watch.scrapes > 0 and not watch.missed
    verdicts.add(side.name, "ledger at every scrape", good, found, "0 everywhere")
    if side.gateway.value("otelcol_exporter_queue_capacity", exporter=DEAD):
        stages = side.gateway.ledger(DEAD)
        spans = side.for_the_dead()
        good = yard.balances(stages) and stages["routed"] == spans
        verdicts.add(side.name, "ledger, dead", good, yard.told(stages), f"{spans} = ...")
        told, booked = side.total("rejected_spans"), stages["rejected"]
        verdicts.add(side.name, "rejected, dead", told == booked, booked, f"{told}: as told")


def refused(dead, home, verdicts):
    """The answers of the two protocols to a request for the dead backend."""
    message = refusal.body(KEY, "dead")
    good, found = refusal.by_http(dead.gateway, message)
    verdicts.add(dead.name, "refusal, HTTP", good, found, "503, Retry-After")
    good, found = refusal.by_grpc(dead.gateway, message, home)
    verdicts.add(dead.name, "refusal, gRPC", good, found, "grpc-status 14, RetryInfo")


def finish(side, watch, verdicts):
    """Peak memory, and an end that names what is lost."""
    most = LIMIT_MIB + OVERHEAD_MIB
    peak = side.gateway.peak_mib() or watch.peak_mib
    verdicts.add(side.name, "peak RSS", 0 < peak <= most, f"{peak:.0f} MiB", f"<= {most} MiB")
    queued = side.gateway.ledger(DEAD)["queued"]
    wanted = EXIT_LOST if queued else 0
    watch.stop.set()
    code, seconds, words = side.gateway.end(30)
    lost = sum(words.values())
    found = f"code {code}, {lost} lost, {seconds:.2f} s"
    good = code == wanted and lost == queued
    verdicts.add(side.name, "SIGTERM", good, found, f"code {wanted}, {queued} lost")


def prove(side, verdicts):
    """Spans with ids of their own: each that was acknowledged for the live backend arrives once."""
    way, options = side.way, side.options
    seconds = max(2, options.seconds // 6)
    for _ in range(WARM_SECONDS_MAX if way.live < 1 else 0):
        if side.full():
            break
        side.turn(1)
    # What is still on its way has the same ids throughout, and would count as duplicates.
    yard.until(lambda: side.gateway.ledger(LIVE)["queued"] == 0)
    arguments = [*way.load(options.spans), "--connections", str(options.connections)]
    arguments += ["--retry-for", "0s", "--verify", f"127.0.0.1:{side.sink.port}"]
    result = yard.Load(options, side.gateway.port, arguments, seconds).result()
    proof = result["proof"]
    faults = {key: proof[key] for key in ("lost", "duplicated", "corrupted", "misrouted")}
    expected = round(result["accepted_spans"] * (1 - way.live))
    good = result["accepted"] > 0 and not any(faults.values())
    good = good and result["rejected_spans"] == expected
    found = f"{proof['acknowledged']} acknowledged, " + told(faults)
    verdicts.add(side.name, "ids at the live backend", good, found, "none lost, none twice")


def told(counts):
    """Counts in words."""
    return ", ".join(f"{number} {name}" for name, number in counts.items())
