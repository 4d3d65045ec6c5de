"""Verdicts of safety in words, for the terminal, the report and `junit.xml`. Computes nothing."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from loadtest.budget import Check, Status

__all__ = ("checks", "evidence", "remarks", "show", "table")

STYLES = {"safe": "green", "unsafe": "red", "not shown": "yellow"}
STATUS: dict[str, Status] = {"safe": "kept", "unsafe": "broken", "not shown": "can't tell"}
HEADINGS = {
    "crawl": "Pages compared",
    "write-then-read": "Reads after a write",
    "sessions": "Log-ins",
    "verify": "Hits verified",
    "without memcached": "Requests without memcached",
    "without redis": "Requests without Redis",
}


def checks(result: Mapping[str, Any]) -> tuple[Check, ...]:
    """One per cell with an optimization: an unsafe one is broken, whatever the budget says."""
    return tuple(
        Check(name=f"safety of {name}", status=STATUS[row["verdict"]], found=_found(row))
        for name, row in result.get("safety", {}).get("verdicts", {}).items()
    )


def show(result: Mapping[str, Any], console: Console) -> None:
    """Print the table; nothing where nothing was probed."""
    if verdicts := result.get("safety", {}).get("verdicts"):
        console.print(table(verdicts))


def table(verdicts: Mapping[str, Any]) -> Table:
    """A row per cell: its verdict, and how much each probe looked at."""
    shown = Table(
        box=SIMPLE_HEAD, title="Safety: does a cell give visitors what the baseline does?"
    )
    shown.add_column("cell", no_wrap=True)
    shown.add_column("safe", justify="right", no_wrap=True)
    for heading in HEADINGS.values():
        shown.add_column(heading.lower(), justify="right")
    for name, row in verdicts.items():
        style = STYLES[row["verdict"]]
        figures = [evidence(probe, row["probes"].get(probe)) for probe in HEADINGS]
        shown.add_row(escape(name), f"[{style}]{row['verdict']}[/]", *figures)
    return shown


def evidence(probe: str, found: Mapping[str, Any] | None) -> str:
    """How much a probe looked at, and how many faults it found."""
    if found is None or found["status"] == "not done":
        return "-"
    total, fault = COUNTED[probe]
    counts = found["counts"]
    text = f"{counts[total]:,}".replace(",", " ")
    return text if not counts[fault] else f"{text}, {counts[fault]} {fault}"


COUNTED = {
    "crawl": ("compared", "differences"),
    "write-then-read": ("reads", "stale"),
    "sessions": ("log-ins", "faults"),
    "verify": ("hits", "differences"),
    "without memcached": ("meanwhile", "failed"),
    "without redis": ("meanwhile", "failed"),
}


def remarks(result: Mapping[str, Any]) -> list[str]:
    """Why a cell isn't safe, or isn't shown to be."""
    found = result.get("safety", {}).get("verdicts", {})
    return [
        f"{row['verdict']}: {name}: {row['because']}"
        for name, row in found.items()
        if row["because"]
    ]


def _found(row: Mapping[str, Any]) -> str:
    if row["because"]:
        return str(row["because"])
    parts = [f"{HEADINGS[name]}: {evidence(name, one)}" for name, one in row["probes"].items()]
    return ", ".join(parts)
