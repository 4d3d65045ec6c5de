"""What a run found, as a table for people and as JSON for programs."""

from dataclasses import asdict
from typing import Any

from rich.table import Table

from tests.races.found import Found
from tests.races.options import Setting

__all__ = ["as_json", "as_line", "as_table"]


def as_table(setting: Setting, found: Found) -> Table:
    """One row per figure: what people look for first comes first."""
    options, counted = setting.options, found.counters
    table = Table("", "", title=f"{options.library} on {options.store}", show_header=False)
    million = counted["stale"] / max(1, counted["reads"]) * 1e6
    rows = {
        "reads": f"{counted['reads']:,} by {options.readers} processes in {found.seconds:.0f} s",
        "speed": (
            f"{counted['reads'] / max(1.0, found.seconds):,.0f} reads a second, "
            f"{counted['reads'] / max(1.0, found.processor_seconds):,.0f} a second of processor"
        ),
        "hits": f"{counted['hits']:,} ({found.hit_ratio:.2f}; {found.calm_hit_ratio:.2f} when calm)",
        "stale": f"{counted['stale']:,} ({million:,.0f} per million)",
        "going back": f"{counted['back']:,}",
        "own writes not seen": f"{counted['own']:,}",
        "writes": f"{counted['writes']:,} by {options.writers} processes",
        "failed reads, writes": f"{counted['failed']:,}, {counted['unwritten']:,}",
        "faults": ", ".join(f"{count} {name}" for name, count in found.faults.items()) or "none",
        "killed at steps": _steps(found),
    }
    rows |= {
        f"cacheable after {fault}": f"{_range(seconds)} s ({len(seconds)} times)"
        for fault, seconds in found.recovery_seconds.items()
    }
    for name, text in rows.items():
        table.add_row(name, text)
    return table


def _steps(found: Found) -> str:
    """At how many steps of each kind of write a writer was killed, of how many there are."""
    return ", ".join(
        f"{kind} {steps.hit} of {steps.known}"
        + (f" and {steps.hit_rare} of {steps.rare} rare" if steps.rare else "")
        for kind, steps in found.steps.items()
    )


def as_line(setting: Setting, found: Found) -> str:
    """What is promised, in one line."""
    counted = found.counters
    return (
        f"{setting.options.store}: {counted['reads']:,} reads, {counted['stale']} stale, "
        f"{counted['back']} going back, calm hit ratio {found.calm_hit_ratio:.2f}; "
        f"writers killed at {found.steps_hit} of {found.steps_known} steps known; cacheable again "
        f"after at most {found.longest_recovery:.2f} s of {found.limit(setting):.1f} s (2L)"
    )


def _range(seconds: list[float]) -> str:
    return f"{min(seconds):.2f} to {max(seconds):.2f}"


def as_json(setting: Setting, found: Found) -> dict[str, Any]:
    """All figures, and what was asked for."""
    problems = found.problems(setting)
    return {"options": asdict(setting.options), "found": asdict(found), "problems": problems}
