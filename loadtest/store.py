"""A run's folder: its plan, its windows as they are finished, and what is made of them.

    run.json                 settings, seed, scenario, cells, design, fingerprint; written once
    windows/NNN.json         a finished window; NNN.1.json, NNN.2.json: attempts that don't count
    windows/NNN-mix.npz      raw samples (`samples.py`), NNN-one-query.npz
    latency.json             what the latency stage measures; written once, as it begins
    page.json, capacity.json     what came out of these stages, at their end
    latency/, page/, capacity/   the windows of these stages, as in windows/
    safety/, review.json, profiles/   what the probes and the review found
    report.html, result.*, waterfall.*, junit.xml

A window exists once its JSON does; that is written last, after the raw samples it names.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from loadtest import atomic
from loadtest.errors import SettingsError, StoreError, suggestion
from loadtest.review import stored

__all__ = (
    "LATENCY",
    "MEASURED",
    "SCHEMA",
    "Run",
    "newest",
    "only_one",
    "open_run",
    "unfinished",
)

SCHEMA = 1
MEASURED = "measured"
LATENCY = "latency.json"


class Run:
    """Reads and writes one run's folder."""

    def __init__(self, folder: Path, stage: str = "windows") -> None:
        self.folder, self.windows_folder = folder, folder / stage

    def stage(self, name: str) -> Self:
        """The same run with the windows of another of its stages."""
        return type(self)(self.folder, name)

    @classmethod
    def create(cls, results: Path, name: str, plan: dict[str, Any]) -> Self:
        run = cls(results / name)
        if (run.folder / "run.json").exists():
            raise StoreError(f"run {name!r} exists already: start again in a second")
        atomic.write_json(run.folder / "run.json", {"schema": SCHEMA, "name": name} | plan)
        return run

    @property
    def name(self) -> str:
        return self.folder.name

    def plan(self) -> dict[str, Any]:
        content = _read(self.folder / "run.json")
        if content.get("schema") != SCHEMA:
            raise StoreError(
                f"run {self.name!r} has schema {content.get('schema')!r}, not {SCHEMA}: "
                "measure again"
            )
        return content

    def write_window(self, window: dict[str, Any]) -> None:
        """A measured window takes its number's place; any other is kept beside it."""
        number = int(window["number"])
        name = f"{number:03d}"
        if window["status"] != MEASURED:
            name += f".{len(self._attempts(number)) + 1}"
        atomic.write_json(self.windows_folder / f"{name}.json", window)

    def windows(self) -> list[dict[str, Any]]:
        """The finished windows, in the order of the design."""
        paths = sorted(self.windows_folder.glob("[0-9][0-9][0-9].json"))
        return [_read(path) for path in paths]

    def failures(self) -> list[dict[str, Any]]:
        """Attempts that were interrupted or invalid; the reason is in each."""
        return [
            _read(path) for path in sorted(self.windows_folder.glob("[0-9][0-9][0-9].[0-9]*.json"))
        ]

    def finished(self) -> set[int]:
        return {int(window["number"]) for window in self.windows()}

    def raw(self, name: str) -> Path:
        return self.windows_folder / name

    def read(self, name: str) -> dict[str, Any] | None:
        """A JSON file of the run, None where it isn't there yet."""
        path = self.folder / name
        return _read(path) if path.exists() else None

    def write(self, name: str, content: dict[str, Any]) -> None:
        atomic.write_json(self.folder / name, content)

    def missing(self) -> int | None:
        """How many windows and further stages are; None where that can't be known yet.

        A run of old has no latency stage.
        """
        plan = self.plan()
        left = len(plan["design"]) - len(self.finished())
        if not plan.get("settings", {}).get("latency_seconds"):
            return left
        latency = self.read(LATENCY)
        if latency is None:
            return None
        left += len(latency["design"]) - len(self.stage("latency").finished())
        return left + sum(self.read(f"{name}.json") is None for name in latency["then"])

    def write_result(self, result: dict[str, Any]) -> None:
        atomic.write_json(self.folder / "result.json", result)

    def _attempts(self, number: int) -> list[Path]:
        return list(self.windows_folder.glob(f"{number:03d}.[0-9]*.json"))


def runs(results: Path) -> list[Run]:
    """All runs, oldest first: names begin with date and time."""
    return [Run(path.parent) for path in sorted(results.glob("*/run.json"))]


def open_run(results: Path, name: str) -> Run:
    """The run of that name or path. Raises SettingsError."""
    for folder in (results / name, Path(name)):
        if (folder / "run.json").is_file():
            return Run(folder)
    known = [run.name for run in runs(results)]
    hint = suggestion(name, known) if known else "there is none yet"
    raise SettingsError(f"no run {name!r} in {str(results)!r}: {hint}")


def newest(results: Path) -> Run:
    found = runs(results)
    if not found:
        raise SettingsError(f"no run in {str(results)!r} yet: `make loadtest` makes one")
    return _with_windows(found)


def unfinished(results: Path, lacks: Callable[[Run], bool] = lambda _: False) -> Run:
    """The newest run that lacks windows, or else something. Raises SettingsError for none."""
    found = [run for run in runs(results) if _is_unfinished(run) or lacks(run)]
    if not found:
        raise SettingsError(
            f"no unfinished run in {str(results)!r} to resume: leave RESUME out to start one"
        )
    return _with_windows(found)


def _is_unfinished(run: Run) -> bool:
    """Whether windows are missing, or the review that was asked for."""
    if run.missing() != 0:
        return True
    return bool(run.plan().get("settings", {}).get("review")) and stored.is_due(run.folder)


def _with_windows(found: list[Run]) -> Run:
    """The newest that has any; a run that failed at its start must not hide the one before."""
    return next((run for run in reversed(found) if run.finished()), found[-1])


@contextmanager
def only_one(results: Path) -> Iterator[None]:
    """Two labs at once would measure each other: the second is refused, whatever its results."""
    results.mkdir(parents=True, exist_ok=True)
    with (results / ".lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip()
            raise StoreError(
                f"another lab is running (process {owner}): wait for its end or stop it"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise StoreError(f"can't read {str(path)!r}: {error}") from None
    return content
