"""The bars of the waterfall: what the picture and the report draw of a result's story."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loadtest.cells import RECOMMENDED

__all__ = ("Bar", "bars")


@dataclass(frozen=True, kw_only=True)
class Bar:
    """From `before`, a ratio to the baseline, to `after`'s; `step` is the one to the other.

    after, step: as a phase of the table.
    """

    name: str
    before: float
    after: Mapping[str, Any]
    step: Mapping[str, Any]


def bars(result: Mapping[str, Any], phase: str) -> list[Bar]:
    """Each step of the story, then all of it in one; none where a step is missing."""
    found, before = [], 1.0
    for one in result.get("story") or ():
        after = result["table"][one["cell"]][phase]
        name = f"+ {one['factor']}"
        found.append(Bar(name=name, before=before, after=after, step=one[phase]))
        before = after["ratio"]
    if found:
        whole = result["table"][RECOMMENDED][phase]
        found.append(Bar(name="all recommended", before=1.0, after=whole, step=whole))
    return found
