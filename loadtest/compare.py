"""Two runs side by side: how each cell's ratio to its own baseline has changed, with intervals.

Requests per second are not compared: a machine is faster on one day than on the other, and its
baseline with it. Where the machine, the tools or the load differ, nothing is.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from loadtest import comparisons, result
from loadtest.cells import Cell
from loadtest.errors import SettingsError
from loadtest.figures import PHASES
from loadtest.model import Effect
from loadtest.store import Run
from loadtest.table import interval, label, verdict

__all__ = ("compare", "show")

MACHINE = ("cpu", "cores", "memory_mib", "kernel", "docker", "compose", "python", "tools")
LOAD = (
    "users",
    "visitors",
    "warmup_seconds",
    "mix_seconds",
    "one_query_warmup_seconds",
    "one_query_seconds",
)
DISTANCE = ("db_rtt_ms", "db_tls")
"""Runs that don't say had the database beside them."""
ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """By phase and cell, what B's ratio to its baseline is to A's; and what else is different."""

    names: tuple[str, str]
    changes: Mapping[str, Mapping[str, Effect]]
    others: tuple[str, ...]


def compare(first: Run, second: Run) -> Comparison:
    """Raises SettingsError where the two can't be compared, with the difference."""
    a, b = result.build(first), result.build(second)
    _refuse_other_conditions(a, b)
    common = [name for name in a["table"] if name in b["table"]]
    cells = [Cell.of(cell) for cell in a["cells"]]
    changes = {
        phase: comparisons.in_families(_changes(a["table"], b["table"], phase, common), cells)
        for phase in PHASES
    }
    if not any(changes.values()):
        raise SettingsError(
            f"runs {a['run']!r} and {b['run']!r} have no cell with an interval in common: "
            "finish them with RESUME, or measure the same cells"
        )
    return Comparison(names=(a["run"], b["run"]), changes=changes, others=_other_code(a, b))


def _refuse_other_conditions(a: Mapping[str, Any], b: Mapping[str, Any]) -> None:
    facts = [
        *((name, a["fingerprint"].get(name), b["fingerprint"].get(name)) for name in MACHINE),
        *((name, a["settings"].get(name), b["settings"].get(name)) for name in LOAD),
        *((name, a["settings"].get(name, 0), b["settings"].get(name, 0)) for name in DISTANCE),
        ("scenario", a["scenario"], b["scenario"]),
    ]
    different = [
        f"{name} {before!r} against {now!r}" for name, before, now in facts if before != now
    ]
    if different:
        raise SettingsError(
            f"runs {a['run']!r} and {b['run']!r} can't be compared: {'; '.join(different)}: "
            "measure both in the same state"
        )


def _other_code(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[str, ...]:
    facts = {
        "commit": (a["fingerprint"]["measured_commit"], b["fingerprint"]["measured_commit"]),
        "changes beyond it": (a["fingerprint"]["changes"], b["fingerprint"]["changes"]),
        "versions": (a["versions"], b["versions"]),
    }
    return tuple(
        f"{name}: {before or 'none'} against {now or 'none'}"
        for name, (before, now) in facts.items()
        if before != now
    )


def _changes(
    a: Mapping[str, Any], b: Mapping[str, Any], phase: str, names: list[str]
) -> dict[str, Effect]:
    return {
        name: _change(a[name][phase], b[name][phase])
        for name in names
        if a[name][phase]["error"] and b[name][phase]["error"]
    }


def _change(a: Mapping[str, Any], b: Mapping[str, Any]) -> Effect:
    """The difference of two log ratios with their own standard errors and degrees of freedom.

    Welch, The generalization of 'Student's' problem when several different population variances
    are involved, Biometrika 34 (1947).
    """
    variances = [one["error"] ** 2 for one in (a, b)]
    error = math.sqrt(sum(variances))
    freedom = sum(variances) ** 2 / sum(
        variance**2 / one["freedom"] for variance, one in zip(variances, (a, b), strict=True)
    )
    return Effect.of(math.log(b["ratio"] / a["ratio"]), error, freedom, ALPHA)


def show(found: Comparison, console: Console) -> None:
    """Print the table, and what else differs between the runs."""
    first, second = found.names
    table = Table(box=SIMPLE_HEAD, title=f"Ratio to the baseline: {second} to {first}")
    table.add_column("cell", no_wrap=True)
    for phase in PHASES:
        for heading in (f"{phase}: change \\[95 %]", "verdict"):
            table.add_column(heading, justify="right", no_wrap=True)
    for name in dict.fromkeys(name for phase in PHASES for name in found.changes[phase]):
        cells = [_cells(found.changes[phase].get(name)) for phase in PHASES]
        table.add_row(label(name), *(text for pair in cells for text in pair))
    console.print(table)
    for line in found.others:
        console.print(Text(f"the runs differ in their {line}"), soft_wrap=True)


def _cells(effect: Effect | None) -> tuple[str, str]:
    if effect is None:
        return "", ""
    return interval(effect.row()), verdict(effect.row())
