"""One connection with a hundred streams beside fifty with one request each, on one shard.

Bodies are case A in gzip, which cost the gateway much and the clients little, so the gateway's
core is the limit. Each of the fifty must get at least half of its fair share: of all the requests
answered, one in fifty-one.
"""

import contextlib
import select
import socket
import time

import ground
import payload
import yard

SINGLES, STREAMS = 50, 100
SHARE_MIN = 0.5
SETTLE_SECONDS = 1


def arguments(command):
    command.add_argument("--seconds", type=int, default=10, help="of load")


def run(options, home, verdicts):
    with contextlib.ExitStack() as stack:
        sink = ground.cheap_sink(stack, options, home)
        gateway = ground.Gateway(options, "fairness", home, sink)
        stack.callback(gateway.stop)
        flags = ["--case", "A", "--compression", "gzip", "--protocol", "grpc"]
        flags += ["--connections", "1", "--streams", str(STREAMS)]
        hog = yard.Load(options, gateway.grpc, flags, options.seconds + 3)
        time.sleep(SETTLE_SECONDS)
        cpu, begun = gateway.cpu_ns(), time.monotonic()
        counts, broken = singles(gateway.http, options.seconds)
        busy = (gateway.cpu_ns() - cpu) / 1e9 / (time.monotonic() - begun)
        result = hog.result()
    others = result["accepted"] * options.seconds / (result["elapsed_us"] / 1e6)
    fair = (sum(counts) + others) / (SINGLES + 1)
    least = min(counts)
    text = f"{least} to {max(counts)} requests, the hundred streams {others:.0f}"
    verdicts.add("singles", "requests", None, text, "")
    good = least >= SHARE_MIN * fair and not broken
    text = f"{100 * least / max(fair, 1e-9):.0f} % of {fair:.1f}, {broken} broken"
    verdicts.add("singles", "least of fair share", good, text, f">= {100 * SHARE_MIN:.0f} %")
    text = f"{100 * busy:.0f} % of its core"
    verdicts.add("gateway", "busy", None, text, "near 100 %, or the load was the limit")


def singles(port, seconds):
    """Requests answered 200 on each of the connections, and how many connections broke."""
    body = payload.compressed(payload.request("A"))
    request = ground.post_head(len(body), headers=[("Content-Encoding", "gzip")]) + body
    peers, counts, broken = {}, {}, 0
    with select.epoll() as epoll:
        for _ in range(SINGLES):
            peer = socket.create_connection((ground.HOST, port), 20)
            peers[peer.fileno()], counts[peer.fileno()] = peer, 0
            peer.sendall(request)
            epoll.register(peer.fileno(), select.EPOLLIN)
        deadline = time.monotonic() + seconds
        while peers and (left := deadline - time.monotonic()) > 0:
            for number, _ in epoll.poll(left):
                try:
                    answer = peers[number].recv(65_536)
                    if not answer:
                        raise ConnectionError("closed")
                    counts[number] += answer.startswith(b"HTTP/1.1 200")
                    peers[number].sendall(request)
                except OSError:
                    broken += 1
                    epoll.unregister(number)
                    peers.pop(number).close()
        for peer in peers.values():
            peer.close()
    return list(counts.values()), broken
