"""What a cell came to: outcomes of tests, statistics of the cache, and what the allow-list says."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.django.processes import Cell

ALLOWED = Path(__file__).with_name("allowed.txt")
ENTRY = re.compile(r"(?P<test>.+?) \[(?P<scope>[^\]]*)\] (?P<reason>\S.*)")
BAD = ("failed", "error")
SOMETIMES = "sometimes"  # in a scope: the test may pass as well, so it never becomes stale


@dataclass(frozen=True, slots=True)
class Allowed:
    """A test that may fail, in the cells that have every word of its scope, and why."""

    test: str
    scope: frozenset[str]  # of: a database, a Django series, the words of a mode; and SOMETIMES
    reason: str

    def covers(self, cell: Cell) -> bool:
        return self.scope <= {cell.database, cell.django, *cell.mode.split("-"), SOMETIMES}


@dataclass(slots=True)
class Result:
    cell: Cell
    outcomes: dict[str, str] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)
    differences: dict[str, int] = field(default_factory=dict)
    seconds: Counter[str] = field(default_factory=Counter)  # by package
    tests: Counter[str] = field(default_factory=Counter)  # by package
    statistics: Counter[str] = field(default_factory=Counter)
    died: list[dict[str, Any]] = field(default_factory=list)

    def bad(self) -> set[str]:
        return {test for test, outcome in self.outcomes.items() if outcome in BAD}


def read_allowed(path: Path = ALLOWED) -> list[Allowed]:
    entries = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = ENTRY.fullmatch(line.strip())
        if found is None:
            raise SystemExit(f"error: {path.name}:{number}: {line!r} is not 'TEST [scope] reason'")
        scope = frozenset(found["scope"].split())
        entries.append(Allowed(found["test"], scope, found["reason"]))
    return entries


def gather(cell: Cell, reports: Iterable[Mapping[str, Any]]) -> Result:
    result = Result(cell)
    for report in reports:
        if "died" in report:
            result.died.append(dict(report))
            continue
        for test, noted in report["tests"].items():
            _take(result, test, noted)
        result.statistics.update(report.get("statistics", {}))
    return result


def _take(result: Result, test: str, noted: Mapping[str, Any]) -> None:
    result.outcomes[test] = noted["outcome"]
    package = test.rpartition("(")[2].partition(".")[0]  # of setUpClass's id as well
    result.seconds[package] += noted["seconds"]
    result.tests[package] += 1
    if noted["outcome"] in BAD:
        result.details[test] = noted["detail"]
    if noted["differences"]:
        result.differences[test] = noted["differences"]


def unexpected(result: Result, allowed: Iterable[Allowed], plain: Result | None) -> set[str]:
    """The tests that failed without being allowed to, and not without the query cache either."""
    named = {entry.test for entry in allowed if entry.covers(result.cell)}
    return result.bad() - named - (plain.bad() if plain else set())


def stale(results: Iterable[Result], allowed: Iterable[Allowed]) -> list[Allowed]:
    """The entries whose test passed wherever they cover it; for a run of every cell."""
    return [
        entry
        for entry in allowed
        if SOMETIMES not in entry.scope
        and not any(entry.covers(result.cell) and entry.test in result.bad() for result in results)
    ]
