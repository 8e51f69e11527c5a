"""Runs rows through both programs and judges what came out.

    rows of a theme -> one file -> program on free ports -> requests -> SIGTERM -> what was received

A row whose configuration one program refuses is judged by that; the others of its theme run on.
"""

import difflib
import pathlib

import otlp
import programs
import render
import rows as row_files
from backend import Backend


LINES_MAX = 40


class Result:
    """What one program did with one row, as lines."""

    def __init__(self, lines, refused=""):
        self.lines = lines
        self.refused = refused


def results(program, rows, home, environment):
    """The results of rows that share a file, by name of the row."""
    taken, found = rows, {}
    while taken:
        try:
            found.update(run(program, taken, home, environment))
            return found
        except programs.Refused as refusal:
            refused = refusals(program, taken, home, environment)
            if not refused:
                raise SystemExit(f"{program.name} takes each row but not all:\n{refusal}") from None
            found.update(refused)
            taken = [row for row in taken if row.name not in refused]
    return found


def refusals(program, rows, home, environment):
    """The rows that the program refuses when asked about each alone."""
    refused = {}
    with Backend() as backend:
        for row in rows:
            config = home / "alone.yaml"
            config.write_text(row_files.file([row], [(1, 2)], backend, 3))
            good, said = program.judge(config, environment=environment)
            if not good:
                refused[row.name] = Result(["refused"], said)
    return refused


def run(program, rows, home, environment):
    free = programs.free_ports(1 + 2 * len(rows))
    live = free[0], rows[0].live
    health, ports = free[0], list(zip(free[1::2], free[2::2]))
    config = home / f"{program.name}.yaml"
    with Backend() as backend:
        config.write_text(row_files.file(rows, ports, backend, health))
        log = home / f"{program.name}.log"
        with programs.running(program, config, live, log, environment) as child:
            answers = [
                [otlp.deliver(send, *doors, health) for send in row.send]
                for row, doors in zip(rows, ports)
            ]
        if backend.strays:
            raise SystemExit(f"{program.name} sent to paths of no row: {backend.strays[:3]}")
        code = child.returncode
        if "connect: " in log.read_text(errors="replace"):
            raise SystemExit(f"{program.name} could not reach the backend: see --keep")
    found = {}
    for number, (row, lines) in enumerate(zip(rows, answers)):
        mine = [each for each in backend.received if each.row == f"r{number}"]
        flat = row.joined or len(row.send) > 1
        found[row.name] = Result(lines + render.exports(mine, row.unordered, flat))
    if code != 0:
        raise SystemExit(f"{program.name} ended with {code}: see {pathlib.Path(log)}")
    return found


def missing(lines, wanted):
    """Those of `wanted` that are not so: a text occurs in some line, with `!` in none."""
    text = "\n".join(lines)
    return [want for want in wanted if (want.removeprefix("!") in text) == want.startswith("!")]


def short(lines):
    """As much as one reads of a difference; `--show` has the rest."""
    rest = [f"({len(lines) - LINES_MAX} more lines)"] if len(lines) > LINES_MAX else []
    return "\n".join([*lines[:LINES_MAX], *rest])


def verdict(row, collector, spanyard):
    """(one word, text): `same`, `differs` as listed, or `FAILED`."""
    if row.differs is None:
        if collector.refused and spanyard.refused:
            return "FAILED", "both refuse it:\n" + collector.refused + spanyard.refused
        if collector.lines == spanyard.lines:
            return "same", ""
        if collector.refused or spanyard.refused:
            taken = "collector" if spanyard.refused else "spanyard"
            said = (collector.refused + spanyard.refused).strip().splitlines()
            return "FAILED", short([f"only {taken} takes it; the other says", *said])
        diff = difflib.unified_diff(
            collector.lines, spanyard.lines, "collector", "spanyard", n=3, lineterm=""
        )
        return "FAILED", short([*diff])
    if collector.lines == spanyard.lines:
        return "FAILED", f"they agree, but a difference is listed: {row.differs.reason}"
    wrong = []
    for name, result, wanted in (
        ("collector", collector, row.differs.collector),
        ("spanyard", spanyard, row.differs.spanyard),
    ):
        for want in missing(result.lines, wanted):
            text = short([*result.lines, *result.refused.splitlines()]).replace("\n", "\n  ")
            wrong.append(f"{name}: expected {want!r} in\n  {text}")
    return ("FAILED", "\n".join(wrong)) if wrong else ("differs", row.differs.reason)
