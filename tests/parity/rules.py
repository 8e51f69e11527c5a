"""Small files, one for each rule of the configuration: `validate` asks both programs about them.

Each is a whole file in which one thing is special. What is not given is plain: one OTLP receiver,
one exporter, one pipeline for traces.
"""

PLAIN = {
    "receivers": "otlp: {protocols: {http: {}}}",
    "processors": "",
    "connectors": "",
    "exporters": "otlphttp: {endpoint: 'http://127.0.0.1:1'}",
    "extensions": "",
    "service": "",
    "pipelines": "traces: {receivers: [otlp], processors: CHAIN, exporters: [otlphttp]}",
}


def file(**sections):
    chain = sections.pop("chain", "[]")
    parts = {**PLAIN, **sections}
    lines = []
    for name in ("receivers", "processors", "connectors", "exporters", "extensions"):
        if parts[name]:
            lines += [f"{name}:", *("  " + line for line in parts[name].split("\n"))]
    lines += ["service:", *("  " + line for line in parts["service"].split("\n") if line)]
    pipelines = parts["pipelines"].replace("CHAIN", chain)
    lines += ["  pipelines:", *("    " + line for line in pipelines.split("\n"))]
    return "\n".join(lines) + "\n"


def http(text):
    return file(receivers=f"otlp: {{protocols: {{http: {{{text}}}}}}}")


def grpc(text):
    return file(receivers=f"otlp: {{protocols: {{grpc: {{{text}}}}}}}")


def action(text):
    return file(processors=f"resource: {{attributes: [{{{text}}}]}}", chain="[resource]")


def selection(text):
    actions = "actions: [{key: k, value: v, action: insert}]"
    return file(processors=f"attributes: {{{text}, {actions}}}", chain="[attributes]")


def limiter(text):
    return file(processors=f"memory_limiter: {{{text}}}", chain="[memory_limiter]")


def batch(text):
    return file(processors=f"batch: {{{text}}}", chain="[batch]")


def exporter(text):
    return file(exporters=f"otlphttp: {{endpoint: 'http://127.0.0.1:1', {text}}}")


def by_grpc(text):
    return file(
        exporters=f"otlp: {{{text}}}",
        pipelines="traces: {receivers: [otlp], exporters: [otlp]}",
    )


def queue(text):
    return exporter(f"sending_queue: {{{text}}}")


def retry(text):
    return exporter(f"retry_on_failure: {{{text}}}")


def route(text, default="default_pipelines: [traces/a], "):
    return file(
        connectors=f"routing: {{{default}{text}}}",
        pipelines="traces: {receivers: [otlp], exporters: [routing]}\n"
        "traces/a: {receivers: [routing], exporters: [otlphttp]}",
    )


def condition(text, context="resource"):
    quoted = text.replace("'", "''")
    return route(f"table: [{{context: {context}, condition: '{quoted}', pipelines: [traces/a]}}]")


def pipelines(text, **more):
    return file(pipelines=text, **more)


def extension(text, started=None):
    return file(extensions=text, service=f"extensions: [{started or text.split(':')[0]}]")


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
    "exporter-no-endpoint": file(exporters="otlphttp: {}"),
    "exporter-null": file(exporters="otlphttp:"),
    "exporter-endpoint-bad": file(exporters="otlphttp: {endpoint: 'http://a b'}"),
    "exporter-endpoint-no-scheme": file(exporters="otlphttp: {endpoint: 'localhost:4318'}"),
    "exporter-traces-endpoint": file(exporters="otlphttp: {traces_endpoint: 'http://a:1/x'}"),
    "exporter-other-endpoint": file(exporters="otlphttp: {logs_endpoint: 'http://a:1/x'}"),
    "exporter-compression": exporter("compression: gzip"),
    "exporter-compression-none": exporter("compression: none"),
    "exporter-compression-empty": exporter("compression: ''"),
    "exporter-compression-unknown": exporter("compression: brotli"),
    "exporter-compression-upper": exporter("compression: GZIP"),
    "exporter-encoding-unknown": exporter("encoding: xml"),
    "exporter-headers": exporter("headers: {a: b}"),
    "exporter-headers-list": exporter("headers: [{name: a, value: b}]"),
    "exporter-headers-number": exporter("headers: {a: 1}"),
    "exporter-headers-null": exporter("headers: {a: null}"),
    "exporter-headers-list-no-name": exporter("headers: [{value: b}]"),
    "exporter-timeout": exporter("timeout: 5s"),
    "exporter-timeout-negative": exporter("timeout: -5s"),
    "exporter-timeout-number": exporter("timeout: 5"),
    "exporter-tls": exporter("tls: {insecure: true}"),
    "exporter-tls-cert-only": exporter("tls: {cert_file: /x}"),
    "exporter-tls-version": exporter("tls: {min_version: '1.4'}"),
    "exporter-auth-unknown": exporter("auth: {authenticator: nothing}"),
    "grpc-exporter": by_grpc("endpoint: 'a:4317'"),
    "grpc-exporter-no-endpoint": by_grpc("tls: {insecure: true}"),
    "grpc-exporter-no-port": by_grpc("endpoint: a"),
    "grpc-exporter-bad-port": by_grpc("endpoint: 'a:port'"),
    "grpc-exporter-scheme": by_grpc("endpoint: 'http://a:4317'"),
    "grpc-exporter-dns": by_grpc("endpoint: 'dns:///a:4317'"),
    "grpc-exporter-compression": by_grpc("endpoint: 'a:1', compression: gzip"),
    "grpc-exporter-compression-unknown": by_grpc("endpoint: 'a:1', compression: br"),
    "grpc-exporter-balancer": by_grpc("endpoint: 'a:1', balancer_name: round_robin"),
    "grpc-exporter-balancer-unknown": by_grpc("endpoint: 'a:1', balancer_name: nothing"),
    "queue": queue("queue_size: 10, num_consumers: 2"),
    "queue-null": exporter("sending_queue: null"),
    "queue-size-zero": queue("queue_size: 0"),
    "queue-size-negative": queue("queue_size: -1"),
    "queue-consumers-zero": queue("num_consumers: 0"),
    "queue-enabled-text": queue("enabled: 'no'"),
    "queue-sizer-items": queue("sizer: items"),
    "queue-sizer-unknown": queue("sizer: spans"),
    "queue-batch-empty": queue("batch: {}"),
    "queue-batch-max-below": queue("batch: {min_size: 10, max_size: 5}"),
    "queue-batch-sizer-requests": queue("batch: {sizer: requests}"),
    "queue-batch-timeout-zero": queue("batch: {flush_timeout: 0s}"),
    "queue-batch-larger-than-queue": queue("sizer: items, queue_size: 5, batch: {min_size: 10}"),
    "queue-blocking": queue("blocking: true"),
    "queue-block-on-overflow": queue("block_on_overflow: true"),
    "queue-storage-unknown": queue("storage: file_storage/none"),
    "retry": retry("initial_interval: 1s, max_interval: 2s, max_elapsed_time: 3s"),
    "retry-disabled": retry("enabled: false"),
    "retry-interval-negative": retry("initial_interval: -1s"),
    "retry-elapsed-below": retry("initial_interval: 5s, max_elapsed_time: 2s"),
    "retry-elapsed-zero": retry("max_elapsed_time: 0s"),
    "retry-elapsed-below-max": retry("max_interval: 60s, max_elapsed_time: 20s"),
    "retry-factor": retry("randomization_factor: 1.5"),
    "retry-multiplier": retry("multiplier: -1"),
    "debug": file(exporters="debug: {verbosity: detailed}",
                  pipelines="traces: {receivers: [otlp], exporters: [debug]}"),
    "debug-verbosity-unknown": file(exporters="debug: {verbosity: loud}",
                                    pipelines="traces: {receivers: [otlp], exporters: [debug]}"),
    "nop": file(exporters="nop:", pipelines="traces: {receivers: [otlp], exporters: [nop]}"),
    "extension-unused": file(extensions="health_check: {}"),
    "extension-unknown": file(extensions="nothing: {}"),
    "extension-not-defined": file(service="extensions: [health_check]"),
    "extension-health": extension("health_check: {endpoint: 'localhost:1'}"),
    "extension-health-null": extension("health_check:"),
    "extension-health-path": extension("health_check: {path: healthz}"),
    "extension-health-v2": extension("health_check: {http: {endpoint: 'localhost:1'}}"),
    "extension-bearer": extension("bearertokenauth: {token: a}"),
    "extension-bearer-empty": extension("bearertokenauth: {}"),
    "extension-bearer-both": extension("bearertokenauth: {token: a, tokens: [b]}"),
    "extension-zpages": extension("zpages: {}"),
    "extension-pprof": extension("pprof: {}"),
    "pipeline-no-receivers": pipelines("traces: {receivers: [], exporters: [otlphttp]}"),
    "pipeline-no-exporters": pipelines("traces: {receivers: [otlp], exporters: []}"),
    "pipeline-null-exporters": pipelines("traces: {receivers: [otlp]}"),
    "pipeline-name": pipelines("traces/a b: {receivers: [otlp], exporters: [otlphttp]}"),
    "pipeline-name-blanks": pipelines("traces / a: {receivers: [otlp], exporters: [otlphttp]}"),
    "pipeline-name-empty": pipelines("traces/: {receivers: [otlp], exporters: [otlphttp]}"),
    "pipeline-signal-unknown": pipelines("spans: {receivers: [otlp], exporters: [otlphttp]}"),
    "pipeline-text-for-a-list": pipelines("traces: {receivers: otlp, exporters: otlphttp}"),
    "pipeline-key-unknown": pipelines(
        "traces: {receivers: [otlp], exporters: [otlphttp], outputs: []}"
    ),
    "pipeline-processor-twice": file(processors="batch: {}", chain="[batch, batch]"),
    "pipeline-exporter-twice": pipelines(
        "traces: {receivers: [otlp], exporters: [otlphttp, otlphttp]}"
    ),
    "pipeline-processor-unknown": file(chain="[batch]"),
    "pipelines-empty": "receivers:\n  otlp: {protocols: {http: {}}}\nexporters:\n  nop: {}\n"
                       "service: {pipelines: {}}\n",
    "service-missing": "receivers:\n  otlp: {protocols: {http: {}}}\nexporters:\n  nop: {}\n",
    "empty-file": "{}\n",
    "top-level-unknown": file() + "more: {}\n",
    "id-with-two-slashes": file(
        exporters="otlphttp/a/b: {endpoint: 'http://a:1'}",
        pipelines="traces: {receivers: [otlp], exporters: [otlphttp/a/b]}",
    ),
    "id-with-digit-first": file(processors="1batch: {}"),
    "connector-as-exporter-only": file(
        connectors="forward: {}", pipelines="traces: {receivers: [otlp], exporters: [forward]}"
    ),
    "connector-as-receiver-only": file(
        connectors="forward: {}", pipelines="traces: {receivers: [forward], exporters: [otlphttp]}"
    ),
    "connector-unused": file(connectors="forward: {}"),
    "connector-loop": file(
        connectors="forward: {}",
        pipelines="traces: {receivers: [otlp, forward], exporters: [forward]}",
    ),
    "connector-to-another-signal": file(
        connectors="forward: {}",
        pipelines="traces: {receivers: [otlp], exporters: [forward]}\n"
        "logs: {receivers: [forward], exporters: [otlphttp]}",
    ),
    "connector-named-as-an-exporter": file(
        connectors="forward/x: {}", exporters="otlphttp: {endpoint: 'http://a:1'}\nnop/x: {}"
    ),
    "component-unused-and-broken": file(processors="batch: {send_batch_sizes: 1}"),
    "component-unused-and-invalid": file(processors="memory_limiter: {limit_mib: 1}"),
    "telemetry-level": file(service="telemetry: {metrics: {level: detailed}}"),
    "telemetry-level-upper": file(service="telemetry: {metrics: {level: NORMAL}}"),
    "telemetry-level-unknown": file(service="telemetry: {metrics: {level: loud}}"),
    "telemetry-address": file(service="telemetry: {metrics: {address: 'localhost:8888'}}"),
    "telemetry-readers": file(service="telemetry: {metrics: {readers: [{pull: {exporter: "
                              "{prometheus: {host: localhost, port: 8888}}}}]}}"),
    "telemetry-readers-no-host": file(service="telemetry: {metrics: {readers: [{pull: {exporter: "
                                      "{prometheus: {port: 8888}}}}]}}"),
    "telemetry-readers-empty": file(service="telemetry: {metrics: {readers: []}}"),
    "telemetry-logs": file(service="telemetry: {logs: {level: debug, encoding: json}}"),
    "telemetry-logs-level-unknown": file(service="telemetry: {logs: {level: loud}}"),
    "telemetry-logs-encoding-unknown": file(service="telemetry: {logs: {encoding: xml}}"),
    "environment": exporter("headers: {a: '${env:CLUSTER}'}"),
    "environment-bare": exporter("headers: {a: '${CLUSTER}'}"),
    "environment-unset": exporter("headers: {a: '${env:NOT_THERE}'}"),
    "environment-unset-with-default": exporter("headers: {a: '${env:NOT_THERE:-x}'}"),
    "environment-unset-number": queue("queue_size: '${env:NOT_THERE}'"),
    "environment-shell-default": exporter("headers: {a: '${NOT_THERE:-x}'}"),
    "environment-bad-name": exporter("headers: {a: '${env:1A}'}"),
    "environment-open": exporter("headers: {a: '${env:CLUSTER'}"),
    "environment-dollar": exporter("headers: {a: '$CLUSTER'}"),
    "environment-number-for-text": exporter("headers: {a: '${yaml:1}'}"),
    "provider-unknown": exporter("headers: {a: '${vault:x}'}"),
    "provider-file-missing": exporter("headers: {a: '${file:/does/not/exist}'}"),
    "yaml-anchor": file(
        exporters="otlphttp: &a {endpoint: 'http://a:1'}\notlphttp/b: *a"
    ),
    "yaml-merge-key": file(
        exporters="otlphttp: &a {endpoint: 'http://a:1'}\notlphttp/b: {<<: *a, timeout: 1s}"
    ),
    "yaml-key-twice": file() + "receivers:\n  otlp: {protocols: {http: {}}}\n",
    "yaml-tab": file() + "\tx: y\n",
    "yaml-two-documents": file() + "---\n" + file(),
    "yaml-flow-null": batch("timeout:"),
    "yaml-broken": "receivers: [\n",
    "yaml-list": "- a\n",
}  # fmt: skip
