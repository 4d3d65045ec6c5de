"""The hook on the ORM's compiler: answers a SELECT from the cache where nothing can have changed.

Where something records what is read (`generations.recording`), each read is noted with its generations.

What may be cached is `plans.py`'s answer, what an entry is made of `values.py`'s, and whether it
is still true `slipstream.generations.reading`'s.
"""

import functools
from collections.abc import Callable, Sequence
from types import GeneratorType
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DatabaseError, InterfaceError
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.constants import GET_ITERATOR_CHUNK_SIZE, MULTI, SINGLE
from django.utils.asyncio import async_unsafe

from slipstream.generations import tags
from slipstream.generations.reading import Beginning
from slipstream.generations.recording import CURRENT, SWITCH, Recording
from slipstream.generations.sql import names_a_moment
from slipstream.generations.stores import StoreUnavailable
from slipstream.generations.transactions import reads_a_snapshot
from slipstream.generations.writes import Written, written_by
from slipstream.patches import Patches
from slipstream.querycache import values, verify
from slipstream.querycache.cache import Cache, cache_of
from slipstream.querycache.keys import UnknownParameter, entry_key
from slipstream.querycache.needs import Need, needs_of
from slipstream.querycache.plans import Plan

__all__ = ["install", "uninstall"]

Run = Callable[[], Any]

BUSY = "written more than read"
FLUX = "a write under way, a quarantine, or no cache"

LONGEST_MOMENT = 64
"""Characters; PostgreSQL takes a text such as 'now' for the present time where it casts it."""


Item = TypeVar("Item")


class NotCached(Exception):
    """Why a read goes to the database by itself; `plan` is its plan where there is one."""

    def __init__(self, reason: str, plan: Plan | None = None) -> None:
        super().__init__(reason)
        self.plan = plan


class Read:
    """One SELECT of the ORM on its way: what it needs from the cache, and how to run it.

    plan: what is known of a query that wasn't compiled, so that none can be made of it.
    """

    def __init__(  # noqa: PLR0913 - all by name
        self,
        compiler: Any,
        *,
        written: Written,
        cache: Cache,
        sql: str,
        params: Sequence[Any],
        plan: Plan | None,
        shape: str,
        run: Run,
        recording: Recording | None = None,
    ) -> None:
        self.compiler = compiler
        self.connection = compiler.connection
        self.written = written
        self.cache = cache
        self.sql = sql
        self.params = params
        self.known = plan
        self.shape = shape
        self.run = run
        self.recording = recording
        if recording is not None:
            self.run = self._followed_run(run)

    def _followed_run(self, run: Run) -> Run:
        """Tell the hooks below that a statement isn't lost to what records."""

        def followed() -> Any:
            before, self.written.followed = self.written.followed, True
            try:
                return run()
            finally:
                self.written.followed = before

        return followed

    @async_unsafe  # as the cursor is, which a hit does without
    def answer(self) -> Any:
        """Return the result, from the cache or from the database."""
        written, cache = self.written, self.cache
        try:
            plan = self._plan(written, cache)
            key = self._key(written, plan)
        except NotCached as why:
            return self._bypass(cache, why.plan, str(why))
        return self._cached(cache, plan, key)

    def observe(self) -> Any:
        """Run the query, for a recording that needs its generations; nothing is cached here."""
        try:
            plan = self._plan(self.written, self.cache)
        except NotCached as why:
            return self._observed(self.cache, why.plan, str(why))
        return self._observed(self.cache, plan)

    def _plan(self, written: Written, cache: Cache) -> Plan:
        """Return the plan of a query that may be cached now. Raises NotCached."""
        try:
            reason = why_not(self.connection, written, cache)
            if reason:
                raise NotCached(reason)
            known = self.known or cache.plans.known(self.sql, cache.database.catalog)
            plan = known or self._new_plan(cache)
        except StoreUnavailable as error:
            raise NotCached("the cache is down") from error
        except (DatabaseError, InterfaceError) as error:
            raise NotCached("no catalog") from error
        reason = plan.reason or self._hidden(written, cache, plan)
        if reason:
            raise NotCached(reason, plan)
        return plan

    def _new_plan(self, cache: Cache) -> Plan:
        """Make a plan under the catalog of the present generation of everything."""
        needed = [tags.EVERYTHING]
        _, found = cache.reader.read(needed)
        usable = cache.reader.usable(needed, found)
        if usable is None:
            # The items of its tables wait at the same time, not after.
            joined = self.compiler.query.alias_map.values()
            tables = sorted({tags.table(tags.bare(table.table_name)) for table in joined})
            cache.reader.usable(tables, cache.reader.read(tables)[1])
            raise NotCached("a schema change, or a cache that came back empty")
        catalog = cache.database.catalog_for(self.connection, usable[0])
        return cache.plans.make(self.compiler, self.sql, catalog)

    @staticmethod
    def _hidden(written: Written, cache: Cache, plan: Plan) -> str:
        if written.hides(plan.tables):
            return "written in this transaction"
        for table in plan.counts:
            table.read()
        if cache.settings.AUTO_BYPASS and any(table.busy for table in plan.counts):
            return BUSY
        return ""

    def _key(self, written: Written, plan: Plan) -> str:
        if self.connection.vendor == "postgresql" and any(map(_is_a_moment, self.params)):
            raise NotCached("a parameter that names a moment, as 'now' does", plan)
        parts = (written.place, written.session.key, self.shape, self.sql)
        try:
            return entry_key(parts, self.params)
        except UnknownParameter as unknown:
            raise NotCached(f"a parameter of type {unknown}", plan) from unknown

    def _cached(self, cache: Cache, plan: Plan, key: str) -> Any:
        hint = cache.hints.get(key) if plan.lookup is not None else None
        need = needs_of(self.compiler.query, plan, hint)
        try:
            if cache.database.owed:
                cache.database.owed.settle()
            entry, found = cache.reader.read(need.tags, key)
        except StoreUnavailable:
            return self._bypass(cache, plan, "the cache is down")
        database = cache.database
        valid = found[0] == database.catalog_of and plan.catalog is database.catalog
        if valid and entry is not None:
            rows = values.opened(cache.signer, key, entry, need.vectors(found))
            if rows is not values.MISS:
                if self.recording is not None:
                    self._note(need, found, of_row=need.is_of_its_row(rows))
                return cache.hit(self, plan, need, found, rows)
        return self._missed(cache, plan, need, found, key)

    def _missed(
        self, cache: Cache, plan: Plan, need: Need, found: list[bytes | None], key: str
    ) -> Any:
        usable = self._usable(cache, plan, need, found)
        if usable is None:
            cache.in_flux(plan, self.sql)
            self._lose(FLUX, plan)
            return self.run()
        lease = cache.lease(key, need, usable)
        if lease.found is not values.MISS:
            cache.shared(plan, self.sql)
            self._lose("computed by somebody else", plan)
            return lease.found
        cache.missed(plan, self.sql)
        beginning = cache.begin(need, usable)
        rows = self._selected(beginning)
        if need.lookup is not None:
            cache.hints.note(key, need.lookup.key_in(rows))
        depends = cache.store(key, plan, need, usable, rows, beginning)
        lease.end()
        if self.recording is not None:
            self._note_miss(plan, need, depends, rows)
        return rows

    def _observed(self, cache: Cache, plan: Plan | None, reason: str = "") -> Any:
        """Run it past the cache, and note what it depends on where that is known."""
        try:
            if self.recording is None or plan is None or reason not in ("", BUSY):
                raise NotCached(reason, plan)
            key = self._key(self.written, plan)
            hint = cache.hints.get(key) if plan.lookup is not None else None
            need = needs_of(self.compiler.query, plan, hint)
            usable = self._usable_now(cache, plan, need)
            if usable is None:
                raise NotCached(FLUX, plan)
        except NotCached as why:
            self._lose(str(why), why.plan)
            return self.run()
        beginning = cache.begin(need, usable)
        rows = self._selected(beginning)
        if need.lookup is not None:
            cache.hints.note(key, need.lookup.key_in(rows))
        self._note_miss(plan, need, cache.begun(usable, beginning), rows)
        return rows

    def _usable_now(self, cache: Cache, plan: Plan, need: Need) -> list[bytes | None] | None:
        try:
            if cache.database.owed:
                cache.database.owed.settle()
            _, found = cache.reader.read(need.tags)
        except StoreUnavailable:
            return None
        return self._usable(cache, plan, need, found)

    def _note_miss(
        self, plan: Plan, need: Need, depends: Sequence[bytes | None], rows: Any
    ) -> None:
        of_row = need.is_of_its_row(rows)
        if of_row and None in depends[: need.pinned]:
            self._lose(FLUX, plan)
        elif need.says_too_little(rows) and not of_row:
            self._lose("columns whose writes leave lists alone", plan)
        else:
            self._note(need, depends, of_row=of_row)

    def _note(self, need: Need, found: Sequence[bytes | None], *, of_row: bool) -> None:
        if self.recording is None:
            return
        if of_row and None not in found[: need.pinned]:
            tagged, found = need.tags[: need.pinned], found[: need.pinned]
        else:
            tagged, found = need.tags_of_tables(), need.of_tables(found)
        self.recording.read(self.connection.alias, need.tables, tagged, found)

    def _lose(self, reason: str, plan: Plan | None) -> None:
        if self.recording is not None:
            self.recording.lose(reason, plan.tables if plan is not None and plan.tables else None)

    def _selected(self, beginning: Beginning | None) -> Any:
        """Return what the database says, while the store begins rows."""
        try:
            return self.run()
        except BaseException:
            if beginning is not None:
                beginning.drop()
            raise

    def _usable(
        self, cache: Cache, plan: Plan, need: Need, found: list[bytes | None]
    ) -> list[bytes | None] | None:
        try:
            usable = cache.reader.usable(need.tags, found)
            if usable is not None and usable[0] != cache.database.catalog_of:
                cache.database.catalog_for(self.connection, usable[0])
            if plan.catalog is not cache.database.catalog:
                return None
        except (StoreUnavailable, DatabaseError, InterfaceError):
            return None
        return usable

    def _bypass(self, cache: Cache, plan: Plan | None, reason: str) -> Any:
        cache.bypassed(plan, reason, self.sql)
        return self.run() if self.recording is None else self._observed(cache, plan, reason)


def _is_a_moment(param: Any) -> bool:
    return isinstance(param, str) and len(param) < LONGEST_MOMENT and names_a_moment(param)


def why_not(connection: Any, written: Written, cache: Cache) -> str:
    """Return why nothing is cached for this connection now; empty where it is."""
    if not cache.settings.READS:
        return "READS is off"
    if connection.needs_rollback:  # Django refuses the query, and so must we
        return "a transaction that must be rolled back"
    if written.isolated:
        return "isolation above READ COMMITTED"
    if written.open_reads:
        return "an open iterator() on SQLite"
    return written.session.reason or reads_a_snapshot(connection) or cache.excuse(connection)


def _execute_sql(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def execute_sql(
        self: Any,
        result_type: str = MULTI,
        chunked_fetch: bool = False,
        chunk_size: int = GET_ITERATOR_CHUNK_SIZE,
    ) -> Any:
        if chunked_fetch or result_type not in (MULTI, SINGLE) or self.query.explain_info:
            return _followed(self, original(self, result_type, chunked_fetch, chunk_size))
        recording = CURRENT.get() if SWITCH.on else None
        if recording is None and not MODE.entries:
            return original(self, result_type, chunked_fetch, chunk_size)
        written = written_by(self.connection)
        cache = cache_of(written.database)
        try:
            sql, params, plan = _compiled(self, cache)
        except EmptyResultSet:
            sql = ""
        if not sql:
            return original(self, result_type, chunked_fetch, chunk_size)

        def run() -> Any:
            self.as_sql = lambda *_args, **_kwargs: (sql, params)
            try:
                return original(self, result_type, chunked_fetch, chunk_size)
            finally:
                del self.as_sql

        shape = f"{result_type} {chunk_size} {_columns(self)}"
        read = Read(
            self,
            written=written,
            cache=cache,
            sql=sql,
            params=params,
            plan=plan,
            shape=shape,
            run=run,
            recording=recording,
        )
        return read.answer() if MODE.entries else read.observe()

    return execute_sql


def _compiled(compiler: Any, cache: Cache) -> tuple[str, Sequence[Any], Plan | None]:
    """Return a query's SQL and values, and its plan where it wasn't compiled. Raises EmptyResultSet.

    Without a plan it is compiled in whole, since a plan is made of the query's joins as well.
    """
    sql, params, reused = cache.statements.compiled(compiler)
    if not reused:
        return sql, params, None
    plan = cache.plans.known(sql, cache.database.catalog)
    if plan is None:
        return *compiler.as_sql(), None
    if cache.settings.VERIFY:
        return *verify.compiled(cache, compiler, sql, params), None
    return sql, params, plan


def _columns(compiler: Any) -> str:
    """Return how a compiler cuts rows; the one for aggregates doesn't."""
    extra = getattr(compiler, "has_extra_select", None)
    return f"{getattr(compiler, 'col_count', None)} {bool(extra)}"


def _followed(compiler: Any, result: Any) -> Any:
    """Watch an open iterator on SQLite: until it ends, its connection sees an old snapshot."""
    if compiler.connection.vendor != "sqlite" or not isinstance(result, GeneratorType):
        return result
    return OpenRead(written_by(compiler.connection), result)


class OpenRead:
    """An iterator that tells its connection when it is through."""

    def __init__(self, written: Written, rows: Any) -> None:
        self._written: Written | None = written
        self._rows = rows
        written.open_reads += 1

    def __iter__(self) -> "OpenRead":
        return self

    def __next__(self) -> Any:
        try:
            return next(self._rows)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let the connection cache again."""
        if self._written is not None:
            self._written.open_reads -= 1
            self._written = None
            self._rows.close()

    __del__ = close


# The writing compilers have methods of their own by now: `generations.scopes` gave them some.
PATCHES = Patches(((SQLCompiler, "execute_sql", _execute_sql),))


class Mode:
    """entries: reads are answered from the cache; else they are followed for recordings alone."""

    entries = False


MODE = Mode()


def install(*, entries: bool = True) -> None:
    """Wrap the compiler's `execute_sql`, once per process; who wants entries decides for all."""
    MODE.entries = MODE.entries or entries
    PATCHES.install()


def uninstall() -> None:
    """Take it out again: for tests."""
    PATCHES.uninstall()
    MODE.entries = False
