"""Connections that wait: how much memory each of them keeps.

Every crowd meets a gateway of its own that has been warm before; memory is what is resident with
the crowd minus what was resident without, divided by the connections that are open. What a ticket
of the byte budget pays for beyond the charge of the connection may come on top. A crowd that
the gateway turns away costs nothing: the column says how many stayed.
"""

import contextlib
import dataclasses
import socket
import struct
import time

import ground
import payload
import yard

REST_SECONDS = 1.5
ANSWER_SECONDS = 20
HALF_KIB, AFTER_KIB, BEFORE_KIB = 64, 48, 20
HEAD_BYTES = 400 << 10
STREAMS = 100
# What every connection is charged when it is accepted.
CHARGE_KIB = 64


def arguments(command):
    command.add_argument("--share", type=float, default=1.0, help="of the connections wanted")
    command.add_argument("--only", default="", help="crowds by name, comma between them")


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    count: int
    kib: int
    enter: object


def run(options, home, verdicts):
    """Every crowd once."""
    wanted = [name for name in options.only.split(",") if name]
    with contextlib.ExitStack() as stack:
        sink = ground.cheap_sink(stack, options, home)
        for kind in KINDS:
            if wanted and kind.name not in wanted:
                continue
            gateway = ground.Gateway(options, kind.name, home, sink)
            try:
                one(options, kind, gateway, verdicts)
            finally:
                gateway.stop()


def one(options, kind, gateway, verdicts):
    warm = ["--case", "C", "--connections", "32"]
    yard.Load(options, gateway.http, warm, 2).result()
    yard.Load(options, gateway.grpc, [*warm, "--protocol", "grpc"], 2).result()
    time.sleep(REST_SECONDS)
    before = gateway.rss_kib()
    count = max(1, round(kind.count * options.share))
    peers, peak = [], before
    try:
        for number in range(count):
            peers.append(socket.create_connection((ground.HOST, port_of(kind, gateway)), 20))
            with contextlib.suppress(OSError):
                kind.enter(peers[-1])
            if number % 50 == 0:
                peak = max(peak, gateway.rss_kib())
        time.sleep(REST_SECONDS)
        after = gateway.rss_kib()
        peak = max(peak, after)
        held = gateway.value("spanyard_budget_bytes", kind="held") / 1024 / count
        stayed = sum(is_open(peer) for peer in peers)
    finally:
        for peer in peers:
            peer.close()
    each = (after - before) / count
    told = f"{each:.1f} KiB each, {peak / 1024:.0f} MiB at the most, {stayed} of {count} stayed"
    most = kind.kib + max(0, held - CHARGE_KIB)
    verdicts.add(kind.name, "memory", each <= most, told, f"<= {most:.0f} KiB")
    verdicts.add(kind.name, "of the budget", None, f"{held:.1f} KiB each", "")


def port_of(kind, gateway):
    return gateway.grpc if kind.name.startswith("grpc") else gateway.http


def is_open(peer):
    """Whether the other side has not ended the connection; reads what is there."""
    peer.setblocking(False)
    try:
        while data := peer.recv(1 << 20):
            continue
        return bool(data)
    except BlockingIOError:
        return True
    except OSError:
        return False


def nothing(_peer):
    """Idle before any request."""


def half_head(peer):
    """A head of 400 KB that does not end."""
    peer.settimeout(2)
    head = b"POST /v1/traces HTTP/1.1\r\nHost: siege\r\n"
    peer.sendall(head + b"X-Long: " + b"a" * HEAD_BYTES)


def half_body(peer):
    """A body that stops after 16 KiB of 1 MiB."""
    peer.sendall(ground.post_head(1 << 20) + bytes(16 << 10))


def answered(size):
    """A request of about this size, answered."""
    text = payload.text("filling", "x" * max(1, size - 100))
    body = payload.field(1, payload.field(1, payload.field(1, text)))
    request = ground.post_head(len(body)) + body

    def enter(peer):
        peer.settimeout(ANSWER_SECONDS)
        peer.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            data = peer.recv(4_096)
            if not data:
                raise ConnectionError("closed before the answer")
            answer += data

    return enter


def fill_windows(grpc):
    """As many bodies at once as the windows of a connection let in, none of them whole."""

    def enter(peer):
        peer.settimeout(1)
        peer.sendall(ground.HELLO)
        room, first, buffer = 65_535, 65_535, bytearray()
        deadline = time.monotonic() + 0.05
        while time.monotonic() < deadline:
            peer.settimeout(0.02)
            with contextlib.suppress(TimeoutError):
                buffer += peer.recv(65_536)
            for kind, flags, stream, body in ground.h2_frames(buffer):
                if kind == ground.WINDOW and stream == 0:
                    room += int.from_bytes(body, "big")
                if kind == ground.SETTINGS and not flags & ground.ACK:
                    for at in range(0, len(body), 6):
                        key, value = struct.unpack(">HI", body[at : at + 6])
                        first = value if key == 4 else first
        peer.settimeout(2)
        out = bytearray(ground.frame(ground.SETTINGS, ground.ACK, 0))
        for number in range(STREAMS):
            stream = 2 * number + 1
            out += ground.h2_head(stream, grpc)
            left = min(first, room)
            prefix = b"\0" + (1 << 20).to_bytes(4, "big") if grpc else b""
            while left > 0:
                data = (prefix + bytes(16_384))[: min(16_384, left)]
                prefix = b""
                out += ground.frame(ground.DATA, 0, stream, data)
                left -= len(data)
                room -= len(data)
            if room <= 0:
                break
        peer.sendall(out)

    return enter


KINDS = (
    Kind("half-head", 500, HALF_KIB, half_head),
    Kind("half-body", 500, HALF_KIB, half_body),
    Kind("h2-windows", 300, HALF_KIB, fill_windows(False)),
    Kind("grpc-windows", 300, HALF_KIB, fill_windows(True)),
    Kind("idle-before", 2_000, BEFORE_KIB, nothing),
    Kind("idle-after-2k", 2_000, AFTER_KIB, answered(2 << 10)),
    Kind("idle-after-1m", 2_000, AFTER_KIB, answered(1 << 20)),
)
