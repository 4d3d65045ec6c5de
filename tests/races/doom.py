"""Which steps of a write there are, and at which a writer was killed or is to be killed next.

How many steps a write has is counted in the calm phases, not known: it's the library's own affair,
and a write that meets another has more than one that meets nobody. Those that are seldom seen are
tried as well once the others are through.
"""

import random
from collections import Counter
from dataclasses import dataclass, field

from tests.races.board import Board
from tests.races.schema import KINDS, MOST_STEPS

__all__ = ["Doom", "Steps", "Tally"]

USUAL_SHARE = 0.05
"""Of the writes of a kind that must come to a step for it to count as one of theirs."""
LEAST_WRITES = 50
"""Of a kind before it is said how many steps it has."""
MOST_TRIES = 5
"""Of `writer.DOOMED_WRITES` each: to miss a known step by chance in all of them is out of the question."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Doom:
    """The step of a kind of write at which a writer kills itself."""

    kind: str
    step: int

    @property
    def number(self) -> int:
        """As it stands on the board, where 0 is none."""
        return 1 + KINDS.index(self.kind) * MOST_STEPS + self.step

    @classmethod
    def of(cls, number: int) -> "Doom | None":
        """Return what stands on the board."""
        if not number:
            return None
        kind, step = divmod(number - 1, MOST_STEPS)
        return cls(kind=KINDS[kind], step=step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Of one kind of write: `known` are those that are usual, `rare` how many more were seen."""

    known: int
    rare: int
    killed: tuple[int, ...]
    writes: int

    @property
    def hit(self) -> int:
        """At how many of the known steps a writer was killed."""
        return self.known - len(self.spared)

    @property
    def hit_rare(self) -> int:
        """At how many of the others."""
        return sum(step >= self.known for step in self.killed)

    @property
    def spared(self) -> list[int]:
        """The known steps at which no writer was killed."""
        return sorted(set(range(self.known)) - set(self.killed))


@dataclass(slots=True)
class Tally:
    """Picks steps, the least tried first, and notes where a writer died."""

    board: Board
    random: random.Random
    killed: set[Doom] = field(default_factory=set)
    tried: Counter[Doom] = field(default_factory=Counter)

    def of(self, kind: str) -> Steps:
        """Return what is known of a kind of write now."""
        lengths = self._lengths(kind)
        writes = sum(lengths)
        # At step n die those writes that have more than n steps.
        reached = [sum(lengths[step + 1 :]) for step in range(MOST_STEPS)]
        known = sum(count > 0 and count >= writes * USUAL_SHARE for count in reached)
        killed = tuple(sorted(doom.step for doom in self.killed if doom.kind == kind))
        seen = sum(count > 0 for count in reached)
        return Steps(known=known, rare=seen - known, killed=killed, writes=writes)

    def _lengths(self, kind: str) -> list[int]:
        """Return how many writes of this kind took 0, 1, 2, … steps."""
        per_writer, start = len(KINDS) * MOST_STEPS, KINDS.index(kind) * MOST_STEPS
        steps = self.board["steps"]
        return [sum(steps[start + step :: per_writer]) for step in range(MOST_STEPS)]

    def next(self, count: int) -> list[Doom]:
        """Return this many steps to die at, seldom tried ones first; rare ones after the known."""
        by_kind = {kind: self.of(kind) for kind in KINDS}
        rare_too = self.done
        places = [
            Doom(kind=kind, step=step)
            for kind, steps in by_kind.items()
            for step in range(steps.known + (steps.rare if rare_too else 0))
        ]
        order = {doom: (self.tried[doom], self.random.random()) for doom in places}
        chosen = sorted(places, key=order.__getitem__)[:count]
        self.tried.update(chosen)
        return chosen

    @property
    def done(self) -> bool:
        """Say whether a writer was killed at every step, or never came to it however often."""
        return all(self._done(kind) for kind in KINDS)

    def _done(self, kind: str) -> bool:
        steps = self.of(kind)
        left = [step for step in steps.spared if self._is_hoped_for(kind, step)]
        return steps.writes >= LEAST_WRITES and not left

    def _is_hoped_for(self, kind: str, step: int) -> bool:
        return self.tried[Doom(kind=kind, step=step)] < MOST_TRIES
