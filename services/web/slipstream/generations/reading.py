"""What a reader does: read the generations a query depends on, and mend items that nobody holds.

A reader takes the items *before* its SELECT. Only if all of them are generations may it use an
entry that was stored under these, or store one. Rows that are missing begin while the SELECT runs.
Writers are in `writing.py`.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from slipstream.generations.item import Item, held, new_token, released
from slipstream.generations.items import AskedItems, Items
from slipstream.generations.stores import Change
from slipstream.generations.tags import guard_of

__all__ = ["Beginning", "Begun", "Reader"]

MOST_SIGHTINGS = 10_000

LIFT_AFTER = 1.5
"""Times HOLD_SECONDS: a writer may take half of it to mark, and its COMMIT the whole of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The items of all tags that were read, once `changes` are made: `values`."""

    values: Sequence[bytes | None]
    changes: Sequence[Change] = ()


@dataclass(frozen=True, slots=True)
class Beginning:
    """Rows that are about to begin: what was read by tag, our holds, and what the store was asked."""

    items: Items
    read: Mapping[str, bytes | None]
    ours: Mapping[str, Item]
    asked: AskedItems

    def begun(self) -> Begun | None:
        """Return what they begin with, after the SELECT; None where a writer was at the table.

        Raises StoreUnavailable.
        """
        _, seen = self.asked.answer()
        before = {tag: self.items.opened(tag, value) for tag, value in self.read.items()}
        expected = before | dict(self.ours)
        if any(seen[tag].item != item for tag, item in expected.items()):
            return None
        changes = self.items.changes(
            (tag, Item(generation=new_token()), seen[tag].version) for tag in self.ours
        )
        begun = dict(zip(self.ours, changes, strict=True))
        values = [value or begun[tag].value for tag, value in self.read.items()]
        return Begun(values=values, changes=changes)

    def drop(self) -> None:
        """Leave it: there was no result. The holds are lifted as those of a dead writer are."""
        self.asked.drop()


class Reader:
    """Reads items of one database.

    hold_seconds: no COMMIT may take longer. A hold is lifted by whoever has seen it for one and a
    half times as long, by its own monotonic clock. unguarded: tags of tables
    that some writers of their rows don't mark.
    """

    def __init__(
        self,
        items: Items,
        *,
        hold_seconds: float,
        unguarded: frozenset[str] = frozenset(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.items = items
        self.lift_seconds = LIFT_AFTER * hold_seconds
        self.unguarded = unguarded
        self._clock = clock
        self._first_seen: OrderedDict[tuple[str, bytes], float] = OrderedDict()

    def read(
        self, tags: Sequence[str], entry: str | None = None
    ) -> tuple[bytes | None, list[bytes | None]]:
        """Return the entry under a key of the store and the tags' items, in one round trip."""
        keys = [self.items.key(tag) for tag in tags]
        found = self.items.store.get_many(keys if entry is None else [entry, *keys])
        values = [found.get(key) for key in keys]
        return (None if entry is None else found.get(entry)), values

    def usable(
        self, tags: Sequence[str], values: Sequence[bytes | None]
    ) -> list[bytes | None] | None:
        """Return the values if all are generations, else mend what is in the way and return None.

        values: what `read` gave for these tags. Where only rows are missing whose tables nobody
        writes, they are returned as well: `begin` begins them. Those tables' tags must be among
        `tags`.
        """
        read = [self.items.opened(tag, value) for tag, value in zip(tags, values, strict=True)]
        if all(item is not None and not item.holds for item in read):
            return list(values)
        by_tag = dict(zip(tags, read, strict=True))
        for tag, item in by_tag.items():
            if item is not None and item.holds:
                self._lift(tag, item)
        missing = [tag for tag, item in by_tag.items() if item is None]
        foreign = {tag for tag, value in zip(tags, values, strict=True) if value is not None}
        unguarded = [tag for tag in missing if tag in foreign or not self._guarded(tag, by_tag)]
        if unguarded:
            self._quarantine(unguarded)
            return None
        if any(item is not None and item.holds for item in read):
            return None
        return list(values)

    def _guarded(self, tag: str, by_tag: dict[str, Item | None]) -> bool:
        name = guard_of(tag) or ""
        guard = by_tag.get(name)
        return guard is not None and not guard.holds and name not in self.unguarded

    def _quarantine(self, tags: Sequence[str]) -> None:
        """A missing item may have held a writer's mark: nobody uses it until a COMMIT is over."""
        versions = self.items.versions(tags)  # what isn't ours has a version and is replaced
        changes = [
            (tag, held(new_token()), seen.version)
            for tag, seen in versions.items()
            if seen.item is None
        ]
        if changes:
            self.items.exchange(changes, ())

    def begin(self, tags: Sequence[str], values: Sequence[bytes | None]) -> "Beginning":
        """Begin the rows that are missing, before a SELECT that `usable` lets pass with these values.

        They begin with a hold of ours, which the store is sent now; what it says to that is read
        after the SELECT, so that the two wait for their servers at the same time. If the table's
        generation was the same still once the rows were held, no writer had marked the table, hence
        none had marked the rows. One that marks a row later adds to our hold, and our swap of it
        for a generation fails, so that nothing stored under that generation is ever used. Whether
        the SELECT came before the hold, after the look at the table, or in between: either it
        found what that writer wrote, or the writer found our hold or was seen at the table.

        Raises StoreUnavailable.
        """
        ours = {
            tag: held(new_token()) for tag, value in zip(tags, values, strict=True) if value is None
        }
        asked = self.items.ask([(tag, one, None) for tag, one in ours.items()], tags)
        return Beginning(self.items, dict(zip(tags, values, strict=True)), ours, asked)

    def _lift(self, tag: str, item: Item) -> None:
        """Take out holds that this process has seen for long enough: their writers are gone."""
        now = self._clock()
        old = frozenset(
            hold for hold in item.holds if now - self._seen(tag, hold, now) >= self.lift_seconds
        )
        if not old:
            return
        current = self.items.versions([tag])[tag]
        if current.item is not None and current.item.holds & old:
            left = released(current.item, old, new_token())
            self.items.exchange([(tag, left, current.version)], ())

    def _seen(self, tag: str, hold: bytes, now: float) -> float:
        first = self._first_seen.setdefault((tag, hold), now)
        if len(self._first_seen) > MOST_SIGHTINGS:
            self._first_seen.popitem(last=False)
        return first
