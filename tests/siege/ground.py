"""What every siege needs: a gateway with one shard, many sockets at once, HTTP/2 by hand.

Servers, sinks, loads and verdicts come from tests/soak/yard.py. Nothing here knows what is being
checked. A gateway that refuses a configuration is no failure: the check says so and goes on.
"""

import contextlib
import json
import pathlib
import re
import resource
import select
import socket
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Behind: both directories have an idle.py.
sys.path += [str(ROOT / "tests" / "soak"), str(ROOT / "benches" / "peers")]
import payload
import servers
import yard

CODINGS = ["", "gzip", "zstd", "zlib", "deflate", "snappy", "x-snappy-framed", "lz4"]
HOST = "127.0.0.1"
FILES_MAX = 20_000
BROKEN = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR


def more_files():
    """Lets this process and its children have as many sockets as the machine allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if most == resource.RLIM_INFINITY else min(FILES_MAX, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


class Gateway(yard.Gateway):
    """A gateway with settings of its own for the receiver, the exporter and the extension."""

    def __init__(self, options, name, home, sink, settings=None, limit_mib=512, **how):
        self.settings = settings or {}
        exporter = {"endpoint": f"http://{HOST}:{sink.port}", "compression": "none"}
        exporter.update(self.settings.get("exporter", {}))
        parts = {
            "exporters": {"otlphttp": exporter},
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter"],
                    "exporters": ["otlphttp"],
                }
            },
        }
        super().__init__(options, name, home, parts, limit_mib, **how)

    def text(self, parts):
        config = json.loads(super().text(parts))
        protocols = config["receivers"]["otlp"]["protocols"]
        for protocol in ("http", "grpc"):
            protocols[protocol].update(self.settings.get(protocol, {}))
        config["extensions"]["spanyard"].update(self.settings.get("spanyard", {}))
        return json.dumps(config, indent=1)

    def rss_kib(self):
        """Resident memory now."""
        return self._status("VmRSS")

    def peak_kib(self):
        """The most resident memory since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def alive(self):
        return self.process.poll() is None

    def _status(self, name):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+)", status, re.M).group(1))


def refused(error):
    """The line of a gateway's log that says why it did not take a configuration."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    found = next((line for line in lines if "rror" in line), lines[-1] if lines else "no reason")
    return found.strip()[:160]


def start(stack, verdicts, place, *arguments, **named):
    """A gateway that is stopped with `stack`; None when it does not take its configuration."""
    try:
        gateway = Gateway(*arguments, **named)
    except SystemExit as error:
        verdicts.add(place, "not available", None, refused(error), "")
        return None
    stack.callback(gateway.stop)
    return gateway


def cheap_sink(stack, options, home, *arguments):
    """A backend that counts only; stopped with `stack`."""
    sink = yard.Sink(options, "sink", home, ["--cheap", *arguments])
    stack.callback(sink.stop)
    return sink


def legit(options, port, seconds, *arguments, rate="2500"):
    """A client that behaves: requests of 5 spans at a steady pace."""
    flags = ["--case", "C", "--connections", "4", "--rate", rate, *arguments]
    return yard.Load(options, port, flags, seconds)


def p99_ms(result):
    """The 99th percentile of what a load's requests took, in milliseconds."""
    return float(result["service_us"]["p99"]) / 1000


class Crowd:
    """Many connections to one port, and when each of them was closed by the other side.

    With `over`, which looks at what is read, a connection also ends with what it says is the end.
    """

    def __init__(self, port, count, first=b"", prepare=None, over=None):
        self.over = over
        self.epoll, self.members, self.closed = select.epoll(), {}, []
        self.said, self.failed = {}, 0
        for number in range(count):
            peer = socket.socket()
            if prepare:
                prepare(peer)
            try:
                peer.connect((HOST, port))
                peer.setblocking(False)
                peer.send(first) if first else None
            except OSError:
                self.failed += 1
                peer.close()
                continue
            self.members[peer.fileno()] = (peer, time.monotonic())
            self.epoll.register(peer.fileno(), BROKEN | select.EPOLLIN)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for peer, _ in self.members.values():
            peer.close()
        self.epoll.close()

    def deaf(self):
        """From now on nothing is read; only the end of a connection is noticed."""
        for number in self.members:
            self.epoll.modify(number, BROKEN)

    def drip(self, byte=b"a"):
        """One more byte from everyone."""
        for number in list(self.members):
            try:
                self.members[number][0].send(byte)
            except BlockingIOError:
                continue
            except OSError:
                self._gone(number)

    def watch(self, seconds):
        """Notes who is closed within these seconds."""
        deadline = time.monotonic() + seconds
        while self.members and (left := deadline - time.monotonic()) > 0:
            for number, event in self.epoll.poll(min(left, 0.2)):
                if event & (select.EPOLLHUP | select.EPOLLERR):
                    self._gone(number)
                elif event & select.EPOLLIN:
                    self._read(number)
                elif event & select.EPOLLRDHUP:
                    self._gone(number)

    def _read(self, number):
        try:
            data = self.members[number][0].recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data or (self.over and self.over(data)):
            self._gone(number)
            return
        line = data.split(b"\r\n", 1)[0][:20]
        self.said[line] = self.said.get(line, 0) + 1

    def _gone(self, number):
        peer, begun = self.members.pop(number)
        self.closed.append(time.monotonic() - begun)
        with contextlib.suppress(OSError):
            self.epoll.unregister(number)
        peer.close()


def post_head(size, path="/v1/traces", headers=()):
    """The head of a request over HTTP/1; no size: chunked."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {HOST}", "Content-Type: application/x-protobuf"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines.append("Transfer-Encoding: chunked" if size is None else f"Content-Length: {size}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def frame(kind, flags, stream, body=b""):
    """A frame of HTTP/2."""
    return len(body).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + body


def literal(name, value):
    """A header that is neither indexed nor compressed; both parts below 127 bytes."""
    name, value = name.encode(), value.encode()
    return b"\0" + bytes((len(name),)) + name + bytes((len(value),)) + value


DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0)
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def h2_head(stream, grpc=False, headers=()):
    """The frame that opens a POST on a stream."""
    pairs = [(":method", "POST"), (":scheme", "http"), (":authority", HOST)]
    pairs.append((":path", EXPORT if grpc else "/v1/traces"))
    pairs.append(("content-type", "application/grpc" if grpc else "application/x-protobuf"))
    pairs += [("te", "trailers")] if grpc else []
    block = b"".join(literal(name, value) for name, value in [*pairs, *headers])
    return frame(HEADERS, END_HEADERS, stream, block)


def h2_frames(buffer):
    """Takes the whole frames out of a bytearray: kind, flags, stream, body."""
    found = []
    while len(buffer) >= 9:
        size = int.from_bytes(buffer[:3], "big")
        if len(buffer) < 9 + size:
            break
        stream = int.from_bytes(buffer[5:9], "big") & 0x7FFF_FFFF
        found.append((buffer[3], buffer[4], stream, bytes(buffer[9 : 9 + size])))
        del buffer[: 9 + size]
    return found
