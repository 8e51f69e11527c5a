"""Slow clients: thousands of connections that say nothing, half of something, or hardly anything.

Each kind has a crowd of its own; while it lasts a client that behaves sends at a steady pace. Told
are the time until the gateway closed each of the crowd, who was left, and the 99th percentile of
the good client beside that of quiet seconds before and after.
"""

import contextlib
import dataclasses
import socket
import time

import ground

import certificate

PROMPT_SECONDS, BODY_SECONDS = 10, 30
SLACK_SECONDS = 1.5
QUIET_SECONDS = 5
P99_RATIO_MAX = 2.0
DEAF_REQUESTS = 4_000

HALF_HEAD = b"POST /v1/traces HTTP/1.1\r\nHost: siege\r\nX-Half: "
HALF_PREFACE = b"PRI * HTTP/2.0\r\n"
# A record of a ClientHello that says 512 bytes and brings 40.
HALF_HELLO = bytes.fromhex("1603010200010001fc0303") + bytes(35)
EMPTY_REQUEST = ground.post_head(0)


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    port: str
    first: bytes
    most: int
    drips: bool = False
    deaf: bool = False
    over: object = None


def grpc_half():
    """A call whose message says a megabyte."""
    data = b"\0" + (1 << 20).to_bytes(4, "big")
    opened = ground.HELLO + ground.frame(ground.SETTINGS, ground.ACK, 0)
    return opened + ground.h2_head(1, grpc=True) + ground.frame(ground.DATA, 0, 1, data)


def stream_ended(data):
    """Whether the only stream was answered or reset: its connection may idle on."""
    frames = ground.h2_frames(bytearray(data))
    ends = {(ground.HEADERS, ground.END_STREAM), (ground.RESET, 0)}
    return any((kind, flags & ground.END_STREAM) in ends for kind, flags, _, _ in frames)


KINDS = (
    Kind("idle", "http", b"", PROMPT_SECONDS),
    Kind("idle-grpc", "grpc", b"", PROMPT_SECONDS),
    Kind("preface", "http", HALF_PREFACE, PROMPT_SECONDS),
    Kind("preface-grpc", "grpc", HALF_PREFACE, PROMPT_SECONDS),
    Kind("header", "http", HALF_HEAD, PROMPT_SECONDS),
    Kind("header-drip", "http", HALF_HEAD, PROMPT_SECONDS, drips=True),
    Kind("tls", "tls", HALF_HELLO, PROMPT_SECONDS),
    Kind("tls-idle", "tls", b"", PROMPT_SECONDS),
    Kind("body", "http", ground.post_head(32 << 10), BODY_SECONDS, drips=True),
    Kind("body-stall", "http", ground.post_head(32 << 10), BODY_SECONDS),
    Kind("body-large", "http", ground.post_head(1 << 20), BODY_SECONDS, drips=True),
    Kind("body-chunked", "http", ground.post_head(None) + b"8000\r\n", BODY_SECONDS, drips=True),
    Kind("body-grpc", "grpc", grpc_half(), BODY_SECONDS, over=stream_ended),
    Kind("reader", "http", b"", BODY_SECONDS, deaf=True),
)


def arguments(command):
    command.add_argument("--connections", type=int, default=2_000, help="of each kind")
    command.add_argument("--kinds", default=",".join(kind.name for kind in KINDS))


def run(options, home, verdicts):
    """All kinds in turn, and quiet seconds between them."""
    kinds = [kind for kind in KINDS if kind.name in options.kinds.split(",")]
    options.authority, identity, key = certificate.make(home)
    with contextlib.ExitStack() as stack:
        sink = ground.cheap_sink(stack, options, home)
        plain = ground.Gateway(options, "plain", home, sink)
        stack.callback(plain.stop)
        secure = None
        if any(kind.port == "tls" for kind in kinds):
            files = {"cert_file": str(identity), "key_file": str(key)}
            settings = {"http": {"tls": files}, "grpc": {"tls": files}}
            secure = ground.start(stack, verdicts, "tls", options, "tls", home, sink, settings)
        for kind in kinds:
            gateway = secure if kind.port == "tls" else plain
            if gateway is not None:
                one(options, kind, gateway, verdicts)


def one(options, kind, gateway, verdicts):
    """One crowd, with quiet seconds before and after."""
    port = gateway.grpc if kind.port == "grpc" else gateway.http
    wait = kind.most + SLACK_SECONDS + 3
    # The good client of a gateway with TLS is that gateway's own: it trusts the same authority.
    trust = ["--tls", "--ca", str(options.authority)] if kind.port == "tls" else []
    send = lambda seconds: ground.legit(options, gateway.http, seconds, *trust)
    quiet = ground.p99_ms(send(QUIET_SECONDS).result())
    load = send(int(wait))
    prepare = narrow if kind.deaf else None
    before = gateway.rss_kib()
    with ground.Crowd(port, options.connections, kind.first, prepare, kind.over) as crowd:
        if kind.deaf:
            talk_without_listening(crowd)
        peak = beset(crowd, kind, wait, gateway)
        left, closed = len(crowd.members), sorted(crowd.closed)
        said = crowd.said
    result = load.result()
    after = ground.p99_ms(send(QUIET_SECONDS).result())
    judge(options, kind, (left, closed, said, crowd.failed), verdicts)
    each = max(0, peak - before) / max(options.connections, 1)
    verdicts.add(kind.name, "memory of each", None, f"{each:.1f} KiB", "")
    base, found = max(quiet, after), ground.p99_ms(result)
    clean = result["broken"] + result["refused"] + result["failed"] == 0
    text = f"{found:.2f} ms, quiet {quiet:.2f} and {after:.2f}"
    if not clean:
        text += f", {result['broken']} broken, {result['refused']} refused"
    good = clean and found <= P99_RATIO_MAX * base
    verdicts.add(kind.name, "good client p99", good, text, f"<= {P99_RATIO_MAX:.0f} x quiet")


def beset(crowd, kind, seconds, gateway):
    """Lets time pass, dripping if the kind does; the most memory that was seen."""
    deadline, peak = time.monotonic() + seconds, 0
    while crowd.members and time.monotonic() < deadline:
        crowd.watch(1)
        peak = max(peak, gateway.rss_kib())
        if kind.drips:
            crowd.drip()
    return peak


def narrow(peer):
    """Little room for answers, so that a server that writes has to wait soon."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)


def talk_without_listening(crowd):
    """Requests from everyone until nothing more is taken; answers are not read."""
    crowd.deaf()
    burst = EMPTY_REQUEST * 50
    rounds = DEAF_REQUESTS // 50
    for number in list(crowd.members):
        peer = crowd.members[number][0]
        for _ in range(rounds):
            try:
                if peer.send(burst) < len(burst):
                    break
            except BlockingIOError:
                break
            except OSError:
                break


def judge(options, kind, found, verdicts):
    left, closed, said, failed = found
    wanted = f"all {options.connections} within {kind.most} s"
    if not closed:
        text = f"none of {left}"
    else:
        text = f"{len(closed)}, half within {closed[len(closed) // 2]:.1f} s, last "
        text += f"{closed[-1]:.1f} s, {left} left"
    if failed:
        text += f", {failed} could not connect"
    good = left == 0 and failed == 0 and closed[-1] <= kind.most + SLACK_SECONDS
    verdicts.add(kind.name, "closed", good, text, wanted)
    words = {line: times for line, times in said.items() if line.startswith(b"HTTP/")}
    if words:
        most = max(words, key=words.get)
        verdicts.add(kind.name, "told", None, f"{most.decode()!r} {words[most]} times", "")
