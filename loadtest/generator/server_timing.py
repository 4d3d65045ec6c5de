"""Reads the Server-Timing header into the columns of `samples.py`. Writes nothing."""

import re

__all__ = ("UNKNOWN", "parse")

METRIC = re.compile(r'([a-z][a-z0-9]*)(?:;dur=([0-9.]+))?(?:;desc="?([0-9]+)"?)?')
NAMES = {
    "db": ("db_ms", "queries"),
    "connect": ("connect_ms", "connections"),
    "template": ("template_ms", "compiled"),
    "cache": ("cache_ms", "round_trips"),
    "jinja2": (None, "jinja2"),
    "total": ("total_ms", None),
}
SILENT_WHEN_ZERO = ("jinja2",)
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
    if columns["queries"] >= 0:
        columns |= {name: 0 for name in SILENT_WHEN_ZERO if columns[name] < 0}
    return columns
