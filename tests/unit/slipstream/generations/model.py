"""An exhaustive search of the protocol's model for stale hits, breadth-first.

`python -m tests.unit.slipstream.generations.model --help` searches larger bounds than the tests do; which
were searched, and what came of it, is in docs/decisions.md ("The protocol's states are all looked at").
"""

import argparse
import sys
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace

from .model_commits import commit_steps
from .model_state import Model, State, canonical
from .model_steps import StaleHit, Step, full_steps

__all__ = ["ROWS", "TABLE", "Found", "search"]

TABLE = Model(marks=((0,), (0,)), needs=(0,))
"""One item, of a table; two writers of it."""

ROWS = Model(marks=((0, 1), (0, 2)), needs=(1, 2), guard=0)
"""T, R and A; a writer of the row and one that can't name its rows."""

Steps = Callable[[Model, State], Iterator[Step]]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search came to. `defect`: what is wrong, with the shortest way there."""

    reached: Collection[State] = field(repr=False)
    defect: str = ""
    schedule: tuple[str, ...] = ()

    @property
    def states(self) -> int:
        """Return how many states were reached."""
        return len(self.reached)


def search(model: Model, steps: Steps = full_steps, *, most_states: int = 10_000_000) -> Found:
    """Look at every state that can be reached; stop at the first stale hit, or dead end."""
    first = canonical(model.initial())
    came: dict[State, tuple[str, State] | None] = {first: None}
    waiting = deque([first])
    settled: dict[State, bool] = {}
    while waiting:
        state = waiting.popleft()
        if not _settles(model, state, settled):
            return Found(reached=came.keys(), defect="no hit any more", schedule=_way(came, state))
        try:
            for label, after in steps(model, state):
                if after not in came:
                    came[after] = (label, state)
                    waiting.append(after)
        except StaleHit as hit:
            return Found(reached=came.keys(), defect=str(hit), schedule=_way(came, state))
        if len(came) > most_states:
            raise OverflowError(f"more than {most_states} states")
    return Found(reached=came.keys())


def _way(came: dict[State, tuple[str, State] | None], state: State) -> tuple[str, ...]:
    way = [repr(state)]
    while (step := came[state]) is not None:
        label, state = step
        way.append(label)
    return tuple(reversed(way))


def _settles(model: Model, state: State, settled: dict[State, bool]) -> bool:
    """Say whether a reader alone comes to a hit, if nobody writes any more."""
    if any(writer.at not in ("ready", "over") for writer in state.writers):
        return True
    alone = replace(model, marks=(), readers=1, evictions=0)
    start = canonical(alone.initial()._replace(items=state.items))
    if start not in settled:
        settled[start] = _hits(alone, start)
    return settled[start]


def _hits(model: Model, start: State) -> bool:
    known, waiting = {start}, deque([start])
    while waiting:
        for label, after in full_steps(model, waiting.popleft()):
            if label.endswith(" hits"):
                return True
            if after not in known:
                known.add(after)
                waiting.append(after)
    return False


def main() -> None:
    """Search both configurations within the bounds of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", type=int, default=2, choices=(1, 2))
    parser.add_argument("--readers", type=int, default=3)
    parser.add_argument(
        "--any-readers",
        action="store_true",
        help="any number of readers and of transactions, see model_commits.py; --readers is ignored",
    )
    parser.add_argument("--evictions", type=int, help="at most so many; any number if not given")
    parser.add_argument("--ticks", type=int, default=2, help="HOLD_SECONDS in ticks")
    parser.add_argument("--only", choices=("table", "rows"))
    given = parser.parse_args()
    taken = commit_steps if given.any_readers else full_steps
    for name, model in (("table", TABLE), ("rows", ROWS)):
        if given.only in (None, name):
            bounds = replace(
                model,
                marks=model.marks[: given.writers],
                readers=0 if given.any_readers else given.readers,
                evictions=given.evictions,
                hold_ticks=given.ticks,
            )
            started = time.process_time()
            found = search(bounds, taken, most_states=100_000_000)
            seconds = time.process_time() - started
            print(f"{name}: {found.states} states, {seconds:.1f} s, {found.defect or 'no defect'}")
            print(*found.schedule, sep="\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
