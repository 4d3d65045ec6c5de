"""The printed summary: one line per cell, then what failed."""

from collections import Counter
from collections.abc import Iterable

from tests.django.results import Result

HEADINGS = (
    *("database", "Django", "mode", "tests", "passed", "skipped", "failed", "errors"),
    *("reads", "hits", "misses", "in flux", "bypasses", "hit ratio", "differences"),
)


def row(result: Result) -> tuple[str, ...]:
    cell, counts = result.cell, Counter(result.outcomes.values())
    outcomes = (counts[each] for each in ("passed", "skipped", "failed", "error"))
    head = (cell.database, cell.django, cell.mode, str(len(result.outcomes)), *map(str, outcomes))
    counted = result.statistics
    if not counted["read"]:
        return (*head, *"-------")
    reads, hits, misses = counted["read"], counted["hit"], counted["missed"]
    bypasses = sum(bypasses_by_reason(result).values())
    numbers = (reads, hits, misses, reads - hits - misses - bypasses, bypasses)
    different = str(sum(result.differences.values()))
    return (*head, *map(str, numbers), f"{hits / reads:.3f}", different)


def bypasses_by_reason(result: Result) -> dict[str, int]:
    prefix = "bypass:"
    counts = result.statistics
    return {key.removeprefix(prefix): counts[key] for key in counts if key.startswith(prefix)}


def table(results: Iterable[Result]) -> str:
    rows = [HEADINGS, *map(row, results)]
    widths = [max(len(line[column]) for line in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
        for line in rows
    )


def details(result: Result) -> Iterable[str]:
    reasons = bypasses_by_reason(result)
    if reasons:
        counts = sorted(reasons.items(), key=lambda item: -item[1])
        yield f"{result.cell.name}: bypasses: " + ", ".join(f"{why} {n}" for why, n in counts)
    coverage = {
        key.removeprefix("coverage:"): count
        for key, count in result.statistics.items()
        if key.startswith("coverage:")
    }
    if coverage:
        yield f"{result.cell.name}: tables: " + ", ".join(
            f"{key} {n}" for key, n in coverage.items()
        )
    for key, count in sorted(result.statistics.items()):
        if key.startswith("templates:"):
            yield f"{result.cell.name}: {key}: {count}"
    for report in result.died:
        packages = ", ".join(report["packages"])
        yield f"{result.cell.name}: the process of {packages} died: see {report['log']}"
