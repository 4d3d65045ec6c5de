"""Verdicts of safety as checks, for `junit.xml` and the exit code. Computes nothing."""

from collections.abc import Mapping
from typing import Any

from loadtest.budget import Check, Status
from loadtest.safety.show import HEADINGS, evidence

__all__ = ("checks",)

STATUS: dict[str, Status] = {"safe": "kept", "unsafe": "broken", "not shown": "can't tell"}


def checks(result: Mapping[str, Any]) -> tuple[Check, ...]:
    """One per cell with an optimization: an unsafe one is broken, whatever the budget says."""
    return tuple(
        Check(name=f"safety of {name}", status=STATUS[row["verdict"]], found=_found(name, row))
        for name, row in result.get("safety", {}).get("verdicts", {}).items()
    )


def _found(cell: str, row: Mapping[str, Any]) -> str:
    if row["because"]:
        return str(row["because"])
    parts = [f"{HEADINGS[name]}: {evidence(name, one)}" for name, one in row["probes"].items()]
    return ", ".join(parts) + ("" if row["cell"] == cell else f"; in the cell {row['cell']!r}")
