"""A backend that reads and never answers: memory stays bounded, the page answers, the end is
exact.

128 connections send case A as fast as they are answered. Nothing can be delivered, so every span
that was acknowledged has to be in the last words of the gateway.
"""

import contextlib
import time

import yard

LIMIT_MIB, PEAK_MIB_MAX = 128, 192
PAGE_SECONDS_MAX = 0.5
DRAIN_SECONDS, GRACE_SECONDS = 5, 1
EXIT_LOST = 3


def run(options, home, verdicts):
    """The check; `options.seconds` of load."""
    with contextlib.ExitStack() as stack:
        sink = yard.Sink(options, "sink", home, ["--cheap", "--mode", "silent"])
        stack.callback(sink.stop)
        endpoint = {"endpoint": f"http://127.0.0.1:{sink.port}", "compression": "none"}
        parts = {
            "exporters": {"otlphttp": endpoint},
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter"],
                    "exporters": ["otlphttp"],
                }
            },
        }
        cores = f"{options.server_core},{options.load_core}"
        drain = f"{DRAIN_SECONDS}s"
        gateway = yard.Gateway(
            options, "silent", home, parts, LIMIT_MIB, drain=drain, core=cores, shards=0
        )
        stack.callback(gateway.stop)
        with yard.Watch(gateway, 0.2) as watch:
            arguments = ["--case", "A", "--connections", str(options.connections)]
            arguments += ["--streams", str(options.streams), "--protocol", options.protocol]
            arguments += ["--compression", options.compression]
            port = gateway.grpc if options.protocol == "grpc" else gateway.http
            result = yard.Load(options, port, arguments, options.seconds).result()
            # In the queue now, or on its way to the backend: both count as queued.
            time.sleep(0.5)
            stages = gateway.ledger("otlphttp")
        judge_run(gateway, watch, result, stages, verdicts)
        peak = gateway.peak_mib()
        ended = gateway.end(DRAIN_SECONDS + 30)
        judge_end(ended, result, stages, verdicts)
        peak = max(peak or 0.0, watch.peak_mib)
        good = peak <= PEAK_MIB_MAX
        verdicts.add("silent", "peak RSS", good, f"{peak:.0f} MiB", f"<= {PEAK_MIB_MAX} MiB")


def judge_run(gateway, watch, result, stages, verdicts):
    """What holds while the load runs."""
    sent = f"{result['accepted']} accepted, {result['refused']} refused, {result['broken']} broken"
    good = result["accepted"] > 0 and result["failed"] == 0 and result["broken"] == 0
    verdicts.add("silent", "requests", good, sent, "refused ones get 503, none breaks")
    told = round(gateway.value("spanyard_receiver_refused_requests_total"))
    refused, broken = result["refused"], result["broken"]
    good = refused <= told <= refused + broken
    verdicts.add("silent", "refusals on the page", good, told, f"{refused}, {broken} broken apart")
    if result.get("first_error"):
        verdicts.add("silent", "first refusal", None, result["first_error"], "")
    seconds = sorted(watch.seconds) or [float("inf")]
    slow = f"{1000 * seconds[-1]:.0f} ms, half within {1000 * seconds[len(seconds) // 2]:.0f} ms, "
    slow += f"{watch.scrapes} scrapes, {len(watch.missed)} without an answer"
    good = seconds[-1] <= PAGE_SECONDS_MAX and not watch.missed
    verdicts.add("silent", "slowest page", good, slow, f"<= {1000 * PAGE_SECONDS_MAX:.0f} ms")
    found = f"off by {watch.worst:.0f} in {watch.off} of {watch.scrapes} scrapes"
    verdicts.add("silent", "ledger at every scrape", watch.off == 0, found, "0 everywhere")
    good = yard.balances(stages) and stages["queued"] == result["accepted_spans"]
    verdicts.add("silent", "ledger", good, yard.told(stages), f"{result['accepted_spans']} queued")
    held = gateway.value("spanyard_budget_bytes", kind="held") / 2**20
    verdicts.add("silent", "budget held", None, f"{held:.1f} MiB", "")


def judge_end(ended, result, stages, verdicts):
    """What holds at SIGTERM."""
    code, seconds, words = ended
    most = DRAIN_SECONDS + GRACE_SECONDS
    verdicts.add("silent", "SIGTERM ends it", seconds <= most, f"{seconds:.2f} s", f"<= {most} s")
    verdicts.add("silent", "exit code", code == EXIT_LOST, code, EXIT_LOST)
    lost = words["unsent"] + words["sent_unanswered"]
    found = f"{words['unsent']} unsent + {words['sent_unanswered']} unanswered = {lost}"
    acknowledged = result["accepted_spans"]
    verdicts.add("silent", "lost = acknowledged", lost == acknowledged, found, acknowledged)
