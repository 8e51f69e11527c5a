"""The routing connector: conditions, tables, actions, and where groups go that match nothing.

`condition/...` sends one group for each kind of value to a table of one row: what matches arrives
at `a`, the rest at `b`.
"""

import otlp
from otlp import gauge, log, logs, metrics, span, traces
from rows import Differs, Row

VALUES = [
    "1", "abc", "", "b", 1, 2, -1, 1.0, 1.5, True, False, b"\x00\xff", ["a"], [],
    {"k": "v"}, {}, None,
]  # fmt: skip
RESOURCES = [{"n": number, "x": value} for number, value in enumerate(VALUES)]
RESOURCES += [
    {"n": 90},
    {"n": 91, "x": "abc", "y": "abc", "env": "prod"},
    {"n": 92, "x": 1, "y": 1.0, "env": "prod"},
    {"n": 93, "y": "only"},
    {"n": 94, "x": "1", "env": "test"},
    [("n", 95), ("x", "abc"), ("x", "1")],
]



def group(resource, items=None, **options):
    """A group of one small item, so that a difference is short to read."""
    return otlp.group(resource, items, ("", ""), **options)


X = 'attributes["x"]'
Y = 'attributes["y"]'
CONDITIONS = {
    "equal-text": f'{X} == "1"',
    "equal-empty-text": f'{X} == ""',
    "equal-int": f"{X} == 1",
    "equal-negative": f"{X} == -1",
    "equal-double": f"{X} == 1.5",
    "equal-whole-double": f"{X} == 1.0",
    "equal-true": f"{X} == true",
    "equal-false": f"{X} == false",
    "equal-nil": f"{X} == nil",
    "unequal-text": f'{X} != "1"',
    "unequal-int": f"{X} != 1",
    "unequal-double": f"{X} != 1.5",
    "unequal-true": f"{X} != true",
    "unequal-nil": f"{X} != nil",
    "less-text": f'{X} < "b"',
    "less-int": f"{X} < 2",
    "less-double": f"{X} < 1.5",
    "less-nil": f"{X} < nil",
    "at-most-text": f'{X} <= "b"',
    "at-most-int": f"{X} <= 1",
    "at-most-double": f"{X} <= 1.5",
    "at-most-nil": f"{X} <= nil",
    "greater-text": f'{X} > "b"',
    "greater-int": f"{X} > 1",
    "greater-double": f"{X} > 1.0",
    "at-least-text": f'{X} >= "b"',
    "at-least-int": f"{X} >= 1",
    "at-least-double": f"{X} >= 1.5",
    "at-least-nil": f"{X} >= nil",
    "less-true": f"{X} < true",
    "at-most-true": f"{X} <= true",
    "literal-first": f'"1" == {X}',
    "literal-first-less": f"1 < {X}",
    "two-attributes": f"{X} == {Y}",
    "two-attributes-unequal": f"{X} != {Y}",
    "is-match": f'IsMatch({X}, "^1$")',
    "is-match-unanchored": f'IsMatch({X}, "b")',
    "is-match-everything": f'IsMatch({X}, ".*")',
    "is-match-empty": f'IsMatch({X}, "^$")',
    "is-match-bool": f'IsMatch({X}, "^t")',
    "is-match-bytes": f'IsMatch({X}, "00ff")',
    "is-match-escaped": f'IsMatch({X}, "^\\\\d$")',
    "not-is-match": f'not IsMatch({X}, "^1$")',
    "and": f'{X} == "abc" and attributes["env"] == "prod"',
    "or": f'{X} == "abc" or {X} == 1',
    "and-before-or": f'{X} == "1" or {X} == "abc" and attributes["env"] == "prod"',
    "parentheses": f'({X} == "1" or {X} == "abc") and attributes["env"] == "prod"',
    "not": f'not {X} == "abc"',
    "not-parentheses": f'not ({X} == "abc" or {X} == 1)',
    "not-and": f'not {X} == "abc" and {Y} == nil',
    "not-less": f"not ({X} < 2)",
    "nil-and": f'{X} != nil and {X} != "abc"',
    "resource-path": 'resource.attributes["x"] == "1"',
    "resource-path-match": 'IsMatch(resource.attributes["x"], "^a")',
    "no-blanks": f'{X}=="1"',
    "escaped-quote": f'{X} == "a\\"b"',
    "constant-true": "true",
    "constant-false": "false",
}
# Conditions that the Collector can not evaluate for every value: its answer is then 503.
APART = {
    "empty-bytes": (f"{X} == nil or {X} <= nil", [b"", b"x"]),
    "empty-bytes-unequal": (f"{X} != nil", [b"", b"x"]),
    "empty-bytes-match": (f'IsMatch({X}, "^$")', [b"", b"x"]),
    "nested-key": (f'{X}["k"] == "v"', [{"k": "v"}, {"k": "w"}, {}]),
    "nested-key-of-text": (f'{X}["k"] == "v"', ["v"]),
    "not-a-number": (f"{X} == 1.0 or {X} < 1.0 or {X} > 1.0", [float("nan"), 1.0]),
    "not-a-number-unequal": (f"{X} != 1.5", [float("nan"), 1.5]),
    "is-match-double": (f'IsMatch({X}, "^1.5$")', [1.5]),
    "is-match-whole-double": (f'IsMatch({X}, "^1$")', [1.0]),
    "is-match-large-double": (f'IsMatch({X}, "e")', [1e21, 1e-7, 1e20]),
    "is-match-not-a-number": (f'IsMatch({X}, "^NaN$")', [float("nan")]),
    "is-match-infinity": (f'IsMatch({X}, "Inf")', [float("inf")]),
    "is-match-list": (f'IsMatch({X}, "^.*a.*,1.$")', [["a", 1]]),
    "is-match-map": (f'IsMatch({X}, "k.*v")', [{"k": "v"}]),
    "is-match-unset": (f'IsMatch({X}, "^$")', [None]),
}
REQUESTS = {
    "equal": 'request["X-Tenant"] == "north"',
    "equal-other-case": 'request["x-tenant"] == "north"',
    "unequal": 'request["X-Tenant"] != "north"',
    "no-blanks": 'request["X-Tenant"]=="north"',
    "empty-value": 'request["X-Tenant"] == ""',
}
# Headers of the requests that are sent to each of REQUESTS.
TENANTS = [
    {"X-Tenant": "north"}, {"X-Tenant": "south"}, {}, {"X-Tenant": ""}, {"X-Tenant": "North"},
    {"X-Tenant": ["south", "north"]}, {"X-Tenant": ["north", "north"]}, {"x-tenant": "north"},
]  # fmt: skip


NESTED = "a key inside an attribute's value is not supported yet"
FAILS = "the Collector has no text for it and answers 503; here it matches nothing"
# What is done differently on purpose: name of the row -> difference.
DIFFERENT = {
    "condition/is-match-not-a-number": Differs(FAILS, ["answer 503"], ["answer 200", "!export a"]),
    "condition/is-match-infinity": Differs(FAILS, ["answer 503"], ["answer 200", "!export a"]),
    "table/pipeline-twice": Differs(
        "a pipeline that stands twice in one row receives once", ["export a"], ["export a"]
    ),
    "condition/nested-key": Differs(NESTED, ["answer 200", "export a"], ["refused"]),
    "condition/nested-key-of-text": Differs(NESTED, ["answer 503"], ["refused"]),
    "metadata/second": Differs(
        "the Collector answers 503 where a header has no second value; here that is no value",
        ["answer 503"], ["!answer 503", "export b"],
    ),
    **{
        name: Differs("routing does not decode items", ["export a", "export b"], ["refused"])
        for name in ("span-context", "log-context", "metric-context")
    },
    "table/statement-delete-key": Differs(
        "statements that change what they route are not supported yet", ["export a"], ["refused"]
    ),
}


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def row(name, table, send, default="[SIGNAL/@b]", fan="abc", more="", **options):
    """`SIGNAL` in the texts is the signal of what is sent; pipelines @a, @b, @c export."""
    signal = send[0].signal
    pipelines = [f"{signal}/@: {{receivers: [otlp/@], exporters: [routing/@]}}"]
    pipelines += [
        f"{signal}/@{x}: {{receivers: [routing/@], exporters: [otlphttp/@{x}]}}" for x in fan
    ]
    lines = "\n".join(f"    - {{{line}}}" for line in table.split("\n"))
    default = f"  default_pipelines: {default}\n" if default else ""
    return Row(
        f"routing/{name}",
        send,
        connectors=f"routing/@:\n{default}{more}  table:\n{lines}".replace("SIGNAL", signal),
        pipelines="\n".join(pipelines),
        fan=fan,
        differs=DIFFERENT.get(name),
        **options,
    )


def condition(name, text, values=None):
    sent = RESOURCES
    if values is not None:
        sent = [{"n": number, "x": value} for number, value in enumerate(values)]
    send = [traces(*(group(resource) for resource in sent))]
    table = f"condition: {quoted(text)}, pipelines: [SIGNAL/@a]"
    return row(f"condition/{name}", table, send, fan="ab")


def request(name, text):
    send = [
        traces(group({"n": number}), headers=headers) for number, headers in enumerate(TENANTS)
    ]
    table = f"context: request, condition: {quoted(text)}, pipelines: [SIGNAL/@a]"
    return row(f"request/{name}", table, send, fan="ab")


def envs(make=traces, **options):
    """Five groups, n counts them."""
    kinds = ["prod", "test", "prod", None, "dev"]
    return make(*(group({"n": n, "env": kind}) for n, kind in enumerate(kinds)), **options)


PROD = "condition: 'attributes[\"env\"] == \"prod\"'"
TEST = "condition: 'attributes[\"env\"] == \"test\"'"
NOT_TEST = "condition: 'attributes[\"env\"] != \"test\"'"
NORTH = "context: request, condition: 'request[\"X-Tenant\"] == \"north\"'"
METADATA = "condition: 'otelcol.client.metadata[\"X-Tenant\"][0] == \"north\"'"
NORTHERN = {"X-Tenant": "north"}

# Where dialects of regular expressions disagree; each is tried on all of TEXTS.
PATTERNS = {
    "digit": r"^\d$", "not-digit": r"^\D$", "word": r"^\w+$", "not-word": r"^\W$",
    "blank": r"^\s$", "boundary": r"\bcd\b", "not-boundary": r"b\B.", "dot": "^.$",
    "dot-all": "(?s)^.$", "end": "a$", "end-of-text": r"a\z", "start-of-text": r"\Aa",
    "lines": "(?m)^b$", "case": "(?i)^ab", "case-not-ascii": "(?i)^ż", "case-kelvin": "(?i)^k$",
    "posix": "^[[:alpha:]]+$", "posix-not": "^[[:^digit:]]+$", "letter": r"^\pL$",
    "upper": r"^\p{Lu}", "greek": r"^\p{Greek}", "not-letter": r"^\PL$", "quoted": r"^\Qa.c\E$",
    "lazy": "(?U)a+", "counted": "^a{2,3}$", "braces": "^a{,2}$", "octal": r"^\141",
    "hexadecimal": r"^\x61|\x{1F600}", "class": "^[^a-c]$", "class-dash": "^[a-]$",
    "alternatives": "^(?:a|aa)$", "empty": "", "empty-alternative": "^(|x)$", "star": "^a*?$",
    "slash": r"^a\/b$", "tab": r"^\t$", "null": r"^\x00$", "named": "^(?P<x>a)$",
}  # fmt: skip
TEXTS = [
    "", "a", "aa", "aaa", "A", "ab", "AB", "b", "7", "٣", "é", "Ż", "żółw", "ab cd", "bcd", "_",
    " ", "\t", "\u00a0", "\n", "a\n", "a\nb", "ac", "a.c", "abc", "a{,2}", "K", "\u212a", "Ω", "😀", "-",
    "a/b", "\x00", "x", "A1", "ß", "ſ",
]  # fmt: skip


def pattern(name, text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return condition(f"pattern-{name}", f'IsMatch({X}, "{escaped}")', TEXTS)


ROWS = [condition(name, text) for name, text in CONDITIONS.items()]
ROWS += [pattern(name, text) for name, text in PATTERNS.items()]
ROWS += [condition(name, *what) for name, what in APART.items()]
ROWS += [request(name, text) for name, text in REQUESTS.items()]
ROWS += [
    row("table/first-match-wins",
        f"{PROD}, pipelines: [SIGNAL/@a]\n{NOT_TEST}, pipelines: [SIGNAL/@c]", [envs()]),
    row("table/copy",
        f"{PROD}, pipelines: [SIGNAL/@a], action: copy\n{NOT_TEST}, pipelines: [SIGNAL/@c]",
        [envs()]),
    row("table/copy-feeds-default", f"{PROD}, pipelines: [SIGNAL/@a], action: copy", [envs()],
        fan="ab"),
    row("table/copy-twice",
        f"{PROD}, pipelines: [SIGNAL/@a], action: copy\n"
        f"{NOT_TEST}, pipelines: [SIGNAL/@c], action: copy", [envs()]),
    row("table/move-spelled", f"{PROD}, pipelines: [SIGNAL/@a], action: move", [envs()], fan="ab"),
    row("table/several-pipelines", f"{PROD}, pipelines: [SIGNAL/@a, SIGNAL/@c]", [envs()]),
    row("table/no-default", f"{PROD}, pipelines: [SIGNAL/@a]", [envs()], default="", fan="a"),
    row("table/empty-default", f"{PROD}, pipelines: [SIGNAL/@a]", [envs()], default="[]", fan="a"),
    row("table/no-match-no-default", "condition: 'attributes[\"env\"] == \"x\"', "
        "pipelines: [SIGNAL/@a]", [envs()], default="", fan="a"),
    row("table/row-and-default-one-target", f"{PROD}, pipelines: [SIGNAL/@a]", [envs()],
        default="[SIGNAL/@a]", fan="a", unordered="groups"),
    row("table/two-rows-one-target",
        f"{PROD}, pipelines: [SIGNAL/@a]\n{TEST}, pipelines: [SIGNAL/@a]", [envs()], fan="ab",
        unordered="groups"),
    row("table/condition-repeated",
        f"{PROD}, pipelines: [SIGNAL/@a]\n{PROD}, pipelines: [SIGNAL/@c]", [envs()]),
    row("table/pipeline-twice", f"{PROD}, pipelines: [SIGNAL/@a, SIGNAL/@a]", [envs()], fan="ab"),
    row("table/everything-matches", "condition: 'true', pipelines: [SIGNAL/@a]", [envs()],
        fan="ab"),
    row("table/context-spelled", f"context: resource, {PROD}, pipelines: [SIGNAL/@a]", [envs()],
        fan="ab"),
    row("table/statement", "statement: 'route() where attributes[\"env\"] == \"prod\"', "
        "pipelines: [SIGNAL/@a]", [envs()], fan="ab"),
    row("table/statement-without-where", "statement: 'route()', pipelines: [SIGNAL/@a]", [envs()],
        fan="ab"),
    row("table/statement-delete-key",
        "statement: 'delete_key(attributes, \"env\") where attributes[\"env\"] == \"prod\"', "
        "pipelines: [SIGNAL/@a]", [envs()], fan="ab"),
    row("table/error-mode-ignore", f"{PROD}, pipelines: [SIGNAL/@a]", [envs()], fan="ab",
        more="  error_mode: ignore\n"),
    row("table/error-mode-silent", f"{PROD}, pipelines: [SIGNAL/@a]", [envs()], fan="ab",
        more="  error_mode: silent\n"),
    row("table/group-without-resource", "condition: 'attributes[\"env\"] == nil', "
        "pipelines: [SIGNAL/@a]", [traces(group(None), group({"env": "x"}), group({}))], fan="ab"),
    row("table/group-without-spans", f"{PROD}, pipelines: [SIGNAL/@a]",
        [traces(group({"env": "prod"}, scopes=[]), group({"env": "prod"}, []), group({"n": 1}))],
        fan="ab"),
    row("table/many-groups", f"{PROD}, pipelines: [SIGNAL/@a]\n{TEST}, pipelines: [SIGNAL/@c]",
        [traces(*(group({"n": n, "env": ("prod", "test", "dev")[n * 7 % 3]},
                        [span("s", {"n": n}, number=n + 1)]) for n in range(60)))]),
    row("table/metrics", f"{PROD}, pipelines: [SIGNAL/@a]", [envs(metrics)], fan="ab"),
    row("table/logs", f"{PROD}, pipelines: [SIGNAL/@a]", [envs(logs)], fan="ab"),
    row("request/then-resource",
        f"{NORTH}, pipelines: [SIGNAL/@a]\n{PROD}, pipelines: [SIGNAL/@c]",
        [envs(headers=NORTHERN), envs()]),
    row("request/after-resource",
        f"{PROD}, pipelines: [SIGNAL/@c]\n{NORTH}, pipelines: [SIGNAL/@a]",
        [envs(headers=NORTHERN), envs()]),
    row("request/copy", f"{NORTH}, pipelines: [SIGNAL/@a], action: copy",
        [envs(headers=NORTHERN), envs()], fan="ab"),
    row("request/without-metadata", f"{NORTH}, pipelines: [SIGNAL/@a]", [envs(headers=NORTHERN)],
        fan="ab", http="include_metadata: false"),
    row("request/grpc-without-metadata", f"{NORTH}, pipelines: [SIGNAL/@a]",
        [envs(headers=NORTHERN, grpc=True)], fan="ab", grpc="include_metadata: false"),
    row("request/grpc", f"{NORTH}, pipelines: [SIGNAL/@a]",
        [envs(headers=NORTHERN, grpc=True), envs(headers={"x-tenant": "south"}, grpc=True)],
        fan="ab"),
    row("request/logs", f"{NORTH}, pipelines: [SIGNAL/@a]", [envs(logs, headers=NORTHERN)],
        fan="ab"),
    row("request/not", "context: request, condition: 'not request[\"X-Tenant\"] == \"north\"', "
        "pipelines: [SIGNAL/@a]", [envs(headers={"X-Tenant": "south"})], fan="ab"),
    row("metadata/equal", f"{METADATA}, pipelines: [SIGNAL/@a]",
        [envs(headers=NORTHERN), envs(headers={"X-Tenant": "south"}), envs(),
         envs(headers={"X-Tenant": ["south", "north"]})], fan="ab"),
    row("metadata/second", f"{METADATA.replace('[0]', '[1]')}, pipelines: [SIGNAL/@a]",
        [envs(headers={"X-Tenant": ["south", "north"]}), envs(headers=NORTHERN)], fan="ab"),
    row("metadata/and-attribute",
        "condition: 'otelcol.client.metadata[\"X-Tenant\"][0] == \"north\" and "
        "attributes[\"env\"] == \"prod\"', pipelines: [SIGNAL/@a]",
        [envs(headers=NORTHERN), envs()], fan="ab"),
    row("metadata/missing", f"{METADATA.replace('==', '!=')}, pipelines: [SIGNAL/@a]",
        [envs(), envs(headers=NORTHERN)], fan="ab"),
    row("span-context", "context: span, condition: 'name == \"work\"', pipelines: [SIGNAL/@a]",
        [traces(group({"n": 1}, [span("work"), span("rest", number=2)]))], fan="ab"),
    row("log-context", "context: log, condition: 'severity_number >= SEVERITY_NUMBER_ERROR', "
        "pipelines: [SIGNAL/@a]", [logs(group({"n": 1}, [log(), log(severity=17)]))], fan="ab"),
    row("metric-context", "context: metric, condition: 'name == \"load\"', "
        "pipelines: [SIGNAL/@a]", [metrics(group({"n": 1}, [gauge(), gauge("x")]))], fan="ab"),
]  # fmt: skip
