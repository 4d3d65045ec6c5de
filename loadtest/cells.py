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
    "WITHOUT",
    "Cell",
    "Row",
    "cells",
    "table",
    "without",
)

BASELINE, RECOMMENDED = "baseline", "recommended"
AGAIN = "baseline-again"
"""The A/A cell: the baseline in a container of its own. Nothing may be found of it."""
WITHOUT = "without-"


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
    rows: Sequence[Row], only: Collection[str] = (), *, last_offs: bool = False
) -> tuple[Cell, ...]:
    """Baseline twice, each optimization alone, all recommended together; `only` restricts these.

    last_offs: also all recommended ones but one, for each of them; `only` may name them in any case.
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
    known = [cell.name for cell in everything]
    for name in only:
        if name not in (*known, BASELINE, AGAIN):
            raise SettingsError(f"unknown cell {name!r} in ONLY: {suggestion(name, known)}")
    wanted = only or (known if last_offs else usual)
    chosen = [cell for cell in everything if cell.name in wanted]
    if not chosen:
        raise SettingsError("ONLY names nothing but the baseline: name an optimization to compare")
    return (_cell(BASELINE, []), _cell(AGAIN, []), *chosen)


def without(name: str) -> str:
    """Return the name of the cell with all recommended optimizations but this one: its last-off."""
    return f"{WITHOUT}{name}"


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
