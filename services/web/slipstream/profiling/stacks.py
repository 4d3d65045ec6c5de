"""Adds up sampled stacks into a tree: how much time each function took below each caller.

Where stacks come from is in `flames.py`, how a tree is drawn in `flamegraph.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Frame", "Function", "totals"]


@dataclass(frozen=True)
class Function:
    """`file` as Python knows it, `line` where the function begins."""

    name: str
    file: str
    line: int


@dataclass(eq=False)
class Frame:
    """A function below its caller; `seconds` with all that it called in turn."""

    seconds: float = 0.0
    below: dict[Function, "Frame"] = field(default_factory=dict)

    def add(self, stack: Sequence[Function], seconds: float) -> None:
        """Count a sample; the outermost function is first."""
        self.seconds += seconds
        frame = self
        for function in stack:
            frame = frame.below.setdefault(function, Frame())
            frame.seconds += seconds

    @property
    def own_seconds(self) -> float:
        """Without what it called."""
        return self.seconds - sum(frame.seconds for frame in self.below.values())


def totals(root: Frame) -> dict[Function, float]:
    """Seconds that each function took itself, wherever it was called; most first."""
    found: dict[Function, float] = {}
    waiting = [root]
    while waiting:
        frame = waiting.pop()
        for function, below in frame.below.items():
            found[function] = found.get(function, 0.0) + below.own_seconds
            waiting.append(below)
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))
