"""What a probe found, in the form in which it is kept and shown."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from loadtest.errors import LabError

__all__ = ("Found", "Status")

Status = Literal["passed", "failed", "not done"]


@dataclass(frozen=True, kw_only=True)
class Found:
    """`counts`: what was looked at, by name; `example`: the first fault; `reason`: why not done.

    seconds: how long it took, whatever came of it.
    """

    status: Status
    counts: Mapping[str, int] = field(default_factory=dict)
    example: str = ""
    reason: str = ""
    seconds: float = 0.0

    @classmethod
    def of(cls, counts: Mapping[str, int], faults: list[str], *, fault: str) -> Self:
        """Return failed with the first of the faults, counted under the name `fault`; else passed."""
        counted = {**counts, fault: len(faults)}
        if faults:
            return cls(status="failed", counts=counted, example=faults[0])
        return cls(status="passed", counts=counted)

    @classmethod
    def undone(cls, error: LabError | str, **counts: int) -> Self:
        """Return that it couldn't be done, and why."""
        return cls(status="not done", reason=str(error), counts=counts)

    def plain(self) -> dict[str, Any]:
        """All of it, as the run's folder keeps it."""
        return asdict(self)
