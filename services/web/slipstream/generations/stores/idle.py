"""The connections of one process to one server, which its threads lend each other.

What is said over them is the stores' business.
"""

import os
import ssl
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakSet

__all__ = ["SOCKET_CLOSED", "Connections", "Pending"]

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

    def send(self, command: Callable[[C], Callable[[], T]]) -> "Pending[C, T]":
        """Have a command sent over a connection, which is lent until its answer is read or dropped.

        The command returns what reads the answer, and must do no harm when it is asked twice.
        """
        one = self._idle()
        if one is None:
            one = self._connect()
        try:
            read = command(one)
        except self._closed:
            self._close(one)
            return Pending(self, command)
        except BaseException:
            self._close(one)
            raise
        return Pending(self, command, one, read)

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


class Pending(Generic[C, T]):
    """A command that was sent, and the connection that its answer comes over.

    Without a connection it is still to be sent: an idle one was closed.
    """

    def __init__(
        self,
        connections: Connections[C],
        command: Callable[[C], Callable[[], T]],
        one: C | None = None,
        read: Callable[[], T] | None = None,
    ) -> None:
        self._connections = connections
        self._command = command
        self._one = one
        self._read = read

    def answer(self) -> T:
        """Read the answer; where the connection turns out to be closed, ask over another."""
        read = self._read
        if self._one is not None and read is not None:
            try:
                return self._connections._used(self._one, lambda _one: read())
            except self._connections._closed:
                self._connections.close()
        return self._connections.use(lambda one: self._command(one)())

    def drop(self) -> None:
        """Close the connection: nobody reads what comes over it."""
        if self._one is not None:
            self._connections._close(self._one)


_all: "WeakSet[Connections[Any]]" = WeakSet()


def _forget_connections() -> None:
    """Leave the parent's connections to the parent: two processes would mix up their answers."""
    for connections in _all:
        connections.close()


os.register_at_fork(after_in_child=_forget_connections)
