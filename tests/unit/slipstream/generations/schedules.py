"""Runs programs one at a time, each in a thread, and switches between them only at `point`.

Who runs is decided by a schedule alone, so that every run can be repeated. A tiny database and a
store whose every access is a point are here too; what they are to prove is in `test_protocol.py`.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slipstream.generations.stores import Answered, Asked, Change, Exchanged

__all__ = ["Killed", "MemoryStore", "Run", "every_schedule"]

Choice = tuple[str, Any]
Decisions = Mapping[int, Choice]


class Killed(BaseException):
    """The program ends here, whatever it was about to do."""


@dataclass
class Run:
    """One run. `decide`: what to do at a numbered point, with the programs that could run instead.

    A choice is ('run', number of the program), ('do', a function) or ('kill', None).
    """

    decide: Callable[[int, Sequence[int]], Choice | None]
    options: list[tuple[int, ...]] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._locks: list[threading.Lock] = []
        self._alive: list[int] = []
        self._current = -1
        self._over = threading.Lock()

    def play(self, programs: Sequence[Callable[[], object]]) -> None:
        """Run all programs to their ends, and raise what one of them raised."""
        self._alive = list(range(len(programs)))
        self._locks = [threading.Lock() for _ in programs]
        for lock in (*self._locks, self._over):
            lock.acquire()
        threads = [
            threading.Thread(target=self._runs, args=(number, program), daemon=True)
            for number, program in enumerate(programs)
        ]
        for thread in threads:
            thread.start()
        self._hand_to(0)
        self._over.acquire()
        for thread in threads:
            thread.join()
        self._current = -1
        if self.errors:
            raise self.errors[0]

    def _hand_to(self, number: int) -> None:
        self._current = number
        self._locks[number].release()

    def _runs(self, number: int, program: Callable[[], object]) -> None:
        self._locks[number].acquire()
        try:
            program()
        except Killed:
            pass
        except BaseException as error:  # it is the test's
            self.errors.append(error)
        self._alive.remove(number)
        if self._alive:
            self._hand_to(self._alive[0])
        else:
            self._over.release()

    def point(self) -> None:
        """Let the schedule decide what happens before the next access."""
        me = self._current
        if me < 0:  # a program without a schedule
            return
        others = tuple(number for number in self._alive if number != me)
        choice = self.decide(len(self.options), others)
        self.options.append(others)
        if choice is None:
            return
        kind, what = choice
        if kind == "kill":
            raise Killed
        if kind == "do":
            what()
        elif what in others:
            self._hand_to(what)
            self._locks[me].acquire()


class MemoryStore:
    """Bytes under keys, with compare-and-swap; each key is an access of its own, as in memcached."""

    def __init__(
        self, point: Callable[[], None], *, backwards: bool = False, late: bool = False
    ) -> None:
        self.point = point
        self.backwards = backwards
        self.late = late
        self.values: dict[str, tuple[bytes, int]] = {}
        self.changes = 0

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        return {key: value for key, (value, _) in self.exchange((), keys)[1].items()}

    def exchange(self, changes: Sequence[Change], keys: Sequence[str]) -> Exchanged:
        done = [self._swapped(change) for change in changes]
        found = {}
        for key in reversed(keys) if self.backwards else keys:
            self.point()
            if key in self.values:
                found[key] = self.values[key]
        return done, found

    def ask(self, changes: Sequence[Change], keys: Sequence[str]) -> Asked:
        """Do it at once, or when somebody waits for it: on its way it may take as long."""
        if self.late:
            return Late(self, changes, keys)
        return Answered(self.exchange(changes, keys))

    def _swapped(self, change: Change) -> bool:
        self.point()
        _, version = self.values.get(change.key, (b"", None))
        if version != change.version:
            return False
        self.put(change.key, change.value)
        return True

    def put(self, key: str, value: bytes) -> None:
        self.changes += 1
        self.values[key] = (value, self.changes)

    def set(
        self,
        key: str,
        value: bytes,
        timeout_seconds: int,  # noqa: ARG002
        after: Sequence[Change] = (),
    ) -> None:
        for change in after:
            self._swapped(change)
        self.point()
        self.put(key, value)

    def add(self, key: str, value: bytes, timeout_seconds: int) -> bool:  # noqa: ARG002
        return self._swapped(Change(key=key, value=value, version=None))

    def delete(self, key: str) -> None:
        self.values.pop(key, None)


@dataclass
class Late:
    """An exchange that the store makes only when its answer is waited for."""

    store: MemoryStore
    changes: Sequence[Change]
    keys: Sequence[str]

    def answer(self) -> Exchanged:
        return self.store.exchange(self.changes, self.keys)

    def drop(self) -> None:
        """It never comes to the store."""


def every_schedule(
    play: Callable[[Decisions], Run], *, preemptions: int, events: Sequence[Choice] = ()
) -> Iterator[Decisions]:
    """Play every schedule with at most so many switches, and at most one of the events at any point.

    Each goes on from where the last decision of a shorter one was.
    """
    waiting: list[tuple[dict[int, Choice], int, bool]] = [({}, preemptions, bool(events))]
    while waiting:
        decisions, left, event_left = waiting.pop()
        run = play(decisions)
        yield decisions
        for step in range(max(decisions, default=-1) + 1, len(run.options)):
            if left:
                waiting += [
                    ({**decisions, step: ("run", other)}, left - 1, event_left)
                    for other in run.options[step]
                ]
            if event_left:
                waiting += [({**decisions, step: event}, left, False) for event in events]
