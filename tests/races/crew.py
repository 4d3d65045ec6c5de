"""The processes of a run: forked from one that has loaded Django and opened nothing."""

import multiprocessing
import signal
import time
from collections.abc import Callable

from django.conf import settings
from django.db import connections

from tests.races.board import Board
from tests.races.options import Setting
from tests.races.reader import Reader
from tests.races.writer import Doom, Writer

__all__ = ["Crew"]

FORK = multiprocessing.get_context("fork")
Process = multiprocessing.context.ForkProcess
END_SECONDS = 15
DOOMED_SECONDS = 30


class Crew:
    """Starts readers and writers, and replaces writers that were killed."""

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

    def replace(self, number: int, doom: Doom) -> bool:
        """Have a doomed writer take over a column, then a sound one. Returns whether it died.

        One that doesn't die has passed all steps of that kind of write.
        """
        self.board["survived"][number] = 0
        self._kill(self.writers[number])
        doomed = self._writer(number, doom)
        deadline = time.monotonic() + DOOMED_SECONDS
        while doomed.is_alive() and not self.board["survived"][number]:
            if time.monotonic() > deadline:
                raise AssertionError(f"{doom} neither died nor lived after {DOOMED_SECONDS} s")
            time.sleep(0.002)
        if doomed.is_alive():
            self.writers[number] = doomed
            return False
        if doomed.exitcode != -signal.SIGKILL:
            raise AssertionError(f"a writer ended with {doomed.exitcode}, not by SIGKILL")
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

    def _writer(self, number: int, doom: Doom | None = None) -> Process:
        return self._fork(
            f"races-writer-{number}", lambda: Writer(number, self.setting, self.board).run(doom)
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
