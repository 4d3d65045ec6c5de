"""memcached's text protocol, as far as a compare-and-swap and a read in one message need it.

pymemcache sends one kind of command at a time, and takes longer to read an answer than the server
takes to give it; how long a hit takes is mostly this.
"""

import socket
from collections.abc import Collection, Mapping
from typing import NoReturn

from pymemcache.exceptions import (
    MemcacheClientError,
    MemcacheError,
    MemcacheServerError,
    MemcacheUnexpectedCloseError,
    MemcacheUnknownError,
)

from slipstream.generations.stores import Change

__all__ = ["Answer", "change_command", "get_command"]

RECEIVED_BYTES = 1 << 16
LONGEST_KEY = 250
SHOWN_BYTES = 32
STORED = {b"STORED": True, b"NOT_STORED": False, b"EXISTS": False, b"NOT_FOUND": False}
ERRORS: Mapping[bytes, type[MemcacheError]] = {
    b"ERROR": MemcacheClientError,
    b"CLIENT_ERROR": MemcacheClientError,
    b"SERVER_ERROR": MemcacheServerError,
}


def get_command(name: bytes, keys: Collection[bytes]) -> bytes:
    """Return the command `get` or `gets` for these keys; nothing where there are none."""
    if not keys:
        return b""
    line = b" ".join([name, *keys])
    if len(line.split()) != len(keys) + 1 or max(map(len, keys)) > LONGEST_KEY:
        raise ValueError(f"not keys for memcached: {line[:SHOWN_BYTES]!r}")
    return line + b"\r\n"


def change_command(prefix: bytes, change: Change, noreply: bytes = b"") -> bytes:
    """Return the command for a change, with its value."""
    name, number = (
        (b"add", b"") if change.version is None else (b"cas", b" " + change.version.number)
    )
    line = b"%b %b%b 0 0 %d%b%b\r\n"
    size = len(change.value)
    return (
        line % (name, prefix, change.key.encode(), size, number, noreply) + change.value + b"\r\n"
    )


class Answer:
    """What the server answers to one message, read piece by piece and in order."""

    __slots__ = ("_at", "_connection", "_received")

    def __init__(self, connection: socket.socket, message: bytes) -> None:
        connection.sendall(message)
        self._connection = connection
        self._received = b""
        self._at = 0

    def stored(self) -> bool:
        """Read the answer to a change: whether it was made."""
        line = self._line()
        if line not in STORED:
            _fail(line)
        return STORED[line]

    def values(self) -> dict[bytes, tuple[bytes, ...]]:
        """Read the answer to `get` or `gets`: by key the value, and its number for `gets`."""
        found: dict[bytes, tuple[bytes, ...]] = {}
        while (line := self._line()) != b"END":
            word, *rest = line.split(b" ")
            if word != b"VALUE":
                _fail(line)
            key, _flags, size, *number = rest
            found[key] = (self._value(int(size)), *number)
        return found

    def end(self) -> None:
        """Raise where more was answered than was asked."""
        if self._at != len(self._received):
            raise MemcacheUnknownError(self._received[self._at : self._at + SHOWN_BYTES])

    def _line(self) -> bytes:
        while (end := self._received.find(b"\r\n", self._at)) < 0:
            self._receive()
        line = self._received[self._at : end]
        self._at = end + 2
        return line

    def _value(self, size: int) -> bytes:
        end = self._at + size
        while len(self._received) < end + 2:
            self._receive()
        value = self._received[self._at : end]
        self._at = end + 2
        return value

    def _receive(self) -> None:
        received = self._connection.recv(RECEIVED_BYTES)
        if not received:
            raise MemcacheUnexpectedCloseError
        self._received += received


def _fail(line: bytes) -> NoReturn:
    kind, _, reason = line.partition(b" ")
    raise ERRORS.get(kind, MemcacheUnknownError)(reason or line[:SHOWN_BYTES])
