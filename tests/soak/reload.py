"""Reloads under load: nothing is refused, lost or doubled, and latency stays where it was.

One gateway, three runs of equal length with an open loop of spans that have ids of their own: the
first and the last are quiet, in the second the file is changed 100 times. Good files take turns
(edits, an exporter more or less, queue sizes, batches); every third to fourth is broken (cut off, an
unknown key, a name that nothing defines). The gateway learns of them by SIGHUP, by POST /-/reload
and by watching the file, in turn. The p99 of the second run is compared with the higher one of the
quiet two.
"""

import contextlib
import itertools
import os
import pathlib
import signal
import time
import urllib.error
import urllib.request

import yard

LIMIT_MIB = 256
P99_RATIO_MAX = 2.0
# A change that is watched for is seen at two looks, a second apart.
NOTICE_SECONDS_MAX, ANSWER_SECONDS_MAX = 10, 10
MAIN, SECOND = "otlphttp/main", "otlphttp/second"
WAYS = ("signal", "request", "watch")
# By its place in ten: broken, and learnt by watching although it is good.
BROKEN, WATCHED = (3, 6, 9), (5,)


def good_files(gateway, main, second):
    """Three configurations that differ in what a reload has to change."""

    def parts(track, queue_size, batch=None, more=False):
        exporters = {
            MAIN: {
                "endpoint": f"http://127.0.0.1:{main.port}",
                "compression": "none",
                "sending_queue": {"queue_size": queue_size},
            }
        }
        if more:
            exporters[SECOND] = {"endpoint": f"http://127.0.0.1:{second.port}"}
        edit = {"key": "yard.track", "value": track, "action": "upsert"}
        processors = {"resource/mark": {"attributes": [edit]}}
        if batch:
            processors["batch"] = {"send_batch_size": batch, "timeout": "5ms"}
        pipeline = {
            "receivers": ["otlp"],
            "processors": ["memory_limiter", *processors],
            "exporters": list(exporters),
        }
        return {
            "exporters": exporters,
            "processors": processors,
            "pipelines": {"traces": pipeline},
        }

    files = (parts("north", 1000), parts("south", 1000, more=True), parts("west", 2000, batch=2000))
    return [gateway.text(one) if gateway else one for one in files]


def broken_files(text):
    """The same file with one mistake each: where it stops, what a key is called, whom it names."""
    return [
        text[: len(text) // 2],
        text.replace('"queue_size"', '"queue_sise"'),
        text.replace(f'"{MAIN}"\n', '"otlphttp/nobody"\n'),
    ]


class Reloads:
    """Changes the file again and again and has it read."""

    def __init__(self, gateway, files):
        self.gateway = gateway
        self.good = itertools.cycle(files)
        self.broken = itertools.cycle(broken_files(files[0]))
        self.ways = {kind: itertools.cycle(ways) for kind, ways in (
            ("good", WAYS[:2]), ("broken", WAYS)
        )}
        self.expected = {"ok": 0, "failed": 0}
        self.by_way = dict.fromkeys(WAYS, 0)
        self.wrong, self.slowest = [], 0.0

    def counted(self):
        name = "spanyard_config_reloads_total"
        counted = {result: 0 for result in self.expected}
        for found, labels, value in self.gateway.page():
            if found == name:
                counted[labels["result"]] = round(value)
        return counted

    def one(self, number):
        """The next reload."""
        is_broken = number % 10 in BROKEN
        kind, result = ("broken", "failed") if is_broken else ("good", "ok")
        way = "watch" if number % 10 in WATCHED else next(self.ways[kind])
        fresh = self.gateway.file.with_suffix(".fresh")
        fresh.write_text(next(self.broken if is_broken else self.good))
        begun = time.monotonic()
        os.replace(fresh, self.gateway.file)
        if way == "signal":
            self.gateway.process.send_signal(signal.SIGHUP)
        elif way == "request":
            status = self.ask()
            if status != (422 if is_broken else 200):
                self.wrong.append(f"{number}: {kind} file answered {status}")
        self.expected[result] += 1
        self.by_way[way] += 1
        pause = 0.2 if way == "watch" else 0.02
        if not yard.until(lambda: self.counted() == self.expected, NOTICE_SECONDS_MAX, pause):
            self.wrong.append(f"{number}: {kind} file by {way} not counted: {self.counted()}")
        if way != "watch":
            self.slowest = max(self.slowest, time.monotonic() - begun)

    def ask(self):
        url = f"http://127.0.0.1:{self.gateway.admin}/-/reload"
        request = urllib.request.Request(url, method="POST", data=b"")
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code


def run(options, home, verdicts):
    """The check."""
    with contextlib.ExitStack() as stack:
        main = yard.Sink(options, "main", home)
        stack.callback(main.stop)
        second = yard.Sink(options, "second", home, ["--cheap"])
        stack.callback(second.stop)
        first = good_files(None, main, second)[0]
        gateway = yard.Gateway(
            options, "reload", home, first, LIMIT_MIB, drain="30s", extra=["--watch"]
        )
        stack.callback(gateway.stop)
        reloads = Reloads(gateway, good_files(gateway, main, second))
        results = {}
        with yard.Watch(gateway, 0.5) as watch:
            results["before"] = load(options, gateway, main).result()
            under = load(options, gateway, main)
            done = reload_often(options, reloads, under)
            results["reloads"] = under.result()
            results["after"] = load(options, gateway, main).result()
        verdicts.add("reload", "reloads under load", done == options.reloads, done, options.reloads)
        judge_reloads(reloads, gateway, verdicts)
        for name, result in results.items():
            judge_run(name, result, verdicts)
        judge_latency(results, verdicts)
        judge_books(gateway, main, watch, results, verdicts)
        code, seconds, words = gateway.end(40)
        found = f"code {code}, {sum(words.values())} lost, {seconds:.2f} s"
        verdicts.add("reload", "SIGTERM", code == 0, found, "code 0, 0 lost")


def load(options, gateway, sink):
    """An open loop whose every span is proven."""
    arguments = ["--rate", options.rate, "--spans-per-request", str(options.spans)]
    arguments += ["--connections", str(options.connections), "--retry-for", "0s"]
    arguments += ["--verify", f"127.0.0.1:{sink.port}"]
    return yard.Load(options, gateway.http, arguments, options.seconds)


def reload_often(options, reloads, under):
    """Reloads while the load runs, evenly; how many there were before it ended."""
    done, begun = 0, time.monotonic()
    watched = sum(number % 10 in WATCHED for number in range(options.reloads))
    watched += sum(number % 10 in BROKEN for number in range(options.reloads)) // len(WAYS)
    pause = max(0.0, options.seconds * 0.9 - 3 * watched) / options.reloads
    for number in range(options.reloads):
        if time.monotonic() - begun > options.seconds or under.process.poll() is not None:
            break
        turn = time.monotonic()
        reloads.one(number)
        done += 1
        time.sleep(max(0.0, pause - (time.monotonic() - turn)))
    return done


def judge_reloads(reloads, gateway, verdicts):
    """Each was counted, answered and logged for what it was."""
    ways = ", ".join(f"{count} by {way}" for way, count in reloads.by_way.items())
    verdicts.add("reload", "ways", all(reloads.by_way.values()), ways, "each way taken")
    counted = reloads.counted()
    found = f"{counted['ok']} ok, {counted['failed']} failed"
    wanted = f"{reloads.expected['ok']} ok, {reloads.expected['failed']} failed"
    verdicts.add("reload", "on the page", counted == reloads.expected, found, wanted)
    found = reloads.wrong[0] if reloads.wrong else "as they should"
    verdicts.add("reload", "answers", not reloads.wrong, found, "200 or 422")
    verdicts.add("reload", "slowest reload", None, f"{1000 * reloads.slowest:.0f} ms", "")
    log = pathlib.Path(gateway.log).read_text(errors="replace")
    for code in ("syntax", "unknown-key", "unknown-reference"):
        told = log.count(f"error[{code}]")
        verdicts.add("reload", f"log: {code}", told > 0, f"{told} times", "each broken file")
    for name, wanted in (
        ("spanyard_config_plans", 1),
        ("spanyard_shard_leaving_queues", 0),
        ("otelcol_exporter_queue_size", 0),
        ("spanyard_series_refused_total", 0),
        ("spanyard_shard_panics_total", 0),
    ):
        settled = yard.until(lambda name=name, wanted=wanted: gateway.value(name) == wanted)
        verdicts.add("reload", name, settled, f"{gateway.value(name):.0f}", wanted)


def judge_run(name, result, verdicts):
    """Every request was accepted, and every span is there once."""
    trouble = {key: result[key] for key in ("refused", "failed", "broken", "unsent")}
    found = f"{result['accepted']} accepted, "
    found += ", ".join(f"{count} {key}" for key, count in trouble.items())
    good = result["accepted"] > 0 and not any(trouble.values())
    verdicts.add(name, "requests", good, found, "all accepted")
    if result.get("first_error"):
        verdicts.add(name, "first error", None, result["first_error"], "")
    proof = result["proof"]
    faults = {key: proof[key] for key in ("lost", "duplicated", "corrupted", "misrouted")}
    found = f"{proof['acknowledged']} acknowledged, "
    found += ", ".join(f"{count} {key}" for key, count in faults.items())
    good = proof["acknowledged"] > 0 and not any(faults.values())
    verdicts.add(name, "spans", good, found, "none lost, none twice")


def judge_latency(results, verdicts):
    """p99 from the intended time of sending."""
    quantile = {
        name: {key: result["latency_us"][key] / 1000 for key in ("p50", "p99", "max")}
        for name, result in results.items()
    }
    for name, figures in quantile.items():
        found = ", ".join(f"{key} {value:.2f} ms" for key, value in figures.items())
        verdicts.add(name, "latency", None, f"{found}; {results[name]['late']} left late", "")
    quiet = max(quantile["before"]["p99"], quantile["after"]["p99"])
    ratio = quantile["reloads"]["p99"] / max(quiet, 1e-9)
    good = ratio <= P99_RATIO_MAX
    verdicts.add("reload", "p99, of the quiet runs", good, f"{ratio:.2f}", f"<= {P99_RATIO_MAX}")


def judge_books(gateway, sink, watch, results, verdicts):
    """Page, sink and clients agree, and the ledger balanced all the time."""
    spans = sum(result["accepted_spans"] for result in results.values())
    stages, arrived = gateway.ledger(MAIN), sink.report()["spans"]
    good = yard.balances(stages) and stages["delivered"] == spans == arrived
    found = f"{yard.told(stages)}; {arrived} at the sink"
    verdicts.add("reload", "ledger, main", good, found, f"{spans} delivered")
    stages = gateway.ledger(SECOND)
    good = yard.balances(stages) and stages["routed"] == stages["delivered"] > 0
    verdicts.add("reload", "ledger, second", good, yard.told(stages), "all delivered")
    found = f"off by {watch.worst:.0f} in {watch.off} of {watch.scrapes} scrapes"
    good = watch.off == 0 and watch.scrapes > 0 and not watch.missed
    verdicts.add("reload", "ledger at every scrape", good, found, "0 everywhere")
    peak = gateway.peak_mib() or watch.peak_mib
    verdicts.add("reload", "peak RSS", None, f"{peak:.0f} MiB", "")
