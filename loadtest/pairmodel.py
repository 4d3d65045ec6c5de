"""The model behind shares and pairs: what each factor gives, and what each pair gives on top.

On the log scale of a rate: an intercept, a term per player (a factor at its recommended level), a
term per pair of players, and one per other level of a player's factor: its difference to the
recommended one. Levels of one factor share its pairs. Design and estimates both read it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Self

import numpy as np

from loadtest.cells import RECOMMENDED, Cell

__all__ = ("PairModel",)


@dataclass(frozen=True, kw_only=True)
class PairModel:
    """`players`: the recommended level by factor. `others`: all other levels of these factors."""

    players: Mapping[str, str]
    others: tuple[str, ...]

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> Self | None:
        """Return the model for what these cells are made of; None without all recommended ones."""
        recommended = next((cell for cell in cells if cell.name == RECOMMENDED), None)
        if recommended is None:
            return None
        players = dict(zip(recommended.factors, recommended.active, strict=True))
        levels = {
            level: factor
            for cell in cells
            for factor, level in zip(cell.factors, cell.active, strict=True)
        }
        others = [level for level, factor in levels.items() if players.get(factor, level) != level]
        return cls(players=players, others=tuple(others))

    @property
    def pairs(self) -> dict[str, tuple[str, str]]:
        """Every two of the players' levels, by the name of their term."""
        return {f"{one} x {other}": (one, other) for one, other in combinations(self._levels, 2)}

    @property
    def terms(self) -> list[str]:
        """The names of the columns; the first is the intercept."""
        return ["", *self._levels, *self.pairs, *self.others]

    @property
    def _levels(self) -> list[str]:
        return list(self.players.values())

    def holds(self, cell: Cell) -> bool:
        """Whether the model has terms for all that the cell is made of."""
        return all(factor in self.players for factor in cell.factors)

    def matrix(self, cells: Sequence[Cell]) -> np.ndarray:
        """A row per cell, a column per term."""
        return np.array([self._row(cell) for cell in cells])

    def _row(self, cell: Cell) -> list[float]:
        on = {level: float(factor in cell.factors) for factor, level in self.players.items()}
        return [
            1.0,
            *on.values(),
            *(on[one] * on[other] for one, other in self.pairs.values()),
            *(float(level in cell.active) for level in self.others),
        ]

    def share(self, player: str) -> dict[str, float]:
        """A player's Shapley share: its own term, and half of each pair that it is in.

        Shapley, A Value for n-Person Games (1953): in a game that consists of pairs, the average
        over all orders of joining gives each of two half of what they make together.
        """
        halves = {name: 0.5 for name, two in self.pairs.items() if player in two}
        return {player: 1.0} | halves

    def total(self) -> dict[str, float]:
        """All players together, against none: the sum of their shares."""
        return dict.fromkeys([*self._levels, *self.pairs], 1.0)
