"""What a writer does: hold every item it writes before its COMMIT, and let go after it.

Which tags a transaction wrote is in `writes.py`; this is the protocol alone.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from slipstream.generations.item import marked, new_token, released
from slipstream.generations.items import MISSING, Items, Versioned
from slipstream.generations.stores import StoreUnavailable
from slipstream.generations.tags import in_order

__all__ = ["Mark", "Writer"]

ATTEMPTS = 50
"""Lost races against other writers of the same items before a store counts as unavailable."""

MOST_REMEMBERED = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A writer's hold on the items of its tags. `seen`: what it knows of them, for its next change."""

    hold: bytes
    tags: tuple[str, ...]
    seen: Mapping[str, Versioned] = field(default_factory=dict)


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
        self._last_seen: dict[str, Versioned] = {}

    def mark(self, tags: Iterable[str]) -> Mark:
        """Hold these tags' items: until `unmark` no reader uses or stores what depends on them."""
        ordered = in_order(set(tags))
        for _ in range(ATTEMPTS):
            started = self._clock()
            mark = self._marked(new_token(), ordered)
            if self._clock() - started < self.hold_seconds / 2:
                return mark
            self.unmark(mark)
        raise StoreUnavailable(
            f"marking {len(ordered)} items took longer than half of HOLD_SECONDS="
            f"{self.hold_seconds}: the cache is too slow for it; raise HOLD_SECONDS"
        )

    def _marked(self, hold: bytes, tags: Sequence[str]) -> Mark:
        """Add a hold to each item, beginning with what this process last knew of them.

        It is over once one answer shows the hold in every item: rows are read after what guards
        them was held, so that one which lost its hold before that is seen.
        """
        seen = {tag: self._last_seen.pop(tag, MISSING) for tag in tags}
        for _ in range(ATTEMPTS):
            _, seen = self.items.exchange(
                [
                    (tag, marked(one.item, hold, new_token()), one.version)
                    for tag, one in seen.items()
                    if not _holds(one, hold)
                ],
                tags,
            )
            if all(_holds(one, hold) for one in seen.values()):
                return Mark(hold=hold, tags=tuple(tags), seen=seen)
        raise StoreUnavailable(
            f"{ATTEMPTS} attempts to mark {list(tags)[:3]} lost against other writers: "
            "the cache answers, but too slowly for so many; try again"
        )

    def unmark(self, mark: Mark) -> None:
        """Let go, after the COMMIT is over: what is read from now on may be stored again."""
        left: Sequence[str] = mark.tags
        seen = mark.seen or self.items.versions(left)
        for _ in range(ATTEMPTS):
            changes = [
                (
                    tag,
                    released(seen[tag].item, frozenset({mark.hold}), new_token()),
                    seen[tag].version,
                )
                for tag in left
            ]
            done, seen = self.items.exchange(changes, left)
            self._remember(seen)
            left = [tag for tag, made in zip(left, done, strict=True) if not made]
            if not left:
                return
        raise StoreUnavailable(
            f"{ATTEMPTS} attempts to let {list(left)[:3]} go lost against other writers: "
            "readers lift the marks"
        )

    def _remember(self, seen: Mapping[str, Versioned]) -> None:
        if len(self._last_seen) > MOST_REMEMBERED:
            self._last_seen.clear()
        self._last_seen.update(seen)


def _holds(seen: Versioned, hold: bytes) -> bool:
    return seen.item is not None and hold in seen.item.holds
