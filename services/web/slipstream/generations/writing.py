"""What a writer does: hold every item it writes before its COMMIT, and let go after it.

Which tags a transaction wrote is in `writes.py`; this is the protocol alone.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from slipstream.generations.item import Item, marked, new_token, released
from slipstream.generations.items import Items
from slipstream.generations.stores import StoreUnavailable
from slipstream.generations.tags import guard_of, in_order

__all__ = ["Mark", "Writer"]

ATTEMPTS = 50
"""Lost races against other writers of the same items before a store counts as unavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A writer's hold on the items of its tags."""

    hold: bytes
    tags: tuple[str, ...]


class Writer:
    """Marks and unmarks items of one database; both raise StoreUnavailable.

    hold_seconds: no COMMIT may take longer. A mark that took half of it is made again.
    """

    def __init__(
        self,
        items: Items,
        *,
        hold_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.items = items
        self.hold_seconds = hold_seconds
        self._clock = clock

    def mark(self, tags: Iterable[str]) -> Mark:
        """Hold these tags' items: until `unmark` no reader uses or stores what depends on them."""
        ordered = in_order(set(tags))
        guards = [tag for tag in ordered if guard_of(tag) is None]
        for _ in range(ATTEMPTS):
            started = self._clock()
            mark = Mark(hold=new_token(), tags=tuple(ordered))
            if not self._mark_at_once(mark):
                self._mark_each(mark, guards)
                self._mark_each(mark, ordered)
            if self._clock() - started < self.hold_seconds / 2:
                return mark
            self.unmark(mark)
        raise StoreUnavailable(
            f"marking {len(ordered)} items took longer than half of HOLD_SECONDS="
            f"{self.hold_seconds}: the cache is too slow for it; raise HOLD_SECONDS"
        )

    def _mark_at_once(self, mark: Mark) -> bool:
        changes = self._changes(mark, mark.tags)
        return all(self.items.swap(changes))

    def _mark_each(self, mark: Mark, tags: Sequence[str]) -> None:
        for _ in range(ATTEMPTS):
            changes = self._changes(mark, tags)
            if not changes or all(self.items.swap(changes)):
                return
        raise StoreUnavailable(
            f"{ATTEMPTS} attempts to mark {list(tags)[:3]} lost against other writers: "
            "the cache answers, but too slowly for so many; try again"
        )

    def _changes(self, mark: Mark, tags: Sequence[str]) -> list[tuple[str, Item, object]]:
        return [
            (tag, marked(seen.item, mark.hold, new_token()), seen.version)
            for tag, seen in self.items.versions(tags).items()
            if seen.item is None or mark.hold not in seen.item.holds
        ]

    def unmark(self, mark: Mark) -> None:
        """Let go, after the COMMIT is over: what is read from now on may be stored again."""
        left: Sequence[str] = mark.tags
        for _ in range(ATTEMPTS):
            seen = self.items.versions(left)
            changes = [
                (tag, released(one.item, frozenset({mark.hold}), new_token()), one.version)
                for tag, one in seen.items()
            ]
            done = self.items.swap(changes)
            left = [tag for tag, swapped in zip(left, done, strict=True) if not swapped]
            if not left:
                return
        raise StoreUnavailable(
            f"{ATTEMPTS} attempts to let {list(left)[:3]} go lost against other writers: "
            "readers lift the marks"
        )
