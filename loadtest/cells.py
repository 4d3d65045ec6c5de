"""The cells of a run: which sets of optimizations are measured, read from the table of them.

In which order they are measured is in `design.py`, what runs them in `replica/`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from loadtest.errors import SettingsError, suggestion

__all__ = (
    "AGAIN",
    "BASELINE",
    "RECOMMENDED",
    "STEP",
    "STORY",
    "WITHOUT",
    "Cell",
    "Row",
    "cells",
    "steps",
    "table",
    "without",
)

BASELINE, RECOMMENDED = "baseline", "recommended"
AGAIN = "baseline-again"
"""The A/A cell: the baseline in a container of its own. Nothing may be found of it."""
WITHOUT = "without-"
STEP = "up-to-"
STORY = ("sessions", "queries", "connections", "templates")
"""The order in which the team of the brief turned them on."""


class Row(Protocol):
    """What the lab needs of a row of `slipstream.optimizations.OPTIMIZATIONS`."""

    @property
    def name(self) -> str: ...
    @property
    def factor(self) -> str: ...
    @property
    def recommended(self) -> bool: ...
    @property
    def services(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A set of optimizations measured as one; cells with the same `store` share their sessions."""

    name: str
    active: tuple[str, ...]
    factors: tuple[str, ...]
    services: tuple[str, ...]
    store: str

    @property
    def service(self) -> str:
        """Name of its web service in the lab's Compose project."""
        return f"web-{self.name}"


def table() -> tuple[Row, ...]:
    """The rows of the real table; importing it needs no Django settings."""
    from slipstream.optimizations import OPTIMIZATIONS  # noqa: PLC0415 - tests bring their own rows

    return OPTIMIZATIONS


def cells(
    rows: Sequence[Row], only: Collection[str] = (), *, more: bool = False
) -> tuple[Cell, ...]:
    """Baseline twice, each optimization alone, all recommended together; `only` restricts these.

    more: also all recommended ones but one, for each of them, and what they are one after the other
    in the order of STORY; `only` may name these in any case.
    """
    together = [row for row in rows if row.recommended]
    everything = [_cell(row.name, [row]) for row in rows]
    usual = [cell.name for cell in everything]
    if len(together) > 1:  # one alone is a cell already
        everything.append(_cell(RECOMMENDED, together))
        usual.append(RECOMMENDED)
        everything += [
            _cell(without(row.name), [other for other in together if other is not row])
            for row in together
        ]
        everything += _on_the_way(together, everything)
    known = [cell.name for cell in everything]
    for name in only:
        if name not in (*known, BASELINE, AGAIN):
            raise SettingsError(f"unknown cell {name!r} in ONLY: {suggestion(name, known)}")
    wanted = only or (known if more else usual)
    chosen = [cell for cell in everything if cell.name in wanted]
    if not chosen:
        raise SettingsError("ONLY names nothing but the baseline: name an optimization to compare")
    return (_cell(BASELINE, []), _cell(AGAIN, []), *chosen)


def without(name: str) -> str:
    """Return the name of the cell with all recommended optimizations but this one: its last-off."""
    return f"{WITHOUT}{name}"


def steps(found: Sequence[Cell]) -> list[tuple[str, str]]:
    """Return (factor, name of the cell) of each step of the story that there is a cell for.

    Each has the recommended optimization of its factor and those of the factors before it.
    """
    recommended = next((cell for cell in found if cell.name == RECOMMENDED), None)
    if recommended is None:
        return []
    by_factor = dict(zip(recommended.factors, recommended.active, strict=True))
    order = [factor for factor in STORY if factor in by_factor]
    sets = {frozenset(cell.active): cell.name for cell in reversed(found)}
    named = [
        (factor, sets.get(frozenset(by_factor[one] for one in order[:number])))
        for number, factor in enumerate(order, 1)
    ]
    return [(factor, name) for factor, name in named if name is not None]


def _on_the_way(together: Sequence[Row], found: Sequence[Cell]) -> list[Cell]:
    """The steps of the story that aren't a cell already."""
    known = {frozenset(cell.active) for cell in found}
    order = sorted(
        (row for row in together if row.factor in STORY), key=lambda row: STORY.index(row.factor)
    )
    made = [_cell(f"{STEP}{row.factor}", order[:number]) for number, row in enumerate(order, 1)]
    return [cell for cell in made if frozenset(cell.active) not in known]


def _cell(name: str, rows: Iterable[Row]) -> Cell:
    members = list(rows)
    stores = [row.name for row in members if row.factor == "sessions"]
    return Cell(
        name=name,
        active=tuple(row.name for row in members),
        factors=tuple(row.factor for row in members),
        services=tuple(dict.fromkeys(service for row in members for service in row.services)),
        store=stores[0] if stores else "database-sessions",
    )
