"""What a stretch of work has read: each SELECT's scopes, with the generations read before it ran.

A request has one recording, each fragment in it one of its own. Reads are noted by whoever runs them
(`querycache/reads.py`); what nobody follows, as a cursor's own SQL, is noted as *lost*.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

__all__ = ["CURRENT", "SWITCH", "Conflict", "Lost", "Recording", "Seen", "recorded"]

Vector = dict[tuple[str, str], bytes]
"""By alias and tag, the item of its generation."""


class Switch:
    """`on` once anybody records in this process: until then no read looks for a recording."""

    on = False


SWITCH = Switch()


class Conflict(Exception):
    """Two generations of one thing were seen: what was read isn't of one state."""


class Seen(NamedTuple):
    """One read: the alias it went to, its tables, and what its result depends on."""

    alias: str
    tables: frozenset[str]
    tags: Sequence[str]
    values: Sequence[bytes | None]


class Lost(NamedTuple):
    """Something that can't be followed, with the reason.

    tables: None for any. always: it never can, whatever the state of the cache.
    """

    reason: str
    tables: Collection[str] | None = None
    always: bool = False

    def may_be_of(self, tables: Collection[str]) -> bool:
        """Say whether what was lost may be of one of these tables."""
        return self.tables is None or any(name in self.tables for name in tables)


class Recording:
    """Reads in their order; `outer` is what goes on around it, None for a request's own."""

    __slots__ = ("lost", "outer", "reads")

    def __init__(self, outer: "Recording | None" = None) -> None:
        self.outer = outer
        self.reads: list[Seen] = []
        self.lost: list[Lost] = []

    def read(
        self,
        alias: str,
        tables: frozenset[str],
        tags: Sequence[str],
        values: Sequence[bytes | None],
    ) -> None:
        """Note a read under generations that were found usable before it."""
        self.reads.append(Seen(alias, tables, tags, values))

    def lose(
        self, reason: str, tables: Collection[str] | None = None, *, always: bool = False
    ) -> None:
        """Note what can't be followed."""
        self.lost.append(Lost(reason, tables, always))

    def end(self) -> None:
        """Hand all of it to what goes on around: that depends on it as well."""
        if self.outer is not None:
            self.outer.reads += self.reads
            self.outer.lost += self.lost

    def before(self, tables: Collection[str]) -> list[Seen] | Lost | None:
        """Return the reads around this recording that an object of these tables may come from.

        What was lost, where it may come from that; None where one of the tables was not read.
        """
        found: list[Seen] = []
        around = self.outer
        while around is not None:
            for lost in around.lost:
                if lost.may_be_of(tables):
                    return lost
            found += [seen for seen in around.reads if not seen.tables.isdisjoint(tables)]
            around = around.outer
        known = {name for seen in found for name in seen.tables}
        return found if known.issuperset(tables) else None

    def vector(self) -> Vector:
        """Return all that was read, once each. Raises Conflict."""
        vector: Vector = {}
        for seen in self.reads:
            for tag, value in zip(seen.tags, seen.values, strict=True):
                if value is None or vector.setdefault((seen.alias, tag), value) != value:
                    raise Conflict
        return vector


CURRENT: ContextVar[Recording | None] = ContextVar("slipstream_recording", default=None)


@contextmanager
def recorded(recording: Recording) -> Iterator[None]:
    """Record what is read from here on; at the end hand it to what goes on around."""
    token = CURRENT.set(recording)
    try:
        yield
    finally:
        CURRENT.reset(token)
        recording.end()
