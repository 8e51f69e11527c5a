"""What receivers, processors and the routing connector may say."""

from .make import (
    action, batch, condition, file, grpc, http, limiter, route, selection,
)  # fmt: skip

RULES = {
    "plain": file(),
    "receiver-null-protocol": file(receivers="otlp:\n  protocols:\n    http:\n    grpc:"),
    "receiver-no-protocol": file(receivers="otlp: {protocols: {}}"),
    "receiver-null": file(receivers="otlp:"),
    "receiver-protocol-unknown": file(receivers="otlp: {protocols: {thrift: {}}}"),
    "receiver-key-unknown": http("endpoints: x"),
    "receiver-endpoint-number": http("endpoint: 4318"),
    "receiver-endpoint-no-port": http("endpoint: localhost"),
    "receiver-path-empty": http("traces_url_path: ''"),
    "receiver-body-size": http("max_request_body_size: 1000"),
    "receiver-body-size-text": http("max_request_body_size: '1000'"),
    "receiver-body-size-negative": http("max_request_body_size: -1"),
    "receiver-metadata-yes": http("include_metadata: yes"),
    "receiver-metadata-text": http("include_metadata: 'true'"),
    "receiver-message-size": grpc("max_recv_msg_size_mib: 16"),
    "receiver-message-size-negative": grpc("max_recv_msg_size_mib: -1"),
    "receiver-message-size-fraction": grpc("max_recv_msg_size_mib: 1.5"),
    "receiver-streams": grpc("max_concurrent_streams: 100"),
    "receiver-streams-negative": grpc("max_concurrent_streams: -1"),
    "receiver-encodings": http("compression_algorithms: ['', gzip, zstd, lz4]"),
    "receiver-encodings-none": http("compression_algorithms: []"),
    "receiver-encoding-unknown": http("compression_algorithms: [gzip, brotli]"),
    "receiver-answer-headers": http("response_headers: {a: b}"),
    "receiver-answer-headers-list": http("response_headers: [{name: a, value: b}]"),
    "receiver-answer-headers-bad": http("response_headers: {'a b': c}"),
    "receiver-tls": http("tls: {cert_file: /c, key_file: /k}"),
    "receiver-tls-null": http("tls:"),
    "receiver-tls-empty": http("tls: {}"),
    "receiver-tls-off": http("tls: {enabled: false}"),
    "receiver-tls-no-key": http("tls: {cert_file: /c}"),
    "receiver-tls-twice": http("tls: {cert_file: /c, cert_pem: c, key_file: /k}"),
    "receiver-tls-authority": http("tls: {cert_file: /c, key_file: /k, ca_file: /a}"),
    "receiver-tls-clients": grpc(
        "tls: {cert_file: /c, key_file: /k, client_ca_file: /a, client_ca_file_reload: true}"
    ),
    "receiver-tls-reload-only": http("tls: {cert_file: /c, key_file: /k, client_ca_file_reload: true}"),
    "receiver-tls-insecure": http("tls: {cert_file: /c, key_file: /k, insecure: true}"),
    "receiver-tls-versions": http(
        "tls: {cert_file: /c, key_file: /k, min_version: '1.3', max_version: '1.2'}"
    ),
    "receiver-tls-version-old": http("tls: {cert_file: /c, key_file: /k, min_version: '1.0'}"),
    "receiver-tls-version-unknown": http("tls: {cert_file: /c, key_file: /k, min_version: '1.4'}"),
    "receiver-auth": file(
        receivers="otlp: {protocols: {http: {auth: {authenticator: bearertokenauth}}}}",
        extensions="bearertokenauth: {tokens: [a, b]}",
        service="extensions: [bearertokenauth]",
    ),
    "receiver-auth-token-empty": file(
        receivers="otlp: {protocols: {http: {auth: {authenticator: bearertokenauth}}}}",
        extensions="bearertokenauth: {tokens: ['']}",
        service="extensions: [bearertokenauth]",
    ),
    "receiver-auth-null": http("auth:"),
    "receiver-auth-off": http("auth: {enabled: false}"),
    "receiver-auth-empty": http("auth: {}"),
    "receiver-auth-unknown": http("auth: {authenticator: nothing}"),
    "receiver-auth-parameters-grpc": grpc("auth: {authenticator: a, request_params: [b]}"),
    "receiver-cors": http("cors: {allowed_origins: ['https://*.a.b'], max_age: 60}"),
    "receiver-cors-null": http("cors:"),
    "receiver-cors-empty": http("cors: {}"),
    "receiver-cors-off": http("cors: {enabled: false}"),
    "receiver-cors-duration": http("cors: {allowed_origins: ['*'], max_age: 2h}"),
    "receiver-cors-stars": http("cors: {allowed_origins: ['https://*.*.b']}"),
    "receiver-cors-grpc": grpc("cors: {allowed_origins: ['*']}"),
    "limiter": limiter("check_interval: 1s, limit_mib: 100"),
    "limiter-no-interval": limiter("limit_mib: 100"),
    "limiter-no-limit": limiter("check_interval: 1s"),
    "limiter-interval-zero": limiter("check_interval: 0s, limit_mib: 100"),
    "limiter-interval-number": limiter("check_interval: 1, limit_mib: 100"),
    "limiter-percentage": limiter("check_interval: 1s, limit_percentage: 80"),
    "limiter-percentage-large": limiter("check_interval: 1s, limit_percentage: 101"),
    "limiter-percentage-spike": limiter(
        "check_interval: 1s, limit_percentage: 50, spike_limit_percentage: 60"
    ),
    "limiter-spike-large": limiter("check_interval: 1s, limit_mib: 100, spike_limit_mib: 200"),
    "limiter-spike-equal": limiter("check_interval: 1s, limit_mib: 100, spike_limit_mib: 100"),
    "batch-empty": batch(""),
    "batch-timeout-negative": batch("timeout: -1s"),
    "batch-timeout-zero": batch("timeout: 0s"),
    "batch-timeout-bare-zero": batch("timeout: 0"),
    "batch-timeout-number": batch("timeout: 10"),
    "batch-timeout-days": batch("timeout: 1d"),
    "batch-timeout-compound": batch("timeout: 1m30s"),
    "batch-timeout-fraction": batch("timeout: 1.5s"),
    "batch-timeout-blank": batch("timeout: 1 s"),
    "batch-size-negative": batch("send_batch_size: -1"),
    "batch-size-text": batch("send_batch_size: '10'"),
    "batch-size-underscores": batch("send_batch_size: 1_000"),
    "batch-size-fraction": batch("send_batch_size: 10.5"),
    "batch-size-exponent": batch("send_batch_size: 1e3"),
    "batch-max-below": batch("send_batch_size: 10, send_batch_max_size: 5"),
    "batch-max-alone": batch("send_batch_max_size: 5"),
    "batch-keys": batch("metadata_keys: [a, b]"),
    "batch-keys-twice": batch("metadata_keys: [a, A]"),
    "batch-keys-text": batch("metadata_keys: 'a,b'"),
    "batch-null": file(processors="batch:", chain="[batch]"),
    "batch-key-null": batch("timeout: null"),
    "action-insert": action("key: k, value: v, action: insert"),
    "action-unknown": action("key: k, value: v, action: remove"),
    "action-missing": action("key: k, value: v"),
    "action-key-missing": action("value: v, action: insert"),
    "action-key-empty": action("key: '', value: v, action: insert"),
    "action-value-missing": action("key: k, action: insert"),
    "action-value-null": action("key: k, value: null, action: insert"),
    "action-two-sources": action("key: k, value: v, from_attribute: a, action: insert"),
    "action-two-sources-context": action(
        "key: k, from_context: metadata.a, from_attribute: a, action: insert"
    ),
    "action-default-alone": action("key: k, default_value: v, action: insert"),
    "action-default-and-value": action("key: k, value: v, default_value: d, action: insert"),
    "action-value-date": action("key: k, value: 2024-01-01, action: insert"),
    "action-value-list": action("key: k, value: [a], action: insert"),
    "action-value-map": action("key: k, value: {a: b}, action: insert"),
    "action-upper-case": action("key: k, value: v, action: INSERT"),
    "action-key-unknown": action("key: k, val: v, action: insert"),
    "action-context-unknown": action("key: k, from_context: metadata, action: insert"),
    "action-context-empty": action("key: k, from_context: '', action: insert"),
    "action-delete-value": action("key: k, value: v, action: delete"),
    "action-delete-nothing": action("action: delete"),
    "action-delete-pattern": action("pattern: ^a, action: delete"),
    "action-delete-pattern-bad": action("pattern: '(', action: delete"),
    "action-delete-pattern-lookahead": action("pattern: '(?=a)', action: delete"),
    "action-hash-pattern": action("key: k, pattern: a, action: hash"),
    "action-hash-nothing": action("action: hash"),
    "action-insert-pattern": action("key: k, value: v, pattern: a, action: insert"),
    "action-extract": action("key: k, pattern: '(?P<a>.)', action: extract"),
    "action-extract-unnamed": action("key: k, pattern: '(.)', action: extract"),
    "action-extract-no-group": action("key: k, pattern: 'a', action: extract"),
    "action-extract-no-pattern": action("key: k, action: extract"),
    "action-extract-value": action("key: k, value: v, pattern: '(?P<a>.)', action: extract"),
    "action-extract-short-name": action("key: k, pattern: '(?<a>.)', action: extract"),
    "action-convert": action("key: k, converted_type: int, action: convert"),
    "action-convert-no-type": action("key: k, action: convert"),
    "action-convert-unknown-type": action("key: k, converted_type: float, action: convert"),
    "action-convert-bool": action("key: k, converted_type: bool, action: convert"),
    "action-convert-value": action("key: k, value: v, converted_type: int, action: convert"),
    "resource-no-actions": file(processors="resource: {attributes: []}", chain="[resource]"),
    "resource-empty": file(processors="resource: {}", chain="[resource]"),
    "resource-actions-for-attributes": file(
        processors="resource: {actions: [{key: k, action: delete}]}", chain="[resource]"
    ),
    "attributes-no-actions": file(processors="attributes: {actions: []}", chain="[attributes]"),
    "attributes-attributes": file(
        processors="attributes: {attributes: [{key: k, action: delete}]}", chain="[attributes]"
    ),
    "select-services": selection("include: {match_type: strict, services: [a]}"),
    "select-no-type": selection("include: {services: [a]}"),
    "select-type-unknown": selection("include: {match_type: glob, services: [a]}"),
    "select-empty": selection("include: {}"),
    "select-empty-strict": selection("include: {match_type: strict}"),
    "select-null": selection("include: null"),
    "select-bad-pattern": selection("include: {match_type: regexp, services: ['(']}"),
    "select-key-only": selection("include: {attributes: [{key: a}]}"),
    "select-attribute-no-key": selection("include: {match_type: strict, attributes: [{value: a}]}"),
    "select-attribute-int-regexp": selection(
        "include: {match_type: regexp, attributes: [{key: a, value: 1}]}"
    ),
    "select-attribute-list": selection(
        "include: {match_type: strict, attributes: [{key: a, value: [b]}]}"
    ),
    "select-kind": selection("include: {match_type: strict, span_kinds: [SPAN_KIND_SERVER]}"),
    "select-kind-unspecified": selection(
        "include: {match_type: strict, span_kinds: [SPAN_KIND_UNSPECIFIED]}"
    ),
    "select-kind-unknown": selection("include: {match_type: strict, span_kinds: [server]}"),
    "select-library": selection("include: {match_type: strict, libraries: [{name: a}]}"),
    "select-library-empty": selection("include: {match_type: strict, libraries: [{}]}"),
    "select-logs-on-traces": selection("include: {match_type: strict, log_bodies: [a]}"),
    "select-metrics-on-traces": selection("include: {match_type: strict, metric_names: [a]}"),
    "select-cache": selection(
        "include: {match_type: regexp, services: [a], regexp: {cacheenabled: true}}"
    ),
    "select-both": selection(
        "include: {match_type: strict, services: [a]}, exclude: {match_type: strict, "
        "span_names: [b]}"
    ),
    "route": condition('attributes["a"] == "b"'),
    "route-default-only": route("table: []"),
    "route-no-table": route("error_mode: ignore"),
    "route-no-pipelines": route('table: [{condition: "true", pipelines: []}]'),
    "route-no-condition": route("table: [{pipelines: [traces/a]}]"),
    "route-both": route(
        'table: [{condition: "true", statement: "route()", pipelines: [traces/a]}]'
    ),
    "route-pipeline-unknown": route('table: [{condition: "true", pipelines: [traces/x]}]'),
    "route-pipeline-not-fed": file(
        connectors='routing: {table: [{condition: "true", pipelines: [traces/b]}]}',
        pipelines="traces: {receivers: [otlp], exporters: [routing]}\n"
        "traces/a: {receivers: [routing], exporters: [otlphttp]}\n"
        "traces/b: {receivers: [otlp], exporters: [otlphttp]}",
    ),
    "route-default-unknown": route("table: []", "default_pipelines: [traces/x], "),
    "route-no-default": route('table: [{condition: "true", pipelines: [traces/a]}]', ""),
    "route-error-mode": route(
        'error_mode: silent, table: [{condition: "true", pipelines: [traces/a]}]'
    ),
    "route-error-mode-unknown": route(
        'error_mode: loud, table: [{condition: "true", pipelines: [traces/a]}]'
    ),
    "route-action": route('table: [{condition: "true", action: copy, pipelines: [traces/a]}]'),
    "route-action-unknown": route(
        'table: [{condition: "true", action: drop, pipelines: [traces/a]}]'
    ),
    "route-match-once": route(
        'match_once: true, table: [{condition: "true", pipelines: [traces/a]}]'
    ),
    "route-context-unknown": condition("true", "scope"),
    "route-syntax-bare": condition('attributes["a"]'),
    "route-syntax-single-quotes": condition("attributes['a'] == 'b'"),
    "route-syntax-assignment": condition('attributes["a"] = "b"'),
    "route-syntax-upper-and": condition('true AND attributes["a"] == "b"'),
    "route-syntax-open": condition('(attributes["a"] == "b"'),
    "route-syntax-empty": condition(""),
    "route-path-unknown": condition('name == "b"'),
    "route-path-span": condition('span.attributes["a"] == "b"'),
    "route-pattern-bad": condition('IsMatch(attributes["a"], "(")'),
    "route-function-unknown": condition('IsFoo(attributes["a"])'),
    "route-request": condition('request["a"] == "b"', "request"),
    "route-request-no-condition": route(
        "table: [{context: request, statement: 'route()', pipelines: [traces/a]}]"
    ),
    "route-request-match": condition('IsMatch(request["a"], "b")', "request"),
    "route-request-less": condition('request["a"] < "b"', "request"),
    "route-request-and": condition('request["a"] == "b" and request["c"] == "d"', "request"),
    "route-metadata": condition('otelcol.client.metadata["a"][0] == "b"'),
    "route-metadata-whole": condition('otelcol.client.metadata["a"] == "b"'),
}
