"""Makes whole files in which one thing is special. What is not given is plain: one OTLP receiver,
one exporter, one pipeline for traces."""

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
