"""Proves from outside that a cell does what its set says, before and after each of its windows.

Before: the page /-/optimizations, whose probes ask the services' own statistics. After: the counts
that every response of the window carried.
"""

import http.client
import json
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from loadtest.cells import Cell
from loadtest.errors import ReplicaError, TruthError
from loadtest.figures import PHASES
from loadtest.loopback import require_loopback

__all__ = ("check_after", "check_before", "read_page")

TIMEOUT_SECONDS = 20


def read_page(base_url: str) -> dict[str, Any]:
    """The content of /-/optimizations; raises ReplicaError where it doesn't answer."""
    url = require_loopback(base_url) + "/-/optimizations"
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - http only
            content: dict[str, Any] = json.load(answer)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ReplicaError(f"{url} doesn't answer ({error}): is the cell up?") from None
    if not {"active", "probes", "versions"} <= content.keys():
        raise ReplicaError(f"{url} doesn't say active, probes and versions: is it the replica?")
    return content


def check_before(cell: Cell, names: Sequence[str], page: Mapping[str, Any]) -> None:
    """Raises TruthError naming the optimization and the evidence."""
    if set(page["active"]) != set(cell.active):
        raise TruthError(
            f"cell {cell.name!r} reports {sorted(page['active'])} as active instead of "
            f"{sorted(cell.active)}: its container doesn't run the set that it was given"
        )
    for name in names:
        probe = page["probes"].get(name)
        if probe is None:
            raise TruthError(
                f"cell {cell.name!r} has no probe for {name!r}: nothing proves its state"
            )
        if probe["in_force"] != (name in cell.active):
            _refuse(name, name in cell.active, cell, probe.get("evidence"))


def check_after(cell: Cell, phase: str, counts: Mapping[str, float | None], requests: int) -> None:
    """Counts per request of a phase against what the cell's factors promise."""
    for factor, column, phases, most, least, spares in FACTS:
        value = counts.get(column)
        if value is None or phase not in phases:
            continue
        members = [name for name, of in zip(cell.active, cell.factors, strict=True) if of == factor]
        if members and value > (allowed := most + FIRST_TIMES / requests):
            _refuse(members[0], True, cell, {f"{column} per request": value, "at most": allowed})
        if not members and value < least and spares not in cell.factors:
            _refuse(factor, False, cell, {f"{column} per request": value, "at least": least})


FACTS = (
    # factor, column, phases, at most when one of its optimizations is on, at least when none is,
    # another factor that lowers the count as well
    ("connections", "connections", PHASES, 0.05, 0.5, "queries"),
    ("templates", "compiled", PHASES, 0.05, 0.01, ""),
    # In the mix visitors write, so that how much is left to ask depends on their pace.
    ("queries", "queries", ("one-query",), 0.05, 0.9, ""),
)
FIRST_TIMES = 16
"""Connections that threads may still open, templates that processes compile and queries that nobody
asked yet, for the first time: much in a short window on a slow machine, far less than the one per
request of a broken cell.
"""


def _refuse(name: str, expected: bool, cell: Cell, evidence: object) -> None:
    state = "not in force although it is on" if expected else "in force although it is off"
    text = json.dumps(evidence, default=str)
    raise TruthError(
        f"{name!r} is {state} in cell {cell.name!r}, by the evidence {text}: "
        "its figures would be another set's, so the run stops"
    )
