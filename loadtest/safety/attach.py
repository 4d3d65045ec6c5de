"""Makes the safety stage of a run's plan and its running replica."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from loadtest import samples
from loadtest.cells import Cell, separate
from loadtest.driver import Generator
from loadtest.errors import LabError
from loadtest.plan import Plan
from loadtest.replica.lab import Replica
from loadtest.safety import outage, stage, verify
from loadtest.safety.line import open_lines
from loadtest.safety.login import HOME, log_in, shows
from loadtest.safety.probe import Found
from loadtest.safety.verdict import VERIFY, applying, shared_by
from loadtest.samples import Samples

__all__ = ("look",)


def look(plan: Plan, replica: Replica, generator: Generator, say: Callable[[str], None]) -> None:
    """Do all probes that are missing. Raises StoreError, KeyboardInterrupt."""
    compose_file = replica.compose.file
    assert compose_file is not None  # noqa: S101 - a replica that runs has one
    own = _Shared(plan, replica, generator, compose_file)
    cells = tuple(cell for cell in plan.cells if separate(cell.name))
    stage.check(
        stage.Stage(
            run=plan.run,
            cells=cells,
            stores=plan.stores,
            urls=replica.urls,
            workers=stage.workers_by_cell(compose_file, cells),
            size=stage.SIZES[plan.settings.mode],
            empty=replica.empty,
            shared={name: own.probe(name) for name in shared_by(c.factors for c in cells)},
            say=say,
        )
    )


@dataclass(frozen=True)
class _Shared:
    """The probes that are done once, each in one of the cells that it applies to."""

    plan: Plan
    replica: Replica
    generator: Generator
    compose_file: Path

    def probe(self, name: str) -> Callable[[], Found]:
        if name == VERIFY:
            return self.verified
        return partial(self.survived, name, outage.SERVICES[name])

    def verified(self) -> Found:
        like = verify.cell_of(self.plan.cells)
        seconds = stage.SIZES[self.plan.settings.mode].verify_seconds
        with verify.booted(self.compose_file, like) as cell:
            return verify.verified(cell, lambda: self.load(like, cell.url, seconds)[0])

    def survived(self, name: str, service: str) -> Found:
        cell = next(one for one in self.plan.cells if name in applying(one.factors))
        url = self.replica.urls[cell.name]
        self.replica.empty(cell)
        with open_lines(url, 1) as lines:
            visitor, _ = log_in(lines[0], stage.LOGS_OUT)

        def is_logged_in() -> bool:
            with suppress(LabError), open_lines(url, 1) as lines:
                return shows(lines[0].get(HOME, visitor), visitor.user)
            return False

        compose = self.replica.compose
        return outage.survived(
            lambda: compose.run("stop", "--timeout", "5", service),
            lambda: compose.run("start", service),
            lambda: self.load(cell, url, outage.LOAD_SECONDS)[1],
            is_logged_in,
        )

    def load(self, cell: Cell, url: str, seconds: float) -> tuple[Mapping[str, Any], Samples]:
        """Send the mix of pages; return its figures and every response."""
        raw = self.plan.run.folder / "safety" / "load.npz"
        raw.parent.mkdir(exist_ok=True)
        try:
            figures = self.generator.order(
                "phase",
                store=cell.store,
                base_url=url,
                pages="mix",
                warmup_seconds=0,
                seconds=seconds,
                seed="safety",
                raw=str(raw),
            )
            return figures, samples.load(raw)
        finally:
            raw.unlink(missing_ok=True)
