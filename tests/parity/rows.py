"""A row of the suite: a piece of configuration, the requests sent to it, and what may differ.

The pieces of many rows make one file, which both programs run. In every text of a row `@` stands
for the row's own id, so that names do not collide; HTTP_BACKEND and GRPC_BACKEND are the ports of
the backend, HTTP_PORT and GRPC_PORT two of the row's own, to which it sends. What a row leaves out
is filled in:

    receiver    otlp/@ on ports of its own, with include_metadata
    exporters   otlphttp/@a (to path /@/a of the backend), and @b, @c when `fan` says so
    pipelines   SIGNAL/@: [otlp/@] -> chain -> exporters, for every signal that is sent
"""

from dataclasses import dataclass, field

PLAIN = "compression: none, retry_on_failure: {enabled: false}"


@dataclass
class Differs:
    """A difference that is meant: why, and lines that must be (`!`: must not be) in each result."""

    reason: str
    collector: list = field(default_factory=list)
    spanyard: list = field(default_factory=list)


@dataclass
class Row:
    name: str
    send: list
    chain: list = field(default_factory=list)
    processors: str = ""
    connectors: str = ""
    exporters: str = ""
    extensions: str = ""
    pipelines: str = ""
    receivers: str = ""
    http: str = "include_metadata: true"
    grpc: str = "include_metadata: true"
    # Settings of the file's health page, and a path it answers; the same in all rows of a theme.
    health: str = ""
    live: str = "/healthz"
    fan: str = "a"
    exporter: str = PLAIN
    # What may come in another order: "attributes", "groups".
    unordered: str = ""
    # Whether groups that leave in several exports may leave in one, and the other way round.
    joined: bool = False
    differs: Differs | None = None


def exporter(letter, options=PLAIN):
    address = f"http://127.0.0.1:HTTP_BACKEND/@/{letter}"
    return f"otlphttp/@{letter}: {{endpoint: '{address}', {options}}}"


def sections(row, http_port, grpc_port):
    """The sections of a file that hold this row alone."""
    doors = f"http: {{endpoint: '127.0.0.1:{http_port}', {row.http}}}"
    if any(send.grpc for send in row.send):
        doors += f", grpc: {{endpoint: '127.0.0.1:{grpc_port}', {row.grpc}}}"
    receivers = [row.receivers or f"otlp/@: {{protocols: {{{doors}}}}}"]
    exporters = [row.exporters] if row.exporters else [exporter(x, row.exporter) for x in row.fan]
    return {
        "receivers": receivers,
        "processors": [row.processors],
        "connectors": [row.connectors],
        "exporters": exporters,
        "extensions": [row.extensions],
        "pipelines": [row.pipelines or default_pipelines(row)],
    }


def default_pipelines(row):
    signals = sorted({send.signal for send in row.send})
    chain = ", ".join(row.chain)
    targets = ", ".join(f"otlphttp/@{letter}" for letter in row.fan)
    return "\n".join(
        f"{signal}/@: {{receivers: [otlp/@], processors: [{chain}], exporters: [{targets}]}}"
        for signal in signals
    )


def indented(text, by):
    return "\n".join(" " * by + line if line else line for line in text.strip("\n").split("\n"))


def file(rows, ports, backend, health):
    """The configuration file of these rows. `ports`: an HTTP and a gRPC port for each."""
    parts = {name: [] for name in ("receivers", "processors", "connectors", "exporters")}
    (settings,) = {row.health for row in rows}
    pipelines, extensions = [], [f"health_check: {{endpoint: '127.0.0.1:{health}'{settings}}}"]
    started = ["health_check"]
    for number, (row, (http_port, grpc_port)) in enumerate(zip(rows, ports)):
        mine = sections(row, http_port, grpc_port)
        mark = f"r{number}"
        for name, texts in mine.items():
            texts = [text.replace("@", mark) for text in texts if text]
            texts = [text.replace("HTTP_PORT", str(http_port)) for text in texts]
            texts = [text.replace("GRPC_PORT", str(grpc_port)) for text in texts]
            if name == "extensions":
                extensions += texts
                started += [text.split(":")[0] for text in texts]
            elif name == "pipelines":
                pipelines += texts
            else:
                parts[name] += texts
    lines = []
    for name, texts in [*parts.items(), ("extensions", extensions)]:
        if texts:
            lines += [f"{name}:", *(indented(text, 2) for text in texts)]
    lines += ["service:", f"  extensions: [{', '.join(started)}]"]
    lines += ["  telemetry: {metrics: {level: none}}", "  pipelines:"]
    lines += [indented(text, 4) for text in pipelines]
    text = "\n".join(lines) + "\n"
    text = text.replace("HTTP_BACKEND", str(backend.http_port))
    return text.replace("GRPC_BACKEND", str(backend.grpc_port))
