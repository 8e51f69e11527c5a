"""One tenant far above its quota beside a modest one: the modest one must not notice.

X offers ten times its quota, Y a tenth of what the gateway can do. Tenants are told apart by a
header (`tenant_limits` of our extension).
"""

import contextlib

import ground
import yard

SPANS = 5
# So small that ten times as much, and the other tenant, leave both cores time to spare.
QUOTA = 4_000
ACCEPTED_MIN, P99_RATIO_MAX = 0.99, 2.0
PEAK_SECONDS = 4


def arguments(command):
    command.add_argument("--seconds", type=int, default=20, help="of load for each of two runs")
    command.add_argument("--protocol", choices=("http", "grpc"), default="http")


def run(options, home, verdicts):
    limits = {"header": "x-tenant", "tenants": {"x": {"items_per_second": QUOTA}}}
    settings = {"spanyard": {"tenant_limits": limits}}
    with contextlib.ExitStack() as stack:
        sink = ground.cheap_sink(stack, options, home)
        gateway = ground.start(
            stack, verdicts, "tenants", options, "tenants", home, sink, settings
        )
        if gateway is None:
            return
        port = gateway.grpc if options.protocol == "grpc" else gateway.http
        flags = ["--case", "C", "--protocol", options.protocol]
        free = [*flags, "--connections", "16", "--header", "X-Tenant: y"]
        peak = yard.Load(options, port, free, PEAK_SECONDS).result()
        able = peak["accepted"] / (peak["elapsed_us"] / 1e6)
        modest = [*free[:-4], "--connections", "4", "--header", "X-Tenant: y"]
        modest += ["--rate", f"{able * SPANS / 10:.0f}"]
        quiet = yard.Load(options, port, modest, options.seconds).result()
        greedy = [*flags, "--connections", "16", "--header", "X-Tenant: x"]
        greedy += ["--rate", str(10 * QUOTA)]
        both = [yard.Load(options, port, each, options.seconds) for each in (greedy, modest)]
        greedy, modest = (load.result() for load in both)
    judge(options, quiet, greedy, modest, verdicts)


def judge(options, quiet, greedy, modest, verdicts):
    share = modest["accepted"] / max(1, modest["requests"] + modest["unsent"])
    text = f"{100 * share:.2f} % of {modest['requests'] + modest['unsent']}"
    wanted = f">= {100 * ACCEPTED_MIN:.0f} %"
    verdicts.add("y", "accepted", share >= ACCEPTED_MIN, text, wanted)
    base, found = ground.p99_ms(quiet), ground.p99_ms(modest)
    text = f"{found:.2f} ms, alone {base:.2f} ms"
    good = found <= P99_RATIO_MAX * base
    verdicts.add("y", "p99", good, text, f"<= {P99_RATIO_MAX:.0f} x alone")
    spans = greedy["accepted_spans"] / (greedy["elapsed_us"] / 1e6)
    good = 0.9 * QUOTA <= spans <= 1.1 * QUOTA + QUOTA / options.seconds
    verdicts.add("x", "accepted", good, f"{spans:.0f} spans/s", f"about {QUOTA}")
    text = f"{greedy['limited']} of {greedy['refused']} refusals, {greedy['broken']} broken"
    good = 0 < greedy["limited"] == greedy["refused"] and greedy["broken"] == 0
    verdicts.add("x", "told of the quota", good, text, "all of them")
    least, most = greedy.get("retry_after_min_ms"), greedy.get("retry_after_max_ms")
    good = greedy["undated"] == 0 and least is not None and least >= 1_000 and most <= 2_000
    verdicts.add("x", "come again after", good, f"{least} to {most} ms", "1000 to 2000 ms")
