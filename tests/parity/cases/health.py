"""What the health page answers, to whom and where. A file has one health page, so rows that differ
in its settings are themes of their own."""

from otlp import Send
from rows import Differs, Row


def row(name, path="/", method="GET", options="", live="/healthz", body=b""):
    send = Send("health", body, media="", path=path, method=method)
    pipelines = "traces/@: {receivers: [otlp/@], exporters: [otlphttp/@a]}"
    return Row(f"health/{name}", [send], pipelines=pipelines, health=options, live=live)


def at_path(name, path):
    return row(f"path/{name}", path, options=", path: /live", live="/live")


def body(name, path, text="all is well"):
    quoted = f"{{healthy: '{text}', unhealthy: 'no'}}"
    return row(f"{name}", path, options=f", response_body: {quoted}")


ROWS = [
    row("root"),
    row("any-path", "/healthz"),
    row("any-path-deep", "/a/b/c?d=e"),
    row("head", method="HEAD"),
    row("post", method="POST", body=b"x"),
    row("delete", method="DELETE"),
]
PATH = [
    at_path("itself", "/live"),
    at_path("query", "/live?a=b"),
    at_path("other", "/"),
    at_path("below", "/live/x"),
    at_path("slash", "/live/"),
]
BODY = [body("body/root", "/"), body("body/any-path", "/healthz")]
EMPTY = [body("empty-body/root", "/", "")]
EMPTY[0].differs = Differs("an empty text has its type, too", ["'none'"], ["'text/plain"])
