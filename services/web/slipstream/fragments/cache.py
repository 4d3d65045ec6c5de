"""The fragments of this process: looked up, rendered where that fails, and stored where that is safe.

What an entry is made of is `entries.py`'s; what a rendering may use, `admission.py`'s.
"""

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.conf import settings as final
from django.db import DEFAULT_DB_ALIAS, connections

from slipstream.fragments.copies import Copies, Copy
from slipstream.fragments.entries import (
    BODY,
    NAMES,
    Dependencies,
    digest,
    opened_body,
    sealed_body,
)
from slipstream.fragments.errors import FragmentError
from slipstream.fragments.settings import FragmentsSettings, current
from slipstream.fragments.work import Work
from slipstream.generations import tags
from slipstream.generations.database import Database, database_of
from slipstream.generations.lease import MISS, NONE, Lease, Wanted
from slipstream.generations.recording import CURRENT, Conflict, Vector, recorded
from slipstream.generations.stores import StoreUnavailable
from slipstream.generations.transactions import reads_a_snapshot
from slipstream.generations.writes import written_by
from slipstream.querycache.sharing import Publisher
from slipstream.querycache.statistics import Table

__all__ = ["Asked", "Fragments", "current_fragments"]

MOST_REMEMBERED = 10_000
MOST_DEPENDENCIES = 500
INDEX = "f:index"

Kept = TypeVar("Kept")


class Memory(OrderedDict[str, Kept], Generic[Kept]):
    """What a process remembers by key; the oldest go first."""

    def note(self, key: str, value: Kept) -> None:
        """Remember."""
        self[key] = value
        if len(self) > MOST_REMEMBERED:
            self.popitem(last=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A fragment that is wanted.

    base: all that its key names. identify: returns the identities of values by their names, None
    where one has none. render: makes it, and notes what it uses in the Work. named: what it may
    depend on besides values, as 'the language'. unusable: what is wrong with its key, if anything.
    shown: makes of its bytes what is shown; a copy holds that.
    """

    label: str
    base: str
    identify: Callable[[Sequence[str]], Mapping[str, str] | None]
    render: Callable[[Work], bytes]
    named: frozenset[str] = frozenset()
    unusable: str = ""
    shown: Callable[[bytes], Any] = bytes


@dataclass(slots=True, kw_only=True)
class Found:
    """What the store had. `shown` is None for a miss; `items` are those of `dependencies`."""

    key: str
    names: tuple[str, ...] = ()
    identities: Mapping[str, str]
    dependencies: Dependencies
    items: list[bytes | None]
    shown: Any = None
    held: bool = False


class Past(Exception):
    """Why a fragment is rendered past the cache."""


class Fragments:
    """All fragments; everything that is kept of them is in the store of generations."""

    def __init__(self, database: Database, settings: FragmentsSettings) -> None:
        self.settings = settings
        self.strict = settings.STRICT or bool(final.DEBUG)
        self.database = database
        self.store = database.items.store
        self.signer = database.items.signer
        self.start = Dependencies.of([(DEFAULT_DB_ALIAS, [tags.EVERYTHING])])
        self.dependencies: Memory[Dependencies] = Memory()
        self.names: Memory[tuple[str, ...]] = Memory()
        self.not_stored: Memory[str] = Memory()
        self.copies = Copies(settings.COPIES_BYTES)
        self.tables: dict[str, Table] = {}
        self.publisher = Publisher(database.items, self.tables, index=INDEX)

    def table(self, label: str) -> Table:
        """Return the counters of a fragment."""
        return self.tables.setdefault(label, Table(label))

    def serve(self, asked: Asked) -> Any:
        """Return what is shown, from the cache or rendered. Raises FragmentError where strict."""
        if asked.unusable and self.strict:
            raise FragmentError(asked.unusable)
        try:
            if asked.unusable:
                raise Past("a key without content")
            self._refuse_session()
            found = self._found(asked)
        except StoreUnavailable:
            return self._past(asked, "the cache is down")
        except Past as reason:
            return self._past(asked, str(reason))
        if found.shown is not None:
            return self._hit(asked, found)
        return self._missed(asked, found)

    def _refuse_session(self) -> None:
        """Raises Past where a connection sees, or may see, another state than what is committed."""
        for connection in connections.all(initialized_only=True):
            written = written_by(connection)
            reason = written.session.reason or (
                "isolation above READ COMMITTED" if written.isolated else ""
            )
            if connection.connection is not None:
                reason = reason or reads_a_snapshot(connection)
            if reason:
                raise Past(reason)

    def _found(self, asked: Asked) -> Found:
        base = _key(asked.base)
        names = self.names.get(base, ())
        found = self._of_names(asked, base, names)
        told = found.names
        if told != names:  # another process knows of more
            self.names.note(base, told)
            found = self._of_names(asked, base, told)
        found.names = told
        return found

    def _of_names(self, asked: Asked, base: str, names: tuple[str, ...]) -> Found:
        identities = asked.identify(names) if names else {}
        if identities is None:
            raise Past("a value without identity")
        found = self._look(asked, _full(base, names, identities))
        found.identities = identities
        found.names = found.names or names
        return found

    def _look(self, asked: Asked, key: str, lease_key: str = "") -> Found:
        return self._own(key) or self._of_the_store(asked, key, lease_key)

    def drop_copy(self, asked: Asked) -> None:
        """Ask the store for this fragment again; it uses nothing that its key doesn't name."""
        self.copies.drop(_key(asked.base))

    def _own(self, key: str) -> Found | None:
        """Return this process's copy, if the store has the generations still that it was made of."""
        copy = self.copies.get(key)
        if copy is None:
            return None
        known = copy.dependencies
        _settle(known)
        values = self.store.get_many(known.keys)
        items = [values.get(one) for one in known.keys]
        if not _made_of(items, copy.expected):
            self.copies.drop(key, copy)
            return None
        return Found(key=key, identities={}, dependencies=known, items=items, shown=copy.shown)

    def _of_the_store(self, asked: Asked, key: str, lease_key: str) -> Found:
        known = self.dependencies.get(key) or self.start
        _settle(known)
        values = self.store.get_many([key, *known.keys, *([lease_key] if lease_key else [])])
        items = [values.get(one) for one in known.keys]
        found = Found(
            key=key, identities={}, dependencies=known, items=items, held=lease_key in values
        )
        blob = values.get(key)
        payload = None if blob is None else self.signer.opened(key, blob)
        if payload is None:
            return found
        if payload[:1] == NAMES:
            found.names = tuple(json.loads(payload[1:]))
        elif payload[:1] == BODY:
            self._open(asked, found, payload)
        return found

    def _open(self, asked: Asked, found: Found, payload: bytes) -> None:
        text, expected, end, body = opened_body(payload)
        if text != found.dependencies.text:
            learnt = Dependencies.told(text)
            if learnt is None:
                return
            self.dependencies.note(found.key, learnt)
            values = self.store.get_many(learnt.keys)
            found.dependencies, found.items = learnt, [values.get(one) for one in learnt.keys]
        if _made_of(found.items, expected):
            found.shown = asked.shown(body)
            self._copy(found.key, found.dependencies, expected, end, found.shown)

    def _copy(
        self, key: str, dependencies: Dependencies, expected: bytes, end: int, shown: Any
    ) -> None:
        """Keep a copy for as long as the entry has to live, if the clocks of its makers are right."""
        left = min(end - time.time(), self.settings.TIMEOUT_SECONDS)
        until = time.monotonic() + left
        self.copies.keep(
            key, Copy(dependencies=dependencies, expected=expected, shown=shown, until=until)
        )

    def _hit(self, asked: Asked, found: Found) -> Any:
        """Return what was found, unless this transaction has written what it was made of."""
        for alias, tables, _tags in found.dependencies.by_alias:
            if written_by(connections[alias]).hides(tables):
                return self._past(asked, "written in this transaction")
        self.table(asked.label).hits += 1
        self.publisher.tick()
        around = CURRENT.get()
        if around is not None:
            at = 0
            for alias, tables, tagged in found.dependencies.by_alias:
                around.read(alias, tables, tagged, found.items[at : at + len(tagged)])
                at += len(tagged)
        return found.shown

    def _past(self, asked: Asked, reason: str) -> Any:
        self._bypassed(asked.label, reason)
        return asked.shown(self._rendered(asked)[1])

    def _bypassed(self, label: str, reason: str) -> None:
        self.table(label).bypasses[reason] += 1
        self.publisher.tick()

    def _rendered(self, asked: Asked) -> tuple[Work, bytes]:
        work = Work(asked.label, strict=self.strict, named=asked.named)
        with recorded(work):
            body = asked.render(work)
        work.check()
        return work, body

    def _missed(self, asked: Asked, found: Found) -> Any:
        """Render it, or let somebody else do so who has begun to."""
        everything = found.items[0]
        try:
            usable = self.database.reader.usable([tags.EVERYTHING], [everything])
        except StoreUnavailable:
            usable = None
        if usable is None or everything is None:
            self.table(asked.label).flux += 1
            return asked.shown(self._rendered(asked)[1])
        lease = self._lease(asked, found)
        if lease.found is not MISS:
            return self._hit(asked, lease.found)
        try:
            work, body = self._rendered(asked)
            self._store(asked, found, work, everything, body)
        finally:
            lease.end()
        return asked.shown(body)

    def _lease(self, asked: Asked, found: Found) -> Lease:
        if self.settings.LEASE_WAIT_SECONDS <= 0 or found.key in self.not_stored:
            return NONE
        known = b"".join(item or b"-" for item in found.items)
        lease_key = f"l:{digest(found.key.encode(), known).hex()}"

        def look() -> tuple[Any, bool]:
            again = self._look(asked, found.key, lease_key)
            again.names, again.identities = found.names, found.identities
            return (MISS if again.shown is None else again), again.held

        return Wanted(
            store=self.store,
            key=lease_key,
            seconds=self.settings.LEASE_SECONDS,
            wait_seconds=self.settings.LEASE_WAIT_SECONDS,
            look=look,
        ).lease()

    def _store(
        self, asked: Asked, found: Found, work: Work, everything: bytes, body: bytes
    ) -> None:
        try:
            dependencies, items = Dependencies.of_vector(_storable(work, everything))
            if len(dependencies.keys) > MOST_DEPENDENCIES:
                raise Past("more dependencies than are kept")
            if len(body) > self.settings.MAX_ENTRY_BYTES:
                raise Past("a fragment over MAX_ENTRY_BYTES")
            key = self._key_to_store(asked, found, work)
            expected, end = digest(items), int(time.time()) + self.settings.TIMEOUT_SECONDS
            self._put(key, sealed_body(dependencies, expected, end, body))
        except StoreUnavailable:
            self._bypassed(asked.label, "the cache is down")
        except Past as reason:
            self.not_stored.note(found.key, str(reason))
            self._bypassed(asked.label, str(reason))
        else:
            self.not_stored.pop(found.key, None)
            self.dependencies.note(key, dependencies)
            self._copy(key, dependencies, expected, end, asked.shown(body))
            self.table(asked.label).misses += 1
            self.publisher.tick()

    def _key_to_store(self, asked: Asked, found: Found, work: Work) -> str:
        """Return the key with all that was used; where that is more than was known, tell others."""
        more = work.identities.keys() - set(found.names)
        if not more:
            return found.key
        names = (*found.names, *sorted(more))
        base = _key(asked.base)
        self.names.note(base, names)
        self._put(base, NAMES + json.dumps(names).encode())
        return _full(base, names, {**work.identities, **found.identities})

    def _put(self, key: str, payload: bytes) -> None:
        signed = self.signer.signed(key, payload)
        self.store.set(key, signed, self.settings.TIMEOUT_SECONDS)


def _settle(dependencies: Dependencies) -> None:
    """Tell the store first what this process owes it."""
    for database in dependencies.databases:
        if database.owed:
            database.owed.settle()


def _made_of(items: Sequence[bytes | None], expected: bytes) -> bool:
    return None not in items and digest(*items) == expected  # type: ignore[arg-type]


def _storable(work: Work, everything: bytes) -> Vector:
    """Return what a rendering depends on. Raises Past where it can't be shared."""
    if work.refused:
        raise Past(f"depends on {work.refused}")
    if work.lost:
        raise Past(work.lost[0].reason)
    work.read(DEFAULT_DB_ALIAS, frozenset(), [tags.EVERYTHING], [everything])
    try:
        return work.vector()
    except Conflict:
        raise Past("two generations of one table") from None


def _key(base: str) -> str:
    return f"f:{digest(base.encode('utf-8', 'surrogatepass')).hex()}"


def _full(base: str, names: Sequence[str], identities: Mapping[str, str]) -> str:
    if not names:
        return base
    return _key(base + json.dumps([[name, identities[name]] for name in names]))


def current_fragments() -> Fragments:
    """Return this process's fragments."""
    database = database_of(connections[DEFAULT_DB_ALIAS])
    found: Fragments | None = database.companions.get("fragments")
    if found is None:
        found = database.companions.setdefault("fragments", Fragments(database, current()))
    return found
