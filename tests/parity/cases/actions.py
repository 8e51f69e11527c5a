"""Every action on every type of value, once on the resource (`resource`) and once on spans, data
points and log records (`attributes`).

TABLE holds what both processors do; the rows of either theme are made from it.
"""

import hashlib

from otlp import counter, gauge, group, histogram, log, logs, metrics, span, traces
from rows import Differs, Row

# One attribute of each type.
ALL = {
    "text": "Shop Żółw",
    "empty": "",
    "yes": True,
    "no": False,
    "int": 42,
    "negative": -7,
    "double": 1.5,
    "bytes": b"\x00\xff\x10",
    "list": ["a", 1, 2.5, True, None, b"z", [], {"k": "v"}],
    "map": {"b": 1, "a": {"deep": "<&>"}},
    "unset": None,
}
# Texts that may or may not be numbers.
NUMBERS = [
    "7", "+5", "007", "-0", " 7", "7 ", "1.0", "1e3", "0x1F", "0x1p-2", "1_0", "inf", "-Inf", "NaN",
    "1e400", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "", "-", "12a",
    ".5", "5.", "1e-400", "infinity", "١", "0b1", "1E5", "true",
]  # fmt: skip
DOUBLES = [
    1.0, -1.0, 0.0, -0.0, 1.5, -1.9, 100.0, 123456789.0, 1e20, 1e21, 1e-6, 1e-7, 0.1, 1 / 3,
    5e-324, 1.7976931348623157e308, 9007199254740993.0, 123456.789e3, 1e15, -2.5e-9,
]  # fmt: skip
OUTSIDE = [1e19, -1e19, 9223372036854775808.0, float("nan"), float("inf"), float("-inf")]
ODD = [float("nan"), float("inf"), float("-inf"), [float("nan")]]


def each(values, prefix="v"):
    return {f"{prefix}{number:02}": value for number, value in enumerate(values)}


def on_each(action, keys):
    return "\n".join(f"key: {key}, {action}" for key in keys)


# name -> (actions, attribute sets of groups or spans); no set: ALL.
TABLE = {
    "insert-absent": ("key: new, value: x, action: insert", []),
    "insert-present": (on_each("value: x, action: insert", ALL), []),
    "insert-first": ("key: new, value: x, action: insert", [{}]),
    "update-absent": ("key: new, value: x, action: update", []),
    "update-present": (on_each("value: x, action: update", ALL), []),
    "upsert-absent": ("key: new, value: x, action: upsert", []),
    "upsert-present": (on_each("value: x, action: upsert", ALL), []),
    "upsert-other-types": (
        "key: text, value: 1, action: upsert\nkey: int, value: 2.5, action: upsert\n"
        "key: yes, value: text, action: upsert\nkey: bytes, value: true, action: upsert\n"
        "key: list, value: [1, two], action: upsert\nkey: map, value: {a: 1}, action: upsert",
        [],
    ),
    "case-of-the-action": ("key: new, value: x, action: UPSERT", []),
    "value-numbers": (
        "\n".join(
            f"key: k{number:02}, value: {value}, action: insert"
            for number, value in enumerate(
                "0 1 -5 0755 0o17 0x1F 1_000 1e3 1.0 -0.5 1.10 +3 .5 1e-7 0b11 "
                "9223372036854775807 -9223372036854775808".split()
            )
        ),
        [{"a": 1}],
    ),
    "value-words": (
        "\n".join(
            f"key: k{number:02}, value: {value}, action: insert"
            for number, value in enumerate(
                "true false True yes no on off y '10' \"true\" '2024-01-01' 1.2.3 ~x '~' 'null' "
                "12:30 1:30:00 0x 1__0 a#b".split()
            )
        ),
        [{"a": 1}],
    ),
    "value-empty-text": ("key: new, value: '', action: insert", []),
    "value-list-and-map": (
        "key: l, value: [a, 1, 2.5, true, [x]], action: insert\n"
        "key: m, value: {b: {c: [x, 1]}}, action: insert\n"
        "key: e, value: [], action: insert\nkey: f, value: {}, action: insert",
        [],
    ),
    "value-not-ascii": ('key: "ключ", value: "значение \\u00e9 \\U0001F600", action: insert', []),
    "value-from-environment": (
        "key: b, value: '${env:PARITY_NUMBER}', action: insert\n"
        "key: c, value: '${env:PARITY_TEXT}', action: insert\n"
        "key: d, value: '${env:PARITY_MISSING:-fallback}', action: insert\n"
        "key: e, value: 'x-${env:PARITY_NUMBER}-y', action: insert\n"
        "key: f, value: '${env:PARITY_FLAG}', action: insert\n"
        "key: g, value: '$$x', action: insert\n"
        "key: h, value: '$${env:PARITY_TEXT}', action: insert\n"
        "key: i, value: '${env:PARITY_OCTAL}', action: insert\n"
        "key: j, value: '${env:PARITY_LIST}', action: insert\n"
        "key: k, value: '${env:PARITY_QUOTED}', action: insert",
        [{"x": 1}],
    ),
    "from-attribute-insert": (
        "\n".join(f"key: copy.{key}, from_attribute: {key}, action: insert" for key in ALL),
        [],
    ),
    "from-attribute-upsert": (
        "\n".join(f"key: text, from_attribute: {key}, action: upsert" for key in ("int", "map")),
        [],
    ),
    "from-attribute-update": (
        "key: text, from_attribute: list, action: update\n"
        "key: nope, from_attribute: list, action: update",
        [],
    ),
    "from-attribute-missing": (
        "key: new, from_attribute: nope, action: insert\n"
        "key: text, from_attribute: nope, action: upsert",
        [],
    ),
    "from-attribute-itself": ("key: text, from_attribute: text, action: upsert", []),
    "from-attribute-twice": (
        "key: a, from_attribute: b, action: upsert\nkey: b, from_attribute: c, action: upsert\n"
        "key: c, from_attribute: a, action: upsert",
        [{"a": 1, "b": "two", "c": 3.0}],
    ),
    "default-value": (
        "key: n1, from_attribute: nope, default_value: none, action: insert\n"
        "key: n2, from_attribute: int, default_value: none, action: insert\n"
        "key: text, from_attribute: nope, default_value: 7, action: upsert\n"
        "key: int, from_attribute: nope, default_value: [1], action: update\n"
        "key: n3, default_value: alone, action: insert",
        [],
    ),
    "delete-each": (on_each("action: delete", ALL), []),
    "delete-first": ("key: a, action: delete", [{"a": 1, "b": 2, "c": 3, "d": 4}]),
    "delete-last": ("key: d, action: delete", [{"a": 1, "b": 2, "c": 3, "d": 4}]),
    "delete-only": ("key: a, action: delete", [{"a": 1}]),
    "delete-absent": ("key: nope, action: delete", []),
    "delete-two": (
        "key: b, action: delete\nkey: a, action: delete",
        [{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}],
    ),
    "delete-pattern": ("pattern: '^(text|map|int)$', action: delete", []),
    "delete-pattern-unanchored": ("pattern: e, action: delete", []),
    "delete-pattern-all": ("pattern: '.*', action: delete", []),
    "delete-pattern-none": ("pattern: '^q', action: delete", []),
    "delete-pattern-case": ("pattern: '(?i)^TEXT', action: delete", []),
    "delete-key-and-pattern": ("key: int, pattern: '^m', action: delete", []),
    "hash-each": (on_each("action: hash", ALL), []),
    "hash-doubles": (on_each("action: hash", each(DOUBLES)), [each(DOUBLES)]),
    "hash-twice": ("key: text, action: hash\nkey: text, action: hash", []),
    "hash-absent": ("key: nope, action: hash", []),
    "hash-pattern": ("pattern: '^(text|int)$', action: hash", []),
    "extract": (
        "key: url, pattern: '^(?P<scheme>[a-z]+)://(?P<host>[^/:]+)(?::(?P<port>\\d+))?', "
        "action: extract",
        [{"url": "http://shop.example:8080/x"}, {"url": "https://a/"}, {"url": "nothing"}],
    ),
    "extract-overwrites": (
        "key: url, pattern: '(?P<text>[a-z]+)', action: extract",
        [{"text": 1, "url": "--abc--"}, {"url": "ABC"}, {"url": ""}],
    ),
    "extract-itself": (
        "key: url, pattern: '^/api/(?P<url>.*)$', action: extract",
        [{"url": "/api/users", "z": 1}],
    ),
    "extract-not-text": (
        "\n".join(f"key: {key}, pattern: '(?P<found>.*)', action: extract" for key in ALL),
        [{key: value} for key, value in ALL.items()],
    ),
    "extract-not-ascii": (
        "key: k, pattern: '(?P<word>\\p{L}+) (?P<rest>.)', action: extract",
        [{"k": "12 Żółw 🐢x"}],
    ),
    "convert-int": (on_each("action: convert, converted_type: int", ALL), []),
    "convert-double": (on_each("action: convert, converted_type: double", ALL), []),
    "convert-string": (on_each("action: convert, converted_type: string", ALL), []),
    "convert-text-to-int": (
        on_each("action: convert, converted_type: int", each(NUMBERS)),
        [each(NUMBERS)],
    ),
    "convert-text-to-double": (
        on_each("action: convert, converted_type: double", each(NUMBERS)),
        [each(NUMBERS)],
    ),
    "convert-double-to-int": (
        on_each("action: convert, converted_type: int", each(DOUBLES[:8])),
        [each(DOUBLES[:8])],
    ),
    "convert-double-to-string": (
        on_each("action: convert, converted_type: string", each(DOUBLES)),
        [each(DOUBLES)],
    ),
    "convert-nested-to-string": (
        on_each("action: convert, converted_type: string", "abcdef"),
        [
            {
                "a": [1.0, 1e21, 1e-7, "q\"\\\n\u2028é😀", b"\xfb\xff", None],
                "b": {"z": [], "y": {}, "x": [[{"k": None}]]},
                "c": [],
                "d": {},
                "e": {"<": ">", "&": "\x00\x1f\x7f"},
                "f": b"",
            }
        ],
    ),
    "order-of-actions": (
        "key: a, value: 1, action: insert\nkey: b, from_attribute: a, action: insert\n"
        "key: a, action: delete\nkey: b, action: convert, converted_type: string\n"
        "key: b, action: hash\nkey: a, value: again, action: update\n"
        "key: b, value: last, action: update\nkey: a, value: end, action: insert",
        [{"x": 1}, {"a": "there", "x": 1}, {"a": 1, "b": 2}],
    ),
    "insert-after-delete": (
        "key: a, action: delete\nkey: n, value: 1, action: insert",
        [{"a": 1, "b": 2, "c": 3}],
    ),
    "key-twice-in-one-list": (
        "key: a, value: new, action: update",
        [[("a", 1), ("b", 2), ("a", 3)]],
    ),
    "key-twice-deleted": ("key: a, action: delete", [[("a", 1), ("b", 2), ("a", 3), ("c", 4)]]),
    "key-twice-pattern": ("pattern: ^a, action: delete", [[("a", 1), ("b", 2), ("a", 3)]]),
    "key-twice-hashed": ("key: a, action: hash", [[("a", "x"), ("b", 2), ("a", "y")]]),
    "empty-key-and-pattern": ("pattern: ^x, action: delete", [{"": "nameless", "x": 1, "y": 2}]),
    "empty-key-and-hash-pattern": ("pattern: ^x, action: hash", [{"": "nameless", "x": 1, "y": 2}]),
    "key-and-pattern-hash": ("key: x, pattern: ^x, action: hash", [{"x": 1, "y": 2}]),
    "convert-out-of-range": (
        on_each("action: convert, converted_type: int", each(OUTSIDE)),
        [each(OUTSIDE)],
    ),
    "convert-not-a-number": (
        on_each("action: convert, converted_type: string", each(ODD)), [each(ODD)],
    ),
    "convert-int-to-double": (
        on_each("action: convert, converted_type: double", each([2**53 + 1, -(2**63), 2**63 - 1])),
        [each([2**53 + 1, -(2**63), 2**63 - 1])],
    ),
    "hash-not-a-number": (on_each("action: hash", each(ODD)), [each(ODD)]),
    "empty-key": ("key: x, value: 1, action: upsert", [[("", "nameless"), ("b", 2)]]),
    "long-value": ("key: big, action: hash", [{"big": "0123456789" * 2000, "b": 1}]),
    "many-attributes": (
        "key: k150, action: delete\nkey: k7, value: x, action: update",
        [{f"k{number}": number for number in range(200)}],
    ),
}
ENVIRONMENT = {
    "PARITY_NUMBER": "1.10",
    "PARITY_TEXT": "plain text",
    "PARITY_FLAG": "true",
    "PARITY_OCTAL": "0755",
    "PARITY_LIST": "[a, 1]",
    "PARITY_QUOTED": '"q"',
}
# Actions whose rows are repeated on data points and log records.
ELSEWHERE = (
    "insert-absent", "update-present", "upsert-other-types", "from-attribute-insert", "delete-each",
    "delete-pattern", "hash-each", "extract", "convert-int", "convert-double", "convert-string",
    "order-of-actions",
)  # fmt: skip
# The Collector moves the last attribute into the hole that `delete` by key leaves; here the others
# keep their order.
REORDERED = (
    "delete-first", "delete-two", "delete-each", "delete-key-and-pattern", "order-of-actions",
    "insert-after-delete", "key-twice-deleted", "many-attributes",
)  # fmt: skip
ONE = (1).to_bytes(8, "little")
HASH = hashlib.sha256(ONE).hexdigest()
HASH_OF_HASH = hashlib.sha256(HASH.encode()).hexdigest()
# What is done differently on purpose: name of the row in TABLE -> difference.
EMPTY_KEY = "a pattern alone does not hit the empty key, as it does in the Collector"
DIFFERENT = {
    "empty-key-and-pattern": Differs(EMPTY_KEY, ['!"nameless"'], ['"nameless"']),
    "empty-key-and-hash-pattern": Differs(EMPTY_KEY, ['!"nameless"'], ['"nameless"']),
    "key-and-pattern-hash": Differs(
        "what a key and a pattern name is hashed once",
        [f'"x" = string "{HASH_OF_HASH}"'], [f'"x" = string "{HASH}"'],
    ),
    "convert-out-of-range": Differs(
        "a double that no integer can hold stays as it is",
        ['"v00" = int -9223372036854775808', '"v03" = int'], ['"v00" = double 1e+19', '"v03" = d'],
    ),
    "convert-not-a-number": Differs(
        "NaN and infinity have a text", ["unsupported value"], ['"NaN"', '"Infinity"'],
    ),
}  # fmt: skip


def order(name):
    return "attributes" if name in REORDERED else ""


def listed(actions):
    return "\n".join(f"    - {{{action}}}" for action in actions.split("\n"))


def on_resource(name, actions, sets, make=traces, prefix="resource"):
    return Row(
        f"resource/{prefix}{name}",
        [make(*(group(attributes) for attributes in sets or [ALL]))],
        processors=f"resource/@:\n  attributes:\n{listed(actions)}",
        chain=["resource/@"],
        unordered=order(name),
        differs=DIFFERENT.get(name),
    )


def on_items(name, actions, sets, signal="spans"):
    sets = sets or [ALL]
    if signal == "spans":
        items = [span(attributes=each, number=n + 1) for n, each in enumerate(sets)]
        send = traces(group({"text": "of the resource", "a": 0}, items))
    elif signal == "logs":
        send = logs(group({"text": "of the resource"}, [log("x", each) for each in sets]))
    else:
        kinds = (gauge, counter, histogram)
        items = [kind(f"m{n}", each) for kind in kinds for n, each in enumerate(sets)]
        send = metrics(group({"text": "of the resource"}, items))
    return Row(
        f"attributes/{signal}/{name}",
        [send],
        processors=f"attributes/@:\n  actions:\n{listed(actions)}",
        chain=["attributes/@"],
        unordered=order(name),
        differs=DIFFERENT.get(name),
    )


SIGNALS = (("metrics/", metrics), ("logs/", logs))
RESOURCE = [on_resource(name, *what, prefix="") for name, what in TABLE.items()]
RESOURCE += [
    on_resource(name, *TABLE[name], make, prefix) for prefix, make in SIGNALS for name in ELSEWHERE
]
SPANS = [on_items(name, *what) for name, what in TABLE.items()]
POINTS = [
    on_items(name, *TABLE[name], signal) for signal in ("logs", "metrics") for name in ELSEWHERE
]
