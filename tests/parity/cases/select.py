"""`include` and `exclude` of the `attributes` processor: which spans, log records and metrics are
acted upon. Each row sends the same items and marks those that its selection hits."""

from otlp import counter, gauge, group, histogram, log, logs, metrics, span, traces
from rows import Row

USERS = {"status": 200, "code": "200", "ok": True, "ratio": 1.0, "tags": ["a"], "part": {"k": "v"}}
GROUPS = [
    group(
        {"service.name": "shop", "env": "prod", "host": 1},
        scopes=[
            (("lib", "1.2.3"), [
                span("GET /users", USERS, 2, 1),
                span("GET /orders", {"status": 500, "code": "500"}, 3, 2),
                span("work", {}, 1, 3),
            ]),
            (("lib", ""), [span("GET /users", {"status": "200", "ok": "true"}, 4, 4)]),
        ],
    ),
    group(
        {"service.name": "cart", "env": "test"},
        scopes=[
            (("other", "2.0.0"), [
                span("get /users", {"status": 200.0, "ratio": 1, "extra": None}, 5, 5),
                span("", {"code": b"200"}, 0, 6),
            ]),
            (None, [span("GET /users/7", {"status": -1, "ok": False, "tags": []}, 2, 7)]),
        ],
    ),
    group({"env": "prod"}, [span("work", {"status": 200}, 1, 8)], ("", "")),
    group({"service.name": 7, "env": ["prod"]}, [span("work", {"code": ""}, 1, 9)]),
    group({"service.name": None}, [span("work", {"status": None}, 1, 10)]),
    group(None, [span("work", {"unknown": "x"}, 1, 11)], None),
    group({"service.name": "shopping"}, [span("last", {"code": "1200x"}, 1, 12)]),
]  # fmt: skip
LOGS = [
    group({"service.name": "shop", "env": "prod"}, [
        log("started", {"k": "v"}, 9, "INFO"),
        log("failed: disk", {"k": 1}, 17, "ERROR"),
        log({"a": 1}, {}, 17, "error"),
        log(42, {}, 0, ""),
        log(None, {"k": "v"}, 5, "DEBUG"),
    ]),
    group({"service.name": "cart"}, [log("started again", {}, 13, "WARN")], ("other", "1")),
]  # fmt: skip
METRICS = [
    group({"service.name": "shop", "env": "prod"}, [
        gauge("cpu.load", {"core": 0}), counter("http.requests", {"code": "200"}),
        histogram("http.latency"),
    ]),
    group({"service.name": "cart"}, [gauge("cpu.load", {"core": "0"})], ("other", "1")),
]  # fmt: skip

ON_SPANS = {
    "services-strict": "include: {match_type: strict, services: [shop]}",
    "services-strict-two": "include: {match_type: strict, services: [shop, cart]}",
    "services-strict-number": "include: {match_type: strict, services: ['7']}",
    "services-strict-nil": "include: {match_type: strict, services: ['<nil-service-name>']}",
    "services-regexp": "include: {match_type: regexp, services: [shop]}",
    "services-regexp-anchored": "include: {match_type: regexp, services: ['^shop$', '^c']}",
    "services-exclude": "exclude: {match_type: strict, services: [shop]}",
    "services-exclude-regexp": "exclude: {match_type: regexp, services: ['^s']}",
    "names-strict": "include: {match_type: strict, span_names: ['GET /users']}",
    "names-strict-empty": "include: {match_type: strict, span_names: ['']}",
    "names-strict-two": "include: {match_type: strict, span_names: [work, last]}",
    "names-regexp": "include: {match_type: regexp, span_names: ['/users']}",
    "names-regexp-anchored": "include: {match_type: regexp, span_names: ['^GET /users$']}",
    "names-regexp-case": "include: {match_type: regexp, span_names: ['(?i)^get ']}",
    "names-exclude": "exclude: {match_type: strict, span_names: [work]}",
    "kinds-strict": "include: {match_type: strict, span_kinds: [SPAN_KIND_SERVER]}",
    "kinds-strict-two": (
        "include: {match_type: strict, span_kinds: [SPAN_KIND_CLIENT, SPAN_KIND_CONSUMER]}"
    ),
    "kinds-regexp": "include: {match_type: regexp, span_kinds: ['SPAN_KIND_(SERVER|PRODUCER)']}",
    "kinds-regexp-part": "include: {match_type: regexp, span_kinds: [ER]}",
    "kinds-exclude": "exclude: {match_type: strict, span_kinds: [SPAN_KIND_INTERNAL]}",
    "attribute-key-only": "include: {attributes: [{key: status}]}",
    "attribute-key-only-strict": "include: {match_type: strict, attributes: [{key: tags}]}",
    "attribute-int": "include: {match_type: strict, attributes: [{key: status, value: 200}]}",
    "attribute-text": "include: {match_type: strict, attributes: [{key: status, value: '200'}]}",
    "attribute-double": "include: {match_type: strict, attributes: [{key: ratio, value: 1.0}]}",
    "attribute-bool": "include: {match_type: strict, attributes: [{key: ok, value: true}]}",
    "attribute-false": "include: {match_type: strict, attributes: [{key: ok, value: false}]}",
    "attribute-empty-text": "include: {match_type: strict, attributes: [{key: code, value: ''}]}",
    "attribute-all-of": (
        "include: {match_type: strict, attributes: [{key: status, value: 200}, {key: ok}]}"
    ),
    "attribute-regexp": (
        "include: {match_type: regexp, attributes: [{key: status, value: '^200$'}]}"
    ),
    "attribute-regexp-part": (
        "include: {match_type: regexp, attributes: [{key: code, value: '20'}]}"
    ),
    "attribute-regexp-bool": "include: {match_type: regexp, attributes: [{key: ok, value: '^t'}]}",
    "attribute-regexp-double": (
        "include: {match_type: regexp, attributes: [{key: ratio, value: '^1$'}]}"
    ),
    "attribute-regexp-list": (
        "include: {match_type: regexp, attributes: [{key: tags, value: '.*'}]}"
    ),
    "attribute-regexp-map": "include: {match_type: regexp, attributes: [{key: part, value: '.*'}]}",
    "attribute-exclude": "exclude: {match_type: strict, attributes: [{key: status, value: 200}]}",
    "attribute-exclude-key": "exclude: {attributes: [{key: code}]}",
    "resource-text": "include: {match_type: strict, resources: [{key: env, value: prod}]}",
    "resource-int": "include: {match_type: strict, resources: [{key: host, value: 1}]}",
    "resource-key-only": "include: {resources: [{key: env}]}",
    "resource-all-of": (
        "include: {match_type: strict, resources: [{key: env, value: prod}, {key: host, value: 1}]}"
    ),
    "resource-regexp": (
        "include: {match_type: regexp, resources: [{key: env, value: '^(prod|te)'}]}"
    ),
    "resource-exclude": "exclude: {match_type: strict, resources: [{key: env, value: prod}]}",
    "library-name": "include: {match_type: strict, libraries: [{name: lib}]}",
    "library-name-version": (
        "include: {match_type: strict, libraries: [{name: lib, version: 1.2.3}]}"
    ),
    "library-empty-version": "include: {match_type: strict, libraries: [{name: lib, version: ''}]}",
    "library-regexp": "include: {match_type: regexp, libraries: [{name: '^o', version: '^2'}]}",
    "library-no-name": "include: {match_type: strict, libraries: [{name: ''}]}",
    "library-exclude": "exclude: {match_type: strict, libraries: [{name: other}]}",
    "names-and-attribute": (
        "include: {match_type: strict, span_names: ['GET /users'], "
        "attributes: [{key: status, value: 200}]}"
    ),
    "services-and-kinds": (
        "include: {match_type: strict, services: [shop], span_kinds: [SPAN_KIND_CLIENT]}"
    ),
    "everything-at-once": (
        "include: {match_type: regexp, services: ['^shop$'], span_names: ['^GET'], "
        "span_kinds: ['SERVER|CLIENT'], attributes: [{key: code, value: '^\\d+$'}], "
        "resources: [{key: env, value: prod}], libraries: [{name: lib, version: '^1'}]}"
    ),
    "include-and-exclude": (
        "include: {match_type: strict, services: [shop]}\n"
        "exclude: {match_type: regexp, span_names: ['^GET']}"
    ),
    "include-and-exclude-all": (
        "include: {match_type: strict, services: [shop]}\n"
        "exclude: {match_type: strict, services: [shop]}"
    ),
    "regexp-cache": (
        "include: {match_type: regexp, regexp: {cacheenabled: true, cachemaxnumentries: 10}, "
        "span_names: ['^GET']}"
    ),
}
ON_LOGS = {
    "log-bodies-strict": "include: {match_type: strict, log_bodies: [started]}",
    "log-bodies-regexp": "include: {match_type: regexp, log_bodies: ['^started', disk]}",
    "log-severity-text": "include: {match_type: strict, log_severity_texts: [ERROR, WARN]}",
    "log-severity-regexp": "include: {match_type: regexp, log_severity_texts: ['(?i)error']}",
    "log-severity-number": "include: {log_severity_number: {min: 13, match_undefined: false}}",
    "log-severity-undefined": "include: {log_severity_number: {min: 17, match_undefined: true}}",
    "log-attribute": "include: {match_type: strict, attributes: [{key: k, value: v}]}",
    "log-resource": "include: {match_type: strict, resources: [{key: env, value: prod}]}",
    "log-library": "include: {match_type: strict, libraries: [{name: other}]}",
    "log-exclude": "exclude: {match_type: strict, log_bodies: [started]}",
}
ON_METRICS = {
    "metric-names-strict": "include: {match_type: strict, metric_names: [cpu.load]}",
    "metric-names-regexp": "include: {match_type: regexp, metric_names: ['^http']}",
    "metric-names-exclude": "exclude: {match_type: strict, metric_names: [cpu.load]}",
}


def row(name, selection, send):
    inner = "\n".join("    " + line for line in selection.split("\n"))
    return Row(
        f"select/{name}",
        [send],
        processors=(
            f"attributes/@:\n{inner}\n    actions: [{{key: hit, value: true, action: insert}}]"
        ),
        chain=["attributes/@"],
    )


ROWS = [row(name, text, traces(*GROUPS)) for name, text in ON_SPANS.items()]
ROWS += [row(name, text, logs(*LOGS)) for name, text in ON_LOGS.items()]
ROWS += [row(name, text, metrics(*METRICS)) for name, text in ON_METRICS.items()]
