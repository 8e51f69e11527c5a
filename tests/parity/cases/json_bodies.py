"""OTLP/JSON, good and bad: what the backends get, in protobuf, and what the client is told."""

import gzip
import json

from otlp import json_body
from rows import Differs, Row

TRACE, SPAN = "0102030405060708090a0b0c0d0e0f10", "0102030405060708"
SPAN_FIELDS = {
    "traceId": TRACE,
    "spanId": SPAN,
    "name": "work",
    "kind": 2,
    "startTimeUnixNano": "1700000000000000000",
    "endTimeUnixNano": "1700000000000001000",
}


def tree(*spans, attributes=()):
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": list(attributes)},
                "scopeSpans": [{"scope": {"name": "lib", "version": "1"}, "spans": list(spans)}],
            }
        ]
    }


def spans(**fields):
    """A request of one span with these fields over the usual ones."""
    return json.dumps(tree({**SPAN_FIELDS, **fields}))


def raw_span(text):
    """A request of one span that is this text."""
    return json.dumps(tree("@")).replace('"@"', text)


def values(*texts):
    """A request whose span has one attribute for each text of an AnyValue."""
    pairs = ",".join(f'{{"key":"k{number}","value":{text}}}' for number, text in enumerate(texts))
    return raw_span(f'{{"name":"v","attributes":[{pairs}]}}')


FULL = tree(
    {
        **SPAN_FIELDS,
        "parentSpanId": "090a0b0c0d0e0f10",
        "traceState": "a=1",
        "flags": 257,
        "attributes": [{"key": "k", "value": {"intValue": "7"}}],
        "droppedAttributesCount": 1,
        "events": [
            {"timeUnixNano": "5", "name": "e", "attributes": [], "droppedAttributesCount": 2}
        ],
        "droppedEventsCount": 3,
        "links": [{"traceId": TRACE, "spanId": SPAN, "traceState": "b=2", "flags": 1}],
        "droppedLinksCount": 4,
        "status": {"code": 2, "message": "broke"},
    },
    attributes=[{"key": "service.name", "value": {"stringValue": "shop"}}],
)
METRICS = {
    "resourceMetrics": [
        {
            "resource": {},
            "schemaUrl": "https://x/1",
            "scopeMetrics": [
                {
                    "scope": {"name": "lib"},
                    "metrics": [
                        {
                            "name": "g", "unit": "1", "description": "d",
                            "metadata": [{"key": "m", "value": {"boolValue": True}}],
                            "gauge": {"dataPoints": [
                                {"asDouble": 1.5, "timeUnixNano": "1", "flags": 1},
                                {"asInt": "-3"}, {"asDouble": "NaN"}, {"asInt": 5},
                            ]},
                        },
                        {
                            "name": "s",
                            "sum": {
                                "isMonotonic": True, "aggregationTemporality": 2,
                                "dataPoints": [{"asInt": "9", "startTimeUnixNano": "1",
                                                "exemplars": [
                                    {"asInt": "4", "spanId": SPAN, "traceId": TRACE,
                                     "filteredAttributes": [], "timeUnixNano": "3"}]}],
                            },
                        },
                        {
                            "name": "h",
                            "histogram": {"aggregationTemporality": 1, "dataPoints": [
                                {"count": "3", "sum": 6, "bucketCounts": ["1", "2"],
                                 "explicitBounds": [2.5], "min": 0, "max": 4.5}]},
                        },
                        {
                            "name": "e",
                            "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": [
                                {"count": "3", "sum": 6.5, "scale": -1, "zeroCount": "1",
                                 "zeroThreshold": 0.5, "positive": {"offset": -2, "bucketCounts": [
                                     "1", 2]}, "negative": {"offset": 3, "bucketCounts": []}}]},
                        },
                        {
                            "name": "q",
                            "summary": {"dataPoints": [
                                {"count": "2", "sum": 3.5, "quantileValues": [
                                    {"quantile": 0.5, "value": 1}]}]},
                        },
                    ],
                }
            ],
        }
    ]
}  # fmt: skip
LOGS = {
    "resourceLogs": [
        {
            "resource": {"attributes": [], "droppedAttributesCount": 1},
            "scopeLogs": [
                {
                    "schemaUrl": "s",
                    "scope": {"name": "lib", "attributes": []},
                    "logRecords": [
                        {
                            "timeUnixNano": "5", "observedTimeUnixNano": "6", "severityNumber": 9,
                            "severityText": "INFO", "body": {"stringValue": "hi"}, "flags": 1,
                            "traceId": TRACE, "spanId": SPAN, "eventName": "boot",
                            "attributes": [{"key": "k", "value": {"doubleValue": 2}}],
                            "droppedAttributesCount": 3,
                        },
                        {"body": {"kvlistValue": {"values": [
                            {"key": "a", "value": {"arrayValue": {"values": [
                                {"intValue": 1}, {}, {"bytesValue": "AP8="}]}}}]}}},
                    ],
                }
            ],
        }
    ]
}  # fmt: skip
SNAKE = """{"resource_spans":[{"resource":{"dropped_attributes_count":1},"schema_url":"s",
"scope_spans":[{"spans":[{"trace_id":"%s","span_id":"%s","parent_span_id":"%s","name":"x",
"trace_state":"t","start_time_unix_nano":"1","end_time_unix_nano":2,"dropped_events_count":3,
"attributes":[{"key":"a","value":{"string_value":"s"}},{"key":"b","value":{"int_value":"1"}},
{"key":"c","value":{"array_value":{"values":[{"bool_value":true}]}}}],
"events":[{"time_unix_nano":"9","dropped_attributes_count":4}]}]}]}]}""" % (TRACE, SPAN, SPAN)
NAN = '{"doubleValue":"NaN"}', '{"doubleValue":"Infinity"}', '{"doubleValue":"-Infinity"}'


def deep(levels):
    return '{"arrayValue":{"values":[' * levels + '{"intValue":1}' + "]}}" * levels



GOOD = {
    "every-field": FULL,
    "metrics": METRICS,
    "logs": LOGS,
    "snake-case": SNAKE,
    "integers-as-numbers": spans(startTimeUnixNano=1700000000000000000, endTimeUnixNano=5),
    "integers-large": values(
        '{"intValue":"9223372036854775807"}', '{"intValue":-9223372036854775808}'
    ),
    "unsigned-large": spans(startTimeUnixNano="18446744073709551615"),
    "integer-forms": values('{"intValue":0}', '{"intValue":"-0"}', '{"intValue":-1}'),
    "doubles": values(
        '{"doubleValue":1}', '{"doubleValue":-0.0}', '{"doubleValue":1e300}',
        '{"doubleValue":1.5E-7}', '{"doubleValue":"2.5"}', '{"doubleValue":0.1}',
        '{"doubleValue":5e-324}', '{"doubleValue":123456789012345678901234567890}',
    ),
    "not-a-number": values(*NAN),
    "booleans": values('{"boolValue":true}', '{"boolValue":false}'),
    "bytes": values('{"bytesValue":"AP8Q"}', '{"bytesValue":""}', '{"bytesValue":"AA=="}'),
    "texts": values(
        '{"stringValue":""}', '{"stringValue":"\\u017b\\u00f3\\u0142w Żółw"}',
        r'{"stringValue":"\"\\\/\b\f\n\r\t"}', r'{"stringValue":"\u0000\u001f"}',
    ),
    "surrogate-pair": values(r'{"stringValue":"a\ud83d\ude00b"}', '{"stringValue":"😀"}'),
    "values-empty": values("{}", "null", '{"arrayValue":{}}', '{"kvlistValue":{}}',
                           '{"arrayValue":{"values":[]}}', '{"arrayValue":{"values":null}}'),
    "values-nested": values(deep(15), '{"kvlistValue":{"values":[{"key":"a","value":{"kvlistValue":'
                            '{"values":[{"key":"b","value":{"intValue":"1"}}]}}},{"key":"a"}]}}'),
    "values-nested-deep": values(deep(40)),
    "null-ids": raw_span('{"traceId":null,"spanId":null,"name":"x"}'),
    "null-enum": raw_span('{"kind":null,"name":"x"}'),
    "null-integers": raw_span('{"startTimeUnixNano":null,"flags":null,"name":"x"}'),
    "null-lists": raw_span('{"attributes":null,"events":null,"links":null,"name":"x"}'),
    "null-objects": raw_span('{"status":null,"name":"x"}'),
    "null-name": raw_span('{"name":null}'),
    "null-inside-lists": raw_span('{"name":"x","attributes":[null],"events":[null]}'),
    "null-values": values('{"stringValue":null}', '{"intValue":null}', '{"boolValue":null}',
                          '{"doubleValue":null}', '{"bytesValue":null}', '{"kvlistValue":null}'),
    "null-groups": '{"resourceSpans":null}',
    "null-resource": '{"resourceSpans":[{"resource":null,"scopeSpans":[{"scope":null,"spans":'
                     '[{"name":"x"}]}],"schemaUrl":null}]}',
    "unknown-fields": '{"x":[1,{"y":"]}"}],"resourceSpans":[{"z":{"a":null},"scopeSpans":[{"q":1.5,'
                      '"spans":[{"name":"x","later":{"deep":[[[]]]},"w":"\\u0041\\""}]}]}],'
                      '"end":true}',
    "ids-upper-case": spans(traceId=TRACE.upper(), spanId=SPAN.upper()),
    "ids-empty": spans(traceId="", spanId="", parentSpanId=""),
    "ids-missing": raw_span('{"name":"x"}'),
    "ids-zero": spans(traceId="0" * 32, spanId="0" * 16),
    "enum-names": raw_span('{"name":"x","kind":"SPAN_KIND_CLIENT","status":{"code":'
                           '"STATUS_CODE_ERROR"}}'),
    "enum-unknown-number": spans(kind=99),
    "blanks": "\n\t " + json.dumps(FULL, indent=3).replace("\n", "\r\n") + " \n\n",
    "keys-in-another-order": '{"resourceSpans":[{"scopeSpans":[{"spans":[{"status":{"code":1},'
                             '"name":"x"}],"scope":{"name":"l"}}],"resource":{"attributes":'
                             '[{"value":{"intValue":"1"},"key":"a"}]}}]}',
    "groups-several": {"resourceSpans": FULL["resourceSpans"] * 3},
    "key-twice": raw_span('{"name":"first","name":"second"}'),
    "list-twice": raw_span('{"name":"x","attributes":[{"key":"a"}],"attributes":[{"key":"b"}]}'),
    "value-twice": values('{"stringValue":"a","intValue":"1"}', '{"intValue":1,"stringValue":"a"}'),
    "escaped-key": '{"resource\\u0053pans":[{"scopeSpans":[{"spans":[{"n\\u0061me":"x"}]}]}]}',
    "empty-lists": '{"resourceSpans":[{"scopeSpans":[]},{"scopeSpans":[{"spans":[]}]}]}',
    "large": tree(*({**SPAN_FIELDS, "name": f"span {n} " + "é" * 200} for n in range(300))),
}
BAD = {
    "trace-id-short": spans(traceId=TRACE[:-2]),
    "trace-id-long": spans(traceId=TRACE + "00"),
    "trace-id-odd": spans(traceId=TRACE[:-1]),
    "trace-id-not-hex": spans(traceId="zz" + TRACE[2:]),
    "trace-id-base64": spans(traceId="AQIDBAUGBwgJCgsMDQ4PEA=="),
    "trace-id-number": spans(traceId=7),
    "span-id-short": spans(spanId=SPAN[:-2]),
    "span-id-not-hex": spans(spanId="g" + SPAN[1:]),
    "link-id-short": spans(links=[{"traceId": "ab"}]),
    "integer-word": values('{"intValue":"12a"}'),
    "integer-empty": values('{"intValue":""}'),
    "integer-fraction": values('{"intValue":1.5}'),
    "integer-fraction-text": values('{"intValue":"1.5"}'),
    "integer-exponent": values('{"intValue":1e3}'),
    "integer-boolean": values('{"intValue":true}'),
    "integer-too-large": values('{"intValue":"9223372036854775808"}'),
    "integer-number-too-large": values('{"intValue":9223372036854775808}'),
    "time-negative": spans(startTimeUnixNano="-1"),
    "time-too-large": spans(startTimeUnixNano="18446744073709551616"),
    "count-too-large": spans(droppedEventsCount=4294967296),
    "double-word": values('{"doubleValue":"abc"}'),
    "double-nan-bare": values('{"doubleValue":NaN}'),
    "boolean-text": values('{"boolValue":"true"}'),
    "boolean-number": values('{"boolValue":1}'),
    "string-number": values('{"stringValue":5}'),
    "string-object": values('{"stringValue":{}}'),
    "base64-bad": values('{"bytesValue":"!!!"}'),
    "base64-unpadded": values('{"bytesValue":"AA"}'),
    "base64-url": values('{"bytesValue":"_-8="}'),
    "enum-unknown-name": spans(kind="SPAN_KIND_NOTHING"),
    "enum-number-text": spans(kind="2"),
    "lone-surrogate": values(r'{"stringValue":"a\ud800b"}'),
    "lone-low-surrogate": values(r'{"stringValue":"a\udc00b"}'),
    "surrogates-turned": values(r'{"stringValue":"\ude00\ud83d"}'),
    "bad-escape": values(r'{"stringValue":"\x41"}'),
    "bad-unicode-escape": values(r'{"stringValue":"\u12g4"}'),
    "control-character": values('{"stringValue":"a\nb"}'),
    "utf-8-bad": values('{"stringValue":"@"}').encode().replace(b"@", b"a\xffb"),
    "utf-8-overlong": values('{"stringValue":"@"}').encode().replace(b"@", b"\xc0\xaf"),
    "utf-8-bad-in-key": raw_span('{"name":"x","@":1}').encode().replace(b"@", b"\xfe"),
    "truncated": json.dumps(FULL)[:-1],
    "truncated-in-text": json.dumps(FULL)[:60],
    "bytes-after-the-end": json.dumps(FULL) + "x",
    "second-document": json.dumps(FULL) + json.dumps(FULL),
    "byte-order-mark": b"\xef\xbb\xbf" + json.dumps(FULL).encode(),
    "comma-too-many": raw_span('{"name":"x",}'),
    "comma-missing": raw_span('{"name":"x" "kind":1}'),
    "colon-missing": raw_span('{"name" "x"}'),
    "quotes-single": "{'resourceSpans':[]}",
    "comment": '{"resourceSpans":[/* */]}',
    "leading-zero": spans(kind="@").replace('"@"', "01"),
    "plus-sign": spans(kind="@").replace('"@"', "+1"),
    "object-for-a-list": '{"resourceSpans":{}}',
    "text-for-an-object": '{"resourceSpans":["x"]}',
    "number-for-a-list": raw_span('{"name":"x","attributes":5}'),
    "list-for-an-object": raw_span("[]"),
    "top-level-list": "[]",
    "top-level-text": '"x"',
    "top-level-number": "5",
    "words": "hello",
    "deep-nesting": values('{"arrayValue":{"values":[' * 20000 + "]}}" * 20000),
    "deep-unknown": raw_span('{"u":' + "[" * 20000 + "]" * 20000 + "}"),
}
# What is done differently on purpose: name of the row -> difference.
NULL = "null counts as not given, everywhere"
REFUSED = ["answer 400 application/json status 3", "!export"]
TAKEN = ["answer 200 application/json success", "export a"]
UNREADABLE = "the Collector sends on protobuf that no one can read"
DIFFERENT = {
    **{f"good/null-{name}": Differs(NULL, REFUSED, TAKEN) for name in (
        "ids", "enum", "integers", "values")},
    "good/ids-zero": Differs("ids of zeros leave as they came, the Collector empties them",
                             ["!trace_id"], ["trace_id " + "00" * 16]),
    "bad/bytes-after-the-end": Differs("a body ends where its value ends", TAKEN, REFUSED),
    "bad/second-document": Differs("a body ends where its value ends", TAKEN, REFUSED),
    "bad/utf-8-bad": Differs(UNREADABLE, ["export a", "unreadable"], REFUSED),
    "bad/utf-8-overlong": Differs(UNREADABLE, ["export a", "unreadable"], REFUSED),
    "bad/utf-8-bad-in-key": Differs("a body is UTF-8 everywhere", TAKEN, REFUSED),
    "bad/byte-order-mark": Differs("the client's mistake is not answered as ours",
                                   ["answer 500", "!export"], REFUSED),
    "good/values-nested-deep": Differs("values are nested so deep at most", TAKEN, REFUSED),
    "bad/integer-exponent": Differs("a whole number may be written so", REFUSED, TAKEN),
    "bad/base64-unpadded": Differs("base64 of either alphabet, padded or not", REFUSED, TAKEN),
    "bad/base64-url": Differs("base64 of either alphabet, padded or not", REFUSED, TAKEN),
    "bad/deep-nesting": Differs(UNREADABLE, ["export a", "unreadable"], REFUSED),
}  # fmt: skip


def signal(name):
    return name if name in ("metrics", "logs") else "traces"


def row(name, send, **options):
    return Row(f"json/{name}", [send], differs=DIFFERENT.get(name), **options)


ROWS = [row(f"good/{name}", json_body(body, signal(name))) for name, body in GOOD.items()]
ROWS += [row(f"bad/{name}", json_body(body)) for name, body in BAD.items()]
ROWS += [
    row("chunked", json_body(GOOD["large"], chunked=True)),
    row("gzip", json_body(gzip.compress(json.dumps(FULL).encode()),
                          headers={"Content-Encoding": "gzip"})),
    row("edited", json_body(FULL), chain=["resource/@"], processors="resource/@: {attributes: "
        "[{key: service.name, action: delete}, {key: n, value: 1, action: insert}]}"),
    row("routed", json_body(FULL), connectors="routing/@: {table: [{condition: "
        "'attributes[\"service.name\"] == \"shop\"', pipelines: [traces/@a]}]}",
        pipelines="traces/@: {receivers: [otlp/@], exporters: [routing/@]}\n"
        "traces/@a: {receivers: [routing/@], exporters: [otlphttp/@a]}"),
]  # fmt: skip
