"""A panel of django-debug-toolbar: what the query cache did for each ORM read of a request.

For `DEBUG_TOOLBAR_PANELS` only: nothing of Slipstream imports this module, and so the toolbar.
"""

from collections import Counter
from typing import Any

from debug_toolbar.panels import Panel

from slipstream.querycache import recording
from slipstream.querycache.recording import RecordedRead

__all__ = ["QueryCachePanel"]

MOST_CHARACTERS = 300


class QueryCachePanel(Panel):  # type: ignore[misc] # it has no types
    """Lists hits, misses and bypasses with their tables, SQL and time."""

    title = "Query cache"
    template = "slipstream_querycache/panel.html"
    is_async = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._reads: list[RecordedRead] = []

    @property
    def nav_subtitle(self) -> str:
        """Say how many reads the cache answered."""
        stats = self.get_stats()
        if not stats.get("reads"):
            return "no read"
        counts, total = stats["counts"], len(stats["reads"])
        hits = counts.get(recording.HIT, 0)
        return f"{hits} of {total} reads hit ({hits / total:.0%}) in {stats['milliseconds']:.1f} ms"

    def enable_instrumentation(self) -> None:
        """Begin to record in the context of this request."""
        self._reads = recording.start()

    def disable_instrumentation(self) -> None:
        """End it."""
        recording.stop()

    def generate_stats(self, _request: Any, _response: Any) -> None:
        """Hand the reads over as plain data, which the toolbar stores."""
        reads = list(self._reads)
        self.record_stats(
            {
                "reads": [_shown(read) for read in reads],
                "counts": dict(Counter(read.outcome for read in reads)),
                "milliseconds": sum(read.seconds for read in reads) * 1000,
            }
        )


def _shown(read: RecordedRead) -> dict[str, Any]:
    whole = len(read.sql) <= MOST_CHARACTERS
    return {
        "outcome": read.outcome,
        "reason": read.reason,
        "tables": ", ".join(read.tables),
        "sql": read.sql if whole else f"{read.sql[:MOST_CHARACTERS]} …",
        "milliseconds": read.seconds * 1000,
    }
