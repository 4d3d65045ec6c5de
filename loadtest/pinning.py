"""Which processor cores the generator and the replica get, so that they don't take each other's.

The generator pins itself; Compose pins the replica's containers by `cpuset`.
"""

import contextlib
import os
from collections.abc import Collection
from dataclasses import dataclass

__all__ = ("Pinning", "come_first", "pin_this_process", "plan")


@dataclass(frozen=True, kw_only=True)
class Pinning:
    """Empty tuples where there is but one core: nothing is pinned then."""

    generator: tuple[int, ...] = ()
    replica: tuple[int, ...] = ()

    @property
    def cpuset(self) -> str:
        return ",".join(str(core) for core in self.replica)

    @property
    def every(self) -> str:
        """Both sides' cores, for what isn't measured."""
        return ",".join(str(core) for core in (*self.generator, *self.replica))

    def __str__(self) -> str:
        if not self.generator:
            return "one core only: generator and replica share it, figures are lower and noisier"
        cores = ",".join(str(core) for core in self.generator)
        return f"generator pinned to core {cores}, replica to {self.cpuset}"


def plan(cores: Collection[int] | None = None) -> Pinning:
    """The first core to the generator, the others to the replica."""
    usable = sorted(os.sched_getaffinity(0) if cores is None else cores)
    if len(usable) < 2:  # noqa: PLR2004 - one for each side
        return Pinning()
    return Pinning(generator=tuple(usable[:1]), replica=tuple(usable[1:]))


def pin_this_process(cores: Collection[int]) -> None:
    """Pin this process and those that it starts; without cores, nothing."""
    if cores:
        os.sched_setaffinity(0, cores)


def come_first() -> None:
    """Let this process run before all others on its core, where that is allowed: to root, mostly.

    Else whatever else runs there makes it late. Only for one that has a core of its own and leaves most
    of it unused; those that it starts don't inherit it.
    """
    with contextlib.suppress(OSError):
        os.sched_setscheduler(
            0,
            os.SCHED_RR | os.SCHED_RESET_ON_FORK,
            os.sched_param(os.sched_get_priority_min(os.SCHED_RR)),
        )
