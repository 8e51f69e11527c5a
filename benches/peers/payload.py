"""The bodies of the comparison: OTLP trace requests, encoded by hand, the same at every run.

A = 10 resources x 100 spans, B = 1 x 50, C = 1 x 5. The shapes and sizes are those of
benches/payloads/mod.rs; `self_check` holds the sizes. Knows nothing of HTTP.
"""

import gzip
import random
import shutil
import subprocess

SHAPES = {"A": (10, 100), "B": (1, 50), "C": (1, 5)}
SIZES = {"A": 482_000, "B": 24_700, "C": 2_900}

ROUTES = ("GET /api/orders/{id}", "POST /api/orders", "SELECT shop.orders", "publish invoices")
SERVICES = ("checkout", "orders", "payments", "search", "render", "worker")


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, body):
    return varint(number << 3 | 2) + varint(len(body)) + body


def fixed64(number, value):
    return varint(number << 3 | 1) + value.to_bytes(8, "little")


def number(number_, value):
    return varint(number_ << 3) + varint(value)


def text(key, value):
    return field(1, key.encode()) + field(2, field(1, value.encode()))


def integer(key, value):
    return field(1, key.encode()) + field(2, number(3, value))


def span(rng):
    start = 1_760_000_000_000_000_000 + rng.randrange(10**12)
    parts = [
        field(1, rng.randbytes(16)),
        field(2, rng.randbytes(8)),
        field(4, rng.randbytes(8)),
        field(5, rng.choice(ROUTES).encode()),
        number(6, rng.randrange(1, 6)),
        fixed64(7, start),
        fixed64(8, start + rng.randrange(10**9)),
    ]
    attributes = (
        text("http.request.method", rng.choice(("GET", "POST", "PUT"))),
        text("url.path", f"/api/orders/{rng.randrange(10**9):09d}/items"),
        text("http.route", "/api/orders/{id}/items"),
        text("server.address", f"pod-{rng.randbytes(4).hex()}.shop.svc.cluster.local"),
        integer("http.response.status_code", rng.choice((200, 201, 404, 500))),
        text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
        text("network.peer.address", f"10.{rng.randrange(100, 200)}.{rng.randrange(100, 200)}.17"),
        text("thread.name", f"worker-{rng.randrange(10, 99)}"),
        text("code.function.name", "OrdersService.find"),
    )
    parts += [field(9, attribute) for attribute in attributes]
    parts.append(field(15, number(3, 1)))
    return b"".join(parts)


def resource(rng, index):
    pairs = (
        ("service.name", f"shop-{SERVICES[index % len(SERVICES)]}"),
        ("service.version", "4.12.0"),
        ("service.instance.id", rng.randbytes(16).hex()),
        ("deployment.environment.name", "production"),
        ("k8s.namespace.name", "shop"),
        ("k8s.pod.name", f"shop-{rng.randbytes(5).hex()}"),
        ("k8s.node.name", f"node-{rng.randbytes(3).hex()}"),
        ("telemetry.sdk.language", "nodejs"),
        ("telemetry.sdk.name", "opentelemetry"),
        ("telemetry.sdk.version", "2.1.0"),
    )
    return b"".join(field(1, text(key, value)) for key, value in pairs)


def request(case):
    """The body of case `A`, `B` or `C`."""
    groups, spans = SHAPES[case]
    rng = random.Random(7)
    out = bytearray()
    for index in range(groups):
        scope = field(1, field(1, b"@opentelemetry/instrumentation-http") + field(2, b"0.57.1"))
        scope += b"".join(field(2, span(rng)) for _ in range(spans))
        out += field(1, field(1, resource(rng, index)) + field(2, scope))
    return bytes(out)


def compressed(body):
    """gzip as an SDK sends it, without a time stamp."""
    return gzip.compress(body, 6, mtime=0)


def squeezed(body):
    """zstd at its default level, by the program of that name; None where there is none."""
    if not shutil.which("zstd"):
        return None
    done = subprocess.run(["zstd", "-q", "-c"], input=body, capture_output=True, check=True)
    return done.stdout


def self_check():
    """Refuses to measure bodies whose size has drifted from the documented one."""
    for case, expected in SIZES.items():
        size = len(request(case))
        if abs(size - expected) > expected * 0.04:
            raise SystemExit(f"case {case}: {size} bytes, documented as about {expected}")


if __name__ == "__main__":
    for name in SHAPES:
        plain = request(name)
        print(name, len(plain), "bytes,", len(compressed(plain)), "gzip")
