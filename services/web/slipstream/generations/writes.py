"""What one connection has written since its transaction began, and what became of it.

The hooks (`hooks.py`) call it; the protocol is in `writing.py`.
"""

import logging
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError

from slipstream.errors import SlipstreamError
from slipstream.generations import tags
from slipstream.generations.database import Database, database_of
from slipstream.generations.session import Session
from slipstream.generations.sql import PURE_FUNCTIONS, Statement
from slipstream.generations.stores import StoreRefused, StoreUnavailable
from slipstream.generations.transactions import in_transaction

__all__ = ["Scope", "WriteRefused", "Written", "written_by"]

logger = logging.getLogger("slipstream.generations")


class WriteRefused(SlipstreamError, OperationalError):
    """CACHE_DOWN='refuse', and the cache could not be told of a write; it was rolled back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the ORM knows of a write that its text doesn't say: the rows, and the columns.

    rows: keys of the only rows of `table` that it can touch; () for any.
    """

    table: str
    rows: tuple[str, ...] = ()
    columns: frozenset[str] = frozenset()


class Written:
    """The tables and tags written in the transaction of one connection, and its session's state."""

    def __init__(self, connection: Any) -> None:
        # Not itself: the connection keeps this object, and a cycle would outlive both.
        self._reference = weakref.ref(connection)
        self._database: Database | None = None
        self._place = ""
        self.session = Session()
        self.scope: Scope | None = None
        self.tables: set[str] = set()
        self.tags: set[str] = set()
        self.began = False  # by a BEGIN sent as text, where the driver can't be asked
        self.isolated = False
        self.open_reads = 0  # on SQLite: iterators that hold a snapshot
        self.followed = False  # while a statement runs whose reads are recorded by who sent it

    @property
    def _connection(self) -> Any:
        return self._reference()

    @property
    def database(self) -> Database:
        """Return the database that the connection leads to."""
        if self._database is None or self._database.forgotten:
            self._database = database_of(self._connection)
        return self._database

    @property
    def place(self) -> str:
        """Return what tells this way to this database from all others."""
        if not self._place:
            given = self._connection.settings_dict
            way = (given["HOST"], given["PORT"], given["USER"], self._connection.timezone_name)
            self._place = repr((self.database.space, self._connection.alias, *way))
        return self._place

    @property
    def in_transaction(self) -> bool:
        """Say whether what is written now is committed later."""
        return self.began or in_transaction(self._connection)

    @property
    def commits_implicitly(self) -> bool:
        """Say whether a schema change commits what was written before it."""
        return bool(self._connection.vendor == "mysql")

    def used(self, name: str) -> None:
        """Note a USE: while it is of another database, what is known of this one doesn't hold."""
        self.session.strayed = name.strip("`") != str(self._connection.settings_dict["NAME"])

    def may_write(self, functions: frozenset[str]) -> bool:
        """Say whether one of the functions that a statement calls may write."""
        if functions <= PURE_FUNCTIONS:
            return False
        if self.session.strayed:
            return True
        try:
            catalog = self.database.catalog_for(self._connection)
        except (DatabaseError, InterfaceError):
            return True
        return not catalog.volatile.isdisjoint(functions)

    def hides(self, tables: Iterable[str]) -> bool:
        """Say whether this transaction wrote one of the tables: others must not see what it reads."""
        return tags.EVERYTHING in self.tags or not self.tables.isdisjoint(tables)

    @contextmanager
    def statement(self, statement: Statement) -> Iterator[None]:
        """Run a statement that writes: noted in a transaction, else held around it."""
        written = self._tables_of(statement)
        touched = self._tags_of(statement, written)
        for notice in self.database.on_write:
            notice(written or ())
        if self.in_transaction:
            self.note(written or (), touched)
            yield
        else:
            with self.held(touched):
                yield

    def note(self, tables: Iterable[str], touched: Iterable[str]) -> None:
        """Add to what the transaction wrote."""
        self.tables.update(tables)
        self.tags.update(touched)

    @contextmanager
    def committed(self) -> Iterator[None]:
        """Run a COMMIT: what was written is held around it."""
        if not self.tags:
            yield
        else:
            with self.held(frozenset(self.tags)):
                yield
        self.ended(committed=True)

    def begin(self, *, isolated: bool = False) -> None:
        """Note a transaction that a text began."""
        self.began, self.isolated = True, isolated

    def perhaps_committed(self) -> None:
        """Note a statement that mostly commits, on MySQL.

        What follows is taken for a write of its own, and what was written is dropped once more by
        the next COMMIT: right in either case.
        """
        self.began = False

    def ended(self, *, committed: bool) -> None:
        """Forget: the transaction is over."""
        self.tables.clear()
        self.tags.clear()
        self.began = self.isolated = False
        self.session.ended(committed=committed)

    def disconnected(self) -> None:
        """Forget the session, too: the next connection begins a new one."""
        self.ended(committed=False)
        self.session.reset()
        self._database, self._place = None, ""

    @contextmanager
    def held(self, touched: Iterable[str]) -> Iterator[None]:
        """Hold tags while a write becomes visible.

        Where nobody knows how it ended, the holds stay, and readers lift them.
        Raises WriteRefused.
        """
        database, wanted = self.database, frozenset(touched)
        try:
            database.owed.settle()
            mark = database.writer.mark(wanted)
        except StoreRefused as error:
            with self._dropped(wanted, error):
                yield
            return
        except StoreUnavailable as error:
            with self._untold(wanted, error):
                yield
            return
        try:
            yield
        except (OperationalError, InterfaceError):
            raise
        except BaseException as error:
            if isinstance(error, DatabaseError):
                self._release(mark)
            raise
        self._release(mark)

    def _release(self, mark: Any) -> None:
        try:
            self.database.writer.unmark(mark)
        except StoreUnavailable as error:
            logger.warning("a write's marks stay until readers lift them: %s", error)

    @contextmanager
    def _dropped(self, wanted: frozenset[str], error: StoreRefused) -> Iterator[None]:
        """Delete what a full cache won't let us mark: whoever finds it missing quarantines it."""
        try:
            self.database.items.drop(wanted)
        except StoreUnavailable:
            with self._untold(wanted, error):
                yield
            return
        yield

    @contextmanager
    def _untold(self, wanted: frozenset[str], error: StoreUnavailable) -> Iterator[None]:
        if self.database.settings.CACHE_DOWN == "refuse":
            raise WriteRefused(
                f"the cache can't be told of a write ({error}) and CACHE_DOWN is 'refuse': "
                "nothing was written; try again when the cache answers"
            ) from error
        try:
            yield
        finally:
            self.database.owed.add(wanted)

    def _tables_of(self, statement: Statement) -> frozenset[str] | None:
        """Return the tables that a statement writes, by whatever way; None for everything."""
        if not statement.writes or self.session.strayed:
            return None
        try:
            catalog = self.database.catalog_for(self._connection)
        except (DatabaseError, InterfaceError):
            return None
        written = catalog.written(statement.writes, removes=statement.removes)
        # A table that is newer than this process's catalog is written all the same.
        return None if written is None else written | statement.writes

    def _tags_of(self, statement: Statement, written: frozenset[str] | None) -> set[str]:
        scope = self.scope
        if written is None:
            return {tags.EVERYTHING}
        touched = _whole(written - statement.writes, rows=True)
        # A row that is inserted was nobody's entry: looking for it in vain depends on the table.
        spread = self._spread(statement.writes)
        if scope is None or statement.writes != {scope.table}:
            return touched | _whole(statement.writes, rows=statement.removes or spread)
        touched |= {tags.row(scope.table, key) for key in scope.rows}
        if spread or (statement.removes and not scope.rows):
            touched.add(tags.all_rows(scope.table))
        if spread or not self._quiet(scope):
            touched.add(tags.table(scope.table))
        return touched

    def _spread(self, tables: frozenset[str]) -> bool:
        """Say whether others of a table's rows may be written beside those that were named."""
        catalog = self.database.catalog
        return catalog is None or not catalog.spreading.isdisjoint(tables)

    def _quiet(self, scope: Scope) -> bool:
        quiet = self.database.quiet.get(scope.table)
        return bool(quiet and scope.rows and scope.columns and scope.columns <= quiet)


def _whole(tables: Iterable[str], *, rows: bool) -> set[str]:
    touched = {tags.table(name) for name in tables}
    return touched | {tags.all_rows(name) for name in tables} if rows else touched


def written_by(connection: Any) -> Written:
    """Return the one object of a connection of Django's."""
    found: Written | None = getattr(connection, "_slipstream_written", None)
    if found is None:
        found = connection._slipstream_written = Written(connection)
    return found
