"""A relay that delays every byte, so that an address seems as far away as one in another country, or that passes on so
many bytes a second, as a network does.

    relay.py TO_PORT SECONDS [RATE]    prints its own port; SECONDS is the time of a round trip; RATE is the bytes that
                                       all connections together receive in a second
"""
import asyncio
import socket
import sys


class Line:
    """What all connections share: a line that carries so many bytes a second, one after another."""

    def __init__(self, rate):
        self._rate = rate
        self._free_at = 0.0

    async def carry(self, length):
        """Waits until the line has carried that many bytes."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now) + length / self._rate
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)


async def _carry(reader, writer, line):
    """Hands on what comes as fast as the line carries it, and as the receiver takes it."""
    while True:
        try:
            data = await reader.read(65536)
            await line.carry(len(data))
            writer.write(data)
            await writer.drain()
        except OSError:
            data = b""
        if not data:
            writer.close()
            return


async def _pump(reader, writer, delay):
    """Hands on what comes after the delay, in order, without holding back what comes next."""
    loop, closed = asyncio.get_running_loop(), False

    def hand_on(data):
        if writer.is_closing():
            return
        if data:
            writer.write(data)
        else:
            writer.close()

    while not closed:
        try:
            data = await reader.read(65536)
        except OSError:
            data = b""
        loop.call_later(delay, hand_on, data)
        closed = not data


async def main(to_port, there_and_back, rate=None):
    line = Line(float(rate)) if rate else None

    async def on_connection(reader, writer):
        # A real TCP handshake takes one more round trip; here this host answers it at once.
        await asyncio.sleep(there_and_back)
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", to_port)
        other_writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(_pump(reader, other_writer, there_and_back / 2),
                             _carry(other_reader, writer, line) if line
                             else _pump(other_reader, writer, there_and_back / 2))

    server = await asyncio.start_server(on_connection, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:]))
