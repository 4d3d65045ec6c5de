"""Every page of the sample as every visitor, twice, so that the second visit comes from the caches.

Visitors take turns on each page, and at the second visit each is served by the next worker: whatever a
cache holds for one of them, in the store or in a process, is there when another one asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from loadtest.safety.difference import difference
from loadtest.safety.line import Answer, Line, Visitor
from loadtest.safety.probe import Found

__all__ = ("Crawl", "compared", "crawl")

VISITS = 2
Key = tuple[str, str]
"""Who, and which path."""


@dataclass(frozen=True, kw_only=True)
class Crawl:
    """A cell's answers, one mapping per visit; `queries` of all of them, by visit."""

    visits: list[dict[Key, Answer]] = field(default_factory=list)

    @property
    def queries(self) -> list[int]:
        """What each visit asked the database, by Server-Timing."""
        return [sum(max(0, one.queries) for one in visit.values()) for visit in self.visits]


def crawl(lines: Sequence[Line], visitors: Sequence[Visitor], paths: Sequence[str]) -> Crawl:
    """Visit all. Raises ProbeError where there is no answer."""
    own = [visitor.again() for visitor in visitors]
    found = Crawl()
    for visit in range(VISITS):
        answers: dict[Key, Answer] = {}
        turns = list(enumerate(own))
        for number, path in enumerate(paths):
            for turn, visitor in turns if visit % 2 == 0 else turns[::-1]:
                line = lines[(number + turn + visit) % len(lines)]
                answers[str(visitor), path] = line.get(path, visitor)
        found.visits.append(answers)
    return found


def compared(
    expected: Crawl, found: Crawl, again: Mapping[str, tuple[Line, Visitor]], *, as_tree: bool
) -> Found:
    """Hold a cell's crawl against the baseline's.

    A page on which they differ is asked of the baseline once more (`again`: a line and a visitor by
    the visitor's name): it isn't the cell's fault where the data has changed since.
    """
    faults, moved, count = [], 0, 0
    for visit, answers in enumerate(found.visits, 1):
        for (who, path), answer in answers.items():
            count += 1
            what = difference(expected.visits[0][who, path], answer, as_tree=as_tree)
            if not what:
                continue
            line, visitor = again[who]
            if not difference(line.get(path, visitor), answer, as_tree=as_tree):
                moved += 1
                continue
            faults.append(f"{path} as {who}, visit {visit}, worker {answer.worker}: {what}")
    pages = len({path for _, path in found.visits[0]})
    counts = {"pages": pages, "visitors": count // (pages * VISITS), "compared": count}
    counts |= {f"queries of visit {number}": n for number, n in enumerate(found.queries, 1)}
    return Found.of(counts | {"changed since": moved}, faults, fault="differences")
