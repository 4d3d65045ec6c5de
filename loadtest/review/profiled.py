"""The cells with profiling tools, and their services in the lab's Compose model.

Each is like a measured cell in all but its image, its tool and the number of its processes: one.
They are behind a Compose profile, so that nothing of them runs while windows are measured.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from loadtest.cells import BASELINE, RECOMMENDED, Cell
from loadtest.errors import ReplicaError

__all__ = ("FLAME", "REVIEW", "Profiled", "profiled", "services")

REVIEW, FLAME = "review", "flame"
SERVICE = PROFILE = "profiling"


@dataclass(frozen=True, kw_only=True)
class Profiled:
    """A cell of the image for development; `like` is the measured cell whose set it runs."""

    cell: Cell
    like: Cell
    tool: str


def profiled(cells: Sequence[Cell]) -> tuple[Profiled, ...]:
    """The review is of the baseline; flame graphs also of all recommended ones, where measured."""
    by_name = {cell.name: cell for cell in cells}
    wanted = ((REVIEW, BASELINE), (FLAME, BASELINE), (FLAME, RECOMMENDED))
    return tuple(
        Profiled(cell=replace(by_name[name], name=f"{tool}-{name}"), like=by_name[name], tool=tool)
        for tool, name in wanted
        if name in by_name
    )


def services(
    model: Mapping[str, Any],
    lab: Mapping[str, Any],
    chosen: Sequence[Profiled],
    ports: Mapping[str, int],
) -> dict[str, Any]:
    """By name; `model` is the repository's, `lab` that of the run with its measured cells."""
    if not chosen:
        return {}
    own = model["services"].get(f"web-{SERVICE}")
    if own is None:
        raise ReplicaError(f"compose.yaml has no service 'web-{SERVICE}': nothing can be reviewed")
    return {one.cell.service: _service(own, lab, one, ports[one.cell.name]) for one in chosen}


def _service(
    own: Mapping[str, Any], lab: Mapping[str, Any], one: Profiled, port: int
) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(lab["services"][one.like.service])
    made |= {name: own[name] for name in ("image", "mem_limit") if name in own}
    tools = {"WEB_WORKERS": own["environment"]["WEB_WORKERS"], "SLIPSTREAM_PROFILING": one.tool}
    made["environment"] |= tools
    made["ports"][0]["published"] = str(port)
    made["profiles"] = [PROFILE]
    return made
