"""Merges the findings of a page's requests into a list of what is to be done, as plain data.

    {"pages": {NAME: {path, requests, statements, todo: [FINDING], elsewhere: [FINDING]}}}
    FINDING = {kind, file, line, via, also, text, sql, requests}

statements: of the request that had the most. todo: caused by the site's own code; elsewhere: by a
library's alone, which the site can leave out or ask for less often. via: where a template is the
place, the line of Python that renders it. also: further lines that ask the same. requests: in how
many of the page's requests it was found.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from slipstream.profiling.findings import KINDS, ROWS, UNREAD, Finding, findings
from slipstream.profiling.recording import Recording

__all__ = ["Pages"]

MOST_PAGES = 500
MOST_FINDINGS = 200
MOST_COLUMNS_NAMED = 8


@dataclass
class Page:
    """What was found in all requests of one page so far."""

    path: str
    requests: int = 0
    statements: int = 0
    found: dict[tuple[object, ...], tuple[Finding, int]] = field(default_factory=dict)

    def add(self, recording: Recording) -> None:
        """Take in one more request."""
        self.requests += 1
        self.statements = max(self.statements, len(recording.statements))
        once: dict[tuple[object, ...], Finding] = {}
        for one in findings(recording):
            once[one.key] = merged(once[one.key], one) if one.key in once else one
        for key, one in once.items():
            before, times = self.found.get(key, (one, 0))
            if key in self.found or len(self.found) < MOST_FINDINGS:
                self.found[key] = merged(before, one), times + 1

    def shown(self) -> dict[str, Any]:
        """As plain data."""
        there = [
            (one, times) for one, times in self.found.values() if one.kind != UNREAD or one.columns
        ]
        there.sort(key=lambda pair: (KINDS.index(pair[0].kind), -pair[0].amount, pair[0].places))
        return {
            "path": self.path,
            "requests": self.requests,
            "statements": self.statements,
            "todo": [shown(one, times) for one, times in there if one.yours],
            "elsewhere": [shown(one, times) for one, times in there if not one.yours],
        }


def merged(one: Finding, other: Finding) -> Finding:
    """The same finding in two requests."""
    return replace(
        one,
        amount=max(one.amount, other.amount),
        columns=one.columns & other.columns,
        others=tuple(dict.fromkeys((*one.others, *other.others))),
    )


class Pages:
    """All pages of this process since it started, or since `clear`."""

    def __init__(self) -> None:
        self._pages: dict[str, Page] = {}
        self._lock = threading.Lock()

    def add(self, name: str, path: str, recording: Recording) -> None:
        """Take in a request of the page `name`."""
        with self._lock:
            if name in self._pages or len(self._pages) < MOST_PAGES:
                self._pages.setdefault(name, Page(path)).add(recording)

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self._pages.clear()

    def shown(self) -> dict[str, Any]:
        """As plain data, pages in alphabetical order."""
        with self._lock:
            return {"pages": {name: page.shown() for name, page in sorted(self._pages.items())}}


def shown(one: Finding, requests: int) -> dict[str, Any]:
    """A finding as plain data."""
    # What a library asks on behalf of a line of the site is to be changed there.
    places = [place for place in one.places if place.yours] or list(one.places)
    return {
        "kind": one.kind,
        "file": places[0].file if places else "",
        "line": places[0].line if places else 0,
        "via": str(places[1]) if len(places) > 1 else "",
        "also": [str(other) for other in one.others],
        "text": TEXTS[one.kind](one),
        "sql": one.sql,
        "requests": requests,
    }


def _n_plus_one(one: Finding) -> str:
    return (
        f"{one.model} is looked up row by row, {one.amount} times: fetch all at once with "
        "select_related or prefetch_related"
    )


def _similar(one: Finding) -> str:
    if one.sql.lstrip("( ").upper().startswith("SELECT"):
        remedy = "fetch all at once (select_related, prefetch_related, an `in` lookup)"
    else:
        remedy = "write all at once (bulk_create, bulk_update, one update or delete)"
    return f"{one.amount} statements that differ in their values alone: {remedy}"


def _repeated(one: Finding) -> str:
    return f"the same statement {one.amount} times: keep the first answer"


def _unpaginated(one: Finding) -> str:
    return (
        f"{one.amount} rows without a LIMIT, more than {ROWS}: paginate, aggregate in SQL, or cache "
        "what hardly changes"
    )


def _unread(one: Finding) -> str:
    names = sorted(one.columns)
    rest = len(names) - MOST_COLUMNS_NAMED
    named = _list(names[:MOST_COLUMNS_NAMED]) + (f" and {rest} more" if rest > 0 else "")
    rows = "the one row" if one.amount == 1 else f"any of {one.amount} rows"
    return (
        f"{len(names)} of {one.of} columns of {one.model} are never read of {rows}, {named}: "
        "leave them out with only() or defer()"
    )


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


TEXTS = dict(zip(KINDS, (_n_plus_one, _similar, _repeated, _unpaginated, _unread), strict=True))
