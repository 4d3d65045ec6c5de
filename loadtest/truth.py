"""Proves from outside that a cell does what its set says, before and after each of its windows.

Before and after: the page /-/optimizations, whose probes ask the services' own statistics. After,
too: the counts that every response of the window carried, and by how much the services' statistics
grew meanwhile. What is expected of them is the table in `proofs.py`.
"""

import http.client
import json
import urllib.request
from collections.abc import Collection, Mapping
from typing import Any

from loadtest.cells import Cell
from loadtest.errors import ReplicaError, TruthError
from loadtest.growth import Growth
from loadtest.loopback import require_loopback
from loadtest.proofs import RESPONSES, SERVICES

__all__ = ("check_after", "check_page", "check_services", "check_window", "read_page")

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


def check_page(cell: Cell, names: Collection[str], page: Mapping[str, Any]) -> None:
    """What the page says of the cell. Raises TruthError naming the optimization and the evidence."""
    if set(page["active"]) != set(cell.active):
        raise TruthError(
            f"cell {cell.name!r} reports {sorted(page['active'])} as active instead of "
            f"{sorted(cell.active)}: its container doesn't run the set that it was given"
        )
    # Its own first: where one is broken, another level of its factor may seem to be in force.
    for name in sorted(names, key=lambda name: name not in cell.active):
        probe = page["probes"].get(name)
        if probe is None:
            raise TruthError(
                f"cell {cell.name!r} has no probe for {name!r}: nothing proves its state"
            )
        if probe["in_force"] != (name in cell.active):
            _refuse(name, name in cell.active, cell, probe.get("evidence"))


def check_window(
    cell: Cell, names: Collection[str], page: Mapping[str, Any], record: Mapping[str, Any]
) -> None:
    """All that can be said after a window: its record, with what its phases gave, and the page now."""
    check_page(cell, names, page)
    good = {name: one["requests"] - one["errors"] for name, one in record["phases"].items()}
    for phase, counts in record["counts"].items():
        check_after(cell, phase, counts, good[phase])
    queries = (record["counts"][phase]["queries"] or 0.0 for phase in good)
    grown = Growth(
        before=record["evidence"],
        after=page["probes"],
        requests=good,
        queries=sum(per * number for per, number in zip(queries, good.values(), strict=True)),
    )
    check_services(cell, names, grown)


def check_after(cell: Cell, phase: str, counts: Mapping[str, float | None], good: int) -> None:
    """Counts per request of a phase's good responses against what the cell's factors promise."""
    if not good:
        return  # nothing was measured, which is said elsewhere
    for proof in (proof for proof in RESPONSES if phase in proof.phases):
        value = proof.figure(counts)
        if value is None:
            raise TruthError(
                f"cell {cell.name!r}: no response of {phase} says its {proof.seen} "
                f"(Server-Timing), so that nothing proves {proof.factor!r}: is SLIPSTREAM_EXPOSE=1?"
            )
        level = _level(cell, proof.factor)
        if level and level == proof.unless:
            continue
        if level or proof.spared_by not in (*cell.factors, *cell.active):
            bounds = proof.on if level else proof.off
            wrong = bounds.broken_by(value, above=proof.first_times / good)
            _refuse_if(wrong, level or proof.factor, cell, {f"{proof.seen} of {phase}": value})


def check_services(cell: Cell, names: Collection[str], grown: Growth) -> None:
    """What the services counted over a window against what the cell's factors promise."""
    if not all(grown.requests.values()):
        return  # as above
    for proof in (proof for proof in SERVICES if proof.optimization in names):
        level = _level(cell, proof.factor)
        if level not in ("", proof.optimization) or (not level and proof.spared_by in cell.factors):
            continue
        value, bounds = proof.figure(grown), proof.on if level else proof.off
        if value is None:
            # Where it is off, the service may not be there to be asked.
            wrong: Mapping[str, float | None] = {"at least": bounds.least} if level else {}
        else:
            others = proof.probes / grown.all_requests
            wrong = bounds.broken_by(value, above=others, below=others)
        _refuse_if(wrong, level or proof.factor, cell, {proof.seen: value})


def _level(cell: Cell, factor: str) -> str:
    """The optimization by which the cell changes a factor; '' for none."""
    return dict(zip(cell.factors, cell.active, strict=True)).get(factor, "")


def _refuse_if(
    wrong: Mapping[str, float | None], name: str, cell: Cell, seen: Mapping[str, float | None]
) -> None:
    if wrong:
        _refuse(name, name in cell.active, cell, {**seen, **wrong})


def _refuse(name: str, expected: bool, cell: Cell, evidence: object) -> None:
    state = "not in force although it is on" if expected else "in force although it is off"
    text = json.dumps(evidence, default=str)
    raise TruthError(
        f"{name!r} is {state} in cell {cell.name!r}, by the evidence {text}: "
        "its figures would be another set's, so the run stops"
    )
