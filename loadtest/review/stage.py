"""Reviews the pages of the scenario and draws their flame graphs, once all windows are measured.

What is done is on disk at once; a resumed run does what is missing. A failure here is said and
recorded, and costs the run nothing else: its windows are measured.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

from loadtest import atomic
from loadtest.cells import BASELINE, Cell
from loadtest.driver import Generator
from loadtest.errors import LabError, ReplicaError
from loadtest.plan import Plan
from loadtest.review import asking, stored
from loadtest.review.profiled import FLAME, REVIEW, Profiled, profiled
from loadtest.scenario import ACTIONS

__all__ = ("run",)

WARMUP_SECONDS = 1.0
REVIEW_SECONDS = 4.0
FLAME_SECONDS = 1.5
"""Per kind of visit, in each of the cells."""
ONE_QUERY = "one-query"

Say = Callable[[str], None]


class Replica(Protocol):
    """As much of `lab.Replica` as is needed here."""

    @property
    def urls(self) -> dict[str, str]: ...
    def start_one(self, cell: Cell) -> None: ...
    def stop_one(self, cell: Cell) -> None: ...


def run(plan: Plan, replica: Replica, generator: Generator, say: Say) -> None:
    """Do what is missing. Raises KeyboardInterrupt; anything of the lab's own is said and kept."""
    folder, began = plan.run.folder, time.monotonic()
    content = stored.nothing() | stored.read(folder) | {"failed": ""}
    before = content["seconds"]
    try:
        for one in _missing(plan, content):
            say(f"{TITLES[one.tool]} of {one.like.name!r}")
            _visit(one, plan, replica, generator, content)
            content["seconds"] = round(before + time.monotonic() - began, 3)
            stored.write(folder, content)
        stored.write(folder, content | {"done": True})
    except LabError as error:
        stored.write(folder, content | {"failed": str(error)})
        say(f"the review is not complete: {error}")
    if content["pages"] is not None:
        number = stored.todos(content)
        say(f"reviewed: {number} thing{'' if number == 1 else 's'} to do, in report.html")


TITLES = {REVIEW: "reviewing the queries", FLAME: "drawing flame graphs"}


def _missing(plan: Plan, content: dict[str, Any]) -> list[Profiled]:
    done = {
        REVIEW: {BASELINE} if content["pages"] is not None else set(),
        FLAME: set(content["flames"]),
    }
    return [one for one in profiled(plan.cells) if one.like.name not in done[one.tool]]


def _visit(
    one: Profiled, plan: Plan, replica: Replica, generator: Generator, content: dict[str, Any]
) -> None:
    url = replica.urls[one.cell.name]
    try:
        replica.start_one(one.cell)
        load = _Load(plan, generator, one.cell, url)
        even = [1.0] * len(ACTIONS)
        load(even, WARMUP_SECONDS)
        load(None, WARMUP_SECONDS / 2)
        asking.begin_anew(url, one.tool)
        if one.tool == REVIEW:
            load(even, REVIEW_SECONDS)
            load(None, WARMUP_SECONDS / 2)
            content["pages"] = asking.read(url, REVIEW)
        else:
            for place in range(len(ACTIONS)):
                load([float(place == other) for other in range(len(ACTIONS))], FLAME_SECONDS)
            load(None, FLAME_SECONDS)
            content["flames"][one.like.name] = _drawn(one, plan, url)
    finally:
        replica.stop_one(one.cell)


def _drawn(one: Profiled, plan: Plan, url: str) -> dict[str, Any]:
    """Fetch and keep the picture of each page."""
    found = {}
    for page, facts in asking.read(url, FLAME).items():
        file, html = stored.flame_file(one.like.name, page), asking.flame(url, page)
        atomic.write(plan.run.folder / file, lambda out, html=html: out.write(html))  # type: ignore[misc]
        each_ms = facts["seconds"] / facts["requests"] * 1000
        found[page] = {"file": file, "requests": facts["requests"], "ms": round(each_ms, 3)}
    return found


class _Load:
    """Puts a cell under the closed load of all visitors; what it measures is thrown away."""

    def __init__(self, plan: Plan, generator: Generator, cell: Cell, url: str) -> None:
        self._plan, self._generator, self._cell, self._url = plan, generator, cell, url

    def __call__(self, weights: list[float] | None, seconds: float) -> None:
        """weights: of the actions; None is the one-query page.

        Raises ReplicaError where no page answered as it should: it would seem that all are fine.
        """
        raw = self._plan.run.folder / "review.npz"
        figures = self._generator.order(
            "phase",
            store=self._cell.store,
            base_url=self._url,
            pages=ONE_QUERY if weights is None else "mix",
            warmup_seconds=0,
            seconds=seconds,
            seed="review",
            raw=str(raw),
            weights=weights,
        )
        raw.unlink(missing_ok=True)
        if figures["requests"] and figures["errors"] == figures["requests"]:
            first = figures["error_examples"][0]
            raise ReplicaError(
                f"cell {self._cell.name!r} answered none of {figures['requests']} requests as it "
                f"should, the first: {first['page']}: {first['detail']}"
            )
