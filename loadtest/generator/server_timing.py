"""Reads the Server-Timing header into the columns of `samples.py`. Writes nothing."""

import re

__all__ = ("UNKNOWN", "parse")

METRIC = re.compile(r'([a-z]+)(?:;dur=([0-9.]+))?(?:;desc="?([0-9]+)"?)?')
NAMES = {
    "db": ("db_ms", "queries"),
    "connect": ("connect_ms", "connections"),
    "template": ("template_ms", "compiled"),
    "cache": ("cache_ms", "round_trips"),
    "total": ("total_ms", None),
}
UNKNOWN: dict[str, float] = {column: -1 for pair in NAMES.values() for column in pair if column}


def parse(header: str) -> dict[str, float]:
    """Columns by name; -1 where the header doesn't say."""
    columns = dict(UNKNOWN)
    for name, duration, count in METRIC.findall(header):
        duration_column, count_column = NAMES.get(name, (None, None))
        if duration_column and duration:
            columns[duration_column] = float(duration)
        if count_column and count:
            columns[count_column] = int(count)
    return columns
