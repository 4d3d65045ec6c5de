"""The cells of a run: which sets of optimizations are measured, read from the table of them.

In which order they are measured is in `design.py`, what runs them in `replica/`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol, Self

from loadtest.errors import SettingsError, suggestion

__all__ = (
    "AGAIN",
    "BASELINE",
    "PLUS",
    "RECOMMENDED",
    "STEP",
    "STORY",
    "WITHOUT",
    "Cell",
    "Row",
    "candidates",
    "cells",
    "composed",
    "separate",
    "steps",
    "table",
    "without",
)

BASELINE, RECOMMENDED = "baseline", "recommended"
AGAIN = "baseline-again"
"""The A/A cell: the baseline in a container of its own. Nothing may be found of it."""
WITHOUT = "without-"
STEP = "up-to-"
PLUS = "+"
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

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """A cell as run.json has it: with lists for tuples."""
        lists = {name: tuple(content[name]) for name in ("active", "factors", "services")}
        return cls(name=content["name"], store=content["store"], **lists)

    @property
    def service(self) -> str:
        """Name of its web service in the lab's Compose project."""
        return f"web-{self.name}".replace(PLUS, ".")  # Compose takes no plus


def table() -> tuple[Row, ...]:
    """The rows of the real table; importing it needs no Django settings."""
    from slipstream.optimizations import OPTIMIZATIONS  # noqa: PLC0415 - tests bring their own rows

    return OPTIMIZATIONS


def cells(
    rows: Sequence[Row], only: Collection[str] = (), *, more: bool = False
) -> tuple[Cell, ...]:
    """Baseline twice, each optimization alone, all recommended together; `only` restricts these.

    more: also all recommended ones but one, for each of them; what they are one after the other in
    the order of STORY, then of the table; and with all of them each optimization of a factor in
    which none is recommended. `only` may name these in any case.
    """
    together = [row for row in rows if row.recommended]
    everything = [_cell(row.name, [row]) for row in rows]
    usual = [cell.name for cell in everything]
    if len(together) > 1:  # one alone is a cell already
        everything.append(_cell(RECOMMENDED, together))
        usual.append(RECOMMENDED)
        last_offs = [
            _cell(without(row.name), [other for other in together if other is not row])
            for row in together
        ]
        for more_cells in (last_offs, _on_the_way(together), _on_top(rows, together)):
            sets = {cell.active for cell in everything}
            everything += [cell for cell in more_cells if cell.active not in sets]
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


def composed(name: str) -> bool:
    """Whether a cell is there for what is computed of several, not to be read by itself."""
    return name.startswith((WITHOUT, STEP)) or PLUS in name


def separate(name: str) -> bool:
    """Whether a cell shows what its optimizations do that no other one shows: of use for safety."""
    return name != AGAIN and not composed(name)


def candidates(rows: Sequence[Row]) -> tuple[Cell, ...]:
    """Every set of two optimizations or more, no two of one factor; named by them."""
    levels: dict[str, list[Row | None]] = {row.factor: [None] for row in rows}
    for row in rows:
        levels[row.factor].append(row)
    sets = ([row for row in chosen if row] for chosen in product(*levels.values()))
    return tuple(
        _cell(PLUS.join(row.name for row in chosen), chosen) for chosen in sets if len(chosen) > 1
    )


def steps(found: Sequence[Cell]) -> list[tuple[str, str | None]]:
    """Return (factor, name of the cell) of each step from none to all recommended optimizations.

    Each has the recommended optimization of its factor and those of the steps before it: the
    story's, then those of the table. None where there is no such cell.
    """
    recommended = next((cell for cell in found if cell.name == RECOMMENDED), None)
    if recommended is None:
        return []
    by_factor = dict(zip(recommended.factors, recommended.active, strict=True))
    order = sorted(by_factor, key=_place)
    sets = {frozenset(cell.active): cell.name for cell in reversed(found)}
    return [
        (factor, sets.get(frozenset(by_factor[one] for one in order[:number])))
        for number, factor in enumerate(order, 1)
    ]


def _place(factor: str) -> int:
    """A factor's place in the story; all others stand behind it, as they are."""
    return STORY.index(factor) if factor in STORY else len(STORY)


def _on_the_way(together: Sequence[Row]) -> list[Cell]:
    """The steps to all of these."""
    order = sorted(together, key=lambda row: _place(row.factor))
    sets = [
        [row for row in together if row in order[:number]] for number in range(1, len(order) + 1)
    ]
    return [_cell(f"{STEP}{row.factor}", chosen) for row, chosen in zip(order, sets, strict=True)]


def _on_top(rows: Sequence[Row], together: Sequence[Row]) -> list[Cell]:
    """All recommended ones, and one of a factor that none of them is of."""
    factors = {row.factor for row in together}
    return [
        _cell(f"{RECOMMENDED}{PLUS}{row.name}", [one for one in rows if one in (*together, row)])
        for row in rows
        if row.factor not in factors
    ]


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
