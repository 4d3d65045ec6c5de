"""Redis's own protocol, in the version that every server speaks (RESP2)."""

from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, NoScriptError, RedisError, ResponseError

from slipstream.generations.stores.received import Received

__all__ = ["Replies", "request"]

NOT_NOW = (b"LOADING ", b"ERR max number of clients")
"""How the errors begin of a server that can't be asked now; of all others it says no, and means it."""


def request(*parts: bytes) -> bytes:
    """Return the message of one command."""
    told = [b"$%d\r\n%b\r\n" % (len(part), part) for part in parts]
    return b"*%d\r\n%b" % (len(parts), b"".join(told))


class Replies(Received):
    """What the server answers to the commands of one message, in order."""

    __slots__ = ()

    def read(self) -> Any:
        """Read one answer: text or value, whole number, list, None, or an error that isn't raised.

        So all answers to a message can be read, whatever they are.
        """
        line = self.line()
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            return None if rest == b"-1" else self.value(int(rest))
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        if kind == b":":
            return int(rest)
        if kind == b"+":
            return rest
        if kind == b"-":
            return _error(rest)
        raise InvalidResponse(f"not an answer of Redis: {line!r}")


def _error(rest: bytes) -> RedisError:
    text = rest.decode(errors="replace")
    if rest.startswith(NOT_NOW):
        return RedisConnectionError(text)
    return (NoScriptError if rest.startswith(b"NOSCRIPT ") else ResponseError)(text)
