"""What a run can say so far: each cell's ratio to the baseline, after each window.

A fit takes some milliseconds, between windows only, when nothing is measured. The verdicts are for
the end: whoever looks often enough finds a difference sometime.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from loadtest import comparisons, model
from loadtest.cells import BASELINE
from loadtest.figures import PHASES
from loadtest.table import label, plain_interval

__all__ = ("Estimates",)

Record = Mapping[str, Any]


class Estimates:
    """Ratios in the mix of pages, from the windows that were measured until now."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.observations: list[model.Observation] = []
        self.effects: dict[str, model.Effect] = {}
        for record in records:
            self._take(record)
        self._fit()

    def add(self, record: Record) -> None:
        self._take(record)
        self._fit()

    def of(self, cell: str) -> str:
        """The cell's ratio with its interval as soon as there is one; '' where there is none."""
        effect = self.effects.get(cell)
        return "" if effect is None else plain_interval(effect.row())

    def lines(self, most: int) -> list[str]:
        """A line per cell, at most so many, the largest first; each names what it leaves out."""
        order = sorted(self.effects, key=lambda cell: -self.effects[cell].ratio)
        shown = order if len(order) <= most else order[: max(0, most - 1)]
        wide = max((len(label(cell)) for cell in shown), default=0)
        found = [f"{label(cell):{wide}}  {self.of(cell)}" for cell in shown]
        hidden = len(order) - len(shown)
        return found + ([f"and {hidden} smaller ones"] if hidden and most > 0 else [])

    def _take(self, record: Record) -> None:
        phase = record["phases"].get(PHASES[0])
        if phase is not None:
            rate = phase["requests_per_second"]
            self.observations.append(model.Observation(record["cell"], record["block"], rate))

    def _fit(self) -> None:
        self.effects = comparisons.to_baseline(model.fit(self.observations, BASELINE))
