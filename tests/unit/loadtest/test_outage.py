"""A service that is stopped under load: who failed, who was told to try again, who is logged in."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from loadtest.safety import outage
from loadtest.safety.probe import Found
from loadtest.samples import COLUMNS, Samples


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "BEFORE_SECONDS", 0.05)
    monkeypatch.setattr(outage, "AWAY_SECONDS", 0.2)
    monkeypatch.setattr(outage, "EDGE_SECONDS", 0.0)
    monkeypatch.setattr(outage, "BACK_SECONDS", 0.1)


class Service:
    """What the site does while it is away, as a status; and whether a session outlives that."""

    def __init__(self, away: int, *, forgets: bool = False) -> None:
        self.away, self.forgets = away, forgets
        self.running = threading.Event()
        self.running.set()
        self.stopped = False

    def stop(self) -> None:
        self.running.clear()
        self.stopped = True

    def load(self, seconds: float = 30) -> Samples:
        """Until it is back, and no longer than so many seconds."""
        rows: list[dict[str, Any]] = []
        began = time.perf_counter()
        while (now := time.perf_counter() - began) < seconds and not self.is_back:
            status = 200 if self.running.is_set() else self.away
            row: dict[str, Any] = dict.fromkeys(COLUMNS, 0)
            rows.append(row | {"start_s": now, "status": status, "page": "post", "error": ""})
            time.sleep(0.005)
        return Samples.of(rows, seconds)

    @property
    def is_back(self) -> bool:
        return self.stopped and self.running.is_set()

    def probe(self, load: Callable[[], Samples] | None = None) -> Found:
        back = lambda: self.running.is_set() and not self.forgets  # noqa: E731
        return outage.survived(self.stop, self.running.set, load or self.load, back)


@pytest.mark.parametrize(
    ("away", "status"), [(200, "passed"), (429, "passed"), (500, "failed"), (0, "failed")]
)
def test_pages_may_say_try_again_and_none_may_fail(away: int, status: str) -> None:
    found = Service(away).probe()
    assert found.status == status
    assert found.counts["meanwhile"] > 0
    assert (found.counts["try again"] > 0) is (away == 429)
    assert (found.counts["failed"] > 0) is (status == "failed")


def test_example_names_the_page_and_its_status() -> None:
    assert Service(503).probe().example == "post: status 503"
    assert Service(0).probe().example == "post: no answer"


def test_lost_session_is_a_fault() -> None:
    found = Service(200, forgets=True).probe()
    assert found.status == "failed"
    assert "isn't logged in any more" in found.example


def test_load_that_ends_too_early_shows_nothing() -> None:
    service = Service(500)
    found = service.probe(lambda: service.load(0.01))
    assert (found.status, found.reason) == (
        "not done",
        "nobody asked for a page while it was away",
    )


def test_service_is_started_again_when_the_load_is_stopped() -> None:
    service = Service(200)

    def interrupted() -> Samples:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        service.probe(interrupted)
    assert service.stopped
    assert service.running.is_set()
