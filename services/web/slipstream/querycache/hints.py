"""Which row a lookup by a unique key found last: a process's own memory, bounded, and never believed."""

from collections import OrderedDict

__all__ = ["Hints"]

MOST_HINTS = 10_000


class Hints:
    """The keys of rows by the keys of entries; the oldest go first."""

    def __init__(self) -> None:
        self._rows: OrderedDict[str, str] = OrderedDict()

    def get(self, entry_key: str) -> str | None:
        """Return the key of the row, if one is remembered."""
        return self._rows.get(entry_key)

    def note(self, entry_key: str, row: str | None) -> None:
        """Remember what was found; None for nothing."""
        if row is None:
            self._rows.pop(entry_key, None)
            return
        self._rows[entry_key] = row
        if len(self._rows) > MOST_HINTS:
            self._rows.popitem(last=False)
