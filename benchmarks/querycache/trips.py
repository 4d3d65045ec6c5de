"""Counts round trips to cache servers in this process: something is sent, then an answer is awaited.

By wrapping the methods of Python's sockets, which both clients use; the database's driver, which is
C, doesn't. What is sent without waiting for an answer is none.
"""

import socket
from collections.abc import Callable
from typing import Any

__all__ = ["RoundTrips"]

SENDS = ("send", "sendall", "sendmsg")
RECEIVES = ("recv", "recv_into")


class RoundTrips:
    """`count` goes up by one whenever a socket that has sent something waits for an answer."""

    def __init__(self) -> None:
        self.count = 0
        self._sent: set[int] = set()
        for name in SENDS:
            self._wrap(name, self._sending)
        for name in RECEIVES:
            self._wrap(name, self._receiving)

    def _wrap(self, name: str, note: Callable[[int], None]) -> None:
        original = getattr(socket.socket, name)

        def noted(connection: socket.socket, *arguments: Any, **options: Any) -> Any:
            note(connection.fileno())
            return original(connection, *arguments, **options)

        setattr(socket.socket, name, noted)

    def _sending(self, number: int) -> None:
        self._sent.add(number)

    def _receiving(self, number: int) -> None:
        if number in self._sent:
            self._sent.discard(number)
            self.count += 1
