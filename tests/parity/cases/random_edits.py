"""Processors with actions and selections drawn at random, on requests drawn at random: what nobody
thought of. The draws are the same in every run; a row is named by its number.

No key occurs twice in one list, since `delete` orders the rest differently here, and none is empty,
since patterns hit it in the Collector (see actions). A request has one item at least.
"""

import random

from otlp import gauge, group, histogram, log, logs, metrics, span, traces
from rows import Row

ROWS_OF_EACH = 25
KEYS = ["a", "b", "http.status", "http.url", "user.id", "ключ", "a.b", "tags", "x"]
TEXTS = ["", "a", "shop", "42", "4.5", "true", "http://shop.example/cart?id=7", "Żółw", "1e3"]
PATTERNS = ["^http", "a", r"\\.", "^$|x", "id$", "[ab]", "^.{1,3}$"]
EXTRACTS = [
    r"(?P<a>\\d+)",
    r"^(?P<scheme>\\w+)://(?P<host>[^/]+)",
    r"(?P<x>s.)(?P<b>o)?",
    r"^(?P<tags>.*)$",
]
NAMES = ["work", "GET /users", "GET /orders", "", "poll"]
SERVICES = ["shop", "cart", "auth"]


class Draw:
    """One row's draws."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick = self.random.choice

    def value(self, depth=0):
        kind = self.random.randrange(10 if depth < 2 else 7)
        if kind < 3:
            return self.pick(TEXTS)
        if kind == 3:
            return self.pick([0, 1, -1, 42, 200, 2**53 + 1, -(2**63)])
        if kind == 4:
            return self.pick([0.0, 1.0, 4.5, -0.25, 1e18, 1e-9])
        if kind == 5:
            return self.pick([True, False])
        if kind == 6:
            return self.pick([b"", b"\x00\xff", None])
        if kind == 7:
            return [self.value(depth + 1) for _ in range(self.random.randrange(3))]
        if kind == 8:
            return {self.pick(KEYS): self.value(depth + 1)}
        return self.pick(TEXTS)

    def attributes(self):
        keys = self.random.sample(KEYS, self.random.randrange(len(KEYS) - 2))
        return {key: self.value() for key in keys}

    def resource(self):
        found = self.attributes()
        if self.random.random() < 0.8:
            found["service.name"] = self.pick(SERVICES)
        return found

    def quoted(self, text):
        return "'" + text.replace("'", "''") + "'"

    def source(self):
        """What an attribute is set from, as YAML."""
        kind = self.random.randrange(7)
        if kind < 3:
            texts = ["7", "-1.5", "true", "''", "plain", "'42'", "[a, 1]", "{k: [v]}", "1e3"]
            return f"value: {self.pick(texts)}"
        if kind < 5:
            return f"from_attribute: {self.quoted(self.attribute_key())}"
        if kind == 5:
            key = self.quoted(self.attribute_key())
            return f"from_attribute: {key}, default_value: {self.pick(['d', '5'])}"
        return f"from_context: {self.pick(['metadata.x-tenant', 'client.address', 'metadata.y'])}"

    def attribute_key(self):
        return self.pick([key for key in KEYS if key])

    def action(self):
        key = f"key: {self.quoted(self.attribute_key())}"
        kind = self.random.randrange(10)
        if kind < 4:
            return f"{key}, {self.source()}, action: {self.pick(['insert', 'update', 'upsert'])}"
        if kind == 4:
            return f"{key}, action: delete"
        if kind == 5:
            return f'pattern: "{self.pick(PATTERNS)}", action: {self.pick(["delete", "hash"])}'
        if kind == 6:
            return f"{key}, action: hash"
        if kind == 7:
            return f'{key}, pattern: "{self.pick(EXTRACTS)}", action: extract'
        return f"{key}, converted_type: {self.pick(['int', 'double', 'string'])}, action: convert"

    def actions(self):
        return "\n".join(f"    - {{{self.action()}}}" for _ in range(self.random.randrange(1, 9)))

    def selection(self):
        """An `include` or `exclude` of spans as YAML; often none."""
        texts = []
        for word in ("include", "exclude"):
            if self.random.random() < 0.4:
                texts.append(f"    {word}: {{{self.criteria()}}}\n")
        return "".join(texts)

    def criteria(self):
        kind = self.pick(["strict", "regexp"])
        strict = kind == "strict"
        drawn = {
            "services": [self.pick(SERVICES)],
            "span_names": [self.pick(NAMES)] if strict else [self.pick(["^GET", "o", "^$"])],
            "span_kinds": [self.pick(["SPAN_KIND_SERVER", "SPAN_KIND_CLIENT"])],
        }
        names = self.random.sample(sorted(drawn), self.random.randrange(1, 3))
        parts = [f"match_type: {kind}"]
        for name in names:
            parts.append(f"{name}: [{', '.join(self.quoted(text) for text in drawn[name])}]")
        if self.random.random() < 0.4:
            value = self.pick(["42", "'42'", "true", "shop"]) if strict else self.pick(["'4'", "o"])
            parts.append(f"attributes: [{{key: {self.attribute_key()}, value: {value}}}]")
        return ", ".join(parts)

    def spans(self):
        return [
            span(self.pick(NAMES), self.attributes(), self.random.randrange(6), number + 1)
            for number in range(self.random.randrange(5))
        ]

    def points(self):
        kinds = [gauge, histogram]
        return [self.pick(kinds)("m", self.attributes()) for _ in range(self.random.randrange(4))]

    def records(self):
        return [log(self.value(), self.attributes()) for _ in range(self.random.randrange(4))]

    def send(self, make, items):
        groups = [group(self.resource(), None)]
        groups += [
            group(self.resource(), scopes=[(("lib", "1"), items()) for _ in range(1 + n % 2)])
            for n in range(self.random.randrange(1, 5))
        ]
        return make(*groups, headers={"X-Tenant": "north"})


def row(name, seed, chain, make, items):
    draw = Draw(f"{name} {seed}")
    processors = []
    for number, kind in enumerate(chain):
        word = "attributes" if kind == "resource" else "actions"
        chosen = draw.selection() if kind == "attributes" and make is traces else ""
        processors.append(f"{kind}/@{number}:\n{chosen}    {word}:\n{draw.actions()}")
    return Row(
        f"random/{name}/{seed}",
        [draw.send(make, lambda: items(draw))],
        processors="\n".join(processors),
        chain=[f"{kind}/@{number}" for number, kind in enumerate(chain)],
        unordered="attributes",
    )


SHAPES = {
    "resource": (["resource"], traces, Draw.spans),
    "spans": (["attributes"], traces, Draw.spans),
    "chain": (["resource", "attributes", "resource", "attributes"], traces, Draw.spans),
    "points": (["attributes", "resource"], metrics, Draw.points),
    "records": (["resource", "attributes"], logs, Draw.records),
}
ROWS = [
    row(name, seed, *shape) for name, shape in SHAPES.items() for seed in range(ROWS_OF_EACH)
]
