"""Bodies that are too large, or become so: 413 that the client reads, little CPU, little memory.

Every bomb is 1 GiB of zeros (or as much as its coding can hide behind a body of at most 18 MiB),
sent with a length and chunked, over HTTP/1, and as one message over gRPC. The client looks for an
answer while it sends and stops once it has one, as HTTP says; a reset before the answer is a
failure. A client that is `blind` first sends all: whether it reads an answer is told, not judged.
"""

import base64
import contextlib
import select
import socket
import struct
import time
import zlib

import ground

BOMB_BYTES = 1 << 30
PLAIN_BYTES = 65 << 20
BODY_BYTES_MAX = 18 << 20
LIMIT_BYTES = 20 << 20
CPU_MS_MAX = 200
PIECE = 64 << 10
SECONDS_MAX = 20
EXHAUSTED, UNIMPLEMENTED = 8, 12


def arguments(command):
    command.add_argument("--only", default="", help="bombs by name, comma between them")


def deflated():
    """Raw deflate of the bomb: one piece between full flushes, again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * (BOMB_BYTES >> 20) + b"\x03\x00"


def checked(check, start):
    for _ in range(BOMB_BYTES >> 20):
        start = check(bytes(1 << 20), start)
    return start


GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


def gzip_one():
    return GZIP_HEAD + deflated() + struct.pack("<II", checked(zlib.crc32, 0), BOMB_BYTES % 2**32)


def gzip_many():
    """1,024 members of 1 MiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return (packer.compress(bytes(1 << 20)) + packer.flush()) * (BOMB_BYTES >> 20)


def zlib_one():
    return b"\x78\xda" + deflated() + struct.pack(">I", checked(zlib.adler32, 1))


def zstd(window_log, size=None):
    """Blocks of one repeated byte; `size` is what the frame says, None: nothing."""
    head = struct.pack("<IB", 0xFD2FB528, 0 if size is None else 0xC0)
    head += bytes(((window_log - 10) << 3,))
    head += b"" if size is None else struct.pack("<Q", size)
    block = 128 << 10
    count = BOMB_BYTES // block
    one = (block << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    last = (block << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"\0"
    return head + one * (count - 1) + last


def snappy_block():
    """A block that says 1 GiB; there are copies for 300 MiB of it."""
    copies = (63 << 2 | 2).to_bytes(1, "little") + b"\1\0"
    return ground.payload.varint(BOMB_BYTES) + b"\0\0" + copies * (300 << 20 >> 6)


def crc32c(data):
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def snappy_framed():
    """Chunks of 64 KiB."""
    crc = crc32c(bytes(PIECE))
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    copies = (63 << 2 | 2).to_bytes(1, "little") + b"\1\0"
    block = ground.payload.varint(PIECE) + b"\0\0" + copies * (PIECE // 64 - 1)
    # One literal and 1,023 copies of 64 bytes leave 63 bytes.
    block += (62 << 2 | 2).to_bytes(1, "little") + b"\1\0"
    chunk = b"\0" + (len(block) + 4).to_bytes(3, "little") + struct.pack("<I", masked) + block
    return b"\xff\x06\0\0sNaPpY" + chunk * (BODY_BYTES_MAX // len(chunk))


def xxh32(data):
    """xxHash of fewer than 16 bytes, seed 0."""
    mask, primes = 0xFFFFFFFF, (2654435761, 2246822519, 3266489917, 668265263, 374761393)
    value = (primes[4] + len(data)) & mask
    rotated = lambda number, by: (number << by | number >> (32 - by)) & mask
    for byte in data:
        value = rotated((value + byte * primes[4]) & mask, 11) * primes[0] & mask
    value = (value ^ value >> 15) * primes[1] & mask
    value = (value ^ value >> 13) * primes[2] & mask
    return value ^ value >> 16


def lz4():
    """Blocks of 4 MiB, independent, no checksums."""
    descriptor = bytes((0x60, 0x70))
    head = struct.pack("<I", 0x184D2204) + descriptor + bytes((xxh32(descriptor) >> 8 & 0xFF,))
    matched = (4 << 20) - 6 - 19
    block = b"\x1f\0\1\0" + b"\xff" * (matched // 255) + bytes((matched % 255,))
    block += b"\x50" + bytes(5)
    return head + (struct.pack("<I", len(block)) + block) * (BOMB_BYTES >> 22) + bytes(4)


BOMBS = {
    "plain": (None, lambda: bytes(PLAIN_BYTES)),
    "gzip": ("gzip", gzip_one),
    "gzip-members": ("gzip", gzip_many),
    "deflate": ("deflate", zlib_one),
    "zlib": ("zlib", zlib_one),
    "zstd": ("zstd", lambda: zstd(20)),
    "zstd-sized": ("zstd", lambda: zstd(20, BOMB_BYTES)),
    "zstd-window": ("zstd", lambda: zstd(27)),
    "snappy": ("snappy", snappy_block),
    "snappy-framed": ("x-snappy-framed", snappy_framed),
    "lz4": ("lz4", lz4),
}
OVER_GRPC = ("plain", "gzip", "gzip-members", "zstd", "zstd-window", "snappy")


def run(options, home, verdicts):
    """Every bomb in every way."""
    names = [name for name in options.only.split(",") if name] or list(BOMBS)
    with contextlib.ExitStack() as stack:
        sink = ground.cheap_sink(stack, options, home)
        every = {"http": {"compression_algorithms": ground.CODINGS}}
        gateway = ground.start(stack, verdicts, "codings", options, "bombs", home, sink, every)
        if gateway is None:
            gateway = ground.Gateway(options, "gzip", home, sink)
            stack.callback(gateway.stop)
        for name in names:
            coding, make = BOMBS[name]
            bomb = make()
            for way in ("length", "chunked", "blind"):
                attack = lambda: by_http(gateway.http, bomb, coding, way)
                judged = (judge_http, "413", way != "blind")
                one(gateway, f"{name} {way}", attack, judged, verdicts)
            if name in OVER_GRPC:
                attack = lambda: by_grpc(gateway.grpc, bomb, coding)
                judged = (judge_grpc, f"grpc-status {EXHAUSTED} and no RetryInfo", True)
                one(gateway, f"{name} grpc", attack, judged, verdicts)
            if not gateway.alive():
                verdicts.add(name, "gateway", False, "has ended", "goes on")
                return
        delivered = sink.report()["requests"]
        verdicts.add("sink", "requests", delivered == 0, delivered, 0)


def one(gateway, place, attack, way, verdicts):
    """One bomb: the answer, and what it cost."""
    gateway.forget_peak()
    memory, cpu = gateway.peak_kib(), gateway.cpu_ns()
    judge, wanted, judged = way
    found = attack()
    spent = (gateway.cpu_ns() - cpu) / 1e6
    grown = (gateway.peak_kib() - memory) / 1024
    good, told = judge(found)
    most = LIMIT_BYTES >> 20
    cheap = spent <= CPU_MS_MAX and grown <= most
    told = f"{spent:.0f} ms, +{grown:.1f} MiB: {told}"
    wanted = f"{wanted}, <= {CPU_MS_MAX} ms, <= +{most} MiB"
    if good is None:
        verdicts.add(place, "not available", None, told, "")
    else:
        verdicts.add(place, "cost: answer", cheap and (good or not judged), told, wanted)


def judge_http(found):
    answer, fault, sent = found
    line = answer.split(b"\r\n", 1)[0].decode("latin-1")
    told = f"{line or 'no answer'}, {sent >> 10} KiB sent"
    if fault:
        told += f", {fault}"
    if b" 415 " in answer[:20] or (b" 400 " in answer[:20] and b"encoding" in answer):
        return None, told
    return b" 413 " in answer[:20], told


def pieces(bomb, chunked):
    for at in range(0, len(bomb), PIECE):
        piece = memoryview(bomb)[at : at + PIECE]
        yield b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
    if chunked:
        yield b"0\r\n\r\n"


def by_http(port, bomb, coding, way):
    """The answer, what went wrong, bytes sent."""
    headers = [("Content-Encoding", coding)] if coding else []
    size = None if way == "chunked" else len(bomb)
    sent, fault = 0, ""
    with socket.create_connection((ground.HOST, port), SECONDS_MAX) as peer:
        try:
            peer.sendall(ground.post_head(size, headers=headers))
            for piece in pieces(bomb, way == "chunked"):
                if way != "blind" and select.select([peer], [], [], 0)[0]:
                    break
                peer.sendall(piece)
                sent += len(piece)
        except OSError as error:
            fault = f"sending: {error.strerror or error}"
        answer, worse = read_answer(peer)
    return answer, fault or worse, sent


def read_answer(peer):
    """What the server said until it had said a whole head and its body, or the connection ended."""
    answer = b""
    deadline = time.monotonic() + SECONDS_MAX
    try:
        while time.monotonic() < deadline:
            data = peer.recv(65_536)
            if not data:
                break
            answer += data
            head, found, body = answer.partition(b"\r\n\r\n")
            sizes = [line for line in head.lower().split(b"\r\n") if b"content-length:" in line]
            if found and sizes and len(body) >= int(sizes[0].split(b":")[1]):
                break
    except OSError as error:
        return answer, f"reading: {error.strerror or error}"
    return answer, ""


def judge_grpc(found):
    headers, fault, sent = found
    code = int(headers.get("grpc-status", -1))
    told = f"grpc-status {code}, {sent >> 10} KiB sent"
    told += f", {headers['grpc-message']}" if "grpc-message" in headers else ""
    told += f", {fault}" if fault else ""
    details = headers.get("grpc-status-details-bin", "")
    details = base64.b64decode(details + "=" * (-len(details) % 4))
    if code == UNIMPLEMENTED:
        return None, told
    return code == EXHAUSTED and b"RetryInfo" not in details, told


def by_grpc(port, bomb, coding):
    """The headers and trailers of a call, what went wrong, bytes sent."""
    import hpack

    message = (b"\1" if coding else b"\0") + struct.pack(">I", len(bomb)) + bomb
    extra = [("grpc-encoding", coding)] if coding else []
    decoder, buffer, headers, sent, fault = hpack.Decoder(), bytearray(), {}, 0, ""
    room = {0: 65_535, 1: 65_535}
    first = 65_535
    deadline = time.monotonic() + SECONDS_MAX
    with socket.create_connection((ground.HOST, port), SECONDS_MAX) as peer:
        with contextlib.suppress(OSError):
            peer.sendall(ground.HELLO + ground.h2_head(1, grpc=True, headers=extra))
        ended = False
        while not ended and time.monotonic() < deadline:
            size = min(16_384, *room.values(), len(message) - sent)
            done = sent == len(message)
            ready = select.select([peer], [], [], 0 if size > 0 else 0.5)[0]
            try:
                if ready:
                    data = peer.recv(1 << 20)
                    ended = not data
                    buffer += data
                elif size > 0 and not done:
                    last = ground.END_STREAM if sent + size == len(message) else 0
                    peer.sendall(ground.frame(0, last, 1, message[sent : sent + size]))
                    sent += size
                    room = {key: left - size for key, left in room.items()}
            except OSError as error:
                fault = fault or error.strerror or str(error)
                break
            for kind, flags, stream, body in ground.h2_frames(buffer):
                if kind == ground.HEADERS:
                    headers.update(decoder.decode(body))
                    ended |= bool(flags & ground.END_STREAM)
                elif kind == ground.WINDOW:
                    room[stream] = room.get(stream, 0) + int.from_bytes(body, "big")
                elif kind == ground.SETTINGS and not flags & ground.ACK:
                    for at in range(0, len(body), 6):
                        key, value = struct.unpack(">HI", body[at : at + 6])
                        if key == 4:
                            room[1], first = room[1] + value - first, value
                    with contextlib.suppress(OSError):
                        peer.sendall(ground.frame(ground.SETTINGS, ground.ACK, 0))
                elif kind == ground.GOAWAY:
                    fault = f"GOAWAY {int.from_bytes(body[4:8], 'big')}"
                elif kind == ground.RESET and "grpc-status" not in headers:
                    fault, ended = f"RST_STREAM {int.from_bytes(body, 'big')}", True
    return headers, fault, sent
