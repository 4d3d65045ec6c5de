"""Sums what the site says of itself, over all responses of an order: warm-up and stragglers too.

The services' counters stand still between two orders only, so that is what they are compared with.
"""

from collections.abc import Iterable
from typing import Any

from loadtest.generator import server_timing
from loadtest.samples import COUNTS

__all__ = ("asked",)


def asked(headers: Iterable[str]) -> dict[str, Any]:
    """Sums of the counts in Server-Timing; `untimed`: responses without it, an exception for one."""
    rows = [server_timing.parse(header) for header in headers]
    timed = [row for row in rows if row["queries"] >= 0]
    sums = {column: sum(max(int(row[column]), 0) for row in timed) for column in COUNTS}
    return {"responses": len(rows), "untimed": len(rows) - len(timed), **sums}
