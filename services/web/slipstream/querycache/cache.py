"""The query cache of one database in this process: its plans, its counters, and its entries.

How a read goes through it is `reads.py`.
"""

import logging
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from slipstream.generations.database import Database
from slipstream.generations.lease import NONE, Lease, Wanted
from slipstream.generations.reading import Beginning, Begun
from slipstream.generations.stores import StoreUnavailable
from slipstream.querycache import signals, verify
from slipstream.querycache.hints import Hints
from slipstream.querycache.plans import Plan, Plans
from slipstream.querycache.settings import QueryCacheSettings, current
from slipstream.querycache.sharing import Publisher
from slipstream.querycache.statements import Statements
from slipstream.querycache.statistics import Table
from slipstream.querycache.values import MISS, Unstorable, opened, sealed

if TYPE_CHECKING:
    from slipstream.querycache.needs import Need

__all__ = ["Cache", "cache_of"]

logger = logging.getLogger("slipstream.querycache")

NO_TABLE = "(none)"


class Cache:
    """What all connections to one database share in a process."""

    def __init__(self, database: Database, settings: QueryCacheSettings) -> None:
        self.database = database
        self.settings = settings
        self.reader = database.reader
        self.signer = database.items.signer
        self.store_of_entries = database.items.store
        self.tables: dict[str, Table] = {}
        self.plans = Plans(settings, self.tables, quiet=frozenset(database.quiet))
        self.statements = Statements(reuse=settings.REUSE_SQL)
        self.hints = Hints()
        self.publisher = Publisher(database.items, self.tables)
        self._excuses: dict[str, str] = {}
        database.on_new_catalog.append(self.plans.clear)
        database.on_write.append(self.wrote)

    def table(self, name: str) -> Table:
        """Return the counters of a table."""
        return self.tables.setdefault(name, Table(name))

    def wrote(self, names: Iterable[str]) -> None:
        """Count a write to tables."""
        for name in names:
            self.table(name).written()
        if signals.invalidated.receivers:
            signals.invalidated.send(sender=Cache, tables=frozenset(names))

    def hit(self, read: Any, plan: Plan, need: Any, found: Any, rows: Any) -> Any:
        """Count a hit and return its rows; in verify mode, what the database says instead."""
        for table in plan.counts:
            table.hits += 1
        self.publisher.tick()
        if signals.hit.receivers:
            signals.hit.send(sender=Cache, tables=plan.tables, sql=read.sql)
        if not self.settings.VERIFY:
            return rows
        return verify.verified(self, read, need, found, rows)

    def shared(self, plan: Plan, sql: str) -> None:
        """Count a read that was missed, and then answered from what somebody else computed."""
        for table in plan.counts:
            table.hits += 1
        if signals.hit.receivers:
            signals.hit.send(sender=Cache, tables=plan.tables, sql=sql)

    def missed(self, plan: Plan, sql: str) -> None:
        """Count a miss."""
        for table in plan.counts:
            table.misses += 1
        self.publisher.tick()
        if signals.missed.receivers:
            signals.missed.send(sender=Cache, tables=plan.tables, sql=sql)

    def in_flux(self, plan: Plan, sql: str) -> None:
        """Count a miss that can't be stored."""
        for table in plan.counts:
            table.flux += 1
        if signals.in_flux.receivers:
            signals.in_flux.send(sender=Cache, tables=plan.tables, sql=sql)

    def bypassed(self, plan: Plan | None, reason: str, sql: str = "") -> None:
        """Count a read that went to the database by itself; without its SQL, one not stored."""
        counts = plan.counts if plan is not None else (self.table(NO_TABLE),)
        for table in counts:
            table.bypasses[reason] += 1
        if signals.bypassed.receivers:
            tables = plan.tables if plan is not None else frozenset()
            signals.bypassed.send(sender=Cache, tables=tables, sql=sql, reason=reason)

    def begin(self, need: "Need", usable: Sequence[bytes | None]) -> Beginning | None:
        """Begin the rows that were missing, before the SELECT; None where there are none."""
        if all(usable):
            return None
        try:
            return self.reader.begin(need.tags, usable)
        except StoreUnavailable:
            return None

    def store(  # noqa: PLR0913, PLR0917 - what a read came to know, in that order
        self,
        key: str,
        plan: Plan,
        need: "Need",
        usable: Sequence[bytes | None],
        rows: Any,
        beginning: Beginning | None = None,
    ) -> Sequence[bytes | None]:
        """Put a result into the store, if it can be, and the rows that began with it.

        Returns the items that it depends on: as they were, and those that began.
        """
        try:
            begun = (beginning and beginning.begun()) or Begun(values=usable)
            entry = self._entry(key, plan, need, begun.values, rows)
            if entry is not None:
                self.store_of_entries.set(key, entry, plan.timeout_seconds, after=begun.changes)
            elif begun.changes:
                self.store_of_entries.exchange(begun.changes, ())
        except StoreUnavailable:
            self.bypassed(plan, "the cache is down")
            return usable
        return begun.values

    def begun(
        self, usable: Sequence[bytes | None], beginning: Beginning | None
    ) -> Sequence[bytes | None]:
        """Store the rows that began, without an entry; return the items as `store` does."""
        try:
            begun = (beginning and beginning.begun()) or Begun(values=usable)
            if begun.changes:
                self.store_of_entries.exchange(begun.changes, ())
        except StoreUnavailable:
            return usable
        return begun.values

    def _entry(
        self, key: str, plan: Plan, need: "Need", values: Sequence[bytes | None], rows: Any
    ) -> bytes | None:
        """Return the bytes that hold a result; None where it can't be stored."""
        if need.says_too_little(rows) and not need.is_of_its_row(rows):
            return None
        relied_on = need.relied_on(values, rows)
        vector = [item for item in relied_on if item is not None]
        if len(vector) < len(relied_on):
            return None
        try:
            return sealed(
                self.signer,
                key,
                vector=vector,
                rows=rows,
                most_bytes=self.settings.MAX_ENTRY_BYTES,
                compress_above=self.settings.COMPRESS_ABOVE_BYTES,
            )
        except Unstorable as reason:
            self.bypassed(plan, str(reason))
            return None

    def lease(self, key: str, need: "Need", usable: Sequence[bytes | None]) -> Lease:
        """Return the right to compute a missed entry, or the rows that somebody else computed."""
        given = self.settings
        if given.LEASE_WAIT_SECONDS <= 0:
            return NONE
        vector = b"".join(item for item in need.of_tables(usable) if item)
        lease_key = f"l:{blake2b(key.encode() + vector, digest_size=20).hexdigest()}"
        items = [self.reader.items.key(tag) for tag in need.tags]

        def look() -> tuple[Any, bool]:
            found = self.store_of_entries.get_many([key, lease_key, *items])
            entry, vectors = found.get(key), need.vectors([found.get(item) for item in items])
            rows = MISS if entry is None else opened(self.signer, key, entry, vectors)
            return rows, lease_key in found

        return Wanted(
            store=self.store_of_entries,
            key=lease_key,
            seconds=given.LEASE_SECONDS,
            wait_seconds=given.LEASE_WAIT_SECONDS,
            look=look,
        ).lease()

    def excuse(self, connection: Any) -> str:
        """Return why an alias is never cached; empty where it is. Its database is asked once."""
        known = self._excuses.get(connection.alias)
        if known is None:
            isolated, replica = _facts(connection)
            known = "isolation other than READ COMMITTED" if isolated else ""
            if replica and connection.alias not in self.settings.REPLICAS:
                known = "a replica"
            self._excuses[connection.alias] = known
        return known


def _facts(connection: Any) -> tuple[bool, bool]:
    """Say whether its transactions see another state than READ COMMITTED, and whether it is a replica."""
    question = _question(connection)
    if not question:
        return False, False
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.execute(question)
        level, replica = cursor.fetchone()
    levels = (str(level), _level_of_django(connection))
    plain = PLAIN[connection.vendor]
    return not plain.issuperset(name.upper().replace("-", " ") for name in levels), bool(replica)


PLAIN = {
    "postgresql": frozenset({"READ COMMITTED", "READ UNCOMMITTED"}),  # the same, there
    "mysql": frozenset({"READ COMMITTED"}),
}


def _question(connection: Any) -> str:
    if connection.vendor == "postgresql":
        return "SELECT current_setting('default_transaction_isolation'), pg_is_in_recovery()"
    if connection.vendor == "mysql":
        variable = "tx_isolation" if connection.mysql_is_mariadb else "transaction_isolation"
        return f"SELECT @@{variable}, @@read_only"
    return ""


def _level_of_django(connection: Any) -> str:
    """Return what OPTIONS['isolation_level'] says; the driver puts it into each BEGIN."""
    level = getattr(connection, "isolation_level", None)
    if connection.vendor != "postgresql" or level is None:
        return "READ COMMITTED"
    name = getattr(level, "name", "READ_COMMITTED" if level == 1 else "above it")  # psycopg2's 1
    return str(name).replace("_", " ")


def cache_of(database: Database) -> Cache:
    """Return the one query cache of a database."""
    found: Cache | None = database.companions.get("querycache")
    if found is None:
        found = database.companions.setdefault("querycache", Cache(database, current()))
    return found
