"""memcached's text protocol, as far as a compare-and-swap and a read in one message need it.

pymemcache sends one kind of command at a time, and takes longer to read an answer than the server
takes to give it; how long a hit takes is mostly this.
"""

from collections.abc import Collection, Mapping
from typing import NoReturn

from pymemcache.exceptions import (
    MemcacheClientError,
    MemcacheError,
    MemcacheServerError,
    MemcacheUnknownError,
)

from slipstream.generations.stores import Change
from slipstream.generations.stores.received import SHOWN_BYTES, Received

__all__ = ["Answer", "change_command", "get_command"]

LONGEST_KEY = 250
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


class Answer(Received):
    """What the server answers to one message, read piece by piece and in order."""

    __slots__ = ()

    def stored(self) -> bool:
        """Read the answer to a change: whether it was made."""
        line = self.line()
        if line not in STORED:
            _fail(line)
        return STORED[line]

    def values(self) -> dict[bytes, tuple[bytes, ...]]:
        """Read the answer to `get` or `gets`: by key the value, and its number for `gets`."""
        found: dict[bytes, tuple[bytes, ...]] = {}
        while (line := self.line()) != b"END":
            if not line.startswith(b"VALUE "):
                _fail(line)
            _value, key, _flags, size, *number = line.split(b" ")
            found[key] = (self.value(int(size)), *number)
        return found

    def end(self) -> None:
        """Raise where more was answered than was asked."""
        if self.rest:
            raise MemcacheUnknownError(self.rest)


def _fail(line: bytes) -> NoReturn:
    kind, _, reason = line.partition(b" ")
    raise ERRORS.get(kind, MemcacheUnknownError)(reason or line[:SHOWN_BYTES])
