"""The hooks: every statement and every end of a transaction passes here, once they are installed.

They sit on the connection and its cursors, below whatever a site wraps around them. What a write
means is in `writes.py`. A write on the driver's own connection isn't seen.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from django.db import NotSupportedError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from slipstream.generations import tags
from slipstream.generations.recording import CURRENT, SWITCH
from slipstream.generations.scopes import SCOPES
from slipstream.generations.sql import Kind, Statement, analyse
from slipstream.generations.writes import Written, written_by
from slipstream.patches import Patches

__all__ = ["install", "statement_of", "uninstall"]

Function = Callable[..., Any]
ISOLATION, CHAIN = "isolation", "AND CHAIN"
OF_NO_ROWS = frozenset(
    {
        Kind.BEGIN,
        Kind.COMMIT,
        Kind.ROLLBACK,
        Kind.ROLLBACK_TO,
        Kind.SAVEPOINT,
        Kind.HARMLESS,
        Kind.SESSION,
    }
)
SETTERS = frozenset({"set", "use"})


def statement_of(connection: Any, sql: Any) -> Statement:
    """Classify a statement as a cursor got it: text, bytes, or psycopg's composed SQL."""
    if isinstance(sql, bytes):
        sql = sql.decode()
    elif not isinstance(sql, str):
        sql = sql.as_string(connection.connection)
    return analyse(sql, connection.vendor)


def _execute(original: Function) -> Function:
    @functools.wraps(original)
    def execute(self: Any, sql: Any, params: Any, *context: Any) -> Any:
        with _around(self.db, sql, params):
            return original(self, sql, params, *context)

    return execute


def _callproc(original: Function) -> Function:
    @functools.wraps(original)
    def callproc(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _everything(written_by(self.db)):
            return original(self, *args, **kwargs)

    return callproc


def _getattr(original: Function) -> Function:
    @functools.wraps(original)
    def getattr_(self: Any, name: str) -> Any:
        found = original(self, name)
        return _copy(self.db, found) if name == "copy" else found

    return getattr_


def _copy(connection: Any, original: Function) -> Function:
    """Hold the tables of a COPY until it is over, which is when psycopg's context ends."""

    @contextmanager
    def copy(sql: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        with _around(connection, sql, None), original(sql, *args, **kwargs) as copied:
            yield copied

    return copy


def _around(connection: Any, sql: Any, params: Any) -> AbstractContextManager[None]:
    statement = statement_of(connection, sql)
    if SWITCH.on:
        _lose(connection, statement)
    if statement.kind is Kind.READ and not statement.functions:
        return nullcontext()
    written = written_by(connection)
    return ACTIONS.get(statement.kind, _not_understood)(written, statement, params)


def _lose(connection: Any, statement: Statement) -> None:
    """Tell what records of a statement that nobody follows."""
    recording = CURRENT.get()
    if recording is None or statement.kind in OF_NO_ROWS or written_by(connection).followed:
        return
    what = "SQL of a cursor, or iterator()" if statement.kind is Kind.READ else "a write"
    recording.lose(what, frozenset(statement.identifiers) or None, always=True)


def _read(written: Written, statement: Statement, _params: Any) -> AbstractContextManager[None]:
    if "set_config" in statement.functions:
        written.session.forget_all_we_know()
    if written.may_write(statement.functions):
        return _everything(written)
    return nullcontext()


def _write(written: Written, statement: Statement, _params: Any) -> AbstractContextManager[None]:
    if written.may_write(statement.functions):
        return _everything(written)
    return written.statement(statement)


@contextmanager
def _schema(written: Written, statement: Statement, _params: Any) -> Iterator[None]:
    with _everything(written):
        yield
    if written.commits_implicitly:
        written.perhaps_committed()
        if "temporary" in statement.identifiers:
            written.session.forget_all_we_know("a temporary table")


def _everything(written: Written) -> AbstractContextManager[None]:
    """Run what may write anything. On MySQL it may commit, too, or may not: both are provided for."""
    if written.in_transaction:
        written.note((), {tags.EVERYTHING})
        if not written.commits_implicitly:
            return nullcontext()
    return written.held({tags.EVERYTHING, *written.tags})


@contextmanager
def _session(written: Written, statement: Statement, params: Any) -> Iterator[None]:
    yield
    if statement.impure == ISOLATION:
        written.isolated = True
        if not statement.local:
            written.session.forget_all_we_know("isolation above READ COMMITTED")
    elif statement.variable == "use":
        written.used(statement.value)
    else:
        undone = written.in_transaction and not written.commits_implicitly
        written.session.set(statement, params, in_transaction=undone)


@contextmanager
def _begin(written: Written, statement: Statement, _params: Any) -> Iterator[None]:
    told = written.isolated and written.commits_implicitly  # by a SET TRANSACTION before it
    with written.committed() if written.commits_implicitly else nullcontext():
        yield
    written.begin(isolated=told or statement.impure == ISOLATION)


@contextmanager
def _commit(written: Written, statement: Statement, _params: Any) -> Iterator[None]:
    with written.committed():
        yield
    if statement.impure == CHAIN:
        written.begin()


@contextmanager
def _rollback(written: Written, statement: Statement, _params: Any) -> Iterator[None]:
    yield
    written.ended(committed=False)
    if statement.impure == CHAIN:
        written.begin()


@contextmanager
def _rollback_to(written: Written, _statement: Statement, _params: Any) -> Iterator[None]:
    yield
    written.session.rolled_back_to_savepoint()


def _nothing(*_: Any) -> AbstractContextManager[None]:
    return nullcontext()


def _prepare(*_: Any) -> AbstractContextManager[None]:
    raise NotSupportedError(
        "PREPARE TRANSACTION can't be followed: another connection may commit it at any time, "
        "and cached reads would be stale; commit it here, or leave slipstream.generations out"
    )


@contextmanager
def _not_understood(written: Written, statement: Statement, _params: Any) -> Iterator[None]:
    with _everything(written):
        yield
    if written.commits_implicitly:
        written.perhaps_committed()
        if not SETTERS.isdisjoint(statement.identifiers):
            written.session.forget_all_we_know()


Action = Callable[[Written, Statement, Any], AbstractContextManager[None]]

ACTIONS: dict[Kind, Action] = {
    Kind.READ: _read,
    Kind.WRITE: _write,
    Kind.SCHEMA: _schema,
    Kind.SESSION: _session,
    Kind.BEGIN: _begin,
    Kind.COMMIT: _commit,
    Kind.ROLLBACK: _rollback,
    Kind.SAVEPOINT: _nothing,
    Kind.ROLLBACK_TO: _rollback_to,
    Kind.HARMLESS: _nothing,
    Kind.PREPARE: _prepare,
}


def _connection_commit(original: Function) -> Function:
    @functools.wraps(original)
    def commit(self: Any) -> Any:
        with written_by(self).committed():
            return original(self)

    return commit


def _connection_rollback(original: Function) -> Function:
    @functools.wraps(original)
    def rollback(self: Any) -> Any:
        result = original(self)
        written_by(self).ended(committed=False)
        return result

    return rollback


def _connection_set_autocommit(original: Function) -> Function:
    @functools.wraps(original)
    def set_autocommit(self: Any, autocommit: bool, *args: Any, **kwargs: Any) -> Any:
        if autocommit and written_by(self).tags:  # MySQL commits what is open then
            with written_by(self).committed():
                return original(self, autocommit, *args, **kwargs)
        return original(self, autocommit, *args, **kwargs)

    return set_autocommit


def _connection_gone(original: Function) -> Function:
    """What was written is lost when a connection closes, and a new one begins without any."""

    @functools.wraps(original)
    def gone(self: Any) -> Any:
        try:
            return original(self)
        finally:
            if self.connection is None or self.closed_in_transaction:
                written_by(self).disconnected()

    return gone


def _connection_made(original: Function) -> Function:
    @functools.wraps(original)
    def connect(self: Any) -> Any:
        written_by(self).disconnected()
        return original(self)

    return connect


PATCHES = Patches(
    (
        (CursorWrapper, "_execute", _execute),
        (CursorWrapper, "_executemany", _execute),
        (CursorWrapper, "callproc", _callproc),
        (CursorWrapper, "__getattr__", _getattr),
        (BaseDatabaseWrapper, "_commit", _connection_commit),
        (BaseDatabaseWrapper, "_rollback", _connection_rollback),
        (BaseDatabaseWrapper, "set_autocommit", _connection_set_autocommit),
        (BaseDatabaseWrapper, "close", _connection_gone),
        (BaseDatabaseWrapper, "connect", _connection_made),
        *SCOPES,
    )
)


def install() -> None:
    """Put the hooks in, once per process; a second call does nothing."""
    PATCHES.install()


def uninstall() -> None:
    """Take them out again: for tests."""
    PATCHES.uninstall()
