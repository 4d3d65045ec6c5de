"""The connections of one process to one server, which its threads lend each other.

What is said over them is the stores' business.
"""

import os
import ssl
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakSet

__all__ = ["SOCKET_CLOSED", "Connections"]

SOCKET_CLOSED = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""What a socket raises that was closed while nobody used it: by a restart, or an idle time-out."""

C = TypeVar("C")
T = TypeVar("T")


class Connections(Generic[C]):
    """As many as the process has had threads asking at once.

    The last one used is the next one taken: the clients' own pools take them in turn, so that a
    lull leaves all of them open to idle time-outs, and can't drop the idle ones alone.

    closed: what a connection raises that was closed while nobody used it.
    """

    def __init__(
        self,
        connect: Callable[[], C],
        close: Callable[[C], None],
        closed: tuple[type[Exception], ...],
    ) -> None:
        self._connect = connect
        self._close = close
        self._closed = closed
        self._free: list[C] = []  # `append` and `pop` need no lock
        _all.add(self)

    def use(self, command: Callable[[C], T]) -> T:
        """Return what a command makes of a connection; a new one, where an idle one was closed.

        The command must do no harm when it is asked twice.
        """
        one = self._idle()
        if one is None:
            return self._used(self._connect(), command)
        try:
            return self._used(one, command)
        except self._closed:
            self.close()  # the others have idled at least as long
            return self._used(self._connect(), command)

    def close(self) -> None:
        """Close the connections that are not in use."""
        while (one := self._idle()) is not None:
            self._close(one)

    def _idle(self) -> C | None:
        try:
            return self._free.pop()
        except IndexError:
            return None

    def _used(self, one: C, command: Callable[[C], T]) -> T:
        try:
            result = command(one)
        except BaseException:  # whatever it is: an answer may be under way that nobody waits for
            self._close(one)
            raise
        self._free.append(one)
        return result


_all: "WeakSet[Connections[Any]]" = WeakSet()


def _forget_connections() -> None:
    """Leave the parent's connections to the parent: two processes would mix up their answers."""
    for connections in _all:
        connections.close()


os.register_at_fork(after_in_child=_forget_connections)
