"""Turns measurements into the table: medians, ratios within a round, limits.

A ratio compares two servers in the same round and case; limits are those the project has set
itself, so `over` means a goal is missed, not that a run went wrong.
"""

import statistics

# Largest allowed ratio to nginx on the same bytes.
LIMITS = {
    ("A", "plain"): 0.7,
    ("B", "plain"): 0.65,
    ("C", "plain"): 0.55,
    ("C256", "plain"): 0.5,
    ("A", "gzip"): 6.0,
    ("B", "gzip"): 1.5,
}
# An upsert may add this much to the gateway's own plain case.
UPSERT_LIMIT = 1.10

HEAD = ("case", "variant", "server", "us/request", "ratio", "(min-max)", "limit", "rate/s")
HEAD += ("busy", "refused", "broken", "p99 us", "MiB", "sink us")


def reference(case, variant):
    """Whom a (case, variant) of the gateway is compared with."""
    if variant == "upsert":
        return (case, "plain", "spanyard"), UPSERT_LIMIT
    against = "plain" if variant in ("unmerged", "h3") else variant
    return (case, against, "nginx"), LIMITS.get((case, variant))


def rows(records, middle=statistics.median):
    """One row per (case, variant, server), in order of first appearance."""
    grouped = {}
    for record in records:
        key = (record["case"], record["variant"], record["server"])
        grouped.setdefault(key, {})[record["round"]] = record
    found = []
    for key, by_round in grouped.items():
        case, variant, server = key
        taken = list(by_round.values())
        row = {"case": case, "variant": variant, "server": server, "over": False}
        for name in ("cpu_us", "rate", "busy", "p99_us", "rss_mib", "sink_us"):
            row[name] = middle([one[name] for one in taken])
        for name in ("requests", "refused", "broken"):
            row[name] = sum(one[name] for one in taken)
        if server == "spanyard":
            other, limit = reference(case, variant)
            row["against"], row["limit"] = " ".join(other), limit
            ratios = [
                one["cpu_us"] / grouped[other][number]["cpu_us"]
                for number, one in by_round.items()
                if number in grouped.get(other, {}) and grouped[other][number]["cpu_us"] > 0
            ]
            if ratios:
                row["ratio"] = middle(ratios)
                row["ratio_min"], row["ratio_max"] = min(ratios), max(ratios)
                row["over"] = limit is not None and row["ratio"] > limit
        found.append(row)
    return found


def cells(row):
    """The printed form of one row."""
    ratio = span = limit = ""
    if "ratio" in row:
        ratio = f"{row['ratio']:.2f}" + (" over" if row["over"] else "")
        span = f"({row['ratio_min']:.2f}-{row['ratio_max']:.2f})"
    if row.get("limit"):
        limit = f"{row['limit']:.2f}"
    refused = str(row["refused"])
    if row["refused"]:
        refused += f" ({100 * row['refused'] / max(row['requests'], 1):.1f} %)"
    return (
        row["case"],
        row["variant"],
        row["server"],
        f"{row['cpu_us']:.2f}",
        ratio,
        span,
        limit,
        f"{row['rate']:.0f}",
        f"{100 * row['busy']:.0f} %",
        refused,
        str(row["broken"]),
        f"{row['p99_us']:.0f}",
        f"{row['rss_mib']:.0f}",
        f"{row['sink_us']:.2f}",
    )


def table(found):
    """Aligned columns, and below them what the ratios mean."""
    lines = [HEAD] + [cells(row) for row in found]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    text = [
        "  ".join(
            cell.ljust(width) if column < 3 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths))
        ).rstrip()
        for line in lines
    ]
    text.append("")
    text.append("CPU of the server per request answered 200. ratio: to nginx in the same round;")
    text.append("upsert: to the gateway's own plain case; h3: to nginx over plain HTTP/1. refused: answered")
    text.append("with a status of 400 or more. busy: share of its core that the server used; below 95 % the")
    text.append("load was the limit. With tls and h3 the handshakes of a run's connections are in its CPU time.")
    return "\n".join(text)
