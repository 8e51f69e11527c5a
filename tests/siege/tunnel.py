"""A port in plain text in front of one with TLS and HTTP/2, for tools that know no TLS."""

import asyncio
import contextlib
import ssl
import threading

PIECE = 1 << 16


@contextlib.contextmanager
def to(port):
    """The number of a port whose connections go through TLS to `port` until the block ends."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])

    async def carry(reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while piece := await reader.read(PIECE):
                writer.write(piece)
                await writer.drain()

    async def serve(reader, writer):
        far, beyond = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        ways = [asyncio.create_task(carry(reader, beyond)), asyncio.create_task(carry(far, writer))]
        # Neither side of TLS can be closed alone: with one way the other ends.
        _, others = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            other.cancel()
        for end in (beyond, writer):
            end.close()

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
