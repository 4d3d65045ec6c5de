"""Verdicts of safety in words, for the terminal and the report. Computes nothing."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = ("evidence", "remarks", "show", "table", "vouched")

STYLES = {"safe": "green", "unsafe": "red", "not shown": "yellow"}
HEADINGS = {
    "crawl": "Pages compared",
    "write-then-read": "Reads after a write",
    "sessions": "Log-ins",
    "verify": "Hits verified",
    "without memcached": "Requests without memcached",
    "without redis": "Requests without Redis",
}


def show(result: Mapping[str, Any], console: Console) -> None:
    """Print the table; nothing where nothing was probed."""
    if verdicts := result.get("safety", {}).get("verdicts"):
        console.print(table(verdicts))
        if text := vouched(verdicts):
            console.print(text)


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


def vouched(verdicts: Mapping[str, Any]) -> str:
    """Which of them were looked at in another cell, in a sentence; '' for none."""
    names = [name for name, row in verdicts.items() if row["cell"] != name]
    if not names:
        return ""
    whole = verdicts[names[0]]["cell"]
    return f"Looked at together, in the cell {whole!r}: {', '.join(names)}"


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
