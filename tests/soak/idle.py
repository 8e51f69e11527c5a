"""Memory of connections over HTTP/1 that idle: before any request, after one, and with half a head.

Resident memory of the gateway divided by the connections that are open, above what it had before.
"""

import contextlib
import resource
import socket
import time

import yard

CONNECTIONS = 2000
HALVES = 500
LIMIT_MIB = 256
REST_SECONDS = 3
#: what is sent, for how many connections, and KiB each may hold
BEFORE_KIB_MAX, AFTER_KIB_MAX, HALF_KIB_MAX = 20, 48, 64
REQUEST = b"POST /elsewhere HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
HALF = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 400_000


def resident_kib(gateway):
    """Resident memory of the gateway."""
    with open(f"/proc/{gateway.process.pid}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1])


def run(options, home, verdicts):
    """The check."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 20_000)), hard))
    with contextlib.ExitStack() as stack:
        parts = {
            "exporters": {"nop": {}},
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["nop"]}},
        }
        gateway = yard.Gateway(options, "idle", home, parts, LIMIT_MIB)
        stack.callback(gateway.stop)
        before = resident_kib(gateway)

        def judge(what, count, most):
            time.sleep(REST_SECONDS)
            each = (resident_kib(gateway) - before) / count
            verdicts.add("idle", what, each <= most, f"{each:.1f} KiB", f"<= {most} KiB")

        def connect():
            return stack.enter_context(socket.create_connection(("127.0.0.1", gateway.http)))

        clients = [connect() for _ in range(CONNECTIONS)]
        judge("before any request", CONNECTIONS, BEFORE_KIB_MAX)
        base, before = before, resident_kib(gateway)
        halves = [connect() for _ in range(HALVES)]
        for client in halves:
            client.setblocking(False)
            with contextlib.suppress(OSError):
                client.send(HALF[:15_000])
        judge("half a head sent", HALVES, HALF_KIB_MAX)
        # What the halves hold counts as well, since it may be reused.
        before = base
        for client in clients:
            client.sendall(REQUEST)
        for client in clients:
            client.recv(4096)
        judge("after one", CONNECTIONS, AFTER_KIB_MAX)
