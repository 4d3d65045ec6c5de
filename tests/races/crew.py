"""The processes of a run: forked from one that has loaded Django and opened nothing."""

import multiprocessing
import signal
import time
from collections.abc import Callable, Mapping

from django.conf import settings
from django.db import connections

from tests.races.board import Board
from tests.races.doom import Doom
from tests.races.options import Setting
from tests.races.reader import Reader
from tests.races.writer import Writer

__all__ = ["Crew"]

FORK = multiprocessing.get_context("fork")
Process = multiprocessing.context.ForkProcess
END_SECONDS = 15
DOOMED_SECONDS = 60


class Crew:
    """Starts readers and writers, and replaces writers that died."""

    def __init__(self, setting: Setting, board: Board) -> None:
        self.setting = setting
        self.board = board
        self.readers: list[Process] = []
        self.writers: list[Process] = []

    def start(self) -> None:
        """Start all of them."""
        options = self.setting.options
        self.readers = [self._reader(number) for number in range(options.readers)]
        self.writers = [self._writer(number) for number in range(options.writers)]

    def doom(self, dooms: Mapping[int, Doom]) -> set[Doom]:
        """Have writers kill themselves, all at once, and replace those that did; returns where.

        One that never comes to its step lives on.
        """
        for number, doom in dooms.items():
            self.board["doom"][number] = doom.number
        waiting, died = dict(dooms), set()
        deadline = time.monotonic() + DOOMED_SECONDS
        while waiting:
            if time.monotonic() > deadline:
                raise AssertionError(f"{waiting} neither died nor lived after {DOOMED_SECONDS} s")
            for number, doom in list(waiting.items()):
                if self._has_died(number):
                    died.add(doom)
                if not self.board["doom"][number]:
                    del waiting[number]
            time.sleep(0.002)
        return died

    def _has_died(self, number: int) -> bool:
        """Say whether a doomed writer is dead; if so, another one takes over its column."""
        writer = self.writers[number]
        if writer.is_alive():
            return False
        if writer.exitcode != -signal.SIGKILL:
            raise AssertionError(f"a writer ended with {writer.exitcode}, not by SIGKILL")
        self.board["doom"][number] = 0
        self.writers[number] = self._writer(number)
        return True

    def check(self) -> None:
        """Raise where a process has ended by itself."""
        for process in (*self.readers, *self.writers):
            if not process.is_alive():
                raise AssertionError(f"{process.name} ended by itself: {process.exitcode}")

    def stop(self) -> None:
        """End the run: each process ends after what it is at; none is left."""
        self.board["stop"][0] = 1
        for process in (*self.readers, *self.writers):
            process.join(END_SECONDS)
            self._kill(process)

    @staticmethod
    def _kill(process: Process) -> None:
        process.kill()
        process.join()

    def _reader(self, number: int) -> Process:
        return self._fork(
            f"races-reader-{number}", lambda: Reader(number, self.setting, self.board).run()
        )

    def _writer(self, number: int) -> Process:
        return self._fork(
            f"races-writer-{number}", lambda: Writer(number, self.setting, self.board).run()
        )

    def _fork(self, name: str, task: Callable[[], None]) -> Process:
        process = FORK.Process(target=_named, args=(name, task), name=name, daemon=True)
        process.start()
        return process


def _named(name: str, task: Callable[[], None]) -> None:
    """Run a task with its name on its database connection, by which a successor finds it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings.DATABASES["default"]["OPTIONS"]["application_name"] = name
    for made in connections.all(initialized_only=True):
        made.settings_dict["OPTIONS"]["application_name"] = name
    task()
