"""Ends this very process, as `kill -9` does, at the n-th step of one write.

A step is a point on the wire: before a message to the cache server or the database goes out, after
half of it, after all of it but before the answer, and at last before the write is acknowledged.
Nothing of a library is known here, so that no step of its protocol can be left out.
"""

import os
import signal
import socket
from collections.abc import Callable
from typing import Any, NoReturn

import psycopg
from psycopg.pq import TransactionStatus

__all__ = ["Steps"]


class Steps:
    """Counts the steps of the write that it is armed for."""

    def __init__(self) -> None:
        self.armed_for: int | None = None
        self.passed = 0
        self._installed = False

    def arm(self, step: int) -> None:
        """Die at this step from now on; the first is 0."""
        if not self._installed:
            self._install()
        self.armed_for, self.passed = step, 0

    def disarm(self) -> None:
        """Count no more; `passed` stays."""
        self.armed_for = None

    def point(self, last_words: Callable[[], object] | None = None) -> None:
        """Pass a step, or die there, after `last_words`."""
        if self.armed_for is None:
            return
        if self.passed == self.armed_for:
            if last_words:
                last_words()
            _die()
        self.passed += 1

    def _install(self) -> None:
        self._installed = True
        self._patch_sockets()
        self._patch_database()

    def _patch_sockets(self) -> None:
        send = socket.socket.sendall

        def sendall(connection: socket.socket, data: Any, *arguments: Any) -> None:
            self.point()
            self.point(lambda: send(connection, memoryview(data)[: len(data) // 2]))
            self.point(lambda: send(connection, data))
            send(connection, data, *arguments)

        socket.socket.sendall = sendall  # type: ignore[assignment,method-assign]

    def _patch_database(self) -> None:
        execute = psycopg.Cursor.execute

        def executed(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
            self.point()
            self.point(lambda: _send(cursor.connection, cursor.mogrify(query, params)))
            return execute(cursor, query, params, **options)

        psycopg.Cursor.execute = executed  # type: ignore[assignment,method-assign]
        for name in ("commit", "rollback"):
            self._patch_end(name)

    def _patch_end(self, name: str) -> None:
        end = getattr(psycopg.Connection, name)

        def ended(connection: Any) -> None:
            self.point()
            self.point(lambda: _send(connection, name.upper()))
            end(connection)

        setattr(psycopg.Connection, name, ended)


def _send(connection: Any, sql: str) -> None:
    """Send a statement whose answer nobody will read, in a transaction where psycopg began one."""
    pgconn = connection.pgconn
    begins = not connection.autocommit and pgconn.transaction_status == TransactionStatus.IDLE
    pgconn.send_query(f"{'BEGIN; ' if begins else ''}{sql}".encode())
    while pgconn.flush():
        pass


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()
    raise AssertionError("SIGKILL was survived")
