"""What a run's folder keeps of its safety, written after each probe: a file per cell, and one for all.

safety/cells/NAME.json   {cell, cookies, probes: {name: as in probe.py}}
safety/shared.json       {name: as in probe.py}, of the probes that are done once
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from loadtest import atomic
from loadtest.cells import Cell, separate
from loadtest.safety.probe import Found
from loadtest.safety.verdict import EVERYWHERE, shared_by, verdicts
from loadtest.safety.vouching import vouched
from loadtest.store import Run

__all__ = ("Records", "is_missing", "result")


class Records:
    """Reads and writes them."""

    def __init__(self, run: Run) -> None:
        self.run, self.folder = run, run.folder / "safety"
        self.shared_file = self.folder / "shared.json"

    def cell(self, name: str) -> dict[str, Any]:
        """What is known of a cell; without probes at first."""
        return _read(self._file(name)) or {"cell": name, "cookies": None, "probes": {}}

    def lacks(self, name: str, probe: str) -> bool:
        """Say whether the probe has still to be done in the cell."""
        return probe not in self.cell(name)["probes"]

    def spared(self) -> dict[str, str]:
        """By cell the one that is probed in its place, and has passed whatever was done there."""
        plan = self.run.plan()
        instead = vouched(map(Cell.of, plan["cells"]), plan["settings"]["mode"])
        return {name: other for name, other in instead.items() if self._passes(other)}

    def _passes(self, name: str) -> bool:
        return all(one["status"] == "passed" for one in self.cell(name)["probes"].values())

    def keep(self, name: str, probe: str, found: Found, **more: Any) -> None:
        """Put what a probe found on disk."""
        record = self.cell(name) | more
        record["probes"][probe] = found.plain()
        atomic.write_json(self._file(name), record)

    @property
    def any(self) -> bool:
        """Say whether any probe was done."""
        return self.folder.exists()

    def shared(self) -> dict[str, Any]:
        """What the probes found that are done once, by their names."""
        return _read(self.shared_file) or {}

    def keep_shared(self, probe: str, found: Found) -> None:
        """Put what such a probe found on disk."""
        atomic.write_json(self.shared_file, self.shared() | {probe: found.plain()})

    def _file(self, name: str) -> Path:
        return self.folder / "cells" / f"{name}.json"


def is_missing(run: Run) -> bool:
    """Say whether a run that wanted its safety looked at lacks any of it."""
    plan, records = run.plan(), Records(run)
    if plan["settings"].get("safety", "0") == "0":
        return False
    cells = [cell for cell in plan["cells"] if separate(cell["name"])]
    if not records.shared().keys() >= set(shared_by(cell["factors"] for cell in cells)):
        return True
    names = {cell["name"] for cell in cells} - records.spared().keys()
    return any(records.lacks(name, probe) for name in names for probe in EVERYWHERE)


def result(run: Run, cells: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """`safety` of result.json; empty where nothing was looked at.

    verdicts: by cell with an optimization, as in `verdict.py`. controls: the probes of the cells
    without any. shared: as in its file.
    """
    records, cells = Records(run), [cell for cell in cells if separate(cell["name"])]
    known = {cell["name"]: records.cell(cell["name"]) for cell in cells}
    known = {name: record for name, record in known.items() if record["probes"]}
    shared = records.shared()
    if not known and not shared:
        return {}
    controls = [cell["name"] for cell in cells if not cell["factors"] and cell["name"] in known]
    return {
        "verdicts": verdicts(cells, known, shared, records.spared()),
        "controls": {name: known[name]["probes"] for name in controls},
        "shared": shared,
    }


def _read(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text())
    return content
