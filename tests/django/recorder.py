"""A test runner that writes down what became of each test."""

# ruff: noqa: N802 - unittest's names

import time
import unittest
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from django.test.runner import DiscoverRunner

DETAIL_CHARACTERS = 4000
# The worst thing that happened to a test, or to one of its subtests, is its outcome.
SEVERITY = ("passed", "skipped", "failed", "error")


@dataclass(slots=True)
class Outcome:
    outcome: str = "passed"
    seconds: float = 0.0
    detail: str = ""
    differences: int = field(default=0)  # found by verify mode while the test ran


class Recorder(unittest.TextTestResult):
    """Outcomes by test id, of all suites of this process."""

    outcomes: ClassVar[dict[str, Outcome]] = {}
    # Says how many differences verify mode has found so far.
    count_differences: ClassVar[Callable[[], int]] = staticmethod(lambda: 0)

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.outcomes[test.id()] = Outcome()
        self._differences = Recorder.count_differences()
        self._started = time.perf_counter()

    def stopTest(self, test: unittest.TestCase) -> None:
        outcome = self.outcomes[test.id()]
        outcome.seconds = round(time.perf_counter() - self._started, 4)
        outcome.differences = Recorder.count_differences() - self._differences
        super().stopTest(test)

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        super().addError(test, err)
        self._note(test, "error", self.errors[-1][1])

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        self._note(test, "failed", self.failures[-1][1])

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            failed = issubclass(err[0], test.failureException)
            texts = self.failures if failed else self.errors
            self._note(test, "failed" if failed else "error", texts[-1][1])

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self._note(test, "skipped", reason)

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        super().addUnexpectedSuccess(test)
        self._note(test, "failed", "unexpected success")

    def _note(self, test: unittest.TestCase, outcome: str, detail: str) -> None:
        # setUpClass reports under an id of its own, which no startTest announced.
        noted = self.outcomes.setdefault(test.id(), Outcome(outcome="skipped"))
        if SEVERITY.index(outcome) >= SEVERITY.index(noted.outcome):
            noted.outcome, noted.detail = outcome, detail[-DETAIL_CHARACTERS:]

    @classmethod
    def report(cls) -> dict[str, dict[str, Any]]:
        return {name: asdict(outcome) for name, outcome in cls.outcomes.items()}


class Runner(DiscoverRunner):
    def get_resultclass(self) -> type[unittest.TextTestResult]:
        return Recorder
