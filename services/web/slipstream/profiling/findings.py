"""Judges a recording: what a reviewer would want changed on this page, with the line to change.

Kinds, in the order of what they usually cost: KINDS. Merging several requests is in `pages.py`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from slipstream.profiling.places import Place
from slipstream.profiling.recording import Recording, Statement

__all__ = ["KINDS", "ROWS", "SIMILAR", "Finding", "findings"]

N_PLUS_ONE = "n+1"
SIMILAR_QUERIES = "similar"
REPEATED = "repeated"
UNPAGINATED = "unpaginated"
UNREAD = "unread-columns"
KINDS = (N_PLUS_ONE, SIMILAR_QUERIES, REPEATED, UNPAGINATED, UNREAD)

SIMILAR = 3
"""As many statements that differ in their values alone look like a loop; two are often meant."""

ROWS = 100
"""More rows than this, of a statement that doesn't limit them, grow with the table: a page of the
sample has as many."""

BOOKKEEPING = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT", "SET ", "BEGIN", "COMMIT")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing to do. `places`: as in `places.here`; `others`: further lines that cause it.

    amount: statements, or rows for `unpaginated`; the largest of all requests counts.
    columns: those never read; a request that reads one takes it out.
    """

    kind: str
    places: tuple[Place, ...]
    others: tuple[Place, ...] = ()
    sql: str = ""
    model: str = ""
    amount: int = 0
    of: int = 0
    columns: frozenset[str] = frozenset()

    @property
    def yours(self) -> bool:
        """Whether it's the site's code that causes it."""
        return any(place.yours for place in (*self.places, *self.others))

    @property
    def key(self) -> tuple[object, ...]:
        """What is the same thing to do in another request."""
        return self.kind, self.places, self.sql, self.model


def findings(recording: Recording) -> list[Finding]:
    """All of one request; those about columns may have none unread, for `pages.py` to merge."""
    asked = [one for one in recording.statements if not one.sql.startswith(BOOKKEEPING)]
    looked_up = list(_looked_up(recording))
    known = {finding.places for finding in looked_up}
    return [
        *looked_up,
        *(one for one in _similar(asked) if one.places not in known),
        *_repeated(asked),
        *_unpaginated(asked),
        *_unread(asked),
    ]


def _looked_up(recording: Recording) -> Iterator[Finding]:
    times = Counter((one.what, one.places) for one in recording.lookups)
    for (what, places), number in times.items():
        # django-zeal speaks up at the second.
        yield Finding(kind=N_PLUS_ONE, places=places, model=what, amount=number + 1)


def _similar(asked: Iterable[Statement]) -> Iterator[Finding]:
    """Same SQL from the same line with other values, as in a loop."""
    groups: dict[tuple[str, tuple[Place, ...]], list[Statement]] = defaultdict(list)
    for one in asked:
        groups[one.sql, one.places].append(one)
    for (sql, places), members in groups.items():
        if len({one.params for one in members}) >= SIMILAR:
            yield Finding(kind=SIMILAR_QUERIES, places=places, sql=sql, amount=len(members))


def _repeated(asked: Iterable[Statement]) -> Iterator[Finding]:
    """Same SQL with the same values, from wherever."""
    groups: dict[tuple[str, str], list[Statement]] = defaultdict(list)
    for one in asked:
        groups[one.sql, one.params].append(one)
    for (sql, _), members in groups.items():
        if len(members) > 1:
            # A line of the site's goes first: that is where something can be done about it.
            causes = sorted(
                dict.fromkeys(one.places for one in members),
                key=lambda places: not any(place.yours for place in places),
            )
            others = tuple(place for places in causes[1:] for place in places if place.yours)
            yield Finding(
                kind=REPEATED, places=causes[0], others=others, sql=sql, amount=len(members)
            )


def _unpaginated(asked: Iterable[Statement]) -> Iterator[Finding]:
    for one in asked:
        if one.rows is not None and one.rows > ROWS and not one.limited:
            yield Finding(kind=UNPAGINATED, places=one.places, sql=one.sql, amount=one.rows)


def _unread(asked: Iterable[Statement]) -> Iterator[Finding]:
    for one in asked:
        if not (one.places and one.places[0].yours):
            continue  # which columns a library's own query loads is nothing that the site decides
        for columns in one.columns.values():
            yield Finding(
                kind=UNREAD,
                places=one.places,
                sql=one.sql,
                model=columns.model,
                amount=columns.instances,
                of=len(columns.loaded),
                columns=columns.unread,
            )
