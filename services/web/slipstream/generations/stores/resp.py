"""Redis's own protocol, in the version that every server speaks (RESP2)."""

from typing import Any

from redis.exceptions import BusyLoadingError, InvalidResponse, NoScriptError, ResponseError

from slipstream.generations.stores.received import Received

__all__ = ["Replies", "request"]

ERRORS: dict[bytes, type[Exception]] = {b"LOADING": BusyLoadingError, b"NOSCRIPT": NoScriptError}
"""By the first word of an error; the others say no, and mean it."""


def request(*parts: bytes) -> bytes:
    """Return the message of one command."""
    told = [b"$%d\r\n%b\r\n" % (len(part), part) for part in parts]
    return b"*%d\r\n%b" % (len(parts), b"".join(told))


class Replies(Received):
    """What the server answers to the commands of one message, in order."""

    __slots__ = ()

    def read(self) -> Any:
        """Read one answer: text or value, whole number, list, or None. Raises what is an error."""
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
            text = rest.decode(errors="replace")
            raise ERRORS.get(rest.partition(b" ")[0], ResponseError)(text)
        raise InvalidResponse(f"not an answer of Redis: {line!r}")
