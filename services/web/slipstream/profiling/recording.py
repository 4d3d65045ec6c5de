"""What one request asked of the database: its statements, the rows and columns that came of them.

Data only: what fills it in is in `instruments.py` and `columns.py`, what is made of it in
`findings.py`.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field

from slipstream.profiling.places import Place

__all__ = ["CURRENT", "Columns", "Lookup", "Recording", "Statement"]


@dataclass(eq=False)
class Columns:
    """What a statement loaded into instances of one model, and what of it somebody read.

    needed: columns that the ORM has to have, read or not.
    """

    model: str
    loaded: frozenset[str]
    needed: set[str]
    read: set[str] = field(default_factory=set)
    instances: int = 0

    @property
    def unread(self) -> frozenset[str]:
        """Columns that could have been left out."""
        return self.loaded - self.read - self.needed


@dataclass(eq=False)
class Statement:
    """One statement; `rows` where it is a SELECT of any number of rows that were counted.

    limited: it says itself how many rows it wants at most.
    """

    sql: str
    params: str
    places: tuple[Place, ...]
    rows: int | None = None
    limited: bool = False
    columns: dict[tuple[str, frozenset[str]], Columns] = field(default_factory=dict)


@dataclass(eq=False)
class Lookup:
    """One that django-zeal reports as N+1: `what` is the relation or field, `campus.Post.author`."""

    what: str
    places: tuple[Place, ...]


@dataclass(eq=False)
class Recording:
    """One request's."""

    statements: list[Statement] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)


CURRENT: ContextVar[Recording | None] = ContextVar("slipstream_review", default=None)
"""None outside of a request that is reviewed."""
