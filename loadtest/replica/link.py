"""A TCP link with a round-trip time: `python link.py MS HOST PORT`, listens on the same port.

It runs in a container of the lab, in front of Postgres, and imports nothing but the standard
library. Each byte travels for half of the time; what a client sends first leaves it only after a
whole one more, as if it had waited for the answer to its SYN. Bandwidth isn't limited, so TCP's
slow start isn't there either.
"""

import asyncio
import socket
import sys
from collections.abc import Callable
from typing import Any

__all__ = ("End", "listen")

TICK = 1e-6
"""Seconds between two deliveries of one direction: what has the same time may change places."""


class End(asyncio.Protocol):
    """One of the two sockets of a connection: what it hears, the other says half a trip later."""

    def __init__(self, trip_seconds: float, leaves: float = 0.0) -> None:
        self._trip, self._due = trip_seconds, leaves
        self._transport: asyncio.Transport | None = None
        self._held: list[bytes] = []
        self._heard_all = self._said_all = False
        self.other: End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        transport.write(b"".join(self._held))
        if self._said_all:
            transport.write_eof()

    def data_received(self, data: bytes) -> None:
        self._later(lambda other: other.say(data))

    def eof_received(self) -> bool:
        self._heard_all = True
        self._later(End.say_no_more)
        return True  # what is on its way in the other direction still arrives

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._later(End.hang_up)

    def say(self, data: bytes) -> None:
        if self._transport is None:
            self._held.append(data)
        else:
            self._transport.write(data)

    def say_no_more(self) -> None:
        self._said_all = True
        if self._transport is None or self._transport.is_closing():
            return
        if self._heard_all:
            self._transport.close()
        else:
            self._transport.write_eof()

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _later(self, action: "Callable[[End], None]") -> None:
        loop = asyncio.get_running_loop()
        left = max(loop.time(), self._due)
        self._due = left + TICK
        if self.other is not None:
            loop.call_at(left + self._trip, action, self.other)


async def listen(rtt_ms: float, target: tuple[str, int], at: tuple[str, int]) -> asyncio.Server:
    """A server at `at` that links each connection to `target`."""
    loop = asyncio.get_running_loop()
    trip = rtt_ms / 2000

    def accept() -> End:
        near, far = End(trip, leaves=loop.time() + 2 * trip), End(trip)
        near.other, far.other = far, near

        def opened(done: asyncio.Task[Any]) -> None:
            if done.exception():
                near.hang_up()

        loop.create_task(loop.create_connection(lambda: far, *target)).add_done_callback(opened)
        return near

    return await loop.create_server(accept, *at)


async def main(rtt_ms: str, host: str, port: str) -> None:
    # Looked up once: a look-up by each connection would add to the time.
    address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0][4]
    server = await listen(float(rtt_ms), (str(address[0]), int(address[1])), ("", int(port)))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
