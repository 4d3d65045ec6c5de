"""A budget that a run must keep, for CI: read from a TOML file, held against a result.

errors = 0                    # at most, in any cell's windows of the throughput

[queries.recommended]         # at most, per request of a page
people = 1

[ratios.recommended]          # at least, to the baseline's requests per second
mix = 1.5
one-query = 3
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from loadtest import toml
from loadtest.cells import AGAIN
from loadtest.errors import SettingsError, suggestion
from loadtest.figures import PHASES
from loadtest.table import progress

__all__ = ("Budget", "Check", "Status", "check", "of_the_run")

Limits = Mapping[str, Mapping[str, float]]
Status = Literal["kept", "broken", "can't tell"]
SECTIONS = ("errors", "queries", "ratios")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One limit, and what was found."""

    name: str
    status: Status
    found: str


@dataclass(frozen=True, kw_only=True)
class Budget:
    """`queries` by cell and page, `ratios` by cell and phase."""

    errors: float | None = None
    queries: Limits = field(default_factory=dict)
    ratios: Limits = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, cells: Collection[str]) -> Self:
        """The budget in the file; raises SettingsError, in one line, for anything unusable.

        cells: the names of those that there are.
        """
        content = toml.read(path, "budget")
        source = str(path)
        for name in content:
            toml.known(name, SECTIONS, "entry", source)
        errors = content.get("errors")
        return cls(
            errors=None if errors is None else toml.number(errors, "errors", source),
            queries=_limits(content, "queries", cells, source),
            ratios=_limits(content, "ratios", cells, source, PHASES),
        )


def _limits(
    content: Mapping[str, Any],
    section: str,
    cells: Collection[str],
    source: str,
    names: Collection[str] = (),
) -> Limits:
    given = content.get(section, {})
    if not isinstance(given, dict) or not all(isinstance(one, dict) for one in given.values()):
        raise SettingsError(
            f"{section} in {source!r} is unusable: give a table per cell, [{section}.recommended]"
        )
    for cell, limits in given.items():
        toml.known(cell, cells, "cell", source)
        for name in limits:
            toml.known(name, names or limits, "phase", source)
    return {
        cell: {name: toml.number(value, name, source) for name, value in limits.items()}
        for cell, limits in given.items()
    }


def check(budget: Budget, result: Mapping[str, Any]) -> tuple[Check, ...]:
    """Hold a result against a budget. What can't be told doesn't break it."""
    table = result["table"]
    return (*_errors(budget, table), *_queries(budget, table), *_ratios(budget, table))


def _errors(budget: Budget, table: Mapping[str, Any]) -> Iterator[Check]:
    if budget.errors is None:
        return
    for cell, row in table.items():
        status: Status = "kept" if row["errors"] <= budget.errors else "broken"
        found = f"{row['errors']} of {row['requests']}"
        yield Check(name=f"{cell}: errors at most {budget.errors:g}", status=status, found=found)


def _queries(budget: Budget, table: Mapping[str, Any]) -> Iterator[Check]:
    for cell, limits in budget.queries.items():
        for page, most in limits.items():
            name = f"{cell}: queries of {page!r} at most {most:g}"
            pages = table.get(cell, {}).get("pages", {})
            value = pages.get(page, {}).get("queries")
            if value is None:
                known = f"no such page in this run: {suggestion(page, pages)}"
                yield Check(
                    name=name, status="can't tell", found=known if pages else "not in this run"
                )
            else:
                status: Status = "kept" if value <= most else "broken"
                yield Check(name=name, status=status, found=f"{value:.2f} per request")


def _ratios(budget: Budget, table: Mapping[str, Any]) -> Iterator[Check]:
    for cell, limits in budget.ratios.items():
        for phase, least in limits.items():
            name = f"{cell}: {phase} at least {least:g} times the baseline"
            row = table.get(cell, {}).get(phase)
            if not row or row["low"] is None:
                yield Check(name=name, status="can't tell", found="not in this run")
            else:
                found = f"{row['ratio']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
                yield Check(name=name, status=_status(row, least), found=found)


def _status(row: Mapping[str, Any], least: float) -> Status:
    """Broken or kept only where the whole interval says so."""
    if row["high"] < least:
        return "broken"
    return "kept" if row["low"] >= least else "can't tell"


def of_the_run(result: Mapping[str, Any]) -> tuple[Check, ...]:
    """What every run owes, with a budget or without: all its windows, and a baseline like itself."""
    whole: Status = "kept" if result["complete"] else "broken"
    checks = [Check(name="all windows measured", status=whole, found=progress(result))]
    again = result["table"].get(AGAIN)
    for phase in PHASES if again else ():
        alike = again[phase]["verdict"] == "can't tell"
        found = "no difference found" if alike else f"differs: {again[phase]['ratio']:.2f} times"
        status: Status = "kept" if alike else "can't tell"  # chance does it, too
        checks.append(Check(name=f"baseline against itself: {phase}", status=status, found=found))
    return tuple(checks)
