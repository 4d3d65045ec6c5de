"""A run: calm, a fault, the time until the table is cacheable again, and so on until it is over."""

import itertools
import random
import resource
import time
from collections.abc import Callable, Iterator

import psycopg

from tests.races.board import CALM, TROUBLED, Board
from tests.races.crew import Crew
from tests.races.doom import Tally
from tests.races.faults import evict, restart
from tests.races.found import MOST_RECOVERY_HOLDS, START, Found
from tests.races.options import Setting
from tests.races.schema import CREATE, KINDS, TABLE, name_of

__all__ = ["race"]


def race(setting: Setting, say: Callable[[str], None]) -> Found:
    """Run it; the services are there, Django is set up, and nothing has been connected."""
    options = setting.options
    _make_table(setting)
    board = Board(setting.folder / "board", options)
    crew = Crew(setting, board)
    race = _Race(setting, board, crew)
    started = time.monotonic()
    crew.start()
    try:
        for said in race.rounds(started):
            say(said)
            crew.check()
    finally:
        crew.stop()
    race.found.seconds = time.monotonic() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    race.found.processor_seconds = used.ru_utime + used.ru_stime
    race.count()
    return race.found


def _make_table(setting: Setting) -> None:
    rows = [(pk, name_of(pk)) for pk in range(1, setting.options.rows + 1)]
    with psycopg.connect(setting.dsn) as control, control.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
        cursor.execute(CREATE)
        cursor.executemany(f"INSERT INTO {TABLE} (id, name) VALUES (%s, %s)", rows)  # noqa: S608 - our own name


class _Race:
    def __init__(self, setting: Setting, board: Board, crew: Crew) -> None:
        self.setting = setting
        self.options = setting.options
        self.board = board
        self.crew = crew
        self.random = random.Random(setting.options.seed)
        self.found = Found()
        self.tally = Tally(board, self.random)
        self.faults: dict[str, Callable[[], int]] = {
            "kill": self._kill,
            "evict": lambda: evict(setting.server, self.random),
            "restart": lambda: restart(setting.server, self.random),
        }

    def rounds(self, started: float) -> Iterator[str]:
        self.board["phase"][0] = TROUBLED
        self._recover(START, time.monotonic_ns())
        time.sleep(self.options.calm_seconds)  # each row is missed once; that isn't counted as calm
        faults = self.options.faults or ("none",)
        for turn, fault in enumerate(itertools.cycle(faults)):
            if turn >= len(faults) and self._over(started):
                return
            self._calm()
            if fault != "none":
                self._fault(fault)
            yield self._progress(fault, time.monotonic() - started)

    def _over(self, started: float) -> bool:
        """Say whether all that was asked for has been done; each fault was there once."""
        options = self.options
        return (
            time.monotonic() - started >= options.seconds
            and self.board.total("reads") >= options.reads
            and (not options.every_step or self.tally.done)
        )

    def _calm(self) -> None:
        self.board["phase"][0] = CALM
        time.sleep(self.options.calm_seconds)

    def _fault(self, name: str) -> None:
        self.board["phase"][0] = TROUBLED
        count = self.faults[name]()
        self.found.faults[name] = self.found.faults.get(name, 0) + count
        self._recover(name, time.monotonic_ns())

    def _recover(self, fault: str, since_ns: int) -> None:
        """Wait for a hit of the list, which began after the fault was over."""
        limit_ns = since_ns + int((2 * MOST_RECOVERY_HOLDS * self.options.hold_seconds + 1) * 1e9)
        while max(self.board["list_hit_ns"]) < since_ns and time.monotonic_ns() < limit_ns:
            time.sleep(0.005)
        seconds = (time.monotonic_ns() - since_ns) / 1e9
        self.found.recovery_seconds.setdefault(fault, []).append(seconds)

    def _kill(self) -> int:
        """Kill all writers at once, each at a step seldom tried, and again until there are enough.

        Not for longer than HOLD_SECONDS: what the first ones leave behind shall count.
        """
        killed, end = 0, time.monotonic() + self.options.hold_seconds
        while killed < self.options.kills and time.monotonic() < end:
            dooms = self.tally.next(min(self.options.writers, self.options.kills - killed))
            died = self.crew.doom(dict(enumerate(dooms)))
            self.tally.killed |= died
            killed += len(died)
        return killed

    def count(self) -> None:
        """Take over what the processes have counted."""
        board = self.board
        names = ("reads", "hits", "stale", "back", "failed", "writes", "own", "unwritten")
        self.found.counters = {name: board.total(name) for name in names}
        reads, calm = board.total("reads"), board.of_phase("reads", CALM)
        self.found.steps = {kind: self.tally.of(kind) for kind in KINDS}
        self.found.hit_ratio = board.total("hits") / max(1, reads)
        self.found.calm_hit_ratio = board.of_phase("hits", CALM) / max(1, calm)

    def _progress(self, fault: str, seconds: float) -> str:
        self.count()
        counted = self.found.counters
        last = self.found.recovery_seconds.get(fault, [0.0])[-1]
        return (
            f"{seconds:5.0f} s  {fault:8} cacheable after {last:4.1f} s; {counted['reads']} reads, "
            f"{counted['writes']} writes, {counted['stale']} stale, {counted['back']} back, "
            f"calm hit ratio {self.found.calm_hit_ratio:.2f}, "
            f"{self.found.steps_hit} of {self.found.steps_known} steps"
        )
